"""What a validation reads, a manifest of recordings or a list of scores, and the table of LRs that it keeps."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import polars as pl

from forensic.case.store import Schema
from forensic.comparison.tables import REASON_COLUMNS, STATUS_LR
from forensic.errors import ValidationError
from forensic.quantities import QUANTITIES
from forensic.records import ROLES, Role
from forensic.storage.tables import column_type

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
    **{quantity.of_side(side): column_type(quantity) for quantity in QUANTITIES for side in ROLES},
    "known_recordings": pl.List(pl.String),
    "questioned_recording": pl.String,
    "score": pl.Float64,
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
_KINDS = tuple(quantity.of_side(side) for quantity in QUANTITIES for side in ROLES if not quantity.is_number)
_TEXTS = ("corpus", "condition", "language", "sex", "codec", *_KINDS)
_SHORT_NAMES = {"duration": "net_speech_questioned_s", "snr": "snr_questioned_db"}
_MEASURED = tuple(quantity.of_side(side) for quantity in QUANTITIES for side in ROLES if quantity.is_number)
_TRUE, _FALSE = {"1", "true", "yes", "same"}, {"0", "false", "no", "different"}
_LINES_NAMED = 5


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
    rows = _rows(path, _MANIFEST_COLUMNS)
    _check_lines(path, rows, "lack a path, a speaker or a session", lambda row: not _filled(row, _MANIFEST_COLUMNS))
    _check_lines(path, rows, f"have a role that is none of {', '.join(ROLES)}", lambda row: row["role"] not in ROLES)
    recordings = tuple(
        LabelledRecording(
            path=path.parent / row["path"],
            person=f"{row['corpus']}/{row['speaker']}" if row.get("corpus") else row["speaker"],
            speaker=row["speaker"],
            role=_ROLES[row["role"]],
            session=row["session"],
            **{name: row.get(name, "") for name in ("corpus", "language", "sex", "condition")},
        )
        for row in rows
    )
    owners: dict[Path, str] = {}
    for recording in recordings:
        if owners.setdefault(recording.path, recording.person) != recording.person:
            raise ValidationError(
                f"{recording.path} has two speakers in {path}, {owners[recording.path]} and {recording.person}.",
                "Give it one speaker.",
            )
    return recordings


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
    rows = _rows(path, _SCORE_COLUMNS)

    def check(what: str, is_wrong: Callable[[Mapping[str, str]], bool]) -> None:
        _check_lines(path, rows, what, lambda row: _counts(row) and is_wrong(row))

    check("lack a speaker", lambda row: not _filled(row, _SCORE_COLUMNS[2:]))
    check("have a score that is not a number", lambda row: _number(row["score"]) is None)
    check(
        "have a same_speaker that is neither 1 nor 0",
        lambda row: row["same_speaker"].lower() not in _TRUE | _FALSE,
    )
    check(
        "contradict themselves: same_speaker must be 1 exactly if the two speakers are the same",
        lambda row: (row["same_speaker"].lower() in _TRUE) != (row["speaker_known"] == row["speaker_questioned"]),
    )
    numbers = {name: name for name in _MEASURED} | _SHORT_NAMES  # a short name has priority
    numbers = {name: column for name, column in numbers.items() if name in rows[0]}
    for name in numbers:
        check(f"have a {name} that is not a number", lambda row, name=name: not _is_optional(row[name]))  # type: ignore[misc]
    kept = [row for row in rows if _counts(row)]
    if not kept:
        raise ValidationError(f"{path} has no comparison with an LR.", "Give comparisons with scores.")
    columns: dict[str, Sequence[object]] = {
        "same_speaker": [row["same_speaker"].lower() in _TRUE for row in kept],
        "speaker_known": [row["speaker_known"] for row in kept],
        "speaker_questioned": [row["speaker_questioned"] for row in kept],
        "score": [_number(row["score"]) for row in kept],
    }
    columns |= {column: [_number(row[name]) for row in kept] for name, column in numbers.items()}
    columns |= {name: [row.get(name) or None for row in kept] for name in _TEXTS}
    frame = pl.DataFrame({name: pl.Series(name, values, LRS_SCHEMA[name]) for name, values in columns.items()})
    return frame.select(
        pl.col(name) if name in columns else pl.lit(None, kind).alias(name) for name, kind in LRS_SCHEMA.items()
    )


def _counts(row: Mapping[str, str]) -> bool:
    """Whether a line of scores is a comparison with an LR, or has no status."""
    return row.get("status") in {None, STATUS_LR}


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """The lines of a CSV file as texts without surrounding white space."""
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ValidationError(f"{path} cannot be read: {reason}.", "Give a CSV file in UTF-8.") from error
    frame = frame.rename({name: name.strip().removeprefix("\ufeff") for name in frame.columns})
    if missing := [name for name in needed if name not in frame.columns]:
        raise ValidationError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"Name {', '.join(needed)} in its first line.",
        )
    if frame.is_empty():
        raise ValidationError(f"{path} has no line below its first.", "Add a line for each recording or score.")
    return frame.with_columns(pl.all().fill_null("").str.strip_chars()).to_dicts()


def _check_lines(
    path: Path, rows: Sequence[Mapping[str, str]], what: str, is_wrong: Callable[[Mapping[str, str]], bool]
) -> None:
    wrong = list(_numbers(rows, is_wrong))
    if wrong:
        named = ", ".join(map(str, wrong[:_LINES_NAMED])) + (" and others" if len(wrong) > _LINES_NAMED else "")
        raise ValidationError(f"{len(wrong):,} of the lines of {path} {what}: {named}.", "Correct them.")


def _numbers(rows: Sequence[Mapping[str, str]], is_wrong: Callable[[Mapping[str, str]], bool]) -> Iterator[int]:
    yield from (number for number, row in enumerate(rows, 2) if is_wrong(row))


def _filled(row: Mapping[str, str], names: Sequence[str]) -> bool:
    return all(row[name] for name in names)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _is_optional(text: str | None) -> bool:
    return not text or ((value := _number(text)) is not None and math.isfinite(value))
