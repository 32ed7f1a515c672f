"""All pairs in blocks are all pairs at once."""

import numpy as np
import pytest

from forensic.speaker.search import pair_scores


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
