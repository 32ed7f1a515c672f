"""The records of the results of a case's comparisons and of a linking. Reports show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.case.details import CaseDetails
from forensic.comparison.inconsistency import ConsistencyFinding
from forensic.comparison.independence import Leak, NotSearched, Suspicion
from forensic.comparison.method import Method
from forensic.comparison.neighbours import Neighbour
from forensic.comparison.refusal import Refusal
from forensic.comparison.spoken_language import LanguageDifference
from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.likelihood_ratio.explanation import Amount, Typicality
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.records import Calibration


@dataclass(frozen=True, slots=True)
class KnownRecording:
    """One recording of a known speaker.

    Attributes:
        path: as in the table ``files``.
        sha256: of its bytes.
        session: the sitting or call that the reference set names; empty where it names none.
    """

    path: str
    sha256: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    """A suspect of the reference set and their known recordings."""

    name: str
    recordings: tuple[KnownRecording, ...]


@dataclass(frozen=True, slots=True)
class SegmentEffect:
    """A stretch of the questioned speech, and the LR without it.

    Attributes:
        start_s, end_s: in the recording.
        log10_lr_without: of the other stretches, unbounded.
        change: what the stretch adds to the log10 LR of all stretches.
    """

    start_s: float
    end_s: float
    log10_lr_without: float
    change: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one LR rests on (see ``forensic.likelihood_ratio.explanation``).

    Attributes:
        questioned_path, questioned_sha256, channel, turn, suspect: the comparison.
        stretches: number of stretches of questioned speech; 0 if the evidence has none.
        net_speech_s: of all stretches together.
        log10_lr_of_stretches: of their mean, unbounded; None if none can be left out.
        segments: the stretches that change it most, in the order of time; empty if none can be left out.
        amounts: the LR of the first stretches, by amount.
        typicality: None where the population is a list of scores.
    """

    questioned_path: str
    questioned_sha256: str
    channel: int
    turn: int
    suspect: str
    stretches: int
    net_speech_s: float
    log10_lr_of_stretches: float | None
    segments: tuple[SegmentEffect, ...]
    amounts: tuple[Amount, ...]
    typicality: Typicality | None


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A stretch of one channel of a recording, to look at.

    Attributes:
        sha256, channel, turn: whose speech it is.
        start_s, end_s: of the stretch in the recording.
        highest_hz: upper end of the spectrogram.
        levels: the spectrogram, shape (bands, columns), the lowest frequency first (see ``forensic.audio.picture``).
    """

    sha256: str
    channel: int
    turn: int
    start_s: float
    end_s: float
    highest_hz: float
    levels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """All results of the comparisons of a case, and what they rest on.

    Attributes:
        case_details: what a person wrote in ``case.toml``.
        comparison_id: the folder of the results; empty until they are published.
        created_utc: when the results were computed.
        files, recordings, quality, segments, language, failures: the case's evidence, of one model and
            one set of settings.
        comparisons: table of ``COMPARISONS_SCHEMA``.
        known_speakers: the reference set, in the order in which a report numbers it.
        calibrations: by id; at least those that ``comparisons`` names.
        method: what computed the results.
        scale: the verbal scale.
        refusals: of the rows of ``comparisons``; None where a row has an LR.
        consistency: suspects whose recordings are unlikely to be of one speaker, or were not compared with each other.
        leaks: overlaps that were found between sides, and what was not searched for.
        language_differences: suspects whose language is not that of questioned recordings.
        neighbours: the LRs under neighbouring choices of the relevant population.
        explanations: of the highest LR of each questioned speaker and of every LR above 1, as many as were asked for.
        excerpts: of the recordings in these comparisons.
        is_identification: whether the question is which of the known speakers each questioned speaker may be.
    """

    case_details: CaseDetails
    comparison_id: str
    created_utc: datetime
    files: pl.DataFrame
    recordings: pl.DataFrame
    quality: pl.DataFrame
    segments: pl.DataFrame
    language: pl.DataFrame
    failures: pl.DataFrame
    comparisons: pl.DataFrame
    known_speakers: tuple[KnownSpeaker, ...]
    calibrations: Mapping[str, Calibration]
    method: Method
    scale: VerbalScale
    refusals: tuple[Refusal | None, ...] = ()
    consistency: tuple[ConsistencyFinding, ...] = ()
    leaks: tuple[Leak, ...] = ()
    language_differences: tuple[LanguageDifference, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    is_identification: bool = False


@dataclass(frozen=True, slots=True)
class VoiceCluster:
    """Voices that average linkage put into one cluster.

    Attributes:
        number: from 1, the largest first.
        voices: numbers of its voices.
        mean_log10_lr, lowest_log10_lr: of its pairs with an LR.
        pairs_with_lr, pairs: how many of its pairs have an LR, and how many pairs there are.
        together: share of the bootstrap draws in which its voices are still in one cluster, 0 to 1.
        holds_two_of_one_recording: whether two of its voices are of one recording, in which they count as two people.
    """

    number: int
    voices: tuple[int, ...]
    mean_log10_lr: float
    lowest_log10_lr: float
    pairs_with_lr: int
    pairs: int
    together: float
    holds_two_of_one_recording: bool


@dataclass(frozen=True, slots=True)
class SuspectedPair:
    """Two recordings that may not be independent.

    Attributes:
        suspicion: what was found.
        first_voices, second_voices: numbers of their voices, of the channels that share audio where that is known.
    """

    suspicion: Suspicion
    first_voices: tuple[int, ...]
    second_voices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """How many pairs reach an LR, and how many would reach it if every pair were of two people."""

    log10_lr: float
    expected: float
    found: int


@dataclass(frozen=True, slots=True)
class LinkOutcome:
    """Everything that a linking found.

    Attributes:
        case_details: what a person wrote in ``case.toml``.
        report_id: the folder of the results.
        created_utc: when the results were computed.
        threshold_log10_lr: least log10 LR of a link, and least mean of a cluster.
        voices, links: tables of ``forensic.comparison.tables``.
        refusals: of the rows of ``voices``; None where a voice has a pair with an LR.
        clusters: of two voices or more.
        draws: number of bootstrap draws in which clusters were made again.
        suspicions: pairs of recordings that may not be independent.
        not_searched: recordings that were not searched for copies.
        pairs: number of pairs.
        uses: number of pairs that can have an LR, pruned ones included, by calibration.
        without_lr: why pairs have none, and how many.
        calibrations: by id.
        failures: recordings and channels that could not be examined, with their paths.
        method: what computed the results.
        scale: the verbal scale.
        pruned: pairs that can have an LR and were not weighed, because each of the two has better ones.
    """

    case_details: CaseDetails
    report_id: str
    created_utc: datetime
    threshold_log10_lr: float
    voices: pl.DataFrame
    refusals: tuple[Refusal | None, ...]
    links: pl.DataFrame
    clusters: tuple[VoiceCluster, ...]
    draws: int
    suspicions: tuple[SuspectedPair, ...]
    not_searched: tuple[NotSearched, ...]
    pairs: int
    uses: Mapping[str, int]
    without_lr: tuple[tuple[Refusal, int], ...]
    calibrations: Mapping[str, Calibration]
    failures: pl.DataFrame
    method: Method
    scale: VerbalScale
    pruned: int = 0

    @property
    def pairs_with_lr(self) -> int:
        """Pairs that were weighed."""
        return sum(self.uses.values()) - self.pruned

    def chance(self) -> tuple[Chance, ...]:
        """At the threshold and above it, in whole powers of ten."""
        sizes = [self.threshold_log10_lr + more for more in (0.0, 1.0, 2.0)]
        return tuple(
            Chance(
                size,
                expected_by_chance(self.uses, self.calibrations, size),
                int((self.links["log10_lr"] >= size).sum()),
            )
            for size in sizes
        )
