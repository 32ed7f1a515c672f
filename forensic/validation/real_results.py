"""Measures of the LRs of real calls, with intervals over people; those of a model are kept beside its bank."""

from contextlib import suppress
from pathlib import Path
from typing import get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.engine import one_thread
from forensic.errors import ValidationError
from forensic.likelihood_ratio.metrics import cllr_min, cost_bits
from forensic.likelihood_ratio.pairs import Matrix
from forensic.likelihood_ratio.real_calls import RealResult, save_real_results
from forensic.likelihood_ratio.uncertainty import PAV_BIAS_RATIO, draw_speakers, metric_interval, rate_interval
from forensic.records import ROLES, Interval, Vector
from forensic.settings import ComparisonSettings
from forensic.validation.measures import FEWEST_SPEAKERS
from forensic.validation.shipped import Opinion, real_call_lrs

MEASURES = ("Cllr", "Cllr_min of the scores", "Cllr_min of the LRs", "same-speaker LRs below 1")
_DRAWS = 300


@one_thread()
def keep_real_results(folder: Path, settings: ComparisonSettings) -> None:
    """Measure each opinion on the real calls of a model's bank, and keep what was found in place of what was there.

    Args:
        folder: of the model.
        settings: of the calibration.

    Raises:
        ModelError: if model or bank cannot be loaded.
    """
    found = {}
    for opinion in get_args(Opinion):
        with suppress(ValidationError):  # no real calls, or nobody embedded by a second model
            if result := real_result(real_call_lrs(folder, settings, opinion)):
                found[opinion] = result
    save_real_results(folder, found)


def real_result(lrs: pl.DataFrame) -> RealResult | None:
    """The measures of some LRs; none of fewer than ``FEWEST_SPEAKERS`` people with calls of several days.

    Args:
        lrs: rows of ``real_call_lrs``, of both kinds.
    """
    repeated = lrs.filter("same_speaker")["speaker_known"].n_unique()
    if repeated < FEWEST_SPEAKERS:
        return None
    cllr, of_scores, _, misleading = measured(lrs)
    return RealResult(
        people=len(_people(lrs)),
        repeated=repeated,
        pairs=lrs.height,
        cllr=cllr,
        cllr_min_of_scores=of_scores,
        misleading=misleading,
    )


def measured(lrs: pl.DataFrame) -> tuple[Interval, ...]:
    """``MEASURES``, with 95 % intervals from draws of people, those of ``forensic.likelihood_ratio.uncertainty``.

    Args:
        lrs: as of ``real_result``.
    """
    count = len(_people(lrs))
    known, questioned = _numbers(lrs)
    is_same, weight = lrs["same_speaker"].to_numpy(), weights(lrs)
    repeated = np.unique(known[is_same])

    def of(rows: Matrix) -> Matrix:
        times = (np.where(is_same, counts[known], counts[known] * counts[questioned]) for counts in rows)
        return np.array(
            [measures(lrs, weight * each) for each in times if each[is_same].any() and each[~is_same].any()]
        )

    value, drawn = measures(lrs, weight), of(draw_speakers(count, _DRAWS, 1))
    left_out = of(1 - np.eye(count)[repeated])  # who has no pair with themselves moves next to nothing
    return (
        metric_interval(value[0], drawn[:, 0], left_out[:, 0]),
        *(metric_interval(value[i], drawn[:, i], left_out[:, i], 1.0, PAV_BIAS_RATIO) for i in (1, 2)),
        rate_interval(float(value[3]), drawn[:, 3], left_out[:, 3], int(is_same.sum())),
    )


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
