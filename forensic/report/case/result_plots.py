"""The plots of the results: the matrix of all LRs, and each LR with its interval (a forest plot)."""

from collections.abc import Sequence
from typing import TypeVar

from forensic.report.case.comparisons import Comparison, Issued, by_questioned, highest
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import Cell, ForestPlot, ForestRow, MatrixPlot
from forensic.report.case.scale import scale_bands

_FOREST_PAGE_ROWS = 24
_MATRIX_PAGE_ROWS, _MATRIX_PAGE_COLUMNS = 40, 20

T = TypeVar("T")


def plot_forest(issued: Sequence[Issued], inputs: ReportInputs) -> tuple[ForestPlot, ...]:
    """Every LR with its interval; of many, the highest of each questioned recording."""
    chosen, which = issued, ""
    most = inputs.limits.forest_rows
    if len(issued) > most:
        chosen = [comparison for group in by_questioned(issued) for comparison in highest(group)]
        which = " Only the highest LR of each questioned recording is shown"
        which += f", and of these only the first {most} of {len(chosen):,}." if len(chosen) > most else "."
        chosen = chosen[:most]
    rows = [
        ForestRow(
            label=comparison.label,
            name=comparison.suspect,
            log10_lr=comparison.log10_lr,
            low=comparison.low,
            high=comparison.high,
            is_bounded=comparison.is_bounded,
        )
        for comparison in chosen
    ]
    caption = (
        "Log10 LR of each comparison (dot) with its 95 % interval (bar), over the steps of the verbal scale. "
        "Right of 0 the evidence supports H1, left of 0 it supports H2. An open dot is a bounded LR." + which
    )
    parts = _parts(rows, _FOREST_PAGE_ROWS)
    return tuple(
        ForestPlot(f"forest{n}", caption + _part(n, parts), tuple(part), scale_bands(inputs.scale))
        for n, part in enumerate(parts, 1)
    )


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
