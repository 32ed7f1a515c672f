"""The quality of the recordings: what was measured of every channel with speech."""

from forensic.report.content.case_report import QualityRow
from forensic.report.content.evidence import first_rows, in_order, rows_by
from forensic.report.content.exhibits import Exhibits, channel_label
from forensic.report.content.inputs import ReportInputs
from forensic.report.formats import NOTHING, format_duration, format_quantity, format_share


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
            bandwidth=format_quantity(row["bandwidth_hz"], "Hz"),
        )
        for row in in_order(inputs.quality, exhibits)
    ]
    return first_rows(rows, inputs.limits.items, "channel")
