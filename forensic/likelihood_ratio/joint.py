r"""One calibration for all conditions: a straight line from score to log10 LR that moves with the conditions.

For a score s of a known recording in conditions k and a questioned one in conditions q::

    log10 LR = a + b s + e |f_band(k) - f_band(q)|
               + sum_j (c_j f_j(k) + d_j f_j(q)) + s * sum_j (g_j f_j(k) + h_j f_j(q))

The terms f of one side are in ``forensic.quantities.TERMS``; that of the band enters once more as a difference, because
two recordings of different bands are less alike than the worse of both says. All coefficients are fitted at once, by
regularised logistic regression, to pairs of the reference population in all of its conditions, simulated and real.
Compared with one fit for each pair of conditions, every fit rests on all people, conditions between those of the
population are no gap, and a recording whose conditions are estimated a little wrong gets an LR that is a little wrong.

- Both classes weigh one half. Where the population has real lines, they have ``REAL_SHARE`` of the weight of
  each class.
- The coefficients of the conditions are shrunk towards 0, which is the pooled line; see ``RIDGE``.
- As in ``forensic.likelihood_ratio.calibration``, the data are mixed with a tenth of a pseudo-speaker.
- Cross-validation leaves out every two tenths of the speakers, the bootstrap draws speakers; both take one step of
  Newton's method from the fit to everybody, which is all that so small a change needs.

A score can be *adjusted*: moved to what it would be in other conditions at the same log10 LR. So a case's scores are
brought to the conditions of the nearest cells of the population, in which distributions of scores can be shown.

Sources: quality measures in calibration: Ferrer, Burget, Plchot & Scheffer (2012), "A unified approach for audio
characterization and its application to speaker recognition", Odyssey; Mandasari, Saeidi, McLaren & van Leeuwen (2013),
"Quality measure functions for calibration of speaker recognition systems in various duration conditions", IEEE TASLP
21:2425-2438.
"""

import math
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.calibration import (
    LIMIT_PSEUDO_SPEAKERS,
    PSEUDO_SPEAKERS,
    scores_carry_nothing,
)
from forensic.likelihood_ratio.crossvalidation import FOLDS, folds_of
from forensic.likelihood_ratio.metrics import LN10
from forensic.likelihood_ratio.misfit import misfit
from forensic.likelihood_ratio.pairing import kinds_of_pairs
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.uncertainty import draw_speakers
from forensic.progress import Watch, unwatched
from forensic.quantities import TERMS, quantities_of, side_terms
from forensic.records import Conditions, Samples, Vector

JOINT = "joint"
"""Its name in the setting ``comparison.calibrator``."""

Index = NDArray[np.intp]
Matrix = NDArray[np.float64]
Sides: TypeAlias = tuple[Conditions, Conditions]
"""Conditions of the known and of the questioned side."""


class JointScorer(Protocol):
    """Compares embeddings pair by pair, and has an identity that changes with everything that changes a score."""

    @property
    def identity(self) -> str:
        """Part of a fit's identity."""

    def score_pairs(self, embeddings: Samples, questioned: Index, known: Index) -> Vector:
        """Scores of pairs of rows, shape (n,)."""


_BAND = "bandwidth_hz"

REAL_SHARE = 0.2
"""Weight of real lines in each class; chosen on real calls and simulated conditions alike."""

RIDGE = 3e-3
"""Weight of the square of each coefficient of the conditions, against the mean cost of a pair in nats."""

_SAME, _DIFFERENT = 2, 6  # pairs of each questioned row
_REAL_TIMES = 10  # as many pairs of rows of real lines
_STEPS, _DONE = 50, 1e-8
_CHUNK = 20_000
_DRAWS_AT_ONCE = 32
_DIGITS = 9
_FLAT = 1e-6  # a slope below this says nothing

_PARTS = 20  # of the time that a fit takes


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """log10 LR = intercept + slope * score, of one or several fits, shape (n,) each."""

    intercept: Vector
    slope: Vector


@dataclass(frozen=True, slots=True, eq=False)
class JointFit:
    """The fitted coefficients.

    Attributes:
        centre, spread: of the scores: the coefficients are of (score - centre) / spread.
        coefficients: shape (p,).
        limit: the same with hardly any shrinkage, about which intervals lie, shape (p,).
        draws: of each draw of speakers, hardly shrunk, shape (draws, p).
        left_out: without the speakers of two folds, shape (folds, folds, p).
        misfit: standard deviation of the lines of single pairs of conditions about the joint line, in nats; see
            ``forensic.likelihood_ratio.misfit``.
        fold: of each speaker of the population, shape (speakers,).
        speakers: how many speakers the fit rests on.
        repeated: how many of them have same-speaker pairs.
        pairs: how many pairs.
    """

    centre: float
    spread: float
    coefficients: Vector
    limit: Vector
    draws: Matrix
    left_out: Matrix
    misfit: float
    fold: Index
    speakers: int
    repeated: int
    pairs: int

    def line(self, coefficients: Matrix, known: Conditions, questioned: Conditions) -> Line:
        """The lines of some coefficients in the conditions of a comparison.

        Args:
            coefficients: shape (n, p).
            known: conditions of the known side.
            questioned: of the questioned side.
        """
        offset, slope = terms(quantities_of(known)[None], quantities_of(questioned)[None])
        count = offset.shape[1]
        intercept = coefficients[:, 0] + coefficients[:, 2 : 2 + count] @ offset[0]
        steep = np.maximum(coefficients[:, 1] + coefficients[:, 2 + count :] @ slope[0], 0.0) / self.spread
        return Line((intercept - steep * self.centre) / LN10, steep / LN10)

    def left_out_log10_lr(
        self, scores: Vector, known_speaker: Index, questioned_speaker: Index, conditions: Sides
    ) -> Vector:
        """log10 LRs of reference pairs, each by the fit without the folds of its speakers.

        Args:
            scores: shape (n,), in the conditions.
            known_speaker: numbers in the population, shape (n,).
            questioned_speaker: the same.
            conditions: known and questioned.
        """
        folds = len(self.left_out)
        line = self.line(self.left_out.reshape(folds * folds, -1), *conditions)
        which = self.fold[known_speaker] * folds + self.fold[questioned_speaker]
        return np.asarray(line.intercept[which] + line.slope[which] * scores)

    def cross_validated(self, scores: Vector, population: Population, known: Index, questioned: Index) -> Vector:
        """log10 LRs of pairs of rows in their own conditions, each by the fit without the folds of its speakers.

        Args:
            scores: shape (n,).
            population: that was fitted to.
            known: rows, shape (n,).
            questioned: rows, shape (n,).
        """
        folds = (self.fold[population.speaker[rows]] for rows in (known, questioned))
        design = _design(
            (scores - self.centre) / self.spread, population.measured[known], population.measured[questioned]
        )
        return np.asarray(np.einsum("ij,ij->i", self.left_out[tuple(folds)], design) / LN10)

    def log10_lr(self, scores: Vector, known: Matrix, questioned: Matrix) -> Vector:
        """log10 LRs of scores, each in its own conditions; arguments as of ``adjusted``."""
        return np.asarray(_design((scores - self.centre) / self.spread, known, questioned) @ self.coefficients / LN10)

    def conditions_error(self, scores: Vector, known: Matrix, questioned: Matrix) -> Vector:
        """Standard deviations of log10 LRs by all that is not known of the conditions.

        These are the errors of the measured quantities, each independent, and the misfit of the line.

        Args:
            scores: shape (n,).
            known: as of ``adjusted``.
            questioned: the same.

        Returns:
            Shape (n,), see ``forensic.quantities.Term.error``.
        """
        variance = np.full(len(scores), (self.misfit / LN10) ** 2)
        for side in range(2):
            for term in TERMS:
                ends = []
                for sign in (-1, 1):
                    moved = [known, questioned]
                    moved[side] = term.moved(moved[side], sign * term.error)
                    ends.append(self.log10_lr(scores, moved[0], moved[1]))
                variance += ((ends[1] - ends[0]) / 2) ** 2
        return np.asarray(np.sqrt(variance))

    def adjusted(self, scores: Vector, known: Matrix, questioned: Matrix, to: Sides) -> Vector:
        """The scores that have the same log10 LR in other conditions.

        Args:
            scores: shape (n,).
            known: the quantities of each known side, as of ``terms``, shape (n, quantities).
            questioned: of each questioned side.
            to: the conditions that all are brought to.
        """
        line = self.line(self.coefficients[None], *to)
        log10_lr = self.log10_lr(scores, known, questioned)
        adjusted = (log10_lr - line.intercept) / np.maximum(line.slope, _FLAT)
        return np.round(adjusted, _DIGITS)  # vector instructions round a row by its place among others


def terms(known: Matrix, questioned: Matrix) -> tuple[Matrix, Matrix]:
    """The terms that move the offset, and those that move the slope.

    Args:
        known: the measured quantities of the known side, in the order of ``QUANTITIES``, NaN where nothing was
            measured, shape (n, quantities).
        questioned: of the questioned side.
    """
    of_known, of_questioned = side_terms(known), side_terms(questioned)
    moves = [term.moves_slope for term in TERMS]
    band = [term.quantity for term in TERMS].index(_BAND)
    apart = np.abs(of_known[:, band] - of_questioned[:, band])[:, None]
    return (
        np.concatenate([of_known, of_questioned, apart], 1),
        np.concatenate([of_known[:, moves], of_questioned[:, moves]], 1),
    )


def _design(standard: Vector, known: Matrix, questioned: Matrix) -> Matrix:
    offset, slope = terms(known, questioned)
    return np.concatenate([np.ones((len(standard), 1)), standard[:, None], offset, slope * standard[:, None]], 1)


@dataclass(frozen=True, slots=True, eq=False)
class JointPairs:
    """Pairs of rows of a population.

    Attributes:
        known, questioned: rows, shape (n,).
        is_same: whether they are of one speaker, shape (n,).
        weight: of each; those of a class sum to 1/2.
    """

    known: Index
    questioned: Index
    is_same: NDArray[np.bool_]
    weight: Vector


def choose_pairs(population: Population, seed: int) -> JointPairs:
    """Some pairs of every questioned recording, drawn among those that ``kinds_of_pairs`` allows.

    Each speaker weighs alike among the same-speaker pairs, each questioned recording among the others.
    """
    rng = np.random.default_rng(seed)
    speaker, real = population.speaker, population.is_real
    known_rows, questioned_rows = np.flatnonzero(~population.is_questioned), np.flatnonzero(population.is_questioned)
    times = np.where(real[questioned_rows], _REAL_TIMES, 1)
    own = _Draws(speaker[known_rows], known_rows, len(population.speakers))
    corpus = np.unique(np.array(population.corpora), return_inverse=True)[1]
    has_known = np.unique(speaker[known_rows])
    others = _Draws(corpus[has_known], has_known, int(corpus.max()) + 1)
    same_q = np.repeat(questioned_rows, _SAME * times)
    different_q = np.repeat(questioned_rows, _DIFFERENT * times)
    same_k = own.draw(speaker[same_q], rng)
    different_k = own.draw(others.draw(corpus[speaker[different_q]], rng), rng)
    questioned = np.concatenate([same_q, different_q])
    known = np.concatenate([same_k, different_k])
    exists = known >= 0
    questioned, known = questioned[exists], known[exists]
    is_same, is_different = kinds_of_pairs(population, known, questioned)
    known, questioned = np.unique(np.stack([known, questioned])[:, is_same | is_different], axis=1)
    is_same = speaker[known] == speaker[questioned]
    return JointPairs(known, questioned, is_same, _weights(population, known, questioned, is_same))


def _weights(population: Population, known: Index, questioned: Index, is_same: NDArray[np.bool_]) -> Vector:
    weight = np.zeros(len(known))
    real = population.is_real[questioned]
    for kind in (is_same, ~is_same):
        share = REAL_SHARE if (kind & real).any() and (kind & ~real).any() else 1.0
        for group, part in ((kind & real, share), (kind & ~real, 1 - share if share < 1 else 1.0)):
            if not group.any():
                continue
            key = population.speaker[questioned[group]]
            alike = 1.0 / np.bincount(key)[key] if kind is is_same else np.ones(len(key))
            weight[group] = 0.5 * part * alike / alike.sum()
    return weight


class _Draws:
    """Draws one of the members of a group, all equally likely."""

    def __init__(self, group: Index, member: Index, groups: int) -> None:
        order = np.argsort(group, kind="stable")
        self.member = member[order]
        self.count = np.bincount(group, minlength=groups)
        self.start = np.concatenate([[0], np.cumsum(self.count)[:-1]])

    def draw(self, group: Index, rng: np.random.Generator) -> Index:
        """A member of each group, -1 of an empty one or of group -1."""
        count = np.where(group < 0, 0, self.count[group])
        place = self.start[group] + np.minimum(
            (rng.random(len(group)) * count).astype(np.intp), np.maximum(count - 1, 0)
        )
        return np.where(count > 0, self.member[np.minimum(place, len(self.member) - 1)], -1)


def fit_joint(population: Population, scorer: JointScorer, draws: int, seed: int, watch: Watch = unwatched) -> JointFit:
    """Fit the line and its movements to a population.

    Args:
        population: a bank.
        scorer: compares embeddings.
        draws: of the bootstrap.
        seed: of the choice of pairs, of folds and draws.
        watch: called with how many parts of its time are done, and how many there are.

    Raises:
        CalibrationError: if there are no pairs of one kind, or the scores carry no information.
    """
    watch(0, _PARTS)
    pairs = choose_pairs(population, seed)
    watch(1, _PARTS)
    if pairs.is_same.all() or not pairs.is_same.any():
        raise CalibrationError(
            "The reference population has no pairs of one speaker, or none of two speakers of one corpus.",
            "Use a population with several recordings of each speaker and several speakers of each corpus.",
        )
    scores = scorer.score_pairs(population.embeddings, pairs.questioned, pairs.known)
    watch(10, _PARTS)
    same, different = (
        float(np.average(scores[kind], weights=pairs.weight[kind])) for kind in (pairs.is_same, ~pairs.is_same)
    )
    if same <= different:
        raise scores_carry_nothing()
    centre = (same + different) / 2
    spread = float(np.sqrt(np.average((scores - centre) ** 2, weights=pairs.weight)))
    design = _design(
        (scores - centre) / spread, population.measured[pairs.known], population.measured[pairs.questioned]
    )
    speakers = np.unique(population.speaker[np.concatenate([pairs.known, pairs.questioned])])
    data = _Data(design, pairs, population.speaker, len(speakers))
    coefficients = data.fit(PSEUDO_SPEAKERS)
    limit = data.fit(LIMIT_PSEUDO_SPEAKERS, coefficients)
    watch(12, _PARTS)
    drawn = draw_speakers(len(speakers), draws, seed)
    fold = folds_of(len(speakers), FOLDS, seed)
    first, second = np.triu_indices(int(fold.max()) + 1)
    kept = ((fold != first[:, None]) & (fold != second[:, None])).astype(np.float64)
    without = data.stepped(coefficients, PSEUDO_SPEAKERS, kept)
    watch(15, _PARTS)
    left_out = np.empty((int(fold.max()) + 1, int(fold.max()) + 1, design.shape[1]))
    left_out[first, second] = left_out[second, first] = without
    of_all = np.zeros(len(population.speakers), np.intp)
    of_all[speakers] = fold
    draws_of_limit = data.stepped(limit, LIMIT_PSEUDO_SPEAKERS, drawn)
    watch(_PARTS, _PARTS)
    return JointFit(
        centre=centre,
        spread=spread,
        coefficients=coefficients,
        limit=limit,
        draws=draws_of_limit,
        left_out=left_out,
        misfit=misfit(
            design @ coefficients,
            pairs.is_same,
            pairs.weight,
            _cells(population, pairs),
            population.speaker[np.stack([pairs.known, pairs.questioned])],
            seed,
        ),
        fold=of_all,
        speakers=len(speakers),
        repeated=len(np.unique(population.speaker[pairs.known[pairs.is_same]])),
        pairs=len(scores),
    )


def _cells(population: Population, pairs: JointPairs) -> Index:
    """The number of the pair of conditions of each pair."""
    return np.unique(population.cell[np.stack([pairs.known, pairs.questioned])], axis=1, return_inverse=True)[1].ravel()


class _Data:
    """The pairs as a design matrix, and sums over them by pair of speakers."""

    def __init__(self, design: Matrix, pairs: JointPairs, speaker: Index, speakers: int) -> None:
        order_of = np.unique(speaker[np.concatenate([pairs.known, pairs.questioned])], return_inverse=True)[1]
        k, q = np.split(order_of, 2)
        key = np.minimum(k, q) * speakers + np.maximum(k, q)
        order = np.argsort(key, kind="stable")
        self.design, self.weight, self.speakers = design[order], pairs.weight[order], speakers
        self.is_same = pairs.is_same[order]
        codes, self.start = np.unique(key[order], return_index=True)
        self.one, self.other = np.divmod(codes, speakers)
        self.group_is_same = self.one == self.other
        size = design.shape[1]
        self.ridge = np.full(size, RIDGE)
        self.ridge[:2] = 0  # the pooled line is not shrunk

    def _target(self, pseudo_speakers: float) -> Vector:
        """1 for the same speaker, 0 for two, mixed with pseudo-speakers who say nothing."""
        share = 0.5 * pseudo_speakers / (self.speakers + pseudo_speakers)
        return np.where(self.is_same, 1 - share, share)

    def _slopes(self, coefficients: Vector, pseudo_speakers: float) -> tuple[Vector, Vector]:
        """First and second derivative of the cost of each pair with respect to its log odds."""
        probability = 1 / (1 + np.exp(-np.clip(self.design @ coefficients, -500, 500)))
        first = self.weight * (probability - self._target(pseudo_speakers))
        return first, self.weight * probability * (1 - probability)

    def fit(self, pseudo_speakers: float, start: Vector | None = None) -> Vector:
        """By Newton's method, with halved steps where the cost would rise."""
        coefficients = np.zeros(self.design.shape[1]) if start is None else start.copy()
        cost = self._cost(coefficients, pseudo_speakers)
        for _ in range(_STEPS):
            first, second = self._slopes(coefficients, pseudo_speakers)
            gradient = self.design.T @ first + self.ridge * coefficients
            curvature = (self.design * second[:, None]).T @ self.design + np.diag(self.ridge)
            step = np.linalg.solve(curvature + 1e-12 * np.eye(len(curvature)), gradient)
            for _ in range(_STEPS):
                after = self._cost(coefficients - step, pseudo_speakers)
                if after <= cost + _DONE:
                    break
                step = step / 2
            coefficients, gain, cost = coefficients - step, cost - after, after
            if abs(gain) < _DONE and np.abs(step).max() < math.sqrt(_DONE):
                break
        return coefficients

    def _cost(self, coefficients: Vector, pseudo_speakers: float) -> float:
        logit = self.design @ coefficients
        target = self._target(pseudo_speakers)
        cost = target * np.logaddexp(0, -logit) + (1 - target) * np.logaddexp(0, logit)
        return float(self.weight @ cost + 0.5 * self.ridge @ coefficients**2)

    def stepped(self, coefficients: Vector, pseudo_speakers: float, speaker_weights: Matrix) -> Matrix:
        """The fit for other weights of speakers, by one step from a fit to everybody.

        Args:
            coefficients: of the fit, shape (p,).
            pseudo_speakers: of it.
            speaker_weights: shape (n, speakers), 0 or more; a pair of two speakers weighs their product.

        Returns:
            Shape (n, p).
        """
        first, second = self._slopes(coefficients, pseudo_speakers)
        size = len(coefficients)
        upper = np.triu_indices(size)
        sums = np.empty((len(self.start), size + len(upper[0])))
        ends = np.append(self.start[1:], len(first))
        for a in range(0, len(self.start), _CHUNK):  # in parts: the products are large
            b = min(a + _CHUNK, len(self.start))
            here = slice(self.start[a], ends[b - 1])
            design = self.design[here]
            products = np.concatenate(
                [design * first[here, None], design[:, upper[0]] * design[:, upper[1]] * second[here, None]], 1
            )
            sums[a:b] = np.add.reduceat(products, self.start[a:b] - self.start[a], axis=0)
        weight = np.add.reduceat(self.weight, self.start)
        found = []
        for first_row in range(0, len(speaker_weights), _DRAWS_AT_ONCE):
            counts = speaker_weights[first_row : first_row + _DRAWS_AT_ONCE]
            of_group = counts[:, self.one] * np.where(self.group_is_same, 1.0, counts[:, self.other])
            for kind in (self.group_is_same, ~self.group_is_same):
                total = of_group[:, kind] @ weight[kind]
                if total.min() <= 0:
                    raise CalibrationError(
                        "There are too few speakers: with some left out, no pairs of one kind remain.",
                        "Use more speakers of the relevant population, several of each corpus.",
                    )
                of_group[:, kind] *= (0.5 / total)[:, None]
            summed = of_group @ sums
            curvature = np.zeros((len(counts), size, size))
            curvature[:, upper[0], upper[1]] = curvature[:, upper[1], upper[0]] = summed[:, size:]
            gradient = summed[:, :size] + self.ridge * coefficients
            found.append(
                coefficients - np.linalg.solve(curvature + np.diag(self.ridge + 1e-12), gradient[..., None])[..., 0]
            )
        return np.concatenate(found)
