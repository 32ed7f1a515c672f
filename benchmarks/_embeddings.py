"""Embeddings of the trials' waveforms, by models of ours and by the peer; made once and kept beside the waveforms."""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from _trials import KNOWN, Person, Piece, audio_file, in_processes, read_piece

from forensic.audio.channel import Channel
from forensic.likelihood_ratio.fit import Score
from forensic.likelihood_ratio.pairs import Matrix
from forensic.records import Samples
from forensic.settings import EmbeddingSettings
from forensic.speaker.extractor import SpeakerModel, cut_windows, embed_windows, load_model, mean_embedding
from forensic.speaker.features import level_gain, mel_power
from forensic.storage.atomic import written_whole

_FORMAT = 1  # raise when our front end changes
PEER_SCRIPT = Path(__file__).with_name("_peer_embed.py")
CAMPPLUS_SCRIPT = Path(__file__).with_name("_campplus_embed.py")

Side: TypeAlias = str | Channel
"""``KNOWN``, or a condition of the questioned side."""


@dataclass(frozen=True, slots=True)
class System:
    """What is measured.

    Attributes:
        name: in tables.
        embeddings: by a person's name and "known" or a condition's name, shape (pieces, size).
        score: compares questioned (m, size) with known (n, size) embeddings to (m, n).
        fallbacks: pieces of the questioned side in which the peer's own detector left no speech.
    """

    name: str
    embeddings: Mapping[tuple[str, str], Samples]
    score: Score
    fallbacks: int = 0


def our_system(folder: Path, people: Sequence[Person], conditions: Sequence[Channel], workers: int) -> System:
    """A model folder of ours, named as the folder is."""
    model, name = load_model(folder), folder.resolve().name
    identity = [_FORMAT, model.identity.sha256, asdict(EmbeddingSettings())]
    suffix = f"{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]}.npy"
    files = _files(people, conditions, suffix)
    tasks = [
        _Task(folder, audio, pieces, gain_db, out)
        for (_, audio, pieces, gain_db), out in files.items()
        if not out.exists()
    ]
    for _ in in_processes(_embed, tasks, workers, f"sides embedded with {name}"):
        pass
    embeddings = {side: np.load(out) for (side, *_), out in files.items()}
    return System(name, embeddings, model.backend.score)


def peer_system(python: Path, people: Sequence[Person], conditions: Sequence[Channel], workers: int) -> System:
    """Resemblyzer, compared by cosine as its authors do.

    Args:
        python: of the peer's environment.
        people: whom to embed.
        conditions: of the questioned side.
        workers: processes.
    """
    embeddings, fallbacks = embedded_elsewhere(_files(people, conditions, "peer.npz"), python, PEER_SCRIPT, workers)
    return System("Resemblyzer", embeddings, cosine, fallbacks)


def campplus_system(python: Path, people: Sequence[Person], conditions: Sequence[Channel], workers: int) -> System:
    """CAM++, compared by cosine; arguments as for ``peer_system``, the Python that of its own environment."""
    files = _files(people, conditions, "campplus.npz")
    embeddings, _ = embedded_elsewhere(files, python, CAMPPLUS_SCRIPT, workers)
    return System("CAM++", embeddings, cosine)


def sum_of(first: System, second: System) -> System:
    """The sum of two systems' scores, the simplest fusion; both must score by numbers of one scale, as cosines are."""
    size = next(iter(first.embeddings.values())).shape[1]

    def score(questioned: Samples, known: Samples) -> Matrix:
        return np.asarray(
            np.asarray(first.score(questioned[:, :size], known[:, :size]), np.float64)
            + second.score(questioned[:, size:], known[:, size:])
        )

    both = {
        side: np.concatenate([one, second.embeddings[side]], axis=1)
        for side, one in first.embeddings.items()
        if side in second.embeddings
    }
    return System(f"{first.name} + {second.name}", both, score)


def embedded_elsewhere(
    files: Mapping["Heard", Path], python: Path, script: Path, workers: int
) -> tuple[dict[tuple[str, str], Samples], int]:
    """Embeddings that a script makes in its own Python, and how many pieces it had to take whole."""
    jobs = [
        {
            "audio": str(audio),
            "pieces": [[piece.start, piece.stop] for piece in pieces],
            "gain_db": gain_db,
            "out": str(out),
        }
        for (_, audio, pieces, gain_db), out in files.items()
        if not out.exists()
    ]
    run_peer(python, jobs, workers, script)
    embeddings, fallbacks = {}, 0
    for (name, *_), out in files.items():
        with np.load(out) as stored:
            embeddings[name] = stored["embeddings"]
            fallbacks += int(stored["is_fallback"].sum()) if "is_fallback" in stored else 0
    return embeddings, fallbacks


def cosine(questioned: Samples, known: Samples) -> Matrix:
    """Of embeddings of unit length, shape (m, n)."""
    return np.asarray(questioned.astype(np.float64) @ known.astype(np.float64).T)


def run_peer(python: Path, jobs: Sequence[Mapping[str, object]], workers: int, script: Path = PEER_SCRIPT) -> None:
    """Do jobs of ``_peer_embed.py``, or of another script, in processes of the peer's Python."""
    if not jobs:
        return
    print(f"  sides for {script.name} to embed: {len(jobs)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        running = []
        for worker in range(workers):
            own = Path(folder) / f"{worker}.json"
            own.write_text(json.dumps(jobs[worker::workers]))
            running.append(subprocess.Popen([str(python), "-W", "ignore", str(script), str(own)]))
        codes = [process.wait() for process in running]
        if any(codes):
            raise subprocess.CalledProcessError(1, str(script))


Heard: TypeAlias = tuple[tuple[str, str], Path, tuple[Piece, ...], float]
"""Whose and which side, the waveform, pieces of it, and their gain in decibels."""


def _files(people: Sequence[Person], conditions: Sequence[Channel], suffix: str) -> dict[Heard, Path]:
    """Person and side, waveform, pieces and gain, to the file of the embeddings."""
    sides: list[tuple[str, Side]] = [(KNOWN, KNOWN), *((channel.name, channel) for channel in conditions)]
    files = {}
    for person in people:
        for name, side in sides:
            audio = audio_file(person.folder, side)
            key = (person.name, name), audio, tuple(person.pieces(name)), person.gain_db(name)
            files[key] = audio.with_suffix(f".{'gain.' * person.has_random_gain}{suffix}")
    return files


@dataclass(frozen=True, slots=True)
class _Task:
    model: Path
    audio: Path
    pieces: tuple[Piece, ...]
    gain_db: float
    out: Path


_model = cache(load_model)  # once a process


def _embed(task: _Task) -> None:
    torch.set_num_threads(1)
    pieces = [read_piece(task.audio, piece, task.gain_db) for piece in task.pieces]
    embeddings = np.stack([embedding_of(speech, _model(task.model)) for speech in pieces])
    with written_whole(task.out) as file:
        np.save(file, embeddings)


def embedding_of(speech: Samples, model: SpeakerModel) -> Samples:
    """As a recording of a case is embedded, all of it speech."""
    power = mel_power(speech)
    power *= level_gain(speech, np.ones(len(power), bool))
    windows, _ = cut_windows(power, EmbeddingSettings().window_frames)
    return mean_embedding(embed_windows(windows, model))
