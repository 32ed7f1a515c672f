"""Rows that several kinds of report print: of calibrations, of chance, of failures."""

from collections.abc import Iterable, Mapping
from typing import Any

from forensic.records import Calibration, Conditions
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.content import CalibrationRow, ChanceRow, FailureRow
from forensic.report.shared.formats import (
    format_duration,
    format_lr,
    format_number,
    format_signed,
    printable,
    span,
    whole,
)
from forensic.report.shared.noted import noted

_FEWEST_CHARACTERS = 4


def calibration_labels(ids: Iterable[str]) -> dict[str, str]:
    """Labels by the id of a calibration, in the order given: C and as much of the id as distinguishes them.

    The id is a hash of everything that a calibration is made of, so a label means the same calibration in every report.

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
        most: largest number of rows.
        what: what is counted, "pairs".
        file: that holds all of them.
    """
    labels = calibration_labels(sorted(uses))
    ordered = sorted(uses.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple(_calibration_row(labels[key], calibrations[key], served) for key, served in ordered[:most])
    note = ""
    if len(ordered) > most:
        note = _(
            "Of {all} calibrations, the {most} that most {what} use are listed; all are in {file}.",
            all=number(len(ordered)),
            most=number(most),
            what=what,
            file=file,
        )
    return rows, note


def _calibration_row(label: str, fitted: Calibration, served: int) -> CalibrationRow:
    value, low, high = (format_number(each, 3) for each in (fitted.cllr.value, fitted.cllr.low, fitted.cllr.high))
    return CalibrationRow(
        label=label,
        known=_conditions(fitted.known),
        questioned=_conditions(fitted.questioned),
        distances=f"{format_number(fitted.known_distance, 2)}; {format_number(fitted.questioned_distance, 2)}",
        speakers=number(fitted.speakers),
        cllr=f"{value} ({span(low, high)})",
        bounds=span(format_signed(fitted.lower_bound_log10_lr), format_signed(fitted.upper_bound_log10_lr)),
        served=number(served),
    )


def _conditions(conditions: Conditions) -> str:
    return f"{printable(noted(conditions.name))}, {format_duration(conditions.net_speech_s)}"


def chance_row(log10_lr: float, expected: float, found: int) -> ChanceRow:
    """How many LRs of at least this size are expected if every comparison is of two people, and how many were found."""
    return ChanceRow(whole(format_lr(log10_lr)), _expected(expected), number(found))


def _expected(count: float) -> str:
    """An expected number of LRs: "less than 0.1", "2.4", "12"."""
    if count < 0.1:  # noqa: PLR2004
        return _("less than {number}", number=number(0.1, ".1f"))
    return number(count, f",.{1 if count < 10 else 0}f")  # noqa: PLR2004


def failure_row(label: str, name: str, row: Mapping[str, Any]) -> FailureRow:
    """A row of the table ``failures`` as a report prints it.

    Args:
        label: of the recording or the channel.
        name: of the file.
        row: with step, problem and remedy.
    """
    step, problem, remedy = (printable(noted(row[key] or "")) for key in ("step", "problem", "remedy"))
    return FailureRow(label, printable(name), step, problem, remedy)
