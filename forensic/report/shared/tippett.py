"""The Tippett plot, and what it shares with other plots of same-speaker and different-speaker comparisons."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from forensic.records import Vector
from forensic.report.shared.canvas import (
    DASHED,
    DIFFERENT,
    DOTTED,
    INK,
    PALE,
    SAME,
    SOFT,
    WIDTH_IN,
    as_svg,
    drawable,
    legend_above,
    new_figure,
    style,
    survival,
)
from forensic.report.shared.catalogue import N_, _
from forensic.report.shared.plots import Mark, TippettPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ((N_("same-speaker"), SAME, "solid"), (N_("different-speaker"), DIFFERENT, DASHED))
"""Name, colour and line of either kind of comparison."""

_LOW_IN = 2.0  # a plot that is lower has no room for a long label beside it
_MOST_LABELLED_MARKS = 6
_HIGHEST_LABEL, _LABEL_HEIGHT = 0.985, 0.075  # of the axes


def draw_tippett(plot: TippettPlot, width_in: float = WIDTH_IN, height_in: float = 2.8) -> str:
    """Shares of comparisons with at least each log10 LR."""
    with style():
        figure, axes = new_figure(height_in, width_in)
        issued = (plot.same_speaker, plot.different_speaker)
        low, high = _reach(plot)
        for (label, colour, line), values, unbounded in zip(KINDS, issued, plot.unbounded or issued, strict=True):
            if not len(values):
                continue
            if plot.unbounded:
                at, share = _steps(np.clip(unbounded, low, high), low, high)
                axes.plot(at, share, drawstyle="steps-pre", color=colour, linestyle=line, linewidth=0.7, alpha=0.55)
            at, share = _steps(values, low, high)
            axes.plot(at, share, drawstyle="steps-pre", color=colour, linestyle=line, linewidth=1.5, label=_(label))
        for start, end in _beyond(plot.bounds, low, high):
            axes.axvspan(start, end, color=PALE, zorder=0, linewidth=0)
        axes.axvline(0, color=SOFT, linewidth=0.7, linestyle=DOTTED)
        axes.set_xlim(low, high)
        axes.set_yticks([0, 25, 50, 75, 100])
        axes.set_xlabel("log10 LR")
        tall = height_in > _LOW_IN
        axes.set_ylabel(_("{of} with at least this LR, %", of=plot.of) if tall else _("share of {of}, %", of=plot.of))
        axes.grid(axis="y", color=PALE, linewidth=0.7)
        draw_marks(axes, plot.marks, 100)
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def draw_marks(axes: "Axes", marks: Sequence[Mark], top: float) -> None:
    """The case's values: lines with labels where there are few, ticks at the bottom where there are many.

    Args:
        axes: with their limits from left to right.
        marks: the values.
        top: of the curves; the labels are above them.
    """
    if not marks or len(marks) > _MOST_LABELLED_MARKS:
        values = [mark.value for mark in marks]
        axes.plot(values, [0.03] * len(values), "|", markersize=9, color=INK, transform=axes.get_xaxis_transform())
        axes.set_ylim(0, 1.04 * top)
        return
    left, right = axes.get_xlim()
    last, level, deepest = -np.inf, 0, 0
    for mark in sorted(marks, key=lambda mark: mark.value):
        place = (mark.value - left) / (right - left)
        level = level + 1 if place - last < 0.2 else 0  # noqa: PLR2004 - about the width of a label
        last, deepest = place, max(deepest, level)
        height = _HIGHEST_LABEL - _LABEL_HEIGHT * level
        axes.axvline(mark.value, ymax=height - 0.01, color=INK, linewidth=0.9)
        side = "right" if place > 0.88 else "left"  # noqa: PLR2004
        axes.annotate(
            drawable(mark.label),
            (mark.value, height),
            xycoords=axes.get_xaxis_transform(),
            xytext=(-2 if side == "right" else 2, 0),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=7,
        )
    axes.set_ylim(0, top / (_HIGHEST_LABEL - _LABEL_HEIGHT * (deepest + 1)))


def _reach(plot: TippettPlot) -> tuple[float, float]:
    """Smallest and largest log10 LR to draw, infinities aside, with a margin."""
    drawn = np.concatenate(
        [plot.same_speaker, plot.different_speaker, *(plot.unbounded or ()), plot.bounds or (), [0.0]]
    )
    finite = drawn[np.isfinite(drawn)]
    low, high = float(finite.min()), float(finite.max())
    margin = 0.04 * (high - low) + 0.1
    return low - margin, high + margin


def _steps(values: Vector, low: float, high: float) -> tuple[Vector, Vector]:
    """Where the curve of shares falls, and to what percentage, from one edge of the plot to the other."""
    at, share = survival(values)
    return np.r_[low, at, high], 100 * np.r_[share[0], share, 0.0]


def _beyond(bounds: tuple[float, float] | None, low: float, high: float) -> tuple[tuple[float, float], ...]:
    return ((low, bounds[0]), (bounds[1], high)) if bounds else ()
