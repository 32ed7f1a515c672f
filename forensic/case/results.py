"""A comparison's results on disk, beside the report."""

import csv
from pathlib import Path

import polars as pl


def write_csv(comparisons: pl.DataFrame, path: Path) -> None:
    """The comparisons as CSV; text that a spreadsheet would take for a formula is led by an apostrophe."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(comparisons.columns)
        for row in comparisons.iter_rows():
            writer.writerow([_cell(value) for value in row])
    temporary.rename(path)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; what no text can hold is written as an escape."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    temporary.rename(path)
