"""Folders of results, named by time and content."""

import hashlib
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

import polars as pl


def new_folder(parent: Path, created: datetime, table: pl.DataFrame) -> Path:
    """A new folder, named by time and content, and numbered if the same results came twice in one second."""
    content = hashlib.sha256(table.write_json().encode()).hexdigest()[:6]
    name = f"{created:%Y%m%d-%H%M%S}-{content}"
    parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        with suppress(FileExistsError):
            folder.mkdir()
            break
    return folder
