"""How many LRs of a given size misleading evidence alone gives when many comparisons are made."""

from collections.abc import Mapping

import numpy as np

from forensic.records import Calibration


def expected_by_chance(
    uses: Mapping[str, int], calibrations: Mapping[str, Calibration], threshold_log10_lr: float
) -> float:
    """The expected number of LRs of at least a given size if every comparison were of two people.

    Args:
        uses: number of comparisons by the id of the calibration that served them.
        calibrations: by id.
        threshold_log10_lr: the size.

    Returns:
        The sum, over comparisons, of the share of the calibration's different-speaker LRs that are as large; they are
        cross-validated.
    """
    return float(
        sum(
            number * np.mean(calibrations[key].different_speaker_log10_lr >= threshold_log10_lr)
            for key, number in uses.items()
        )
    )
