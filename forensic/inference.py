"""Networks as graphs in the ONNX format, run by onnxruntime on one thread.

A network has one definition, in torch, by which it learns. Its graph is exported from that when a model folder is made
(``forensic.training.graphs``), is named on the card with its SHA-256, and gives the same numbers to six digits. What
runs it needs no torch, which takes seconds to import.
"""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from forensic.errors import ModelError
from forensic.storage.cards import REMEDY

_ERRORS_ONLY = 3

# Before onnxruntime is imported: it would keep events of the machine below ~/.cache, and send them to its maker.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


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
            first_line = str(error).partition("\n")[0].rstrip(".")
            raise ModelError(f"The graph {where} cannot be run: {first_line}.", REMEDY) from error

    @property
    def inputs(self) -> list[str]:
        """Names of its inputs."""
        return [given.name for given in self._session.get_inputs()]

    def __call__(self, *outputs: str, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """Run it on inputs by their names; only what the outputs need is calculated. Without outputs: all of them."""
        found: list[NDArray[Any]] = self._session.run(outputs or None, inputs)
        return found
