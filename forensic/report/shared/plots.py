"""What the plots that several kinds of report draw show, as plain data."""

from dataclasses import dataclass

from forensic.records import Vector


@dataclass(frozen=True, slots=True)
class Mark:
    """A comparison of the case on a plot of the population's."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class TippettPlot:
    """Log10 LRs of either kind of comparison.

    Attributes:
        same_speaker, different_speaker: log10 LRs.
        of: what the LRs are of, "pairs" or "comparisons".
        unbounded: log10 LRs of either kind before the bounds, drawn thin; None draws none.
        bounds: beyond which the plot is shaded; None shades nothing.
        marks: LRs of the case.
    """

    name: str
    caption: str
    same_speaker: Vector
    different_speaker: Vector
    of: str = "comparisons"
    unbounded: tuple[Vector, Vector] | None = None
    bounds: tuple[float, float] | None = None
    marks: tuple[Mark, ...] = ()
