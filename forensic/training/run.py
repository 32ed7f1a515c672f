"""What every training run shares: the loop, a step down the gradient, and checkpoints for a run that was killed."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from forensic.errors import TrainingError
from forensic.storage.atomic import written_whole

_GRADIENT_NORM = 3.0
_REPORT_EVERY = 10
_RECENT = 50


class Run(Protocol):
    """A run that can be stopped after any step."""

    step: int

    def learn(self) -> float:
        """One batch, which raises ``step`` by one; returns its loss."""

    def evaluate(self) -> None:
        """Measure on the development people."""

    def save(self) -> None:
        """Write the checkpoint."""


def training_device() -> torch.device:
    """The graphics card if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def learn_to_the_end(
    run: Run,
    steps: int,
    evaluate_every: int,
    report: Callable[[float, float], None],
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Learn, measure and save until the last step.

    Args:
        run: continues from its current step.
        steps: in all.
        evaluate_every: steps from one measurement to the next, each with a checkpoint; the last step has one as well.
        report: called every few steps with the mean loss of the last ones and the estimated seconds left.
        is_over: asked before each step.

    Raises:
        TrainingError: as in ``descend``.
    """
    began, first_step = time.monotonic(), run.step
    recent: list[float] = []
    while run.step < steps and not is_over():
        recent = [*recent[1 - _RECENT :], run.learn()]
        if run.step % evaluate_every == 0 or run.step == steps:
            run.evaluate()
            run.save()
        if run.step % _REPORT_EVERY == 0 or run.step == steps:
            rate = (time.monotonic() - began) / max(1, run.step - first_step)
            report(float(np.mean(recent)), rate * (steps - run.step))


def descend(
    loss: Tensor,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    step: int,
    checkpoint: Path,
) -> float:
    """One step down the gradient, which is clipped if it is long.

    Args:
        loss: of a batch.
        network: whose gradient is clipped.
        optimizer: takes the step.
        schedule: of its learning rate.
        step: how many were taken before, for the error.
        checkpoint: where the last good state is, for the error.

    Returns:
        The loss.

    Raises:
        TrainingError: if the loss is not a number; nothing has changed then.
    """
    value = float(loss.item())
    if not math.isfinite(value):
        raise TrainingError(
            f"The loss is {value} at step {step}.",
            f"The last good state is {checkpoint}; lower learning.learning_rate and start again.",
        )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), _GRADIENT_NORM)
    optimizer.step()
    schedule.step()
    return value


def save_checkpoint(path: Path, run: object, stateful: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: where to.
        run: has an attribute with a ``state_dict`` for each name.
        stateful: those names.
        facts: other plain values; "identity" says which data and settings made the run.
    """
    parts = {name: getattr(run, name).state_dict() for name in stateful}
    with written_whole(path) as file:
        torch.save({**facts, **parts}, file)


def load_checkpoint(
    path: Path, run: object, stateful: Sequence[str], identity: str, device: torch.device
) -> dict[str, Any] | None:
    """Bring a run to the state of a checkpoint of the same data and settings.

    Args:
        path: as in ``save_checkpoint``, like ``run`` and ``stateful``.
        run: takes the states.
        stateful: names.
        identity: which data and settings made the run.
        device: that it runs on.

    Returns:
        The facts that were saved, states among them; None where there is no checkpoint, or one of another run.
    """
    state: dict[str, Any] | None = torch.load(path, device, weights_only=True) if path.exists() else None
    if state is None or state["identity"] != identity:
        return None
    for name in stateful:
        getattr(run, name).load_state_dict(state[name])
    return state
