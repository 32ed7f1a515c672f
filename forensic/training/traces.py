"""The network for room and codec: speech through drawn channels, whose truth is known, and a fit on it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import nn

from forensic.audio.channel import (
    Channel,
    Noise,
    Room,
    Shoebox,
    Sources,
    clarity_db,
    draw_channel,
    room_response,
    simulate,
)
from forensic.audio.codec import Codec
from forensic.audio.sources import load_sources, read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.audio.traces import CODEC_KINDS, NO_ROOM_C50_DB, TraceMeter, TraceNetwork
from forensic.engine import Step, Workers, one_thread
from forensic.errors import RecordingError, TrainingError
from forensic.examination.manifest import folder_of, read_manifest
from forensic.records import SAMPLE_RATE_HZ, Block, Samples
from forensic.settings import SpeechSettings
from forensic.training.configuration import DataSettings
from forensic.training.data import source_folders

_CLIPS = 4  # of a person, joined
_LENGTH_S = (4.0, 12.0)
_VERSIONS = 3
_GROUP = 5  # people per task
_TASKS = 4  # per batch
_DRY_SHARE = 0.25
_CLEAN_SHARE = 0.1
_HIDDEN = (64, 32)
_BATCH = 64
_RATE = 4e-3
_DROPOUT = 0.2
_KIND_WEIGHT = 0.3
_UNIT_DB = 10.0


@dataclass(frozen=True, slots=True)
class DrawnSpeech:
    """Speech of one person through a channel that was drawn.

    Attributes:
        speaker: "corpus/speaker".
        clean: before the channel, shape (n,), 16 kHz.
        samples: after it, shape (n,).
        channel: what it passed.
        c50_db: of the room's response, at most ``NO_ROOM_C50_DB``.
        seed: of the channel's choices.
    """

    speaker: str
    clean: Samples
    samples: Samples
    channel: Channel
    c50_db: float
    seed: int


@dataclass(frozen=True, slots=True)
class TraceMaterial:
    """What the network learns from.

    Attributes:
        statistics: shape (n, STATISTICS).
        c50_db: shape (n,).
        kind: index into ``CODEC_KINDS``, shape (n,).
        speaker: shape (n,).
    """

    statistics: NDArray[np.float32]
    c50_db: NDArray[np.float32]
    kind: NDArray[np.intp]
    speaker: NDArray[np.str_]


def codec_kind(channel: Channel) -> str:
    """The kind of the channel's codec, one of ``CODEC_KINDS``; the most harmful one if there are two."""
    names = {step.name for step in channel.steps if isinstance(step, Codec)}
    if names & {"AMR-NB", "GSM"}:
        return CODEC_KINDS[1]
    if names & {"Opus", "Opus narrowband"}:
        return CODEC_KINDS[2]
    return CODEC_KINDS[3] if names & {"MP3", "AAC"} else CODEC_KINDS[0]


def draw_speech(people: Sequence[tuple[str, Sequence[Path]]], sources: Sources, seed: int) -> Iterator[DrawnSpeech]:
    """A few clips of each person joined, through three channels; clips that cannot be decoded are passed over.

    Args:
        people: "corpus/speaker" and recordings.
        sources: noises and rooms.
        seed: of every choice.
    """
    rng = np.random.default_rng(seed)
    for speaker, paths in people:
        length = int(rng.uniform(*_LENGTH_S) * SAMPLE_RATE_HZ)
        clips = []
        for index in rng.permutation(len(paths))[:_CLIPS]:
            try:
                clips.append(read_samples(paths[index]))
            except RecordingError:
                continue
        if not clips:
            continue
        samples = np.concatenate(clips)[:length]
        for _ in range(_VERSIONS):
            own = int(rng.integers(2**31))
            channel, kept = draw_channel(np.random.default_rng(own)), rng.random()
            if kept < _DRY_SHARE:
                channel = Channel("dry", tuple(s for s in channel.steps if not isinstance(s, Room | Shoebox)))
            if kept < _CLEAN_SHARE:
                channel = Channel("clean")
            response = room_response(channel, sources, own)
            c50_db = NO_ROOM_C50_DB if response is None else min(NO_ROOM_C50_DB, clarity_db(response))
            yield DrawnSpeech(speaker, samples, simulate(samples, channel, sources, own), channel, c50_db, own)


def people_of(data: DataSettings) -> list[tuple[str, tuple[Path, ...]]]:
    """The labelled people of a manifest with their recordings.

    Raises:
        TrainingError: if the manifest cannot be used or names nobody.
    """
    manifest = (
        read_manifest(Path(data.manifest), data.splits)
        .filter(pl.col("speaker") != "")
        .sort("corpus", "speaker", "path")
    )
    root = folder_of(Path(data.manifest))
    people = [
        (f"{corpus}/{speaker}", tuple(root / path for path in rows["path"]))
        for (corpus, speaker), rows in manifest.group_by(["corpus", "speaker"], maintain_order=True)
    ]
    if not people:
        raise TrainingError("The manifest names no speaker.", "Use a manifest with a column speaker.")
    return people


def draw_material(
    data: DataSettings, rounds: int, seed: int, workers: int, watch: Callable[[int, int], None]
) -> TraceMaterial:
    """Every person of the manifest, in drawn channels, as statistics.

    Args:
        data: manifest, splits, noises and rooms.
        rounds: how often each person is drawn, three channels each time.
        seed: of every choice.
        workers: processes.
        watch: called with tasks done and tasks in all.

    Raises:
        TrainingError: as in ``people_of``.
    """
    people = people_of(data)
    tasks = [
        (tuple(people[first : first + _GROUP]), seed + 1000 * turn + first)
        for turn in range(rounds)
        for first in range(0, len(people), _GROUP)
    ]
    rows: list[_Row] = []
    with one_thread(), Workers(_Start(data), _give_up, workers) as team:
        for done, found in enumerate(team.map(tasks, _TASKS), 1):
            rows += found
            watch(done, len(tasks))
    if not rows:
        raise TrainingError("No recording of the manifest holds speech.", "Check the manifest.")
    return TraceMaterial(
        np.stack([row[0] for row in rows]),
        np.array([row[1] for row in rows], np.float32),
        np.array([CODEC_KINDS.index(row[2]) for row in rows], np.intp),
        np.array([row[3] for row in rows]),
    )


_Task: TypeAlias = tuple[Sequence[tuple[str, Sequence[Path]]], int]
_Row: TypeAlias = tuple[NDArray[np.float32], float, str, str]


@dataclass(frozen=True, slots=True)
class _Start:
    """Loads noises and rooms in whichever process draws."""

    data: DataSettings

    def __call__(self) -> Step[_Task, list[_Row]]:
        torch.set_num_threads(1)
        sources = load_sources(*source_folders(self.data))
        return lambda tasks: [_measure(task, sources) for task in tasks]


def _give_up(_: _Task) -> list[_Row]:
    """Of people whose recordings kill the process that reads them: passed over, as those that cannot be decoded."""
    return []


def _measure(task: _Task, sources: Sources) -> list[_Row]:
    drawn = list(draw_speech(task[0], sources, task[1]))
    rows = []
    for speech, probability in zip(drawn, speech_probability([one.samples for one in drawn]), strict=True):
        meter = TraceMeter()
        segments = find_speech(probability, len(speech.samples), SpeechSettings())
        meter.update(Block(0, 0.0, speech.samples, is_last=True), segments)
        statistics = meter.statistics()
        if statistics is not None:
            rows.append((statistics, speech.c50_db, codec_kind(speech.channel), speech.speaker))
    return rows


def noise_of(channel: Channel) -> Noise | None:
    """The noise that a channel adds; None where it adds none."""
    return next((step for step in channel.steps if isinstance(step, Noise)), None)


def fit_traces(material: TraceMaterial, epochs: int, seed: int) -> TraceNetwork:
    """Fit the network: Huber loss on C50, cross-entropy on the kind of codec.

    Args:
        material: what to learn from.
        epochs: passes over it.
        seed: of first weights, order and dropout.
    """
    torch.manual_seed(seed)
    mean, deviation = material.statistics.mean(axis=0), material.statistics.std(axis=0) + 1e-6
    values = torch.from_numpy(np.clip((material.statistics - mean) / deviation, -5.0, 5.0).astype(np.float32))
    clarity, kind = torch.from_numpy(material.c50_db / _UNIT_DB), torch.from_numpy(material.kind)
    first, second = _HIDDEN
    linear = (nn.Linear(values.shape[1], first), nn.Linear(first, second), nn.Linear(second, 1 + len(CODEC_KINDS)))
    network = nn.Sequential(linear[0], nn.ReLU(), nn.Dropout(_DROPOUT), linear[1], nn.ReLU(), linear[2])
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    steps = epochs * -(-len(values) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    for _ in range(epochs):
        for part in torch.split(torch.randperm(len(values)), _BATCH):
            output = network(values[part])
            loss = nn.functional.smooth_l1_loss(output[:, 0], clarity[part], beta=0.2)
            loss = loss + _KIND_WEIGHT * nn.functional.cross_entropy(output[:, 1:], kind[part])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return TraceNetwork(
        mean,
        deviation,
        tuple(layer.weight.detach().numpy().copy() for layer in linear),
        tuple(layer.bias.detach().numpy().copy() for layer in linear),
    )
