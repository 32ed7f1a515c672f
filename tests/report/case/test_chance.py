"""What chance alone would give."""

from dataclasses import replace

import numpy as np
import polars as pl
from report_factory import large_case

from forensic.report.case.build import build_report


def test_chance_is_counted_on_the_calibration_data():
    """With every different-speaker LR at 10 or above, every comparison is expected to reach 10."""
    inputs = large_case(12, 6)
    calibrations = {
        key: replace(fit, different_speaker_log10_lr=np.full(50, 1.5)) for key, fit in inputs.calibrations.items()
    }
    report = build_report(replace(inputs, calibrations=calibrations))
    issued = inputs.comparisons.filter(pl.col("status") == "lr")
    rows = {row.lr: row for row in report.summary.chance}
    assert rows["10"].expected == f"{issued.height}"
    assert rows["100"].expected == "less than 0.1"
    assert rows["10"].found == f"{issued.filter(pl.col('log10_lr') >= 1).height}"
