"""How alike the conditions of two recordings are, as far as scores depend on them.

The distance between the conditions of a case recording and of a cell of the reference population is Euclidean over the
differences in the measured quantities, each in units of its step. Steps, caps and the direction that is worse are in
the table ``forensic.quantities.Measured``.

Most quantities are not symmetric. A recording with *less* speech, or *more* noise, reverberation or clipping than the
cell, scores worse than its calibration assumes, so LRs from it are overstated. With more speech, less noise or
clipping or a drier room, scores of the two kinds are farther apart than assumed, so most LRs err towards 1 (not all: a
middling score may be read as slight support for the wrong side). Such a difference counts a quarter, which is enough to
choose the closest cell. More speech than in the longest cell does not count.

What was not measured on either side does not count.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from forensic.errors import CalibrationError
from forensic.quantities import QUANTITIES, Quantity, Value
from forensic.records import Conditions

_NOTABLE_STEPS = 0.25


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a case recording is from a cell in one condition.

    Attributes:
        quantity: the condition.
        amount: the case's value minus the cell's, on the scale of the quantity.
        steps: what the difference adds to the distance, 0 or more.
    """

    quantity: Quantity
    amount: float
    steps: float

    def in_words(self) -> str:
        """Such as "12 dB less SNR" or "1.0 octaves more bandwidth"."""
        digits = 0 if self.quantity.scale == "dB" else 1
        comparative = self.quantity.comparatives[self.amount < 0]
        return f"{abs(self.amount):.{digits}f} {self.quantity.scale} {comparative} {self.quantity.noun}"


def differences(case: Conditions, cell: Conditions) -> tuple[Difference, ...]:
    """How a case recording's conditions differ from a cell's, one by one; see the module.

    Args:
        case: the conditions of the case recording.
        cell: the conditions of the reference population's cell.

    Raises:
        CalibrationError: if a value is NaN, or one that is compared by ratio is not above 0.
    """
    return tuple(Difference(quantity, amount, _steps(quantity, amount)) for quantity, amount in _amounts(case, cell))


def _amounts(case: Conditions, cell: Conditions) -> Iterator[tuple[Quantity, float]]:
    """How far the case is above the cell in each quantity that was measured on both sides."""
    for quantity, one, other in zip(QUANTITIES, _comparables(case), _comparables(cell), strict=True):
        if (amount := _amount(quantity, one, other)) is not None:
            yield quantity, amount


def _amount(quantity: Quantity, one: Value, other: Value) -> float | None:
    """The first value minus the other on the scale of the quantity; None if it was not measured on either side."""
    if one is None or other is None:
        return None
    if quantity.scale == "octaves":
        return math.log2(one / other)
    return (100 if quantity.scale == "points" else 1) * (one - other)


def _steps(quantity: Quantity, amount: float) -> float:
    is_better = amount < 0 if quantity.worse == "more" else amount > 0
    return abs(amount) / quantity.step * (quantity.better_counts if is_better else 1.0)


@lru_cache(maxsize=1024)  # each cell is compared with every recording
def _comparables(conditions: Conditions) -> tuple[Value, ...]:
    return tuple(_comparable(quantity, getattr(conditions, quantity.name)) for quantity in QUANTITIES)


def _comparable(quantity: Quantity, value: Value) -> Value:
    """The value within the caps of the quantity, or its replacement if it is missing."""
    if value is None:
        value = quantity.none_states if quantity.none_states is not None else quantity.assumed
    if value is None:
        return None
    if math.isnan(value):
        raise CalibrationError(f"The {quantity.noun} of a recording is not a number.", "Measure the recording again.")
    capped = min(max(value, quantity.least), quantity.most)
    if quantity.scale == "octaves" and not (capped > 0 and math.isfinite(capped)):
        raise CalibrationError(
            f"The {quantity.noun} of a recording is {value}.", "Use recordings with measurable speech."
        )
    return capped


def in_words(found: Sequence[Difference]) -> str:
    """The differences that count, the largest first: "12 dB less SNR, 1.0 octaves more bandwidth"."""
    notable = sorted((one for one in found if one.steps >= _NOTABLE_STEPS), key=lambda one: -one.steps)
    return ", ".join(one.in_words() for one in notable) or "no notable difference"


def distance(case: Conditions, cell: Conditions) -> float:
    """How far a case recording's conditions are from a cell's: 0 is the same, 1 a step; see the module.

    Args:
        case: the conditions of the case recording.
        cell: the conditions of the reference population's cell.

    Raises:
        CalibrationError: as in ``differences``.
    """
    return math.hypot(*(_steps(quantity, amount) for quantity, amount in _amounts(case, cell)))


def nearest(conditions: Conditions, cells: Sequence[Conditions]) -> tuple[int, float]:
    """The cell nearest to a case recording's conditions, and how far it is.

    Args:
        conditions: the conditions of the case recording.
        cells: the conditions of the reference population's cells on that side.

    Returns:
        Index into ``cells`` (the first of equals), and distance.

    Raises:
        CalibrationError: if there are no cells, or conditions that cannot be compared.
    """
    if not cells:
        raise CalibrationError(
            "The reference population has no recordings for this side of the comparison.",
            "Use a population with known and questioned recordings.",
        )
    comparable = as_long_as_the_longest(conditions, cells)
    distances = [distance(comparable, cell) for cell in cells]
    index = min(range(len(cells)), key=distances.__getitem__)
    return index, distances[index]


def as_long_as_the_longest(conditions: Conditions, cells: Sequence[Conditions]) -> Conditions:
    """The conditions, with net speech limited to that of the longest cell: more does not count.

    Args:
        conditions: of one side of a case.
        cells: of the same side of the population, at least one.
    """
    longest_s = max(cell.net_speech_s for cell in cells)
    return replace(conditions, net_speech_s=min(conditions.net_speech_s, longest_s))
