"""The linear discriminant of the plain statistics, in closed form, and its balance with what was learnt."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from forensic.language.network import LanguageNetwork, plain_statistics
from forensic.records import Vector
from forensic.training.recognition.development import Trials
from forensic.training.recognition.states import StateCache

_STEPS = 75  # of the windows that it is fitted on: 3 s
_SHRINKAGE = 0.25  # of the within-class covariance towards a multiple of the identity


def fit_discriminant(network: LanguageNetwork, cache: StateCache, labels: NDArray[np.int64]) -> None:
    """Set the network's discriminant from the training pieces, every version; classes weigh the same.

    Source: linear discriminant analysis with a common covariance, shrunk as by Ledoit & Wolf (2004), by a fixed share.
    """
    statistics, owners = _statistics_of_windows(cache, labels)
    mean, spread = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    scaled = (statistics - mean) / spread
    size, classes = scaled.shape[1], network.architecture.classes
    centres, covariance = np.zeros((classes, size)), np.zeros((size, size))
    present = np.unique(owners)
    for label in present:
        own = scaled[owners == label]
        centres[label] = own.mean(axis=0)
        covariance += np.cov(own, rowvar=False, bias=True) / len(present)
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * np.eye(size) * np.trace(covariance) / size
    weight = np.linalg.solve(covariance, centres.T).T
    bias = -0.5 * (weight * centres).sum(axis=1) - (weight / spread) @ mean
    with torch.no_grad():
        network.plain.weight.copy_(torch.from_numpy(weight / spread))
        network.plain.bias.copy_(torch.from_numpy(bias))


def fit_balance(learnt: Sequence[Trials], plain: Sequence[Trials]) -> tuple[float, float]:
    """Factors of the learnt scores and of the discriminant's that make the truth most probable, classes weighing alike.

    Args:
        learnt: development trials scored by what was learnt alone.
        plain: the same, scored by the discriminant alone.
    """
    weights = []
    for each in learnt:
        _, where, counts = np.unique(each.labels, return_inverse=True, return_counts=True)
        weights.append(1.0 / counts[where])

    def cost(logarithms: Vector) -> float:
        one, other = np.exp(logarithms)
        total = 0.0
        for a, b, weight in zip(learnt, plain, weights, strict=True):
            scores = one * a.scores + other * b.scores
            own = scores[np.arange(len(a.labels)), a.labels]
            total += float(np.average(logsumexp(scores, axis=1) - own, weights=weight))
        return total / len(learnt)

    fitted = minimize(cost, np.log([0.7, 0.2]), method="Nelder-Mead", options={"xatol": 1e-2, "fatol": 1e-5})
    return float(np.exp(fitted.x[0])), float(np.exp(fitted.x[1]))


def _statistics_of_windows(cache: StateCache, labels: NDArray[np.int64]) -> tuple[Vector, NDArray[np.int64]]:
    made, owners = [], []
    index = cache.index.with_row_index("piece").filter(~cache.index["is_development"])
    for piece, first, steps in index.select("piece", "first", "steps").iter_rows():
        size = min(_STEPS, steps)
        starts = range(0, steps - size + 1, size)
        for version in range(len(cache.versions)):
            crops = np.stack([cache.crop(version, first + start, size) for start in starts])
            made.append(plain_statistics(torch.from_numpy(crops)).double().numpy())
            owners += [labels[piece]] * len(crops)
    return np.concatenate(made), np.array(owners)
