"""A model folder loaded and checked, and speech classified with it.

A model is a folder: ``card.toml`` (name, licence, data, the speaker model that it hears, architecture, classes,
calibration, coverage, SHA-256 of the files), ``weights.safetensors``, by which the network learns further, and
``network.onnx``, the graph that runs without torch. The card also says when a class is named and when none is, since
that comes from the validation of the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forensic.errors import ModelError
from forensic.inference import Graph
from forensic.language.hearing import Body, Heard, body_of
from forensic.records import Candidate, Recognition, Samples, Vector
from forensic.storage.cards import REMEDY, named_file, read_card
from forensic.storage.shipped import shipped

DEFAULT_LANGUAGE_MODEL, DEFAULT_ACCENT_MODEL = "lstm-language-2", "lstm-accent-3"
SCORES = "scores"
"""The graph's output, shape (windows, classes); its inputs are ``states`` and the ``steps`` of the windows."""

_BATCH = 16
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
        body: the speaker model whose states it hears.
        classes: names, BCP 47 tags of languages or accents, in the order of the scores.
        decision: when a class is named.
        card: the card's content.
    """

    name: str
    sha256: str
    graph: Graph
    body: Body
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
    return LanguageModel(name, str(card["weights"]["sha256"]), graph, body_of(folder, card), classes, decision, card)


def _decision(card: Mapping[str, Any]) -> Decision:
    values = card["decision"]
    numbers = {
        name: float(values[name])
        for name in ("log_scale", "log_scale_slope", "min_speech_s", "least_probability", "max_error")
    }
    return Decision(error={name: float(value) for name, value in card.get("coverage", {}).items()}, **numbers)


def score_windows(windows: Sequence[Samples] | Samples, model: LanguageModel) -> Vector:
    """Scores of the classes, before the softmax.

    Args:
        windows: states that were heard, each of shape (steps, values), of one length or several.
        model: the network.

    Returns:
        Shape (windows, classes).
    """
    steps = np.array([len(window) for window in windows], np.int64)
    order = np.argsort(steps, kind="stable")  # those of like lengths go together
    scores = np.zeros((len(windows), len(model.classes)))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        longest = int(steps[rows[-1]])
        batch = np.zeros((len(rows), longest, windows[rows[0]].shape[1]), np.float32)
        for own, row in zip(batch, rows, strict=True):
            own[: steps[row]] = windows[row]
        (scores[rows],) = model.graph(SCORES, states=batch, steps=steps[rows])
    return scores


def recognise(heard: Heard, model: LanguageModel) -> Recognition:
    """Tell which class some speech is of, or why none is named.

    Args:
        heard: of the speech, by the body of the model.
        model: what tells.
    """
    return recognise_each([heard], model)[0]


def recognise_each(heard: Sequence[Heard], model: LanguageModel) -> list[Recognition]:
    """The same for the speech of several, which goes through the network together."""
    if not heard:
        return []
    windows = [list(own.cut()) if own.speech_s >= model.decision.min_speech_s else [] for own in heard]
    scores = score_windows([window for each in windows for window in each], model)
    parts = np.split(scores, np.cumsum([len(each) for each in windows])[:-1])
    return [
        decide(part.mean(axis=0), own.speech_s, model)
        if len(part)
        else Recognition("too little speech", None, None, (), own.speech_s)
        for part, own in zip(parts, heard, strict=True)
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
