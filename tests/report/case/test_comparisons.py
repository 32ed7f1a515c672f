"""What is checked before an LR is reported."""

import math
from dataclasses import replace

import polars as pl
import pytest
from report_factory import calibration

from forensic.errors import ReportError
from forensic.report.case.build import build_report


def set_first(inputs, **values):
    """The case with the first comparison that has an LR changed."""
    place = inputs.comparisons["status"].to_list().index("lr")
    frame = inputs.comparisons.with_row_index()
    changes = {
        name: pl.when(pl.col("index") == place).then(pl.lit(value)).otherwise(pl.col(name))
        for name, value in values.items()
    }
    return replace(inputs, comparisons=frame.with_columns(**changes).drop("index"))


@pytest.mark.parametrize("column", ["log10_lr", "log10_lr_low", "log10_lr_high", "score"])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_an_lr_that_is_no_number_stops_the_report(inputs, column, value):
    """A defect upstream never becomes a page."""
    with pytest.raises(ReportError):
        build_report(set_first(inputs, **{column: value}))


def test_an_lr_without_its_calibration_stops_the_report(inputs):
    """How well a calibration does stands beside the LR, or there is no LR."""
    with pytest.raises(ReportError, match="calibration"):
        build_report(replace(inputs, calibrations={"another": calibration()}))
