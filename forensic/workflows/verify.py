"""``forensic verify``: one questioned recording against one of a known speaker."""

import dataclasses
from pathlib import Path

from forensic.case.discovery import check_roots
from forensic.case.folder import temporary_case
from forensic.case.reference import Suspect
from forensic.comparison.both_sides import weigh_both_sides
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CaseError
from forensic.progress import Note
from forensic.report.case.exhibits import exhibit_names
from forensic.report.case.publish import Answer, check_new, publish
from forensic.report.results_json import case_results
from forensic.report.shared.refusals import worded_case


def verify(questioned: Path, known: Path, request: ComparisonRequest, report: Path | None, watch: Note) -> Answer:
    """One recording against one of a known speaker.

    Args:
        questioned: the recording of an unknown speaker.
        known: that of a known one.
        request: with which model and settings; its reference and questioned paths are ignored.
        report: folder that takes results and report; None for none.
        watch: called with the name of each step.

    Raises:
        CaseError: if a recording is missing, is a folder, or the report's folder is not empty.
        ReferenceSetError: if the known recording cannot be used.
        ModelError: if the model or its reference population cannot be loaded.
    """
    for path in (questioned, known):
        check_roots([path])
        if path.is_dir():
            raise CaseError(f"{path} is a folder.", "Name two recordings; for folders, use `forensic compare`.")
    check_new(report)
    scope = dataclasses.replace(request, reference=known, explains=report is not None)
    with temporary_case() as case:
        suspect = Suspect(known.name, (known,))
        outcome, _, problems = weigh_both_sides(
            case, [questioned], [suspect], scope, lambda state: watch(state.in_words), watch
        )
        outcome = worded_case(outcome)
        published = None
        if report is not None:
            published = publish(report, outcome, watch)
    return Answer(outcome.comparisons, case_results(outcome), problems, published, exhibit_names(outcome))
