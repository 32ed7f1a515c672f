"""Rows that several kinds of report print: of calibrations, of chance, of failures."""

from collections.abc import Iterable, Mapping
from typing import Any

from forensic.records import Calibration, Conditions
from forensic.report.shared.content import CalibrationRow, ChanceRow, FailureRow
from forensic.report.shared.formats import format_duration, format_lr, format_number, format_signed, printable

_FEWEST_CHARACTERS = 4


def calibration_labels(ids: Iterable[str]) -> dict[str, str]:
    """Labels by the id of a calibration, in the order given: C and as much of the id as tells them apart.

    The id is a hash of all that a calibration is made of, so a label stands for the same calibration in every report.

    >>> calibration_labels(["3f9c1b07", "3f9c2a90", "5e00d1aa"])
    {'3f9c1b07': 'C3f9c1', '3f9c2a90': 'C3f9c2', '5e00d1aa': 'C5e00d'}
    """
    ids = list(dict.fromkeys(ids))
    length = _FEWEST_CHARACTERS
    while len({each[:length] for each in ids}) < len(ids):
        length += 1
    return {each: f"C{printable(each[:length])}" for each in ids}


def list_calibrations(
    uses: Mapping[str, int], calibrations: Mapping[str, Calibration], most: int, what: str, file: str
) -> tuple[tuple[CalibrationRow, ...], str]:
    """The calibrations that most comparisons use, and a note on what was left out.

    Args:
        uses: how many comparisons each served, by id.
        calibrations: by id, those that ``uses`` names.
        most: as many rows.
        what: what is counted, "pairs".
        file: that holds all of them.
    """
    labels = calibration_labels(sorted(uses))
    ordered = sorted(uses.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple(_calibration_row(labels[key], calibrations[key], served) for key, served in ordered[:most])
    note = ""
    if len(ordered) > most:
        note = f"The {most:,} of {len(ordered):,} calibrations that most {what} use; all are in {file}."
    return rows, note


def _calibration_row(label: str, fitted: Calibration, served: int) -> CalibrationRow:
    return CalibrationRow(
        label=label,
        known=_conditions(fitted.known),
        questioned=_conditions(fitted.questioned),
        distances=f"{format_number(fitted.known_distance, 2)}; {format_number(fitted.questioned_distance, 2)}",
        speakers=f"{fitted.speakers:,}",
        cllr=f"{fitted.cllr.value:.3f} ({fitted.cllr.low:.3f} to {fitted.cllr.high:.3f})",
        bounds=f"{format_signed(fitted.lower_bound_log10_lr)} to {format_signed(fitted.upper_bound_log10_lr)}",
        served=f"{served:,}",
    )


def _conditions(conditions: Conditions) -> str:
    return f"{printable(conditions.name)}, {format_duration(conditions.net_speech_s)}"


def chance_row(log10_lr: float, expected: float, found: int) -> ChanceRow:
    """How many LRs of at least this size are expected if every comparison is of two people, and how many there are."""
    return ChanceRow(format_lr(log10_lr).removesuffix(".0"), _expected(expected), f"{found:,}")


def _expected(number: float) -> str:
    """An expected number of LRs: "less than 0.1", "2.4", "12"."""
    if number < 0.1:  # noqa: PLR2004
        return "less than 0.1"
    return f"{number:,.{1 if number < 10 else 0}f}"  # noqa: PLR2004


def failure_row(label: str, name: str, row: Mapping[str, Any]) -> FailureRow:
    """A row of the table ``failures`` as a report prints it.

    Args:
        label: of the recording or the channel.
        name: of the file.
        row: with step, problem and remedy.
    """
    step, problem, remedy = (printable(row[key] or "") for key in ("step", "problem", "remedy"))
    return FailureRow(label, printable(name), step, problem, remedy)
