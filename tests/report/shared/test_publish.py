"""Folders of results."""

from datetime import UTC, datetime

import polars as pl

from forensic.case.results import finish
from forensic.report.shared.publish import new_results


def test_the_same_results_in_one_second_get_two_folders(tmp_path):
    moment, table = datetime(2026, 3, 1, 9, 30, 5, tzinfo=UTC), pl.DataFrame({"log10_lr": [1.5]})
    found = []
    for _ in range(2):
        with new_results(tmp_path / "comparisons", moment, table) as results:
            found.append(finish(results, None, "", {}))
    first, second = found
    assert first.name.startswith("20260301-093005-")
    assert second.name == f"{first.name}-2"
    assert second.is_dir()
