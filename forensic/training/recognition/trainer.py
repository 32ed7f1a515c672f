"""The loop: from crops of speech to their class."""

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from forensic.language.network import LanguageNetwork
from forensic.speaker.precision import can_autocast
from forensic.training.recognition.augmentation import blank
from forensic.training.recognition.batches import Drawer
from forensic.training.recognition.configuration import LearningSettings
from forensic.training.recognition.development import (
    DURATIONS_FRAMES,
    RecognitionResult,
    measure,
    try_development_people,
)
from forensic.training.recognition.hearing import Ear
from forensic.training.recognition.networks import body_table
from forensic.training.run import descend, learn_to_the_end, load_checkpoint, save_checkpoint

_STATEFUL = ("network", "average", "optimizer", "schedule")


@dataclass(frozen=True, slots=True)
class RecognitionProgress:
    """The progress of a run.

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
    ear: Ear,
    drawer: Drawer,
    settings: LearningSettings,
    folder: Path,
    report: Callable[[RecognitionProgress], None],
) -> tuple[LanguageNetwork, list[RecognitionResult]]:
    """Train a network; a run that was killed continues from its last checkpoint.

    Args:
        network: with its first weights.
        ear: what it hears.
        drawer: of batches.
        settings: how it learns.
        folder: for checkpoints.
        report: called every few steps.

    Returns:
        The network with the running average of its weights, and the measurements of that average on the way.

    Raises:
        TrainingError: if the loss is not a number; the last good checkpoint stays.
    """
    run = _Run(network, ear, drawer, settings, folder)
    run.resume()

    def tell(loss: float, seconds_left: float) -> None:
        latest = run.history[-1] if run.history else None
        report(RecognitionProgress(run.step, settings.steps, loss, latest, seconds_left))

    learn_to_the_end(run, settings.steps, settings.evaluate_every, tell)
    return run.average.cpu().eval(), run.history


class _Run:
    """The state of a run: what a checkpoint holds, and what it is made of."""

    def __init__(
        self,
        network: LanguageNetwork,
        ear: Ear,
        drawer: Drawer,
        settings: LearningSettings,
        folder: Path,
    ) -> None:
        self.device = drawer.speech.device
        self.drawer, self.settings = drawer, settings
        self.checkpoint = folder / "checkpoint.pt"
        self.network = network.to(self.device)
        self.ear = ear
        self.is_fast = can_autocast(self.device.type)  # found by a trial, which draws random numbers
        ear.network.to(self.device)
        self.average = copy.deepcopy(self.network)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
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
        rng = np.random.default_rng([settings.seed, self.step])
        crops, classes = self.drawer.draw(settings, rng)
        self.network.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.is_fast):
            values = self.network.read(self.ear.hear(crops)).float()
            scores = self.network.score_each(blank(values, settings.masked_steps, rng)).float()
        truth = torch.from_numpy(classes).to(self.device).repeat(len(scores))
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), truth, label_smoothing=settings.label_smoothing)
        value = descend(loss, self.network, self.optimizer, self.schedule, self.step, self.checkpoint)
        self.step += 1
        self._average()
        return value

    def evaluate(self) -> None:
        """Measure the average on the development people."""
        trials = try_development_people(self.average, self.ear, self.drawer, DURATIONS_FRAMES)
        self.history.append(measure(trials, self.step))

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        history = json.dumps([asdict(result) for result in self.history])
        facts = {"identity": self._identity(), "step": self.step, "history": history}
        save_checkpoint(self.checkpoint, self, _STATEFUL, facts)

    def resume(self) -> None:
        """Continue from a checkpoint of the same data and settings."""
        state = load_checkpoint(self.checkpoint, self, _STATEFUL, self._identity(), self.device)
        if state is None:
            return
        self.step = state["step"]
        self.history = [RecognitionResult.from_plain(result) for result in json.loads(state["history"])]

    def _average(self) -> None:
        """Move the average towards the weights; faster at the start, so that the first weights are soon forgotten."""
        decay = min(self.settings.average_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(value, 1.0 - decay)

    def _identity(self) -> str:
        content = {
            "speech": self.drawer.speech.sha256,
            "classes": len(self.drawer.people),
            "network": asdict(self.network.architecture),
            "body": body_table(self.ear),
            "learning": asdict(self.settings),
            "crops": asdict(self.drawer.crops),
        }
        return json.dumps(content, sort_keys=True)
