"""The finished report as plain data, and the rows of its tables, in the order of its chapters."""

from dataclasses import dataclass

from forensic.report.case.plots import ExplanationPlot, ForestPlot, MatrixPlot, ScorePlot, SpeechPlot
from forensic.report.shared.content import CalibrationRow, ChanceRow, Fact, FailureRow, MethodChapter, TitlePage
from forensic.report.shared.plots import TippettPlot


@dataclass(frozen=True, slots=True)
class Answer:
    """A question that was asked, the examiner's answer in their own words, and what the comparisons gave."""

    question: str
    own_words: tuple[str, ...]
    points: tuple[str, ...]


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
    """The first page, and what the results begin with.

    Attributes:
        answers: to the questions.
        cautions: what a reader must know before the LRs, the most important first.
        lead: what was compared, and how much of it gave an LR.
        counts, strongest, chance: where there are many comparisons.
        refusals: why comparisons have no LR.
        notes: what was left out.
    """

    answers: tuple[Answer, ...]
    cautions: tuple[str, ...]
    lead: tuple[str, ...]
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
        number: the exhibit number that a person gave it; empty where there is none.
        speaker: the known speaker, "S1 Name"; empty for a questioned recording.
        name: path below the folder of its side, printable.
        facts: container and codec, rate and channels, depth and bit rate, size; one line each.
        status: "examined", "examined in part", "not examined" or "unreadable".
        notes: duplicates, and what was noted when it was decoded.
    """

    exhibit: str
    number: str
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
        twins: other files with the bytes of the questioned recording.
        alone: where the LR rests on two models, that of each alone, "72, 12"; else empty.
        log10_lr, lr, interval, verbal, unbounded, calibration: empty where no LR is issued.
        page: id of the comparison's page; empty where it has none.
        reason: why no LR is issued; empty where one is.
        comparisons: number of comparisons that the row is about.
    """

    questioned: str
    questioned_name: str
    twins: str
    known: str
    alone: str = ""
    log10_lr: str = ""
    lr: str = ""
    interval: str = ""
    verbal: str = ""
    unbounded: str = ""
    calibration: str = ""
    page: str = ""
    reason: str = ""
    comparisons: int = 1


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
class VoiceValue:
    """A value of one voice, and its percentile among other people; empty where there is none."""

    value: str
    percentile: str


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """What describes one voice: fundamental frequency and its deviation, three formants, syllables per second."""

    label: str
    values: tuple[VoiceValue, ...]


@dataclass(frozen=True, slots=True)
class ComparisonPage:
    """A comparison that has a page of its own.

    Attributes:
        anchor: id of the page, to link to.
        twins: other files with the bytes of the questioned recording.
        sentences: the finding in words.
        lr: as printed.
        facts: the LR in numbers, and the calibration behind it.
        rests_on: on which stretches, how much speech, how common the voice is; empty where that was not examined.
    """

    anchor: str
    questioned: str
    questioned_name: str
    twins: str
    known: str
    lr: str
    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    rests_on: tuple[str, ...]
    scores: ScorePlot
    tippett: TippettPlot
    speech: tuple[SpeechPlot, ...]
    explanation: ExplanationPlot | None
    conditions: tuple[ConditionRow, ...]


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A whole report. Texts are plain; the notes beside a list say what was left out of it.

    ``other_results`` are for the screen alone: the rows for which the table on paper has no room.
    """

    title_page: TitlePage
    warnings: tuple[str, ...]
    language_warnings: tuple[str, ...]
    summary: Summary
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
    other_results: tuple[ResultRow, ...]
    results_note: str
    second_reading: str  # empty without a second model
    has_both: bool  # whether any LR rests on both models
    results_files: str
    matrices: tuple[MatrixPlot, ...]
    matrix_note: str
    forest: ForestPlot | None
    pages: tuple[ComparisonPage, ...]
    pages_note: str
    voices: tuple[VoiceRow, ...]
    voices_reading: str
    pages_reading: tuple[str, ...]
    scale_name: str
    scale_citation: str
    scale: tuple[ScaleRow, ...]
    reading: tuple[str, ...]
    calibrations: tuple[CalibrationRow, ...]
    calibrations_note: str
    real_calls: tuple[str, ...]  # what LRs were worth on real calls
    corpora: str
    method: MethodChapter
    failures: tuple[FailureRow, ...]
    skipped: tuple[FailureRow, ...]
    failures_note: str
    glossary: tuple[Fact, ...]
    declaration: tuple[str, ...]
