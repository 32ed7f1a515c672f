"""What each plot of a case report shows, as plain data; ``forensic.report.case.figures`` draws it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector
from forensic.report.shared.plots import Mark


@dataclass(frozen=True, slots=True, eq=False)
class ScorePlot:
    """Scores of the reference population, with the case's."""

    name: str
    caption: str
    same_speaker: Vector
    different_speaker: Vector
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A step of the verbal scale on an axis of log10 LR, and its term without the word support."""

    low_log10: float
    high_log10: float
    term: str


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One comparison's log10 LR with its interval.

    Attributes:
        bound: the one that the LR is at, if any.
        link: id of the comparison's page or row.
    """

    label: str
    name: str
    log10_lr: float
    low: float
    high: float
    bound: Literal["upper", "lower", ""]
    link: str = ""


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """Log10 LRs with intervals over the bands of the verbal scale."""

    name: str
    caption: str
    rows: tuple[ForestRow, ...]
    bands: tuple[Band, ...]

    @property
    def narrow_name(self) -> str:
        """Of the same plot for a narrow screen."""
        return f"{self.name}-narrow"


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison in a matrix; ``log10_lr`` is None where no LR is issued."""

    log10_lr: float | None
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class MatrixPlot:
    """Log10 LRs, questioned by known; a cell is None where the two were not compared."""

    name: str
    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """The log10 LR of an amount of speech, with its interval."""

    net_speech_s: float
    log10_lr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SegmentBar:
    """What a stretch of speech adds to the log10 LR; labelled by its place in the recording."""

    label: str
    change: float


@dataclass(frozen=True, slots=True)
class ExplanationPlot:
    """How an LR grows with speech, and what stretches add to it; one of both may be empty."""

    name: str
    caption: str
    growth: tuple[GrowthPoint, ...]
    issued: GrowthPoint
    segments: tuple[SegmentBar, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SpeechPlot:
    """The speech of one side: the whole channel as a waveform, and a stretch of it as a spectrogram; times in seconds.

    Attributes:
        duration_s: of the channel.
        low, high: its envelope.
        speech: the stretches that were used.
        effects: what each of these stretches adds to the log10 LR, where that was examined; otherwise empty.
        start_s, end_s: of the spectrogram.
        highest_hz: its upper end.
        levels: shape (bands, columns); None where there is no spectrogram.
        audio: address that holds the speech that was used, for a player; empty for none.
    """

    name: str
    caption: str
    duration_s: float
    low: Vector
    high: Vector
    speech: tuple[tuple[float, float], ...]
    effects: tuple[float, ...]
    start_s: float
    end_s: float
    highest_hz: float
    levels: NDArray[np.uint8] | None
    audio: str = ""
