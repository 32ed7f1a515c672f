"""A description of the voices behind the pages: fundamental frequency, formants, articulation rate."""

import math
from collections.abc import Mapping
from typing import Any

from forensic.audio.phonetics import Spread, VoiceDescription
from forensic.audio.phonetics_population import Percentile, percentiles
from forensic.report.case.case_report import VoiceRow, VoiceValue
from forensic.report.case.evidence import in_order, label_of
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.formats import format_number, span


def list_voices(inputs: ReportInputs, exhibits: Exhibits) -> tuple[VoiceRow, ...]:
    """What was measured of each voice, in the order of the exhibits; empty if none was described.

    Raises:
        ModelError: if the table of other people's voices cannot be read.
    """
    rows = ((row, inputs.voices.get(_key(row))) for row in in_order(inputs.quality, exhibits))
    return tuple(_row(label_of(row, exhibits), voice) for row, voice in rows if voice is not None)


def _key(row: Mapping[str, Any]) -> tuple[str, int, int]:
    return row["sha256"], row["channel"], row["turn"] or 0


def _row(label: str, voice: VoiceDescription) -> VoiceRow:
    values = (
        _hertz(voice.f0_hz),
        number(voice.f0_deviation_semitones, ".1f"),
        *map(_hertz, voice.formants_hz),
        number(voice.syllables_per_s, ".1f"),
    )
    among = map(_percentile, percentiles(voice).values())
    return VoiceRow(label, tuple(VoiceValue(*each) for each in zip(values, among, strict=True)))


def _hertz(spread: Spread) -> str:
    """The middle with its ends: "124 (107 to 137)"."""
    low, middle, high = spread
    if math.isnan(middle):
        return _("not measured")
    return f"{format_number(middle, 0)} ({span(format_number(low, 0), format_number(high, 0))})"


def _percentile(found: Percentile | None) -> str:
    """Such as "P 62 (n 58)"; beyond all of them "P < 2 (n 58)"."""
    if found is None:
        return ""
    step = math.ceil(100 / found.people)
    if found.percent < step:
        percent = f"< {step}"
    elif found.percent > 100 - step:
        percent = f"> {100 - step}"
    else:
        percent = number(found.percent, ".0f")
    return _("P {percent} (n {people})", percent=percent, people=number(found.people))
