"""The tables of a case: their schemas, and how they are written and read.

A scan appends *batches*. A batch is one Parquet file per table, all with the batch's number; the file of ``recordings``
is written last, so a batch counts only when it is whole, and a killed scan loses at most the batch in flight.
``compact`` joins the batches of a finished scan to one file a table. A later row for a key replaces an earlier one.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import polars as pl

from forensic.errors import CaseError
from forensic.quantities import QUANTITIES
from forensic.storage.atomic import place_together
from forensic.storage.tables import parquet

Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

FileSide: TypeAlias = Literal["questioned", "reference"]
"""Whether a file was scanned as a questioned recording, or as one of the reference set."""

REFERENCE: Final = "reference"

FileStatus: TypeAlias = Literal["audio", "skipped", "unreadable"]
"""What a file is: a recording, no audio (and not named as such), or bytes that could not be read."""

AUDIO: Final = "audio"
SKIPPED: Final = "skipped"
UNREADABLE: Final = "unreadable"

EVIDENCE_KEY: Schema = {
    "sha256": pl.String,
    "channel": pl.Int16,
    "model_sha256": pl.String,
    "settings_sha256": pl.String,
}

TURN_KEY: Schema = EVIDENCE_KEY | {
    "turn": pl.Int16,  # the voice: 0 for all speech of the channel, where one speaker was found; 1 and on: its speakers
    "labels_sha256": pl.String,  # of the file with an examiner's turns; empty where speakers were found
}

SCHEMAS: dict[str, Schema] = {
    # one row per path: the file there
    "files": {
        "path": pl.String,  # absolute, as ``path_text`` writes it
        "sha256": pl.String,  # null where the bytes could not be read
        "size_bytes": pl.Int64,
        "modified_ns": pl.Int64,
        "side": pl.String,  # a ``FileSide``
        "status": pl.String,  # a ``FileStatus``
        "reason": pl.String,  # why it was skipped or unreadable
        "remedy": pl.String,
        "scanned_utc": pl.Datetime("us", "UTC"),
    },
    # one row per file content and examination: facts of container and codec; the ledger of what is done
    "recordings": {
        "sha256": pl.String,
        "model_sha256": pl.String,
        "settings_sha256": pl.String,
        "container": pl.String,
        "codec": pl.String,
        "sample_rate_hz": pl.Int32,
        "channels": pl.Int16,
        "bit_rate": pl.Int64,
        "bits_per_sample": pl.Int16,
        "duration_s": pl.Float64,
        "notes": pl.List(pl.String),
        "labels_sha256": pl.String,  # as in ``TURN_KEY``; rows of turns under another belong to an earlier choice
        "labels_path": pl.String,
        "tags": pl.List(pl.String),  # of container and stream, "name=value"
    },
    # one row per channel with speech, or per speaker in it if there are several
    "quality": TURN_KEY
    | {
        "speakers": pl.Int16,  # in the channel
        "speaker_name": pl.String,  # by an examiner; empty where the speaker was found
        "duration_s": pl.Float64,
        "speech_level_dbfs": pl.Float64,
        "noise_level_dbfs": pl.Float64,
        "peak_dbfs": pl.Float64,
        **{quantity.name: pl.Float64 for quantity in QUANTITIES},
        "envelope_low": pl.List(pl.Float32),  # the outline of the waveform, for a plot
        "envelope_high": pl.List(pl.Float32),
    },
    # one row per stretch of speech; embedding is null if no window is centred in the stretch
    "segments": TURN_KEY
    | {
        "segment": pl.Int32,
        "start_s": pl.Float64,
        "end_s": pl.Float64,
        "windows": pl.Int32,
        "embedding": pl.List(pl.Float32),
    },
    # one row per turn, in channels where several speakers were found or turns were set; ``turn`` numbers the speaker
    "turns": TURN_KEY
    | {
        "start_s": pl.Float64,
        "end_s": pl.Float64,
        "speaker_name": pl.String,  # as in ``quality``
    },
    # one row per channel with speech, or per speaker in it
    "embeddings": TURN_KEY | {"windows": pl.Int32, "embedding": pl.List(pl.Float32)},
    # one row per channel with speech, or per speaker in it, and second model, if the settings name one
    "second": TURN_KEY
    | {
        "second_sha256": pl.String,
        "net_speech_s": pl.Float64,  # that was embedded
        "embedding": pl.List(pl.Float32),  # null if there is none
        "problem": pl.String,  # why there is none, and what would help; null otherwise
    },
    # one row per channel with speech, or per speaker in it, if languages are classified: of its first minute of speech
    "language": TURN_KEY
    | {
        "answer": pl.String,  # "named", or why no language is
        "language": pl.String,  # BCP 47; null unless named
        "probability": pl.Float64,  # of the first of the candidates, named or not; null with too little speech
        "top_languages": pl.List(pl.String),
        "top_probabilities": pl.List(pl.Float64),
        "speech_s": pl.Float64,  # that was heard
        "accent_answer": pl.String,  # null unless the language is English
        "accent": pl.String,
        "accent_probability": pl.Float64,
    },
    # one row per channel with speech; 32 bits per frame, little-endian, 0 outside speech
    "fingerprints": EVIDENCE_KEY | {"fingerprint": pl.Binary},
    # one row per recording (channel null) or channel that could not be examined
    "failures": EVIDENCE_KEY | {"step": pl.String, "problem": pl.String, "remedy": pl.String},
}
"""Column name to type, by table."""

KEYS: dict[str, list[str]] = {
    "files": ["path"],
    "recordings": ["sha256", "model_sha256", "settings_sha256"],
    "quality": list(TURN_KEY),
    "segments": [*TURN_KEY, "segment"],
    "turns": [*TURN_KEY, "start_s", "end_s"],
    "embeddings": list(TURN_KEY),
    "second": [*TURN_KEY, "second_sha256"],
    "language": list(TURN_KEY),
    "fingerprints": list(EVIDENCE_KEY),
    "failures": list(EVIDENCE_KEY),
}
"""What identifies a row of each table."""

_ESCAPED = re.compile(r"\\u(dc[89a-f][0-9a-f])")
"""A byte of a path that is no UTF-8, as ``path_text`` writes it."""

_PART = re.compile(r"^(?P<table>[a-z]+)\.(?P<batch>\d{6})\.parquet$")


Announce: TypeAlias = Callable[[Mapping[Path, str], Sequence[Path]], None]
"""Called before files are put in place, with the SHA-256 of each, and with those that are deleted afterwards."""


class EvidenceStore:
    """The Parquet tables under ``CASE/evidence``.

    Args:
        folder: made where it is missing.
        announce: told of every change before it is made.
        writes: whether to make the folder, and to remove what a killed run left.
    """

    def __init__(
        self, folder: Path, announce: Announce = lambda _files, _replaced: None, *, writes: bool = True
    ) -> None:
        self.folder, self._announce = folder, announce
        if not writes:
            return
        folder.mkdir(parents=True, exist_ok=True)
        self._drop_unfinished()
        self._batches = max((number for number, _ in self._parts("recordings")), default=0)

    def append(self, rows: Mapping[str, pl.DataFrame]) -> None:
        """Add one batch; it counts as a whole or not at all.

        Args:
            rows: frames by table, of the table's schema; missing tables get no rows.
        """
        self._batches += 1  # and not what the folder says: listing thousands of files takes longer than writing some
        frames = (
            (self._part_path(table, self._batches), frame.select(SCHEMAS[table].keys()))
            for table in sorted(SCHEMAS, key=lambda name: name == "recordings")  # the ledger last
            if not (frame := rows.get(table, empty(table))).is_empty() or table == "recordings"
        )
        self._place(frames, ())

    def read(self, table: str) -> pl.DataFrame:
        """All rows of a table, the latest for each key.

        Raises:
            CaseError: if a file of the table cannot be read.
        """
        paths = self._files(table)
        if not paths:
            return empty(table)
        try:
            frame = pl.concat([empty(table), *(pl.read_parquet(path) for path in paths)], how="diagonal")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._unreadable(table, error) from error
        earlier = {
            "turn": 0,
            "labels_sha256": "",
            "speakers": 1,
            "speaker_name": "",
        }  # what evidence without these columns means
        known = [pl.col(name).fill_null(value) for name, value in earlier.items() if name in SCHEMAS[table]]
        return frame.with_columns(known).unique(KEYS[table], keep="last", maintain_order=True)

    def read_of(self, table: str, model_sha256: str, settings_sha256: str) -> pl.DataFrame:
        """The rows of a table that one model and one settings made.

        Of a recording whose turns an examiner set, once or again, those of the latest choice.

        Raises:
            CaseError: if a file of the table cannot be read.
        """
        ours = _made_by(model_sha256, settings_sha256)
        return self._rows_of(table, ours, self.read("recordings").filter(ours))

    def tables_of(
        self, model_sha256: str, settings_sha256: str, second_sha256: str | None = None
    ) -> dict[str, pl.DataFrame]:
        """Every table by name: of ``files`` all rows, of the others those that one model and one settings made.

        Of ``second``, only those of one second model; none without it.

        Raises:
            CaseError: if a file of a table cannot be read.
        """
        ours = _made_by(model_sha256, settings_sha256)
        recordings = self.read("recordings").filter(ours)
        names = [name for name in SCHEMAS if name not in {"files", "second"}]
        tables = {name: self._rows_of(name, ours, recordings) for name in names}
        return tables | {
            "second": self.second_of(model_sha256, settings_sha256, second_sha256),
            "files": self.read("files"),
        }

    def second_of(self, model_sha256: str, settings_sha256: str, second_sha256: str | None) -> pl.DataFrame:
        """The rows of ``second`` of one second model, as of ``read_of``; none without one."""
        if second_sha256 is None:
            return empty("second")
        rows = self.read_of("second", model_sha256, settings_sha256)
        return rows.filter(pl.col("second_sha256") == second_sha256)

    def _rows_of(self, table: str, ours: pl.Expr, recordings: pl.DataFrame) -> pl.DataFrame:
        if table == "recordings":
            return recordings
        rows = self.read(table).filter(ours)
        if table == "failures":  # of a whole recording, they are over once it was examined after all
            return rows.filter(
                pl.col("channel").is_not_null() | ~pl.col("sha256").is_in(recordings["sha256"].implode())
            )
        if "labels_sha256" not in SCHEMAS[table]:
            return rows
        return rows.join(recordings, on=["sha256", "labels_sha256"], how="semi")

    def compact(self) -> None:
        """Join the batches of each table into one file."""
        parts = {table: [path for _, path in self._parts(table)] for table in SCHEMAS}
        replaced = [path for table in SCHEMAS if table != "recordings" for path in parts[table]] + parts["recordings"]
        self._place(((self.folder / f"{t}.parquet", self.read(t)) for t in SCHEMAS if parts[t]), replaced)

    def _place(self, frames: Iterable[tuple[Path, pl.DataFrame]], replaced: Sequence[Path]) -> None:
        """Write tables, then delete those that they replace, the ledger last: a kill repeats rows, and loses none."""
        files = ((path, parquet(frame)) for path, frame in frames)
        place_together(files, lambda hashes: self._announce(hashes, replaced))
        for path in replaced:
            path.unlink()

    def _files(self, table: str) -> list[Path]:
        whole = self.folder / f"{table}.parquet"
        return [whole] * whole.exists() + [path for _, path in sorted(self._parts(table))]

    def _unreadable(self, table: str, error: Exception) -> CaseError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).rstrip(".")
        return CaseError(
            f"The evidence table {table} of {self.folder.parent} cannot be read: {reason}.",
            "Restore the case folder from a copy, or delete its evidence folder and scan again.",
        )

    def _part_path(self, table: str, batch: int) -> Path:
        return self.folder / f"{table}.{batch:06d}.parquet"

    def _parts(self, table: str) -> list[tuple[int, Path]]:
        found = []
        for path in self.folder.iterdir():
            name = _PART.match(path.name)
            if name and name["table"] == table:
                found.append((int(name["batch"]), path))
        return found

    def _drop_unfinished(self) -> None:
        """Remove what a killed run left: temporary files, and batches whose ledger was never written."""
        finished = {number for number, _ in self._parts("recordings")}
        for path in list(self.folder.iterdir()):
            name = _PART.match(path.name)
            if path.name.endswith(".tmp") or (name and int(name["batch"]) not in finished):
                path.unlink()


def path_text(path: Path) -> str:
    """A path as text that Parquet can hold: bytes that are no UTF-8 are written as backslash escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def stored_path(text: str) -> Path:
    """The path that ``path_text`` wrote; a file whose name has such an escape itself comes first."""
    path = Path(text)
    return path if path.exists() else Path(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))


def empty(table: str) -> pl.DataFrame:
    """A frame of the table's schema without rows."""
    return pl.DataFrame(schema=SCHEMAS[table])


def _made_by(model_sha256: str, settings_sha256: str) -> pl.Expr:
    return (pl.col("model_sha256") == model_sha256) & (pl.col("settings_sha256") == settings_sha256)
