"""The summary: the answers to the questions, what was compared, and why comparisons have no LR."""

from collections import defaultdict
from collections.abc import Sequence

from forensic.report.case.answers import answer_questions
from forensic.report.case.case_report import Count, Refusal, Strongest, Summary
from forensic.report.case.chance import chance
from forensic.report.case.comparisons import (
    Comparison,
    Issued,
    Refused,
    by_questioned,
    count_known,
    highest,
    issued_of,
    name_known,
    refused_of,
)
from forensic.report.case.evidence import contents_of
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.page_one import lines_for_answers
from forensic.report.case.plots import ForestPlot
from forensic.report.shared import wording
from forensic.report.shared.catalogue import N_, _, ngettext, number
from forensic.report.shared.formats import first_few, two_figures


def summarise(
    comparisons: Sequence[Issued | Refused],
    inputs: ReportInputs,
    exhibits: Exhibits,
    warnings: Sequence[str],
    forest: ForestPlot | None,
) -> Summary:
    """The answers, what was compared, and why comparisons have no LR; with many, what chance would give.

    Args:
        comparisons: all of them.
        inputs: of the report.
        exhibits: what files are called.
        warnings: of sides that share something or differ in language.
        forest: the picture that is on page one as well.
    """
    cautions = _cautions(warnings)
    issued = issued_of(comparisons)
    limits = inputs.limits
    many = len(issued) > limits.forest_rows
    notes = []
    refusals = _refusals(comparisons)
    if len(refusals) > limits.refusals:
        notes.append(
            ngettext(
                "{n} further reason is in the files of results.",
                "{n} further reasons are in the files of results.",
                len(refusals) - limits.refusals,
            )
        )
    strongest = _strongest(comparisons) if many else []
    if len(strongest) > limits.strongest:
        notes.append(
            ngettext(
                "The highest LR of {n} further questioned recording is in the files of results.",
                "The highest LRs of {n} further questioned recordings are in the files of results.",
                len(strongest) - limits.strongest,
            )
        )
    return Summary(
        answers=answer_questions(comparisons, inputs, exhibits, lines_for_answers(forest, cautions)),
        cautions=cautions,
        lead=_lead(comparisons, inputs, exhibits),
        counts=_counts(comparisons) if many else (),
        strongest=tuple(strongest[: limits.strongest]),
        chance=chance(issued, inputs.calibrations) if many or inputs.is_identification else (),
        refusals=tuple(refusals[: limits.refusals]),
        notes=tuple(notes),
    )


def _cautions(warnings: Sequence[str]) -> tuple[str, ...]:
    """What a reader must know before the LRs."""
    cautions = [*warnings[:1]]
    if len(warnings) > 1:
        cautions.append(
            ngettext(
                "{n} further warning is given before the results.",
                "{n} further warnings are given before the results.",
                len(warnings) - 1,
            )
        )
    return (*cautions, _(wording.NO_POSTERIOR))


def finding_sentences(comparison: Issued) -> tuple[str, ...]:
    """What an LR says, in full: its size and direction, its interval, its verbal equivalent."""
    size = two_figures(abs(comparison.log10_lr))
    first, second = ("H1", "H2") if comparison.log10_lr > 0 else ("H2", "H1")
    if size == two_figures(0.0):
        weight = N_("The evidence is about equally likely if H1 is true and if H2 is true ({interval}).")
    elif comparison.is_bounded:
        weight = N_(
            "By the best estimate, the evidence is at least {size} times more likely if {first} is true than if "
            "{second} is true ({interval})."
        )
    else:
        weight = N_(
            "The evidence is about {size} times more likely if {first} is true than if {second} is true ({interval})."
        )
    interval = _interval_phrase(comparison)
    return (
        _(weight, size=size, first=first, second=second, interval=interval),
        _("In words: {words}.", words=comparison.verbal),
    )


def _interval_phrase(comparison: Issued) -> str:
    low, high, is_bounded = comparison.low, comparison.high, comparison.is_bounded
    if low < 0 < high:
        return _(
            "95 % interval: from {low} times more likely if H2 is true to {high} times more likely if H1 is true",
            low=two_figures(-low),
            high=two_figures(high),
        )
    hypothesis, least, most = ("H1", low, high) if low >= 0 else ("H2", -high, -low)
    if is_bounded and (comparison.log10_lr > 0) == (low >= 0):
        return _(
            "95 % interval: {least} times or more, for {hypothesis}", least=two_figures(least), hypothesis=hypothesis
        )
    return _(
        "95 % interval: {least} to {most} times, for {hypothesis}",
        least=two_figures(least),
        most=two_figures(most),
        hypothesis=hypothesis,
    )


def _lead(comparisons: Sequence[Comparison], inputs: ReportInputs, exhibits: Exhibits) -> tuple[str, ...]:
    if not comparisons:
        return (_("No comparison was made."),)
    questioned = len({comparison.questioned for comparison in comparisons})
    first = ngettext(
        "{n} questioned recording or channel was compared with {known}: {comparisons}.",
        "{n} questioned recordings or channels were compared with {known}: {comparisons}.",
        questioned,
        known=ngettext("{n} known speaker", "{n} known speakers", count_known(comparisons)),
        comparisons=ngettext("{n} comparison", "{n} comparisons", len(comparisons)),
    )
    lead = [f"{first} {_outcome(comparisons)}"]
    if inputs.is_identification:
        lead.append(_(wording.OPEN_SET))
    measured = contents_of(inputs.quality)
    missing = sum(row["sha256"] not in measured for _, row in exhibits.rows)
    if missing:
        lead.append(
            ngettext(
                "{n} item could not be examined; the report lists it with the reason.",
                "{n} items could not be examined; the report lists them with the reason.",
                missing,
            )
        )
    copies = {twin for comparison in comparisons for twin in comparison.twins}
    if copies:
        lead.append(
            ngettext(
                "{n} file has the same bytes as another one ({names}) and was not compared again.",
                "{n} files have the same bytes as another one ({names}) and were not compared again.",
                len(copies),
                names=first_few(sorted(copies)),
            )
        )
    return tuple(lead)


def _outcome(comparisons: Sequence[Comparison]) -> str:
    issued = len(issued_of(comparisons))
    if issued == len(comparisons):
        return ngettext(
            "A likelihood ratio was issued for it.", "A likelihood ratio was issued for each of them.", issued
        )
    if issued:
        return _(
            "A likelihood ratio was issued for {issued} of them; for the other {others} none was, for the reasons "
            "given below.",
            issued=number(issued),
            others=number(len(comparisons) - issued),
        )
    return _("No likelihood ratio was issued, for the reasons given below.")


def _counts(comparisons: Sequence[Comparison]) -> tuple[Count, ...]:
    """How many comparisons came out with each verbal equivalent, strongest for H1 first."""
    log10_lrs = defaultdict(list)
    for comparison in issued_of(comparisons):
        log10_lrs[comparison.verbal].append(comparison.log10_lr)
    ordered = sorted(log10_lrs, key=lambda verbal: -max(log10_lrs[verbal]))
    counts = [Count(verbal[:1].upper() + verbal[1:], number(len(log10_lrs[verbal]))) for verbal in ordered]
    refused = len(refused_of(comparisons))
    if refused:
        counts.append(Count(_("No LR issued"), number(refused)))
    return tuple(counts)


def _strongest(comparisons: Sequence[Comparison]) -> list[Strongest]:
    rows = []
    for group in by_questioned(comparisons):
        ranked = highest(group, len(group))
        if not ranked:
            rows.append(Strongest(group[0].questioned, group[0].questioned_name, "", "", "", _("No LR issued"), ""))
            continue
        best, *others = ranked
        above = sum(comparison.log10_lr > 0 for comparison in others)
        rows.append(
            Strongest(
                questioned=best.questioned,
                questioned_name=best.questioned_name,
                known=best.known,
                lr=best.lr_text,
                interval=best.interval_text,
                verbal=best.brief_verbal,
                others=_("{number} of {all}", number=number(above), all=number(len(group) - 1))
                if len(group) > 1
                else "",
            )
        )
    return rows


def _refusals(comparisons: Sequence[Comparison]) -> list[Refusal]:
    """Reasons why no LR was issued, each with its comparisons."""
    known = count_known(comparisons)
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for comparison in refused_of(comparisons):
        by_reason[comparison.reason][comparison.questioned].append(comparison.suspect_label)
    rows = []
    for reason, speakers in by_reason.items():
        groups = [
            _("{questioned} with {known}", questioned=questioned, known=name_known(labels, known))
            for questioned, labels in speakers.items()
        ]
        rows.append(Refusal(first_few(groups, separator="; "), reason))
    return rows
