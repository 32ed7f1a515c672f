"""Folders of results."""

from datetime import UTC, datetime

import polars as pl

from forensic.report.shared.publish import new_folder


def test_the_same_results_in_one_second_get_two_folders(tmp_path):
    moment, table = datetime(2026, 3, 1, 9, 30, 5, tzinfo=UTC), pl.DataFrame({"log10_lr": [1.5]})
    first, second = (new_folder(tmp_path / "comparisons", moment, table) for _ in range(2))
    assert first.name.startswith("20260301-093005-")
    assert second.name == f"{first.name}-2"
    assert second.is_dir()
