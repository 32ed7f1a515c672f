"""Folders of results, named by time and content."""

import hashlib
from datetime import datetime
from pathlib import Path

import polars as pl


def new_folder(parent: Path, created: datetime, table: pl.DataFrame) -> Path:
    """A new folder, named by time and content."""
    content = hashlib.sha256(table.write_json().encode()).hexdigest()[:6]
    folder = parent / f"{created:%Y%m%d-%H%M%S}-{content}"
    folder.mkdir(parents=True, exist_ok=False)
    return folder
