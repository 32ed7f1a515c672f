"""``forensic population build``: speakers of the relevant population, in a grid of conditions, as embeddings.

Each speaker's recordings are parted into a known and a questioned side that share no audio. Each side goes through
every channel of the grid, is examined as a case recording would be, and is cut to nominal amounts of net speech.
"""

import dataclasses
import hashlib
import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from forensic.atomic import written_whole
from forensic.audio.channel import CASE_CHANNELS, Channel, Sources, simulate
from forensic.audio.quality import QualityMeter
from forensic.audio.speech import find_speech, speech_probability
from forensic.errors import RecordingError, TrainingError
from forensic.likelihood_ratio.population import save_population
from forensic.records import Block, Quality, Samples
from forensic.settings import EmbeddingSettings, SpeechSettings
from forensic.speaker.extractor import SpeakerModel, cut_windows, embed_windows, load_model, mean_embedding
from forensic.speaker.features import FRAMES_PER_S, frame_mask, level_gain, mel_power
from forensic.training.cache import load_sources, read_samples
from forensic.training.configuration import DataSettings

KNOWN_SPEECH_S = (8.0, 25.0)
QUESTIONED_SPEECH_S = (3.0, 5.0, 10.0, 20.0)
_PIECES = 3  # of one speaker in a questioned cell
_LONGEST_KNOWN_S = 30.0  # of net speech
_KNOWN_SHARE = 0.7  # of the nominal net speech that a known side must have
_QUESTIONED_SHARE = 0.95
_LONGEST_SIDE_S = 75.0  # of audio that is put through the channels
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class PopulationRequest:
    """What to build.

    Attributes:
        manifest: CSV with path, speaker, corpus and licence, and split where there are several.
        splits: rows of these splits are used; empty takes all.
        model_folder: embeds; the bank is written beside its weights.
        work: folder of features already made; a build that was killed goes on from there.
        workers: processes.
        seed: of every channel.
        channels: the grid.
    """

    manifest: Path
    splits: tuple[str, ...]
    model_folder: Path
    work: Path
    workers: int
    seed: int = 1
    channels: tuple[Channel, ...] = CASE_CHANNELS


@dataclass(frozen=True, slots=True)
class Speaker:
    """One person of a manifest, the recordings parted into two sides.

    Attributes:
        name: with the corpus before it.
        corpus: with the language, where a corpus has several.
        known: recordings of the known side, one or more.
        questioned: those of the questioned side, one or more.
    """

    name: str
    corpus: str
    known: tuple[Path, ...]
    questioned: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Examined:
    """One side of one speaker through one channel."""

    features: NDArray[np.float16]
    quality: Quality


def build_population(request: PopulationRequest, watch: Callable[[int, int], None]) -> Path:
    """Build the bank of a model.

    Args:
        request: what to build.
        watch: called with speakers done and speakers in all.

    Returns:
        The folder it lies in.

    Raises:
        TrainingError: if the manifest cannot be used, or leaves no speaker.
        ModelError: if the model cannot be loaded.
    """
    model = load_model(request.model_folder)
    manifest = _manifest(request)
    speakers = speakers_with_two_sides(manifest, request.manifest.parent)
    if not speakers:
        raise TrainingError("No speaker of the manifest has two recordings.", "Add recordings, or check the splits.")
    request.work.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    embeddings: list[Samples] = []
    with ProcessPoolExecutor(request.workers, multiprocessing.get_context("spawn"), _start_worker, (request,)) as pool:
        for done, (own_rows, own_embeddings) in enumerate(pool.map(_embed_speaker, speakers), 1):
            rows += own_rows
            embeddings += own_embeddings
            watch(done, len(speakers))
    frame = pl.DataFrame(rows)
    licences = {
        str(corpus): ", ".join(sorted(part["licence"].unique().drop_nulls()))
        for (corpus,), part in manifest.filter(pl.col("corpus").is_in(frame["corpus"].unique().to_list())).group_by(
            "corpus"
        )
    }
    counts = frame.group_by("corpus").agg(pl.col("speaker").n_unique()).sort("corpus")
    data = (
        "Speakers by corpus (and language): "
        + ", ".join(f"{corpus} {count}" for corpus, count in counts.iter_rows())
        + ". The two sides of a speaker are different recordings, of one session where the corpus has no other."
    )
    save_population(
        request.model_folder,
        frame,
        np.stack(embeddings),
        model_sha256=model.identity.sha256,
        data=data,
        licences=licences,
    )
    return request.model_folder


def _manifest(request: PopulationRequest) -> pl.DataFrame:
    try:
        frame = pl.read_csv(request.manifest, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TrainingError(f"Cannot read the manifest {request.manifest}: {error}.", "Check the path.") from error
    if missing := {"path", "speaker", "corpus", "licence", "seconds"} - set(frame.columns):
        raise TrainingError(f"{request.manifest} lacks the column {', '.join(sorted(missing))}.", "Add it.")
    if request.splits and "split" in frame.columns:
        frame = frame.filter(pl.col("split").is_in(request.splits))
    frame = frame.filter(pl.col("speaker").fill_null("") != "").with_columns(pl.col("seconds").cast(pl.Float64))
    return with_languages_apart(frame)


def with_languages_apart(manifest: pl.DataFrame) -> pl.DataFrame:
    """Name a corpus of several languages by language, so that no pair of speakers is told apart by its language.

    Args:
        manifest: columns corpus and, where it is known, language.
    """
    if "language" not in manifest.columns:
        return manifest
    is_mixed = pl.col("language").n_unique().over("corpus") > 1
    by_language = pl.format("{} ({})", pl.col("corpus"), pl.col("language").fill_null("?"))
    return manifest.with_columns(pl.when(is_mixed).then(by_language).otherwise(pl.col("corpus")).alias("corpus"))


def speakers_with_two_sides(manifest: pl.DataFrame, root: Path) -> list[Speaker]:
    """Speakers with two recordings or more, each recording on one side only.

    Args:
        manifest: columns path, speaker, corpus, and seconds as a number.
        root: folder that the paths start from.
    """
    speakers = []
    for (corpus, name), clips in manifest.sort("corpus", "speaker", "path").group_by(
        ["corpus", "speaker"], maintain_order=True
    ):
        if clips.height < 2:  # noqa: PLR2004 - one for each side
            continue
        before = clips["seconds"].cum_sum() - clips["seconds"]
        limit = min(_LONGEST_SIDE_S, float(clips["seconds"].sum()) / 2)
        is_known = (before < limit).to_list()
        is_known[-1] = False
        paths = [root / path for path in clips["path"]]
        known = tuple(path for path, known in zip(paths, is_known, strict=True) if known)
        questioned = tuple(path for path, known in zip(paths, is_known, strict=True) if not known)
        speakers.append(Speaker(f"{corpus}/{name}", str(corpus), known, questioned))
    return speakers


@dataclass(frozen=True, slots=True)
class _Worker:
    request: PopulationRequest
    model: SpeakerModel
    sources: Sources


_worker: list[_Worker] = []  # of this process


def _start_worker(request: PopulationRequest) -> None:
    torch.set_num_threads(1)
    noise, rooms = (name if (request.manifest.parent / name).is_dir() else "" for name in ("noise", "rooms"))
    sources = load_sources(DataSettings(manifest=str(request.manifest), noise=noise, rooms=rooms))  # else synthetic
    _worker[:] = [_Worker(request, load_model(request.model_folder), sources)]


def _embed_speaker(speaker: Speaker) -> tuple[list[dict[str, object]], list[Samples]]:
    rows: list[dict[str, object]] = []
    embeddings: list[Samples] = []
    for side, paths in (("known", speaker.known), ("questioned", speaker.questioned)):
        try:
            samples = _joined(paths)
        except RecordingError:
            continue
        for channel in _worker[0].request.channels:
            examined = _examined(speaker, side, samples, channel)
            for nominal_s, piece, frames in _pieces(side, examined.features):
                rows.append(
                    {
                        "speaker": speaker.name,
                        "corpus": speaker.corpus,
                        "side": side,
                        "cell": channel.name,
                        "cell_net_speech_s": nominal_s,
                        "net_speech_s": len(frames) / FRAMES_PER_S,
                        "snr_db": examined.quality.snr_db,
                        "bandwidth_hz": examined.quality.bandwidth_hz,
                        "piece": piece,
                    }
                )
                power = np.square(frames.astype(np.float32))
                windows, _ = cut_windows(power, EmbeddingSettings())
                embeddings.append(mean_embedding(embed_windows(windows, _worker[0].model)))
    return rows, embeddings


def _joined(paths: Sequence[Path]) -> Samples:
    samples = np.concatenate([read_samples(path) for path in paths])
    return samples[: int(_LONGEST_SIDE_S * 16_000)]


def _pieces(side: str, features: NDArray[np.float16]) -> list[tuple[float, int, NDArray[np.float16]]]:
    """Nominal net speech, number and frames of each piece."""
    pieces = []
    if side == "known":
        for nominal_s in KNOWN_SPEECH_S:
            most_s = nominal_s if nominal_s < KNOWN_SPEECH_S[-1] else _LONGEST_KNOWN_S
            frames = features[: int(most_s * FRAMES_PER_S)]
            if len(frames) >= _KNOWN_SHARE * nominal_s * FRAMES_PER_S:
                pieces.append((nominal_s, 0, frames))
        return pieces
    for nominal_s in QUESTIONED_SPEECH_S:
        size = int(nominal_s * FRAMES_PER_S)
        for piece in range(_PIECES):
            frames = features[piece * size : (piece + 1) * size]
            if len(frames) >= _QUESTIONED_SHARE * size:
                pieces.append((nominal_s, piece, frames))
    return pieces


def _examined(speaker: Speaker, side: str, samples: Samples, channel: Channel) -> _Examined:
    """Features of the speech and the quality, made once and kept."""
    request = _worker[0].request
    seed = int.from_bytes(hashlib.sha256(f"{request.seed}/{speaker.name}/{side}/{channel.name}".encode()).digest()[:4])
    identity = json.dumps([_FORMAT, seed, str(channel), [path.name for path in (*speaker.known, *speaker.questioned)]])
    kept = request.work / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.npz"
    if kept.exists():
        with np.load(kept) as stored:
            values = json.loads(str(stored["quality"]))
            return _Examined(stored["features"], Quality(**values))
    degraded = simulate(samples, channel, _worker[0].sources, seed)
    segments = find_speech(speech_probability([degraded])[0], len(degraded), SpeechSettings())
    mask = frame_mask(segments, 0.0, 1 + len(degraded) // 160)
    meter = QualityMeter()
    meter.update(Block(0, 0.0, degraded, is_last=True), segments)
    power = mel_power(degraded)[mask] * level_gain(degraded, mask)
    examined = _Examined(np.sqrt(power).astype(np.float16), meter.result())
    _keep(kept, examined)
    return examined


def _keep(path: Path, examined: _Examined) -> None:
    with written_whole(path) as file:
        np.savez(file, features=examined.features, quality=json.dumps(dataclasses.asdict(examined.quality)))
