"""The measures of a validation: over all comparisons, and by group of similar comparisons."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from forensic.likelihood_ratio.envelope import ValidatedCell, worst_of
from forensic.progress import Watch, unwatched
from forensic.quantities import Quantity
from forensic.records import ROLES, Role
from forensic.validation.measures import MEASURES, KnownTruth, Measured, can_be_measured, measure

BREAKDOWNS = ("condition", "net speech", "SNR", "codec", "language", "sex", "corpus")
"""What comparisons are grouped by."""

BINNED: Mapping[str, tuple[str, Sequence[float], str]] = {
    "net speech": ("net_speech_questioned_s", (3.0, 5.0, 10.0, 20.0, 40.0), "s"),
    "SNR": ("snr_questioned_db", (0.0, 10.0, 20.0, 30.0), "dB"),
}
"""Breakdowns by classes of a quantity: its column, the edges of the classes, its unit."""

UNKNOWN = "not stated"
ALL = "all comparisons"
SAME_LINE, OTHER_LINE = "same kind of line", "another kind of line"
"""The name of the group of all of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Comparisons that are the same in one respect.

    Attributes:
        by: one of ``BREAKDOWNS``; empty for all comparisons.
        name: their condition, language, ...
        speakers: number of speakers with an LR on either side.
        same: same-speaker comparisons with an LR.
        different: different-speaker comparisons with an LR.
        refused_same: same-speaker comparisons without one.
        refused_different: the same for different speakers.
        bounded: measures of the LRs as issued; None if there are too few speakers, or comparisons of one kind only.
        unbounded: measures of the LRs before the bounds.
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
        """Every figure by its name in ``validation.json``; None if it is undefined or could not be measured."""
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
        column: which LRs to use.
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
    """All comparisons together.

    Args:
        lrs: columns of ``forensic.validation.tables.LRS_SCHEMA``.
        draws: number of draws of speakers, for the intervals.
        seed: of the draws.
    """
    return _group(lrs, "", ALL, draws, seed)


def break_down(lrs: pl.DataFrame, draws: int, seed: int, watch: Watch = unwatched) -> Iterator[Group]:
    """Every group of every breakdown in which the comparisons differ, or that the list states.

    Args:
        lrs: as in ``measure_all``.
        draws: as in ``measure_all``.
        seed: as in ``measure_all``.
        watch: called with how many groups are done, and how many there are.
    """
    wanted = []
    for by in BREAKDOWNS:
        labels, order = _labels(lrs, by)
        names = [name for name in order if (labels == name).any()]
        if names != [UNKNOWN]:
            wanted += [(by, name, labels == name) for name in names]
    for done, (by, name, is_in) in enumerate(wanted):
        watch(done, len(wanted))
        yield _group(lrs.filter(is_in), by, name, draws, seed)


def validated_cells(lrs: pl.DataFrame, draws: int, seed: int) -> list[ValidatedCell]:
    """The comparisons with an LR by condition and net speech of the questioned side, for the envelope.

    Args:
        lrs: as in ``measure_all``; conditions that it does not state are not limited.
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
    if by in BINNED:
        column, edges, _unit = BINNED[by]
        return _binned(lrs[column], edges, class_names(by))
    labels = lrs[by].fill_null(UNKNOWN)
    return labels, sorted(labels.unique(), key=lambda name: (name == UNKNOWN, name))


def class_names(by: str) -> list[str]:
    """What the classes of a breakdown of ``BINNED`` are called, in rising order."""
    _column, edges, unit = BINNED[by]
    names = [f"under {edges[0]:g} {unit}"]
    names += [f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges)]
    return [*names, f"{edges[-1]:g} {unit} or more"]


def _binned(values: pl.Series, edges: Sequence[float], names: Sequence[str]) -> tuple[pl.Series, Sequence[str]]:
    """Values in classes that include their lower edge."""
    places = np.searchsorted(edges, values.fill_null(0.0).to_numpy(), side="right")
    labels = [UNKNOWN if value is None else names[place] for value, place in zip(values, places, strict=True)]
    return pl.Series(labels, dtype=pl.String), [*names, UNKNOWN]
