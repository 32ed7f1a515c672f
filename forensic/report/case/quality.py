"""The quality of the recordings: what was measured of every channel with speech."""

from collections.abc import Mapping, Sequence
from typing import Any

from forensic.comparison.method import Method
from forensic.language.names import SURE, name_of
from forensic.quantities import DRY_C50_DB
from forensic.report.case.case_report import QualityRow
from forensic.report.case.evidence import in_order, label_of, rows_by
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, ngettext, number
from forensic.report.shared.formats import NOTHING, first_rows, format_duration, format_number, format_share, span
from forensic.report.shared.method_wording import languages_reading


def list_quality(inputs: ReportInputs, exhibits: Exhibits) -> tuple[tuple[QualityRow, ...], str]:
    """One row per channel, or speaker in it, and a note on what was left out."""
    segments = rows_by(inputs.segments, "sha256", "channel", "turn")
    languages = rows_by(inputs.language, "sha256", "channel", "turn")
    rows = [
        QualityRow(
            label=label_of(row, exhibits),
            duration=format_duration(row["duration_s"]),
            net_speech=format_duration(row["net_speech_s"]),
            segments=ngettext(
                "{n} stretch", "{n} stretches", len(segments[row["sha256"], row["channel"], row["turn"]])
            ),
            snr=_number(row["snr_db"]),
            speech_level=_number(row["speech_level_dbfs"]),
            peak=_number(row["peak_dbfs"], 1),
            clipping=format_share(row["clipped_share"]),
            band=_band(row),
            clarity=_clarity(row["c50_db"]),
            language=_language(languages[row["sha256"], row["channel"], row["turn"]]),
        )
        for row in in_order(inputs.quality, exhibits)
    ]
    return first_rows(rows, inputs.limits.items, ngettext("{n} channel", "{n} channels", len(rows)))


def quality_reading(method: Method) -> str:
    """How to read the columns of the table."""
    return _(
        "Net speech is the total of the stretches in which speech was detected. No SNR is given (\N{EN DASH}) if a "
        "recording has no pause in which to measure the noise. C50, the clarity of the room, is the energy of the "
        "first 50 ms of a sound in it over the energy after them: the lower, the more reverberation. A small network "
        "estimates C50. Which codecs the speech has passed is not known: a file's own codec is only the last of them. "
        "{languages} Files with the same bytes are measured once, under the first item.",
        languages=languages_reading(method),
    )


def _band(row: Mapping[str, Any]) -> str:
    """Both edges, "200 to 3,400"."""
    high = _number(row["bandwidth_hz"])
    return high if row["low_edge_hz"] is None else span(_number(round(row["low_edge_hz"], -1)), high)


def _number(value: float | None, decimals: int = 0) -> str:
    """A number without its unit, which is in the table's head."""
    return NOTHING if value is None else format_number(value, decimals)


def _clarity(c50_db: float | None) -> str:
    if c50_db is None:
        return NOTHING
    return _("dry") if c50_db >= DRY_C50_DB else _number(c50_db)


def _language(found: Sequence[Mapping[str, Any]]) -> str:
    """Name and probability, "German 0.91", with the accent of English; or the reason why none is named."""
    if not found:
        return NOTHING
    row = found[-1]
    if row["language"] is None:
        return _(row["answer"])
    accent = " " + _("({name} accent)", name=_(name_of(row["accent"]))) if row["accent"] else ""
    unsure = "" if row["probability"] >= SURE else " " + _("(unsure)")
    return f"{_(name_of(row['language']))}{accent}{unsure} {number(row['probability'], '.2f')}"
