"""The loop: crops of degraded speech against the teacher's embedding of the clean piece."""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forensic.errors import TrainingError
from forensic.records import Samples
from forensic.speaker.network import SpeakerNetwork
from forensic.training.cache import FeatureCache
from forensic.training.configuration import LearningSettings
from forensic.training.development import DevelopmentResult, measure
from forensic.training.losses import MarginSoftmax, cosine_loss, similarity_loss

_WINDOW, _WINDOW_STEP = 160, 80
_GRADIENT_NORM = 3.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        step: batches done.
        steps: batches in all.
        loss: mean of the last batches.
        development: the latest measurement, if any.
        seconds_left: estimated.
    """

    step: int
    steps: int
    loss: float
    development: DevelopmentResult | None
    seconds_left: float


def teacher_targets(network: SpeakerNetwork, cache: FeatureCache, device: torch.device) -> Tensor:
    """The teacher's embedding of each clean piece: the mean direction of half-overlapping windows of 1.6 s.

    Returns:
        Shape (pieces, embedding_size), unit length.
    """
    owners: list[int] = []
    windows: list[Samples] = []
    targets = torch.zeros(cache.index.height, network.architecture.embedding_size, device=device)

    def flush() -> None:
        batch = torch.from_numpy(np.stack(windows)).to(device)
        targets.index_add_(0, torch.tensor(owners, device=device), network(batch))
        owners.clear()
        windows.clear()

    network.eval()
    with torch.inference_mode():
        for piece, (first, frames) in enumerate(cache.index.select("first", "frames").iter_rows()):
            for start in range(0, max(1, frames - _WINDOW + _WINDOW_STEP), _WINDOW_STEP):
                begin = max(0, min(start, frames - _WINDOW))
                crop = cache.crop(0, first + begin, min(_WINDOW, frames))
                windows.append(np.resize(crop, (_WINDOW, crop.shape[1])))
                owners.append(piece)
            if len(windows) >= 256:  # noqa: PLR2004 - a batch
                flush()
        if windows:
            flush()
    return nn.functional.normalize(targets, dim=1).clone()


def train(
    network: SpeakerNetwork,
    cache: FeatureCache,
    settings: LearningSettings,
    folder: Path,
    report: Callable[[Progress], None],
) -> tuple[SpeakerNetwork, list[DevelopmentResult]]:
    """Train a network; a run that was killed goes on from its last checkpoint.

    Args:
        network: with its first weights; it is the teacher as well.
        cache: features of training and development pieces.
        settings: how it learns.
        folder: for checkpoints.
        report: called every few steps.

    Returns:
        The network with averaged weights, and the measurements on the way.

    Raises:
        TrainingError: if the loss is no number; the last good checkpoint stays.
    """
    torch.manual_seed(settings.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)
    targets = teacher_targets(network, cache, device)
    training = np.flatnonzero(~cache.index["is_development"].to_numpy())
    people = _people(cache)
    margin = MarginSoftmax(_class_vectors(targets, people, training), settings.margin, settings.scale).to(device)
    optimizer = torch.optim.AdamW(
        [*network.parameters(), *margin.parameters()], lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, total_steps=settings.steps + 1)
    average, averaged = copy.deepcopy(network), 0
    history: list[DevelopmentResult] = [measure(network, cache, 0, device)]
    step = 0
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        if state["identity"] == _identity(cache, settings):
            network.load_state_dict(state["network"])
            margin.load_state_dict(state["margin"])
            average.load_state_dict(state["average"])
            optimizer.load_state_dict(state["optimizer"])
            schedule.load_state_dict(state["schedule"])
            step, averaged = state["step"], state["averaged"]
            history = [DevelopmentResult(**result) for result in json.loads(state["history"])]
    began, first_step, recent = time.monotonic(), step, []
    network.train()
    while step < settings.steps:
        rng = np.random.default_rng([settings.seed, step])
        crops, pieces = _draw_batch(cache, training, settings, rng)
        with torch.autocast(device.type, torch.bfloat16):
            embeddings = network(torch.from_numpy(crops).to(device))
        wanted = targets[pieces]
        loss = (
            settings.cosine_weight * cosine_loss(embeddings, wanted)
            + settings.similarity_weight * similarity_loss(embeddings, wanted)
            + settings.margin_weight * margin(embeddings, torch.from_numpy(people[pieces]).to(device))
        )
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss is {value} at step {step}.",
                f"The last good state is {checkpoint}; lower learning.learning_rate and start anew.",
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
        optimizer.step()
        schedule.step()
        step += 1
        recent = [*recent[-49:], value]
        if step > settings.steps * (1 - settings.average_last):
            averaged += 1
            _average_into(average, network, averaged)
        if step % settings.evaluate_every == 0 or step == settings.steps:
            history.append(measure(network, cache, step, device))
            network.train()
            _save(
                checkpoint,
                {
                    "identity": _identity(cache, settings),
                    "network": network.state_dict(),
                    "margin": margin.state_dict(),
                    "average": average.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "step": step,
                    "averaged": averaged,
                    "history": json.dumps([asdict(result) for result in history]),
                },
            )
        if step % 10 == 0 or step == settings.steps:
            rate = (time.monotonic() - began) / max(1, step - first_step)
            report(Progress(step, settings.steps, float(np.mean(recent)), history[-1], rate * (settings.steps - step)))
    final = average if averaged else network
    history.append(measure(final, cache, step, device))
    return final.cpu().eval(), history


def _identity(cache: FeatureCache, settings: LearningSettings) -> str:
    return json.dumps({"cache": cache.sha256, "learning": asdict(settings)}, sort_keys=True)


def _save(path: Path, state: dict[str, object]) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.rename(path)


def _people(cache: FeatureCache) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Index of each piece's person among the labelled training people; -1 where unlabelled or kept out."""
    names = cache.index["speaker"].to_list()
    kept_out = cache.index["is_development"].to_list()
    known = sorted({name for name, out in zip(names, kept_out, strict=True) if name and not out})
    number = {name: index for index, name in enumerate(known)}
    return np.array([-1 if out else number.get(name, -1) for name, out in zip(names, kept_out, strict=True)], np.int64)


def _class_vectors(targets: Tensor, people: np.ndarray[tuple[int], np.dtype[np.int64]], training: object) -> Tensor:
    del training
    vectors = torch.zeros(max(1, int(people.max(initial=-1)) + 1), targets.shape[1], device=targets.device)
    labelled = np.flatnonzero(people >= 0)
    vectors.index_add_(0, torch.from_numpy(people[labelled]).to(targets.device), targets[labelled])
    return nn.functional.normalize(vectors, dim=1)


def _draw_batch(
    cache: FeatureCache,
    training: np.ndarray[tuple[int], np.dtype[np.int64]],
    settings: LearningSettings,
    rng: np.random.Generator,
) -> tuple[Samples, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Crops of one length, each from another piece and a random version of it, at a random level."""
    pieces = rng.choice(training, min(settings.batch, len(training)), replace=False)
    length = int(rng.integers(settings.min_crop_frames, settings.max_crop_frames + 1))
    first, frames = (cache.index[name].to_numpy()[pieces] for name in ("first", "frames"))
    versions = rng.integers(1, len(cache.versions), len(pieces)) if len(cache.versions) > 1 else np.zeros(len(pieces), int)
    versions[rng.random(len(pieces)) < settings.clean_share] = 0
    gains = 10 ** (rng.normal(0.0, settings.level_jitter_db, len(pieces)) / 10)
    crops = np.empty((len(pieces), length, 40), np.float32)
    for row in range(len(pieces)):
        start = int(rng.integers(max(1, frames[row] - length + 1)))
        crop = cache.crop(int(versions[row]), int(first[row]) + start, min(length, int(frames[row])))
        crops[row] = np.resize(crop, (length, 40)) * gains[row]
    return crops, pieces


def _average_into(average: SpeakerNetwork, network: SpeakerNetwork, count: int) -> None:
    with torch.no_grad():
        for mean, value in zip(average.parameters(), network.parameters(), strict=True):
            mean.lerp_(value, 1.0 / count)
