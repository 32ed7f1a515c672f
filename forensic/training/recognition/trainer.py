"""The loop: crops of speech to the class that they are of."""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from forensic.atomic import written_whole
from forensic.errors import TrainingError
from forensic.language.network import LanguageNetwork
from forensic.training.recognition.batches import Drawer
from forensic.training.recognition.configuration import LearningSettings
from forensic.training.recognition.development import (
    DURATIONS_FRAMES,
    RecognitionResult,
    measure,
    try_development_people,
)
from forensic.training.recognition.states import StateCache

_GRADIENT_NORM = 3.0
_REPORT_EVERY = 10
_STATEFUL = ("network", "average", "optimizer", "schedule")


@dataclass(frozen=True, slots=True)
class RecognitionProgress:
    """Where a run stands.

    Attributes:
        step: batches done.
        steps: batches in all.
        loss: mean of the last batches.
        development: the latest measurement; None before the first.
        seconds_left: estimated.
    """

    step: int
    steps: int
    loss: float
    development: RecognitionResult | None
    seconds_left: float


def train_classes(
    network: LanguageNetwork,
    drawer: Drawer,
    settings: LearningSettings,
    folder: Path,
    report: Callable[[RecognitionProgress], None],
) -> tuple[LanguageNetwork, list[RecognitionResult]]:
    """Train a network; a run that was killed goes on from its last checkpoint.

    Args:
        network: with its first weights.
        drawer: of batches.
        settings: how it learns.
        folder: for checkpoints.
        report: called every few steps.

    Returns:
        The network with the running average of its weights, and the measurements of that average on the way.

    Raises:
        TrainingError: if the loss is no number; the last good checkpoint stays.
    """
    run = _Run(network, drawer, settings, folder)
    run.resume()
    began, first_step = time.monotonic(), run.step
    recent: list[float] = []
    while run.step < settings.steps:
        recent = [*recent[-49:], run.learn()]
        if run.step % settings.evaluate_every == 0 or run.step == settings.steps:
            run.evaluate()
            run.save()
        if run.step % _REPORT_EVERY == 0 or run.step == settings.steps:
            left = (time.monotonic() - began) / max(1, run.step - first_step) * (settings.steps - run.step)
            latest = run.history[-1] if run.history else None
            report(RecognitionProgress(run.step, settings.steps, float(np.mean(recent)), latest, left))
    return run.average.cpu().eval(), run.history


class _Run:
    """The state of a run: what a checkpoint holds, and what it is made of."""

    def __init__(self, network: LanguageNetwork, drawer: Drawer, settings: LearningSettings, folder: Path) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.drawer, self.settings = drawer, settings
        self.checkpoint = folder / "checkpoint.pt"
        self.network = network.to(self.device)
        self.average = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(
            [each for each in self.network.parameters() if each.requires_grad],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, settings.learning_rate, total_steps=settings.steps + 1, pct_start=0.15
        )
        self.step = 0
        self.history: list[RecognitionResult] = []

    def learn(self) -> float:
        """One batch; returns its loss."""
        settings = self.settings
        torch.manual_seed(settings.seed * 1_000_003 + self.step)  # of dropout, so that a resumed run is the same
        states, classes = self.drawer.draw(settings, np.random.default_rng([settings.seed, self.step]))
        self.network.train()
        scores = self.network.score(states.to(self.device))
        loss = nn.functional.cross_entropy(
            scores, torch.from_numpy(classes).to(self.device), label_smoothing=settings.label_smoothing
        )
        value = loss.item()
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss is {value} at step {self.step}.",
                f"The last good state is {self.checkpoint}; lower learning.learning_rate and start anew.",
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _GRADIENT_NORM)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        self._average()
        return float(value)

    def evaluate(self) -> None:
        """Measure the average on the development people."""
        trials = try_development_people(self.average, self.cache, self.drawer.labels, DURATIONS_FRAMES)
        self.history.append(measure(trials, self.step))

    @property
    def cache(self) -> StateCache:
        """Where the speech comes from."""
        return self.drawer.cache

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        parts = {name: getattr(self, name).state_dict() for name in _STATEFUL}
        history = json.dumps([asdict(result) for result in self.history])
        with written_whole(self.checkpoint) as file:
            torch.save({"identity": self._identity(), "step": self.step, "history": history, **parts}, file)

    def resume(self) -> None:
        """Go on from a checkpoint of the same data and settings."""
        state = torch.load(self.checkpoint, self.device, weights_only=True) if self.checkpoint.exists() else None
        if state is None or state["identity"] != self._identity():
            return
        for name in _STATEFUL:
            getattr(self, name).load_state_dict(state[name])
        self.step = state["step"]
        self.history = [RecognitionResult.from_plain(result) for result in json.loads(state["history"])]

    def _average(self) -> None:
        """Move the average towards the weights; at the start faster, so that first weights are soon forgotten."""
        decay = min(self.settings.average_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(value, 1.0 - decay)

    def _identity(self) -> str:
        content = {
            "cache": self.cache.sha256,
            "classes": len(self.drawer.people),
            "network": self.network.describe(),
            "learning": asdict(self.settings),
        }
        return json.dumps(content, sort_keys=True)
