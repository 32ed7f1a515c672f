"""Small second models, made here: an ONNX network of two nodes, written byte by byte, and its folder."""

import hashlib
from pathlib import Path

SIZE = 80
"""Of its embeddings: one value per band."""


def onnx_network(operation="Abs", bands=SIZE):
    """Mean over time of a function of log-mel frames, shape (1, frames, bands) to (1, bands), as ONNX.

    Args:
        operation: of ONNX, on each value.
        bands: that the input has.
    """
    pooling = _bytes(1, b"axes") + _ints(8, 1) + _int(20, 7), _bytes(1, b"keepdims") + _int(3, 0) + _int(20, 2)
    nodes = (
        _bytes(1, b"frames") + _bytes(2, b"changed") + _bytes(4, operation.encode()),
        _bytes(1, b"changed")
        + _bytes(2, b"embedding")
        + _bytes(4, b"ReduceMean")
        + b"".join(_bytes(5, p) for p in pooling),
    )
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, b"second")
    graph += _bytes(11, _tensor(b"frames", 1, b"n", bands)) + _bytes(12, _tensor(b"embedding", 1, bands))
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _int(2, 13))


def onnx_folder(folder: Path, operation="Abs", bands=SIZE) -> Path:
    """A model folder with it."""
    return model_folder(folder, "network.onnx", onnx_network(operation, bands))


def model_folder(folder: Path, name: str, weights: bytes, more="") -> Path:
    """A folder with weights and a card that names them."""
    folder.mkdir()
    (folder / name).write_bytes(weights)
    (folder / "card.toml").write_text(
        f'name = "{folder.name}"\nlicence = "CC0"\ndata = "Nobody."\n{more}\n'
        f'[weights]\nfile = "{name}"\nsha256 = "{hashlib.sha256(weights).hexdigest()}"\n'
    )
    return folder


def _tensor(name, *shape):
    dims = b"".join(_bytes(1, _bytes(2, each) if isinstance(each, bytes) else _int(1, each)) for each in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, 1) + _bytes(2, dims)))


def _bytes(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _int(field, value):
    return _varint(field << 3) + _varint(value)


def _ints(field, *values):
    return b"".join(_int(field, value) for value in values)


def _varint(value):
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])
