"""Comparisons of real people through simulated channels: the same waveforms for every system that is measured.

Each side of a person is joined, put through a channel as a whole, and cut to the speech that our detector finds on the
*clean* waveform, so that every condition holds the same instants. What is left of a side, speech and nothing else, is
kept as 16 bit samples at 16 kHz; a questioned piece is a stretch of it.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
import torch
from _people import rows_of_people
from numpy.typing import NDArray

from forensic.audio.channel import CASE_CHANNELS, Channel, Sources, simulate
from forensic.audio.sources import load_sources, read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.errors import RecordingError
from forensic.examination.people import Person as Speaker
from forensic.examination.people import people_with_two_sides, with_languages_apart
from forensic.records import SAMPLE_RATE_HZ, Samples
from forensic.settings import SpeechSettings
from forensic.storage.atomic import written_whole

QUESTIONED_SPEECH_S = (2.0, 5.0, 10.0, 20.0)
CLEAN = CASE_CHANNELS[0]
KNOWN = "known"
_KNOWN_SPEECH_S = (8.0, 25.0)  # at least and at most
_PIECES = 3  # of one person, condition and duration
_SHARE = 0.95  # of a nominal net speech that a piece must have
_LONGEST_SIDE_S = 75.0  # of audio that is put through the channels
_FULL_SCALE = 32767
_GAIN_DB = (-12.0, 6.0)
_FORMAT = 1  # raise when what is kept changes


Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a side's speech: nominal net speech, first sample and the one after the last."""

    net_speech_s: float
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Person:
    """One person with both sides.

    Attributes:
        name: with the corpus before it.
        corpus: as the manifest names it.
        compared_within: the people whom this one is compared with; a corpus, or one language of it.
        age: as the manifest has it, perhaps empty.
        folder: of the waveforms.
        known_samples: speech of the known side.
        questioned_samples: speech of the questioned side.
        has_random_gain: whether each side is heard louder or softer than it was recorded, so that how loud somebody
            recorded himself tells nothing.
    """

    name: str
    corpus: str
    compared_within: str
    age: str
    folder: Path
    known_samples: int
    questioned_samples: int
    has_random_gain: bool = False

    def gain_db(self, side: str) -> float:
        """How much louder a side is heard; 0 without a random gain."""
        return random_gain_db(f"{self.name}/{side}") if self.has_random_gain else 0.0

    def pieces(self, side: str) -> list[Piece]:
        """What a side is cut into: ``KNOWN``, or a condition's name."""
        if side == KNOWN:
            return [Piece(_KNOWN_SPEECH_S[1], 0, self.known_samples)]
        pieces = []
        for net_speech_s in QUESTIONED_SPEECH_S:
            size = int(net_speech_s * SAMPLE_RATE_HZ)
            for start in range(0, _PIECES * size, size):
                stop = min(start + size, self.questioned_samples)
                if stop - start >= _SHARE * size:
                    pieces.append(Piece(net_speech_s, start, stop))
        return pieces


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """What to make.

    Attributes:
        manifest: CSV with path, split, speaker, corpus and seconds, perhaps language and age.
        work: folder of what is made; what is there already stays.
        conditions: channels of the questioned side.
        seed: of every channel.
        workers: processes.
        most_people: a corpus; those with the most audio. None takes all.
        has_random_gain: as in ``Person``.
    """

    manifest: Path
    work: Path
    conditions: tuple[Channel, ...]
    seed: int
    workers: int
    most_people: int | None = None
    has_random_gain: bool = False


def random_gain_db(name: str) -> float:
    """Drawn evenly from -12 to +6 dB for a name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    return float(np.random.default_rng(seed).uniform(*_GAIN_DB))


def audio_file(folder: Path, side: str | Channel) -> Path:
    """The speech of a side of a person, int16, shape (n,): ``KNOWN``, or a condition."""
    return folder / f"{side if isinstance(side, str) else _identity(side)}.npy"


def read_piece(path: Path, piece: Piece, gain_db: float = 0.0) -> Samples:
    """A stretch of a kept waveform, shape (n,), full scale 1.0; what a gain brings beyond it clips."""
    stretch = np.load(path, mmap_mode="r")[piece.start : piece.stop].astype(np.float32) / _FULL_SCALE
    louder: Samples = np.clip(stretch * np.float32(10 ** (gain_db / 20)), -1.0, 1.0)
    return louder


def make_trials(request: TrialRequest) -> list[Person]:
    """Simulate and cut every side, and say who has enough speech.

    A person without enough known speech, or whom nobody of the same corpus and language can be compared with, is left
    out.
    """
    manifest = rows_of_people(request.manifest)
    manifest = manifest.with_columns(pl.col("seconds").cast(pl.Float64), pl.col("corpus").alias("own_corpus"))
    manifest = manifest.filter(pl.col("speaker").fill_null("") != "").with_columns(pl.col("corpus").alias("origin"))
    manifest = with_languages_apart(manifest)
    ages = manifest["age"] if "age" in manifest.columns else [None] * manifest.height
    facts = {
        f"{apart}/{speaker}": (corpus, age or "")
        for apart, speaker, corpus, age in zip(
            manifest["corpus"], manifest["speaker"], manifest["own_corpus"], ages, strict=True
        )
    }
    seconds = {
        f"{corpus}/{speaker}": total
        for corpus, speaker, total in manifest.group_by("corpus", "speaker").agg(pl.col("seconds").sum()).iter_rows()
    }
    speakers = people_with_two_sides(manifest.drop("session", strict=False), request.manifest.parent)
    speakers = [speaker for speaker in speakers if speaker.known]
    if request.most_people is not None:
        speakers.sort(key=lambda speaker: -seconds[speaker.name])
        speakers = [
            speaker
            for corpus in sorted({facts[speaker.name][0] for speaker in speakers})
            for speaker in [one for one in speakers if facts[one.name][0] == corpus][: request.most_people]
        ]
    folder = request.work / _key(request)
    people = []
    for speaker, (known, questioned) in zip(speakers, _cut_all(speakers, folder, request), strict=True):
        corpus, age = facts[speaker.name]
        own = _folder_of(folder, speaker)
        person = Person(speaker.name, corpus, speaker.corpus, age, own, known, questioned, request.has_random_gain)
        if known and person.pieces(CLEAN.name):
            people.append(person)
    groups = [person.compared_within for person in people]
    return [person for person in people if groups.count(person.compared_within) > 1]


def in_processes(step: Callable[[Task], Result], tasks: Sequence[Task], workers: int, name: str) -> Iterable[Result]:
    """Results in order, made in processes of their own; prints how far it is."""
    if not tasks:
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for done, result in enumerate(pool.map(step, tasks), 1):
            if done % 20 == 0 or done == len(tasks):
                print(f"  {name}: {done} of {len(tasks)}", flush=True)
            yield result


def _key(request: TrialRequest) -> str:
    """A name for what the waveforms depend on, but for the condition, which names its file."""
    content = [
        _FORMAT,
        hashlib.sha256(request.manifest.read_bytes()).hexdigest(),
        request.seed,
        QUESTIONED_SPEECH_S,
        _KNOWN_SPEECH_S,
        _PIECES,
        _SHARE,
        _LONGEST_SIDE_S,
        asdict(SpeechSettings()),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@cache
def _identity(channel: Channel) -> str:
    """A name for what a channel does: its steps, and what the simulator at hand makes of a test signal."""
    rng = np.random.default_rng(1)
    test = (0.1 * rng.standard_normal(SAMPLE_RATE_HZ) * np.hanning(SAMPLE_RATE_HZ)).astype(np.float32)
    made = simulate(test, channel, Sources(), 1)
    return hashlib.sha256(str(channel).encode() + made.tobytes()).hexdigest()[:16]


def _folder_of(folder: Path, speaker: Speaker) -> Path:
    return folder / hashlib.sha256(speaker.name.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Task:
    speaker: Speaker
    folder: Path
    request: TrialRequest


def _cut_all(speakers: Sequence[Speaker], folder: Path, request: TrialRequest) -> list[tuple[int, int]]:
    tasks = [_Task(speaker, _folder_of(folder, speaker), request) for speaker in speakers]
    for _ in in_processes(_cut, [task for task in tasks if _missing(task)], request.workers, "people simulated"):
        pass
    lengths = [json.loads((task.folder / "speech.json").read_text()) for task in tasks]
    return [(length["known"], length["questioned"]) for length in lengths]


def _missing(task: _Task) -> list[Channel]:
    """Conditions that are still to be made of a person with enough speech."""
    lengths = task.folder / "speech.json"
    if not lengths.exists():
        return list(task.request.conditions)
    if not json.loads(lengths.read_text())["known"]:
        return []
    return [channel for channel in task.request.conditions if not audio_file(task.folder, channel).exists()]


def _cut(task: _Task) -> None:
    torch.set_num_threads(1)
    speaker, folder = task.speaker, task.folder
    folder.mkdir(parents=True, exist_ok=True)
    known, questioned = _joined(speaker.known), _joined(speaker.questioned)
    of_known = speech_samples(known, _KNOWN_SPEECH_S[1])
    of_questioned = speech_samples(questioned, _PIECES * QUESTIONED_SPEECH_S[-1])
    is_enough = (
        len(of_known) >= _KNOWN_SPEECH_S[0] * SAMPLE_RATE_HZ
        and len(of_questioned) >= _SHARE * QUESTIONED_SPEECH_S[0] * SAMPLE_RATE_HZ
    )
    if is_enough:
        keep_samples(audio_file(folder, KNOWN), known[of_known])
        for channel in _missing(task):
            seed = _seed(task.request.seed, speaker.name, channel.name)
            degraded = simulate(questioned, channel, _sources(task.request.manifest), seed)
            keep_samples(audio_file(folder, channel), degraded[of_questioned])
    with written_whole(folder / "speech.json") as file:
        lengths = {"person": speaker.name, "known": len(of_known) * is_enough, "questioned": len(of_questioned)}
        file.write(json.dumps(lengths).encode())


def _joined(paths: Sequence[Path]) -> Samples:
    parts = [np.zeros(0, np.float32)]
    for path in paths:
        try:
            parts.append(read_samples(path))
        except RecordingError as error:
            print(f"  left out: {error}", flush=True)
    return np.concatenate(parts)[: int(_LONGEST_SIDE_S * SAMPLE_RATE_HZ)]


def speech_samples(samples: Samples, most_s: float = np.inf) -> NDArray[np.intp]:
    """Which samples are speech, the first ones up to ``most_s``."""
    mask = np.zeros(len(samples), bool)
    if len(samples):
        for segment in find_speech(speech_probability([samples])[0], len(samples), SpeechSettings()):
            mask[round(segment.start_s * SAMPLE_RATE_HZ) : round(segment.end_s * SAMPLE_RATE_HZ)] = True
    speech = np.flatnonzero(mask)
    return speech if most_s == np.inf else speech[: int(most_s * SAMPLE_RATE_HZ)]


def _seed(seed: int, person: str, channel: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{person}/{channel}".encode()).digest()[:4])


@cache
def _sources(manifest: Path) -> Sources:
    noise, rooms = (folder if (folder := manifest.parent / name).is_dir() else None for name in ("noise", "rooms"))
    return load_sources(noise, rooms)  # else synthetic ones


def keep_samples(path: Path, samples: Samples) -> None:
    """Write a waveform as ``read_piece`` reads it."""
    with written_whole(path) as file:
        np.save(file, np.round(np.clip(samples, -1, 1) * _FULL_SCALE).astype(np.int16))
