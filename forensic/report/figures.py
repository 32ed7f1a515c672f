"""The plots of a report, as SVG.

The same data give the same bytes. Text stays text, in the typeface of the page, so that it can be searched
and read aloud; matplotlib lays it out with the typeface that it brings, a wide one.
"""

import io
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from forensic.records import Vector
from forensic.report.content.plots import (
    Cell,
    ForestPlot,
    Mark,
    MatrixPlot,
    ScorePlot,
    TippettPlot,
    WaveformPlot,
)
from forensic.report.formats import format_signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and vermilion of Okabe & Ito: told apart by every kind of colour vision, and by lightness in greyscale.
SAME, DIFFERENT = "#0072b2", "#d55e00"
INK, SOFT, RULE, PALE = "#1f2430", "#5b6472", "#c9ced6", "#eef0f3"

_WIDTH_IN = 6.7  # the text width of the A4 page
_MOST_LABELLED_MARKS = 6
_HISTOGRAM_BINS = 60
_MOST_POINTS = 480  # a line of more points looks the same and only makes the file larger

_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_TIMES = 10

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "forensic",
    "font.family": ["DejaVu Sans"],  # ships with matplotlib
    "font.size": 8.0,
    "text.parse_math": False,  # a dollar in a name is a dollar
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "legend.frameon": False,
    "text.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "path.simplify": True,
}
"""The look of every plot, for ``matplotlib.rc_context``."""

_BETWEEN = re.compile(r"<svg.*</svg>", re.DOTALL)
_SIZE = re.compile(r'<svg [^>]*?viewBox="(?P<box>[^"]*)"[^>]*>', re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\n?\s*", re.DOTALL)
_ID = re.compile(r'(?P<before>\bid="|xlink:href="#|url\(#)')
_GLOBAL_STYLE = re.compile(r"\s*<style.*?</style>", re.DOTALL)
_INLINE_STYLE = re.compile(r' style="([^"]*)"')
_NO_ROTATION = re.compile(r' transform="rotate\(-0 [^"]*"')
_TYPEFACE = " font-family: 'DejaVu Sans';"
_PAGE_TYPEFACE = "Source Sans 3, Liberation Sans, Arial, Noto Sans, DejaVu Sans, sans-serif"  # as in report.css


def draw_scores(plot: ScorePlot) -> str:
    """Histograms of the population's same-speaker and different-speaker scores, with the case's."""
    with _style():
        figure, axes = _figure(2.5)
        everything = np.concatenate([plot.same_speaker, plot.different_speaker, [m.value for m in plot.marks]])
        edges = np.histogram_bin_edges(everything, bins=_HISTOGRAM_BINS)
        for scores, label, colour, line in _populations(plot):
            heights = np.histogram(scores, edges, density=True)[0]
            axes.stairs(heights, edges, fill=True, color=colour, alpha=0.16, linewidth=0)
            axes.stairs(heights, edges, color=colour, linewidth=1.3, linestyle=line, label=label)
        axes.set_xlabel("score (uncalibrated)")
        axes.set_ylabel("density")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _headroom(axes)
        _mark(axes, plot.marks)
        _legend(axes)
        return _svg(figure, plot.name, plot.caption)


def draw_tippett(plot: TippettPlot) -> str:
    """Shares of the population's pairs with at least each log10 LR, with the case's LRs."""
    with _style():
        figure, axes = _figure(2.7)
        everything = np.concatenate([plot.same_speaker, plot.different_speaker, plot.bounds, [0.0]])
        low, high = float(np.min(everything)), float(np.max(everything))
        margin = 0.04 * (high - low) + 0.1
        low, high = low - margin, high + margin
        for values, label, colour, line in _populations(plot):
            at, share = _survival(values)
            at, share = np.r_[low, at, high], np.r_[share[0], share, 0.0]
            axes.plot(at, 100 * share, drawstyle="steps-pre", color=colour, linewidth=1.4, linestyle=line, label=label)
        for start, end in ((low, plot.bounds[0]), (plot.bounds[1], high)):
            axes.axvspan(start, end, color=PALE, zorder=0, linewidth=0)
        axes.axvline(0, color=SOFT, linewidth=0.7, linestyle=(0, (1, 2)))
        axes.set_xlim(low, high)
        axes.set_ylim(0, 119)
        axes.set_yticks([0, 25, 50, 75, 100])
        axes.set_xlabel("log10 LR")
        axes.set_ylabel("pairs with at least this LR, %")
        axes.grid(axis="y", color=PALE, linewidth=0.7)
        _mark(axes, plot.marks)
        _legend(axes)
        return _svg(figure, plot.name, plot.caption)


def draw_forest(plot: ForestPlot) -> str:
    """One line a comparison: its log10 LR and interval, over the steps of the verbal scale."""
    with _style():
        height = 0.85 + 0.19 * len(plot.rows)
        figure, axes = _figure(height)
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
        labels = [_label(f"{row.label}  {_short(row.name, 16)}") for row in plot.rows]
        axes.set_yticks(range(len(plot.rows)), labels)
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("log10 LR")
        axes.set_title("\N{LEFTWARDS ARROW} for H2", loc="left", y=0, pad=-27, fontsize=8, color=DIFFERENT)
        axes.set_title("for H1 \N{RIGHTWARDS ARROW}", loc="right", y=0, pad=-27, fontsize=8, color=SAME)
        return _svg(figure, plot.name, plot.caption)


def draw_matrix(plot: MatrixPlot) -> str:
    """Log10 LR of every questioned recording (row) with every known speaker (column)."""
    from matplotlib.patches import Rectangle

    with _style():
        rows, columns = len(plot.rows), len(plot.columns)
        cell_in = min(0.62, (_WIDTH_IN - 1.1) / columns)
        height = 0.2 * rows + 0.85
        figure, axes = _figure(height, min(_WIDTH_IN, 1.1 + cell_in * columns))
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
        heads = [_label(_short(name, 15)) for name in plot.columns]
        axes.set_xticks([x + 0.5 for x in range(columns)], heads, rotation=40, ha="left", rotation_mode="anchor")
        axes.set_yticks([y + 0.5 for y in range(rows)], [_label(name) for name in plot.rows])
        axes.tick_params(length=0, labelcolor=INK, labelsize=7)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return _svg(figure, plot.name, plot.caption)


def draw_waveform(plot: WaveformPlot) -> str:
    """The envelope of a channel over time, with the speech that was used."""
    with _style():
        figure, axes = _figure(0.95)
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
        return _svg(figure, plot.name, plot.caption)


# --------------------------------------------------------------------------------------------------


def _style() -> Any:
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def _figure(height_in: float, width_in: float = _WIDTH_IN) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")  # not pyplot: nothing stays in memory
    figure.patch.set_visible(False)
    axes = figure.subplots()
    axes.patch.set_visible(False)
    return figure, axes


def _svg(figure: "Figure", name: str, title: str) -> str:
    """The figure for inline use: no prologue, no date, ids of its own, and a title to be read aloud."""
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    found = _BETWEEN.search(target.getvalue())
    assert found is not None
    svg = found[0].replace(_TYPEFACE, "")
    svg = _INLINE_STYLE.sub(_attributes, svg)
    for unwanted in (_METADATA, _COMMENT, _GLOBAL_STYLE, _NO_ROTATION):
        svg = unwanted.sub("", svg)
    svg = _ID.sub(lambda place: f"{place['before']}{name}-", svg)
    width_in = figure.get_figwidth()
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" '
        rf'viewBox="\g<box>" style="width: {100 * width_in / _WIDTH_IN:.1f}%" '
        f'font-family="{_PAGE_TYPEFACE}" '
        'stroke-linejoin="round" class="plot">'
    )
    svg = _SIZE.sub(opening, svg, count=1)
    head, _, rest = svg.partition(">")
    return f"{head}><title>{_xml(title)}</title>{rest}"


def _attributes(style: re.Match[str]) -> str:
    """An inline style as attributes: what lays out the page would complain of plot properties in a style."""
    pairs = (entry.split(":", 1) for entry in style[1].split(";") if ":" in entry)
    return "".join(f' {name.strip()}="{value.strip()}"' for name, value in pairs)


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mark(axes: "Axes", marks: Sequence[Mark]) -> None:
    """The case's values: lines with labels where there are few, ticks at the foot where there are many."""
    if len(marks) > _MOST_LABELLED_MARKS:
        values = [mark.value for mark in marks]
        axes.plot(values, [0.03] * len(values), "|", markersize=9, color=INK, transform=axes.get_xaxis_transform())
        return
    left, right = axes.get_xlim()
    last, level = -np.inf, 0
    for mark in sorted(marks, key=lambda mark: mark.value):
        place = (mark.value - left) / (right - left)
        level = level + 1 if place - last < 0.2 else 0  # noqa: PLR2004 - about the width of a label
        last = place
        top = 0.985 - 0.075 * level
        axes.axvline(mark.value, ymax=top - 0.01, color=INK, linewidth=0.9)
        side = "right" if place > 0.88 else "left"  # noqa: PLR2004
        offset = -2 if side == "right" else 2
        axes.annotate(
            _label(mark.label),
            (mark.value, top),
            xycoords=axes.get_xaxis_transform(),
            xytext=(offset, 0),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=7,
        )


def _headroom(axes: "Axes") -> None:
    """Room above the curves for the labels of the marks."""
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)


def _legend(axes: "Axes") -> None:
    """Above the plot, where it covers nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        borderaxespad=0.1,
        handlelength=2.6,
        fontsize=7.5,
    )


def _populations(plot: ScorePlot | TippettPlot) -> list[tuple[Vector, str, str, Any]]:
    """What a plot holds of either kind of pairs, with name, colour and line; a kind without pairs is left out."""
    kinds: list[tuple[Vector, str, str, Any]] = [
        (plot.same_speaker, "same-speaker", SAME, "solid"),
        (plot.different_speaker, "different-speaker", DIFFERENT, (0, (4, 1.5))),
    ]
    return [kind for kind in kinds if len(kind[0])]


def _survival(values: Vector) -> tuple[Vector, Vector]:
    """Share of values at or above each value; at most ``_MOST_POINTS`` of them."""
    ordered = np.sort(values)
    share = 1.0 - np.arange(len(ordered)) / len(ordered)
    if len(ordered) > _MOST_POINTS:
        kept = np.unique(np.linspace(0, len(ordered) - 1, _MOST_POINTS).astype(int))
        ordered, share = ordered[kept], share[kept]
    return ordered, share


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
                    _label(band.term.removesuffix(" support")).replace(" ", "\n"),
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
    """Slanted lines in the cells without an LR, drawn as lines since PDF writers differ in how they hatch."""
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
    """The envelope with at most ``_MOST_POINTS`` points, none of its extremes lost."""
    step = -(-len(values) // _MOST_POINTS)
    return np.asarray(keep.reduceat(values, np.arange(0, len(values), step)), dtype=np.float64)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _label(text: str) -> str:
    """A label that matplotlib can lay out: characters that its typeface lacks become a middle dot."""
    return "".join(character if ord(character) in _drawable() else "\N{MIDDLE DOT}" for character in text)


@cache
def _drawable() -> frozenset[int]:
    """Code points that the plots' typeface holds."""
    from matplotlib import font_manager

    path = font_manager.findfont("DejaVu Sans", fallback_to_default=True)
    return frozenset(font_manager.get_font(path).get_charmap())
