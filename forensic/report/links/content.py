"""The finished report of links as plain data, in the order of its chapters."""

from dataclasses import dataclass
from typing import Literal

from forensic.comparison.independence import SuspicionKind
from forensic.report.shared.content import (
    CalibrationRow,
    ChanceRow,
    CountRow,
    Fact,
    FailureRow,
    MethodChapter,
    TitlePage,
)


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A voice of the graph; ``cluster`` is 0 where it is in none."""

    label: str
    cluster: int


@dataclass(frozen=True, slots=True)
class GraphEdge:
    """A line of the graph between two nodes, by their places.

    Attributes:
        first, second: places of the nodes.
        kind: of what joins them.
        log10_lr: of a link; 0 otherwise.
        is_firm: whether the lower end of the link's interval reaches the threshold.
    """

    first: int
    second: int
    kind: SuspicionKind | Literal["link"]
    log10_lr: float = 0.0
    is_firm: bool = True


@dataclass(frozen=True, slots=True)
class Graph:
    """Voices and what joins them."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A cluster: its voices with their names, and how sure it is."""

    label: str
    voices: tuple[tuple[str, str], ...]
    mean: str
    lowest: str
    pairs: str
    together: str
    note: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A pair whose LR reaches the threshold; the first is the known side."""

    first: str
    first_name: str
    second: str
    second_name: str
    log10_lr: str
    lr: str
    interval: str
    verbal: str
    share_of_draws: str
    cluster: str


@dataclass(frozen=True, slots=True)
class SuspicionRow:
    """Two recordings that may not be independent."""

    kind: str
    voices: str
    finding: str


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A voice, what it holds, and what it is linked with."""

    label: str
    name: str
    net_speech: str
    pairs: str
    links: str
    cluster: str
    reason: str


@dataclass(frozen=True, slots=True)
class LinkReport:
    """A whole report of links. Texts are plain; a note says what was left out of a table."""

    title_page: TitlePage
    warnings: tuple[str, ...]
    lead: tuple[str, ...]
    chance: tuple[ChanceRow, ...]
    graph: Graph | None
    graph_note: str
    clusters: tuple[ClusterRow, ...]
    clusters_note: str
    links: tuple[LinkRow, ...]
    links_note: str
    suspicions: tuple[SuspicionRow, ...]
    suspicions_note: str
    voices: tuple[VoiceRow, ...]
    voices_note: str
    refusals: tuple[CountRow, ...]
    failures: tuple[FailureRow, ...]
    failures_note: str
    reading: tuple[str, ...]
    calibrations: tuple[CalibrationRow, ...]
    calibrations_note: str
    method: MethodChapter
    glossary: tuple[Fact, ...]
