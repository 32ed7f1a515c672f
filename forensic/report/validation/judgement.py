"""The decision: criteria against figures."""

from collections.abc import Sequence

from forensic.report.shared.formats import plural, printable
from forensic.report.validation.content import CriterionRow
from forensic.report.validation.names import figure_name, show_figure
from forensic.validation.criteria import Verdict
from forensic.validation.outcome import ValidationOutcome


def decide(outcome: ValidationOutcome) -> tuple[str, bool | None]:
    """The decision in a sentence; None where no criteria were fixed, so that there is none."""
    verdicts = outcome.verdicts
    if not verdicts:
        return "No acceptance criteria were fixed beforehand, so the program neither accepts nor rejects.", None
    failed = [verdict for verdict in verdicts if not verdict.is_met]
    if failed:
        return (
            f"{len(failed):,} of {plural(len(verdicts), 'acceptance criterion', 'acceptance criteria')} not met.",
            False,
        )
    return f"All {plural(len(verdicts), 'acceptance criterion', 'acceptance criteria')} met.", True


def list_criteria(verdicts: Sequence[Verdict]) -> tuple[CriterionRow, ...]:
    """Every criterion on every group that it is for."""
    return tuple(
        CriterionRow(
            criterion=describe(verdict),
            group=printable(verdict.group),
            judged=show_figure(verdict.criterion.measure, verdict.judged)
            if verdict.judged is not None
            else "not shown",
            verdict="met" if verdict.is_met else "not met",
            reason=printable(verdict.criterion.reason),
        )
        for verdict in verdicts
    )


def describe(verdict: Verdict) -> str:
    """A criterion in words: "Cllr at most 0.500, upper end of the 95 % interval"."""
    criterion = verdict.criterion
    limit = show_figure(criterion.measure, criterion.limit)
    words = f"{figure_name(criterion.measure)} {'at most' if criterion.is_most else 'at least'} {limit}"
    if criterion.judges_interval:
        words += f", {'upper' if criterion.is_most else 'lower'} end of the 95{chr(160)}% interval"
    return words
