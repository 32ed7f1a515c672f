"""The measures of a validation: over all comparisons, and broken down by what the comparisons are like."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from forensic.likelihood_ratio.envelope import ValidatedCell, worst_of
from forensic.quantities import Quantity
from forensic.records import ROLES, Role
from forensic.validation.measures import MEASURES, KnownTruth, Measured, can_be_measured, measure

BREAKDOWNS = ("condition", "net speech", "SNR", "codec", "language", "sex", "corpus")
"""What comparisons are grouped by."""

_SPEECH_EDGES_S = (3.0, 5.0, 10.0, 20.0, 40.0)
_SNR_EDGES_DB = (0.0, 10.0, 20.0, 30.0)
UNKNOWN = "not stated"


@dataclass(frozen=True, slots=True)
class Group:
    """Comparisons that are alike in one respect.

    Attributes:
        by: one of ``BREAKDOWNS``; empty for all comparisons.
        name: their condition, language, ...
        speakers: with an LR on either side.
        same: same-speaker comparisons with an LR.
        different: different-speaker comparisons with an LR.
        refused_same: same-speaker comparisons without one.
        refused_different: the same for different speakers.
        bounded: of the LRs as issued; None where there are too few speakers, or comparisons of one kind only.
        unbounded: of the LRs before the bounds.
    """

    by: str
    name: str
    speakers: int
    same: int
    different: int
    refused_same: int
    refused_different: int
    bounded: Measured | None
    unbounded: Measured | None

    def figures(self) -> dict[str, float | None]:
        """Every figure by its name in ``validation.json``; None where it is undefined, or could not be measured."""
        refused, all_of_them = self.refused_same + self.refused_different, self.same + self.different
        figures: dict[str, float | None] = {
            "speakers": self.speakers,
            "same_speaker_comparisons": self.same,
            "different_speaker_comparisons": self.different,
            "refused_same_speaker_comparisons": self.refused_same,
            "refused_different_speaker_comparisons": self.refused_different,
            "refused_share": refused / (refused + all_of_them) if refused + all_of_them else None,
        }
        for prefix, measured in (("", self.bounded), ("unbounded_", self.unbounded)):
            for name in MEASURES:
                interval = measured.intervals[name] if measured else None
                figures[f"{prefix}{name}"] = interval.value if interval else None
                figures[f"{prefix}{name}_low"] = interval.low if interval else None
                figures[f"{prefix}{name}_high"] = interval.high if interval else None
            for name in ("lowest_same_speaker_log10_lr", "highest_different_speaker_log10_lr"):
                figures[f"{prefix}{name}"] = getattr(measured, name) if measured else None
        return figures


def known_truth(lrs: pl.DataFrame, column: str = "log10_lr") -> KnownTruth:
    """The comparisons that have an LR.

    Args:
        lrs: columns of ``forensic.validation.tables.LRS_SCHEMA``.
        column: which of its LRs to take.
    """
    issued = lrs.filter(pl.col(column).is_not_null())
    people = {
        name: number for number, name in enumerate(sorted({*issued["speaker_known"], *issued["speaker_questioned"]}))
    }
    known, questioned = (
        np.array([people[name] for name in issued[side]], dtype=np.intp)
        for side in ("speaker_known", "speaker_questioned")
    )
    return KnownTruth(issued[column].to_numpy(), issued["same_speaker"].to_numpy(), known, questioned)


def measure_all(lrs: pl.DataFrame, draws: int, seed: int) -> Group:
    """Every comparison together.

    Args:
        lrs: columns of ``forensic.validation.tables.LRS_SCHEMA``.
        draws: of speakers, for the intervals.
        seed: of the draws.
    """
    return _group(lrs, "", "all comparisons", draws, seed)


def break_down(lrs: pl.DataFrame, draws: int, seed: int) -> Iterator[Group]:
    """Every group of every breakdown in which the comparisons differ, or are known.

    Args:
        lrs: as in ``measure_all``.
        draws: as in ``measure_all``.
        seed: as in ``measure_all``.
    """
    for by in BREAKDOWNS:
        labels, order = _labels(lrs, by)
        names = [name for name in order if (labels == name).any()]
        if names == [UNKNOWN]:
            continue
        for name in names:
            yield _group(lrs.filter(labels == name), by, name, draws, seed)


def validated_cells(lrs: pl.DataFrame, draws: int, seed: int) -> list[ValidatedCell]:
    """The comparisons with an LR by condition and net speech of the questioned side, for the envelope.

    Args:
        lrs: as in ``measure_all``; conditions that it does not state limit nothing.
        draws: as in ``measure_all``.
        seed: as in ``measure_all``.
    """
    issued = lrs.filter(pl.col("log10_lr").is_not_null())
    if issued.is_empty():
        return []
    conditions, _ = _labels(issued, "condition")
    speech, _ = _labels(issued, "net speech")
    cells = []
    for name in sorted({*zip(conditions, speech, strict=True)}):
        part = issued.filter((conditions == name[0]) & (speech == name[1]))
        truth = known_truth(part)
        measured = measure(truth, draws, seed) if can_be_measured(truth) else None
        known, questioned = (worst_of(part, columns_of(side)) for side in ROLES)
        cllr = measured.intervals["cllr"] if measured else None
        cells.append(ValidatedCell(", ".join(name), known, questioned, cllr))
    return cells


def columns_of(side: Role) -> Callable[[Quantity], str]:
    """The column of ``LRS_SCHEMA`` that holds a quantity of one side."""
    return lambda quantity: quantity.of_side(side)


def _group(lrs: pl.DataFrame, by: str, name: str, draws: int, seed: int) -> Group:
    issued = lrs.filter(pl.col("log10_lr").is_not_null())
    refused = lrs.filter(pl.col("log10_lr").is_null())
    measured: list[Measured | None] = [None, None]
    if not issued.is_empty():
        for number, column in enumerate(("log10_lr", "unbounded_log10_lr")):
            truth = known_truth(issued, column)
            measured[number] = measure(truth, draws, seed) if can_be_measured(truth) else None
    return Group(
        by=by,
        name=name,
        speakers=len({*issued["speaker_known"], *issued["speaker_questioned"]}),
        same=int(issued["same_speaker"].sum()),
        different=int((~issued["same_speaker"]).sum()),
        refused_same=int(refused["same_speaker"].sum()),
        refused_different=int((~refused["same_speaker"]).sum()),
        bounded=measured[0],
        unbounded=measured[1],
    )


def _labels(lrs: pl.DataFrame, by: str) -> tuple[pl.Series, Sequence[str]]:
    """The group of each comparison, and the groups in order."""
    if by == "net speech":
        return _binned(lrs["net_speech_questioned_s"], _SPEECH_EDGES_S, "s")
    if by == "SNR":
        return _binned(lrs["snr_questioned_db"], _SNR_EDGES_DB, "dB")
    labels = lrs[by].fill_null(UNKNOWN)
    return labels, sorted(labels.unique(), key=lambda name: (name == UNKNOWN, name))


def _binned(values: pl.Series, edges: Sequence[float], unit: str) -> tuple[pl.Series, Sequence[str]]:
    """Values in classes that hold their lower edge."""
    names = [f"under {edges[0]:g} {unit}"]
    names += [f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges)]
    names += [f"{edges[-1]:g} {unit} or more"]
    places = np.searchsorted(edges, values.fill_null(0.0).to_numpy(), side="right")
    labels = [UNKNOWN if value is None else names[place] for value, place in zip(values, places, strict=True)]
    return pl.Series(labels, dtype=pl.String), [*names, UNKNOWN]
