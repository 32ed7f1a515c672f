"""The finished report as plain data, and the rows of its tables, in the order of its chapters."""

from dataclasses import dataclass

from forensic.report.case.plots import ExplanationPlot, ForestPlot, MatrixPlot, ScorePlot, WaveformPlot
from forensic.report.shared.content import ChanceRow, Fact, FailureRow, MethodChapter, TitlePage
from forensic.report.shared.plots import TippettPlot


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison with an LR, in sentences."""

    questioned: str
    questioned_name: str
    known: str
    lr: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many comparisons had one outcome."""

    outcome: str
    number: str


@dataclass(frozen=True, slots=True)
class Strongest:
    """The known speaker with the highest LR for one questioned recording."""

    questioned: str
    questioned_name: str
    known: str
    lr: str
    interval: str
    verbal: str
    others: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no LR was issued, and for which comparisons."""

    comparisons: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The findings, before everything else."""

    lead: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...]
    strongest: tuple[Strongest, ...]
    chance: tuple[ChanceRow, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One file that was received.

    Attributes:
        exhibit: "Q1" or "K1".
        speaker: the known speaker, "S1 Name"; empty for a questioned recording.
        name: path below the folder of its side, printable.
        facts: container and codec, rate and channels, depth and bit rate, size; one line each.
        status: "examined", "examined in part", "not examined" or "unreadable".
        notes: duplicates, and what was noted when it was decoded.
    """

    exhibit: str
    speaker: str
    name: str
    sha256: str
    facts: tuple[str, ...]
    duration: str
    status: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityRow:
    """What was measured of one channel of one item."""

    label: str
    duration: str
    net_speech: str
    segments: str
    snr: str
    speech_level: str
    peak: str
    clipping: str
    band: str
    clarity: str
    language: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One comparison, or all of a questioned recording where none has an LR and all for the same reason.

    Attributes:
        known: "S1 Name", or "all 4 known speakers".
        score: the score, or the lowest and the highest; empty where there is none.
        second_score: the same of the second model.
        log10_lr, lr, interval, verbal, unbounded, calibration: empty where no LR is issued.
        reason: why no LR is issued; empty where one is.
        comparisons: number of comparisons that the row is about.
    """

    questioned: str
    questioned_name: str
    known: str
    score: str
    second_score: str = ""
    log10_lr: str = ""
    lr: str = ""
    interval: str = ""
    verbal: str = ""
    unbounded: str = ""
    calibration: str = ""
    reason: str = ""
    comparisons: int = 1


@dataclass(frozen=True, slots=True)
class ExplanationContent:
    """What one LR rests on, in sentences and a plot.

    Attributes:
        lr: with its interval, as issued.
        plot: None where there is nothing to draw.
    """

    questioned: str
    questioned_name: str
    known: str
    lr: str
    sentences: tuple[str, ...]
    plot: ExplanationPlot | None


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """One step of the verbal scale, for either direction."""

    for_h1: str
    for_h2: str
    log10: str
    term: str


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One measured quantity on either side: in the case, and in the reference population."""

    quantity: str
    questioned_case: str
    questioned_population: str
    known_case: str
    known_population: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A measure of how good the LRs of a calibration are."""

    name: str
    value: str
    interval: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CalibrationContent:
    """One calibration: the data it rests on, how well it does, and the comparisons it served."""

    label: str
    id: str
    comparisons: str
    facts: tuple[Fact, ...]
    conditions: tuple[ConditionRow, ...]
    metrics: tuple[MetricRow, ...]
    scores: ScorePlot | None
    tippett: TippettPlot | None


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A whole report. Texts are plain; the notes beside a list say what was left out of it."""

    title_page: TitlePage
    warnings: tuple[str, ...]
    language_warnings: tuple[str, ...]
    summary: Summary
    questions: tuple[str, ...]
    information: tuple[str, ...]
    h1: tuple[str, ...]
    h2: tuple[str, ...]
    relevant_population: tuple[str, ...]
    assumptions: tuple[str, ...]
    remarks: tuple[str, ...]
    known_speakers: tuple[Fact, ...]
    item_folders: tuple[Fact, ...]
    items: tuple[Item, ...]
    items_note: str
    quality: tuple[QualityRow, ...]
    quality_reading: str
    quality_note: str
    results: tuple[ResultRow, ...]
    results_note: str
    second_reading: str  # empty without a second model
    results_files: str
    matrices: tuple[MatrixPlot, ...]
    matrix_note: str
    forest: tuple[ForestPlot, ...]
    explanations: tuple[ExplanationContent, ...]
    explanations_note: str
    explanation_reading: tuple[str, ...]
    scale_name: str
    scale_citation: str
    scale: tuple[ScaleRow, ...]
    reading: tuple[str, ...]
    calibrations: tuple[CalibrationContent, ...]
    calibrations_note: str
    method: MethodChapter
    failures: tuple[FailureRow, ...]
    skipped: tuple[FailureRow, ...]
    failures_note: str
    glossary: tuple[Fact, ...]
    waveforms: tuple[WaveformPlot, ...]
    waveforms_note: str
