"""Simulated speakers: scores whose true likelihood ratios are known, and a small population bank."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import ROWS_SCHEMA

SimulatePairs = Callable[..., Pairs]


@pytest.fixture(scope="session")
def simulate_pairs() -> SimulatePairs:
    """Makes the pairs of n speakers: scores of either class are normal with variance 1.

    The means are 0 and ``apart``, so the true log10 LR is (apart * score - apart^2 / 2) / ln 10. A part
    ``effect`` of the variance belongs to the two speakers of a pair, so pairs that share a speaker are
    correlated.
    """

    def simulate(speakers: int, apart: float, seed: int, effect: float = 0.5) -> Pairs:
        rng = np.random.default_rng(seed)
        known, questioned = rng.normal(0, np.sqrt(effect / 2), (2, speakers))
        score = known[:, None] + questioned + rng.normal(0, np.sqrt(1 - effect), (speakers, speakers))
        first, second = np.nonzero(~np.eye(speakers, dtype=bool))
        own = np.arange(speakers)
        return Pairs(np.diag(score) + apart, own, score[first, second], first, second, speakers)

    return simulate


@pytest.fixture(scope="session")
def bank_rows() -> Callable[..., tuple[pl.DataFrame, np.ndarray]]:
    """Makes rows and embeddings of a bank: two corpora, one known and two questioned cells, two pieces."""

    def make(speakers: int = 24, size: int = 16, noise: float = 0.25, seed: int = 3):
        rng = np.random.default_rng(seed)
        voices = rng.normal(size=(speakers, size))
        rows, embeddings = [], []
        for speaker in range(speakers):
            corpus = f"corpus {speaker % 2}"
            for side, cell, speech_s, snr_db in (
                ("known", "clean", 60.0, None),
                ("questioned", "AMR-NB 5.9", 10.0, 20.0),
                ("questioned", "AMR-NB 5.9", 30.0, 20.0),
            ):
                for piece in range(2):
                    vector = voices[speaker] + noise * (60 / speech_s) ** 0.5 * rng.normal(size=size)
                    embeddings.append(vector / np.linalg.norm(vector))
                    bandwidth_hz = 8000.0 if side == "known" else 3400.0
                    snr = None if snr_db is None else snr_db + rng.normal()
                    measured_s = speech_s * rng.uniform(0.9, 1.1)
                    name = f"{corpus}/{speaker:03}"
                    edge_hz, codec = (80.0, "PCM or G.711") if side == "known" else (280.0, "AMR or GSM")
                    measured = (measured_s, snr, bandwidth_hz, edge_hz, 12.0 + piece, codec, 0.0)
                    rows.append((name, corpus, side, cell, speech_s, *measured, piece))
        frame = pl.DataFrame(rows, schema=list(ROWS_SCHEMA), orient="row")
        return frame, np.array(embeddings, dtype=np.float32)

    return make
