"""The plots of a case report, as SVG."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from forensic.progress import Watch, unwatched
from forensic.records import Vector
from forensic.report.case.case_report import CaseReport
from forensic.report.case.explanation_figure import draw_explanation
from forensic.report.case.page_one import FOREST_IN, FOREST_ROW_IN
from forensic.report.case.plots import (
    Cell,
    ForestPlot,
    MatrixPlot,
    ScorePlot,
    SpeechPlot,
)
from forensic.report.shared.canvas import (
    DIFFERENT,
    DOTTED,
    HALF_IN,
    INK,
    MOST_POINTS,
    SAME,
    SOFT,
    WIDTH_IN,
    as_svg,
    drawable,
    legend_above,
    new_figure,
    new_stack,
    style,
)
from forensic.report.shared.catalogue import _
from forensic.report.shared.formats import format_lr, format_signed, whole
from forensic.report.shared.tippett import KINDS, draw_marks, draw_tippett

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_HISTOGRAM_BINS = 60
_MOST_WORDS = 3  # of a step's name over the picture of all LRs
_TICK_LETTER, _BAND_LETTER = 0.0125, 0.0082  # width of a letter, as a share of the axis of the LRs

_NARROW_IN = 3.2  # on the 350 pixels that a telephone leaves, 8 points are 12 pixels

_PALE_GROUND = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.4}  # of a name on a line

_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_TIMES = 6


def draw_all(report: CaseReport, watch: Watch = unwatched) -> dict[str, str]:
    """Every plot of the report as SVG, by name.

    Args:
        report: its content.
        watch: called with how many are drawn, and how many there are.
    """
    drawing = {}
    if (forest := report.forest) is not None:
        drawing[forest.name] = partial(draw_forest, forest)
        drawing[forest.narrow_name] = partial(draw_forest, forest, is_narrow=True)
    drawing |= {plot.name: partial(draw_matrix, plot) for plot in report.matrices}
    for page in report.pages:
        drawing[page.scores.name] = partial(draw_scores, page.scores)
        drawing[page.tippett.name] = partial(draw_tippett, page.tippett, HALF_IN, 1.55)
        if page.explanation is not None:
            drawing[page.explanation.name] = partial(draw_explanation, page.explanation)
        drawing |= {plot.name: partial(draw_speech, plot) for plot in page.speech}
    plots: dict[str, str] = {}
    for name, draw in drawing.items():
        watch(len(plots), len(drawing))
        plots[name] = draw()
    return plots


def draw_scores(plot: ScorePlot) -> str:
    """Histograms of the population's same-speaker and different-speaker scores, with the case's."""
    with style():
        figure, axes = new_figure(1.55, HALF_IN)
        everything = np.concatenate([plot.same_speaker, plot.different_speaker, [m.value for m in plot.marks]])
        edges = np.histogram_bin_edges(everything, bins=_HISTOGRAM_BINS)
        for (label, colour, line), scores in zip(KINDS, (plot.same_speaker, plot.different_speaker), strict=True):
            if not len(scores):
                continue
            heights = np.histogram(scores, edges, density=True)[0]
            axes.stairs(heights, edges, fill=True, color=colour, alpha=0.16, linewidth=0)
            axes.stairs(heights, edges, color=colour, linewidth=1.3, linestyle=line, label=_(label))
        axes.set_xlabel(_("score (uncalibrated)"))
        axes.set_ylabel(_("density"))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        draw_marks(axes, plot.marks, axes.get_ylim()[1])
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def draw_forest(plot: ForestPlot, *, is_narrow: bool = False) -> str:
    """One line per comparison: its LR and interval, over the steps of the verbal scale.

    Args:
        plot: what to draw.
        is_narrow: for a telephone, which shows all letters smaller: names are above the lines, not beside them.
    """
    width_in, row_in, size = (_NARROW_IN, 0.3, 8.0) if is_narrow else (WIDTH_IN, FOREST_ROW_IN, 6.8)
    with style():
        figure, axes = new_figure(max(1.4, FOREST_IN + row_in * len(plot.rows)), width_in)
        values = [value for row in plot.rows for value in (row.low, row.high, row.log10_lr)]
        reach = max(1.0, *(abs(value) for value in values)) * 1.08
        low, high = (-reach if min(values) < 0 else -0.6), (reach if max(values) > 0 else 0.6)
        _bands(axes, plot, (low, high), is_narrow=is_narrow)
        for number, row in enumerate(plot.rows):
            place = number + (0.2 if is_narrow else 0.0)
            colour = SAME if row.log10_lr >= 0 else DIFFERENT
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.6, solid_capstyle="butt")
            marker = {"upper": ">", "lower": "<", "": "o"}[row.bound]
            axes.plot(row.log10_lr, place, marker, markersize=4.5 if row.bound else 4, color=colour, clip_on=False)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_xlim(low, high)
        axes.set_ylim(len(plot.rows) - 0.4, -0.9 if is_narrow else -0.6)
        labels = [drawable(f"{row.label}  {_short(row.name, 32 if is_narrow else 16)}") for row in plot.rows]
        axes.set_yticks(range(len(plot.rows)), labels)
        for label, row in zip(axes.get_yticklabels(), plot.rows, strict=True):
            label.set_url(f"#{row.link}" if row.link else None)
            if is_narrow:
                label.set(ha="left", va="bottom", bbox=_PALE_GROUND)
        axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=size, pad=-2 if is_narrow else 3.5)
        axes.set_axisbelow(not is_narrow)
        axes.spines["left"].set_visible(False)
        _lr_ticks(axes, low, high, _TICK_LETTER * WIDTH_IN / width_in)
        axes.set_xlabel("LR")
        axes.set_title("\N{LEFTWARDS ARROW} " + _("for H2"), loc="left", y=0, pad=-27, fontsize=8, color=DIFFERENT)
        axes.set_title(_("for H1") + " \N{RIGHTWARDS ARROW}", loc="right", y=0, pad=-27, fontsize=8, color=SAME)
        return as_svg(figure, plot.narrow_name if is_narrow else plot.name, plot.caption)


def _lr_ticks(axes: "Axes", low: float, high: float, letter: float) -> None:
    """Powers of ten, written as LRs, as many as do not touch."""
    whole_powers = range(math.ceil(low), math.floor(high) + 1)
    for step in range(1, len(whole_powers) + 1):
        powers = [power for power in whole_powers if power % step == 0]
        labels = [whole(format_lr(power)) for power in powers]
        widest = max((len(one) + len(other)) / 2 for one, other in pairwise([*labels, ""]))
        if (widest + 1) * letter <= step / (high - low):
            break
    axes.set_xticks(powers, labels)


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


def draw_speech(plot: SpeechPlot) -> str:
    """The envelope of a channel with the speech that was used, and the spectrogram of a stretch."""
    with style():
        shows = plot.levels is not None
        figure, panels = new_stack((0.5, 1.0) if shows else (1.0,), 1.5 if shows else 0.8, HALF_IN)
        _draw_waveform(panels[0], plot)
        if plot.levels is not None:
            _draw_spectrogram(panels[1], plot, plot.levels)
        return as_svg(figure, plot.name, plot.caption)


def _draw_waveform(axes: "Axes", plot: SpeechPlot) -> None:
    low, high = _thinned(plot.low, np.minimum), _thinned(plot.high, np.maximum)
    times = (np.arange(len(low)) + 0.5) * plot.duration_s / len(low)
    reach = max(0.02, float(np.max(np.abs([low, high])))) * 1.05
    axes.fill_between(times, low, high, color=SOFT, linewidth=0.2)
    spans = [(start, end - start) for start, end in plot.speech]
    axes.broken_barh(spans, (-reach, 2 * reach), facecolor=SAME, alpha=0.13, linewidth=0)
    axes.broken_barh(spans, (-1.35 * reach, 0.24 * reach), facecolor=_effect_colours(plot), linewidth=0)
    if plot.levels is not None and plot.end_s - plot.start_s < 0.9 * plot.duration_s:
        for at in (plot.start_s, plot.end_s):
            axes.axvline(at, color=INK, linewidth=0.6, linestyle=DOTTED)
    axes.set_ylim(-1.4 * reach, reach)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    _time_axis(axes, 0.0, plot.duration_s)


def _draw_spectrogram(axes: "Axes", plot: SpeechPlot, levels: "NDArray[np.uint8]") -> None:
    top_khz = plot.highest_hz / 1000
    axes.imshow(
        levels,
        origin="lower",
        aspect="auto",
        extent=(plot.start_s, plot.end_s, 0, top_khz),
        cmap="gray_r",
        vmin=0,
        vmax=255,
        interpolation="none",
    )
    spans = [(start, end - start) for start, end in plot.speech if end > plot.start_s and start < plot.end_s]
    colours = [
        colour
        for colour, (start, end) in zip(_effect_colours(plot), plot.speech, strict=True)
        if end > plot.start_s and start < plot.end_s
    ]
    axes.broken_barh(spans, (0, 0.05 * top_khz), facecolor=colours, linewidth=0)
    axes.set_ylim(0, top_khz)
    axes.set_yticks(range(0, round(top_khz) + 1, 2 if top_khz > 4 else 1))  # noqa: PLR2004
    axes.set_ylabel("kHz", labelpad=1)
    _time_axis(axes, plot.start_s, plot.end_s)


def _effect_colours(plot: SpeechPlot) -> list[str]:
    """Of each stretch: the deeper, the more it adds to the LR (blue) or takes away (vermilion); blue where unknown."""
    if not plot.effects:
        return [SAME] * len(plot.speech)
    from matplotlib.colors import to_hex, to_rgb

    largest = max(1e-9, *map(abs, plot.effects))
    colours = []
    for effect in plot.effects:
        depth = 0.25 + 0.75 * abs(effect) / largest
        pure = np.array(to_rgb(SAME if effect >= 0 else DIFFERENT))
        red, green, blue = 1.0 + depth * (pure - 1.0)
        colours.append(to_hex((red, green, blue)))
    return colours


def _time_axis(axes: "Axes", start_s: float, end_s: float) -> None:
    """Minutes and seconds."""
    axes.set_xlim(start_s, end_s)
    length = end_s - start_s
    step = next((step for step in _TIME_STEPS_S if length / step <= _MOST_TIMES), 36_000)
    axes.set_xticks(np.arange(math.ceil(start_s / step) * step, end_s, step))
    axes.xaxis.set_major_formatter(lambda seconds, _: f"{seconds // 60:.0f}:{seconds % 60:02.0f}")
    axes.tick_params(axis="both", labelsize=6.5)


# --------------------------------------------------------------------------------------------------


def _bands(axes: "Axes", plot: ForestPlot, shown: tuple[float, float], *, is_narrow: bool) -> None:
    """The steps of the verbal scale, shaded in turn and named at the top."""
    low, high = shown
    size, smallest = (7.7, 7.5) if is_narrow else (6.2, 5.5)
    letter = _BAND_LETTER * (WIDTH_IN / _NARROW_IN if is_narrow else 1.0)
    for n, band in enumerate(plot.bands):
        for sign in (1, -1):
            ends = sorted((sign * band.low_log10, sign * min(band.high_log10, 99)))
            start, end = max(ends[0], low), min(ends[1], high)
            if end <= start or (n == 0 and sign == -1):
                continue
            if n == 0:  # the step around 0 reaches to both sides
                start = max(-end, low)
            axes.axvspan(start, end, color="#f6f7f9" if n % 2 else "#e6e9ee", zorder=0, linewidth=0)
            words = drawable(band.term).split(" ")
            room = letter * max(map(len, words))
            fitting = size * (end - start) / (high - low) / room
            if fitting > smallest and len(words) <= _MOST_WORDS:
                is_raised = n % 2 == 1 and len(words) == 1  # beside one that fills its band
                axes.annotate(
                    "\n".join(words),
                    ((start + end) / 2, 1.0),
                    xycoords=axes.get_xaxis_transform(),
                    xytext=(0, 3 + 1.2 * size * is_raised),
                    textcoords="offset points",
                    ha="center",
                    va="bottom",
                    fontsize=min(size, fitting),
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
