"""The outcome that a report is made of, beside the report: stored, and read back to make the report again."""

import dataclasses
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from forensic.comparison.outcomes import CaseOutcome, LinkOutcome
from forensic.comparison.tables import COMPARISONS_SCHEMA
from forensic.errors import ReportError
from forensic.records import QUESTIONED, Calibration
from forensic.storage.archive import read_archive, write_archive
from forensic.storage.toml import Blame

OUTCOME = "outcome.zip"
"""Everything that the reports of a comparison or linking show."""

Outcome = TypeVar("Outcome", CaseOutcome, LinkOutcome)

_BLAME = Blame(ReportError, "the stored outcome ", "Run the comparison or linking again.")


def store(folder: Path, outcome: CaseOutcome | LinkOutcome) -> None:
    """Write an outcome into the folder of its results, without what no report shows.

    Left out are the embeddings of stretches, evidence of recordings that took no part, and the maps of bootstrap draws,
    of which only the number is kept.
    """
    calibrations = {key: _without_draws(each) for key, each in outcome.calibrations.items()}
    slim: CaseOutcome | LinkOutcome
    if isinstance(outcome, CaseOutcome):
        slim = dataclasses.replace(_own_evidence(outcome), calibrations=calibrations)
    else:
        slim = dataclasses.replace(outcome, calibrations=calibrations)
    write_archive(folder / OUTCOME, slim)


def stored(folder: Path, kind: type[Outcome]) -> Outcome:
    """Read an outcome back; columns of comparisons that an earlier version did not write are null.

    Raises:
        ReportError: if it is missing, damaged or of another kind.
    """
    outcome = read_archive(folder / OUTCOME, kind, _BLAME)
    if not isinstance(outcome, CaseOutcome):
        return outcome
    lacking = COMPARISONS_SCHEMA.keys() - set(outcome.comparisons.columns)
    comparisons = outcome.comparisons.with_columns(
        pl.lit(None, COMPARISONS_SCHEMA[name]).alias(name) for name in lacking
    )
    return dataclasses.replace(outcome, comparisons=comparisons)


def _without_draws(calibration: Calibration) -> Calibration:
    return dataclasses.replace(calibration, draws=np.empty((len(calibration.draws), 0)), limit=np.empty(0))


def _own_evidence(outcome: CaseOutcome) -> CaseOutcome:
    """The rows of the recordings that the report is about; a case may hold others."""
    known = [recording.path for speaker in outcome.known_speakers for recording in speaker.recordings]
    files = outcome.files.filter((pl.col("side") == QUESTIONED) | pl.col("path").is_in(known))
    of_them = pl.col("sha256").is_in(files["sha256"].drop_nulls().unique().to_list())
    return dataclasses.replace(
        outcome,
        files=files,
        recordings=outcome.recordings.filter(of_them),
        quality=outcome.quality.filter(of_them),
        segments=outcome.segments.filter(of_them).drop("embedding", strict=False),
        language=outcome.language.filter(of_them),
        failures=outcome.failures.filter(of_them),
    )
