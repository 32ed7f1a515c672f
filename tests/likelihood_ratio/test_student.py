"""Quantiles, against scipy's."""

import pytest
from scipy.special import ndtri, stdtrit

from forensic.likelihood_ratio.student import normal_quantile, student_quantile


@pytest.mark.parametrize("degrees", [2, 3, 3.7, 10, 29, 61.5, 354, 5000, 1e6])
@pytest.mark.parametrize("probability", [0.6, 0.95, 0.975, 0.995])
def test_quantiles_of_students_t_are_scipys(probability, degrees):
    """Whole and broken degrees of freedom, from two to as good as normal."""
    assert student_quantile(probability, degrees) == pytest.approx(stdtrit(degrees, probability), rel=1e-7)


def test_quantiles_of_students_t_are_exact_for_few_degrees():
    """One and two have closed forms: tan(pi (p - 1/2)) and 2 a / sqrt(2 (1 - a^2)) with a = 2 p - 1."""
    assert student_quantile(0.975, 1) == pytest.approx(12.706204736174698, rel=1e-9)
    assert student_quantile(0.975, 2) == pytest.approx(1.9 / (2 * (1 - 0.95**2)) ** 0.5, rel=1e-12)


@pytest.mark.parametrize("probability", [0.025, 0.5, 0.975])
def test_quantiles_of_the_normal_distribution_are_scipys(probability):
    """To the last digits."""
    assert normal_quantile(probability) == pytest.approx(ndtri(probability), abs=1e-14)
