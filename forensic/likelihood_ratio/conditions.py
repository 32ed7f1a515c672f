"""How alike the conditions of two recordings are, as far as scores move with them.

The distance between the conditions of a case recording and of a cell of the reference population is Euclidean over the
measured differences, each in the step that moves scores noticeably::

    bandwidth    half an octave      of the upper edge (4 kHz telephone against 8 kHz studio is 2)
    lower edge   half an octave      (below 150 Hz, where voices end anyway, counts as 150)
    SNR          5 dB                (above 30 dB, or without noise to measure, counts as 30: clean)
    clarity      5 dB                (C50; above 20 dB counts as 20: dry)
    codec        a half, where another kind shows
    clipping     5 points of the share of speech that is clipped (not measured counts as none)
    net speech   an octave           (half as much as in the cell is 1)

The steps are choices, made so that a distance of 1 is a difference that an examiner would remark on; they are
not fitted to data.

Net speech, SNR, clarity and clipping are not symmetric. A recording with *less* speech, or *more* noise, reverberation
or clipping than the cell, scores worse than its calibration believes, so LRs from it are overstated. With more speech,
less noise or clipping or a drier room, scores of the two kinds lie farther apart than believed, so most LRs err towards
1 (not all: a middling score may be read as slight support for the wrong side). Such a difference counts a quarter,
enough to choose the closest cell. Beyond the longest cell more speech does not count.

What was not measured on either side does not count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forensic.errors import CalibrationError
from forensic.records import Conditions

BANDWIDTH_STEP_OCTAVES = 0.5
LOW_EDGE_STEP_OCTAVES = 0.5
SNR_STEP_DB = 5.0
C50_STEP_DB = 5.0
CODEC_STEPS = 0.5
CLIPPING_STEP_POINTS = 5.0
SPEECH_STEP_OCTAVES = 1.0
BETTER_SHARE = 0.25
CLEAN_SNR_DB = 30.0
DRY_C50_DB = 20.0
LOWEST_EDGE_HZ = 150.0

_NOTABLE_STEPS = 0.25
_COMPARATIVES = {"start of the band": ("higher", "lower")}


@dataclass(frozen=True, slots=True)
class Difference:
    """How far a case recording lies from a cell in one condition.

    Attributes:
        condition: "net speech", "SNR", "clarity", "bandwidth", "start of the band", "codec" or "clipping".
        amount: the case's value less the cell's, in ``unit``; 0 or 1 for the codec.
        unit: "octaves", "dB", "points" or "kind".
        steps: what it adds to the distance, 0 or more.
    """

    condition: str
    amount: float
    unit: str
    steps: float


def differences(case: Conditions, cell: Conditions) -> tuple[Difference, ...]:
    """How a case recording's conditions differ from a cell's, condition by condition; see the module.

    Args:
        case: the conditions of the case recording.
        cell: the conditions of the reference population's cell.

    Raises:
        CalibrationError: if net speech or bandwidth is not above 0, or a value is NaN.
    """
    speech = math.log2(_positive(case.net_speech_s, "net speech") / _positive(cell.net_speech_s, "net speech"))
    bandwidth = math.log2(_positive(case.bandwidth_hz, "bandwidth") / _positive(cell.bandwidth_hz, "bandwidth"))
    snr_db = _capped(case.snr_db, CLEAN_SNR_DB, "SNR") - _capped(cell.snr_db, CLEAN_SNR_DB, "SNR")
    found = [
        _worse_counts_more("net speech", speech, "octaves", SPEECH_STEP_OCTAVES),
        _worse_counts_more("SNR", snr_db, "dB", SNR_STEP_DB),
        Difference("bandwidth", bandwidth, "octaves", abs(bandwidth) / BANDWIDTH_STEP_OCTAVES),
    ]
    if case.c50_db is not None and cell.c50_db is not None:
        c50_db = _capped(case.c50_db, DRY_C50_DB, "clarity") - _capped(cell.c50_db, DRY_C50_DB, "clarity")
        found.append(_worse_counts_more("clarity", c50_db, "dB", C50_STEP_DB))
    if case.low_edge_hz is not None and cell.low_edge_hz is not None:
        edge = math.log2(_edge(case.low_edge_hz) / _edge(cell.low_edge_hz))
        found.append(Difference("start of the band", edge, "octaves", abs(edge) / LOW_EDGE_STEP_OCTAVES))
    if case.codec is not None and cell.codec is not None:
        differs = float(case.codec != cell.codec)
        found.append(Difference("codec", differs, "kind", differs * CODEC_STEPS))
    points = 100 * ((case.clipped_share or 0.0) - (cell.clipped_share or 0.0))
    weight = 1.0 if points > 0 else BETTER_SHARE  # more clipping is worse
    found.append(Difference("clipping", points, "points", abs(points) / CLIPPING_STEP_POINTS * weight))
    return tuple(found)


def in_words(found: Sequence[Difference]) -> str:
    """The differences that count, the largest first: "12 dB less SNR, 1.0 octaves more bandwidth, another codec"."""
    notable = sorted((one for one in found if one.steps >= _NOTABLE_STEPS), key=lambda one: -one.steps)
    texts = [
        f"another {one.condition}"
        if one.unit == "kind"
        else f"{abs(one.amount):.{0 if one.unit == 'dB' else 1}f} {one.unit} "
        f"{_COMPARATIVES.get(one.condition, ('more', 'less'))[one.amount < 0]} {one.condition}"
        for one in notable
    ]
    return ", ".join(texts) or "no notable difference"


def distance(case: Conditions, cell: Conditions) -> float:
    """How far a case recording's conditions lie from a cell's: 0 is the same, 1 a step; see the module.

    Args:
        case: the conditions of the case recording.
        cell: the conditions of the reference population's cell.

    Raises:
        CalibrationError: as in ``differences``.
    """
    return math.hypot(*(difference.steps for difference in differences(case, cell)))


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
    """The conditions with no more net speech than the longest cell has: more does not count.

    Args:
        conditions: of one side of a case.
        cells: of the same side of the population, one at least.
    """
    longest_s = max(cell.net_speech_s for cell in cells)
    return replace(conditions, net_speech_s=min(conditions.net_speech_s, longest_s))


def _worse_counts_more(condition: str, amount: float, unit: str, step: float) -> Difference:
    return Difference(condition, amount, unit, abs(amount) / step * (BETTER_SHARE if amount > 0 else 1.0))


def _capped(value: float | None, most: float, what: str) -> float:
    """The value, at most ``most``; None is ``most``."""
    if value is None:
        return most
    if math.isnan(value):
        raise CalibrationError(f"The {what} of a recording is not a number.", "Measure the recording again.")
    return min(value, most)


def _edge(value: float) -> float:
    if math.isnan(value):
        raise CalibrationError("A lower edge is not a number.", "Measure the recording again.")
    return max(value, LOWEST_EDGE_HZ)


def _positive(value: float, what: str) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise CalibrationError(f"The {what} of a recording is {value}.", "Use recordings with measurable speech.")
    return value
