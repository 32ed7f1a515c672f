"""Networks to graphs that run without torch: see ``forensic.inference``."""

import copy
import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from forensic.language.classifier import SCORES
from forensic.language.network import LanguageNetwork
from forensic.speaker.extractor import EMBEDDING, GRAPH, layer_output
from forensic.speaker.network import SpeakerNetwork, heard_states
from forensic.storage.atomic import written_whole

_OPSET = 17
_LARGE = 1024  # values of an array that is worth a step to read it


def export_graph(
    network: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], free: Sequence[str]
) -> bytes:
    """A network as the content of an ONNX file.

    Args:
        network: what it computes, in evaluation mode.
        inputs: one of each, by name.
        outputs: names of what it gives.
        free: names of the first dimensions of each input, whose size may differ from call to call.

    Returns:
        The content; weights that 16 bits hold exactly take no more.
    """
    file = io.BytesIO()
    axes = {name: dict(enumerate(free[: one.dim()])) for name, one in inputs.items()}
    axes |= {name: {0: free[0]} for name in outputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this way to export is the older one, and that the batch may not be 1
        torch.onnx.export(
            network,
            tuple(inputs.values()),
            file,  # type: ignore[arg-type]
            dynamo=False,  # the newer way unrolls an LSTM over its steps
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=_OPSET,
        )
    return _thrifty(file.getvalue())


def _thrifty(content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    casts = []
    for weights in model.graph.initializer:
        values = numpy_helper.to_array(weights)
        half = values.astype(np.float16) if values.dtype == np.float32 and values.size >= _LARGE else None
        if half is not None and np.array_equal(half, values):
            casts.append(helper.make_node("Cast", [f"{weights.name}.half"], [weights.name], to=onnx.TensorProto.FLOAT))
            weights.CopyFrom(numpy_helper.from_array(half, f"{weights.name}.half"))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    compact: bytes = model.SerializeToString()
    return compact


class _Heard(nn.Module):
    """A speaker network that also gives the averaged states of each of its layers."""

    def __init__(self, network: SpeakerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        states = self.network.layer_states(frames)
        layers = range(1, len(states) + 1)
        return self.network.embed(states[-1]), *heard_states(states, layers, self.network.architecture)


def write_graph(folder: Path, network: SpeakerNetwork | LanguageNetwork) -> dict[str, str]:
    """Write the graph of a network into its model folder; returns the table of the card that names it."""
    still = copy.deepcopy(network).cpu().float().eval()
    content = _speaker_graph(still) if isinstance(still, SpeakerNetwork) else _language_graph(still)
    with written_whole(folder / GRAPH) as file:
        file.write(content)
    return {"file": GRAPH, "sha256": hashlib.sha256(content).hexdigest()}


def _speaker_graph(network: SpeakerNetwork) -> bytes:
    frames = torch.rand(2, 20, network.architecture.mel_bands)
    outputs = [EMBEDDING, *(layer_output(number + 1) for number in range(network.architecture.layers))]
    return export_graph(_Heard(network), {"frames": frames}, outputs, ("windows", "frames"))


def _language_graph(network: LanguageNetwork) -> bytes:
    states = torch.rand(2, 20, network.architecture.heard_size)
    return export_graph(network, {"states": states, "steps": torch.tensor([20, 12])}, [SCORES], ("windows", "steps"))
