"""Networks as graphs in the ONNX format, run by onnxruntime on one thread.

A network has one definition, in torch, by which it learns. Its graph is exported from that when a model folder is made
(``forensic.training.graphs``), is named on the card with its SHA-256, and gives the same numbers to six digits. What
runs it needs no torch, which takes seconds to import.
"""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from forensic.errors import ModelError
from forensic.storage.cards import REMEDY

_ERRORS_ONLY = 3


class Graph:
    """A network that runs on a processor, always with one thread: its step is parallel over recordings."""

    def __init__(self, content: bytes, where: Path) -> None:
        """Open a graph.

        Args:
            content: of the file.
            where: its path, for errors.

        Raises:
            ModelError: if it is no graph that can be run here.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"The graph {where} cannot be run: {error}.", REMEDY) from error

    def __call__(self, *outputs: str, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Run it on inputs by their names; only what the outputs need is calculated."""
        found: list[NDArray[Any]] = self._session.run(outputs, inputs)
        return found
