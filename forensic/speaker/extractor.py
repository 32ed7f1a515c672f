"""A model folder loaded and checked, and speech embedded with it.

A model is a folder: ``card.toml`` (name, licence, data, architecture, SHA-256 of the files), ``weights.safetensors``,
``network.onnx``, the graph that runs without torch, ``backend.safetensors`` unless its embeddings are scored by their
plain cosine, and, if likelihood ratios are to be made with it, the bank of the reference population.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from forensic.errors import ModelError
from forensic.inference import Graph
from forensic.records import STEP_FRAMES, ModelIdentity, Samples
from forensic.speaker.architecture import Architecture
from forensic.speaker.backend import Backend, load_backend
from forensic.speaker.features import MEL_BANDS
from forensic.speaker.precision import has_bfloat16
from forensic.storage.cards import REMEDY, named_file, read_card, shape_of
from forensic.storage.shipped import shipped

WEIGHTS, GRAPH = "weights.safetensors", "network.onnx"
EMBEDDING = "embedding"
"""The graph's first output; the others are those of ``layer_output``."""
DEFAULT_MODEL = "lstm-channel-3"

_LENGTHS = 20  # frames
_MANY = 20  # windows, of whose overlaps a scan would take a tenth longer; of fewer, they tell real calls apart better
_BATCH = 64  # windows at once; larger batches leave the processor's caches


@dataclass(frozen=True, slots=True)
class SpeakerModel:
    """A network ready to embed.

    Attributes:
        identity: name and hash, kept with everything it makes.
        architecture: the network's shape.
        graph: runs the network; None where the folder has none, so that torch runs it.
        backend: scores its embeddings.
        card: the card's content.
        folder: the model folder.
    """

    identity: ModelIdentity
    architecture: Architecture
    graph: Graph | None
    backend: Backend
    card: dict[str, Any]
    folder: Path

    @property
    def spread(self) -> float:
        """How many times further apart its embeddings are than those of lstm-channel-2, by its card; else 1."""
        return float(self.card.get("diarization", {}).get("spread", 1.0))


def default_model_folder() -> Path:
    """The bundled model."""
    return shipped("models") / DEFAULT_MODEL


def load_model(folder: Path) -> SpeakerModel:
    """Load a model and check that its files are those that its card names.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, the card describes no architecture, or weights or
            backend do not fit it.
    """
    card = read_card(folder)
    weights = named_file(folder, card, "weights")
    architecture = shape_of(folder, card, Architecture)
    try:
        name = str(card["name"])
        tensors = load(weights)
        size, layers = architecture.hidden_size, architecture.layers
        if {tensors[f"lstm.weight_hh_l{layer}"].shape for layer in range(layers)} != {(4 * size, size)}:
            raise ModelError(f"The model in {folder} cannot be loaded: its weights are of another shape.", REMEDY)
    except (KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"The model in {folder} cannot be loaded: {error}.", REMEDY) from error
    if architecture.mel_bands != MEL_BANDS:
        raise ModelError(
            f"{folder} expects {architecture.mel_bands} mel bands; this version makes {MEL_BANDS}.", REMEDY
        )
    backend = load_backend(folder, card)
    if backend.embedding_size not in {None, architecture.embedding_size}:
        raise ModelError(
            f"The backend of {folder} is for embeddings of {backend.embedding_size} values, "
            f"its network makes {architecture.embedding_size}.",
            REMEDY,
        )
    graph = Graph(named_file(folder, card, "graph"), folder / GRAPH) if "graph" in card else None
    identity = ModelIdentity(name, str(card["weights"]["sha256"]), architecture.embedding_size)  # as was checked
    return SpeakerModel(identity, architecture, graph, backend, card, folder)


def cut_windows(frames: Samples, window_frames: int) -> tuple[Samples, NDArray[np.intp]]:
    """Windows of one length side by side over a stretch of speech frames, in which it is embedded.

    The first begins and the last ends with the stretch. A stretch shorter than a window is repeated up to its length.

    Args:
        frames: shape (n, mel_bands), n at least 1.
        window_frames: about how long they are.

    Returns:
        The windows, shape (k, frames, mel_bands), and the index of the frame at the centre of each, shape (k,).
    """
    starts, size = window_places(len(frames), window_frames)
    return _windows_at(starts, size, frames), starts + size // 2


def window_places(frames: int, window_frames: int) -> tuple[NDArray[np.intp], int]:
    """Where the windows over so many frames start, and how long they are: as many as come nearest to a length.

    Their length is a multiple of ``_LENGTHS``, so that those of many recordings go through the network together. In sum
    they are longer than the speech by less than that for each, by which they overlap; where there are many, and one
    window more would overlap less, there is one more.
    """
    frames = max(frames, window_frames)

    def size_of(count: int) -> int:
        return -(-frames // (count * _LENGTHS)) * _LENGTHS

    count = int(frames / window_frames + 0.5)
    if count >= _MANY:
        count = min(count, count + 1, key=lambda number: number * size_of(number))
    size = size_of(count)
    return np.linspace(0, max(0, frames - size), count).round().astype(np.intp), size


def cut_steps(frames: Samples, size: int, step: int) -> tuple[Samples, NDArray[np.intp]]:
    """As ``cut_windows``, of a fixed length, evenly spaced, at most a step apart.

    Args:
        frames: shape (n, mel_bands), n at least 1.
        size: of a window, in frames.
        step: from one to the next, in frames.
    """
    last = max(0, len(frames) - size)
    starts = np.linspace(0, last, 1 + -(-last // step)).round().astype(np.intp)
    return _windows_at(starts, size, frames), starts + size // 2


def _windows_at(starts: NDArray[np.intp], size: int, frames: Samples) -> Samples:
    if len(frames) < size:
        frames = np.resize(frames, (size, frames.shape[1]))
    return np.lib.stride_tricks.sliding_window_view(frames, size, axis=0)[starts].transpose(0, 2, 1)


def layer_output(layer: int) -> str:
    """The name of the graph's output with the states of an LSTM layer, 1 for the lowest."""
    return f"layer_{layer}"


def embed_windows(windows: Samples, model: SpeakerModel, precision: str = "float32") -> Samples:
    """Embed windows of speech.

    Args:
        windows: shape (n, frames, mel_bands), level-normalised mel power.
        model: the network.
        precision: "float32", or "bfloat16" for speed where the processor has it.

    Returns:
        Shape (n, embedding_size), float32, unit length.
    """
    return embed_and_hear(windows, model, (), precision)[0]


def embed_and_hear(
    windows: Samples, model: SpeakerModel, layers: Sequence[int], precision: str = "float32"
) -> tuple[Samples, Samples]:
    """Embed windows of speech, and keep states of its LSTM, in which other networks hear what is said.

    Args:
        windows: shape (n, frames, mel_bands), level-normalised mel power.
        model: the network.
        layers: whose states are kept, 1 for the lowest.
        precision: as in ``embed_windows``.

    Returns:
        The embeddings, and the states averaged over ``STEP_FRAMES`` frames, those of the layers side by side: shape
        (n, frames // STEP_FRAMES, len(layers) x hidden_size), float32.
    """
    architecture = model.architecture
    steps, size = windows.shape[1] // STEP_FRAMES, architecture.hidden_size
    embeddings = np.empty((len(windows), architecture.embedding_size), np.float32)
    states = np.empty((len(windows), steps, len(layers), size), np.float32)
    for start in range(0, len(windows), _BATCH):
        part = slice(start, start + _BATCH)
        embeddings[part], heard = _run(windows[part], model, layers, is_fast=precision == "bfloat16")
        for number, own in enumerate(heard):
            states[part, :, number] = own
    return embeddings, states.reshape(len(windows), steps, len(layers) * size)


def embed_each(cuts: Sequence[Samples], model: SpeakerModel, precision: str = "float32") -> list[Samples]:
    """The embeddings of the windows of several stretches; arguments as of ``embed_and_hear_each``."""
    return embed_and_hear_each(cuts, model, (), precision)[0]


def embed_and_hear_each(
    cuts: Sequence[Samples], model: SpeakerModel, layers: Sequence[int], precision: str = "float32"
) -> tuple[list[Samples], list[Samples]]:
    """``embed_and_hear`` for the windows of several stretches, those of one length together.

    Args:
        cuts: windows of each, shape (n, frames, mel_bands).
        model: the network.
        layers: whose states are kept, 1 for the lowest.
        precision: as in ``embed_windows``.

    Returns:
        The embeddings of each, and the states of each.
    """
    made = together(cuts, lambda windows: embed_and_hear(windows, model, layers, precision))
    return [embeddings for embeddings, _ in made], [states for _, states in made]


def together(cuts: Sequence[Samples], run: Callable[[Samples], tuple[Samples, ...]]) -> list[tuple[Samples, ...]]:
    """What is made of the windows of several stretches, those of one length together.

    Args:
        cuts: windows of each, shape (n, frames, mel_bands).
        run: takes windows, shape (n, frames, mel_bands), to arrays with a row for each window.
    """
    made: list[tuple[Samples, ...]] = [()] * len(cuts)
    for size in sorted({cut.shape[1] for cut in cuts}):
        alike = [number for number, cut in enumerate(cuts) if cut.shape[1] == size]
        edges = np.cumsum([len(cuts[number]) for number in alike])[:-1]
        arrays = run(np.concatenate([cuts[number] for number in alike]))
        for number, *own in zip(alike, *(np.split(array, edges) for array in arrays), strict=True):
            made[number] = tuple(own)
    return made


def _run(
    windows: Samples, model: SpeakerModel, layers: Sequence[int], *, is_fast: bool
) -> tuple[Samples, list[Samples]]:
    bfloat16 = is_fast and has_bfloat16()
    if bfloat16 or model.graph is None:
        from forensic.speaker.network import run_in_torch

        return run_in_torch(windows, model.folder, model.identity.sha256, layers, bfloat16=bfloat16)
    embeddings, *heard = model.graph(EMBEDDING, *map(layer_output, layers), frames=np.ascontiguousarray(windows))
    return embeddings, heard


def mean_embedding(embeddings: Samples) -> Samples:
    """The mean direction of several embeddings.

    Args:
        embeddings: shape (n, embedding_size), n at least 1.

    Returns:
        Shape (embedding_size,), unit length.
    """
    mean = embeddings.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    direction: Samples = (mean / norm if norm > 0 else mean).astype(np.float32)
    return direction
