"""One step over many batches of items: in this process, in worker processes, or on a Ray cluster.

A worker process that dies (a decoder that crashes, memory that runs out) takes no batch with it: the batches in flight
are run again item by item, and only the item that kills its worker is given up. An error that the step raises, or that
is raised where it is made, ends the run.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from multiprocessing import forkserver
from typing import Any, Generic, Self, TypeAlias, TypeVar

from threadpoolctl import threadpool_limits

from forensic.cluster import Actors, Cluster, joined
from forensic.memory import keep_freed_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

Step: TypeAlias = Callable[[Sequence[Item]], list[Result]]
Start: TypeAlias = Callable[[], Step[Item, Result]]
_InFlight: TypeAlias = dict[Future[list[Result]], tuple[int, list[Item]]]


_CONTEXT = multiprocessing.get_context("forkserver")  # forked from a process that has run no torch: that would hang
_NOT_FORKED = (OSError, EOFError)  # what is raised where that process dies as it is asked


_cluster: ContextVar[Cluster | None] = ContextVar("cluster", default=None)


@contextmanager
def on_ray(address: str | None) -> Iterator[None]:
    """Run every step with more than one worker on a Ray cluster for a while.

    Args:
        address: of the cluster, as in ``forensic.cluster.joined``.

    Raises:
        SettingsError: if Ray is not installed, or there is no cluster at the address.
    """
    with joined(address) as cluster:
        token = _cluster.set(cluster)
        try:
            yield
        finally:
            _cluster.reset(token)


def default_workers() -> int:
    """One worker per processor that this process may use, or of the cluster."""
    if (cluster := _cluster.get()) is not None:
        return cluster.processors
    return processors()


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1  # macOS has none


def warm_up(modules: Sequence[str]) -> None:
    """Start the process that workers are forked from, and let it import what they need, while this one goes on.

    Args:
        modules: names, for example of the module that holds the step.
    """
    _CONTEXT.set_forkserver_preload(list(modules))
    forkserver.ensure_running()


def run(
    start: Start[Item, Result],
    batches: Iterator[list[Item]],
    give_up: Callable[[Item], Result],
    workers: int,
) -> Iterator[list[Result]]:
    """Run a step over batches.

    Args:
        start: makes the step, once a process, for example by loading a model; must be picklable.
        batches: items, drawn only as workers come free, so that a long list needs no memory.
        give_up: the result of an item that killed its worker.
        workers: processes; 1 runs in this one.

    Yields:
        The results of one batch, in the order in which batches finish.
    """
    with Workers(start, give_up, workers) as team:
        for _, results in team.run(batches):
            yield results


def settle_in() -> None:
    """Prepare this process for a step, which is one of many: one thread of linear algebra and torch; memory is kept."""
    keep_freed_memory()
    os.environ["OMP_NUM_THREADS"] = "1"
    threadpool_limits(1, user_api="blas")
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """The same for a while: a step is as fast, and gives the same to the bit, in any process, whatever its cores.

    A product of matrices is summed in an order that depends on the number of threads.
    """
    with threadpool_limits(1, user_api="blas"):
        if "torch" not in sys.modules:
            yield
            return
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


class Workers(Generic[Item, Result]):
    """Processes that start once, and run one step over several lists of items; to be used in a ``with`` block."""

    def __init__(self, start: Start[Item, Result], give_up: Callable[[Item], Result], workers: int) -> None:
        """Arguments as in ``run``; nothing starts before it is needed."""
        self.start, self.give_up, self.workers = start, give_up, workers
        self.step: Step[Item, Result] | None = None  # of this process
        self.executor: ProcessPoolExecutor | None = None
        cluster = _cluster.get() if workers > 1 else None
        self.actors = Actors(cluster.head, partial(_settled, start), give_up, workers) if cluster else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def run(self, batches: Iterable[list[Item]]) -> Iterator[tuple[int, list[Result]]]:
        """The number of each batch, from 0, and its results, in the order in which batches finish."""
        if self.workers == 1:
            self.step = self.step or self.start()
            for number, batch in enumerate(batches):
                yield number, self.step(batch)
            return
        if self.actors is not None:
            yield from self.actors.run(iter(batches))
            return
        in_flight: _InFlight[Result, Item] = {}
        for number, batch in enumerate(batches):
            try:
                future = self._submit(batch)
            except (BrokenProcessPool, *_NOT_FORKED):  # a worker died since the last look, or while another was started
                yield from self._rescue(in_flight)
                future = self._submit(batch)
            in_flight[future] = number, batch
            if len(in_flight) > self.workers + 1:  # one batch waits, so that no worker does
                yield from self._finished(in_flight)
        while in_flight:
            yield from self._finished(in_flight)

    def map(self, items: Sequence[Item], size: int = 1) -> Iterator[Result]:
        """The result of each item, in the order of the items.

        Args:
            items: what to run the step over.
            size: items a batch.
        """
        ready: dict[int, list[Result]] = {}
        due = 0
        for number, results in self.run([*items[first : first + size]] for first in range(0, len(items), size)):
            ready[number] = results
            while due in ready:
                yield from ready.pop(due)
                due += 1

    def _finished(self, in_flight: _InFlight[Result, Item]) -> Iterator[tuple[int, list[Result]]]:
        done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
        try:
            results = [(future, future.result()) for future in done]
        except BrokenProcessPool:
            yield from self._rescue(in_flight)
            return
        for future, result in results:
            yield in_flight.pop(future)[0], result

    def _rescue(self, in_flight: _InFlight[Result, Item]) -> Iterator[tuple[int, list[Result]]]:
        """After a death: whatever was in flight, item by item, each in a process of its own."""
        suspects = [*in_flight.values()]
        in_flight.clear()
        self._stop()
        for number, batch in suspects:
            yield number, [self._alone(item) for item in batch]

    def _alone(self, item: Item) -> Result:
        executor, future = self._begin(1, [item])
        with executor:
            try:
                return future.result()[0]
            except BrokenProcessPool:
                return self.give_up(item)

    def _submit(self, batch: list[Item]) -> Future[list[Result]]:
        if self.executor is None:
            self.executor, future = self._begin(self.workers, batch)
            return future
        return self.executor.submit(_run_batch, batch)

    def _begin(self, workers: int, batch: list[Item]) -> tuple[ProcessPoolExecutor, Future[list[Result]]]:
        """New processes with their first batch; asked twice, as what forks them may die at that moment too."""
        try:
            executor = self._executor(workers)
            return executor, executor.submit(_run_batch, batch)
        except _NOT_FORKED:
            executor = self._executor(workers)
            return executor, executor.submit(_run_batch, batch)

    def _stop(self) -> None:
        if self.actors is not None:
            self.actors.stop()
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)
            self.executor = None

    def _executor(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, _CONTEXT, _set_start, (self.start,))


_start: list[Start[Any, Any]] = []  # of this worker process
_step: list[Step[Any, Any]] = []


def _set_start(start: Start[Any, Any]) -> None:
    _start[:] = [start]
    settle_in()


def _settled(start: Start[Item, Result]) -> Step[Item, Result]:
    """What an actor starts with."""
    settle_in()
    return start()


def _run_batch(batch: Sequence[Any]) -> list[Any]:
    if not _step:  # here and not before, so that an error arrives as what it is, and not as a dead worker
        _step[:] = [_start[0]()]
    return _step[0](batch)
