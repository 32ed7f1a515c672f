"""Settings: frozen data, one class a step, defaults in code, one TOML file to change them.

The file has a table a step::

    [speech]
    threshold = 0.6

    [comparison]
    min_net_speech_s = 5.0
"""

import dataclasses
import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from forensic.errors import SettingsError


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

    channels: str = "auto"
    damaged: str = "reject"
    block_s: int = 120


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Speech detection.

    Attributes:
        threshold: speech probability above which speech starts; it ends 0.15 below.
        min_speech_s: shorter stretches are dropped.
        min_silence_s: shorter gaps are closed.
        pad_s: kept on either side of a stretch.
    """

    threshold: float = 0.5
    min_speech_s: float = 0.25
    min_silence_s: float = 0.1
    pad_s: float = 0.03


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

    window_frames: int = 160
    step_frames: int = 160
    min_speech_s: float = 0.6
    precision: str = "float32"


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

    speakers: str = "auto"
    window_frames: int = 160
    step_frames: int = 80
    turn_window_frames: int = 80
    max_speakers: int = 6
    min_speaker_s: float = 3.0
    max_similarity: float = 0.90
    min_separation: float = 1.12
    min_turn_s: float = 0.6


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

    min_net_speech_s: float = 0.0
    min_snr_db: float = -100.0
    max_clipped_share: float = 1.0
    max_condition_distance: float = 2.0
    calibrator: str = "logistic"
    min_speakers: int = 20
    bootstrap_draws: int = 1000
    seed: int = 20260701
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

CALIBRATORS = ("logistic", "bi-gaussianized", "kde", "pav")

_CHOICES = {
    ("audio", "damaged"): ("reject", "use"),
    ("embedding", "precision"): ("float32", "bfloat16"),
    ("comparison", "calibrator"): CALIBRATORS,
}
_AT_LEAST = {
    ("audio", "block_s"): 10,
    ("embedding", "window_frames"): 40,
    ("embedding", "step_frames"): 10,
    ("embedding", "min_speech_s"): 0.5,
    ("diarization", "window_frames"): 40,
    ("diarization", "step_frames"): 10,
    ("diarization", "turn_window_frames"): 40,
    ("diarization", "max_speakers"): 1,
    ("diarization", "min_speaker_s"): 0.5,
    ("diarization", "min_turn_s"): 0,
    ("comparison", "min_speakers"): 5,
    ("comparison", "bootstrap_draws"): 100,
}


def load_settings(path: Path | None) -> Settings:
    """Read settings from a TOML file; what it does not name keeps its default.

    Args:
        path: the file, or None for the defaults.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    return Settings() if path is None else read_settings(Settings, path, "the settings file ")


def read_settings(settings_class: type[AnySettings], path: Path, called: str = "") -> AnySettings:
    """Settings of any kind from a TOML file.

    Args:
        settings_class: as in ``settings_from``.
        path: the file.
        called: what an error calls a file that cannot be read, before its path.

    Raises:
        SettingsError: if the file cannot be read, is no TOML, or names an unknown setting or a wrong value.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read {called}{path}: {error.strerror}.", "Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.", "Correct the file.") from error
    return settings_from(settings_class, content, str(path))


def settings_from(settings_class: type[AnySettings], content: dict[str, Any], origin: str) -> AnySettings:
    """Settings from the tables of a parsed TOML file.

    Args:
        settings_class: a data class whose fields are data classes with defaults, one a table.
        content: the parsed file.
        origin: what an error calls it.

    Raises:
        SettingsError: on an unknown table or key, a wrong type or a value out of range.
    """
    steps = get_type_hints(settings_class)
    chosen = {}
    for table, values in content.items():
        if table not in steps or not isinstance(values, dict):
            raise SettingsError(f"{origin}: unknown table [{table}].", f"Use one of {', '.join(steps)}.")
        chosen[table] = _step_from(steps[table], table, values, origin)
    return settings_class(**chosen)


def _step_from(step_class: Any, table: str, values: dict[str, Any], origin: str) -> Any:
    types = get_type_hints(step_class)
    for key, value in values.items():
        where = f"{origin}: {table}.{key}"
        if key not in types:
            raise SettingsError(f"{where} is unknown.", f"Use one of {', '.join(types)}.")
        wanted = types[key]
        if not _fits(value, wanted):
            raise SettingsError(f"{where} = {value!r} has the wrong type.", f"Give a {_describe(wanted)}.")
        choices = _CHOICES.get((table, key))
        if choices and value not in choices:
            raise SettingsError(f"{where} = {value!r} is unknown.", f"Use one of {', '.join(choices)}.")
        least = _AT_LEAST.get((table, key))
        if least is not None and value < least:
            raise SettingsError(f"{where} = {value} is too small.", f"Use {least} or more.")
    if table == "audio" and "channels" in values:
        check_channels(values["channels"])
    if table == "diarization" and "speakers" in values:
        check_speakers(values["speakers"])
    return step_class(**{key: _converted(value, types[key]) for key, value in values.items()})


def _fits(value: Any, wanted: Any) -> bool:
    if get_origin(wanted) is tuple:
        return isinstance(value, list) and all(_fits(item, get_args(wanted)[0]) for item in value)
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)


def _converted(value: Any, wanted: Any) -> Any:
    if get_origin(wanted) is tuple:
        return tuple(_converted(item, get_args(wanted)[0]) for item in value)
    return float(value) if wanted is float else value


def _describe(wanted: Any) -> str:
    return f"list of {get_args(wanted)[0].__name__}" if get_origin(wanted) is tuple else str(wanted.__name__)


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
    if value in {"auto", "split", "mix"} or (value.isdecimal() and int(value) >= 1):
        return value
    raise SettingsError(f"Unknown choice of channels: {value!r}.", "Use auto, split, mix, or a number from 1.")


def check_speakers(value: str) -> str:
    """The value, if ``diarization.speakers`` may have it.

    Raises:
        SettingsError: if it is neither auto nor a number from 1.
    """
    if value == "auto" or (value.isascii() and value.isdecimal() and int(value) >= 1):
        return value
    raise SettingsError(f"Unknown number of speakers: {value!r}.", "Use auto, or a number from 1.")
