"""The comparisons of a case, checked and labelled: with an LR, or with the reason why none is issued."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from forensic.comparison.tables import STATUS_LR
from forensic.errors import ReportError
from forensic.likelihood_ratio.scale import Direction, nearest_to_one
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.formats import (
    finite,
    first_few,
    is_bound,
    issued_interval,
    issued_lr,
    printable,
    shortened,
)
from forensic.report.shared.labels import channel_label
from forensic.report.shared.verbal import brief_verbal, verbal


@dataclass(frozen=True, slots=True)
class Comparison:
    """One questioned recording, channel or speaker in it with one known speaker.

    Attributes:
        questioned: "Q1", "Q1 channel 2" or "Q1 channel 2 speaker 1 of 2"; of files with the same bytes, the first.
        questioned_name: the file's name, after its exhibit number if it has one.
        twins: the other files with the same bytes, "Q7"; they are not compared again.
        sha256: of the questioned recording; empty where it could not be read.
        suspect: name of the known speaker, as it was given.
        suspect_label: "S1".
        known: "S1 Name".
        score: None where a side has no embedding, and so no LR.
    """

    questioned: str
    questioned_name: str
    twins: tuple[str, ...]
    sha256: str
    channel: int
    turn: int
    suspect: str
    suspect_label: str
    known: str
    known_sha256: tuple[str, ...]
    score: float | None

    @property
    def label(self) -> str:
        """Both sides, short enough for a plot."""
        return f"{self.questioned} \N{MULTIPLICATION SIGN} {self.suspect_label}"


@dataclass(frozen=True, slots=True)
class Issued(Comparison):
    """A comparison with an LR.

    Attributes:
        low, high: ends of its 95 % interval, log10.
        strength: of the support, in the words of the scale, and of the end of the interval nearer to an LR of 1.
        direction: the proposition that these words are for; empty where they are for neither.
        adjusted_score: the score as its calibration sees it, brought to that calibration's conditions.
        fused_score: of two models, if the LR rests on both; None if it rests on the first alone.
        first_log10_lr, second_log10_lr: then of each alone; the second may be None even so.
        questioned_distance, known_distance: how far the population's conditions are from the case's, on each side.
        questioned_differs, known_differs: in which quantities they differ.
    """

    score: float
    log10_lr: float
    low: float
    high: float
    unbounded: float
    adjusted_score: float
    fused_score: float | None
    first_log10_lr: float | None
    second_log10_lr: float | None
    strength: str
    direction: Direction
    calibration_id: str
    questioned_distance: float
    questioned_differs: str
    known_distance: float
    known_differs: str

    @property
    def is_bounded(self) -> bool:
        """Whether the LR was moved to the bound of its calibration."""
        return is_bound(self.log10_lr, self.unbounded)

    @property
    def lr_text(self) -> str:
        """The LR as printed."""
        return issued_lr(self.log10_lr, is_bounded=self.is_bounded)

    @property
    def interval_text(self) -> str:
        """The 95 % interval as printed."""
        return issued_interval(self.log10_lr, self.low, self.high, is_bounded=self.is_bounded)

    @property
    def verbal(self) -> str:
        """The verbal equivalent in full: "moderate support for H1 over H2"."""
        return verbal(self.strength, self.direction)

    @property
    def brief_verbal(self) -> str:
        """The verbal equivalent without the proposition that it does not support: "moderate support for H1"."""
        return brief_verbal(self.strength, self.direction)


@dataclass(frozen=True, slots=True)
class Refused(Comparison):
    """A comparison without an LR, and why."""

    reason: str


Kind = TypeVar("Kind", bound=Comparison)


def read_comparisons(inputs: ReportInputs, exhibits: Exhibits) -> list[Issued | Refused]:
    """All comparisons in the order of the exhibits, then of the known speakers; files with the same bytes once.

    Raises:
        ReportError: if an LR is not a number or lacks its calibration.
    """
    keyed = []
    for row in inputs.comparisons.iter_rows(named=True):
        exhibit = exhibits.label(row["questioned_sha256"], row["questioned_path"] or "")
        order = exhibits.order.get(exhibit, len(exhibits.order))
        key = (order, row["channel"], row["turn"], exhibits.speaker_order(row["suspect"]))
        keyed.append((key, _read(row, exhibit, inputs, exhibits)))
    found: dict[object, Issued | Refused] = {}
    for key, comparison in sorted(keyed, key=lambda pair: pair[0]):
        of_bytes = (comparison.sha256, comparison.channel, comparison.turn, comparison.suspect)
        found.setdefault(of_bytes if comparison.sha256 else key, comparison)
    return list(found.values())


def issued_of(comparisons: Sequence[Comparison]) -> list[Issued]:
    """Those with an LR."""
    return [comparison for comparison in comparisons if isinstance(comparison, Issued)]


def refused_of(comparisons: Sequence[Comparison]) -> list[Refused]:
    """Those without."""
    return [comparison for comparison in comparisons if isinstance(comparison, Refused)]


def by_questioned(comparisons: Sequence[Kind]) -> list[list[Kind]]:
    """The comparisons of each questioned recording or channel."""
    groups: dict[tuple[str, str], list[Kind]] = defaultdict(list)
    for comparison in comparisons:
        groups[comparison.questioned, comparison.sha256].append(comparison)
    return list(groups.values())


def highest(group: Sequence[Comparison], number: int = 1) -> list[Issued]:
    """The comparisons with the highest LRs."""
    return sorted(issued_of(group), key=lambda comparison: -comparison.log10_lr)[:number]


def count_known(comparisons: Sequence[Comparison]) -> int:
    """The number of known speakers in the comparisons."""
    return len({comparison.suspect for comparison in comparisons})


def name_known(labels: Sequence[str], known: int) -> str:
    """Known speakers by their labels, or "all 4 known speakers" where these are all of several."""
    if 1 < known == len(labels):
        return _("all {number} known speakers", number=number(known))
    return first_few(labels)


def _read(row: dict[str, Any], exhibit: str, inputs: ReportInputs, exhibits: Exhibits) -> Issued | Refused:
    where = f"{exhibit} and {exhibits.speaker(row['suspect'])}"
    if row["score"] is not None:
        finite(row["score"], f"the score of {where}")
    sides = {
        "questioned": channel_label(exhibit, row["channel"], row["turn"], row["speakers"], row["speaker_name"]),
        "questioned_name": shortened(exhibits.numbered_name(exhibit)),
        "twins": tuple(each for each in exhibits.same_content(row["questioned_sha256"]) if each != exhibit),
        "sha256": row["questioned_sha256"] or "",
        "channel": row["channel"],
        "turn": row["turn"],
        "suspect": row["suspect"],
        "suspect_label": exhibits.speaker_label(row["suspect"]),
        "known": exhibits.speaker(row["suspect"]),
        "known_sha256": tuple(row["known_sha256"] or ()),
        "score": row["score"],
    }
    if row["status"] != STATUS_LR:
        return Refused(**sides, reason=printable(row["reason"] or _("The results give no reason.")))
    _check_lr(row, where, inputs)
    strength, direction = inputs.scale.support(nearest_to_one(row["log10_lr_low"], row["log10_lr_high"]))
    unbounded = row["log10_lr"] if row["unbounded_log10_lr"] is None else row["unbounded_log10_lr"]
    return Issued(
        **sides,
        log10_lr=row["log10_lr"],
        low=row["log10_lr_low"],
        high=row["log10_lr_high"],
        unbounded=finite(unbounded, f"the unbounded log10 LR of {where}"),
        adjusted_score=row["score"] if row["adjusted_score"] is None else row["adjusted_score"],
        fused_score=row["fused_score"],
        first_log10_lr=row["first_log10_lr"],
        second_log10_lr=row["second_log10_lr"],
        strength=printable(_(strength)),
        direction=direction,
        calibration_id=row["calibration_id"],
        questioned_distance=row["questioned_distance"] or 0.0,
        questioned_differs=row["questioned_differs"] or "",
        known_distance=row["known_distance"] or 0.0,
        known_differs=row["known_differs"] or "",
    )


def _check_lr(row: dict[str, Any], where: str, inputs: ReportInputs) -> None:
    for column in ("score", "log10_lr", "log10_lr_low", "log10_lr_high"):
        if row[column] is None:
            raise ReportError(f"The comparison of {where} has no {column}.", "Run the comparison again.")
        finite(row[column], f"{column} of {where}")
    if row["calibration_id"] not in inputs.calibrations:
        raise ReportError(
            f"The calibration of the comparison of {where} is missing, and no LR is reported without it.",
            "Run the comparison again.",
        )
