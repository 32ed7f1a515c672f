"""The people of a manifest, each by one name."""

from pathlib import Path

import polars as pl

from forensic.likelihood_ratio.population import read_card
from forensic.speaker.extractor import default_model_folder


def rows_of_people(manifest: Path, split: str = "population") -> pl.DataFrame:
    """The rows of a split as text, without those whom the bank leaves out as second names of a person.

    Args:
        manifest: CSV with the columns split, corpus and speaker at least.
        split: which.
    """
    second_names = list(read_card(default_model_folder()).left_out)
    rows = pl.read_csv(manifest, infer_schema=False).filter(pl.col("split") == split)
    return rows.filter(~pl.format("{}/{}", "corpus", pl.col("speaker").fill_null("")).is_in(second_names))
