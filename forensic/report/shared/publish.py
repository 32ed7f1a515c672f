"""Folders of results, named by time and content."""

import hashlib
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

import polars as pl

from forensic.case.results import Draft, draft


def new_results(parent: Path, created: datetime, table: pl.DataFrame) -> AbstractContextManager[Draft]:
    """Results named by time and content, and numbered if the same came twice in one second."""
    content = hashlib.sha256(table.write_json().encode()).hexdigest()[:6]
    return draft(parent / f"{created:%Y%m%d-%H%M%S}-{content}", numbered=True)
