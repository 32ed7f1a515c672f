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

import hashlib
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from forensic.errors import ValidationError
from forensic.validation.breakdown import BREAKDOWNS, Group

_TEXTS = ("title", "responsible", "purpose", "scope", "conditions")
_KEYS = {"measure", "at_most", "at_least", "judge", "in_each", "reason"}
_JUDGE = ("value", "interval")


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


def load_plan(path: Path | None) -> Plan:
    """Read acceptance criteria.

    Args:
        path: the file, or None where none were fixed.

    Raises:
        ValidationError: if it cannot be read, or has an unknown key, measure or value.
    """
    if path is None:
        return Plan()
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise ValidationError(f"Cannot read the criteria {path}: {error.strerror}.", "Check --criteria.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error
    if unknown := set(table) - {*_TEXTS, "fixed_on", "criteria"}:
        raise ValidationError(
            f"{path}: unknown {', '.join(sorted(unknown))}.", f"Use {', '.join(_TEXTS)}, fixed_on and [[criteria]]."
        )
    texts = {name: table.get(name, "") for name in _TEXTS}
    fixed_on, entries = table.get("fixed_on"), table.get("criteria", [])
    if not all(isinstance(text, str) for text in texts.values()) or not isinstance(entries, list) or not entries:
        raise ValidationError(
            f"{path} has a text that is none, or no [[criteria]].", "State one criterion or more, each a [[criteria]]."
        )
    if fixed_on is not None and type(fixed_on) is not date:
        raise ValidationError(f"{path}: fixed_on = {fixed_on} is no date.", "Write it as 2026-11-02, without quotes.")
    read = tuple(_criterion(entry, f"{path}: criterion {number}") for number, entry in enumerate(entries, 1))
    return Plan(read, **texts, fixed_on=fixed_on, sha256=hashlib.sha256(content).hexdigest())


def _criterion(entry: Any, where: str) -> Criterion:
    if not isinstance(entry, dict) or set(entry) - _KEYS:
        raise ValidationError(f"{where} has an unknown key.", f"Use {', '.join(sorted(_KEYS))}.")
    measure, judge, in_each = entry.get("measure"), entry.get("judge", "value"), entry.get("in_each", "")
    limits = [entry[name] for name in ("at_most", "at_least") if name in entry]
    if measure not in FIGURES:
        raise ValidationError(f"{where} has the measure {measure!r}.", f"Use one of {', '.join(FIGURES)}.")
    if len(limits) != 1 or not isinstance(limits[0], int | float) or isinstance(limits[0], bool):
        raise ValidationError(f"{where} has not one number as its limit.", "Give at_most or at_least.")
    if not math.isfinite(limits[0]):
        raise ValidationError(f"{where} has the limit {limits[0]}.", "Give a finite number.")
    if judge not in _JUDGE or (judge == "interval" and f"{measure}_low" not in FIGURES_WITH_ENDS):
        raise ValidationError(
            f"{where} judges {judge!r} of {measure}.", 'Use "value", or "interval" where the measure has one.'
        )
    if in_each and in_each not in BREAKDOWNS:
        raise ValidationError(
            f"{where}: in_each = {in_each!r} is no breakdown.", f"Use one of {', '.join(BREAKDOWNS)}."
        )
    if not isinstance(reason := entry.get("reason", ""), str):
        raise ValidationError(f"{where} has a reason that is no text.", "Put it in quotes.")
    return Criterion(measure, float(limits[0]), "at_most" in entry, judge == "interval", in_each, reason)


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
