"""How a model scores: candidates are fitted on training people and measured on development people; the best is kept.

The plain cosine is always among them, and wins unless another score is clearly better.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg import eigh

from forensic.likelihood_ratio.metrics import cllr_min
from forensic.records import Samples, Vector
from forensic.settings import EmbeddingSettings
from forensic.speaker.backend import Backend, TwoCovariance
from forensic.speaker.extractor import SpeakerModel, embed_windows, mean_embedding
from forensic.training.cache import FeatureCache
from forensic.training.configuration import BackendSettings
from forensic.training.speaker.development import (
    FEWEST_COMPARISONS,
    Comparisons,
    compare_development_people,
    embed_as_a_scan,
)

Matrix = NDArray[np.float64]

_WINDOWS = 2  # of each example
_EXAMPLE_FRAMES = _WINDOWS * EmbeddingSettings().window_frames
_FEWEST_PIECES = 2  # of a person: one does not show how a person varies


@dataclass(frozen=True, slots=True)
class Examples:
    """Embeddings of training people, from several pieces of each, clean and degraded.

    Attributes:
        embeddings: shape (n, size), unit length.
        speaker: number of each one's speaker, shape (n,); every number from 0 to the highest occurs.
    """

    embeddings: Samples
    speaker: NDArray[np.intp]

    @property
    def speakers(self) -> int:
        """How many people there are."""
        return int(self.speaker.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class BackendChoice:
    """The score that was chosen, and what was measured of all.

    Attributes:
        name: of the one chosen.
        backend: the one chosen.
        cllr_min: by name, the simplest first: on clean and on degraded questioned speech, in bits; empty where nothing
            was measured.
        speakers: training people that the candidates were fitted on.
    """

    name: str
    backend: Backend
    cllr_min: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    speakers: int = 0


def choose_backend(model: SpeakerModel, cache: FeatureCache, settings: BackendSettings) -> BackendChoice:
    """Choose how the embeddings of a model are scored.

    Args:
        model: embeds; its own backend does not matter.
        cache: features of training and development pieces; the model was trained on none of its development people.
        settings: what may be chosen.
    """
    if set(settings.candidates) <= {"cosine"} and not settings.cohort:
        return BackendChoice("cosine", Backend())
    comparisons = compare_development_people(cache, lambda stretches: _embed(model, stretches))
    if comparisons is None:
        return BackendChoice("cosine", Backend())
    return choose(_examples(model, cache, settings), comparisons, settings)


def choose(examples: Examples, comparisons: Comparisons, settings: BackendSettings) -> BackendChoice:
    """The simplest candidate whose mean Cllr_min is within the margin of the lowest."""
    fitted = dict(candidates(examples, settings))
    measured = {name: measure(backend, comparisons) for name, backend in fitted.items()}
    lowest = min(sum(costs) for costs in measured.values())
    name = next(name for name, costs in measured.items() if (sum(costs) - lowest) / 2 <= settings.margin)
    return BackendChoice(name, fitted[name], measured, examples.speakers)


def measure(backend: Backend, comparisons: Comparisons) -> tuple[float, float]:
    """Cllr_min on clean and on degraded questioned speech, the mean over corpora: a gain on one alone counts little.

    Corpora with few same-speaker comparisons do not count, unless all have few. Twice the clean one where no version is
    degraded.
    """
    scores = np.stack([backend.score(side, comparisons.known) for side in comparisons.questioned]).astype(np.float64)
    costs = []
    for rows in _corpora(comparisons):
        same, different = (scores[:, rows][:, chosen[rows]] for chosen in (comparisons.same, comparisons.different))
        clean = cllr_min(same[0], different[0])
        costs.append((clean, cllr_min(same[1:].ravel(), different[1:].ravel()) if len(scores) > 1 else clean))
    clean, degraded = (sum(column) / len(costs) for column in zip(*costs, strict=True))
    return clean, degraded


def _corpora(comparisons: Comparisons) -> list[NDArray[np.bool_]]:
    """Rows of each corpus that is measured by itself, or all together where none has enough comparisons."""
    rows = [comparisons.corpus == corpus for corpus in np.unique(comparisons.corpus)]
    enough = [
        own for own in rows if comparisons.same[own].sum() >= FEWEST_COMPARISONS and comparisons.different[own].any()
    ]
    return enough or [np.ones(len(comparisons.corpus), bool)]


def candidates(examples: Examples, settings: BackendSettings) -> Iterator[tuple[str, Backend]]:
    """Every score that the settings allow and the examples are enough for, by name, the simplest first."""
    plain = dict(_unnormalised(examples, settings))
    yield from plain.items()
    cohort = _cohort(examples, settings)
    if cohort is None:
        return
    for share in settings.shares:
        nearest = min(settings.nearest, len(cohort))
        for name, backend in plain.items():
            shifted = dataclasses.replace(backend, cohort=cohort, top=nearest, share=share)
            yield f"{name}, {100 * share:.0f} % of the cohort's mean off", shifted
    for name, backend in plain.items():
        yield f"{name}, AS-norm", dataclasses.replace(backend, cohort=cohort, top=min(settings.top, len(cohort)))


def _unnormalised(examples: Examples, settings: BackendSettings) -> Iterator[tuple[str, Backend]]:
    yield "cosine", Backend()
    if examples.speakers < 2:  # noqa: PLR2004 - two people differ
        return
    spread = Spread.of(examples.embeddings.astype(np.float64), examples.speaker)
    mean = spread.mean.astype(np.float32)
    if "centred" in settings.candidates:
        yield "centred cosine", Backend(mean)
    size = len(mean)
    dimensions = sorted(k for k in set(settings.lda_dimensions) if k < min(size, examples.speakers))
    projections = {share: diagonalise(spread.between, shrunk(spread.within, share))[0] for share in settings.shrinkage}
    for kind in ("wccn", "lda", "plda"):
        if kind not in settings.candidates:
            continue
        for kept in [size] if kind == "wccn" else dimensions:
            for share, projection in projections.items():
                # with all dimensions it is WCCN, rotated: the cosine does not depend on the directions
                backend = Backend(mean, projection[:, :kept].astype(np.float32))
                if kind == "plda":
                    backend = dataclasses.replace(backend, plda=_plda(backend, examples, share))
                name = kind.upper() if kind == "wccn" else f"{kind.upper()} of {kept} dimensions"
                yield f"{name}, shrinkage {share:g}", backend


def _plda(backend: Backend, examples: Examples, shrinkage: float) -> TwoCovariance:
    spread = Spread.of(backend.prepared(examples.embeddings), examples.speaker)
    return two_covariance(spread.mean, shrunk(spread.within, shrinkage), spread.between)


def two_covariance(mean: Vector, within: Matrix, between: Matrix) -> TwoCovariance:
    """PLDA with given covariances, in the dimensions in which both are diagonal."""
    transform, variances = diagonalise(between, within)
    parts = (np.ascontiguousarray(part, np.float32) for part in (mean, transform, np.maximum(variances, 0.0)))
    return TwoCovariance(*parts)


def diagonalise(between: Matrix, within: Matrix) -> tuple[Matrix, Vector]:
    """The linear map that makes one covariance white and another diagonal.

    Args:
        between: symmetric, shape (k, k).
        within: symmetric and positive definite, shape (k, k).

    Returns:
        The map V, shape (k, k), with V' within V = 1, and the diagonal of V' between V, shape (k,), the highest first.
    """
    variances, directions = eigh(between, within)
    return directions[:, ::-1], variances[::-1]


def shrunk(covariance: Matrix, share: float) -> Matrix:
    """A covariance shrunk towards a multiple of the identity with the same trace."""
    size = len(covariance)
    return np.asarray((1 - share) * covariance + share * np.trace(covariance) / size * np.eye(size))


@dataclass(frozen=True, slots=True)
class Spread:
    """How vectors vary.

    Attributes:
        mean: of all, shape (k,).
        within: covariance of one speaker's, shape (k, k).
        between: covariance of the speakers, less what the variation within them adds to their means, shape (k, k).
    """

    mean: Vector
    within: Matrix
    between: Matrix

    @classmethod
    def of(cls, values: Matrix, speaker: NDArray[np.intp]) -> "Spread":
        """Estimates from the mean squares of a one-way analysis of variance, unbiased for unequal groups.

        Args:
            values: shape (n, k).
            speaker: as in ``Examples``, shape (n,); two speakers or more, and one with two vectors.

        Source: Searle, Casella & McCulloch (1992), "Variance Components", chapter 3.
        """
        counts = np.bincount(speaker).astype(np.float64)
        number, groups = len(values), len(counts)
        sums = np.zeros((groups, values.shape[1]))
        np.add.at(sums, speaker, values)
        means, mean = sums / counts[:, None], values.mean(axis=0)
        residuals, deviations = values - means[speaker], (means - mean) * np.sqrt(counts)[:, None]
        within = residuals.T @ residuals / (number - groups)
        typical = (number - (counts**2).sum() / number) / (groups - 1)  # vectors of a speaker
        return cls(mean, within, (deviations.T @ deviations / (groups - 1) - within) / typical)


def _cohort(examples: Examples, settings: BackendSettings) -> Samples | None:
    """The mean direction of each of some training people; None without two."""
    rng = np.random.default_rng([settings.seed, 1])
    people = np.sort(rng.permutation(examples.speakers)[: settings.cohort])
    if len(people) < 2:  # noqa: PLR2004 - a spread
        return None
    return np.stack([mean_embedding(examples.embeddings[examples.speaker == person]) for person in people])


def _examples(model: SpeakerModel, cache: FeatureCache, settings: BackendSettings) -> Examples:
    """Some pieces of many people, each once clean and once through a channel, within the settings' windows."""
    rng = np.random.default_rng(settings.seed)
    degraded = len(cache.versions) > 1
    examples = settings.windows // _WINDOWS // (1 + degraded)
    pieces = cache.index.filter(pl.col("speaker") != "", ~pl.col("is_development"))
    pieces = pieces[rng.permutation(pieces.height)].with_columns(
        pl.int_range(pl.len()).over("speaker").alias("turn"), pl.len().over("speaker").alias("pieces")
    )
    pieces = pieces.filter(pl.col("pieces") >= _FEWEST_PIECES)
    people = pieces["speaker"].unique(maintain_order=True)[: examples // _FEWEST_PIECES]
    pieces = pieces.filter(pl.col("speaker").is_in(people.to_list())).sort("turn", maintain_order=True).head(examples)
    stretches: list[Samples] = []
    names: list[str] = []
    for first, frames, name in pieces.select("first", "frames", "speaker").iter_rows():
        start = first + int(rng.integers(max(1, frames - _EXAMPLE_FRAMES + 1)))
        for version in (0, int(rng.integers(1, len(cache.versions)))) if degraded else (0,):
            stretches.append(cache.crop(version, start, min(frames, _EXAMPLE_FRAMES)))
            names.append(name)
    return Examples(_embed(model, stretches), np.unique(names, return_inverse=True)[1].astype(np.intp))


def _embed(model: SpeakerModel, stretches: Sequence[Samples]) -> Samples:
    if not stretches:
        return np.empty((0, model.identity.embedding_size), np.float32)
    return embed_as_a_scan(lambda windows: embed_windows(windows, model, "bfloat16"), stretches)
