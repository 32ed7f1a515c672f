"""One step over many batches of items: in this process, or in worker processes.

A worker process that dies (a decoder that crashes, memory that runs out) takes no batch with it: the batches in flight
are run again item by item, and only the item that kills its worker is given up.
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from typing import Any, Generic, TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Step: TypeAlias = Callable[[Sequence[Item]], list[Result]]
Start: TypeAlias = Callable[[], Step[Item, Result]]


_CONTEXT = multiprocessing.get_context("forkserver")  # forked from a process that has run no torch: that would hang


def default_workers() -> int:
    """One worker per processor that this process may use."""
    return len(os.sched_getaffinity(0))


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
    if workers == 1:
        step = start()
        for batch in batches:
            yield step(batch)
        return
    yield from _Pool(start, give_up, workers).run(batches)


class _Pool(Generic[Item, Result]):
    def __init__(self, start: Start[Item, Result], give_up: Callable[[Item], Result], workers: int) -> None:
        self.start, self.give_up, self.workers = start, give_up, workers
        self.executor = self._executor(workers)

    def run(self, batches: Iterator[list[Item]]) -> Iterator[list[Result]]:
        in_flight: dict[Future[list[Result]], list[Item]] = {}
        try:
            for batch in batches:
                in_flight[self.executor.submit(_run_batch, batch)] = batch
                if len(in_flight) > self.workers + 1:  # one batch waits, so that no worker does
                    yield from self._finished(in_flight)
            while in_flight:
                yield from self._finished(in_flight)
        finally:
            self.executor.shutdown(cancel_futures=True)

    def _finished(self, in_flight: dict[Future[list[Result]], list[Item]]) -> Iterator[list[Result]]:
        done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
        try:
            results = [(future, future.result()) for future in done]
        except BrokenProcessPool:
            suspects = [*in_flight.values()]
            in_flight.clear()
            self.executor.shutdown(cancel_futures=True)
            for batch in suspects:
                yield [self._alone(item) for item in batch]
            self.executor = self._executor(self.workers)
            return
        for future, result in results:
            del in_flight[future]
            yield result

    def _alone(self, item: Item) -> Result:
        with self._executor(1) as executor:
            try:
                result: Result = executor.submit(_run_batch, [item]).result()[0]
            except BrokenProcessPool:
                return self.give_up(item)
            return result

    def _executor(self, workers: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(workers, _CONTEXT, _start_worker, (self.start,))


_step: list[Step[Any, Any]] = []  # of this worker process


def _start_worker(start: Start[Any, Any]) -> None:
    _step[:] = [start()]


def _run_batch(batch: Sequence[Any]) -> list[Any]:
    return _step[0](batch)
