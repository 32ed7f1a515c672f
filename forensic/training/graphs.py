"""Networks to graphs that run without torch: see ``forensic.inference``."""

import copy
import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from forensic.speaker.extractor import EMBEDDING, GRAPH, layer_output
from forensic.speaker.network import SpeakerNetwork, averaged_states
from forensic.storage.atomic import written_whole

_OPSET = 17


def export_graph(
    network: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], free: Sequence[str]
) -> bytes:
    """A network as the content of an ONNX file.

    Args:
        network: what it computes, in evaluation mode.
        inputs: one of each, by name.
        outputs: names of what it gives.
        free: names of the first dimensions of each input, whose size may differ from call to call.
    """
    file = io.BytesIO()
    axes = {name: dict(enumerate(free)) for name in inputs} | {name: {0: free[0]} for name in outputs}
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
    return file.getvalue()


class _Heard(nn.Module):
    """A speaker network that also gives the averaged states of each of its layers."""

    def __init__(self, network: SpeakerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        states = self.network.layer_states(frames)
        layers = range(1, len(states) + 1)
        return self.network.embed(states[-1]), *(averaged_states(states, [layer]) for layer in layers)


def write_graph(folder: Path, network: SpeakerNetwork) -> dict[str, str]:
    """Write the graph of a speaker network into its model folder; returns the table of the card that names it."""
    still = copy.deepcopy(network).cpu().float().eval()
    frames = torch.rand(2, 20, still.architecture.mel_bands)
    outputs = [EMBEDDING, *(layer_output(number + 1) for number in range(still.architecture.layers))]
    content = export_graph(_Heard(still), {"frames": frames}, outputs, ("windows", "frames"))
    with written_whole(folder / GRAPH) as file:
        file.write(content)
    return {"file": GRAPH, "sha256": hashlib.sha256(content).hexdigest()}
