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
from forensic.report.shared import wording
from forensic.report.shared.formats import first_few, plural, two_figures


def summarise(
    comparisons: Sequence[Issued | Refused], inputs: ReportInputs, exhibits: Exhibits, warnings: Sequence[str]
) -> Summary:
    """The answers, what was compared, and why comparisons have no LR; with many, what chance would give.

    Args:
        comparisons: all of them.
        inputs: of the report.
        exhibits: what files are called.
        warnings: of sides that share something or differ in language.
    """
    issued = issued_of(comparisons)
    limits = inputs.limits
    many = len(issued) > limits.forest_rows
    notes = []
    refusals = _refusals(comparisons)
    if len(refusals) > limits.refusals:
        further = plural(len(refusals) - limits.refusals, "further reason is", "further reasons are")
        notes.append(f"{further} in the files of results.")
    strongest = _strongest(comparisons) if many else []
    if len(strongest) > limits.strongest:
        notes.append(
            f"The highest LRs of {plural(len(strongest) - limits.strongest, 'further questioned recording')} are in "
            "the files of results."
        )
    return Summary(
        answers=answer_questions(comparisons, inputs, exhibits),
        cautions=_cautions(warnings),
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
        further = plural(len(warnings) - 1, "further warning is", "further warnings are")
        cautions.append(f"{further} given before the results.")
    return (*cautions, wording.NO_POSTERIOR)


def finding_sentences(comparison: Issued) -> tuple[str, ...]:
    """What an LR says, in full: its size and direction, its interval, its verbal equivalent."""
    size = two_figures(abs(comparison.log10_lr))
    if size == "1.0":
        weight = "The evidence is about equally likely if H1 is true and if H2 is true"
    else:
        first, second = ("H1", "H2") if comparison.log10_lr > 0 else ("H2", "H1")
        about = "at least" if comparison.is_bounded else "about"
        weight = f"The evidence is {about} {size} times more likely if {first} is true than if {second} is true"
    return f"{weight} ({_interval_phrase(comparison)}).", f"In words: {comparison.verbal}."


def _interval_phrase(comparison: Issued) -> str:
    low, high, is_bounded = comparison.low, comparison.high, comparison.is_bounded
    if is_bounded and comparison.log10_lr > 0 <= low:
        return f"{wording.INTERVAL}: {two_figures(low)} times or more, for H1"
    if is_bounded and comparison.log10_lr < 0 and high <= 0:
        return f"{wording.INTERVAL}: {two_figures(-high)} times or more, for H2"
    if low >= 0:
        return f"{wording.INTERVAL}: {two_figures(low)} to {two_figures(high)} times, for H1"
    if high <= 0:
        return f"{wording.INTERVAL}: {two_figures(-high)} to {two_figures(-low)} times, for H2"
    return (
        f"{wording.INTERVAL}: from {two_figures(-low)} times more likely if H2 is true "
        f"to {two_figures(high)} times more likely if H1 is true"
    )


def _lead(comparisons: Sequence[Comparison], inputs: ReportInputs, exhibits: Exhibits) -> tuple[str, ...]:
    if not comparisons:
        return ("No comparison was made.",)
    questioned = len({comparison.questioned for comparison in comparisons})
    first = (
        f"{plural(questioned, 'questioned recording or channel', 'questioned recordings or channels')} "
        f"{'was' if questioned == 1 else 'were'} compared with {plural(count_known(comparisons), 'known speaker')}: "
        f"{plural(len(comparisons), 'comparison')}."
    )
    lead = [f"{first} {_outcome(comparisons)}"]
    if inputs.is_identification:
        lead.append(wording.OPEN_SET)
    measured = contents_of(inputs.quality)
    missing = sum(row["sha256"] not in measured for _, row in exhibits.rows)
    if missing:
        lead.append(
            f"{plural(missing, 'item')} could not be examined; the report lists "
            f"{'it' if missing == 1 else 'them'} with the reason."
        )
    copies = {twin for comparison in comparisons for twin in comparison.twins}
    if copies:
        lead.append(
            f"{plural(len(copies), 'file has', 'files have')} the same bytes as another one "
            f"({first_few(sorted(copies))}) and {'was' if len(copies) == 1 else 'were'} not compared again."
        )
    return tuple(lead)


def _outcome(comparisons: Sequence[Comparison]) -> str:
    issued = len(issued_of(comparisons))
    if issued == len(comparisons):
        return f"A likelihood ratio was issued for {'it' if issued == 1 else 'each of them'}."
    if issued:
        return (
            f"A likelihood ratio was issued for {issued:,} of them; for the other "
            f"{len(comparisons) - issued:,} none was, for the reasons given below."
        )
    return "No likelihood ratio was issued, for the reasons given below."


def _counts(comparisons: Sequence[Comparison]) -> tuple[Count, ...]:
    """How many comparisons came out with each verbal equivalent, strongest for H1 first."""
    log10_lrs = defaultdict(list)
    for comparison in issued_of(comparisons):
        log10_lrs[comparison.verbal].append(comparison.log10_lr)
    ordered = sorted(log10_lrs, key=lambda verbal: -max(log10_lrs[verbal]))
    counts = [Count(verbal[:1].upper() + verbal[1:], f"{len(log10_lrs[verbal]):,}") for verbal in ordered]
    refused = len(refused_of(comparisons))
    if refused:
        counts.append(Count("No LR issued", f"{refused:,}"))
    return tuple(counts)


def _strongest(comparisons: Sequence[Comparison]) -> list[Strongest]:
    rows = []
    for group in by_questioned(comparisons):
        ranked = highest(group, len(group))
        if not ranked:
            rows.append(Strongest(group[0].questioned, group[0].questioned_name, "", "", "", "No LR issued", ""))
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
                verbal=best.verbal,
                others=f"{above:,} of {len(group) - 1:,}" if len(group) > 1 else "",
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
        groups = [f"{questioned} with {name_known(labels, known)}" for questioned, labels in speakers.items()]
        rows.append(Refusal(first_few(groups, separator="; "), reason))
    return rows
