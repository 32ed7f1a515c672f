"""From the tables of a case to its report, chapter by chapter."""

from forensic.audio.phonetics import HIGH_VOICE_HZ
from forensic.audio.phonetics_population import FEWEST_S, TABLE
from forensic.case.details import DEFAULT_H1, DEFAULT_H2, DEFAULT_TITLE
from forensic.report.case.calibrations import all_calibrations, corpora_of
from forensic.report.case.case_report import CaseReport
from forensic.report.case.comparisons import issued_of, read_comparisons
from forensic.report.case.evidence import check_one_examination
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.failures import list_failures
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.items import list_items
from forensic.report.case.neighbours import neighbour_facts
from forensic.report.case.pages import comparisons_with_page, make_pages, page_anchors
from forensic.report.case.processing import describe_processing
from forensic.report.case.quality import list_quality, quality_reading
from forensic.report.case.real_calls import real_calls
from forensic.report.case.result_plots import plot_forest, plot_matrices
from forensic.report.case.results import has_both, list_results, second_reading
from forensic.report.case.scale import list_scale
from forensic.report.case.summary import summarise
from forensic.report.case.voices import list_voices
from forensic.report.shared import method_wording, wording
from forensic.report.shared.catalogue import _, format_day, number
from forensic.report.shared.content import Fact, MethodChapter, TitlePage
from forensic.report.shared.formats import paragraphs, printable, prose
from forensic.report.shared.glossary import CASE, glossary
from forensic.report.shared.method import describe_system, list_settings
from forensic.report.shared.suspicions import consistency_in_words, languages_in_words, leaks_in_words, names_of
from forensic.report.shared.title_page import report_name, signatories, title_page, whose_case


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
    chosen = comparisons_with_page(issued, inputs)
    pages, pages_note = make_pages(chosen, issued, inputs, exhibits)
    results, others, results_note = list_results(comparisons, inputs, page_anchors(chosen))
    shows_all = len(issued) <= inputs.limits.forest_rows
    matrices, matrix_note = ((), "") if shows_all else plot_matrices(comparisons, exhibits, inputs)
    calibrations, calibrations_note = all_calibrations(issued, inputs)
    failures, skipped, failures_note = list_failures(inputs, exhibits)
    warnings = (
        *map(printable, consistency_in_words(inputs.consistency)),
        *map(printable, leaks_in_words(inputs.leaks, names_of(inputs.files))),
    )
    language_warnings = tuple(printable(warning) for warning in languages_in_words(inputs.language_differences))
    forest = plot_forest(issued, inputs, page_anchors(chosen))

    return CaseReport(
        title_page=_title_page(inputs),
        # Questions and answers, results
        warnings=warnings,
        language_warnings=language_warnings,
        summary=summarise(comparisons, inputs, exhibits, (*warnings, *language_warnings), forest),
        forest=forest,
        results=results,
        other_results=others,
        results_note=results_note,
        second_reading=second_reading(inputs),
        has_both=has_both(inputs),
        results_files=inputs.all_results,
        matrices=matrices,
        matrix_note=matrix_note,
        # Comparisons
        pages=pages,
        pages_note=pages_note,
        voices=list_voices(inputs, exhibits),
        voices_reading=_(
            method_wording.VOICES, table=TABLE, f0=number(HIGH_VOICE_HZ, ".0f"), seconds=number(FEWEST_S, ".0f")
        ),
        pages_reading=method_wording.explanation(inputs.method) if pages else (),
        # How to read the results
        reading=prose(_(wording.READING)),
        scale_name=printable(_(inputs.scale.name)),
        scale_citation=printable(_(inputs.scale.citation)).rstrip(". "),
        scale=list_scale(inputs.scale),
        # Propositions and information received
        information=paragraphs(case.information_received),
        h1=paragraphs(_(DEFAULT_H1) if case.h1 == DEFAULT_H1 else case.h1),
        h2=paragraphs(_(DEFAULT_H2) if case.h2 == DEFAULT_H2 else case.h2),
        relevant_population=paragraphs(case.relevant_population.description),
        assumptions=tuple(map(printable, case.assumptions)),
        remarks=paragraphs(case.remarks),
        # Items examined, and their quality
        known_speakers=exhibits.known_speakers(),
        item_folders=exhibits.folders(),
        items=items,
        items_note=items_note,
        failures=failures,
        skipped=skipped,
        failures_note=failures_note,
        quality=quality,
        quality_reading=quality_reading(inputs.method),
        quality_note=quality_note,
        # Calibration and validation
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        real_calls=real_calls(inputs),
        corpora=corpora_of(issued, inputs),
        # Method, limitations, glossary, declaration
        method=MethodChapter(
            processing=describe_processing(inputs, exhibits),
            system=(*describe_system(inputs.method), *neighbour_facts(inputs, comparisons)),
            limitations=method_wording.limitations(inputs.method, shows_languages=True),
            settings=list_settings(inputs.method.settings),
        ),
        glossary=glossary(CASE),
        declaration=paragraphs(case.declaration) or prose(_(wording.DECLARATION)),
    )


def _title_page(inputs: ReportInputs) -> TitlePage:
    case = inputs.case_details
    return title_page(
        _("Case report"),
        _(DEFAULT_TITLE) if case.title in {"", DEFAULT_TITLE} else case.title,
        report_name(inputs.comparison_id, inputs.version),
        inputs.created_utc,
        inputs.method,
        particulars=(
            *whose_case(case),
            Fact(_("Customer"), " ".join(paragraphs(case.customer))),
            *signatories(case),
            Fact(_("Items received"), format_day(case.received)),
            Fact(_("Report issued"), format_day(case.issued)),
        ),
        signatories=signatories(case),
        reference=case.reference,
    )
