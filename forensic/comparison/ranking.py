"""Identification: suspects by LR, and what chance alone would give."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import polars as pl

from forensic.comparison.tables import STATUS_LR
from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.records import Calibration

CHANCE_LOG10_LR = (0, 1, 2, 3)
"""Sizes of LR for which the number expected by chance is stated."""


def ranking(comparisons: pl.DataFrame, calibrations: Mapping[str, Calibration]) -> list[dict[str, Any]]:
    """For each questioned speaker the suspects by LR, and what chance would give if the speaker were none of them.

    Returns:
        JSON values, in the order of the comparisons. ``expected_as_high`` is the number of suspects who would be
        expected to reach the highest LR, or a higher one, if every comparison were of two people.
    """
    speakers = []
    for (path, channel, turn, found, name), rows in comparisons.group_by(
        "questioned_path", "channel", "turn", "speakers", "speaker_name", maintain_order=True
    ):
        issued = rows.filter(pl.col("status") == STATUS_LR).sort("log10_lr", descending=True)
        uses = Counter(issued["calibration_id"].to_list())
        chance = [
            {
                "log10_lr": size,
                "expected": expected_by_chance(uses, calibrations, size),
                "found": int((issued["log10_lr"] >= size).sum()),
            }
            for size in CHANCE_LOG10_LR
        ]
        highest = None if issued.is_empty() else float(issued["log10_lr"][0])
        speakers.append(
            {
                "questioned_path": path,
                "channel": channel,
                "turn": turn,
                "speakers": found,
                "speaker_name": name,
                "suspects": rows.height,
                "ranked": issued.select(
                    "suspect", "log10_lr", "log10_lr_low", "log10_lr_high", "unbounded_log10_lr", "verbal_equivalent"
                ).to_dicts(),
                "no_lr": rows.filter(pl.col("status") != STATUS_LR)
                .select("suspect", "reason", "reason_kind")
                .to_dicts(),
                "expected_as_high": None if highest is None else expected_by_chance(uses, calibrations, highest),
                "chance": chance,
            }
        )
    return speakers
