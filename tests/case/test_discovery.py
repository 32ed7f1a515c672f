"""Every file below the roots is found once; what stands in the way is reported, never an exception."""

import hashlib
import os
import socket

import pytest
from factories import ODD_NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from forensic.case.discovery import discover, hash_file
from forensic.errors import CaseError, FileReadError


def write(root, *names):
    """Files with one byte, at paths below the root."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(root, **globs):
    """Paths of the discovered files, relative to the root."""
    return [path.relative_to(root).as_posix() for path in discover([root], **globs).files]


def test_files_are_found_however_deep_in_order_of_their_names(tmp_path):
    """Hidden files, too; the order never depends on the disk."""
    write(tmp_path, "b.wav", "a/z.wav", "a/b/c/d/e/f/g.wav", ".hidden/x.wav", "a.wav", ".DS_Store")
    assert found(tmp_path) == [".hidden/x.wav", "a/b/c/d/e/f/g.wav", "a/z.wav", "a.wav", "b.wav"]


def test_very_deep_folders_do_not_exhaust_the_stack(tmp_path):
    """Depth is bounded by the system alone."""
    depth = 300
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("deep.wav", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    assert found(tmp_path)[0].count("/") == depth


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_only_names(tmp_path, name):
    """Quotes, brackets, newlines and undecodable bytes are part of a name."""
    write(tmp_path, name)
    assert found(tmp_path) == [name]
    assert hash_file(tmp_path / name).size_bytes == 1


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_name_the_system_takes_is_found(tmp_path_factory, name):
    """Whatever can be written can be found."""
    root = tmp_path_factory.mktemp("any")
    try:
        write(root, name)
    except (OSError, ValueError):
        return
    assert found(root) == [name]


def test_a_loop_of_links_is_walked_once(tmp_path):
    """Links back up end the walk there, and a link to itself is reported."""
    write(tmp_path, "a/x.wav")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    result = discover([tmp_path])
    assert [path.name for path in result.files] == ["x.wav"]
    assert [problem.path.name for problem in result.problems] == ["self"]


def test_a_file_that_is_reached_twice_is_found_once(tmp_path):
    """By links, by nested roots, by roots given twice."""
    write(tmp_path, "a.wav", "folder/b.wav")
    (tmp_path / "link.wav").symlink_to("a.wav")
    (tmp_path / "other").symlink_to("folder")
    assert found(tmp_path) == ["a.wav", "folder/b.wav"]
    assert len(discover([tmp_path, tmp_path, tmp_path / "folder", tmp_path / "a.wav"]).files) == 2


def test_links_out_of_the_root_are_followed(tmp_path):
    """A folder of links to an archive is a common way to select."""
    write(tmp_path / "store", "a.wav")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "in").symlink_to(tmp_path / "store")
    assert found(tmp_path / "root") == ["in/a.wav"]


def test_pipes_sockets_and_dangling_links_are_reported_and_not_opened(tmp_path, monkeypatch):
    """Opening a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "gone.wav").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        result = discover([tmp_path])
    assert result.files == ()
    assert [problem.path.name for problem in result.problems] == ["gone.wav", "pipe.wav", "socket.wav"]
    assert all(problem.problem and problem.remedy for problem in result.problems)


def test_an_unreadable_folder_is_reported_and_the_rest_found(tmp_path, monkeypatch):
    """One locked folder costs the others nothing."""
    write(tmp_path, "locked/a.wav", "open/b.wav")
    plain = type(tmp_path).iterdir

    def iterdir(path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)
    result = discover([tmp_path])
    assert [path.name for path in result.files] == ["b.wav"]
    assert [(problem.path.name, problem.problem) for problem in result.problems] == [
        ("locked", "It cannot be read: Permission denied.")
    ]


def test_a_case_folder_is_no_source_of_recordings(tmp_path):
    """Scanning the folder that holds the case does not scan the case."""
    write(tmp_path, "a.wav", "case/case.toml", "case/evidence/quality.parquet", "case/copy.wav", "not-one/case.toml")
    assert found(tmp_path) == ["a.wav", "not-one/case.toml"]


def test_a_case_folder_as_root_gives_its_files_but_not_its_output(tmp_path):
    """Recordings kept in the case folder are found."""
    write(tmp_path, "case.toml", "evidence/quality.parquet", "comparisons/1/report.pdf", "recordings/a.wav")
    assert found(tmp_path) == ["case.toml", "recordings/a.wav"]


def test_a_root_may_be_a_file(tmp_path):
    """A single recording needs no folder."""
    write(tmp_path, "a.wav")
    assert discover([tmp_path / "a.wav"]).files == (tmp_path / "a.wav",)


def test_a_missing_root_is_an_error_with_a_remedy(tmp_path):
    """A typing error must not look like an empty folder."""
    with pytest.raises(CaseError, match="does not exist") as caught:
        discover([tmp_path, tmp_path / "missing"])
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("globs", "wanted"),
    [
        ({"include": ["*.wav"]}, ["a.WAV", "calls/b.wav", "calls/old/c.wav"]),
        ({"include": ["calls/*"]}, ["calls/b.wav", "calls/old/c.wav", "calls/d.mp3"]),
        ({"include": ["**/b.*"]}, ["calls/b.wav"]),
        ({"exclude": ["OLD"]}, ["a.WAV", "calls/b.wav", "calls/d.mp3"]),
        ({"include": ["*.wav", "*.mp3"], "exclude": ["calls/b*"]}, ["a.WAV", "calls/old/c.wav", "calls/d.mp3"]),
        ({"include": ["[[]x[]].wav"]}, []),
    ],
)
def test_globs_compare_names_and_paths_whatever_the_case(tmp_path, globs, wanted):
    """Recorders write .WAV as often as .wav."""
    write(tmp_path, "a.WAV", "calls/b.wav", "calls/old/c.wav", "calls/d.mp3")
    assert sorted(found(tmp_path, **globs)) == sorted(wanted)


def test_the_hash_is_that_of_the_bytes(tmp_path):
    """And the size is what was hashed."""
    content = os.urandom(3_000_001)
    (tmp_path / "a").write_bytes(content)
    source = hash_file(tmp_path / "a")
    assert (source.sha256, source.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_what_cannot_be_read_cannot_be_hashed(tmp_path):
    """Missing files, folders and pipes give a read error, at once."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe"):
        with pytest.raises(FileReadError) as caught:
            hash_file(path)
        assert caught.value.remedy


def test_litter_is_found_apart(tmp_path):
    write(tmp_path, "a.wav", "Thumbs.db", "x/.DS_Store", "__MACOSX/._a.wav", "x/._b.wav", "x/b.wav")
    result = discover([tmp_path])
    assert [path.name for path in result.files] == ["a.wav", "b.wav"]
    assert sorted(path.name for path in result.litter) == [".DS_Store", "._b.wav", "Thumbs.db", "__MACOSX"]
