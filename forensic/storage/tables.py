"""Tables and texts on disk, whole or not at all: Parquet, CSV, plain text."""

import csv
import io
from pathlib import Path

import polars as pl

from forensic.storage.atomic import written_whole
from forensic.storage.inert import inert

SCHEMA_VERSION = 1
"""Of every JSON, CSV and Parquet file that is written; it goes up when a key or column changes its meaning or goes."""


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, whole or not at all.

    Raises:
        OSError: if the disk refuses; polars, writing by itself, would not say so.
    """
    with written_whole(path) as file:
        file.write(parquet(frame))


def parquet(frame: pl.DataFrame) -> memoryview:
    """A frame as the bytes of a Parquet file."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", metadata={"forensic.schema_version": str(SCHEMA_VERSION)})
    return content.getbuffer()


def write_csv(comparisons: pl.DataFrame, path: Path) -> None:
    """The comparisons as CSV; text that a spreadsheet would take for a formula begins with an apostrophe.

    Control and format characters are written out (``forensic.storage.inert``); the Parquet file has them as they are.
    """
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow([*comparisons.columns, "schema_version"])
    writer.writerows([*map(_cell, row), SCHEMA_VERSION] for row in comparisons.iter_rows())
    write_text(path, table.getvalue())


def _cell(value: object) -> object:
    if isinstance(value, list):
        return inert(" ".join(map(str, value)))
    if isinstance(value, str):
        return inert(f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value)
    return value


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; what no text can hold is written as an escape."""
    with written_whole(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
