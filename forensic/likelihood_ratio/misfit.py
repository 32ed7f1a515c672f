r"""How far the lines of single pairs of conditions lie from the joint line, beyond chance.

The joint calibration moves one line with the measured conditions. What they do not tell (a codec, a handset, the way of
speaking) moves the true line of a pair of conditions c up or down by u_c, with mean 0 and variance T. To first order,
the gradient of the cost of the pairs of c with respect to u_c is g_c = noise - h_c u_c, where h_c is its curvature. The
noise comes from the people, so it is independent in two halves of them, a and b, and drops out of the mean of their
product::

    T = sum_c g_c(a) g_c(b) / sum_c h_c(a) h_c(b)

Pairs of two people of different halves are not used. The sums are over several divisions into halves. That slopes
differ too could not be told from chance on the bundled population.

Source: the moments of a random-effects model as of DerSimonian & Laird (1986), Controlled Clinical Trials 7:177-188,
with independent halves in place of a known variance of the noise.
"""

import numpy as np
from numpy.typing import NDArray

from forensic.records import Vector

Index = NDArray[np.intp]

_DIVISIONS = 16


def misfit(
    log_odds: Vector, is_same: NDArray[np.bool_], weight: Vector, cell: Index, speakers: Index, seed: int
) -> float:
    """Standard deviation of the lines of pairs of conditions about the joint one, in nats; 0 if chance explains all.

    Args:
        log_odds: of pairs of the reference population, by the joint line, shape (n,).
        is_same: whether they are of one speaker.
        weight: of each.
        cell: number of the pair of conditions that each is in.
        speakers: numbers of both speakers, shape (2, n).
        seed: of the divisions.
    """
    cells, weight = int(cell.max()) + 1, weight.copy()
    pairs = [np.bincount(cell[kind], minlength=cells) for kind in (is_same, ~is_same)]
    for kind in (is_same, ~is_same):  # each class weighs as much, and a pair of conditions by its rarer class
        total = np.bincount(cell[kind], weight[kind], cells)
        weight[kind] *= (np.minimum(*pairs) / np.where(total > 0, total, 1.0))[cell[kind]]
    probability = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    first, second = weight * (probability - is_same), weight * probability * (1 - probability)
    rng = np.random.default_rng(seed)
    products = np.zeros(2)
    for _ in range(_DIVISIONS):
        half = rng.permutation(int(speakers.max()) + 1) % 2
        inside = [(half[speakers] == number).all(axis=0) for number in range(2)]
        for number, values in enumerate((first, second)):
            a, b = (np.bincount(cell[each], values[each], cells) for each in inside)
            products[number] += a @ b
    return float(np.sqrt(max(products[0], 0.0) / products[1])) if products[1] > 0 else 0.0
