"""A model folder loaded and checked, and speech embedded with it.

A model is a folder: ``card.toml`` (name, licence, data, architecture, SHA-256 of the files), ``weights.safetensors``,
``backend.safetensors`` unless its embeddings are scored by their plain cosine, and, if likelihood ratios are
to be made with it, the bank of the reference population.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load

from forensic.errors import ModelError
from forensic.records import ModelIdentity, Samples
from forensic.settings import EmbeddingSettings
from forensic.speaker.backend import Backend, load_backend
from forensic.speaker.features import MEL_BANDS
from forensic.speaker.network import Architecture, SpeakerNetwork
from forensic.speaker.precision import has_bfloat16
from forensic.storage.cards import REMEDY, named_file, read_card
from forensic.storage.shipped import shipped

WEIGHTS = "weights.safetensors"
DEFAULT_MODEL = "lstm-channel-3"

_BATCH = 64  # windows at once; larger batches leave the processor's caches


@dataclass(frozen=True, slots=True)
class SpeakerModel:
    """A network ready to embed.

    Attributes:
        identity: name and hash, kept with everything it makes.
        network: in evaluation mode.
        backend: scores its embeddings.
        card: the card's content.
        folder: the model folder.
    """

    identity: ModelIdentity
    network: SpeakerNetwork
    backend: Backend
    card: dict[str, Any]
    folder: Path


def default_model_folder() -> Path:
    """The bundled model."""
    return shipped("models") / DEFAULT_MODEL


def load_model(folder: Path) -> SpeakerModel:
    """Load a model and check that its files are those that its card names.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, or weights or backend do not fit the architecture.
    """
    card = read_card(folder)
    weights = named_file(folder, card, "weights")
    try:
        architecture = Architecture(**card["architecture"])
        network = SpeakerNetwork(architecture)
        network.load_state_dict(load(weights), strict=True)
        name = str(card["name"])
    except (KeyError, TypeError, RuntimeError, SafetensorError) as error:
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
    network.eval().requires_grad_(requires_grad=False)
    identity = ModelIdentity(name, str(card["weights"]["sha256"]), architecture.embedding_size)  # as was checked
    return SpeakerModel(identity, network, backend, card, folder)


def cut_windows(frames: Samples, settings: EmbeddingSettings) -> tuple[Samples, Samples]:
    """Windows of equal length over a stretch of speech frames, evenly spaced, at most a step apart.

    The first begins and the last ends with the stretch. A stretch shorter than a window is repeated up to its length.

    Args:
        frames: shape (n, mel_bands), n at least 1.
        settings: window and step.

    Returns:
        The windows, shape (k, window_frames, mel_bands), and the index of the frame at the centre of each, shape (k,).
    """
    size = settings.window_frames
    if len(frames) < size:
        frames = np.resize(frames, (size, frames.shape[1]))
    last = len(frames) - size
    starts = np.linspace(0, last, 1 + -(-last // settings.step_frames)).round().astype(int)
    windows = np.lib.stride_tricks.sliding_window_view(frames, size, axis=0)[starts]
    return windows.transpose(0, 2, 1), starts + size // 2


@torch.inference_mode()
def embed_windows(windows: Samples, model: SpeakerModel, precision: str = "float32") -> Samples:
    """Embed windows of speech.

    Args:
        windows: shape (n, window_frames, mel_bands), level-normalised mel power.
        model: the network.
        precision: "float32", or "bfloat16" for speed where the processor has it.

    Returns:
        Shape (n, embedding_size), float32, unit length.
    """
    dtype = torch.bfloat16 if precision == "bfloat16" and has_bfloat16() else torch.float32
    embeddings = np.empty((len(windows), model.identity.embedding_size), np.float32)
    for start in range(0, len(windows), _BATCH):
        batch = torch.from_numpy(np.ascontiguousarray(windows[start : start + _BATCH]))
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            embeddings[start : start + _BATCH] = model.network(batch).float().numpy()
    return embeddings


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
