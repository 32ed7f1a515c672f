"""The plots of the results: the matrix of all LRs, and each LR with its interval (a forest plot)."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from forensic.report.case.comparisons import Comparison, Issued, by_questioned, highest
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import Cell, ForestPlot, ForestRow, MatrixPlot
from forensic.report.case.scale import scale_bands

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
        which = " Only the highest LR of each questioned recording is shown"
        if len(chosen) > most:
            strongest = sorted(chosen, key=lambda comparison: -comparison.log10_lr)[:most]
            which += f", and of these only the {most} highest of {len(chosen):,}"
            chosen = [comparison for comparison in chosen if comparison in strongest]
        which += "."
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
    caption = (
        "LR of each comparison (dot) with its 95 % interval (bar), on a scale of powers of ten under the words of the "
        "verbal scale: right of 1 it supports H1, left of 1 it supports H2. An arrowhead is an LR at its bound: at "
        "least, or at most, so much; how far beyond it is not known." + which
    )
    return ForestPlot("forest", caption, rows, scale_bands(inputs.scale))


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
        note = (
            f"The matrix shows {min(len(groups), limits.matrix_rows):,} of {len(groups):,} questioned "
            f"recordings and {min(len(suspects), limits.matrix_columns):,} of {len(suspects):,} known "
            f"speakers; all LRs are in {inputs.all_results}."
        )
    row_parts = _parts(groups[: limits.matrix_rows], _MATRIX_PAGE_ROWS)
    column_parts = _parts(suspects[: limits.matrix_columns], _MATRIX_PAGE_COLUMNS)
    parts = [(rows, columns) for rows in row_parts for columns in column_parts]
    plots = []
    for n, (rows, columns) in enumerate(parts, 1):
        caption = (
            "Log10 LR of every questioned recording (row) with every known speaker (column). "
            "Hatched: no LR issued. An asterisk marks a bounded LR." + _part(n, parts)
        )
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
    number = -(-len(rows) // most)
    size = -(-len(rows) // number) if number else 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _part(number: int, parts: Sequence[object]) -> str:
    return f" Part {number} of {len(parts)}." if len(parts) > 1 else ""
