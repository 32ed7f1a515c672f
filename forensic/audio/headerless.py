"""Audio whose header is missing, or says what FFmpeg does not read correctly: how it is opened all the same."""

import struct
from typing import NamedTuple

import numpy as np

from forensic.audio.kinds import HEAD_BYTES, looks_like_audio
from forensic.audio.structure import Chunk, riff_chunks, sphere_header
from forensic.audio.views import View
from forensic.errors import DecodeError
from forensic.settings import RawFormat

_EXTENSIBLE = 0xFFFE
_VALID_BITS_AT, _SUBFORMAT_AT = 18, 24
_OKI_TAG = 0x17
_PCM, _FLOAT, _ALAW, _MULAW = 1, 3, 6, 7
_DTS = (0x8001_7FFE, 0x0180_FE7F, 0xE800_1FFF, 0x00E8_FF1F, 0x2520_5864)  # how its frames start, as pairs of bytes
_SEARCHED_BYTES = 1 << 20  # in which FFmpeg finds it
_ONE_PROBE = {"max_probe_packets": "1"}
_KNOWN_PCM = _ONE_PROBE | {"max_size": str(1 << 13)}  # large packets


class OpenedAs(NamedTuple):
    """What FFmpeg is given: bytes, the demuxer to use (None: by content), and its options."""

    view: View
    demuxer: str | None
    options: dict[str, str]


def opened_as(view: View, declared: RawFormat | None) -> OpenedAs:
    """How a file is to be opened.

    Args:
        view: the file.
        declared: what an examiner says it holds; it counts only where there is no known header.

    Raises:
        DecodeError: if it is in a format that is known and cannot be read.
    """
    view.seek(0)
    head = view.read(HEAD_BYTES) or b""
    if declared is not None and not looks_like_audio(head):
        return _raw(view, declared)
    if head.startswith(b"RIFX") and head[8:12] == b"WAVE":
        return _big_endian_wav(view)
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        options = _KNOWN_PCM if view.is_pcm else {} if _may_be_dts(view) else _ONE_PROBE
        return OpenedAs(_with_depth_of_container(view), None, options)
    if head.startswith(b"NIST_1A"):
        _check_sphere(view)
    return OpenedAs(view, None, {})


def _raw(view: View, declared: RawFormat) -> OpenedAs:
    shape = {"sample_rate": str(declared.rate_hz), "ch_layout": f"{declared.channels}c"}
    if declared.codec == "adpcm_ima_oki":
        return OpenedAs(View(view.file, view.start, view.size, _oki_header(view.size, declared)), "wav", {})
    if declared.codec in {"g722", "gsm", "g729"}:
        return OpenedAs(view, declared.codec, {})
    if declared.codec.startswith("g726"):
        return OpenedAs(view, declared.codec, {"code_size": "4", "sample_rate": shape["sample_rate"]})
    return OpenedAs(view, declared.codec.removeprefix("pcm_"), shape)


def _oki_header(size: int, declared: RawFormat) -> bytes:
    channels, rate_hz = declared.channels, declared.rate_hz
    form = struct.pack("<HHIIHHH", _OKI_TAG, channels, rate_hz, rate_hz * channels // 2, channels, 4, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", len(body) + size) + body


def _may_be_dts(view: View) -> bool:
    """Whether a WAV file's samples hold what a frame of DTS starts with; FFmpeg takes long to say that none does."""
    data = next((chunk for chunk in riff_chunks(view, view.size) if chunk.name == b"data"), None)
    if data is None:
        return True
    view.seek(data.start)
    content = view.read(_SEARCHED_BYTES) or b""
    words = np.frombuffer(content[: len(content) // 2 * 2], "<u2")
    return any((words[1:][words[:-1] == (start & 0xFFFF)] == start >> 16).any() for start in _DTS)


def _with_depth_of_container(view: View) -> View:
    """Fewer valid bits than stored ones (24 in 32): all are read, since those beyond are zeros."""
    form = next((chunk for chunk in riff_chunks(view, view.size) if chunk.name in {b"fmt ", b"data"}), None)
    if form is None or form.name != b"fmt " or form.length < _SUBFORMAT_AT:
        return view
    view.seek(form.start)
    content = view.read(_SUBFORMAT_AT + 2) or b""
    if len(content) < _SUBFORMAT_AT + 2:
        return view
    tag, _, _, _, _, bits = struct.unpack("<HHIIHH", content[:16])
    valid, subformat = struct.unpack("<H", content[18:20])[0], struct.unpack("<H", content[24:26])[0]
    if tag != _EXTENSIBLE or subformat != _PCM or not 0 < valid < bits or (valid + 7) // 8 == bits // 8:
        return view
    place = form.start + _VALID_BITS_AT
    return View(view.file, view.start, view.size, patches={place: struct.pack("<H", bits)})


def _big_endian_wav(view: View) -> OpenedAs:
    """RIFX, whose samples FFmpeg would read with their bytes swapped."""
    chunks: dict[bytes, Chunk] = {}
    for chunk in riff_chunks(view, view.size, order=">"):
        chunks.setdefault(chunk.name, chunk)
        if chunk.name == b"data":
            break
    form, data = chunks.get(b"fmt "), chunks.get(b"data")
    if form is None or data is None:
        raise DecodeError("The WAV file (RIFX) has no description of its audio.", "Obtain another copy.")
    view.seek(form.start)
    tag, channels, rate_hz, _, _, bits = struct.unpack(">HHIIHH", (view.read(16) or b"").ljust(16, b"\0"))
    if tag == _EXTENSIBLE:
        view.seek(form.start + _SUBFORMAT_AT)
        tag = int.from_bytes((view.read(4) or b"")[:4]) & 0xFFFF
    names = {_PCM: "u8" if bits == 8 else f"s{bits}be", _FLOAT: f"f{bits}be", _ALAW: "alaw", _MULAW: "mulaw"}  # noqa: PLR2004
    name = names.get(tag, "")
    if name not in {"u8", "s16be", "s24be", "s32be", "f32be", "f64be", "alaw", "mulaw"} or not channels:
        raise DecodeError(
            f"The WAV file has the byte order RIFX and a format that is not read in it ({tag}, {bits} bits).",
            "Convert it with the software that made it.",
        )
    if data.length and data.start + data.length > view.size + 1:
        raise DecodeError("The recording is damaged: the file breaks off.", "Obtain an intact copy.")
    window = View(view.file, view.start + data.start, data.length or None)
    return OpenedAs(window, name, {"sample_rate": str(rate_hz), "ch_layout": f"{channels}c"})


def _check_sphere(view: View) -> None:
    try:
        coding = sphere_header(view).get("sample_coding", "")
    except ValueError:
        return
    for packed in ("shorten", "wavpack", "shortpack"):
        if packed in coding:
            raise DecodeError(
                f"The file is NIST SPHERE with {packed} compression, which is not read.",
                "Convert it with sph2pipe, for example: sph2pipe -f wav FILE.sph FILE.wav.",
            )
