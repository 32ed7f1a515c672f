"""Scores: symmetric, within bounds, highest for the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forensic.speaker.backend import pool, score


def _embeddings(seed, count):
    values = np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 5))
def test_the_score_of_two_does_not_depend_on_their_order(seed, n, m):
    a, b = _embeddings(seed, n), _embeddings(seed + 1, m)
    np.testing.assert_allclose(score(a, b), score(b, a).T, atol=1e-6)
    assert np.abs(score(a, b)).max() <= 1.0


def test_an_embedding_scores_highest_with_itself():
    embeddings = _embeddings(1, 6)
    assert (score(embeddings, embeddings).argmax(axis=1) == np.arange(6)).all()


def test_pooling_one_recording_changes_nothing():
    embeddings = _embeddings(2, 1)
    np.testing.assert_allclose(pool(embeddings), embeddings[0], atol=1e-6)
