"""How far the lines of single pairs of conditions lie from the joint line."""

import numpy as np
import pytest

from forensic.likelihood_ratio.misfit import misfit


def _pairs(rng, moved_by, people=80, cells=60):
    """Log odds by the joint line, of pairs whose true line is moved in each cell: everybody with everybody."""
    one, other = (each.ravel() for each in np.meshgrid(np.arange(people), np.arange(people)))
    cell = rng.integers(cells, size=len(one))
    shift = moved_by * rng.normal(size=cells)
    is_same = rng.random(len(one)) < 0.5
    true = rng.normal(np.where(is_same, 2.0, -2.0), 2.0)  # so the log odds of a value are the value
    return true - shift[cell], is_same, np.ones(len(one)), cell, np.stack([one, other])


@pytest.mark.parametrize("moved_by", [0.5, 1.0])
def test_it_is_how_far_lines_were_moved(moved_by):
    """To a fifth, over several samples."""
    found = [misfit(*_pairs(np.random.default_rng(seed), moved_by), seed) for seed in range(8)]
    assert np.mean(found) == pytest.approx(moved_by, rel=0.2)


def test_lines_that_only_chance_moves_have_hardly_any():
    found = [misfit(*_pairs(np.random.default_rng(seed), 0.0), seed) for seed in range(8)]
    assert np.mean(found) < 0.15


def test_one_pair_of_conditions_has_hardly_any():
    """The joint line is its own."""
    found = [misfit(*_pairs(np.random.default_rng(seed), 0.0, cells=1), seed) for seed in range(8)]
    assert np.mean(found) < 0.15
