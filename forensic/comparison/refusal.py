"""When no likelihood ratio is issued: every possible reason, as a record.

A comparison is refused for what one side is like (its speakers, its conditions outside the validated envelope or far
from everything in the population), for what the two sides share, or because its calibration is not good enough. The
sentences are in ``forensic.report.shared.refusals``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forensic.comparison.inconsistency import LEAST_LOG10_LR, Inconsistency
from forensic.comparison.independence import SAME_SESSION, SAME_SOURCE, Suspicion, SuspicionKind, Suspicions
from forensic.comparison.sides import Side
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.conditions import as_long_as_the_longest, differences, in_words, nearest
from forensic.likelihood_ratio.envelope import Envelope, EnvelopeLimits, Shortfall, outside
from forensic.quantities import QUANTITIES, Quantity
from forensic.records import KNOWN, QUESTIONED, Calibration, Conditions, Interval, Role
from forensic.settings import ComparisonSettings


class RefusalKind(StrEnum):
    """Every reason for which no likelihood ratio is issued."""

    SAME_RECORDING = "same recording"
    """A recording is on both sides."""
    UNUSABLE_SIDE = "unusable side"
    """A side has no embedding: its recordings were rejected, or not examined."""
    SEVERAL_SPEAKERS = "several speakers"
    """Several speakers were found in a suspect's recording."""
    INCONSISTENT_SUSPECT = "inconsistent suspect"
    """A suspect's recordings are unlikely to be of one speaker."""
    OUTSIDE_SETTINGS = "outside the settings"
    """A quantity is beyond what the laboratory's settings allow."""
    OUTSIDE_ENVELOPE = "outside the envelope"
    """A quantity is beyond the conditions in which validation met its criterion."""
    UNLIKE_POPULATION = "unlike the population"
    """No cell of the reference population is near enough."""
    SAME_SOURCE = "same source suspected"
    """Recordings of the two sides seem to be copies or parts of one."""
    SAME_SESSION = "same session suspected"
    """Recordings of the two sides seem to be of one sitting or call."""
    NO_CALIBRATION = "no calibration"
    """The scores in these conditions could not be calibrated."""
    CRITERION_MISSED = "criterion missed"
    """The calibration in these conditions is worse than the envelope's criterion."""
    NOT_INDEPENDENT = "not independent"
    """Two voices are of one recording, or of recordings suspected of one source or session."""
    NO_PARTNER = "no partner"
    """Every other voice is of a recording that is not independent of this one, or cannot be used."""


@dataclass(frozen=True, slots=True)
class NearestCell:
    """The population's cell that a side is nearest to."""

    index: int
    distance: float
    cell: Conditions
    differs: str


@dataclass(frozen=True, slots=True)
class Missed:
    """A calibration that does not meet the criterion: its cells, and its Cllr."""

    questioned: Conditions
    known: Conditions
    cllr: Interval


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no likelihood ratio is issued.

    Attributes:
        kind: of reason.
        side: that it is about; None where it is about both.
        quantity: that is outside the settings or the envelope.
        value: what was measured: the quantity, the number of speakers, the log10 LR of a suspect's own recordings, the
            steps to the nearest cell, or Cllr at the end of its interval.
        limit: that the value does not meet.
        problem: why a side is unusable or there is no calibration, and what would help, as the error stated it.
        recordings: paths of those with several speakers.
        inconsistency: of a suspect's recordings with each other.
        measured: conditions of a side to which no cell is near enough.
        nearest: the cell that is nearest to them.
        suspicion: between the two sides.
        missed: the calibration that misses the criterion.
    """

    kind: RefusalKind
    side: Role | None = None
    quantity: Quantity | None = None
    value: float | None = None
    limit: float | None = None
    problem: str = ""
    recordings: tuple[str, ...] = ()
    inconsistency: Inconsistency | None = None
    measured: Conditions | None = None
    nearest: NearestCell | None = None
    suspicion: Suspicion | None = None
    missed: Missed | None = None


def reason_columns(refused: Refusal | None) -> dict[str, str | None]:
    """The columns of a refusal besides its sentence; nulls if there is none."""
    if refused is None:
        return {"reason_kind": None, "reason_quantity": None}
    return {"reason_kind": str(refused.kind), "reason_quantity": refused.quantity.name if refused.quantity else None}


_SUSPECTED: Mapping[SuspicionKind, RefusalKind] = {
    SAME_SOURCE: RefusalKind.SAME_SOURCE,
    SAME_SESSION: RefusalKind.SAME_SESSION,
}


def nearest_cell(side: Side, cells: Sequence[Conditions]) -> NearestCell | None:
    """The nearest of the population's cells; None without conditions."""
    if side.conditions is None:
        return None
    index, distance = nearest(side.conditions, cells)
    found = differences(as_long_as_the_longest(side.conditions, cells), cells[index])
    return NearestCell(index, distance, cells[index], in_words(found))


def refusal(
    q: Side,
    k: Side,
    q_cell: NearestCell | None,
    k_cell: NearestCell | None,
    settings: ComparisonSettings,
    envelope: Envelope | None,
    suspicions: Suspicions,
) -> Refusal | None:
    """Why no LR can be issued; None where one can.

    Args:
        q: the questioned side.
        k: the known side.
        q_cell: nearest to the questioned side.
        k_cell: nearest to the known side.
        settings: a laboratory's own limits.
        envelope: of validation; None limits nothing.
        suspicions: recordings that may not be independent of each other.
    """
    if set(q.sha256) & set(k.sha256):
        return Refusal(RefusalKind.SAME_RECORDING)
    limits = (None, None) if envelope is None else (envelope.questioned, envelope.known)
    suspicion = suspicions.against(q.sha256, k.sha256, settings)
    return (
        why_unusable(q, q_cell, QUESTIONED, settings, limits[0])
        or why_unusable(k, k_cell, KNOWN, settings, limits[1])
        or (Refusal(_SUSPECTED[suspicion.kind], suspicion=suspicion) if suspicion is not None else None)
    )


def why_unusable(
    side: Side, cell: NearestCell | None, role: Role, settings: ComparisonSettings, limits: EnvelopeLimits | None
) -> Refusal | None:
    """Why no LR can be issued for one side; None if one can."""
    if side.embedding is None or side.conditions is None or cell is None:
        return Refusal(RefusalKind.UNUSABLE_SIDE, role, problem=side.problem)
    return next(_reasons(side, side.conditions, cell, role, settings, limits), None)


def _reasons(
    side: Side,
    measured: Conditions,
    cell: NearestCell,
    role: Role,
    settings: ComparisonSettings,
    limits: EnvelopeLimits | None,
) -> Iterator[Refusal]:
    """Every reason against a side with evidence, the simplest first."""
    if side.several:
        yield Refusal(RefusalKind.SEVERAL_SPEAKERS, role, value=side.speakers, limit=1, recordings=side.several)
    found = side.inconsistency
    if found is not None and side.name not in settings.allow_inconsistent_suspects:
        yield Refusal(
            RefusalKind.INCONSISTENT_SUSPECT, role, value=found.log10_lr, limit=LEAST_LOG10_LR, inconsistency=found
        )
    yield from (_beyond(RefusalKind.OUTSIDE_SETTINGS, role, found) for found in _outside_settings(settings, measured))
    if limits is not None:
        yield from (_beyond(RefusalKind.OUTSIDE_ENVELOPE, role, found) for found in outside(limits, measured))
    if cell.distance > settings.max_condition_distance:
        yield Refusal(
            RefusalKind.UNLIKE_POPULATION,
            role,
            value=cell.distance,
            limit=settings.max_condition_distance,
            measured=measured,
            nearest=cell,
        )


def _outside_settings(settings: ComparisonSettings, measured: Conditions) -> Iterator[Shortfall]:
    """The conditions of a side that are outside a laboratory's own limits; a quantity that was not measured is not."""
    for quantity in QUANTITIES:
        value = getattr(measured, quantity.name)
        if quantity.setting and value is not None:
            limit = getattr(settings, quantity.setting)
            if quantity.is_worse(value, limit):
                yield Shortfall(quantity, value, limit)


def _beyond(kind: RefusalKind, role: Role, found: Shortfall) -> Refusal:
    return Refusal(kind, role, found.quantity, found.value, found.limit)


def calibration_refused(fitted: Calibration | CalibrationError, envelope: Envelope | None) -> Refusal | None:
    """Why a calibration gives no LR: there is none, or it misses the envelope's criterion; None if it gives one."""
    if isinstance(fitted, CalibrationError):
        return Refusal(RefusalKind.NO_CALIBRATION, problem=str(fitted))
    if envelope is None or fitted.cllr.high <= envelope.criterion:
        return None
    return Refusal(
        RefusalKind.CRITERION_MISSED,
        value=fitted.cllr.high,
        limit=envelope.criterion,
        missed=Missed(fitted.questioned, fitted.known, fitted.cllr),
    )
