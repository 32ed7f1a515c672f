"""Pool adjacent violators, against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from forensic.likelihood_ratio.isotonic import block_starts


def _scipy_starts(values, weight):
    return isotonic_regression(values, weights=weight).blocks[:-1]


@given(st.lists(st.tuples(st.integers(-8, 8), st.integers(1, 5)), min_size=1, max_size=40))
def test_blocks_begin_where_scipys_do(pairs):
    """Ties included: whole numbers pool without a rounding error."""
    values, weight = np.array(pairs, dtype=np.float64).T
    np.testing.assert_array_equal(block_starts(values * weight, weight), _scipy_starts(values, weight))


@pytest.mark.parametrize("size", [1, 2, 500])
def test_a_staircase_with_a_fall_at_its_end_is_one_block(size):
    """The case that takes as many sweeps as there are steps."""
    values = np.append(np.arange(size), -1e9)
    np.testing.assert_array_equal(block_starts(values, np.ones(size + 1)), [0])


def test_sequences_side_by_side_are_pooled_each_by_itself():
    """Labels of a class that grows likelier, as scores have them, and staircases that take long."""
    rng = np.random.default_rng(1)
    rising = np.linspace(0, 1, 300)
    values = np.stack([*(rng.random((20, 300)) < rising).astype(np.float64), np.append(rising[1:], -1e9), -rising])
    weight = rng.random(values.shape) + 0.1
    begins = np.zeros(values.shape, bool)
    begins[:, 0] = True
    found = block_starts((values * weight).ravel(), weight.ravel(), begins.ravel())
    expected = [300 * row + _scipy_starts(v, w) for row, (v, w) in enumerate(zip(values, weight, strict=True))]
    np.testing.assert_array_equal(found, np.concatenate(expected))
