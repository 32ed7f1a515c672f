"""The processing, and what an examiner chose by hand in it."""

from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared import method_wording, wording
from forensic.report.shared.catalogue import _
from forensic.report.shared.formats import first_few, printable


def describe_processing(inputs: ReportInputs, exhibits: Exhibits) -> tuple[str, ...]:
    """The steps in order; last, the manual choices, or that there are none."""
    chosen = []
    for row in inputs.recordings.iter_rows(named=True):
        if row["labels_sha256"] and exhibits.same_content(row["sha256"]):
            label = exhibits.label(row["sha256"])
            chosen.append(
                (exhibits.order[label], f"{label} ({_file(row['labels_path'])}, SHA-256 {row['labels_sha256']})")
            )
    items = first_few([text for _order, text in sorted(chosen)])
    choices = _(wording.BY_HAND, items=items) if chosen else _(wording.AUTOMATIC)
    return (*method_wording.processing(inputs.method), choices)


def _file(path: str) -> str:
    return printable(path.rpartition("/")[2])
