"""One step over many batches of items on a Ray cluster: an actor a processor, which holds what the step has loaded.

Ray places the actors, moves batches and results, and notices deaths; there is no scheduler here. An actor works on one
batch at a time. When it dies, by a crash, for want of memory or with its node, its batch is run again item by item
by others, and only an item that kills its actor each time is given up. Actors that are lost are started again
as soon as the cluster has room; until then the others go on.
"""

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from forensic.errors import ForensicError, SettingsError

_MOST_TRIES = 3  # of an item alone, and to start an actor: its node may have died, and not of it
_READY = "ready"
_ANSWERS_WITHIN_S = 10.0
_LOOKS_EVERY_S = 5.0
_OF_THIS_MACHINE = frozenset({None, "auto", "local"})
"""Addresses at which Ray itself finds, or starts, a cluster."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that this process has joined.

    Attributes:
        head: the address of its head, which answers as long as that lives.
        processors: in all its nodes, when it was joined.
    """

    head: str
    processors: int


@contextmanager
def joined(address: str | None) -> Iterator[Cluster]:
    """Join a Ray cluster for a while.

    Args:
        address: of its head, such as ``10.0.0.1:6379`` or ``ray://10.0.0.1:10001``; ``auto`` finds one on this machine;
            None starts one of this machine alone.

    Raises:
        SettingsError: if Ray is not installed, or there is no cluster at the address.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is sent
    try:
        import ray
    except ImportError as error:
        raise SettingsError("The engine ray is not installed.", "Install it: pip install 'forensic[ray]'.") from error
    try:
        if address not in _OF_THIS_MACHINE:
            _see(str(address))
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0].rstrip(".")
        raise SettingsError(
            f"There is no Ray cluster at {address or 'this machine'}: {reason}.",
            "Start one with `ray start --head`, join its other machines to it, and give --address (docs/cluster.md).",
        ) from error
    try:
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        head = ray.get_runtime_context().gcs_address if address in _OF_THIS_MACHINE else str(address)
        yield Cluster(head, max(1, int(resources.get("CPU", 1))))
    finally:
        ray.shutdown()


def _headless(error: OSError) -> SettingsError:
    return SettingsError(
        f"The Ray cluster has lost its head: {error.strerror or error}.",
        "Start the cluster again (docs/cluster.md), then run the same command, which goes on where it stopped.",
    )


def _see(head: str) -> None:
    """Raise, if nothing answers at an address: Ray itself would try for minutes."""
    host, _, port = head.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN_S).close()


@dataclass(slots=True)
class _Batch:
    """A batch, or one item of a batch whose actor died.

    Attributes:
        number: of the batch.
        items: to run.
        first: place of the first of them in the batch.
        tries: deaths that it has seen alone.
    """

    number: int
    items: list[Any]
    first: int = 0
    tries: int = 0


@dataclass(slots=True)
class _Open:
    """A batch of which not all results are there."""

    results: list[Any]
    missing: int


@dataclass(slots=True)
class Actors:
    """Actors of a cluster that start once, and run one step over several lists of items.

    Attributes:
        head: address of the cluster's head.
        start: makes the step, once an actor; pickled.
        give_up: the result of an item that kills its actors.
        number: of actors.
    """

    head: str
    start: Callable[[], Callable[[Sequence[Any]], list[Any]]]
    give_up: Callable[[Any], Any]
    number: int
    _stored: Any = None  # where actors find ``start``
    _idle: list[Any] = field(default_factory=list)
    _busy: dict[Any, tuple[Any, _Batch | None]] = field(default_factory=dict)  # by what is waited for
    _failed: int = 0  # starts, one after the other

    def run(self, batches: Iterator[list[Any]]) -> Iterator[tuple[int, list[Any]]]:
        """The number of each batch, from 0, and its results, in the order in which batches finish.

        Raises:
            SettingsError: if no actor can start, or the cluster's head dies.
        """
        again: deque[_Batch] = deque()
        coming = enumerate(batches)
        open_batches: dict[int, _Open] = {}
        self._begin()
        while True:
            if not again and (batch := _next(coming, open_batches)):
                again.append(batch)
            if not open_batches:
                return
            if again and self._idle:
                actor, batch = self._idle.pop(), again.popleft()
                self._busy[actor.run.remote(batch.items)] = actor, batch
                continue
            batch, results = self._taken(self._finished())
            if batch is None:
                continue
            if results is None:
                again.extend(_apart(batch))
                continue
            state = open_batches[batch.number]
            state.results[batch.first : batch.first + len(results)] = results
            state.missing -= len(results)
            if not state.missing:
                del open_batches[batch.number]
                yield batch.number, state.results

    def _finished(self) -> Any:
        """What is done next."""
        import ray

        while True:
            try:
                done, _ = ray.wait([*self._busy], timeout=_LOOKS_EVERY_S)
            except OSError as error:
                raise _headless(error) from error
            if done:
                return done[0]
            self._see_head()

    def _see_head(self) -> None:
        """Raise, if the cluster has lost its head: Ray itself would wait for a minute, and then end this process."""
        try:
            _see(self.head)
        except OSError as error:
            raise _headless(error) from error

    def _taken(self, done: Any) -> tuple[_Batch | None, list[Any] | None]:
        """What an actor was busy with, None if with its start, and the results, None where it died and others try."""
        import ray
        from ray.exceptions import RayActorError, RayTaskError

        actor, batch = self._busy.pop(done)
        try:
            results: list[Any] = ray.get(done)
        except RayActorError as error:
            self._failed += batch is None
            if self._failed >= _MOST_TRIES * self.number:
                raise SettingsError(
                    f"No worker of the Ray cluster can start: {_last_line(error)}.",
                    "Install the same version of forensic on each of its machines (docs/cluster.md).",
                ) from error
            self._begin()
            if batch is None or len(batch.items) > 1 or batch.tries + 1 < _MOST_TRIES:
                return batch, None
            return batch, [self.give_up(batch.items[0])]
        except RayTaskError as error:
            raise (error.cause if isinstance(error.cause, ForensicError) else error) from error
        self._failed = 0
        self._idle.append(actor)
        return batch, results

    def stop(self) -> None:
        """End the actors."""
        import ray

        for actor in (*self._idle, *(actor for actor, _ in self._busy.values())):
            ray.kill(actor)
        self._idle.clear()
        self._busy.clear()

    def _begin(self) -> None:
        """Ask for as many actors as are missing; each counts as busy until it has started."""
        import ray

        self._see_head()
        actor_class = ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        self._stored = self._stored or ray.put(self.start)  # once, and not once an actor: it may hold a population
        for _ in range(self.number - len(self._idle) - len(self._busy)):
            actor: Any = actor_class.remote(self._stored)
            self._busy[actor.ready.remote()] = actor, None


def _next(coming: Iterator[tuple[int, list[Any]]], open_batches: dict[int, _Open]) -> _Batch | None:
    for number, items in coming:
        open_batches[number] = _Open([None] * len(items), len(items))
        return _Batch(number, items)
    return None


def _apart(batch: _Batch) -> Iterator[_Batch]:
    """The items of a batch whose actor died, one by one."""
    tries = batch.tries + (len(batch.items) == 1)
    for place, item in enumerate(batch.items):
        yield _Batch(batch.number, [item], batch.first + place, tries)


def _last_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[-1].strip().rstrip(".")


class _Actor:
    """Lives in a process of a node."""

    def __init__(self, start: Callable[[], Callable[[Sequence[Any]], list[Any]]]) -> None:
        self._start = start
        self._step: Callable[[Sequence[Any]], list[Any]] | None = None

    def ready(self) -> str:
        return _READY

    def run(self, batch: Sequence[Any]) -> list[Any]:
        self._step = self._step or self._start()  # here, so that an error of it arrives as what it is
        return self._step(batch)
