"""The loop: crops of degraded speech against the teacher's embedding of the clean piece."""

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from forensic.records import Samples
from forensic.speaker.network import SpeakerNetwork
from forensic.speaker.precision import can_autocast
from forensic.training.cache import FeatureCache
from forensic.training.configuration import LearningSettings
from forensic.training.perturbation import overlay, recolour
from forensic.training.run import descend, learn_to_the_end, load_checkpoint, save_checkpoint, training_device
from forensic.training.speaker import imitation
from forensic.training.speaker.development import DevelopmentResult, measure
from forensic.training.speaker.losses import MarginSoftmax, cosine_loss, ge2e_loss, similarity_loss
from forensic.training.speaker.teacher import Teacher, side_by_side

_STATEFUL = ("network", "best", "margin", "average", "optimizer", "schedule")

_Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    Attributes:
        step: batches done.
        steps: batches in all.
        loss: mean of the last batches.
        development: the latest measurement.
        seconds_left: estimated.
    """

    step: int
    steps: int
    loss: float
    development: DevelopmentResult
    seconds_left: float


def train(
    network: SpeakerNetwork,
    teacher: Teacher,
    cache: FeatureCache,
    settings: LearningSettings,
    folder: Path,
    report: Callable[[Progress], None],
) -> tuple[SpeakerNetwork, list[DevelopmentResult]]:
    """Train a network; a run that was killed continues from its last checkpoint.

    Args:
        network: with its first weights.
        teacher: what it learns from.
        cache: features of training and development pieces.
        settings: how it learns.
        folder: for checkpoints.
        report: called every few steps.

    Returns:
        The network with averaged weights, or with those of the best measurement if they were better on the
        development people, and the measurements on the way; the last is that of the network returned.

    Raises:
        TrainingError: if the loss is not a number; the last good checkpoint stays.
    """
    torch.manual_seed(settings.seed)
    run = _Run(network, teacher, cache, settings, folder)
    run.resume()
    learn_to_the_end(
        run,
        settings.steps,
        settings.evaluate_every,
        lambda loss, left: report(Progress(run.step, settings.steps, loss, run.history[-1], left)),
        run.is_exhausted,
    )
    return run.finish()


class _Run:
    """The state of a run: what a checkpoint holds, and what it is made of."""

    def __init__(
        self,
        network: SpeakerNetwork,
        teacher: Teacher,
        cache: FeatureCache,
        settings: LearningSettings,
        folder: Path,
    ) -> None:
        self.device = training_device()
        self.cache, self.settings = cache, settings
        self.checkpoint = folder / "checkpoint.pt"
        if settings.states_weight:
            imitation.check_alike(network, teacher.network)
            imitation.keep_lower_layers(network)
        self.network = network.to(self.device)
        self.training = np.flatnonzero(~cache.index["is_development"].to_numpy())
        self.people = _people(cache)
        self.groups = _groups(cache, self.training)
        targets = teacher.targets.to(self.device)
        vectors = _class_vectors(targets, self.people)
        self.targets = _towards_people(targets, vectors, self.people, settings.person_share)
        self.teacher = teacher
        teacher.network.to(self.device).eval()
        self.margin = MarginSoftmax(vectors, settings.margin, settings.scale).to(self.device)
        self.optimizer = torch.optim.AdamW(
            [value for module in (self.network, self.margin) for value in module.parameters() if value.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=settings.steps + 1
        )
        self.average, self.averaged = copy.deepcopy(self.network), 0
        self.best = copy.deepcopy(self.network)
        self.step = 0
        self.history: list[DevelopmentResult] = []

    def learn(self) -> float:
        """One batch; returns its loss."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, self.step])
        crops, clean, pieces = _draw_batch(self.cache, self.training, self.groups, settings, rng)
        self.network.train()
        frames = torch.from_numpy(crops).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=can_autocast(self.device.type)):
            states = self.network.layer_states(frames)
            embeddings = self.network.embed(states[-1])
        if settings.states_weight:
            shown = imitation.example(self.teacher.network, frames)
            wanted = shown.embeddings
            of_states = imitation.states_loss(states, self.network, shown, self.teacher.network)
        else:
            wanted, of_states = self._wanted(clean, pieces), torch.zeros((), device=self.device)
        people = torch.from_numpy(self.people[pieces]).to(self.device)
        loss = (
            settings.states_weight * of_states
            + settings.cosine_weight * cosine_loss(embeddings, wanted)
            + settings.similarity_weight * similarity_loss(embeddings, wanted)
            + settings.margin_weight * self.margin(embeddings, people)
            + settings.ge2e_weight * ge2e_loss(embeddings, people, settings.scale)
        )
        value = descend(loss, self.network, self.optimizer, self.schedule, self.step, self.checkpoint)
        self.step += 1
        if self.step > settings.steps * (1 - settings.average_last):
            self.averaged += 1
            _average_into(self.average, self.network, self.averaged)
        return value

    def _wanted(self, clean: Samples, pieces: _Indices) -> Tensor:
        """Targets of a batch."""
        wanted, share = self.targets[pieces], self.settings.crop_share
        if not share:
            return wanted
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=can_autocast(self.device.type)):
            same = self.teacher.of_crops(torch.from_numpy(clean).to(self.device))
        size = same.shape[1]
        mixed = share * same + (1 - share) * nn.functional.normalize(wanted[:, :size], dim=1)
        return (
            side_by_side(mixed, wanted[:, size:]) if self.teacher.second_size else nn.functional.normalize(mixed, dim=1)
        )

    def evaluate(self) -> None:
        """Measure on the development people, and keep the weights if they are the best so far."""
        result = measure(self.network, self.cache, self.step, self.device)
        if self.history and result.cost < min(earlier.cost for earlier in self.history):
            self.best.load_state_dict(self.network.state_dict())
        self.history.append(result)

    def is_exhausted(self) -> bool:
        """Whether none of the last ``patience`` measurements was better."""
        costs = [result.cost for result in self.history]
        patience = self.settings.patience
        return bool(patience) and len(costs) > patience and min(costs[-patience:]) >= min(costs[:-patience])

    def finish(self) -> tuple[SpeakerNetwork, list[DevelopmentResult]]:
        """The averaged network, or the best one if that does better, with its measurement."""
        final = self.average if self.averaged else self.network
        result = measure(final, self.cache, self.step, self.device)
        best = min(self.history, key=lambda earlier: earlier.cost)
        if best.cost < result.cost:
            final, result = self.best, best
        return final.cpu().eval(), [*self.history, result]

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        history = json.dumps([asdict(result) for result in self.history])
        facts = {"identity": self._identity(), "step": self.step, "averaged": self.averaged, "history": history}
        save_checkpoint(self.checkpoint, self, _STATEFUL, facts)

    def resume(self) -> None:
        """Continue from a checkpoint of the same data and settings; without one, start with a measurement."""
        state = load_checkpoint(self.checkpoint, self, _STATEFUL, self._identity(), self.device)
        if state is None:
            self.evaluate()
            return
        self.step, self.averaged = state["step"], state["averaged"]
        self.history = [DevelopmentResult.from_plain(result) for result in json.loads(state["history"])]

    def _identity(self) -> str:
        network = self.network.describe()
        return json.dumps(
            {"cache": self.cache.sha256, "network": network, "learning": asdict(self.settings)}, sort_keys=True
        )


def _people(cache: FeatureCache) -> _Indices:
    """Index of each piece's person among the labelled training people; -1 where unlabelled or kept out."""
    names = cache.index["speaker"].to_list()
    kept_out = cache.index["is_development"].to_list()
    known = sorted({name for name, out in zip(names, kept_out, strict=True) if name and not out})
    number = {name: index for index, name in enumerate(known)}
    return np.array([-1 if out else number.get(name, -1) for name, out in zip(names, kept_out, strict=True)], np.int64)


def _class_vectors(targets: Tensor, people: _Indices) -> Tensor:
    vectors = torch.zeros(max(1, int(people.max(initial=-1)) + 1), targets.shape[1], device=targets.device)
    labelled = np.flatnonzero(people >= 0)
    vectors.index_add_(0, torch.from_numpy(people[labelled]).to(targets.device), targets[labelled])
    return nn.functional.normalize(vectors, dim=1)


def _groups(cache: FeatureCache, training: _Indices) -> list[_Indices]:
    """For each training piece all training pieces of its person; for an unlabelled piece, only itself."""
    names = cache.index["speaker"].to_list()
    of_person: dict[str, list[int]] = {}
    for piece in training:
        of_person.setdefault(names[piece] or f"?{piece}", []).append(int(piece))
    return [np.array(of_person[names[piece] or f"?{piece}"]) for piece in training]


def _towards_people(targets: Tensor, vectors: Tensor, people: _Indices, share: float) -> Tensor:
    """Targets, those of labelled pieces moved to the mean of their person."""
    labelled = torch.from_numpy(people >= 0).to(targets.device)
    moved = targets.clone()
    own = vectors[torch.from_numpy(people).to(targets.device)[labelled]]
    moved[labelled] = (1 - share) * targets[labelled] + share * own
    return nn.functional.normalize(moved, dim=1)


def _draw_batch(
    cache: FeatureCache,
    training: _Indices,
    groups: list[_Indices],
    settings: LearningSettings,
    rng: np.random.Generator,
) -> tuple[Samples, Samples, _Indices]:
    """Crops of one length at random levels, each of a piece and version drawn at random; the same clean; their pieces.

    Pieces are drawn first, then more of the same people; a person who is drawn twice has twice as many crops.
    """
    drawn = rng.choice(len(training), min(settings.batch // settings.pieces_per_person, len(training)), replace=False)
    pieces = np.concatenate([rng.choice(groups[i], settings.pieces_per_person) for i in drawn])
    pieces[:: settings.pieces_per_person] = training[drawn]
    length = int(rng.integers(settings.min_crop_frames, settings.max_crop_frames + 1))
    first, frames = (cache.index[name].to_numpy()[pieces] for name in ("first", "frames"))
    versions = (
        rng.integers(1, len(cache.versions), len(pieces)) if len(cache.versions) > 1 else np.zeros(len(pieces), int)
    )
    versions[rng.random(len(pieces)) < settings.clean_share] = 0
    crops, clean = np.empty((2, len(pieces), length, 40), np.float32)
    for row in range(len(pieces)):
        start = int(first[row] + rng.integers(max(1, frames[row] - length + 1)))
        span = start, min(length, int(frames[row]))
        crops[row] = np.resize(cache.crop(int(versions[row]), *span), (length, 40))
        clean[row] = np.resize(cache.crop(0, *span), (length, 40))
    overlay(crops, settings.overlay_share, rng)
    recolour(crops, settings.recolour_share, rng)
    crops *= (10 ** (rng.normal(0.0, settings.level_jitter_db, (len(pieces), 1, 1)) / 10)).astype(np.float32)
    return crops, clean, pieces


def _average_into(average: SpeakerNetwork, network: SpeakerNetwork, count: int) -> None:
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1.0 / count)
