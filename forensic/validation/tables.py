"""What a validation reads, a manifest of recordings or a list of scores, and the table of LRs that it keeps."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import polars as pl

from forensic.case.store import Schema
from forensic.comparison.tables import REASON_COLUMNS, STATUS_LR
from forensic.errors import ValidationError
from forensic.quantities import QUANTITIES
from forensic.records import ROLES, Role
from forensic.storage.table_file import TableFile, read_table

LRS_SCHEMA: Schema = {
    "same_speaker": pl.Boolean,  # whether H1 is true
    "speaker_known": pl.String,
    "speaker_questioned": pl.String,
    "session_known": pl.String,
    "session_questioned": pl.String,
    "corpus": pl.String,
    "condition": pl.String,  # of the questioned side; "known / questioned" where the known sides vary
    "language": pl.String,  # "known / questioned" where they differ, as are the next
    "sex": pl.String,
    "codec": pl.String,  # of the questioned recording
    **{quantity.of_side(side): pl.Float64 for quantity in QUANTITIES for side in ROLES},
    "known_recordings": pl.List(pl.String),
    "questioned_recording": pl.String,
    "score": pl.Float64,
    "second_score": pl.Float64,
    "fused_score": pl.Float64,  # of both models, on which the LR then rests; null where it rests on the first alone
    "first_log10_lr": pl.Float64,
    "second_log10_lr": pl.Float64,
    "log10_lr": pl.Float64,  # bounded, as a case would have it; null where no LR is issued
    "log10_lr_low": pl.Float64,
    "log10_lr_high": pl.Float64,
    "unbounded_log10_lr": pl.Float64,
    "status": pl.String,  # one of ``forensic.comparison.tables.Status``
    "reason": pl.String,  # null until it is put in words
    **REASON_COLUMNS,
    "calibration_id": pl.String,
}
"""One row per comparison. Null where a list of scores does not state a value."""

_MANIFEST_COLUMNS = ("path", "speaker", "role", "session")
_ROLES: Mapping[str, Role] = {role: role for role in ROLES}
_SCORE_COLUMNS = ("score", "same_speaker", "speaker_known", "speaker_questioned")
_MANIFEST_TEXTS = ("corpus", "language", "sex", "condition")
_TEXTS = ("corpus", "condition", "language", "sex", "codec")
_SHORT_NAMES = {"duration": "net_speech_questioned_s", "snr": "snr_questioned_db"}
_MEASURED = tuple(quantity.of_side(side) for quantity in QUANTITIES for side in ROLES)
_TRUE, _FALSE = {"1", "true", "yes", "same"}, {"0", "false", "no", "different"}


@dataclass(frozen=True, slots=True)
class LabelledRecording:
    """One line of a validation's manifest.

    Attributes:
        path: relative paths start from the manifest's folder.
        person: the speaker, after the corpus if one is given: the same name in two corpora is two people.
        speaker: as written.
        role: "known" or "questioned".
        session: of recordings of one speaker that were made together.
        corpus, language, sex, condition: empty if the manifest has no such column.
    """

    path: Path
    person: str
    speaker: str
    role: Role
    session: str
    corpus: str
    language: str
    sex: str
    condition: str


Excluded: TypeAlias = Literal["recordings", "comparisons"]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What was left out of a validation, counted.

    Attributes:
        what: what was left out, "recordings" for example.
        number: how many.
        reason: why.
        examples: the names of a few, for recordings.
    """

    what: Excluded
    number: int
    reason: str
    examples: tuple[str, ...] = ()


def read_validation_manifest(path: Path) -> tuple[LabelledRecording, ...]:
    """The recordings of a validation.

    Args:
        path: CSV with the columns path, speaker, role and session, and optionally corpus, language, sex and condition.

    Raises:
        ValidationError: if it cannot be read, lacks a column, has an empty or unknown value in a required column, or
            gives a file two speakers.
    """
    table = read_table(path, _MANIFEST_COLUMNS, _MANIFEST_TEXTS, ValidationError)
    names = {name: table.names(name) for name in ("speaker", "session", *_MANIFEST_TEXTS)}
    roles = [role.casefold() for role in table.column("role")]
    table.refuse(
        "the path, the speaker or the session is missing",
        (not all(values) for values in zip(table.column("path"), names["speaker"], names["session"], strict=True)),
        "Complete the line.",
    )
    table.refuse(f"the role is none of {', '.join(ROLES)}", (role not in ROLES for role in roles), "Correct the role.")
    paths = table.paths()
    recordings = tuple(
        LabelledRecording(
            path=each,
            person=f"{own['corpus']}/{own['speaker']}" if own["corpus"] else own["speaker"],
            role=_ROLES[role],
            **own,
        )
        for each, role, own in zip(paths, roles, _by_row(names), strict=True)
    )
    table.refuse_folders(paths)
    table.refuse_two_owners(paths, [recording.person for recording in recordings], "speakers")
    return recordings


def _by_row(columns: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def read_scores(path: Path) -> pl.DataFrame:
    """Scores of comparisons whose truth is known.

    Args:
        path: CSV with the columns score, same_speaker (1 or 0, true or false), speaker_known and speaker_questioned,
            and optionally corpus, condition, language, sex, codec, duration (net speech of the questioned side in
            seconds), snr (of the questioned side in dB), or what else was measured, by its name in ``LRS_SCHEMA``. A
            score may be inf or -inf. If there is a column status, as in the lrs.csv of a validation, lines without
            an LR are skipped.

    Returns:
        A frame of ``LRS_SCHEMA`` in the file's order; columns that the file does not have are null, and so are all
        LRs.

    Raises:
        ValidationError: if it cannot be read, lacks a column or has no line, a score is not a number, or the truth
            contradicts the speakers.
    """
    table = _with_an_lr(
        read_table(path, _SCORE_COLUMNS, (*_TEXTS, *_MEASURED, *_SHORT_NAMES, "status"), ValidationError)
    )
    known, questioned = table.names("speaker_known"), table.names("speaker_questioned")
    same = [text.casefold() for text in table.column("same_speaker")]
    table.refuse(
        "a speaker is missing",
        (not all(speakers) for speakers in zip(known, questioned, strict=True)),
        "Complete the line.",
    )
    table.refuse("same_speaker is neither 1 nor 0", (text not in _TRUE | _FALSE for text in same), "Write 1 or 0.")
    table.refuse(
        "same_speaker must be 1 exactly where the two speakers are one, and contradicts them",
        ((text in _TRUE) != (one == other) for text, one, other in zip(same, known, questioned, strict=True)),
        "Correct same_speaker, or a speaker.",
    )
    numbers = {name: name for name in ("score", *_MEASURED)} | _SHORT_NAMES  # a short name overrules
    columns: dict[str, Sequence[object]] = {
        "same_speaker": [text in _TRUE for text in same],
        "speaker_known": known,
        "speaker_questioned": questioned,
    }
    for name, column in numbers.items():
        if name in table.columns:
            columns[column] = _numbers(table, name, is_score=name == "score")
    columns |= {name: [value or None for value in table.names(name)] for name in _TEXTS}
    frame = pl.DataFrame({name: pl.Series(name, values, LRS_SCHEMA[name]) for name, values in columns.items()})
    return frame.select(
        pl.col(name) if name in columns else pl.lit(None, kind).alias(name) for name, kind in LRS_SCHEMA.items()
    )


def _with_an_lr(table: TableFile) -> TableFile:
    """The rows that are comparisons with an LR, or do not say."""
    if "status" not in table.columns:
        return table
    kept = [index for index, status in enumerate(table.column("status")) if status == STATUS_LR]
    if not kept:
        raise ValidationError(f"{table.path} holds no comparison with an LR.", "Give comparisons with scores.")
    return dataclasses.replace(
        table, rows=tuple(table.rows[index] for index in kept), lines=tuple(table.lines[index] for index in kept)
    )


def _numbers(table: TableFile, name: str, *, is_score: bool) -> list[float | None]:
    """A column of numbers; a score is needed and may be infinite, other numbers may be missing."""
    texts = table.column(name)
    values = table.numbers(name)
    wrong = (
        (value is None and (bool(text) or is_score)) or (value is not None and math.isinf(value) and not is_score)
        for text, value in zip(texts, values, strict=True)
    )
    table.refuse(f"the {name} is no number", wrong, "Write numbers with a point, such as -1.5.")
    return values
