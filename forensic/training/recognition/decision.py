"""From scores of development people to calibrated probabilities, a threshold for "none of these", and coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from forensic.language.classifier import Decision
from forensic.records import Vector
from forensic.training.recognition.development import Trials

CALIBRATED_FRAMES = (300, 500, 800)
"""Lengths of speech that probabilities are calibrated at, in frames of 10 ms."""

MIN_SPEECH_S = 2.0
MAX_ERROR = 0.4
"""Classes with more errors than this in validation, of either kind, are not covered."""

_COVERED_AT_FRAMES = 500
_FEWEST_TRIALS = 5
_MOST_REJECTED = 0.1


@dataclass(frozen=True, slots=True)
class Validation:
    """What the development people show about a model, for its card.

    Attributes:
        decision: when a class is named.
        trials: stretches of each class that its error was counted on, or too few for one.
        rejected_known: share of stretches of known classes, the first class right, that "none of these" rejects.
        rejected_unknown: share of stretches that it rejects, of a class that the model is made to ignore.
        log_loss: mean negative log probability of the true class, calibrated, in nats; classes weigh the same.
        calibration_error: mean difference of probability and hit rate over tenths of the trials.
    """

    decision: Decision
    trials: dict[str, int]
    rejected_known: float
    rejected_unknown: float
    log_loss: float
    calibration_error: float


def validate_classes(trials: Sequence[Trials], classes: Sequence[str]) -> Validation:
    """Fit probabilities and threshold, and count each class's errors, on development trials.

    Args:
        trials: of several lengths, clean (version 0) and degraded.
        classes: names, in the order of the scores.
    """
    log_scale, slope = fit_scale(trials)
    plain = Decision(log_scale, slope, MIN_SPEECH_S, 0.0, {}, MAX_ERROR)
    known, unknown, own, hits, labels = [], [], [], [], []
    for each in trials:
        probabilities = plain.probabilities(each.scores, each.frames / 100)
        rows = np.arange(len(each.labels))
        own.append(probabilities[rows, each.labels])
        known.append(probabilities.max(axis=1))
        hits.append(probabilities.argmax(axis=1) == each.labels)
        ignoring = each.scores.copy()
        ignoring[rows, each.labels] = -np.inf
        unknown.append(plain.probabilities(ignoring, each.frames / 100).max(axis=1))
        labels.append(each.labels)
    first, first_unknown, right = np.concatenate(known), np.concatenate(unknown), np.concatenate(hits)
    threshold = choose_threshold(first[right], first_unknown)
    error, counted = _errors(trials, classes)
    return Validation(
        Decision(log_scale, slope, MIN_SPEECH_S, threshold, error, MAX_ERROR),
        counted,
        float((first[right] < threshold).mean()) if right.any() else 0.0,
        float((first_unknown < threshold).mean()),
        float(-np.average(np.log(np.concatenate(own)), weights=_class_weights(np.concatenate(labels)))),
        _calibration_error(first, right),
    )


def fit_scale(trials: Sequence[Trials]) -> tuple[float, float]:
    """Logarithm of the factor on the scores at 5 s, and its slope over the logarithm of the duration.

    Minimises the mean negative log probability of whether the first class is the true one, classes weighing the same:
    a printed probability should be right as often as it says.
    """
    weights = [_class_weights(each.labels) for each in trials]

    def cost(parameters: Vector) -> float:
        total = 0.0
        for each, weight in zip(trials, weights, strict=True):
            scale = np.exp(parameters[0] + parameters[1] * np.log(each.frames / 500))
            scores = scale * each.scores
            first = np.clip(np.exp(scores.max(axis=1) - logsumexp(scores, axis=1)), 1e-6, 1 - 1e-6)
            right = scores.argmax(axis=1) == each.labels
            total -= float(np.average(np.log(np.where(right, first, 1 - first)), weights=weight))
        return total / len(trials) + 0.01 * float(parameters[1] ** 2)  # one length alone does not show the slope

    fitted = minimize(cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-5})
    return float(fitted.x[0]), float(fitted.x[1])


def choose_threshold(known: Vector, unknown: Vector) -> float:
    """The least probability of a first class: fewest errors of both kinds, at most a tenth of the known rejected.

    Args:
        known: probability of the first class where it is the true one, shape (n,).
        unknown: the same for speech of classes that the model does not know, shape (m,).
    """
    if not len(known):
        return 0.0
    candidates = np.quantile(known, np.linspace(0.0, _MOST_REJECTED, 41))
    costs = [(known < value).mean() - (unknown < value).mean() for value in candidates]
    return float(candidates[int(np.argmin(costs))])


def _errors(trials: Sequence[Trials], classes: Sequence[str]) -> tuple[dict[str, float], dict[str, int]]:
    """The share of errors of a class on clean stretches of 5 s; for classes with few of them, on shorter ones too.

    The larger of two shares: of its own stretches, those taken for another class; of the stretches taken for it, those
    of another class. By the first alone, a class that many others are taken for would look good. A class with fewer
    than ``_FEWEST_TRIALS`` has none: two people told correctly show nothing.
    """
    clean = {each.frames: (each.labels, each.scores.argmax(axis=1)) for each in trials if each.version == 0}
    error, counted = {}, {}
    for number, name in enumerate(classes):
        own, taken = np.zeros(0, bool), np.zeros(0, bool)  # whether another class was answered, and was true
        for frames in sorted(clean, key=lambda length: (length != _COVERED_AT_FRAMES, length)):
            if frames <= _COVERED_AT_FRAMES and len(own) < _FEWEST_TRIALS:
                labels, first = clean[frames]
                own = np.concatenate([own, first[labels == number] != number])
                taken = np.concatenate([taken, labels[first == number] != number])
        if len(own):
            counted[name] = len(own)
        if len(own) >= _FEWEST_TRIALS:
            error[name] = max(float(own.mean()), float(taken.mean()) if len(taken) else 0.0)
    return error, counted


def _class_weights(labels: NDArray[np.int64]) -> Vector:
    _, where, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights: Vector = 1.0 / counts[where]
    return weights


def _calibration_error(probability: Vector, right: Vector) -> float:
    order = np.argsort(probability)
    tenths = zip(np.array_split(probability[order], 10), np.array_split(right[order], 10), strict=True)
    return float(np.mean([abs(p.mean() - r.mean()) for p, r in tenths if len(p)]))
