"""The fused score is the sum of what each model says, whatever was averaged before."""

import numpy as np
import pytest

from forensic.speaker.backend import Backend
from forensic.speaker.extractor import mean_embedding
from forensic.speaker.fusion import WEIGHT, FusedScore, joined

FIRST, SECOND = 6, 4


def _unit(rng, count, size):
    vectors = rng.normal(size=(count, size)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def voices():
    rng = np.random.default_rng(4)
    return _unit(rng, 7, FIRST), _unit(rng, 7, SECOND)


@pytest.fixture
def first():
    rng = np.random.default_rng(5)
    return Backend(cohort=_unit(rng, 20, FIRST), top=5, share=0.75)


def test_it_is_the_first_score_and_the_cosine_of_the_second(voices, first):
    one, other = voices
    both = joined(one, other)
    np.testing.assert_allclose(np.linalg.norm(both, axis=1), 1.0, atol=1e-6)
    expected = first.score(one[:3], one[3:]) + WEIGHT * other[:3] @ other[3:].T
    np.testing.assert_allclose(FusedScore(first, FIRST).score(both[:3], both[3:]), expected, atol=1e-5)


def test_pairs_have_the_scores_of_the_matrix(voices, first):
    both, score = joined(*voices), FusedScore(first, FIRST)
    questioned, known = np.array([0, 1, 2]), np.array([6, 3, 4])
    matrix = score.score(both, both)
    np.testing.assert_allclose(score.score_pairs(both, questioned, known), matrix[questioned, known], atol=1e-5)


def test_a_mean_of_recordings_is_the_mean_that_each_model_takes(voices, first):
    """However unlike the recordings are to one of them, the other's part keeps its weight."""
    one, other = voices
    one = np.concatenate([one[:1], -one[:1] + 0.1 * one[1:2], one[2:]])
    pooled = mean_embedding(joined(one[:2], other[:2]))[None]
    apart = joined(mean_embedding(one[:2])[None], mean_embedding(other[:2])[None])
    rest = joined(one[2:], other[2:])
    score = FusedScore(first, FIRST)
    np.testing.assert_allclose(score.score(pooled, rest), score.score(apart, rest), atol=1e-4)


def test_its_identity_changes_with_the_first_score(first):
    assert FusedScore(first, FIRST).identity != FusedScore(Backend(), FIRST).identity
