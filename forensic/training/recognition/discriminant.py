"""The linear discriminant of the plain statistics, in closed form, and its balance with what was learnt."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from forensic.language.network import LanguageNetwork, plain_statistics
from forensic.records import Vector
from forensic.training.recognition.development import Trials, class_mean, ranks
from forensic.training.recognition.states import StateCache

BALANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
"""Factors that are tried."""

_STEPS = 75  # of the windows that it is fitted on: 3 s
_SHRINKAGE = 0.1  # of the within-class covariance towards a multiple of the identity


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


def choose_balance(learnt: Sequence[Trials], plain: Sequence[Trials]) -> float:
    """How much of the discriminant's scores is added to the learnt ones: what leaves the fewest errors.

    Args:
        learnt: development trials scored by what was learnt alone.
        plain: the same, scored by the discriminant alone.

    Returns:
        One of ``BALANCES``; the mean error of the trials' conditions, classes weighing the same, decides.
    """
    errors = [
        np.mean(
            [
                class_mean(ranks(one.scores + balance * other.scores, one.labels) > 0, one.labels)
                for one, other in zip(learnt, plain, strict=True)
            ]
        )
        for balance in BALANCES
    ]
    return BALANCES[int(np.argmin(errors))]


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
