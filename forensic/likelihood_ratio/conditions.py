"""How alike the conditions of two recordings are, as far as scores move with them.

The distance between the conditions of a case recording and of a cell of the reference population is Euclidean
over three measured differences, each in the step that moves scores noticeably::

    bandwidth    half an octave      (4 kHz telephone against 8 kHz studio is 2)
    SNR          5 dB                (above 30 dB, or without noise to measure, counts as 30: clean)
    net speech   an octave           (half as much as in the cell is 1)

The steps are choices, made so that a distance of 1 is a difference that an examiner would remark on; they are
not fitted to data.

Net speech and SNR are not symmetric. A recording with *less* speech or *more* noise than the cell scores worse than
its calibration believes, so LRs from it are overstated. With more speech or less noise, scores of the two kinds lie
farther apart than believed, so most LRs err towards 1 (not all: a middling score may be read as slight support for
the wrong side). Such a difference counts a quarter, enough to choose the closest cell. Beyond the longest cell more
speech does not count.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from forensic.errors import CalibrationError
from forensic.records import Conditions

BANDWIDTH_STEP_OCTAVES = 0.5
SNR_STEP_DB = 5.0
SPEECH_STEP_OCTAVES = 1.0
BETTER_SHARE = 0.25
CLEAN_SNR_DB = 30.0


def distance(case: Conditions, cell: Conditions) -> float:
    """How far a case recording's conditions lie from a cell's: 0 is the same, 1 a step; see the module.

    Args:
        case: the conditions of the case recording.
        cell: the conditions of the reference population's cell.

    Raises:
        CalibrationError: if net speech or bandwidth is not above 0, or a value is NaN.
    """
    bandwidth = math.log2(_positive(case.bandwidth_hz, "bandwidth") / _positive(cell.bandwidth_hz, "bandwidth"))
    speech = math.log2(_positive(case.net_speech_s, "net speech") / _positive(cell.net_speech_s, "net speech"))
    snr_db = _capped_snr_db(case) - _capped_snr_db(cell)
    return math.hypot(
        bandwidth / BANDWIDTH_STEP_OCTAVES,
        snr_db / SNR_STEP_DB * (BETTER_SHARE if snr_db > 0 else 1.0),
        speech / SPEECH_STEP_OCTAVES * (BETTER_SHARE if speech > 0 else 1.0),
    )


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
    longest_s = max(cell.net_speech_s for cell in cells)
    within = replace(conditions, net_speech_s=min(conditions.net_speech_s, longest_s))
    distances = [distance(within, cell) for cell in cells]
    index = min(range(len(cells)), key=distances.__getitem__)
    return index, distances[index]


def _capped_snr_db(conditions: Conditions) -> float:
    if conditions.snr_db is None:
        return CLEAN_SNR_DB
    if math.isnan(conditions.snr_db):
        raise CalibrationError("An SNR is not a number.", "Measure the recording again.")
    return min(conditions.snr_db, CLEAN_SNR_DB)


def _positive(value: float, what: str) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise CalibrationError(f"The {what} of a recording is {value}.", "Use recordings with measurable speech.")
    return value
