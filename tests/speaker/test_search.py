"""All pairs in blocks are all pairs at once."""

import tracemalloc

import numpy as np
import pytest

from forensic.speaker.search import best_scores, pair_scores


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_every_pair_is_scored_once_whatever_the_block(block):
    embeddings = np.random.default_rng(2).standard_normal((7, 5)).astype(np.float32)
    weights = np.arange(5, dtype=np.float32)  # not symmetric: questioned and known are told apart

    def score(questioned, known):
        return (questioned + weights) @ known.T

    parts = list(pair_scores(embeddings, score, block))
    first, second, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [
        (i, j) for i in range(7) for j in range(i + 1, 7)
    ]
    np.testing.assert_allclose(scores, score(embeddings, embeddings)[second, first], rtol=1e-5)


@pytest.mark.parametrize("block", [1, 3, 7, 100])
@pytest.mark.parametrize("most", [1, 4, 50])
def test_the_best_scores_in_blocks_are_those_of_the_whole_matrix(block, most):
    random = np.random.default_rng(3)
    questioned = random.standard_normal((11, 6)).astype(np.float32)
    known = random.standard_normal((17, 6)).astype(np.float32)
    forbidden = random.random((11, 17)) < 0.3
    forbidden[4] = True  # one without any partner

    def score(one, other):
        return one @ other.T

    parts = list(best_scores(questioned, known, score, most, lambda one, other: ~forbidden[one, other], block))
    row, column, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    whole = np.where(forbidden, -np.inf, score(questioned, known))
    for place in range(11):
        order = np.argsort(-whole[place])[: min(most, int((~forbidden[place]).sum()))]
        assert column[row == place].tolist() == order.tolist()
        np.testing.assert_allclose(scores[row == place], whole[place, order], rtol=1e-5)
    assert not (row == 4).any()


def test_memory_does_not_grow_with_the_product_of_the_numbers():
    """One block of scores is held at a time, whatever there is on the known side."""
    questioned, sizes = np.zeros((8, 4), np.float32), []

    def score(one, other):
        sizes.append((len(one), len(other)))
        return one @ other.T

    tracemalloc.start()
    for _ in best_scores(questioned, np.zeros((200_000, 4), np.float32), score, 5, block=1000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(sizes) == (8, 1000)
    assert len(sizes) == 200
    assert peak < 3_200_000 + 2_000_000  # the known embeddings, and a few blocks; all scores would take 6,400,000
