"""The named data that travel between the steps: one item each, frozen.

Many items of one kind are a polars frame whose schema is in ``forensic.case.store``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.quantities import QUANTITIES, Measured

Samples: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
"""Every waveform between decoding and embedding has this rate."""

STEP_FRAMES = 4
"""Frames of 10 ms whose states in a speaker network are averaged to a step for the networks that hear them."""

Role: TypeAlias = Literal["known", "questioned"]
"""A side of a comparison, or of the reference population."""

KNOWN: Final = "known"
QUESTIONED: Final = "questioned"
ROLES: tuple[Role, ...] = (KNOWN, QUESTIONED)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file on disk and what its bytes are.

    Attributes:
        modified_ns: when it was last changed, as the file system stated it while the bytes were read; 0 if not asked.
    """

    path: Path
    sha256: str
    size_bytes: int
    modified_ns: int = 0


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Facts of the container and codec, as the file states them.

    Attributes:
        tags: what the container and its audio stream say of their making ("creation_time=...", "encoder=..."), in the
            order of their names; of no weight as proof, since any program can write them.
    """

    container: str
    codec: str
    sample_rate_hz: int
    channels: int
    bit_rate: int | None
    bits_per_sample: int | None
    stated_duration_s: float | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of one channel of a recording, decoded and resampled to 16 kHz.

    Attributes:
        channel: 1 for the first channel of a recording whose channels are kept apart, 0 for all channels mixed.
        start_s: where the stretch starts in the recording.
        samples: shape (n,), float32, full scale is 1.0; may pass it slightly.
        is_last: whether the recording's channel ends here.
    """

    channel: int
    start_s: float
    samples: Samples
    is_last: bool

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of speech; times in seconds from the start of the recording."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one speaker speaks; times in seconds from the start of the recording.

    Attributes:
        speaker: from 1.
        is_clear: whether it tells of the speaker's voice: long enough, and nobody else seems to speak at the time.
        name: what an examiner calls the speaker; empty where the program found the turn.
    """

    start_s: float
    end_s: float
    speaker: int
    is_clear: bool = True
    name: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Labels:
    """What an examiner says of who speaks when in one recording.

    Attributes:
        path: the file.
        sha256: of its bytes.
        turns: by channel; under None those for every channel. Turns may overlap.
        names: what the file calls each speaker, by number.
    """

    path: str
    sha256: str
    turns: Mapping[int | None, tuple[Turn, ...]]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Measured):
    """What was measured of one channel of a recording: every quantity, and what they rest on.

    Attributes:
        duration_s: length of the channel.
        speech_level_dbfs: RMS level of the speech.
        noise_level_dbfs: RMS level of the stretches without speech; None where there are none.
        peak_dbfs: highest sample.
    """

    duration_s: float
    speech_level_dbfs: float
    noise_level_dbfs: float | None
    peak_dbfs: float

    def row(self) -> dict[str, Any]:
        """Its columns of the table ``quality``."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Quality":
        """From the columns that ``row`` makes; what they do not name was not measured."""
        return cls(**{each.name: row[each.name] for each in fields(cls) if each.name in row})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A language or accent, and how probable it is."""

    name: str
    probability: float


RecognitionAnswer: TypeAlias = Literal["named", "too little speech", "none of these", "not covered"]
"""Whether a language or accent is named, or why none is.

"none of these": the first is too improbable. "not covered": by its validation the model is often wrong about the first.
"""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which language or accent some speech is of.

    Attributes:
        answer: whether one is named, or why none is.
        name: of the language (BCP 47) or accent; None unless named.
        probability: calibrated, of the first of ``top``; None with too little speech.
        top: the five most probable, the first first; none with too little speech.
        speech_s: net speech that was judged.
    """

    answer: RecognitionAnswer
    name: str | None
    probability: float | None
    top: tuple[Candidate, ...]
    speech_s: float


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model embedded the speech."""

    name: str
    sha256: str
    embedding_size: int


@dataclass(frozen=True, slots=True)
class ChannelEvidence:
    """Everything that one speaker in one channel of a recording contributes.

    Attributes:
        channel: as in ``Block``.
        voice: number of the speaker in the channel: 0 for all of its speech, where one was found; 1 and on where there
            are several, the one with the most speech first. The tables call it ``turn``.
        speakers: how many were found, or set, in the channel.
        speaker_name: what an examiner calls the speaker; empty where the program found them.
        quality: what was measured.
        segments: where speech is.
        segment_windows: number of LSTM windows centred in each segment, shape (n_segments,).
        segment_embeddings: L2-normalised mean of those windows, shape (n_segments, embedding_size); zero rows where
            a segment holds no window of its own.
        embedding: L2-normalised mean of all windows, shape (embedding_size,).
        windows: number of LSTM windows.
        outline: shape (n, 2), lowest and highest sample of n equal stretches of the channel, for a plot.
        fingerprint: by which copies of the channel are recognised (``forensic.audio.fingerprint``), shape (frames,).
        language: what is said of its first minute of speech; None where that was not asked.
        accent: the same of the accent; None unless the language is English.
    """

    channel: int
    voice: int
    speakers: int
    quality: Quality
    segments: tuple[SpeechSegment, ...]
    segment_windows: NDArray[np.int32]
    segment_embeddings: Samples
    embedding: Samples
    windows: int
    outline: Samples
    fingerprint: NDArray[np.uint32]
    language: Recognition | None = None
    accent: Recognition | None = None
    speaker_name: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording, or one channel of it, that could not be examined, and what would help.

    Attributes:
        channel: the channel that failed; None where the whole recording did.
        traceback: of an error that nobody foresaw, for the case's log; empty for all others.
    """

    step: str
    problem: str
    remedy: str
    channel: int | None = None
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class RecordingEvidence:
    """What the examination of one file's bytes gave: evidence by channel and speaker, failures, or both.

    Attributes:
        labels_sha256: of the file from which an examiner's turns were taken; empty where speakers were found.
        labels_path: that file; empty without one.
        turns: who speaks when, by channel, where several speakers were found or turns were set.
    """

    source: SourceFile
    audio_format: AudioFormat | None
    channels: tuple[ChannelEvidence, ...]
    failures: tuple[Failure, ...]
    notes: tuple[str, ...] = ()
    labels_sha256: str = ""
    labels_path: str = ""
    turns: Mapping[int, tuple[Turn, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conditions(Measured):
    """The measured conditions of one side of a comparison, or of a cell of the reference population.

    Attributes:
        name: of a population cell, its simulated channel ("clean", "AMR-NB 5.9"); empty for a case recording.
    """

    name: str = ""

    @classmethod
    def of(cls, measured: Measured, name: str = "") -> "Conditions":
        """What was measured, under a name."""
        return cls(**{quantity.name: getattr(measured, quantity.name) for quantity in QUANTITIES}, name=name)

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> "Conditions":
        """Of a row of the table ``quality``."""
        return cls(**{quantity.name: row[quantity.name] for quantity in QUANTITIES})


@dataclass(frozen=True, slots=True)
class Traits:
    """What a corpus says of a person; empty where it says nothing.

    Attributes:
        sex: "female" or "male".
        age: "adult" or "child".
        language: of the recordings, BCP 47.
        accent: of that language.
    """

    sex: str = ""
    age: str = ""
    language: str = ""
    accent: str = ""


TRAITS = tuple(each.name for each in fields(Traits))
"""What may be known of a person."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval from a bootstrap over speakers."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMaps:
    """Maps from score to log10 LR: straight pieces between equally spaced knots.

    Attributes:
        calibrator: what fitted them, a name of ``forensic.likelihood_ratio.calibrators``.
        start: score at the first knot.
        step: score from one knot to the next, above 0.
        log10_lr: at each knot, a row a map, shape (n_maps, n_knots), finite, two knots or more.
        goes_on: whether the outer pieces go on beyond the knots (a straight line) or their ends are held.
    """

    calibrator: str
    start: float
    step: float
    log10_lr: NDArray[np.float64]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted map from score to log10 LR for one pair of conditions, with the data it rests on.

    Attributes:
        id: hash of the data, conditions and settings that made it; the same inputs give the same id.
        questioned: conditions of the population's questioned side.
        known: conditions of the population's known side.
        questioned_distance: how far the case's questioned recording lies from ``questioned`` (0 is the same; see
            ``forensic.likelihood_ratio.conditions``).
        known_distance: the same for the known side.
        score_map: the map itself, one row.
        limit: the map with hardly any shrinkage, about which intervals lie, shape (n_knots,), at the knots of
            ``score_map``.
        draws: the same of each bootstrap draw over speakers, shape (n_draws, n_knots).
        lower_bound_log10_lr: smallest log10 LR that the data support.
        upper_bound_log10_lr: largest log10 LR that the data support.
        cllr, cllr_min, eer: cross-validated by speaker, with intervals; eer is a share, 0 to 1.
        speakers: number of reference speakers.
        recordings: number of their embeddings that entered; 0 where only scores were given.
        same_speaker_scores: shape (n_same,).
        different_speaker_scores: shape (n_different,).
        same_speaker_log10_lr: cross-validated, shape (n_same,).
        different_speaker_log10_lr: cross-validated, shape (n_different,).
        corpora: corpora of the reference speakers.
    """

    id: str
    questioned: Conditions
    known: Conditions
    questioned_distance: float
    known_distance: float
    score_map: ScoreMaps
    limit: NDArray[np.float64]
    draws: NDArray[np.float64]
    lower_bound_log10_lr: float
    upper_bound_log10_lr: float
    cllr: Interval
    cllr_min: Interval
    eer: Interval
    speakers: int
    recordings: int
    same_speaker_scores: Vector
    different_speaker_scores: Vector
    same_speaker_log10_lr: Vector
    different_speaker_log10_lr: Vector
    corpora: tuple[str, ...]
