"""The room that speech was recorded in, estimated by a small network from the spectrogram's statistics.

The room's clarity C50 is estimated without knowing what was said. The network learnt it on people, rooms and channels
of the simulator, together with the kind of codec; ``benchmarks/condition_estimates.py`` prints its errors on others.
The kind of codec is not used: on recordings that the simulator did not make it was mostly wrong.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from forensic.audio.spectrogram import SPECTROGRAM_HOP, STATISTICS, frames_of, trace_statistics
from forensic.errors import ModelError
from forensic.records import SAMPLE_RATE_HZ, Block, Samples, SpeechSegment
from forensic.storage.atomic import written_whole
from forensic.storage.cards import REMEDY, named_file, read_card, write_card
from forensic.storage.shipped import shipped

CODEC_KINDS = ("PCM or G.711", "AMR or GSM", "Opus", "MP3 or AAC")
"""What the network learnt beside the room: simple or no codecs, those that model the voice, two that transform."""

NO_ROOM_C50_DB = 30.0
"""The clarity of speech without a room, and the highest that is estimated."""

_LOWEST_C50_DB = -5.0
_LONGEST_S = 12.0  # of a block that is analysed
_BEFORE_S, _AFTER_S = 0.03, 0.22  # a room goes on for a while after speech
_CLIP = 5.0  # standard deviations
_LAYERS = 3


@dataclass(frozen=True, slots=True, eq=False)
class TraceNetwork:
    """Layers with rectifiers between them, on standardised statistics.

    Attributes:
        mean, deviation: of each statistic, shape (STATISTICS,).
        weights: of each layer, shape (outputs, inputs).
        biases: of each layer, shape (outputs,). The last layer gives C50 in units of 10 dB, and one
            logit per kind of codec.

    Raises:
        ModelError: if shapes do not fit together.
    """

    mean: Samples
    deviation: Samples
    weights: tuple[Samples, ...]
    biases: tuple[Samples, ...]

    def __post_init__(self) -> None:
        """Refuse layers that do not fit together."""
        sizes = [STATISTICS, *(weight.shape[0] for weight in self.weights)]
        fits = (
            self.mean.shape == self.deviation.shape == (STATISTICS,)
            and len(self.weights) == len(self.biases)
            and all(
                w.shape == (after, before) for w, before, after in zip(self.weights, sizes, sizes[1:], strict=False)
            )
            and all(b.shape == (size,) for b, size in zip(self.biases, sizes[1:], strict=True))
            and sizes[-1] == 1 + len(CODEC_KINDS)
        )
        if not fits:
            raise ModelError("The layers of the network for room and codec do not fit together.", REMEDY)

    def estimate(self, statistics: NDArray[np.floating]) -> float:
        """The clarity C50 of the room of one channel of a recording, dB, -5 to 30; 30 is none.

        Args:
            statistics: of the channel, shape (STATISTICS,).
        """
        values = np.clip((statistics - self.mean) / self.deviation, -_CLIP, _CLIP)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = np.maximum(weight @ values + bias, 0.0)
        c50_db = 10.0 * float(self.weights[-1][0] @ values + self.biases[-1][0])
        return min(max(c50_db, _LOWEST_C50_DB), NO_ROOM_C50_DB)


class TraceMeter:
    """Estimates room and codec of one channel of a recording, given its blocks in order."""

    def __init__(self) -> None:
        self._sum = np.zeros(STATISTICS)
        self._frames = 0

    def update(self, block: Block, segments: Sequence[SpeechSegment]) -> None:
        """Take the next block; of a long one, only 12 s from its first speech on are analysed.

        Args:
            block: of the channel.
            segments: the speech in it, in seconds from the start of the recording.
        """
        if not segments:
            return
        first = max(0, round((segments[0].start_s - block.start_s - _BEFORE_S) * SAMPLE_RATE_HZ))
        samples = block.samples[first : first + int(_LONGEST_S * SAMPLE_RATE_HZ)]
        is_speech = around_speech(segments, block.start_s + first / SAMPLE_RATE_HZ, frames_of(len(samples)))
        statistics = trace_statistics(samples, is_speech)
        if statistics is not None:
            frames = int(is_speech.sum())
            self._sum += frames * statistics.astype(np.float64)
            self._frames += frames

    def statistics(self) -> NDArray[np.float32] | None:
        """The mean over the blocks, shape (STATISTICS,); None with too little speech."""
        return (self._sum / self._frames).astype(np.float32) if self._frames else None


def estimate_c50_db(statistics: NDArray[np.float32] | None) -> float | None:
    """The estimates of the bundled network from a ``TraceMeter``'s statistics; None if these are None.

    Args:
        statistics: of the channel, shape (STATISTICS,); None where there was too little speech.

    Raises:
        ModelError: if the network is damaged.
    """
    return None if statistics is None else _shipped_network().estimate(statistics)


def around_speech(segments: Sequence[SpeechSegment], start_s: float, frames: int) -> NDArray[np.bool_]:
    """Which frames of a stretch that starts at ``start_s`` are speech, or fade after it, shape (frames,).

    Args:
        segments: speech, in seconds from the start of the recording.
        start_s: where frame 0 is in the recording.
        frames: how many, of ``HOP`` samples each.
    """
    mask = np.zeros(frames, bool)
    for segment in segments:
        first, last = (
            round((time_s - start_s) * SAMPLE_RATE_HZ / SPECTROGRAM_HOP)
            for time_s in (segment.start_s - _BEFORE_S, segment.end_s + _AFTER_S)
        )
        mask[max(0, first) : max(0, last)] = True
    return mask


def trace_model_folder() -> Path:
    """The bundled network."""
    return shipped("models") / "room-codec-1"


@cache
def _shipped_network() -> TraceNetwork:
    return load_trace_network(trace_model_folder())


def load_trace_network(folder: Path) -> TraceNetwork:
    """Load the network and check that it is the one that its card names.

    Raises:
        ModelError: if a file is missing or damaged, or is no such network.
    """
    try:
        arrays = load(named_file(folder, read_card(folder), "weights"))
        return TraceNetwork(
            arrays["mean"],
            arrays["deviation"],
            tuple(arrays[f"weight.{layer}"] for layer in range(_LAYERS)),
            tuple(arrays[f"bias.{layer}"] for layer in range(_LAYERS)),
        )
    except (KeyError, SafetensorError) as error:
        raise ModelError(f"The network for room and codec in {folder} is damaged: {error}.", REMEDY) from error


def save_trace_network(folder: Path, network: TraceNetwork, facts: dict[str, object]) -> None:
    """Write weights and card.

    Args:
        folder: made if it is missing.
        network: what to write.
        facts: what else the card says: data, licence, limits.
    """
    arrays = {"mean": network.mean, "deviation": network.deviation}
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weight.{layer}": weight, f"bias.{layer}": bias}
    content = save({name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()})
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "weights.safetensors") as file:
        file.write(content)
    sha256 = hashlib.sha256(content).hexdigest()
    write_card(folder, facts | {"weights": {"file": "weights.safetensors", "sha256": sha256}})
