"""Verbal equivalents: the words that a laboratory uses for the size of a likelihood ratio."""

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from forensic.errors import CalibrationError, SettingsError
from forensic.storage import toml
from forensic.storage.shipped import shipped

NO_SUPPORT = "no support either way"

Direction: TypeAlias = Literal["H1", "H2", ""]
"""The proposition that a likelihood ratio supports; empty for neither."""


@dataclass(frozen=True, slots=True)
class ScaleStep:
    """One step of a verbal scale, on magnitudes: above ``low_log10``, up to and including ``high_log10``.

    Attributes:
        low_log10: 0 for the first step.
        high_log10: infinite for the last step.
        term: the words, "moderate support".
        is_neutral: whether the words favour neither proposition.
    """

    low_log10: float
    high_log10: float
    term: str
    is_neutral: bool


@dataclass(frozen=True, slots=True)
class VerbalScale:
    """A whole scale: steps from LR 1 to infinity, without gaps; the reciprocal of an LR has the same step.

    Attributes:
        name: for the report.
        citation: where it comes from.
        steps: in rising order.
    """

    name: str
    citation: str
    steps: tuple[ScaleStep, ...]

    def step(self, log10_lr: float) -> ScaleStep:
        """The step of a log10 LR; a value on an edge belongs to the weaker step.

        Raises:
            CalibrationError: if the log10 LR is NaN.
        """
        if math.isnan(log10_lr):
            raise CalibrationError("A log10 LR is not a number.", "Do not issue an LR that could not be calculated.")
        return next(step for step in self.steps if abs(log10_lr) <= step.high_log10)

    def support(self, log10_lr: float) -> tuple[str, Direction]:
        """How strong the support is, in words, and for which proposition: "moderate support", "H1".

        Raises:
            CalibrationError: if the log10 LR is NaN.
        """
        step = self.step(log10_lr)
        if step.is_neutral:
            return step.term, ""
        if log10_lr == 0:
            return NO_SUPPORT, ""
        return step.term, "H1" if log10_lr > 0 else "H2"

    def describe(self, low: float, high: float) -> str:
        """The verbal equivalent of an interval: "moderate support for H1 over H2", "no support either way".

        Args:
            low: lower end of the interval of a log10 LR.
            high: upper end.

        Raises:
            CalibrationError: if an end is NaN.
        """
        term, direction = self.support(nearest_to_one(low, high))
        if not direction:
            return term
        return f"{term} for H1 over H2" if direction == "H1" else f"{term} for H2 over H1"


def nearest_to_one(low: float, high: float) -> float:
    """The end of an interval of log10 LRs that is nearer to an LR of 1, by which it is put in words; 0 if it holds it.

    >>> [nearest_to_one(*ends) for ends in ((0.5, 2.0), (-2.0, -0.5), (-1.0, 1.0))]
    [0.5, -0.5, 0.0]
    """
    if low > 0:
        return low
    return 0.0 if high >= 0 else high


def own_scale(templates: str) -> Path | None:
    """The verbal scale in a laboratory's folder of templates; None where there is none."""
    path = Path(templates) / "scale.toml"
    return path if templates and path.is_file() else None


def load_scale(path: Path | None = None) -> VerbalScale:
    """Read a verbal scale.

    The file is TOML: ``name``, ``citation`` and a list of ``[[steps]]``, each with ``low_lr``, ``high_lr``
    (left out in the last), ``term``, and ``neutral = true`` if the term favours neither proposition.

    Args:
        path: the file. None: the bundled scale.

    Raises:
        SettingsError: if the file cannot be read, or its steps do not cover LR 1 to infinity without gap
            or overlap.
    """
    path = path or shipped("templates") / "scales" / "casework.toml"
    stated = toml.read(path, _File, toml.Blame(SettingsError, "the verbal scale "))
    steps = tuple(_step(step, f"{path}: step {number}") for number, step in enumerate(stated.steps, start=1))
    _check_steps(steps, path)
    return VerbalScale(stated.name, stated.citation, steps)


@dataclass(frozen=True, slots=True)
class _StatedStep:
    """A step as the file has it."""

    low_lr: Annotated[float, Meta(ge=1)]
    term: str
    high_lr: float = math.inf
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class _File:
    """The file."""

    name: str
    citation: str
    steps: Annotated[tuple[_StatedStep, ...], Meta(min_length=1)]


def _step(step: _StatedStep, where: str) -> ScaleStep:
    if not step.low_lr < step.high_lr:
        raise SettingsError(
            f"{where} goes from LR {step.low_lr} to {step.high_lr}.",
            "Make high_lr larger than low_lr, and both 1 or more.",
        )
    return ScaleStep(math.log10(step.low_lr), math.log10(step.high_lr), step.term, step.neutral)


def _check_steps(steps: tuple[ScaleStep, ...], path: Path) -> None:
    if steps[0].low_log10 != 0 or steps[-1].high_log10 != math.inf:
        raise SettingsError(
            f"{path}: the steps do not cover LR 1 to infinity.",
            "Start the first at low_lr = 1 and leave high_lr out of the last.",
        )
    for number, (below, above) in enumerate(pairwise(steps), start=1):
        if below.high_log10 != above.low_log10:
            kind = "a gap" if below.high_log10 < above.low_log10 else "an overlap"
            raise SettingsError(
                f"{path}: there is {kind} between steps {number} and {number + 1}.",
                "Make each step start where the one before ends.",
            )
