"""The plots of a case report, as SVG."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from forensic.records import Vector
from forensic.report.case.case_report import CaseReport
from forensic.report.case.explanation_figure import draw_explanation
from forensic.report.case.plots import (
    Cell,
    ForestPlot,
    MatrixPlot,
    ScorePlot,
    WaveformPlot,
)
from forensic.report.shared.canvas import (
    DIFFERENT,
    INK,
    MOST_POINTS,
    SAME,
    SOFT,
    WIDTH_IN,
    as_svg,
    drawable,
    legend_above,
    new_figure,
    style,
)
from forensic.report.shared.formats import format_signed
from forensic.report.shared.tippett import KINDS, draw_marks, draw_tippett

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HISTOGRAM_BINS = 60

_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_TIMES = 10


def draw_all(report: CaseReport) -> dict[str, str]:
    """Every plot of the report as SVG, by name."""
    plots = {plot.name: draw_forest(plot) for plot in report.forest}
    plots |= {plot.name: draw_matrix(plot) for plot in report.matrices}
    plots |= {each.plot.name: draw_explanation(each.plot) for each in report.explanations if each.plot is not None}
    for calibration in report.calibrations:
        if calibration.scores is not None:
            plots[calibration.scores.name] = draw_scores(calibration.scores)
        if calibration.tippett is not None:
            plots[calibration.tippett.name] = draw_tippett(calibration.tippett)
    return plots | {plot.name: draw_waveform(plot) for plot in report.waveforms}


def draw_scores(plot: ScorePlot) -> str:
    """Histograms of the population's same-speaker and different-speaker scores, with the case's."""
    with style():
        figure, axes = new_figure(2.5)
        everything = np.concatenate([plot.same_speaker, plot.different_speaker, [m.value for m in plot.marks]])
        edges = np.histogram_bin_edges(everything, bins=_HISTOGRAM_BINS)
        for (label, colour, line), scores in zip(KINDS, (plot.same_speaker, plot.different_speaker), strict=True):
            if not len(scores):
                continue
            heights = np.histogram(scores, edges, density=True)[0]
            axes.stairs(heights, edges, fill=True, color=colour, alpha=0.16, linewidth=0)
            axes.stairs(heights, edges, color=colour, linewidth=1.3, linestyle=line, label=label)
        axes.set_xlabel("score (uncalibrated)")
        axes.set_ylabel("density")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        draw_marks(axes, plot.marks, axes.get_ylim()[1])
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def draw_forest(plot: ForestPlot) -> str:
    """One line per comparison: its log10 LR and interval, over the steps of the verbal scale."""
    with style():
        height = 0.85 + 0.19 * len(plot.rows)
        figure, axes = new_figure(height)
        values = [value for row in plot.rows for value in (row.low, row.high, row.log10_lr)]
        reach = max(1.0, *(abs(value) for value in values)) * 1.08
        low, high = (-reach if min(values) < 0 else -0.6), (reach if max(values) > 0 else 0.6)
        _bands(axes, plot, low, high)
        for place, row in enumerate(plot.rows):
            colour = SAME if row.log10_lr >= 0 else DIFFERENT
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
            face = "white" if row.is_bounded else colour
            axes.plot(
                row.log10_lr,
                place,
                "o",
                markersize=4.5,
                color=colour,
                markerfacecolor=face,
                markeredgewidth=1.2,
            )
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_xlim(low, high)
        axes.set_ylim(len(plot.rows) - 0.4, -0.6)
        labels = [drawable(f"{row.label}  {_short(row.name, 16)}") for row in plot.rows]
        axes.set_yticks(range(len(plot.rows)), labels)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("log10 LR")
        axes.set_title("\N{LEFTWARDS ARROW} for H2", loc="left", y=0, pad=-27, fontsize=8, color=DIFFERENT)
        axes.set_title("for H1 \N{RIGHTWARDS ARROW}", loc="right", y=0, pad=-27, fontsize=8, color=SAME)
        return as_svg(figure, plot.name, plot.caption)


def draw_matrix(plot: MatrixPlot) -> str:
    """Log10 LR of every questioned recording (row) with every known speaker (column)."""
    from matplotlib.patches import Rectangle

    with style():
        rows, columns = len(plot.rows), len(plot.columns)
        names = [drawable(_short(name, 40)) for name in plot.rows]
        names_in = max(1.1, 0.35 + 0.06 * max(map(len, names)))  # letters of 7 points
        cell_in = min(0.62, (WIDTH_IN - names_in) / columns)
        height = 0.2 * rows + 0.85
        figure, axes = new_figure(height, min(WIDTH_IN, names_in + cell_in * columns))
        for y, cells in enumerate(plot.cells):
            for x, cell in enumerate(cells):
                fill, ink = _shade(cell)
                axes.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor="white", linewidth=1.0))
                if cell is not None and cell.log10_lr is not None:
                    text = format_signed(cell.log10_lr, 1) + ("*" if cell.is_bounded else "")
                    axes.text(x + 0.5, y + 0.54, text, ha="center", va="center", color=ink, fontsize=6.6)
        axes.set_xlim(0, columns)
        axes.set_ylim(rows, 0)
        _hatch(axes, plot.cells)
        axes.xaxis.tick_top()
        heads = [drawable(_short(name, 15)) for name in plot.columns]
        axes.set_xticks([x + 0.5 for x in range(columns)], heads, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks([y + 0.5 for y in range(rows)], names)
        axes.tick_params(length=0, labelcolor=INK, labelsize=7)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return as_svg(figure, plot.name, plot.caption)


def draw_waveform(plot: WaveformPlot) -> str:
    """The envelope of a channel over time, with the speech that was used."""
    with style():
        figure, axes = new_figure(0.95)
        low, high = _thinned(plot.low, np.minimum), _thinned(plot.high, np.maximum)
        times = (np.arange(len(low)) + 0.5) * plot.duration_s / len(low)
        reach = max(0.02, float(np.max(np.abs([low, high])))) * 1.05
        axes.fill_between(times, low, high, color=SOFT, linewidth=0.2)
        spans = [(start, end - start) for start, end in plot.speech]
        axes.broken_barh(spans, (-reach, 2 * reach), facecolor=SAME, alpha=0.18, linewidth=0)
        axes.broken_barh(spans, (-1.22 * reach, 0.14 * reach), facecolor=SAME, linewidth=0)
        axes.set_xlim(0, plot.duration_s)
        axes.set_ylim(-1.25 * reach, reach)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        step = next((step for step in _TIME_STEPS_S if plot.duration_s / step <= _MOST_TIMES), 36_000)
        axes.set_xticks(np.arange(0, plot.duration_s, step))
        axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds // 60:.0f}:{seconds % 60:02.0f}")
        return as_svg(figure, plot.name, plot.caption)


# --------------------------------------------------------------------------------------------------


def _bands(axes: "Axes", plot: ForestPlot, low: float, high: float) -> None:
    """The steps of the verbal scale, shaded in turn and named at the top."""
    for n, band in enumerate(plot.bands):
        for sign in (1, -1):
            ends = sorted((sign * band.low_log10, sign * min(band.high_log10, 99)))
            start, end = max(ends[0], low), min(ends[1], high)
            if end <= start or (n == 0 and sign == -1):
                continue
            if n == 0:  # the step around 0 reaches to both sides
                start = max(-end, low)
            axes.axvspan(start, end, color="#f6f7f9" if n % 2 else "#e6e9ee", zorder=0, linewidth=0)
            if (end - start) / (high - low) > 0.05:  # noqa: PLR2004 - room for a name
                axes.annotate(
                    drawable(band.term.removesuffix(" support")).replace(" ", "\n"),
                    ((start + end) / 2, 1.0),
                    xycoords=axes.get_xaxis_transform(),
                    xytext=(0, 3),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=6.2,
                    color=SOFT,
                )


def _shade(cell: Cell | None) -> tuple[str, str]:
    """Colour of a cell and of its number: the deeper, the further from LR = 1; full at 4 powers of ten."""
    if cell is None:
        return "white", INK
    if cell.log10_lr is None:
        return "#f4f5f7", INK
    from matplotlib.colors import to_hex, to_rgb

    depth = min(abs(cell.log10_lr) / 4.0, 1.0) * 0.9
    pure = np.array(to_rgb(SAME if cell.log10_lr >= 0 else DIFFERENT))
    colour = 1.0 + depth * (pure - 1.0)
    is_dark = float(colour @ [0.299, 0.587, 0.114]) < 0.56  # noqa: PLR2004
    return to_hex((colour[0], colour[1], colour[2])), "white" if is_dark else INK


def _hatch(axes: "Axes", cells: Sequence[Sequence[Cell | None]]) -> None:
    """Slanted lines in the cells without an LR, drawn one by one because PDF writers differ in how they hatch."""
    from matplotlib.collections import LineCollection

    lines = [
        line
        for y, row in enumerate(cells)
        for x, cell in enumerate(row)
        if cell is not None and cell.log10_lr is None
        for line in _slanted(x, y)
    ]
    axes.add_collection(LineCollection(lines, colors="#8a929e", linewidths=0.6), autolim=False)


def _slanted(x: float, y: float) -> list[list[tuple[float, float]]]:
    """Three lines from lower left to upper right inside a cell."""
    inner, size = 0.06, 0.88
    left, top = x + inner, y + inner
    return [
        [(left, top + size / 2), (left + size / 2, top)],
        [(left, top + size), (left + size, top)],
        [(left + size / 2, top + size), (left + size, top + size / 2)],
    ]


def _thinned(values: Vector, keep: Any) -> Vector:
    """The envelope with at most ``MOST_POINTS`` points and all of its extremes."""
    step = -(-len(values) // MOST_POINTS)
    return np.asarray(keep.reduceat(values, np.arange(0, len(values), step)), dtype=np.float64)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
