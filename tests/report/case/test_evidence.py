"""Rows of the evidence tables."""

from dataclasses import replace

import polars as pl
import pytest

from forensic.errors import ReportError
from forensic.report.case.build import build_report


def test_evidence_of_two_models_stops_the_report(inputs):
    """Numbers of two systems are never mixed in one table."""
    quality = inputs.quality.with_columns(model_sha256=pl.lit("another"))
    with pytest.raises(ReportError, match="more than one model"):
        build_report(replace(inputs, quality=quality))
