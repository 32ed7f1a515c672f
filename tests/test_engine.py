"""Any number of processes gives the same results, and one crash costs one item."""

import os

import pytest

from forensic.engine import run


class _Square:
    def __call__(self, items):
        for item in items:
            if item == -1:
                os._exit(9)
        return [item * item for item in items]


def _start():
    return _Square()


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
