"""Settings: frozen data, one class a step, defaults in code, one TOML file to change them.

The file has a table a step::

    [speech]
    threshold = 0.6

    [comparison]
    min_net_speech_s = 5.0

The type of a field says what the file may hold; ``forensic.storage.toml`` checks it.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar, get_args

from msgspec import Meta

from forensic.errors import SettingsError
from forensic.storage import toml

Share = Annotated[float, Meta(ge=0, le=1)]
"""A part of a whole."""

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""What random draws start from."""

WindowFrames = Annotated[int, Meta(ge=40, le=1000)]
StepFrames = Annotated[int, Meta(ge=10, le=1000)]
"""Frames of 10 ms."""

Channels = Annotated[
    str,
    Meta(
        pattern=r"\A(auto|split|mix|0*[1-9][0-9]*)\Z",
        description='"auto", "split", "mix", or the number of a channel such as "1"',
    ),
]
Speakers = Annotated[
    str,
    Meta(pattern=r"\A(auto|0*[1-9][0-9]*)\Z", description='"auto", or a number of speakers such as "2"'),
]
CalibratorName: TypeAlias = Literal["logistic", "bi-gaussianized", "kde", "pav"]
CALIBRATORS: tuple[CalibratorName, ...] = get_args(CalibratorName)


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """Decoding.

    Attributes:
        channels: "auto" keeps the channels of a file apart where they differ and mixes them where they do not;
            "split" keeps them apart, "mix" mixes them, a number takes that channel alone (1 is the first).
        damaged: "reject" refuses a recording that breaks off or cannot be decoded to its end; "use" examines what
            comes before the damage and notes it.
        block_s: recordings are examined in stretches of this length, so that memory does not grow with theirs.
    """

    channels: Channels = "auto"
    damaged: Literal["reject", "use"] = "reject"
    block_s: Annotated[int, Meta(ge=10, le=3600)] = 120


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Speech detection.

    Attributes:
        threshold: speech probability above which speech starts; it ends 0.15 below, so it must be above that.
        min_speech_s: shorter stretches are dropped.
        min_silence_s: shorter gaps are closed.
        pad_s: kept on either side of a stretch.
    """

    threshold: Annotated[float, Meta(gt=0.15, lt=1)] = 0.5
    min_speech_s: Annotated[float, Meta(ge=0, le=10)] = 0.25
    min_silence_s: Annotated[float, Meta(ge=0, le=10)] = 0.1
    pad_s: Annotated[float, Meta(ge=0, le=1)] = 0.03


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Embedding of speech windows.

    Attributes:
        window_frames: length of a window in frames of 10 ms.
        step_frames: from one window to the next, at most; windows that overlap by half cost twice as much, and measured
            no better.
        min_speech_s: less net speech than this is not embedded at all.
        precision: "float32", or "bfloat16" where speed matters more than the last digits.
    """

    window_frames: WindowFrames = 160
    step_frames: StepFrames = 160
    min_speech_s: Annotated[float, Meta(ge=0.5, le=60)] = 0.6
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, slots=True)
class DiarizationSettings:
    """Who speaks when in a channel.

    Attributes:
        speakers: "auto" finds how many there are, "1" separates none, another number that many.
        window_frames: length in frames of 10 ms of the windows by which speakers are told apart.
        step_frames: from one of them to the next, at most.
        turn_window_frames: length of the windows by which their turns are found, one after the other; longer ones know
            a voice better, shorter ones change with it sooner.
        max_speakers: as many are found at most.
        min_speaker_s: who is told apart must speak so long, all in all.
        max_similarity: two groups of windows whose mean embeddings have a lower cosine are two speakers; where there
            are few windows it must be lower still, as chance parts them more.
        min_separation: groups that are nearly as far apart are two speakers if the cosine distance of their mean
            embeddings is so many times that of the halves of one group; more finds fewer speakers.
        min_turn_s: shorter turns tell nothing of the voice: no embedding is made of them.
    """

    speakers: Speakers = "auto"
    window_frames: WindowFrames = 160
    step_frames: StepFrames = 80
    turn_window_frames: WindowFrames = 80
    max_speakers: Annotated[int, Meta(ge=1, le=100)] = 6
    min_speaker_s: Annotated[float, Meta(ge=0.5, le=600)] = 3.0
    max_similarity: Annotated[float, Meta(ge=-1, le=1)] = 0.90
    min_separation: Annotated[float, Meta(ge=0, le=100)] = 1.12
    min_turn_s: Annotated[float, Meta(ge=0, le=60)] = 0.6


@dataclass(frozen=True, slots=True)
class LanguageSettings:
    """Language of each channel with speech.

    Attributes:
        identify: whether a scan tells it, and the accent where it is English.
    """

    identify: bool = True


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """From scores to likelihood ratios, and when none is issued.

    Attributes:
        min_net_speech_s: less on either side gives no LR; a stricter limit than the validated envelope has, which holds
            in any case (see ``forensic.likelihood_ratio.envelope``).
        min_snr_db: the same of the SNR.
        max_clipped_share: more on either side gives no LR; the same.
        max_condition_distance: a case recording farther than this from every cell of the population gives no LR.
        calibrator: from score to log10 LR, a name of ``forensic.likelihood_ratio.calibrators``: "logistic",
            "bi-gaussianized", "kde" or "pav".
        min_speakers: a calibration on fewer reference speakers is not used.
        bootstrap_draws: resamplings of the reference speakers for intervals.
        seed: of the bootstrap and of every random split.
        allow_same_source: compare two sides although they share audio, where the examiner found that suspicion wrong
            (an announcement that both recorded, for example); the report says so.
        allow_same_session: the same for two sides that seem to come from one sitting or call.
        allow_inconsistent_suspects: names of suspects to compare although their recordings seem to be of several
            speakers, where the examiner found that they are of one; the report says so.
    """

    min_net_speech_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    min_snr_db: Annotated[float, Meta(ge=-100, le=100)] = -100.0
    max_clipped_share: Share = 1.0
    max_condition_distance: Annotated[float, Meta(ge=0, le=1000)] = 2.0
    calibrator: CalibratorName = "logistic"
    min_speakers: Annotated[int, Meta(ge=5, le=100_000)] = 20
    bootstrap_draws: Annotated[int, Meta(ge=100, le=100_000)] = 1000
    seed: Seed = 20260701
    allow_same_source: bool = False
    allow_same_session: bool = False
    allow_inconsistent_suspects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    audio: AudioSettings = field(default_factory=AudioSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    diarization: DiarizationSettings = field(default_factory=DiarizationSettings)
    language: LanguageSettings = field(default_factory=LanguageSettings)
    comparison: ComparisonSettings = field(default_factory=ComparisonSettings)

    @property
    def evidence_sha256(self) -> str:
        """Hash of every setting that changes what a scan stores."""
        content = {name: dataclasses.asdict(getattr(self, name)) for name in _EVIDENCE}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


AnySettings = TypeVar("AnySettings")

_EVIDENCE = ("audio", "speech", "embedding", "diarization", "language")
DEFAULT_CRITERION = 0.5
"""Cllr up to which conditions give LRs: half of what is to be known is then told. A laboratory may state its own."""


def load_settings(path: Path | None) -> Settings:
    """Read settings from a TOML file; what it does not name keeps its default.

    Args:
        path: the file, or None for the defaults.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    return Settings() if path is None else read_settings(Settings, path, "the settings file ")


def read_settings(settings_class: type[AnySettings], path: Path, what: str = "") -> AnySettings:
    """Settings of any kind from a TOML file.

    Args:
        settings_class: a data class whose fields are data classes with defaults, one a table.
        path: the file.
        what: what an error calls a file that cannot be read, before its path.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    return toml.read(path, settings_class, toml.Blame(SettingsError, what))


def with_channels(settings: Settings, channels: str | None) -> Settings:
    """Settings with another choice of channels; None keeps what they have.

    Raises:
        SettingsError: if the choice is unknown.
    """
    if channels is None:
        return settings
    return dataclasses.replace(settings, audio=dataclasses.replace(settings.audio, channels=check_channels(channels)))


def check_channels(value: str) -> str:
    """The value, if ``audio.channels`` may have it.

    Raises:
        SettingsError: if it is none of auto, split, mix, or a channel number from 1.
    """
    toml.check(value, Channels, "channels", SettingsError)
    return value


def check_speakers(value: str) -> str:
    """The value, if ``diarization.speakers`` may have it.

    Raises:
        SettingsError: if it is neither auto nor a number from 1.
    """
    toml.check(value, Speakers, "speakers", SettingsError)
    return value
