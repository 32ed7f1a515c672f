"""The named data that travel between the steps: one item each, frozen.

Many items of one kind are a polars frame whose schema stands in ``forensic.case.store``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]
Vector: TypeAlias = NDArray[np.float64]

SAMPLE_RATE_HZ = 16_000
"""Every waveform between decoding and embedding has this rate."""


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
    """

    start_s: float
    end_s: float
    speaker: int
    is_clear: bool = True

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


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured of one channel of a recording.

    Attributes:
        duration_s: length of the channel.
        net_speech_s: length of what the speech detector kept.
        speech_level_dbfs: RMS level of the speech.
        noise_level_dbfs: RMS level of the stretches without speech; None where there are none.
        snr_db: level of speech without its noise over the noise; None where there is no noise to measure.
        peak_dbfs: highest sample.
        clipped_share: share of speech samples in runs at the highest level, 0 to 1.
        bandwidth_hz: the frequency below which the codec or line passes speech.
        low_edge_hz: the frequency above which it does, or the voice's own lower end; None without speech.
        c50_db: estimated clarity of the room, its first 50 ms over what follows; None with too little speech.
        codec_trace: what kind of codec the speech seems to have passed (a name of
            ``forensic.audio.traces.CODEC_KINDS``); None with too little speech.
        codec_trace_probability: of that kind, 0 to 1, as the estimator states it.
    """

    duration_s: float
    net_speech_s: float
    speech_level_dbfs: float
    noise_level_dbfs: float | None
    snr_db: float | None
    peak_dbfs: float
    clipped_share: float
    bandwidth_hz: float
    low_edge_hz: float | None = None
    c50_db: float | None = None
    codec_trace: str | None = None
    codec_trace_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A language or accent, and how probable it is."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """Which language or accent some speech is of.

    Attributes:
        answer: "named", or why none is: "too little speech", "none of these" (the first is too improbable), "not
            covered" (the first is one that the model's validation found to be told badly).
        name: of the language (BCP 47) or accent; None unless named.
        probability: calibrated, of the first of ``top``; None with too little speech.
        top: the five most probable, the first first; none with too little speech.
        speech_s: net speech that was judged.
    """

    answer: str
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
        turn: 0 for all speech of the channel, which one speaker was found in; 1 and on for the speakers where there
            are several, the one with the most speech first.
        speakers: how many were found, or set, in the channel.
        quality: what was measured.
        segments: where speech is.
        segment_windows: number of LSTM windows centred in each segment, shape (n_segments,).
        segment_embeddings: L2-normalised mean of those windows, shape (n_segments, embedding_size); zero rows where
            a segment holds no window of its own.
        embedding: L2-normalised mean of all windows, shape (embedding_size,).
        windows: number of LSTM windows.
        envelope: shape (n, 2), lowest and highest sample of n equal stretches of the channel, for a plot.
        fingerprint: by which copies of the channel are recognised (``forensic.audio.fingerprint``), shape (frames,).
        language: what is said of its first minute of speech; None where that was not asked.
        accent: the same of the accent; None unless the language is English.
    """

    channel: int
    turn: int
    speakers: int
    quality: Quality
    segments: tuple[SpeechSegment, ...]
    segment_windows: NDArray[np.int32]
    segment_embeddings: Samples
    embedding: Samples
    windows: int
    envelope: Samples
    fingerprint: NDArray[np.uint32]
    language: Recognition | None = None
    accent: Recognition | None = None


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
class Conditions:
    """The measured conditions of one side of a comparison, or of a cell of the reference population.

    Attributes:
        net_speech_s: net speech.
        snr_db: signal-to-noise ratio; None counts as clean.
        bandwidth_hz: upper edge of the band.
        name: of a population cell, its simulated channel ("clean", "AMR-NB 5.9"); empty for a case recording.
        low_edge_hz: lower edge of the band; None where it was not measured.
        c50_db: clarity of the room; None where it was not measured.
        codec: kind of codec that shows in the speech; None where it was not measured.
        clipped_share: share of clipped speech, 0 to 1, of several recordings the worst; None where it was not measured.
    """

    net_speech_s: float
    snr_db: float | None
    bandwidth_hz: float
    name: str = ""
    low_edge_hz: float | None = None
    c50_db: float | None = None
    codec: str | None = None
    clipped_share: float | None = None


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
