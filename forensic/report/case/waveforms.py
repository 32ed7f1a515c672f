"""The waveforms: one plot per compared channel, with the speech that was used."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from forensic.report.case.comparisons import Comparison
from forensic.report.case.evidence import in_order, label_of, rows_by
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import WaveformPlot
from forensic.report.shared.formats import format_duration, plural


def plot_waveforms(
    comparisons: Sequence[Comparison], inputs: ReportInputs, exhibits: Exhibits
) -> tuple[tuple[WaveformPlot, ...], str]:
    """The channels that were compared, questioned recordings first, and a note on what was left out."""
    segments = rows_by(inputs.segments, "sha256", "channel", "turn")
    compared = {comparison.sha256 for comparison in comparisons}
    compared |= {sha256 for comparison in comparisons for sha256 in comparison.known_sha256}
    rows = [
        row
        for row in in_order(inputs.quality, exhibits)
        if row["sha256"] in compared and row["envelope_low"] and row["envelope_high"]
    ]
    plots = tuple(
        _plot(f"waveform{n}", label_of(row, exhibits), row, segments)
        for n, row in enumerate(rows[: inputs.limits.waveforms], 1)
    )
    note = ""
    if len(rows) > len(plots):
        note = (
            f"Waveforms are drawn for the first {len(plots)} of {len(rows):,} channels that were compared; "
            "the speech used in all of them is in the tables of the case."
        )
    return plots, note


def _plot(
    name: str, label: str, row: dict[str, Any], segments: dict[tuple[Any, ...], list[dict[str, Any]]]
) -> WaveformPlot:
    speech = sorted((part["start_s"], part["end_s"]) for part in segments[row["sha256"], row["channel"], row["turn"]])
    return WaveformPlot(
        name=name,
        caption=(
            f"{label}: {format_duration(row['net_speech_s'])} of speech in "
            f"{format_duration(row['duration_s'])}, {plural(len(speech), 'stretch', 'stretches')}."
        ),
        duration_s=row["duration_s"],
        low=np.asarray(row["envelope_low"], dtype=np.float64),
        high=np.asarray(row["envelope_high"], dtype=np.float64),
        speech=tuple(speech),
    )
