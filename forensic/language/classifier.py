"""A model folder loaded and checked, and speech classified with it.

A model is a folder: ``card.toml`` (name, licence, data, architecture, classes, calibration, coverage, SHA-256 of the
files), ``weights.safetensors``, by which the network learns further, and ``network.onnx``, the graph that runs without
torch. The card also says when a class is named and when none is, since that comes from the validation of the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forensic.errors import ModelError
from forensic.inference import Graph
from forensic.records import Candidate, Recognition, Samples, Vector
from forensic.storage.cards import REMEDY, named_file, read_card
from forensic.storage.shipped import shipped

DEFAULT_LANGUAGE_MODEL, DEFAULT_ACCENT_MODEL = "lstm-language-1", "lstm-accent-2"
SCORES = "scores"
"""The graph's output, shape (windows, classes); its inputs are ``frames`` and the ``lengths`` of the windows."""
WINDOW_FRAMES = 500
"""Longest stretch of speech that goes through the network at once."""

_MOST_WINDOWS = 6
_BATCH = 16
_FRAMES_PER_S = 100
_CALIBRATED_S = (3.0, 30.0)  # durations beyond these are taken as these
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """When a class is named, and how sure that is; from the validation of the model.

    Attributes:
        log_scale: natural logarithm of the factor on the scores, for 5 s of speech.
        log_scale_slope: what is added to it for each factor e of speech.
        min_speech_s: less speech than this is not judged.
        least_probability: of the first class; a first class below it means none of the classes.
        error: of each class in the validation, 0 to 1; classes that could not be validated are missing.
        max_error: a class with a larger error, or without one, is not covered.
    """

    log_scale: float
    log_scale_slope: float
    min_speech_s: float
    least_probability: float
    error: Mapping[str, float]
    max_error: float

    def probabilities(self, scores: Vector, speech_s: float) -> Vector:
        """Calibrated probabilities of the classes, shape (..., classes).

        Args:
            scores: mean of the windows' scores, shape (..., classes).
            speech_s: net speech that they come from.
        """
        longer = np.log(np.clip(speech_s, *_CALIBRATED_S) / 5.0)
        scaled = np.exp(self.log_scale + self.log_scale_slope * longer) * scores
        scaled = scaled - scaled.max(axis=-1, keepdims=True)
        odds = np.exp(scaled)
        shares: Vector = odds / odds.sum(axis=-1, keepdims=True)
        return shares

    def covers(self, name: str) -> bool:
        """Whether the validation found the class told well enough."""
        return self.error.get(name, 1.0) <= self.max_error


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A network ready to tell its classes apart.

    Attributes:
        name: of the model.
        sha256: of its weights.
        graph: runs the network.
        classes: names, BCP 47 tags of languages or accents, in the order of the scores.
        decision: when a class is named.
        card: the card's content.
    """

    name: str
    sha256: str
    graph: Graph
    classes: tuple[str, ...]
    decision: Decision
    card: dict[str, Any]


def default_language_model_folder() -> Path:
    """The language model that ships."""
    return shipped("models") / DEFAULT_LANGUAGE_MODEL


def default_accent_model_folder() -> Path:
    """The accent model that ships."""
    return shipped("models") / DEFAULT_ACCENT_MODEL


def load_language_model(folder: Path) -> LanguageModel:
    """Load a model and check that its files are those that its card names.

    Raises:
        ModelError: if a file is missing or damaged, a hash differs, or the card describes no such model.
    """
    card = read_card(folder)
    named_file(folder, card, "weights")
    try:
        name, size = str(card["name"]), card["architecture"]["classes"]
        classes = tuple(str(name) for name in card["classes"])
        decision = _decision(card)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"The model in {folder} is no model of languages or accents, or it is damaged: {error}.", REMEDY
        ) from error
    if len(classes) != size:
        raise ModelError(f"The card of {folder} names {len(classes)} classes for {size}.", REMEDY)
    graph = Graph(named_file(folder, card, "graph"), folder / card["graph"]["file"])
    return LanguageModel(name, str(card["weights"]["sha256"]), graph, classes, decision, card)


def _decision(card: Mapping[str, Any]) -> Decision:
    values = card["decision"]
    numbers = {
        name: float(values[name])
        for name in ("log_scale", "log_scale_slope", "min_speech_s", "least_probability", "max_error")
    }
    return Decision(error={name: float(value) for name, value in card.get("coverage", {}).items()}, **numbers)


def cut_language_windows(frames: Samples, most: int = _MOST_WINDOWS) -> Samples:
    """Windows of one length over a stretch of speech, evenly spaced, side by side where there are not too many.

    Args:
        frames: mel power of the speech, shape (n, mel_bands), n at least 1.
        most: windows; of longer speech they are a sample.

    Returns:
        Shape (k, frames of a window, mel_bands).
    """
    size = min(len(frames), WINDOW_FRAMES)
    count = min(most, -(-len(frames) // size))
    starts = np.linspace(0, len(frames) - size, count).round().astype(int)
    return np.stack([frames[start : start + size] for start in starts])


def score_windows(windows: Sequence[Samples] | Samples, model: LanguageModel) -> Vector:
    """Scores of the classes, before the softmax.

    Args:
        windows: mel power at the level of the training, each of shape (frames, mel_bands), of one length or several.
        model: the network.

    Returns:
        Shape (windows, classes).
    """
    lengths = np.array([len(window) for window in windows], np.int64)
    order = np.argsort(lengths, kind="stable")  # those of like lengths go together
    scores = np.zeros((len(windows), len(model.classes)))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        longest = int(lengths[rows[-1]])
        batch = np.zeros((len(rows), longest, windows[rows[0]].shape[1]), np.float32)
        for own, row in zip(batch, rows, strict=True):
            own[: lengths[row]] = windows[row]
        (scores[rows],) = model.graph(SCORES, frames=batch, lengths=lengths[rows])
    return scores


def recognise(frames: Samples, model: LanguageModel) -> Recognition:
    """Tell which class some speech is of, or why none is named.

    Args:
        frames: mel power of the speech alone, level-normalised, shape (n, mel_bands).
        model: what tells.
    """
    return recognise_each([frames], model)[0]


def recognise_each(stretches: Sequence[Samples], model: LanguageModel) -> list[Recognition]:
    """The same for several stretches of speech, which go through the network together."""
    if not stretches:
        return []
    lengths_s = [len(frames) / _FRAMES_PER_S for frames in stretches]
    windows = [
        list(cut_language_windows(frames)) if length_s >= model.decision.min_speech_s else []
        for frames, length_s in zip(stretches, lengths_s, strict=True)
    ]
    scores = score_windows([window for own in windows for window in own], model)
    parts = np.split(scores, np.cumsum([len(own) for own in windows])[:-1])
    return [
        decide(own.mean(axis=0), length_s, model)
        if len(own)
        else Recognition("too little speech", None, None, (), length_s)
        for own, length_s in zip(parts, lengths_s, strict=True)
    ]


def decide(scores: Vector, speech_s: float, model: LanguageModel) -> Recognition:
    """Name the class of mean scores, or say why none is named.

    Args:
        scores: mean of the windows, shape (classes,).
        speech_s: net speech, at least what the model needs.
        model: whose scores they are.
    """
    probabilities = model.decision.probabilities(scores, speech_s)
    order = np.argsort(-probabilities, kind="stable")[:_NAMED]
    top = tuple(Candidate(model.classes[index], float(probabilities[index])) for index in order)
    first = top[0]
    if first.probability < model.decision.least_probability:
        return Recognition("none of these", None, first.probability, top, speech_s)
    if not model.decision.covers(first.name):
        return Recognition("not covered", None, first.probability, top, speech_s)
    return Recognition("named", first.name, first.probability, top, speech_s)
