"""What each plot of a validation report shows, as plain data; ``forensic.report.validation.figures`` draws it."""

from dataclasses import dataclass

from forensic.likelihood_ratio.metrics import Zoo
from forensic.records import Vector


@dataclass(frozen=True, slots=True, eq=False)
class DetPlot:
    """Errors at every threshold, their convex hull, and where both errors are alike; shares, 0 to 1."""

    name: str
    caption: str
    false_alarms: Vector
    misses: Vector
    hull_false_alarms: Vector
    hull_misses: Vector
    eer: float


@dataclass(frozen=True, slots=True, eq=False)
class PavPlot:
    """log10 LRs, and what the best rising map makes of them."""

    name: str
    caption: str
    value: Vector
    mapped: Vector


@dataclass(frozen=True, slots=True, eq=False)
class EcePlot:
    """Empirical cross-entropy in bits over log10 prior odds."""

    name: str
    caption: str
    prior_log10_odds: Vector
    lrs: Vector
    after_pav: Vector
    without_lrs: Vector


@dataclass(frozen=True, slots=True, eq=False)
class ZooPlot:
    """Each speaker's mean log10 LRs, and names of the few who stand apart."""

    name: str
    caption: str
    zoo: Zoo
    named: tuple[tuple[int, str], ...]  # place among the zoo's speakers, and name
