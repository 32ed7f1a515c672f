"""The reference set: folders, loose files, manifests."""

import pytest

from forensic.case.reference import read_reference_set
from forensic.errors import ReferenceSetError


def _touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(path.name.encode())
    return path


def test_each_folder_is_a_suspect_with_all_recordings_in_it(tmp_path):
    _touch(tmp_path / "Anna" / "1.wav")
    _touch(tmp_path / "Anna" / "deep" / "2.wav")
    _touch(tmp_path / "Ben" / "1.wav")
    suspects = read_reference_set(tmp_path)
    assert [(s.name, len(s.paths)) for s in suspects] == [("Anna", 2), ("Ben", 1)]


def test_each_loose_file_is_a_suspect(tmp_path):
    _touch(tmp_path / "anna.wav")
    _touch(tmp_path / "ben.wav")
    _touch(tmp_path / ".hidden")
    assert [s.name for s in read_reference_set(tmp_path)] == ["anna", "ben"]


def test_two_loose_files_of_one_stem_stay_two_suspects(tmp_path):
    _touch(tmp_path / "anna.wav")
    _touch(tmp_path / "anna.mp3")
    assert [s.name for s in read_reference_set(tmp_path)] == ["anna.mp3", "anna.wav"]


def test_a_manifest_names_suspects_and_paths_relative_to_it(tmp_path):
    (tmp_path / "set.csv").write_text("\ufeffpath,suspect\na/1.wav,Anna\na/2.wav,Anna\n", encoding="utf-8")
    (suspect,) = read_reference_set(tmp_path / "set.csv")
    assert suspect.name == "Anna"
    assert suspect.paths == (tmp_path / "a/1.wav", tmp_path / "a/2.wav")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        ("file,who\na.wav,Anna\n", "lacks the columns"),
        ("path,suspect\na.wav,\n", "Line 2"),
        ("path,suspect\na.wav,Anna\na.wav,Ben\n", "two suspects"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path, content, problem):
    (tmp_path / "set.csv").write_text(content)
    with pytest.raises(ReferenceSetError, match=problem):
        read_reference_set(tmp_path / "set.csv")


def test_an_empty_reference_set_is_an_error_that_shows_the_layout(tmp_path):
    with pytest.raises(ReferenceSetError, match="empty") as raised:
        read_reference_set(tmp_path)
    assert "folder of recordings for each suspect" in raised.value.remedy


def test_a_reference_set_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ReferenceSetError, match="does not exist"):
        read_reference_set(tmp_path / "nowhere")


def test_a_manifest_may_name_the_session_of_each_file(tmp_path):
    (tmp_path / "set.csv").write_text("path,suspect,session\n1.wav,Anna,monday\n2.wav,Anna,\n", encoding="utf-8")
    (suspect,) = read_reference_set(tmp_path / "set.csv")
    assert suspect.sessions == ("monday", "")
