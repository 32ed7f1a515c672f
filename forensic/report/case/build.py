"""From the tables of a case to its report, chapter by chapter."""

from forensic.report.case.calibrations import describe_calibrations
from forensic.report.case.case_report import CaseReport, Fact
from forensic.report.case.comparisons import issued_of, read_comparisons
from forensic.report.case.evidence import check_one_examination
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.explanations import describe_explanations
from forensic.report.case.failures import list_failures
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.items import list_items
from forensic.report.case.method import describe_method, list_settings
from forensic.report.case.processing import describe_processing
from forensic.report.case.quality import list_quality
from forensic.report.case.result_plots import plot_forest, plot_matrices
from forensic.report.case.results import list_results
from forensic.report.case.scale import list_scale
from forensic.report.case.summary import summarise
from forensic.report.case.title_page import details, signatories, software
from forensic.report.case.waveforms import plot_waveforms
from forensic.report.shared import wording
from forensic.report.shared.formats import format_moment, paragraphs, printable


def build_report(inputs: ReportInputs) -> CaseReport:
    """State a case's results.

    Raises:
        ReportError: if the tables mix models or settings, or an LR is not a number or lacks its calibration.
    """
    check_one_examination(inputs)
    case = inputs.case_details
    exhibits = Exhibits(inputs)
    comparisons = read_comparisons(inputs, exhibits)
    issued = issued_of(comparisons)

    items, items_note = list_items(inputs, exhibits)
    quality, quality_note = list_quality(inputs, exhibits)
    results, results_note = list_results(comparisons, inputs)
    matrices, matrix_note = plot_matrices(comparisons, exhibits, inputs)
    explanations, explanations_note = describe_explanations(issued, inputs)
    calibrations, calibrations_note = describe_calibrations(issued, inputs)
    failures, skipped, failures_note = list_failures(inputs, exhibits)
    waveforms, waveforms_note = plot_waveforms(comparisons, inputs, exhibits)

    return CaseReport(
        # Title page
        title=printable(case.title) or "Forensic voice comparison",
        report_id=printable(inputs.comparison_id),
        reference=printable(case.reference),
        laboratory=" ".join(paragraphs(case.laboratory)),
        software=software(inputs.method),
        created=format_moment(inputs.created_utc),
        created_iso=inputs.created_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        details=details(inputs),
        signatories=signatories(inputs),
        # Summary of findings
        warnings=tuple(printable(warning) for warning in (*inputs.consistency_warnings, *inputs.leakage_warnings)),
        language_warnings=tuple(printable(warning) for warning in inputs.language_warnings),
        summary=summarise(comparisons, inputs, exhibits),
        # Questions and propositions
        questions=tuple(map(printable, case.questions)),
        information=paragraphs(case.information_received),
        h1=paragraphs(case.h1),
        h2=paragraphs(case.h2),
        relevant_population=paragraphs(case.relevant_population),
        assumptions=tuple(map(printable, case.assumptions)),
        remarks=paragraphs(case.remarks),
        # Items examined
        known_speakers=exhibits.known_speakers(),
        item_folders=exhibits.folders(),
        items=items,
        items_note=items_note,
        # Quality of the recordings
        quality=quality,
        quality_note=quality_note,
        # Results, and how to read them
        results=results,
        results_note=results_note,
        results_files=inputs.all_results,
        matrices=matrices,
        matrix_note=matrix_note,
        forest=plot_forest(issued, inputs),
        scale_name=printable(inputs.scale.name),
        scale_citation=printable(inputs.scale.citation).rstrip(". "),
        scale=list_scale(inputs.scale),
        reading=wording.READING,
        # What carries the likelihood ratios
        explanations=explanations,
        explanations_note=explanations_note,
        explanation_reading=wording.EXPLANATION,
        # Calibration and validation
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        # Processing and method
        processing=describe_processing(inputs, exhibits),
        method=describe_method(inputs.method),
        limitations=wording.LIMITATIONS,
        # What could not be examined
        failures=failures,
        skipped=skipped,
        failures_note=failures_note,
        # Glossary and appendices
        glossary=tuple(Fact(*entry) for entry in wording.GLOSSARY),
        waveforms=waveforms,
        waveforms_note=waveforms_note,
        settings=list_settings(inputs.method.settings),
    )
