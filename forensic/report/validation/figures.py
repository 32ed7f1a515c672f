"""The plots of a validation report, as SVG."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from forensic.records import Vector
from forensic.report.shared.canvas import (
    DASHED,
    DIFFERENT,
    DOTTED,
    INK,
    PALE,
    RULE,
    SAME,
    SOFT,
    WIDTH_IN,
    as_svg,
    drawable,
    legend_above,
    new_figure,
    style,
    thinned,
)
from forensic.report.shared.catalogue import _, figures
from forensic.report.shared.tippett import draw_tippett
from forensic.report.validation.content import Plots
from forensic.report.validation.plots import DetPlot, EcePlot, PavPlot, ZooPlot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HALF_IN = 0.48 * WIDTH_IN
_HALF_HEIGHT_IN = 3.0
_DET_TICKS_PERCENT = (0.01, 0.02, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 40, 60, 80)
_DET_TICKS_APART = 0.07  # of the axis
_LONGEST_NAME = 14
_NAME_WIDTH, _NAME_HEIGHT, _NAMES_TURN = 0.16, 0.045, 0.7  # of the axes of the zoo plot


def draw_all(plots: Plots | None) -> dict[str, str]:
    """Every plot as SVG, by name."""
    if plots is None:
        return {}
    drawn = {
        "tippett": draw_tippett(plots.tippett),
        "det": draw_det(plots.det),
        "pav": draw_pav(plots.pav),
        "ece": draw_ece(plots.ece),
    }
    return drawn | ({"zoo": draw_zoo(plots.zoo)} if plots.zoo else {})


def draw_det(plot: DetPlot) -> str:
    """Misses over false alarms on normal-deviate axes; normal scores with equal spread give a straight line."""
    with style():
        figure, axes = new_figure(_HALF_HEIGHT_IN, _HALF_IN)
        shares = np.concatenate([plot.false_alarms, plot.misses, [0.01]])
        least = float(shares[shares > 0].min())
        low, high = ndtri(0.7 * least), ndtri(0.6)
        ticks = _det_ticks(low, high)
        axes.plot([low, high], [low, high], color=RULE, linewidth=0.8)
        kept = thinned(len(plot.misses))
        every = [_deviate(shares[kept], low) for shares in (plot.false_alarms, plot.misses)]
        axes.plot(*every, color=INK, linewidth=1.4, label=_("every threshold"))
        hull = [  # its lines are straight in shares, not in deviates
            _deviate(np.linspace(shares[:-1], shares[1:], 40).T.ravel(), low)
            for shares in (plot.hull_false_alarms, plot.hull_misses)
        ]
        axes.plot(*hull, color=SAME, linewidth=0.9, linestyle=DASHED, label=_("convex hull"))
        if plot.eer > 0:
            axes.plot(ndtri(plot.eer), ndtri(plot.eer), "o", color=SAME, markersize=4)
        axes.set(xlim=(low, high), ylim=(low, high), xlabel=_("false alarms, %"), ylabel=_("misses, %"), aspect="equal")
        names = [figures(f"{tick:g}") for tick in ticks]
        axes.set_xticks(ndtri(np.array(ticks) / 100), names)
        axes.set_yticks(ndtri(np.array(ticks) / 100), names)
        axes.grid(color=PALE, linewidth=0.7)
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def draw_pav(plot: PavPlot) -> str:
    """What the best rising map makes of the log10 LRs; perfect calibration is the diagonal."""
    with style():
        figure, axes = new_figure(_HALF_HEIGHT_IN, _HALF_IN)
        finite = np.isfinite(plot.mapped) & np.isfinite(plot.value)
        shown = np.concatenate(
            [plot.value[finite], plot.mapped[finite], plot.value[np.isfinite(plot.value)], [-1.0, 1.0]]
        )
        low, high = float(shown.min()) - 0.3, float(shown.max()) + 0.3
        axes.plot([low, high], [low, high], color=SOFT, linewidth=0.8, linestyle=DASHED, label=_("perfect calibration"))
        kept = np.flatnonzero(finite)[thinned(int(finite.sum()))]
        axes.plot(plot.value[kept], plot.mapped[kept], color=INK, linewidth=1.5, label=_("after PAV"))
        for end, place in ((-np.inf, low), (np.inf, high)):
            ends = plot.value[(plot.mapped == end) & np.isfinite(plot.value)]
            ends = ends[thinned(len(ends), 120)]
            marker, colour = ("v", DIFFERENT) if end < 0 else ("^", SAME)
            axes.plot(
                ends, np.full(len(ends), place), marker, color=colour, markersize=3, clip_on=False, linestyle="none"
            )
        axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
        axes.set(xlabel=_("log10 LR"), ylabel=_("log10 LR after PAV"))
        axes.grid(color=PALE, linewidth=0.7)
        legend_above(axes, columns=1)
        return as_svg(figure, plot.name, plot.caption)


def draw_ece(plot: EcePlot) -> str:
    """What is left unknown at each prior: without LRs, with them, and with the best possible calibration."""
    with style():
        figure, axes = new_figure(2.6)
        for values, label, colour, line, width in (
            (plot.without_lrs, _("without LRs"), SOFT, DOTTED, 1.2),
            (plot.lrs, _("LRs"), INK, "solid", 1.5),
            (plot.after_pav, _("after PAV"), SAME, DASHED, 1.1),
        ):
            axes.plot(plot.prior_log10_odds, values, color=colour, linestyle=line, linewidth=width, label=label)
        axes.axvline(0, color=RULE, linewidth=0.7)
        finite = plot.lrs[np.isfinite(plot.lrs)]
        axes.set_ylim(0, min(1.6, 1.06 * max(1.0, float(finite.max(initial=1.0)))))
        axes.set_xlim(float(plot.prior_log10_odds[0]), float(plot.prior_log10_odds[-1]))
        axes.set_xlabel(_("log10 prior odds of H1"))
        axes.set_ylabel(_("empirical cross-entropy, bits"))
        axes.grid(axis="y", color=PALE, linewidth=0.7)
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def draw_zoo(plot: ZooPlot) -> str:
    """One point per speaker: mean log10 LR with themselves, and with others."""
    with style():
        figure, axes = new_figure(_HALF_HEIGHT_IN)
        zoo = plot.zoo
        good = (zoo.same >= 0) & (zoo.different <= 0)
        for chosen, colour, marker, name in (
            (good, SAME, "o", _("on the right side on average")),
            (~good, DIFFERENT, "D", _("misleading on average")),
        ):
            if chosen.any():
                axes.plot(
                    zoo.same[chosen],
                    zoo.different[chosen],
                    marker,
                    color=colour,
                    markersize=4,
                    alpha=0.75,
                    label=name,
                    linestyle="none",
                )
        axes.axvline(0, color=SOFT, linewidth=0.7, linestyle=DOTTED)
        axes.axhline(0, color=SOFT, linewidth=0.7, linestyle=DOTTED)
        for quartile in (25, 75):
            axes.axvline(float(np.percentile(zoo.same, quartile)), color=RULE, linewidth=0.6)
            axes.axhline(float(np.percentile(zoo.different, quartile)), color=RULE, linewidth=0.6)
        axes.margins(0.08)
        axes.invert_yaxis()  # up is better, as to the right
        _name_points(axes, [(zoo.same[place], zoo.different[place], name) for place, name in plot.named])
        axes.set_xlabel(_("mean log10 LR with recordings of the same speaker"))
        axes.set_ylabel(_("mean log10 LR with other speakers"))
        legend_above(axes)
        return as_svg(figure, plot.name, plot.caption)


def _name_points(axes: "Axes", named: Sequence[tuple[float, float, str]]) -> None:
    """Names beside points: towards the middle, and below each other where they would overlap."""
    taken: list[tuple[bool, float, float]] = []
    for x, y, name in sorted(named, key=lambda point: (-axes.transData.transform(point[:2])[1], point)):
        across, up = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))
        is_left = bool(across > _NAMES_TURN)
        height = up
        while any(
            is_left == side and abs(across - beside) < _NAME_WIDTH and abs(height - above) < _NAME_HEIGHT
            for side, beside, above in taken
        ):
            height -= _NAME_HEIGHT
        taken.append((is_left, across, height))
        label = axes.annotate(
            drawable(_shortened(name)),
            (x, y),
            xytext=(across + (-0.012 if is_left else 0.012), height),
            textcoords="axes fraction",
            ha="right" if is_left else "left",
            va="center",
            fontsize=6.5,
            color=SOFT,
            arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.4, "shrinkA": 0, "shrinkB": 2},
        )
        label.set_in_layout(False)  # a long name would make the plot smaller


def _det_ticks(low: float, high: float) -> list[float]:
    """Percentages to write on an axis from one deviate to another, far enough from each other to be read."""
    ticks: list[float] = []
    for tick in reversed(_DET_TICKS_PERCENT):
        place = ndtri(tick / 100)
        if low <= place <= high and (not ticks or ndtri(ticks[-1] / 100) - place > _DET_TICKS_APART * (high - low)):
            ticks.append(tick)
    return ticks


def _shortened(name: str) -> str:
    """A speaker's name without the corpus, or the end of it."""
    own = name.rpartition("/")[2]
    return own if len(own) <= _LONGEST_NAME else f"\N{HORIZONTAL ELLIPSIS}{own[1 - _LONGEST_NAME :]}"


def _deviate(shares: Vector, low: float) -> Vector:
    """Normal deviates; 0 and 1 become values a little outside the plot."""
    with np.errstate(divide="ignore"):
        deviates: Vector = np.clip(ndtri(np.clip(shares, 0.0, 1.0)), low - 1, 3.0)
    return deviates
