"""The comparisons that matter, a page each: the LR, what it rests on, and the calibration behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forensic.comparison.outcomes import Explanation
from forensic.report.case.calibrations import (
    QualityRows,
    calibration_facts,
    conditions_of,
    score_plot,
    tippett_plot,
)
from forensic.report.case.case_report import ComparisonPage
from forensic.report.case.comparisons import Issued
from forensic.report.case.evidence import rows_by
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.explanations import (
    Key,
    explanation_of,
    explanation_plot,
    explanation_sentences,
    explanations_by_comparison,
)
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.speech import SpeechPlots
from forensic.report.case.summary import finding_sentences
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.content import Fact
from forensic.report.shared.formats import format_lr, format_number, format_signed, span
from forensic.report.shared.rows import calibration_labels


def comparisons_with_page(issued: Sequence[Issued], inputs: ReportInputs) -> list[Issued]:
    """Those whose LR is above 1, the highest first; if there are none, the highest of all."""
    ordered = sorted(issued, key=lambda comparison: -comparison.log10_lr)
    above = [comparison for comparison in ordered if comparison.log10_lr > 0]
    return (above or ordered[:1])[: inputs.limits.pages]


def page_anchors(chosen: Sequence[Issued]) -> dict[str, str]:
    """The id of each page in the report, by the label of its comparison."""
    return {comparison.label: f"comparison{n}" for n, comparison in enumerate(chosen, 1)}


def make_pages(
    chosen: Sequence[Issued], issued: Sequence[Issued], inputs: ReportInputs, exhibits: Exhibits
) -> tuple[tuple[ComparisonPage, ...], str]:
    """A page for each chosen comparison, and a note on the others."""
    labels = calibration_labels(comparison.calibration_id for comparison in issued)
    sources = _Sources(
        inputs, explanations_by_comparison(inputs), SpeechPlots(inputs, exhibits), rows_by(inputs.quality, "sha256")
    )
    pages = tuple(
        _page(name, comparison, labels[comparison.calibration_id], sources)
        for comparison, name in zip(chosen, page_anchors(chosen).values(), strict=True)
    )
    above = sum(comparison.log10_lr > 0 for comparison in issued)
    note = ""
    if above > len(pages):
        note = _(
            "The {shown} highest of {all} LRs above 1 have a page each. results.json has what all of them rest on.",
            shown=len(pages),
            all=number(above),
        )
    return pages, note


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a page is made from."""

    inputs: ReportInputs
    explanations: Mapping[Key, Explanation]
    speech: SpeechPlots
    quality: QualityRows


def _page(name: str, comparison: Issued, label: str, sources: _Sources) -> ComparisonPage:
    explanation = explanation_of(comparison, sources.explanations)
    return ComparisonPage(
        anchor=name,
        questioned=comparison.questioned,
        questioned_name=comparison.questioned_name,
        twins=", ".join(comparison.twins),
        known=comparison.known,
        sentences=finding_sentences(comparison),
        lr=comparison.lr_text,
        facts=(
            Fact(_("log10 LR, score"), f"{_log10(comparison)}; {_('score')} {format_number(comparison.score, 3)}"),
            *calibration_facts(comparison, label, sources.inputs),
        ),
        rests_on=explanation_sentences(comparison, explanation) if explanation else (),
        scores=score_plot(f"{name}-scores", comparison, sources.inputs),
        tippett=tippett_plot(f"{name}-tippett", comparison, sources.inputs),
        speech=sources.speech.of(f"{name}-speech", comparison, explanation),
        explanation=explanation_plot(f"{name}-explanation", comparison, explanation) if explanation else None,
        conditions=conditions_of(comparison, sources.inputs, sources.quality),
    )


def _log10(comparison: Issued) -> str:
    value = (
        f"{format_signed(comparison.log10_lr)} ({span(format_signed(comparison.low), format_signed(comparison.high))})"
    )
    if not comparison.is_bounded:
        return value
    return _(
        "{value}; without the bound {log10_lr}, an LR of {lr}",
        value=value,
        log10_lr=format_signed(comparison.unbounded),
        lr=format_lr(comparison.unbounded),
    )
