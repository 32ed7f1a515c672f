"""The finished validation report as plain data, and the rows of its tables, in the order of its chapters."""

from dataclasses import dataclass

from forensic.report.shared.content import CalibrationRow, CountRow, Fact, MethodChapter, TitlePage
from forensic.report.shared.plots import TippettPlot
from forensic.report.validation.plots import DetPlot, EcePlot, PavPlot, ZooPlot


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion judged on one group."""

    criterion: str
    group: str
    judged: str
    is_met: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """Who and what was recorded, by corpus."""

    corpus: str
    speakers: str
    known: str
    questioned: str
    sessions: str
    net_speech: str


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure of the LRs as issued, and before the bounds."""

    name: str
    meaning: str
    value: str
    interval: str
    unbounded: str
    unbounded_interval: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its interval below."""

    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of a breakdown; ``note`` says why it was not measured."""

    name: str
    speakers: str
    same: str
    different: str
    refused: str
    figures: tuple[Figure, ...]
    note: str


@dataclass(frozen=True, slots=True)
class BreakdownTable:
    """The groups of one breakdown."""

    by: str
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True, slots=True)
class LrRow:
    """One comparison."""

    known: str
    questioned: str
    is_same: bool
    condition: str
    log10_lr: str
    interval: str
    unbounded: str
    is_misleading: bool


@dataclass(frozen=True, slots=True)
class Plots:
    """All plots, of the LRs as issued."""

    tippett: TippettPlot
    det: DetPlot
    pav: PavPlot
    ece: EcePlot
    zoo: ZooPlot | None


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """A whole validation report. Texts are plain; the notes beside a list say what was left out of it."""

    title_page: TitlePage
    decision: str
    is_accepted: bool | None
    lead: tuple[str, ...]
    criteria: tuple[CriterionRow, ...]
    criteria_note: str
    purpose: tuple[str, ...]
    scope: tuple[str, ...]
    conditions: tuple[str, ...]
    method: MethodChapter
    people: tuple[PeopleRow, ...]
    counts: tuple[Fact, ...]
    disjointness: tuple[str, ...]
    pairing: tuple[str, ...]
    exclusions: tuple[CountRow, ...]
    refusals: tuple[CountRow, ...]
    exclusions_note: str
    measures: tuple[MeasureRow, ...]
    measures_note: str
    plots: Plots | None
    breakdowns: tuple[BreakdownTable, ...]
    calibrations: tuple[CalibrationRow, ...]
    calibrations_note: str
    envelope: tuple[Fact, ...]
    envelope_note: str
    glossary: tuple[Fact, ...]
    lrs: tuple[LrRow, ...]
    lrs_have_intervals: bool
    lrs_note: str
