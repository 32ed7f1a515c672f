"""Two embeddings to a score: uncalibrated, higher for the same speaker.

The plain score is the cosine. A model may bring a *backend* that was fitted on its training people: embeddings are
centred, projected and brought to unit length again, and scored by their cosine or by two-covariance PLDA; a cohort of
training people may normalise the score. Evidence and reference population keep the raw embeddings.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from forensic.errors import ModelError
from forensic.records import Samples, Vector
from forensic.storage.atomic import written_whole
from forensic.storage.cards import REMEDY, named_file, read_card, write_card

BACKEND = "backend.safetensors"
COSINE = "cosine"

Matrix = NDArray[np.float64]
Index = NDArray[np.intp]

_PAIRS_AT_ONCE = 50_000
_TINY = 1e-6  # a length or spread below this counts as zero


@dataclass(frozen=True, slots=True, eq=False)
class TwoCovariance:
    """Two-covariance PLDA: a recording is its speaker's vector plus the difference from one recording to the next.

    Both parts are normal. The transform makes the recordings' part white and the speakers' part uncorrelated, so that
    the log ratio of "one speaker" to "two speakers" is a sum over dimensions.

    Attributes:
        mean: of the population, shape (k,).
        transform: shape (k, j).
        between: variance of the speakers in each transformed dimension, 0 or more, shape (j,); that of a speaker's
            recordings is 1.

    Source: Brümmer & de Villiers (2010), "The speaker partitioning problem", Odyssey; Ioffe (2006), "Probabilistic
    linear discriminant analysis", ECCV.
    """

    mean: Samples
    transform: Samples
    between: Samples

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        size, kept = (*self.transform.shape, 0, 0)[:2]
        _check(self.mean.shape == (size,) and size > 0, "the mean of its PLDA does not fit the transform")
        _check(self.between.shape == (kept,) and bool((self.between >= 0).all()), "its PLDA has no valid variances")

    def score(self, questioned: Matrix, known: Matrix) -> Matrix:
        """The log ratio of each pair, natural, shape (n, m); a score like any other until it is calibrated.

        Args:
            questioned: embeddings, prepared, shape (n, k).
            known: embeddings, prepared, shape (m, k).
        """
        q, k = self._transformed(questioned), self._transformed(known)
        constant, both, own = self._weights()
        return np.asarray(constant + (q * both) @ k.T - (q**2 @ own)[:, None] - k**2 @ own)

    def score_pairs(self, questioned: Matrix, known: Matrix) -> Vector:
        """The log ratio of each row with the row of the same number, as of ``score``, shape (n,).

        Args:
            questioned: embeddings, prepared, shape (n, k).
            known: embeddings, prepared, shape (n, k).
        """
        q, k = self._transformed(questioned), self._transformed(known)
        constant, both, own = self._weights()
        return np.asarray(constant + np.einsum("ij,ij->i", q * both, k) - q**2 @ own - k**2 @ own)

    def _transformed(self, embeddings: Matrix) -> Matrix:
        return np.asarray((embeddings - self.mean) @ self.transform.astype(np.float64))

    def _weights(self) -> tuple[float, Vector, Vector]:
        """The constant, and what a product of both sides and a square of one side count in each dimension."""
        b = self.between.astype(np.float64)
        constant = float(np.log((b + 1) ** 2 / (2 * b + 1)).sum() / 2)
        return constant, b / (2 * b + 1), b**2 / ((2 * b + 1) * (b + 1)) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Backend:
    """How two embeddings are scored; without any part it is their cosine.

    Attributes:
        mean: subtracted from every embedding, shape (size,).
        projection: applied after it, shape (size, k); unit length is restored afterwards.
        plda: scores instead of the cosine.
        cohort: embeddings of training people that normalise scores, shape (c, size), unit length.
        top: how many of them, those with the highest scores, enter each normalisation; 2 to c, 0 without a cohort.
        share: the share of their mean score that is subtracted, 0 to 1, without dividing by the spread; 0 with a
            cohort normalises fully, by the spread as well.

    Raises:
        ModelError: if shapes do not fit together, or a value is no number.
    """

    mean: Samples | None = None
    projection: Samples | None = None
    plda: TwoCovariance | None = None
    cohort: Samples | None = None
    top: int = 0
    share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        for name, array in self.arrays().items():
            _check(array.dtype == np.float32 and bool(np.isfinite(array).all()), f"{name} is not of finite float32")
        sizes = {
            len(array) if name != "cohort" else array.shape[-1]
            for name, array in self.arrays().items()
            if name in {"mean", "projection", "cohort"}
        }
        _check(len(sizes) < 2, f"its parts are for embeddings of {sorted(sizes)} values")  # noqa: PLR2004 - two sizes
        _check(self.mean is None or self.mean.ndim == 1, "its mean is no vector")
        _check(self.projection is None or self.projection.ndim == 2, "its projection is no matrix")  # noqa: PLR2004
        if self.plda is not None and self.projection is not None:
            _check(len(self.plda.mean) == self.projection.shape[1], "its PLDA does not fit the projection")
        if self.cohort is None:
            _check(self.top == 0 and self.share == 0, "it normalises without a cohort")
        else:
            _check(self.cohort.ndim == 2 and 2 <= self.top <= len(self.cohort), "its cohort is too small")  # noqa: PLR2004
            _check(0 <= self.share <= 1, "its share of the cohort's mean score is not between 0 and 1")

    @property
    def embedding_size(self) -> int | None:
        """Size of the embeddings that it takes; None if it takes any."""
        for array in (self.mean, self.projection, self.cohort[0] if self.cohort is not None else None):
            if array is not None:
                return len(array)
        return len(self.plda.mean) if self.plda is not None else None

    @property
    def identity(self) -> str:
        """SHA-256 of the content, which is that of its file; "cosine" for the plain cosine."""
        return _identity(self)

    @property
    def description(self) -> str:
        """What the score is, for a report."""
        facts = self.facts()
        steps = [
            "centred" if self.mean is not None else "",
            f"projected ({facts['projection']})" if self.projection is not None else "",
            f"with {facts['normalisation']}" if self.cohort is not None else "",
        ]
        score = "two-covariance (PLDA) score" if self.plda is not None else "cosine"
        return ", ".join([f"{score} of the questioned and the known embedding", *filter(None, steps)])

    def facts(self) -> dict[str, str | bool]:
        """What it consists of, for the card."""
        projection = normalisation = "none"
        if self.projection is not None:
            size, kept = self.projection.shape
            projection = f"LDA to {kept} dimensions" if kept < size else "WCCN, within-class covariance normalisation"
        if self.cohort is not None:
            cohort = f"the {self.top} highest scoring of {len(self.cohort)} training speakers"
            normalisation = (
                f"{100 * self.share:.0f} % of the mean score with {cohort} taken off"
                if self.share
                else f"adaptive symmetric normalisation ({cohort})"
            )
        return {
            "score": "PLDA" if self.plda is not None else COSINE,
            "centring": self.mean is not None,
            "projection": projection,
            "normalisation": normalisation,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Its parts by name, as they are stored; empty for the plain cosine."""
        plda = {} if self.plda is None else {f.name: getattr(self.plda, f.name) for f in dataclasses.fields(self.plda)}
        top, share = (np.array([value], np.float32) if value else None for value in (self.top, self.share))
        parts = {"mean": self.mean, "projection": self.projection, "cohort": self.cohort, "top": top, "share": share}
        parts |= {f"plda.{name}": array for name, array in plda.items()}
        return {name: np.ascontiguousarray(array) for name, array in parts.items() if array is not None}

    def score(self, questioned: Samples, known: Samples) -> Samples:
        """Each questioned against each known embedding; the order of the two sides does not matter.

        Args:
            questioned: raw embeddings, shape (n, size), unit length.
            known: raw embeddings, the mean direction of a speaker's recordings, shape (m, size), unit length.

        Returns:
            Shape (n, m), float32; the plain cosine is between -1 and 1.
        """
        if not self.arrays():
            cosine: Samples = np.clip(questioned @ known.T, -1.0, 1.0)
            return cosine
        q, k = self.prepared(questioned), self.prepared(known)
        scores = self._compare(q, k)
        if self.cohort is not None:
            cohort = self.prepared(self.cohort)
            mean_q, spread_q = _highest(self._compare(q, cohort), self.top)
            mean_k, spread_k = _highest(self._compare(k, cohort), self.top)
            if self.share:
                scores = scores - self.share * (mean_q[:, None] + mean_k) / 2
            else:
                scores = ((scores - mean_q[:, None]) / spread_q[:, None] + (scores - mean_k) / spread_k) / 2
        return scores.astype(np.float32)

    def score_pairs(self, embeddings: Samples, questioned: Index, known: Index) -> Vector:
        """Some pairs of embeddings; the scores are those of ``score``.

        Args:
            embeddings: raw, shape (n, size), unit length.
            questioned: rows, shape (m,).
            known: rows, shape (m,).

        Returns:
            Shape (m,).
        """
        prepared = self.prepared(embeddings)
        scores = np.empty(len(questioned))
        for first in range(0, len(scores), _PAIRS_AT_ONCE):
            here = slice(first, first + _PAIRS_AT_ONCE)
            scores[here] = self._compare_pairs(prepared[questioned[here]], prepared[known[here]])
        if self.cohort is not None:
            cohort = self.prepared(self.cohort)
            means, spreads = np.empty(len(prepared)), np.empty(len(prepared))
            for first in range(0, len(prepared), _PAIRS_AT_ONCE):
                here = slice(first, first + _PAIRS_AT_ONCE)
                means[here], spreads[here] = _highest(self._compare(prepared[here], cohort), self.top)
            if self.share:
                scores -= self.share * (means[questioned] + means[known]) / 2
            else:
                normalised = [(scores - means[side]) / spreads[side] for side in (questioned, known)]
                scores = (normalised[0] + normalised[1]) / 2
        return scores

    def prepared(self, embeddings: Samples) -> Matrix:
        """Embeddings centred, projected and of unit length, shape (n, k).

        Args:
            embeddings: raw, shape (n, size).
        """
        values = embeddings.astype(np.float64)
        if self.mean is not None:
            values = values - self.mean
        if self.projection is not None:
            values = values @ self.projection.astype(np.float64)
        return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), _TINY))

    def _compare_pairs(self, questioned: Matrix, known: Matrix) -> Vector:
        if self.plda is None:
            return np.asarray(np.einsum("ij,ij->i", questioned, known))
        return self.plda.score_pairs(questioned, known)

    def _compare(self, questioned: Matrix, known: Matrix) -> Matrix:
        return questioned @ known.T if self.plda is None else self.plda.score(questioned, known)


@lru_cache(maxsize=8)  # each calibration asks for it
def _identity(backend: Backend) -> str:
    return hashlib.sha256(save(backend.arrays())).hexdigest() if backend.arrays() else COSINE


def _highest(scores: Matrix, top: int) -> tuple[Vector, Vector]:
    """Mean and standard deviation of the highest scores of each row, shape (n,) each.

    Source: Matějka et al. (2017), "Analysis of score normalization in multilingual speaker recognition", Interspeech.
    """
    highest = np.partition(scores, -top, axis=1)[:, -top:]
    return highest.mean(axis=1), np.maximum(highest.std(axis=1), _TINY)


def load_backend(folder: Path, card: Mapping[str, Any]) -> Backend:
    """The backend that a model's card names; the plain cosine where it names none.

    Args:
        folder: of the model.
        card: of the model; its table ``backend`` names the file and its hash.

    Raises:
        ModelError: if the file is missing or damaged, or another than the card names.
    """
    if "file" not in card.get("backend", {}):
        return Backend()
    content = named_file(folder, card, "backend")
    try:
        arrays = load(content)
        plda = {name.removeprefix("plda."): arrays.pop(name) for name in sorted(arrays) if name.startswith("plda.")}
        top, share = (float(arrays.pop(name, np.zeros(1))[0]) for name in ("top", "share"))
        return Backend(**arrays, plda=TwoCovariance(**plda) if plda else None, top=int(top), share=share)
    except (SafetensorError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"The backend of {folder} cannot be loaded: {error}.", REMEDY) from error


def save_backend(folder: Path, backend: Backend, measured: Mapping[str, Any]) -> None:
    """Write a backend into a model folder: its file, and the table of the card that names it.

    Args:
        folder: of a model, with a card.
        backend: the plain cosine has no file.
        measured: further facts of the card's table, on how it was chosen.
    """
    path, card = folder / BACKEND, read_card(folder)
    named = {}
    if backend.arrays():
        with written_whole(path) as file:
            file.write(save(backend.arrays()))
        named = {"file": BACKEND, "sha256": backend.identity}
    write_card(folder, {**card, "backend": {**named, **backend.facts(), **measured}})
    if not named:
        path.unlink(missing_ok=True)


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise ModelError(f"The backend is not valid: {problem}.", REMEDY)
