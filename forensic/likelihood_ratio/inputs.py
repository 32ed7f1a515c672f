"""Checks of the numbers that enter a calculation, so that no NaN ever becomes a likelihood ratio."""

import numpy as np
from numpy.typing import ArrayLike

from forensic.errors import CalibrationError
from forensic.records import Vector


def checked(values: ArrayLike, what: str, *, finite: bool = False) -> Vector:
    """The values as a float64 vector, if calculations can use them.

    Args:
        values: scores or log10 LRs.
        what: what they are, for the error ("same-speaker scores").
        finite: whether infinities are refused too.

    Raises:
        CalibrationError: if they are not one-dimensional, there are none, or one is NaN (or infinite).
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise CalibrationError(f"The {what} have {vector.ndim} dimensions, not one.", "Give them as a list of numbers.")
    if not vector.size:
        raise CalibrationError(f"There are no {what}.", "Add recordings, so that each kind of pair occurs.")
    if np.isnan(vector).any():
        raise CalibrationError(
            f"{np.isnan(vector).sum()} of the {what} are not a number.",
            "Find the recordings that they come from: a comparison that could not be made must not have a score.",
        )
    if finite and np.isinf(vector).any():
        raise CalibrationError(
            f"{np.isinf(vector).sum()} of the {what} are infinite.", "Bound them, or use finite scores."
        )
    return vector


def shares(weights: ArrayLike | None, count: int, what: str) -> Vector:
    """The weights of one class scaled to a sum of 1; equal if there are none.

    Args:
        weights: shape (count,), 0 or more, or None.
        count: how many values they weigh.
        what: what they weigh, for the error.

    Raises:
        CalibrationError: if their number is wrong, one is negative or not finite, or all are 0.
    """
    if weights is None:
        return np.full(count, 1 / count)
    vector = checked(weights, f"weights of the {what}", finite=True)
    if len(vector) != count:
        raise CalibrationError(f"{len(vector)} weights for {count} {what}.", "Give one weight for each.")
    if (vector < 0).any() or not vector.sum():
        raise CalibrationError(f"The weights of the {what} are negative or all 0.", "Give weights of 0 or more.")
    scaled: Vector = vector / vector.sum()
    return scaled
