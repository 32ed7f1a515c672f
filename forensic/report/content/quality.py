"""The quality of the recordings: what was measured of every channel with speech."""

from collections.abc import Mapping
from typing import Any

from forensic.report.content.case_report import QualityRow
from forensic.report.content.evidence import first_rows, in_order, rows_by
from forensic.report.content.exhibits import Exhibits, channel_label
from forensic.report.content.inputs import ReportInputs
from forensic.report.formats import NOTHING, format_duration, format_quantity, format_share

_DRY_C50_DB = 20.0  # beyond which rooms are as good as none
_PLAIN = 0.8


def list_quality(inputs: ReportInputs, exhibits: Exhibits) -> tuple[tuple[QualityRow, ...], str]:
    """One row a channel, and a note on what was left out."""
    segments = rows_by(inputs.segments, "sha256", "channel")
    rows = [
        QualityRow(
            label=channel_label(exhibits.label(row["sha256"]), row["channel"]),
            duration=format_duration(row["duration_s"]),
            net_speech=format_duration(row["net_speech_s"]),
            segments=f"{len(segments[row['sha256'], row['channel']]):,}",
            snr=format_quantity(row["snr_db"], "dB") if row["snr_db"] is not None else NOTHING,
            speech_level=format_quantity(row["speech_level_dbfs"], "dBFS"),
            peak=format_quantity(row["peak_dbfs"], "dBFS", 1),
            clipping=format_share(row["clipped_share"]),
            band=_band(row),
            clarity=_clarity(row["c50_db"]),
            codec=_codec(row),
        )
        for row in in_order(inputs.quality, exhibits)
    ]
    return first_rows(rows, inputs.limits.items, "channel")


def _band(row: Mapping[str, Any]) -> str:
    """Both edges, "200 to 3,400 Hz"."""
    high = format_quantity(row["bandwidth_hz"], "Hz")
    return high if row["low_edge_hz"] is None else f"{round(row['low_edge_hz'], -1):.0f} to {high}"


def _clarity(c50_db: float | None) -> str:
    if c50_db is None:
        return NOTHING
    return "dry" if c50_db >= _DRY_C50_DB else format_quantity(c50_db, "dB")


def _codec(row: Mapping[str, Any]) -> str:
    """The kind that shows, with a question mark where it shows weakly."""
    if row["codec_trace"] is None:
        return NOTHING
    return f"{row['codec_trace']}{'' if row['codec_trace_probability'] >= _PLAIN else ' ?'}"
