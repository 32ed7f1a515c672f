"""Identification: suspects by LR, and what chance alone would give."""

import numpy as np
import polars as pl
import pytest

from forensic.comparison.ranking import ranking
from forensic.comparison.tables import STATUS_LR
from forensic.settings import ComparisonSettings, LanguageSettings, Settings

_SETTINGS = Settings(
    comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0),
    language=LanguageSettings(identify=False),
)


def test_what_chance_gives_is_the_share_of_different_speaker_lrs_for_every_suspect():
    rows = [
        {
            "questioned_path": "q",
            "channel": 0,
            "turn": 0,
            "speakers": 1,
            "speaker_name": "",
            "suspect": name,
            "log10_lr": lr,
            "status": STATUS_LR,
        }
        | {"log10_lr_low": lr, "log10_lr_high": lr, "unbounded_log10_lr": lr, "verbal_equivalent": ""}
        | {"calibration_id": "c", "reason": None, "reason_kind": None}
        for name, lr in (("a", 0.5), ("b", 1.5))
    ]

    class Fitted:
        different_speaker_log10_lr = np.array([-3.0, -2.0, 0.2, 1.7])

    (speaker,) = ranking(pl.DataFrame(rows), {"c": Fitted()})
    assert [row["suspect"] for row in speaker["ranked"]] == ["b", "a"]
    assert speaker["expected_as_high"] == pytest.approx(2 * 0.25)
    assert [(row["expected"], row["found"]) for row in speaker["chance"]] == [(1.0, 2), (0.5, 1), (0.0, 0), (0.0, 0)]
