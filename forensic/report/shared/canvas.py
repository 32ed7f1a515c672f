"""What all plots of a report share: typeface, colours, the SVG that they become.

The same data give the same bytes. Text stays text, in the typeface of the page, so that it can be searched
and read aloud; matplotlib lays it out with its own typeface, which is a wide one.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector
from forensic.report.shared.catalogue import ENGLISH, figures, language
from forensic.report.shared.svg import inline_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and vermilion of Okabe & Ito: distinct in every kind of colour vision, and by lightness in greyscale.
SAME, DIFFERENT = "#0072b2", "#d55e00"
INK, SOFT, RULE, PALE = "#1f2430", "#5b6472", "#c9ced6", "#eef0f3"

WIDTH_IN = 6.7  # the text width of the A4 page
HALF_IN = 3.25  # of one of two columns
MOST_POINTS = 480  # a line of more points looks the same and only makes the file larger
DASHED, DOTTED = (0, (4, 1.5)), (0, (1, 2))

_PICTURES: ContextVar[dict[str, bytes] | None] = ContextVar("pictures", default=None)
_PICTURE_DPI = 200

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "forensic",
    "font.family": ["DejaVu Sans"],  # part of matplotlib
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


def style() -> Any:
    """The look of every plot, as a context to draw in."""
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> "tuple[Figure, Axes]":
    """An empty figure with axes, by default as wide as the text."""
    figure, (axes,) = new_panels(height_in, (1.0,), width_in)
    return figure, axes


def new_panels(height_in: float, shares: "Sequence[float]", width_in: float = WIDTH_IN) -> "tuple[Figure, list[Axes]]":
    """An empty figure with axes side by side, whose widths are in these proportions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in))  # not pyplot: nothing stays in memory
    figure.set_layout_engine("constrained", wspace=0.06)
    figure.patch.set_visible(False)
    panels = figure.subplots(1, len(shares), squeeze=False, width_ratios=shares)[0].tolist()
    for axes in panels:
        axes.patch.set_visible(False)
    return figure, panels


def new_stack(shares: "Sequence[float]", height_in: float, width_in: float) -> "tuple[Figure, list[Axes]]":
    """An empty figure with axes above each other, whose heights are in these proportions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in))
    figure.set_layout_engine("constrained", hspace=0.02)
    figure.patch.set_visible(False)
    panels = figure.subplots(len(shares), 1, squeeze=False, height_ratios=shares)[:, 0].tolist()
    return figure, panels


def as_svg(figure: "Figure", name: str, title: str) -> str:
    """The figure as part of a page: no prologue, no date, ids of its own, and a title that can be read aloud."""
    _localise(figure)
    pictures = _PICTURES.get()
    if pictures is not None:
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=_PICTURE_DPI, metadata={"Software": None})
        pictures[name] = picture.getvalue()
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline_svg(target.getvalue(), name, title, 100 * figure.get_figwidth() / WIDTH_IN)


def _localise(figure: "Figure") -> None:
    """Numbers at the ticks as the language of the report writes them."""
    from matplotlib.ticker import FuncFormatter, ScalarFormatter

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        written = axis.get_major_formatter()
        if isinstance(written, ScalarFormatter) and language() != ENGLISH:
            written.set_locs(list(axis.get_majorticklocs()))
            axis.set_major_formatter(
                FuncFormatter(lambda value, place, written=written: figures(written(value, place)))
            )


@contextmanager
def pictures_taken() -> Iterator[dict[str, bytes]]:
    """Every plot that is drawn inside this block as PNG too, by its name."""
    found: dict[str, bytes] = {}
    token = _PICTURES.set(found)
    try:
        yield found
    finally:
        _PICTURES.reset(token)


def legend_above(axes: "Axes", columns: int = 2) -> None:
    """Put the legend above the plot, where it covers nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=columns,
        borderaxespad=0.1,
        handlelength=2.6,
        fontsize=7.5,
    )


def survival(values: Vector) -> tuple[Vector, Vector]:
    """Share of values at or above each value; at most ``MOST_POINTS`` of them."""
    ordered = np.sort(values)
    share = 1.0 - np.arange(len(ordered)) / len(ordered)
    kept = thinned(len(ordered))
    return ordered[kept], share[kept]


def thinned(count: int, most: int = MOST_POINTS) -> NDArray[np.intp]:
    """Indices of at most ``most`` of ``count`` points, evenly spaced, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def drawable(text: str) -> str:
    """A label that matplotlib can lay out: characters that its typeface lacks become a middle dot."""
    return "".join(character if ord(character) in _drawable() else "\N{MIDDLE DOT}" for character in text)


@cache
def _drawable() -> frozenset[int]:
    """Code points that the plots' typeface holds."""
    from matplotlib import font_manager

    path = font_manager.findfont("DejaVu Sans", fallback_to_default=True)
    return frozenset(font_manager.get_font(path).get_charmap())
