"""Settings: frozen data, one class a step, defaults in code, one TOML file to change them.

The file has one table per step::

    [speech]
    threshold = 0.6

    [comparison]
    min_net_speech_s = 5.0

The type of a field says what the file may hold; ``forensic.storage.toml`` checks it.
"""

import dataclasses
import hashlib
import inspect
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar, get_args

from msgspec import Meta

from forensic.errors import SettingsError
from forensic.storage import toml

Share = Annotated[float, Meta(ge=0, le=1)]
"""A share of a whole."""

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
CalibratorName: TypeAlias = Literal["joint", "logistic", "bi-gaussianized", "kde", "pav"]
Added: TypeAlias = Literal["speaker", "pair"]
CALIBRATORS: tuple[CalibratorName, ...] = get_args(CalibratorName)


@dataclass(frozen=True, slots=True)
class AudioSettings:
    """Decoding.

    Attributes:
        channels: how to use the channels of a file. "auto": separately if they differ, otherwise mixed; "split":
            always separately; "mix": mixed into one; a number: that channel alone (1 is the first).
        damaged: what to do with a recording that breaks off or cannot be decoded to its end. "reject": refuse it;
            "use": examine the part before the damage, and note the damage.
        block_s: length of the stretches in which recordings are examined, so that long recordings need no more memory.
        raw: formats of files without a header, each "GLOB:codec=pcm_s16le,rate=8000,channels=1". The first glob that
            fits a file's name or path counts, and only if the file has no known header.
    """

    channels: Channels = "auto"
    damaged: Literal["reject", "use"] = "reject"
    block_s: Annotated[int, Meta(ge=10, le=3600)] = 120
    raw: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a raw format that is not written as ``raw_format`` wants it."""
        for text in self.raw:
            raw_format(text)


@dataclass(frozen=True, slots=True)
class RawFormat:
    """What files without a header hold.

    Attributes:
        glob: of their names or paths.
        codec: one of ``RAW_CODECS``.
        rate_hz: samples per second.
        channels: interleaved.
    """

    glob: str
    codec: str
    rate_hz: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class SpeechSettings:
    """Speech detection.

    Attributes:
        threshold: speech probability above which speech starts. Speech ends 0.15 below, so the threshold must be above
            0.15.
        min_speech_s: shorter stretches of speech are dropped.
        min_silence_s: shorter gaps between stretches are closed.
        pad_s: how much sound is kept on either side of a stretch.
    """

    threshold: Annotated[float, Meta(gt=0.15, lt=1)] = 0.5
    min_speech_s: Annotated[float, Meta(ge=0, le=10)] = 0.25
    min_silence_s: Annotated[float, Meta(ge=0, le=10)] = 0.1
    pad_s: Annotated[float, Meta(ge=0, le=1)] = 0.03


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """Embedding of speech windows.

    Attributes:
        window_frames: about how long windows are, in frames of 10 ms: a stretch of speech is divided into as many of
            one length, side by side, as come nearest to it.
        min_speech_s: no embedding is made from less net speech than this.
        precision: "float32", or "bfloat16" if speed matters more than the last digits.
    """

    window_frames: WindowFrames = 160
    min_speech_s: Annotated[float, Meta(ge=0.5, le=60)] = 0.6
    precision: Literal["float32", "bfloat16"] = "float32"


@dataclass(frozen=True, slots=True)
class DiarizationSettings:
    """Who speaks when in a channel.

    Attributes:
        speakers: "auto" estimates how many there are; "1" separates none; another number separates that many.
        window_frames: length of the windows by which speakers are separated, in frames of 10 ms.
        step_frames: largest distance from one of these windows to the next.
        turn_window_frames: length of the windows, one after the other, by which turns are found. Longer windows
            recognise a voice better; shorter windows find more exactly where it changes.
        max_speakers: largest number of speakers that is found.
        min_speaker_s: a speaker is separated only if they speak at least this long in total.
        max_similarity: two groups of windows whose mean embeddings have a lower cosine are two speakers. With few
            windows the cosine must be lower still, because chance separates them more. Stated for lstm-channel-2; of a
            model whose card says that its embeddings are further apart, the distance (1 less this) grows as much.
        min_separation: groups that are nearly that far apart are two speakers if the cosine distance of their mean
            embeddings is at least this many times that of the halves of one group. A larger value finds fewer speakers.
        min_turn_s: no embedding is made from shorter turns, because they say nothing about the voice.
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
        identify: whether a scan classifies the language, and the accent of English.
    """

    identify: bool = True


@dataclass(frozen=True, slots=True)
class SecondSettings:
    """A second embedding model beside the LSTM network.

    Attributes:
        model: "" for none; "campplus" for CAM++, whose weights an installed package has (extra ``forensic[second]``);
            or the path of a model folder, from the working directory.
    """

    model: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonSettings:
    """From scores to likelihood ratios, and when none is issued.

    Attributes:
        min_net_speech_s: less net speech on either side gives no LR. The limits of the validated envelope hold in
            any case (see ``forensic.likelihood_ratio.envelope``); this setting can only be stricter.
        min_snr_db: a lower SNR on either side gives no LR; likewise.
        max_clipped_share: a larger share of clipped speech on either side gives no LR; likewise.
        max_condition_distance: a recording that is farther than this from every cell of the population gives no LR.
        calibrator: method that converts scores to log10 LRs: "joint" fits one line that moves with the conditions to
            the whole population (``forensic.likelihood_ratio.joint``); "logistic", "bi-gaussianized", "kde" and "pav"
            fit the conditions nearest to the case alone (``forensic.likelihood_ratio.calibrators``).
        bounds: what is added to the LRs of either class to find how large an LR the reference speakers support:
            "speaker", one misleading speaker, so that no LR exceeds their number + 1; or "pair", one misleading pair,
            as Vergeer et al. (2016) do, which allows larger ones (``forensic.likelihood_ratio.bounds``).
        min_speakers: a calibration with fewer reference speakers is not used.
        bootstrap_draws: how often the reference speakers are resampled for intervals.
        seed: of the bootstrap and of every random split.
        allow_same_source: compare two sides although they seem to share audio, because the examiner found that
            suspicion wrong (both recorded the same announcement, for example). The report says so.
        allow_same_session: the same for two sides that seem to come from one sitting or call.
        allow_inconsistent_suspects: names of suspects to compare although their recordings seem to be of several
            speakers, where the examiner found that they are of one; the report says so.
    """

    min_net_speech_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    min_snr_db: Annotated[float, Meta(ge=-100, le=100)] = -100.0
    max_clipped_share: Share = 1.0
    max_condition_distance: Annotated[float, Meta(ge=0, le=1000)] = 2.0
    calibrator: CalibratorName = "joint"
    bounds: Added = "speaker"
    min_speakers: Annotated[int, Meta(ge=5, le=100_000)] = 20
    bootstrap_draws: Annotated[int, Meta(ge=100, le=100_000)] = 1000
    seed: Seed = 20260701
    allow_same_source: bool = False
    allow_same_session: bool = False
    allow_inconsistent_suspects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Linking of many voices.

    Attributes:
        candidates: each voice is weighed against as many others, those with the highest scores, if there are too many
            voices to weigh every pair; 0 weighs every pair in any case.
        complete_up_to: every pair is weighed if there are at most so many voices.
    """

    candidates: Annotated[int, Meta(ge=0, le=10_000)] = 50
    complete_up_to: Annotated[int, Meta(ge=0, le=100_000)] = 2000


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """The case on disk.

    Attributes:
        access: who may read what commands write. "owner": the user who runs them; "group": also the user's group;
            "everyone": all users of the machine.
    """

    access: Literal["owner", "group", "everyone"] = "owner"

    @property
    def umask(self) -> int:
        """What no file and folder may be, as the operating system takes it."""
        return {"owner": 0o077, "group": 0o027, "everyone": 0o022}[self.access]


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """What ships with the program.

    Attributes:
        key: file of the maintainers' public key (Ed25519), from the working directory: nothing is scanned or compared
            unless the manifest of the release is signed with it. "" accepts a release that nobody signed.
    """

    key: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a scan and a comparison."""

    audio: AudioSettings = field(default_factory=AudioSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)
    diarization: DiarizationSettings = field(default_factory=DiarizationSettings)
    language: LanguageSettings = field(default_factory=LanguageSettings)
    second: SecondSettings = field(default_factory=SecondSettings)
    comparison: ComparisonSettings = field(default_factory=ComparisonSettings)
    link: LinkSettings = field(default_factory=LinkSettings)
    case: CaseSettings = field(default_factory=CaseSettings)
    release: ReleaseSettings = field(default_factory=ReleaseSettings)

    @property
    def evidence_sha256(self) -> str:
        """Hash of every setting that changes what a scan stores."""
        content = {name: dataclasses.asdict(getattr(self, name)) for name in _EVIDENCE}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ExplainedSetting:
    """One setting in force, as a person reads it.

    Attributes:
        name: as a settings file has it, such as "speech.threshold".
        value: in force.
        default: the built-in one.
        unit: "" where there is none.
        meaning: in sentences.
    """

    name: str
    value: object
    default: object
    unit: str
    meaning: str


_UNITS = {"_s": "s", "_db": "dB", "_hz": "Hz", "_share": "share from 0 to 1", "_frames": "frames of 10 ms"}


def explain_settings(settings: Settings) -> tuple[ExplainedSetting, ...]:
    """Every setting with its unit and its meaning, in the order of a settings file.

    The meaning is what the docstring of its class says under "Attributes".
    """
    explained = []
    for step in dataclasses.fields(settings):
        values, defaults = getattr(settings, step.name), getattr(Settings(), step.name)
        meanings = _meanings(type(values).__doc__ or "")
        for each in dataclasses.fields(values):
            unit = next((unit for ending, unit in _UNITS.items() if each.name.endswith(ending)), "")
            explained.append(
                ExplainedSetting(
                    f"{step.name}.{each.name}",
                    getattr(values, each.name),
                    getattr(defaults, each.name),
                    unit,
                    meanings[each.name],
                )
            )
    return tuple(explained)


def _meanings(docstring: str) -> dict[str, str]:
    """What a docstring says of each attribute, as sentences."""
    attributes = inspect.cleandoc(docstring).partition("Attributes:\n")[2]
    found = re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", attributes, re.DOTALL | re.MULTILINE)
    sentences = {name: " ".join(lines.split()) for name, lines in found}
    return {name: text[0].upper() + text[1:] for name, text in sentences.items()}


AnySettings = TypeVar("AnySettings")

_EVIDENCE = ("audio", "speech", "embedding", "diarization", "language")
DEFAULT_CRITERION = 0.5
"""Largest Cllr of conditions that give LRs: the LRs then give half of the information. A laboratory may set its own."""

RAW_CODECS = (
    "pcm_s8",
    "pcm_u8",
    *(f"pcm_{kind}{order}" for kind in ("s16", "s24", "s32", "f32", "f64") for order in ("le", "be")),
    "pcm_mulaw",
    "pcm_alaw",
    "adpcm_ima_oki",
    "g722",
    "g726",
    "g726le",
    "g729",
    "gsm",
)
"""What a file without a header may be declared to hold; ``adpcm_ima_oki`` is that of Dialogic's .vox files."""

_RAW_RATES_HZ = {"g722": 16_000, "g726": 8_000, "g726le": 8_000, "g729": 8_000, "gsm": 8_000}
_RAW_NAMES = {"mulaw": "pcm_mulaw", "alaw": "pcm_alaw", "vox": "adpcm_ima_oki"}


def load_settings(path: Path | None) -> Settings:
    """Read settings from a TOML file; a setting that it does not name keeps its default.

    Args:
        path: the file, or None for the defaults.

    Raises:
        SettingsError: if the file cannot be read, is not TOML, or has an unknown setting or a wrong value.
    """
    return Settings() if path is None else read_settings(Settings, path, "the settings file ")


def read_settings(settings_class: type[AnySettings], path: Path, what: str = "") -> AnySettings:
    """Settings of any kind from a TOML file.

    Args:
        settings_class: a data class whose fields are data classes with defaults, one per table.
        path: the file.
        what: words before the path of a file that cannot be read, in the error.

    Raises:
        SettingsError: if the file cannot be read, is not TOML, or has an unknown setting or a wrong value.
    """
    return toml.read(path, settings_class, toml.Blame(SettingsError, what))


def check_channels(value: str) -> str:
    """The value, if ``audio.channels`` allows it.

    Raises:
        SettingsError: if it is none of auto, split, mix, or a channel number from 1.
    """
    toml.check(value, Channels, "channels", SettingsError)
    return value


def check_speakers(value: str) -> str:
    """The value, if ``diarization.speakers`` allows it.

    Raises:
        SettingsError: if it is neither auto nor a number from 1.
    """
    toml.check(value, Speakers, "speakers", SettingsError)
    return value


def raw_format(text: str) -> RawFormat:
    """What files without a header hold, from "GLOB:codec=pcm_s16le,rate=8000,channels=1".

    Raises:
        SettingsError: if it is not written like that.
    """
    glob, _, rest = text.rpartition(":")
    example = "Write it like '*.sln:codec=pcm_s16le,rate=8000'; add ',channels=2' for two interleaved channels."
    given = dict(pair.partition("=")[::2] for pair in rest.replace(" ", "").split(","))
    codec = _RAW_NAMES.get(given.get("codec", ""), given.get("codec", ""))
    if not glob or set(given) - {"codec", "rate", "channels"}:
        raise SettingsError(f"Unclear declaration of a raw format: {text!r}.", example)
    if codec not in RAW_CODECS:
        raise SettingsError(f"Unknown raw codec in {text!r}.", f"Use one of {', '.join(RAW_CODECS)}.")
    try:
        rate_hz = int(given.get("rate", _RAW_RATES_HZ.get(codec, "")))
        channels = int(given.get("channels", 1))
    except ValueError as error:
        raise SettingsError(f"The raw format {text!r} lacks a rate, or a number is none.", example) from error
    fixed_hz = _RAW_RATES_HZ.get(codec, rate_hz)
    if not 4_000 <= rate_hz <= 192_000 or rate_hz != fixed_hz or not 1 <= channels <= 8:  # noqa: PLR2004
        raise SettingsError(
            f"The raw format {text!r} has a rate or a number of channels that it cannot have.",
            f"Use a rate of 4000 to 192000 Hz ({codec}: {fixed_hz}) and 1 to 8 channels.",
        )
    return RawFormat(glob, codec, rate_hz, channels)


def with_raw(settings: Settings, raw: Sequence[str] | None) -> Settings:
    """Settings that declare more formats without a header; those come first.

    Raises:
        SettingsError: if one is not written as ``raw_format`` wants it.
    """
    if not raw:
        return settings
    audio = dataclasses.replace(settings.audio, raw=(*raw, *settings.audio.raw))
    return dataclasses.replace(settings, audio=audio)
