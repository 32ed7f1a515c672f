"""Any number of processes gives the same results, and one crash costs one item."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import count

import pytest

from forensic.engine import Workers, one_thread, run
from forensic.errors import ModelError


class _Square:
    def __call__(self, items):
        for item in items:
            if item == -1:
                os._exit(9)
        return [item * item for item in items]


def _start():
    return _Square()


def _slow_start():
    def step(items):
        time.sleep(sum(items) / 20)
        return list(items)

    return step


def _no_model():
    raise ModelError("There is no model.", "Name one.")


def _batches(items, size=3):
    return iter([items[start : start + size] for start in range(0, len(items), size)])


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_has_its_result(workers):
    results = [result for batch in run(_start, _batches(list(range(20))), lambda _: None, workers) for result in batch]
    assert sorted(results) == [item * item for item in range(20)]


def test_an_item_that_kills_its_worker_is_given_up_and_no_other():
    items = [1, 2, 3, 4, -1, 6, 7, 8, 9, 10]
    results = [r for batch in run(_start, _batches(items), lambda item: f"gave up {item}", 2) for r in batch]
    assert sorted(map(str, results)) == sorted(map(str, [1, 4, 9, 16, "gave up -1", 36, 49, 64, 81, 100]))


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items_where_that_is_asked(workers):
    with Workers(_slow_start, lambda item: f"gave up {item}", workers) as team:
        assert list(team.map([3, 0, 2, 1, 0, 0], 1)) == [3, 0, 2, 1, 0, 0]
        assert list(team.map([0, 1, 0], 2)) == [0, 1, 0]  # the same processes again


def test_a_death_costs_its_item_alone_and_no_order():
    items = [1, 2, -1, 4, 5, -1, 7, 8]
    with Workers(_start, lambda item: f"gave up {item}", 2) as team:
        for _ in range(2):  # processes that died are replaced
            assert list(team.map(items, 3)) == [1, 4, "gave up -1", 16, 25, "gave up -1", 49, 64]


def test_a_worker_that_dies_between_batches_is_replaced():
    """Its death shows only when the next batch is handed over."""

    def batches():
        for item in range(1, 5):
            yield [item]
            executor = team.executor  # none, where the death before was noticed already
            for process in list((executor._processes or {}).values() if executor else ()):
                process.kill()
                process.join()

    with Workers(_start, lambda item: f"gave up {item}", 2) as team:
        results = sorted((number, result) for number, (result,) in team.run(batches()))
    assert results == [(number, (number + 1) ** 2) for number in range(4)]


@pytest.mark.parametrize("error", [ConnectionRefusedError, EOFError])
@pytest.mark.parametrize("items", [[1, 2], [-1, 2]], ids=["none dies", "one dies"])
def test_processes_that_could_not_be_started_are_asked_for_again(error, items, monkeypatch):
    """The server that forks them may die at that moment; every second request fails here."""
    submit, asked = ProcessPoolExecutor.submit, count()

    def failing(executor, *arguments):
        if next(asked) % 2 == 0:
            raise error
        return submit(executor, *arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", failing)
    with Workers(_start, lambda item: f"gave up {item}", 2) as team:
        assert list(team.map(items)) == [item**2 if item > 0 else f"gave up {item}" for item in items]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_where_the_step_is_made_is_that_error(workers):
    """And not a worker that died, which would give up item after item."""
    with pytest.raises(ModelError, match="no model"):
        list(run(_no_model, _batches([1, 2, 3]), lambda _: None, workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_step_ends_the_run(workers):
    with pytest.raises(TypeError):
        list(run(_start, _batches([1, None]), lambda _: None, workers))


def test_one_thread_is_for_a_while_only():
    import torch  # not above, where every worker would wait for it

    before = torch.get_num_threads()
    with pytest.raises(KeyError), one_thread():
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == before
