"""The calibrations of a case, kept in its folder, so that the next comparison or linking need not compute them again.

They are bound as evidence is (``forensic.case.binding``): the audit log states the hash of each file before it is
there, and only bytes of that hash are read. So a kept calibration that somebody edited stops the command, and changes
no LR. A key names everything that a calibration depends on; what has another key is not found.
"""

import io
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from forensic.case.binding import Binding
from forensic.errors import CaseError
from forensic.records import Calibration
from forensic.storage.archive import packed, read_archive
from forensic.storage.atomic import place_together
from forensic.storage.tables import parquet
from forensic.storage.toml import Blame

MOST_BYTES = 256 << 20
"""Of all files together; the oldest make room for new ones."""

CALIBRATIONS_SCHEMA = {"key": pl.String, "calibration_id": pl.String, "content": pl.Binary}

_BLAME = Blame(CaseError, "the kept calibration ", "Delete the folder of calibrations: they are computed again.")


class CalibrationStore:
    """The files under ``CASE/calibrations``.

    Args:
        folder: made with the first calibration.
        binding: of the case.
    """

    def __init__(self, folder: Path, binding: Binding) -> None:
        self._folder, self._binding = folder, binding

    def read(self, keys: Collection[str]) -> dict[str, Calibration]:
        """Those of some calibrations that are kept, by key.

        Raises:
            CaseError: if a file is not what the log says.
        """
        found: dict[str, Calibration] = {}
        for path in self._files():
            lacking = set(keys) - found.keys()
            if lacking.isdisjoint(pl.read_parquet(path, columns=["key"])["key"]):
                continue
            rows = pl.read_parquet(io.BytesIO(self._binding.content(path))).filter(pl.col("key").is_in(lacking))
            for key, content in rows.select("key", "content").iter_rows():
                found[key] = read_archive(io.BytesIO(content), Calibration, _BLAME)
        return found

    def add(self, new: Mapping[str, Calibration]) -> None:
        """Keep calibrations, by key.

        Raises:
            CaseError: if they cannot be written.
        """
        rows = [(key, each.id, packed(each)) for key, each in new.items()]
        content = parquet(pl.DataFrame(rows, CALIBRATIONS_SCHEMA, orient="row"))
        if not rows or len(content) > MOST_BYTES:
            return
        replaced = self._oldest(len(content))
        path = self._folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.parquet"
        try:
            self._folder.mkdir(exist_ok=True)
            place_together([(path, content)], lambda hashes: self._binding.writes(hashes, replaced))
            for each in replaced:
                each.unlink()
        except OSError as error:
            raise CaseError(
                f"The calibrations of {self._folder.parent} cannot be kept: {error.strerror}.",
                "Check its permissions and the free space.",
            ) from error

    def _oldest(self, room: int) -> list[Path]:
        """The files that go, so that there is room for so many bytes."""
        files = self._files()
        left = sum(path.stat().st_size for path in files)
        gone = []
        for path in files:
            if left + room <= MOST_BYTES:
                break
            left -= path.stat().st_size
            gone.append(path)
        return gone

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.parquet"))
