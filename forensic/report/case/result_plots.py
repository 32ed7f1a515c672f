"""The plots of the results: the matrix of all LRs, and each LR with its interval (a forest plot)."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from forensic.report.case.comparisons import Comparison, Issued, by_questioned, highest
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import Cell, ForestPlot, ForestRow, MatrixPlot
from forensic.report.case.scale import scale_bands
from forensic.report.shared.catalogue import _, number

_MATRIX_PAGE_ROWS, _MATRIX_PAGE_COLUMNS = 40, 20

T = TypeVar("T")


def plot_forest(issued: Sequence[Issued], inputs: ReportInputs, pages: Mapping[str, str]) -> ForestPlot | None:
    """Every LR with its interval; of many, the highest of each questioned recording; None if there is none.

    Args:
        issued: the comparisons with an LR.
        inputs: of the report.
        pages: ids of the pages that comparisons have, by label.
    """
    if not issued:
        return None
    chosen, which = list(issued), ""
    most = inputs.limits.forest_rows
    if len(chosen) > most:
        chosen = [comparison for group in by_questioned(issued) for comparison in highest(group)]
        which = _("Only the highest LR of each questioned recording is shown.")
        if len(chosen) > most:
            strongest = sorted(chosen, key=lambda comparison: -comparison.log10_lr)[:most]
            which = _(
                "Only the highest LR of each questioned recording is shown, and of these only the {most} highest of "
                "{all}.",
                most=most,
                all=number(len(chosen)),
            )
            chosen = [comparison for comparison in chosen if comparison in strongest]
    rows = tuple(
        ForestRow(
            label=comparison.label,
            name=comparison.suspect,
            log10_lr=comparison.log10_lr,
            low=comparison.low,
            high=comparison.high,
            bound=_bound(comparison),
            link=pages.get(comparison.label, ""),
        )
        for comparison in chosen
    )
    caption = _(
        "LR of each comparison (dot) with its 95 % interval (bar), on a scale of powers of ten under the words of the "
        "verbal scale: right of 1 it supports H1, left of 1 it supports H2. An arrowhead is an LR at its bound: at "
        "least, or at most, so much; how far beyond it is not known."
    )
    return ForestPlot("forest", f"{caption} {which}".strip(), rows, scale_bands(inputs.scale))


def _bound(comparison: Issued) -> Literal["upper", "lower", ""]:
    if not comparison.is_bounded:
        return ""
    return "upper" if comparison.log10_lr > 0 else "lower"


def plot_matrices(
    comparisons: Sequence[Comparison], exhibits: Exhibits, inputs: ReportInputs
) -> tuple[tuple[MatrixPlot, ...], str]:
    """The matrix in parts that fit a page, and a note on what was left out."""
    if len(comparisons) < 2:  # noqa: PLR2004 - one comparison is no matrix
        return (), ""
    groups = by_questioned(comparisons)
    used = {comparison.suspect for comparison in comparisons}
    suspects = [name for name in exhibits.speakers() if name in used]
    limits = inputs.limits
    note = ""
    if len(groups) > limits.matrix_rows or len(suspects) > limits.matrix_columns:
        note = _(
            "The matrix shows {rows} of {questioned} questioned recordings and {columns} of {known} known speakers; "
            "all LRs are in {files}.",
            rows=number(min(len(groups), limits.matrix_rows)),
            questioned=number(len(groups)),
            columns=number(min(len(suspects), limits.matrix_columns)),
            known=number(len(suspects)),
            files=inputs.all_results,
        )
    row_parts = _parts(groups[: limits.matrix_rows], _MATRIX_PAGE_ROWS)
    column_parts = _parts(suspects[: limits.matrix_columns], _MATRIX_PAGE_COLUMNS)
    parts = [(rows, columns) for rows in row_parts for columns in column_parts]
    plots = []
    for n, (rows, columns) in enumerate(parts, 1):
        caption = _(
            "Log10 LR of every questioned recording (row) with every known speaker (column). Hatched: no LR issued. An "
            "asterisk marks a bounded LR."
        )
        if len(parts) > 1:
            caption = f"{caption} {_('Part {part} of {all}.', part=n, all=len(parts))}"
        cells = tuple(_cells(group, columns) for group in rows)
        labels = tuple(group[0].questioned for group in rows)
        heads = tuple(exhibits.speaker(name) for name in columns)
        plots.append(MatrixPlot(f"matrix{n}", caption, labels, heads, cells))
    return tuple(plots), note


def _cells(group: Sequence[Comparison], suspects: Sequence[str]) -> tuple[Cell | None, ...]:
    by_suspect = {comparison.suspect: comparison for comparison in group}
    return tuple(_cell(by_suspect.get(name)) for name in suspects)


def _cell(comparison: Comparison | None) -> Cell | None:
    if comparison is None:
        return None
    if isinstance(comparison, Issued):
        return Cell(comparison.log10_lr, comparison.is_bounded)
    return Cell(None, is_bounded=False)


def _parts(rows: Sequence[T], most: int) -> list[Sequence[T]]:
    """Rows in as few parts of about the same length as needed."""
    parts = -(-len(rows) // most)
    size = -(-len(rows) // parts) if parts else 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]
