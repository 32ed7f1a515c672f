"""The first model's opinion, and with a second model that of both together, with each alone beside it."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from forensic.comparison.calibrations import CalibrationStep, calibration_step
from forensic.comparison.independence import Suspicions
from forensic.comparison.sides import Side
from forensic.comparison.tables import STATUS_LR
from forensic.comparison.weigh import Weighed, weigh
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.likelihood_ratio.second_bank import covered
from forensic.progress import Note, Watch, counting, unnoted, unwatched
from forensic.records import Samples
from forensic.speaker.backend import Backend
from forensic.speaker.fusion import FusedScore, joined

_OF_BOTH = (
    "adjusted_score",
    "log10_lr",
    "log10_lr_low",
    "log10_lr_high",
    "unbounded_log10_lr",
    "verbal_equivalent",
    "calibration_id",
    "questioned_cell",
    "questioned_distance",
    "questioned_differs",
    "known_cell",
    "known_distance",
    "known_differs",
)
"""Columns that tell of the calibration that a row's LR rests on."""


@dataclass(frozen=True, slots=True)
class Calibrators:
    """What the calibrations of a case rest on.

    Attributes:
        first: of the first model alone.
        second: of the second model alone; None without one, or where the population has no embeddings of it.
        both: of both together, or None.
    """

    first: CalibrationStep
    second: CalibrationStep | None = None
    both: CalibrationStep | None = None

    def seen(self, sides: Sequence[Side]) -> list[Side]:
        """Sides as the population is seen: what channels do to the second model's embeddings is taken off them."""
        population = self.first.population
        nuisance = population.second_view.nuisance if isinstance(population, Population) else None
        if nuisance is None:
            return list(sides)
        return [
            side if side.second is None else dataclasses.replace(side, second=nuisance.removed(side.second))
            for side in sides
        ]


@dataclass(frozen=True, slots=True)
class Opinions:
    """The results of all pairs of sides.

    Attributes:
        issued: the LRs that count: of both models where both embedded both sides, else of the first.
        first: of the first model alone; the same, without a second one.
        both: of both models; None without a second one.
    """

    issued: Weighed
    first: Weighed
    both: Weighed | None = None


def calibrators(first: CalibrationStep, note: Note = unnoted) -> Calibrators:
    """What calibrations rest on, from the step of the first model alone, with its population.

    Args:
        first: of the first model.
        note: called with how far each fit is.
    """
    if not isinstance(first.population, Population) or first.population.second is None:
        return Calibrators(first)
    fits = [counting(note, f"fitting the calibration of {whose}", "parts") for whose in ("the second model", "both")]
    return Calibrators(first, step_of_second(first, fits[0]), step_of_both(first, fits[1]))


def step_of_second(first: CalibrationStep, watch: Watch = unwatched) -> CalibrationStep:
    """The same for the second model alone, on what it embedded of the population."""
    rows, second = _covered(first)
    return calibration_step(dataclasses.replace(rows, embeddings=second), first.settings, Backend(), first.kept, watch)


def step_of_both(first: CalibrationStep, watch: Watch = unwatched) -> CalibrationStep:
    """The same for both models together."""
    rows, second = _covered(first)
    both = dataclasses.replace(rows, embeddings=joined(rows.embeddings, second))
    assert isinstance(first.backend, Backend)
    scorer = FusedScore(first.backend, rows.embeddings.shape[1])
    return calibration_step(both, first.settings, scorer, first.kept, watch)


def _covered(first: CalibrationStep) -> tuple[Population, Samples]:
    assert isinstance(first.population, Population)  # a list of scores has no voices
    return covered(first.population)


def weigh_opinions(
    questioned: Sequence[Side],
    known: Sequence[Side],
    by: Calibrators,
    scale: VerbalScale,
    envelope: Envelope | None,
    suspicions: Suspicions | None = None,
    workers: int = 1,
    watch: Watch = unwatched,
) -> Opinions:
    """Every questioned side against every suspect; arguments as of ``weigh``."""

    def opinion(see: Callable[[Side], Side], step: CalibrationStep) -> Weighed:
        sides = [[see(side) for side in of_one] for of_one in (questioned, known)]
        return weigh(sides[0], sides[1], step, scale, envelope, suspicions, workers, watch)

    questioned, known = by.seen(questioned), by.seen(known)
    first = weigh(questioned, known, by.first, scale, envelope, suspicions, workers, watch)
    if by.second is None or by.both is None:
        return Opinions(first, first)
    both = opinion(seen_by_both, by.both)
    return Opinions(_together(first, opinion(seen_by_second, by.second), both), first, both)


def seen_by_second(side: Side) -> Side:
    """A side as the second model sees it."""
    return dataclasses.replace(side, embedding=side.second)


def seen_by_both(side: Side) -> Side:
    """A side with the embeddings of both models as one; none if one of them is lacking."""
    if side.embedding is None or side.second is None:
        return dataclasses.replace(side, embedding=None)
    return dataclasses.replace(side, embedding=joined(side.embedding, side.second))


def opinion_on_voices(voices: Sequence[Side], by: Calibrators) -> tuple[list[Side], CalibrationStep]:
    """Voices that are all compared with each other, as one opinion sees them, and what its calibrations rest on.

    That of both models where the second one embedded every voice; else that of the first, so that all LRs are of one
    kind.

    Args:
        voices: with embeddings of the first model.
        by: of the population.
    """
    seen = [seen_by_both(side) for side in by.seen(voices)]
    if by.both is None or any(side.embedding is None for side in seen):
        return list(voices), by.first
    return seen, by.both


def _together(first: Weighed, second: Weighed, both: Weighed) -> Weighed:
    """The first opinion, with that of both in its place wherever there is one."""
    has_both = (first.comparisons["status"] == STATUS_LR) & (both.comparisons["status"] == STATUS_LR)
    frame = first.comparisons.with_columns(
        pl.when(has_both).then(both.comparisons[name]).otherwise(pl.col(name)).alias(name) for name in _OF_BOTH
    ).with_columns(
        fused_score=pl.when(has_both).then(both.comparisons["score"]),
        first_log10_lr=pl.when(has_both).then(first.comparisons["log10_lr"]),
        second_log10_lr=pl.when(has_both).then(second.comparisons["log10_lr"]),
    )
    used = set(frame["calibration_id"].drop_nulls())
    calibrations = {name: one for name, one in (first.calibrations | both.calibrations).items() if name in used}
    return Weighed(frame.select(first.comparisons.columns), first.refusals, calibrations)
