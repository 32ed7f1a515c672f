"""The decision: criteria against figures."""

from collections.abc import Sequence

from forensic.report.shared.catalogue import N_, _, ngettext, number
from forensic.report.shared.formats import printable
from forensic.report.validation.content import CriterionRow
from forensic.report.validation.names import figure_name, group_name, show_figure
from forensic.validation.criteria import Verdict
from forensic.validation.outcome import ValidationOutcome


def decide(outcome: ValidationOutcome) -> tuple[str, bool | None]:
    """The decision in a sentence, and whether all criteria are met; None if no criteria were fixed."""
    verdicts = outcome.verdicts
    if not verdicts:
        return _("No acceptance criteria were fixed beforehand, so the program neither accepts nor rejects."), None
    failed = sum(not verdict.is_met for verdict in verdicts)
    if failed:
        text = ngettext(
            "{failed} of {n} acceptance criterion not met.",
            "{failed} of {n} acceptance criteria not met.",
            len(verdicts),
            failed=number(failed),
        )
        return text, False
    return ngettext("The acceptance criterion is met.", "All {n} acceptance criteria met.", len(verdicts)), True


def list_criteria(verdicts: Sequence[Verdict]) -> tuple[CriterionRow, ...]:
    """Every criterion on every group that it is for."""
    return tuple(
        CriterionRow(
            criterion=describe(verdict),
            group=group_name(verdict.criterion.in_each, verdict.group),
            judged=show_figure(verdict.criterion.measure, verdict.judged)
            if verdict.judged is not None
            else _("not shown"),
            is_met=verdict.is_met,
            reason=printable(verdict.criterion.reason),
        )
        for verdict in verdicts
    )


def describe(verdict: Verdict) -> str:
    """A criterion in words: "Cllr at most 0.500, upper end of the 95 % interval"."""
    criterion = verdict.criterion
    name, limit = figure_name(criterion.measure), show_figure(criterion.measure, criterion.limit)
    return _(_CRITERIA[criterion.is_most, criterion.judges_interval], measure=name, limit=limit)


_CRITERIA = {  # whether the limit is the most, and whether the interval is judged
    (True, False): N_("{measure} at most {limit}"),
    (False, False): N_("{measure} at least {limit}"),
    (True, True): N_("{measure} at most {limit}, upper end of the 95\N{NO-BREAK SPACE}% interval"),
    (False, True): N_("{measure} at least {limit}, lower end of the 95\N{NO-BREAK SPACE}% interval"),
}
