"""Two embeddings to a score: uncalibrated, higher for the same speaker."""

import numpy as np

from forensic.records import Samples
from forensic.speaker.extractor import mean_embedding


def pool(embeddings: Samples) -> Samples:
    """One known speaker from the embeddings of all recordings: their mean direction.

    Args:
        embeddings: shape (n_recordings, embedding_size), n_recordings at least 1.

    Returns:
        Shape (embedding_size,), unit length.
    """
    return mean_embedding(embeddings)


def score(questioned: Samples, known: Samples) -> Samples:
    """Cosine similarity, each questioned against each known embedding.

    Args:
        questioned: shape (n, embedding_size), unit length.
        known: shape (m, embedding_size), unit length.

    Returns:
        Shape (n, m), -1 to 1.
    """
    cosine: Samples = np.clip(questioned @ known.T, -1.0, 1.0)
    return cosine
