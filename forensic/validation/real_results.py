"""Measures of the LRs of real calls, with intervals over people; those of a model are kept beside its bank."""

from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.engine import one_thread
from forensic.errors import ValidationError
from forensic.likelihood_ratio.metrics import cllr_min, cost_bits
from forensic.likelihood_ratio.real_calls import RealResult, save_real_results
from forensic.likelihood_ratio.uncertainty import error_free_rate
from forensic.records import ROLES, Interval
from forensic.settings import ComparisonSettings
from forensic.validation.shipped import Opinion, real_call_lrs

Vector = NDArray[np.float64]

MEASURES = ("Cllr", "Cllr_min of the scores", "Cllr_min of the LRs", "same-speaker LRs below 1")
_DRAWS = 300


@one_thread()
def keep_real_results(folder: Path, settings: ComparisonSettings) -> None:
    """Measure each opinion on the real calls of a model's bank, and keep what was found; nothing where it has none.

    Args:
        folder: of the model.
        settings: of the calibration.

    Raises:
        ModelError: if model or bank cannot be loaded.
    """
    found = {}
    for opinion in get_args(Opinion):
        try:
            found[opinion] = real_result(real_call_lrs(folder, settings, opinion))
        except ValidationError:  # no real calls, or nobody embedded by a second model
            continue
    if found:
        save_real_results(folder, found)


def real_result(lrs: pl.DataFrame) -> RealResult:
    """The measures of some LRs.

    Args:
        lrs: rows of ``real_call_lrs``, of both kinds.
    """
    intervals = measured(lrs)
    repeated, misleading = lrs.filter("same_speaker")["speaker_known"].n_unique(), intervals[3]
    if not misleading.value:
        misleading = Interval(0.0, 0.0, error_free_rate(repeated))
    return RealResult(
        people=len(_people(lrs)),
        repeated=repeated,
        pairs=lrs.height,
        cllr=intervals[0],
        cllr_min_of_scores=intervals[1],
        misleading=misleading,
    )


def measured(lrs: pl.DataFrame) -> tuple[Interval, ...]:
    """``MEASURES``, with 95 % intervals from draws of people.

    Args:
        lrs: as of ``real_result``.
    """
    rng, count = np.random.default_rng(1), len(_people(lrs))
    known, questioned = _numbers(lrs)
    is_same, weight = lrs["same_speaker"].to_numpy(), weights(lrs)
    value = measures(lrs, weight)
    drawn: list[Vector] = []
    while len(drawn) < _DRAWS:
        counts = rng.multinomial(count, np.full(count, 1 / count)).astype(float)
        here = weight * np.where(is_same, counts[known], counts[known] * counts[questioned])
        if (here * is_same).any() and (here * ~is_same).any():
            drawn.append(measures(lrs, here))
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    return tuple(Interval(*map(float, each)) for each in zip(value, low, high, strict=True))


def measures(lrs: pl.DataFrame, weight: Vector) -> Vector:
    """``MEASURES`` of weighted pairs.

    Args:
        lrs: as of ``real_result``.
        weight: of each, shape (n,).
    """
    is_same, log10_lr, score = (lrs[name].to_numpy() for name in ("same_speaker", "log10_lr", "score"))
    same, different = weight * is_same, weight * ~is_same
    cost = 0.5 * (same @ cost_bits(log10_lr) / same.sum() + different @ cost_bits(-log10_lr) / different.sum())
    used = weight > 0
    least = [
        cllr_min(values[used & is_same], values[used & ~is_same], weight[used & is_same], weight[used & ~is_same])
        for values in (score, log10_lr)
    ]
    return np.array([cost, *least, same @ (log10_lr < 0) / same.sum()])


def weights(lrs: pl.DataFrame) -> Vector:
    """Weights by which every person counts alike among the pairs of one speaker, shape (n,).

    Args:
        lrs: as of ``real_result``.
    """
    known, _ = _numbers(lrs)
    is_same = lrs["same_speaker"].to_numpy()
    pairs = np.bincount(known[is_same], minlength=len(_people(lrs)))
    return np.where(is_same, 1 / np.maximum(pairs, 1)[known], 1.0)


def _people(lrs: pl.DataFrame) -> NDArray[np.object_]:
    return np.unique(np.concatenate([lrs[f"speaker_{role}"].to_numpy() for role in ROLES]))


def _numbers(lrs: pl.DataFrame) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The number of each known and of each questioned speaker, in the order of names."""
    people = _people(lrs)
    known, questioned = (np.searchsorted(people, lrs[f"speaker_{role}"].to_numpy()) for role in ROLES)
    return known, questioned
