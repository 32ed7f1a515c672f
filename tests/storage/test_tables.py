"""A table is on disk whole, or the disk's refusal is said."""

import resource

import polars as pl
import pytest

from forensic.storage.tables import write_parquet


@pytest.fixture
def small_files():
    """No file may grow beyond 64 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_frame_comes_back(tmp_path):
    frame = pl.DataFrame({"number": [1, 2], "text": ["a", None]})
    write_parquet(frame, tmp_path / "frame.parquet")
    assert pl.read_parquet(tmp_path / "frame.parquet").equals(frame)


def test_a_disk_that_refuses_is_an_error_of_the_system_that_names_the_file(tmp_path, small_files):
    frame = pl.select(number=pl.int_range(100_000).hash())
    with pytest.raises(OSError, match=r"too large.*frame\.parquet"):
        write_parquet(frame, tmp_path / "frame.parquet")
    assert not list(tmp_path.iterdir())
