"""What all plots of a report share: typeface, colours, the SVG that they become.

The same data give the same bytes. Text stays text, in the typeface of the page, so that it can be searched
and read aloud; matplotlib lays it out with the typeface that it brings, a wide one.
"""

import io
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from forensic.records import Vector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Blue and vermilion of Okabe & Ito: told apart by every kind of colour vision, and by lightness in greyscale.
SAME, DIFFERENT = "#0072b2", "#d55e00"
INK, SOFT, RULE, PALE = "#1f2430", "#5b6472", "#c9ced6", "#eef0f3"

WIDTH_IN = 6.7  # the text width of the A4 page
MOST_POINTS = 480  # a line of more points looks the same and only makes the file larger

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


def style() -> Any:
    """The look of every plot, as a context to draw in."""
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> "tuple[Figure, Axes]":
    """An empty figure with axes; as wide as the page without a width."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")  # not pyplot: nothing stays in memory
    figure.patch.set_visible(False)
    axes = figure.subplots()
    axes.patch.set_visible(False)
    return figure, axes


def new_panels(height_in: float, shares: "Sequence[float]") -> "tuple[Figure, list[Axes]]":
    """A figure as wide as the page, with axes side by side that share its width as told."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in))
    figure.set_layout_engine("constrained", wspace=0.06)
    figure.patch.set_visible(False)
    panels = figure.subplots(1, len(shares), squeeze=False, width_ratios=shares)[0].tolist()
    for axes in panels:
        axes.patch.set_visible(False)
    return figure, panels


def as_svg(figure: "Figure", name: str, title: str) -> str:
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
        rf'viewBox="\g<box>" style="width: {100 * width_in / WIDTH_IN:.1f}%" '
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


def legend_above(axes: "Axes") -> None:
    """Above the plot, where it covers nothing."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2,
        borderaxespad=0.1,
        handlelength=2.6,
        fontsize=7.5,
    )


def survival(values: Vector) -> tuple[Vector, Vector]:
    """Share of values at or above each value; at most ``MOST_POINTS`` of them."""
    ordered = np.sort(values)
    share = 1.0 - np.arange(len(ordered)) / len(ordered)
    if len(ordered) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(ordered) - 1, MOST_POINTS).astype(int))
        ordered, share = ordered[kept], share[kept]
    return ordered, share


def drawable(text: str) -> str:
    """A label that matplotlib can lay out: characters that its typeface lacks become a middle dot."""
    return "".join(character if ord(character) in _drawable() else "\N{MIDDLE DOT}" for character in text)


@cache
def _drawable() -> frozenset[int]:
    """Code points that the plots' typeface holds."""
    from matplotlib import font_manager

    path = font_manager.findfont("DejaVu Sans", fallback_to_default=True)
    return frozenset(font_manager.get_font(path).get_charmap())
