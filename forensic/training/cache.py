"""Pieces of speech as features on disk: clean and degraded, frame by frame the same instants.

The layout of a cache folder::

    index.parquet     one row per piece: speaker, corpus, is_development, first frame, frames, label
    channels.parquet  one row per degraded version of a piece: the channel that was drawn for it, its kind and its seed
    problems.parquet  one row per clip that could not be used
    version-0.npy     clean features, shape (frames, 40), float16 square roots of mel power
    version-1.npy ..  the same frames through a drawn channel
    second.npy        where a second model teaches: what it makes of each clean piece, shape (pieces, size), float32
    cache.json        what made it, written last: a folder without it is made again
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from forensic.audio.channel import Channel, Sources, draw_channel, simulate
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources, read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.engine import Step, Workers, one_thread
from forensic.errors import RecordingError, TrainingError
from forensic.examination.manifest import folder_of
from forensic.records import SAMPLE_RATE_HZ, Samples
from forensic.settings import SpeechSettings
from forensic.speaker.features import FRAMES_PER_S, frame_mask, level_gain, mel_power
from forensic.speaker.second import FEWEST_FRAMES, SecondModel, embed_speech, load_second, read_second, speech_of
from forensic.training.configuration import AugmentationSettings, DataSettings
from forensic.training.data import Piece, source_folders

_FORMAT = 2  # raise when the features change
_BATCH = 16  # pieces
_SECOND = "second.npy"


@dataclass(frozen=True, slots=True)
class FeatureCache:
    """Features of every piece, mapped from disk.

    Attributes:
        versions: one array per version, the clean one first, each of shape (frames, 40), float16 square roots.
        index: one row per piece: speaker, corpus, is_development, first, frames, label (language or accent, or empty).
        channels: one row per degraded version: piece, version, condition, seed, channel.
        sha256: of the inputs that made it.
        second: embeddings of the clean pieces by a second model, shape (pieces, size), unit length; None without one.
    """

    versions: tuple[NDArray[np.float16], ...]
    index: pl.DataFrame
    channels: pl.DataFrame
    sha256: str
    second: Samples | None = None

    def crop(self, version: int, first: int, frames: int) -> Samples:
        """Mel power of some frames, shape (frames, 40)."""
        return np.square(self.versions[version][first : first + frames].astype(np.float32))

    def conditions(self) -> NDArray[np.str_]:
        """The kind of channel of every version of every piece, shape (versions, pieces); "clean" in the first row."""
        kinds = np.full((len(self.versions), self.index.height), "clean", dtype="U24")
        kinds[self.channels["version"].to_numpy(), self.channels["piece"].to_numpy()] = self.channels["condition"]
        return kinds


def build_cache(
    folder: Path,
    pieces: Sequence[Piece],
    data: DataSettings,
    augmentation: AugmentationSettings,
    workers: int,
    progress: Callable[[int, int], None],
    second: str = "",
) -> FeatureCache:
    """Make the cache, or open it if the same inputs made it before.

    Args:
        folder: of the cache; made if it is missing.
        pieces: what goes in.
        data: for the noises and rooms.
        augmentation: how the pieces are degraded.
        workers: processes.
        progress: called with pieces done and pieces in all.
        second: a second model that embeds the clean pieces as well, as ``forensic.speaker.second`` names it; empty for
            none.

    Raises:
        TrainingError: if no piece can be used.
        ModelError: if the second model cannot be loaded.
    """
    sha256 = _identity(pieces, data, augmentation, second)
    done = folder / "cache.json"
    if not (done.exists() and json.loads(done.read_text())["sha256"] == sha256):
        folder.mkdir(parents=True, exist_ok=True)
        done.unlink(missing_ok=True)
        _make(folder, pieces, _Start(data, augmentation, _babble(pieces, augmentation), second), workers, progress)
        done.write_text(json.dumps({"sha256": sha256}))
    versions = tuple(
        np.load(folder / f"version-{version}.npy", mmap_mode="r") for version in range(augmentation.versions + 1)
    )
    index, channels = (pl.read_parquet(folder / f"{name}.parquet") for name in ("index", "channels"))
    made = np.load(folder / _SECOND) if second else None
    return FeatureCache(versions, index, channels, sha256, made)


def _identity(pieces: Sequence[Piece], data: DataSettings, augmentation: AugmentationSettings, second: str) -> str:
    root = folder_of(Path(data.manifest))
    content = {
        "format": _FORMAT,
        "pieces": [
            [
                [str(clip.path.relative_to(root) if root in clip.path.parents else clip.path) for clip in piece.clips],
                piece.speaker,
                piece.is_development,
                piece.speed,
                *([piece.label] if piece.label else []),
            ]
            for piece in pieces
        ],
        "noise": data.noise,
        "rooms": data.rooms,
        "augmentation": asdict(augmentation),
        **({"second": read_second(second).identity.sha256} if second else {}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _make(
    folder: Path, pieces: Sequence[Piece], start: "_Start", workers: int, progress: Callable[[int, int], None]
) -> None:
    names = [f"version-{version}" for version in range(start.augmentation.versions + 1)]
    rows: list[tuple[str, str, bool, int, int, str]] = []
    drawn: list[tuple[int, int, str, int, str]] = []
    problems: list[_Problem] = []
    second: list[Samples] = []
    first = 0
    with ExitStack() as stack:
        raw = [stack.enter_context((folder / f"{name}.raw").open("wb")) for name in names]
        stack.enter_context(one_thread())
        team = stack.enter_context(Workers(start, _give_up, workers))
        for position, made in enumerate(team.map([*enumerate(pieces)], _BATCH)):
            problems += made.problems
            if made.versions:
                drawn += [(len(rows), number, *channel) for number, channel in enumerate(made.channels, 1)]
                for file, features in zip(raw, made.versions, strict=True):
                    file.write(features.tobytes())
                piece, frames = pieces[position], len(made.versions[0])
                rows.append((piece.speaker, piece.corpus, piece.is_development, first, frames, piece.label))
                if made.second is not None:
                    second.append(made.second)
                first += frames
            progress(position + 1, len(pieces))
    for name in names:
        _raw_to_npy(folder / f"{name}.raw", folder / f"{name}.npy")
    if not rows:
        raise TrainingError("No piece of training speech could be used.", "See problems.parquet in the cache folder.")
    if second:
        np.save(folder / _SECOND, np.stack(second))
    columns = ["speaker", "corpus", "is_development", "first", "frames", "label"]
    pl.DataFrame(rows, columns, orient="row").write_parquet(folder / "index.parquet")
    columns = ["piece", "version", "condition", "seed", "channel"]
    pl.DataFrame(drawn, columns, orient="row").write_parquet(folder / "channels.parquet")
    schema = {"path": pl.String, "problem": pl.String, "remedy": pl.String}
    pl.DataFrame(problems, schema, orient="row").write_parquet(folder / "problems.parquet")


def _raw_to_npy(raw: Path, target: Path) -> None:
    features = np.fromfile(raw, np.float16).reshape(-1, 40)
    np.save(target, features)
    raw.unlink()


def _babble(pieces: Sequence[Piece], augmentation: AugmentationSettings) -> tuple[Samples, ...]:
    """Some training voices, for the background."""
    rng = np.random.default_rng([augmentation.seed, 1])
    voices = []
    for index in rng.choice(len(pieces), min(60, len(pieces)), replace=False):
        try:
            voices.append(np.concatenate([read_samples(clip.path) for clip in pieces[index].clips]))
        except RecordingError:
            continue
    return tuple(voice for voice in voices if len(voice) > SAMPLE_RATE_HZ)


_Drawn = tuple[str, int, str]  # condition, seed and channel
_Problem = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Made:
    """Features of one piece, the clean ones first; none where too little of it could be used."""

    versions: Sequence[NDArray[np.float16]] = ()
    channels: Sequence[_Drawn] = ()
    problems: Sequence[_Problem] = ()
    second: Samples | None = None


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a process needs to prepare pieces."""

    sources: Sources
    augmentation: AugmentationSettings
    second: SecondModel | None


@dataclass(frozen=True, slots=True)
class _Start:
    """Loads noises, rooms and the second model in whichever process prepares."""

    data: DataSettings
    augmentation: AugmentationSettings
    babble: tuple[Samples, ...]
    second: str

    def __call__(self) -> Step[tuple[int, Piece], _Made]:
        torch.set_num_threads(1)
        recorded = load_sources(*source_folders(self.data))
        sources = Sources(recorded.noises, recorded.rooms, self.babble)
        worker = _Worker(sources, self.augmentation, load_second(self.second) if self.second else None)
        return lambda pieces: [_prepare(position, piece, worker) for position, piece in pieces]


def _give_up(item: tuple[int, Piece]) -> _Made:
    path = str(item[1].clips[0].path)
    return _Made(
        problems=[(path, "The process that prepared its piece died.", "Leave out the recordings of the piece.")]
    )


def _prepare(position: int, piece: Piece, worker: _Worker) -> _Made:
    clips: list[Samples] = []
    problems: list[_Problem] = []
    for clip in piece.clips:
        try:
            clips.append(read_samples(clip.path))
        except RecordingError as error:
            problems.append((str(clip.path), error.problem, error.remedy))
    least_s = worker.augmentation.min_piece_s
    if sum(map(len, clips)) < least_s * SAMPLE_RATE_HZ:
        return _Made(problems=problems)
    try:
        samples = _at_speed(np.concatenate(clips), piece.speed)
        mask = _speech_mask(samples)
        versions, channels = _versions(samples, mask, position, worker)
        second = None if worker.second is None else embed_speech(speech_of(samples, mask), worker.second)
    except (RecordingError, ValueError, OSError) as error:
        problems.append((str(piece.clips[0].path), f"Its features cannot be made: {error}.", "Leave it out."))
        return _Made(problems=problems)
    if len(versions[0]) < max(FEWEST_FRAMES, least_s * FRAMES_PER_S * 0.6):
        return _Made(problems=problems)
    return _Made(versions, channels, problems, second)


def _at_speed(samples: Samples, speed: float) -> Samples:
    """Played faster or slower, pitch and formants with it."""
    if speed == 1.0:
        return samples
    played: Samples = resample_poly(samples, 100, round(100 * speed)).astype(np.float32)
    return played


def _speech_mask(samples: Samples) -> NDArray[np.bool_]:
    """Which frames of a clean piece hold speech."""
    segments = find_speech(speech_probability([samples])[0], len(samples), SpeechSettings())
    return frame_mask(segments, 0.0, 1 + len(samples) // 160)


def _versions(
    samples: Samples, mask: NDArray[np.bool_], position: int, worker: _Worker
) -> tuple[list[NDArray[np.float16]], list[_Drawn]]:
    """Clean and degraded features of the frames with speech of one piece; and the channels."""
    versions, drawn = [_features(samples, mask)], []
    for version in range(1, worker.augmentation.versions + 1):
        seed = int(np.random.SeedSequence([worker.augmentation.seed, position, version]).generate_state(1)[0])
        channel = draw_channel(np.random.default_rng(seed))
        versions.append(_features(simulate(samples, channel, worker.sources, seed), mask))
        drawn.append((_condition_of(channel), seed, str(channel.steps)))
    return versions, drawn


_ROOMS, _NARROW_BAND = frozenset({"Room", "Shoebox"}), frozenset({"AMR-NB", "GSM", "Opus narrowband", "G.726"})


def _condition_of(channel: Channel) -> str:
    """The kind of a drawn channel: the first that it has of room, noise and telephone."""
    steps = {type(step).__name__ for step in channel.steps}
    codecs = {step.name for step in channel.steps if isinstance(step, Codec)}
    if steps & _ROOMS:
        return "room"
    if "Noise" in steps:
        return "noise"
    is_telephone = bool(codecs & _NARROW_BAND) or any(name.startswith("G.711") for name in codecs)
    return "telephone" if is_telephone else "other"


def _features(samples: Samples, mask: NDArray[np.bool_]) -> NDArray[np.float16]:
    power = mel_power(samples)[mask] * level_gain(samples, mask)
    compact: NDArray[np.float16] = np.sqrt(power).astype(np.float16)
    return compact
