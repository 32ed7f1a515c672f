"""Acceptance criteria of a validation: fixed in a file beforehand, judged afterwards.

The file is TOML::

    title = "Validation of the telephone configuration"
    fixed_on = 2026-11-02
    responsible = "A. Examiner, head of the audio section"
    purpose = "..."
    scope = "..."
    conditions = "..."

    [[criteria]]
    measure = "cllr"         # any figure of validation.json
    at_most = 0.5            # or at_least
    judge = "interval"       # the upper end of its 95 % interval; "value" (the default) judges the value itself
    in_each = "condition"    # every group of this breakdown by itself; all comparisons together without it
    reason = "..."

A figure that is undefined, or of a group too small to be measured, meets no criterion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from forensic.errors import ValidationError
from forensic.storage import toml
from forensic.validation.breakdown import BREAKDOWNS, Group


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of them.

    Attributes:
        measure: a figure of ``Group.figures``.
        limit: that it must not pass.
        is_most: whether the limit is the largest that is accepted, or the smallest.
        judges_interval: whether the end of the 95 % interval that is nearer to the limit is judged, not the value.
        in_each: a breakdown of which each group must meet it; empty for all comparisons together.
        reason: why this limit.
    """

    measure: str
    limit: float
    is_most: bool
    judges_interval: bool
    in_each: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was fixed before a validation.

    Attributes:
        criteria: in the file's order; none where nothing was fixed.
        title, responsible, purpose, scope, conditions: in the words of whoever fixed them; empty where not stated.
        fixed_on: the date that the file states.
        sha256: of the file; empty where there is none.
    """

    criteria: tuple[Criterion, ...] = ()
    title: str = ""
    responsible: str = ""
    purpose: str = ""
    scope: str = ""
    conditions: str = ""
    fixed_on: date | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A criterion judged on one group.

    Attributes:
        criterion: what was asked.
        group: name of the group.
        judged: the figure that was compared with the limit; None where there is none.
        is_met: whether it kept to the limit.
    """

    criterion: Criterion
    group: str
    judged: float | None
    is_met: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """A criterion as the file has it."""

    measure: str
    at_most: toml.Finite | None = None
    at_least: toml.Finite | None = None
    judge: Literal["value", "interval"] = "value"
    in_each: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _File:
    """The file."""

    criteria: Annotated[tuple[_Entry, ...], Meta(min_length=1)]
    title: str = ""
    responsible: str = ""
    purpose: str = ""
    scope: str = ""
    conditions: str = ""
    fixed_on: date | None = None


def load_plan(path: Path | None) -> Plan:
    """Read acceptance criteria.

    Args:
        path: the file, or None where none were fixed.

    Raises:
        ValidationError: if it cannot be read, or has an unknown key, measure or value.
    """
    if path is None:
        return Plan()
    stated, sha256 = toml.read_hashed(path, _File, toml.Blame(ValidationError, "the criteria "))
    criteria = tuple(
        _criterion(entry, f"{path}: criterion {number}") for number, entry in enumerate(stated.criteria, 1)
    )
    return Plan(
        criteria,
        title=stated.title,
        responsible=stated.responsible,
        purpose=stated.purpose,
        scope=stated.scope,
        conditions=stated.conditions,
        fixed_on=stated.fixed_on,
        sha256=sha256,
    )


def _criterion(entry: _Entry, where: str) -> Criterion:
    limit = entry.at_most if entry.at_most is not None else entry.at_least
    if entry.measure not in FIGURES:
        raise ValidationError(f"{where} has the measure {entry.measure!r}.", f"Use one of {', '.join(FIGURES)}.")
    if limit is None or None not in {entry.at_most, entry.at_least}:
        raise ValidationError(f"{where} has not one number as its limit.", "Give at_most or at_least.")
    judges_interval = entry.judge == "interval"
    if judges_interval and f"{entry.measure}_low" not in FIGURES_WITH_ENDS:
        raise ValidationError(
            f"{where} judges the interval of {entry.measure}, which has none.", 'Use judge = "value".'
        )
    if entry.in_each and entry.in_each not in BREAKDOWNS:
        raise ValidationError(
            f"{where}: in_each = {entry.in_each!r} is no breakdown.", f"Use one of {', '.join(BREAKDOWNS)}."
        )
    return Criterion(entry.measure, limit, entry.at_most is not None, judges_interval, entry.in_each, entry.reason)


def judge(plan: Plan, everything: Group, groups: Sequence[Group]) -> tuple[Verdict, ...]:
    """Every criterion on every group that it is for, in the order of the plan.

    A criterion for each group of a breakdown that has no groups is not met: nothing was shown.
    """
    verdicts = []
    for criterion in plan.criteria:
        chosen = [group for group in groups if group.by == criterion.in_each] if criterion.in_each else [everything]
        verdicts += [_verdict(criterion, group) for group in chosen]
        if not chosen:
            verdicts.append(Verdict(criterion, f"no {criterion.in_each} stated", None, is_met=False))
    return tuple(verdicts)


def _verdict(criterion: Criterion, group: Group) -> Verdict:
    end = ("_high" if criterion.is_most else "_low") if criterion.judges_interval else ""
    value = group.figures()[criterion.measure + end]
    kept = value is not None and (value <= criterion.limit if criterion.is_most else value >= criterion.limit)
    return Verdict(criterion, group.name, value, is_met=kept)


FIGURES_WITH_ENDS = tuple(Group("", "", 0, 0, 0, 0, 0, None, None).figures())
FIGURES = tuple(name for name in FIGURES_WITH_ENDS if not name.endswith(("_low", "_high")))
"""What a criterion can be about."""
