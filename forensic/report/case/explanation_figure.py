"""What an LR rests on, as SVG: its growth with speech, and what stretches add to it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forensic.report.case.plots import ExplanationPlot, GrowthPoint, SegmentBar
from forensic.report.shared.canvas import (
    DIFFERENT,
    DOTTED,
    INK,
    RULE,
    SAME,
    SOFT,
    as_svg,
    drawable,
    new_panels,
    style,
)
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.formats import format_signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TICKS_S = (1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 18_000, 36_000, 86_400)
_FINE_TICKS_S = (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_FEWEST_TICKS = 4
_HEIGHT_IN, _ROW_IN = 1.4, 0.17
_LEAST_SPAN = 0.05  # of log10 LR; smaller changes are not magnified
_LABEL, _MARGIN = 0.24, 0.05  # space beside the bars, as a share of their span


def draw_explanation(plot: ExplanationPlot) -> str:
    """Growth on the left, stretches on the right; if one is missing, the other takes its place."""
    with style():
        shares = [share for share, values in ((1.15, plot.growth), (1.0, plot.segments)) if values]
        height_in = _HEIGHT_IN if plot.growth else 0.6 + _ROW_IN * len(plot.segments)
        figure, panels = new_panels(height_in, shares)
        if plot.growth:
            _draw_growth(panels[0], plot.growth, plot.issued)
        if plot.segments:
            _draw_segments(panels[-1], plot.segments)
        return as_svg(figure, plot.name, plot.caption)


def _draw_growth(axes: "Axes", points: Sequence[GrowthPoint], issued: GrowthPoint) -> None:
    """Log10 LR with its interval against net speech, and the LR that was issued."""
    speech_s = [point.net_speech_s for point in points]
    values = [point.log10_lr for point in points]
    low, high = [point.low for point in points], [point.high for point in points]
    axes.axhline(0, color=SOFT, linewidth=0.7, linestyle=DOTTED)
    axes.fill_between(speech_s, low, high, color=RULE, alpha=0.6, linewidth=0)
    for ends in (low, high):
        axes.plot(speech_s, ends, color=SOFT, linewidth=0.6)
    axes.plot(speech_s, values, "o-", color=SAME, linewidth=1.3, markersize=3.2)
    axes.plot(
        issued.net_speech_s,
        issued.log10_lr,
        "o",
        markersize=7.5,
        markerfacecolor="none",
        markeredgecolor=INK,
        markeredgewidth=1.0,
        clip_on=False,
    )
    axes.set_xscale("log")
    first, last = min(speech_s), max(*speech_s, issued.net_speech_s)
    margin = (last / first) ** 0.05
    axes.set_xlim(first / margin, last * margin)
    axes.set_xticks([], minor=True)
    inside, fine = (
        [tick for tick in ticks if first / margin <= tick <= last * margin] for ticks in (_TICKS_S, _FINE_TICKS_S)
    )
    ticks = inside if len(inside) >= _FEWEST_TICKS else fine or inside
    axes.set_xticks(ticks, [number(tick, "g") for tick in ticks])
    everything = [*low, *high, issued.log10_lr, 0.0]
    room = 0.08 * (max(everything) - min(everything)) + 0.1
    axes.set_ylim(min(everything) - room, max(everything) + room)
    axes.set_xlabel(_("net speech, s"))
    axes.set_ylabel("log10 LR")


def _draw_segments(axes: "Axes", bars: Sequence[SegmentBar]) -> None:
    """One bar per stretch, in the order of time, with its value beside it."""
    for place, bar in enumerate(bars):
        is_for_h1 = bar.change >= 0
        axes.barh(place, bar.change, height=0.62, color=SAME if is_for_h1 else DIFFERENT, linewidth=0)
        axes.annotate(
            format_signed(bar.change),
            (bar.change, place),
            xytext=(2.5 if is_for_h1 else -2.5, 0),
            textcoords="offset points",
            ha="left" if is_for_h1 else "right",
            va="center_baseline",
            fontsize=6.6,
        )
    axes.axvline(0, color=INK, linewidth=0.8)
    low, high = min(0.0, *(bar.change for bar in bars)), max(0.0, *(bar.change for bar in bars))
    span = max(high - low, _LEAST_SPAN)
    axes.set_xlim(low - span * (_LABEL if low < 0 else _MARGIN), high + span * (_LABEL if high > 0 else _MARGIN))
    axes.locator_params(axis="x", nbins=5)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_yticks(range(len(bars)), [drawable(bar.label) for bar in bars])
    axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=7)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(_("change of log10 LR"))
