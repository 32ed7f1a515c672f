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
    _touch(tmp_path / "a" / "1.wav")
    _touch(tmp_path / "a" / "2.wav")
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
    _touch(tmp_path / "1.wav")
    _touch(tmp_path / "2.wav")
    (tmp_path / "set.csv").write_text("path,suspect,session\n1.wav,Anna,monday\n2.wav,Anna,\n", encoding="utf-8")
    (suspect,) = read_reference_set(tmp_path / "set.csv")
    assert suspect.sessions == ("monday", "")


def _table(tmp_path, *lines):
    path = tmp_path / "set.csv"
    path.write_text("\n".join(("path,suspect", *lines)) + "\n", encoding="utf-8")
    return read_reference_set(path)


def test_an_unquoted_comma_makes_no_suspect_of_two(tmp_path):
    _touch(tmp_path / "a.wav")
    with pytest.raises(ReferenceSetError, match="Line 2"):
        _table(tmp_path, "a.wav,Smith, Anna")


def test_a_folder_in_a_table_stands_for_the_recordings_in_it(tmp_path):
    for name in ("anna/1.wav", "anna/deep/2.wav", "anna/notes.txt", "anna/Thumbs.db", "b.wav"):
        _touch(tmp_path / name)
    anna, bert = _table(tmp_path, "anna/,Anna", "anna/1.wav,Anna", "b.wav,Bert")
    assert [path.relative_to(tmp_path).as_posix() for path in anna.paths] == ["anna/1.wav", "anna/deep/2.wav"]
    assert bert.paths == (tmp_path / "b.wav",)


def test_a_folder_without_recordings_in_a_table_is_refused_with_its_line(tmp_path):
    _touch(tmp_path / "anna" / "notes.txt")
    with pytest.raises(ReferenceSetError, match=r"Line 2 .* holds no recording"):
        _table(tmp_path, "anna,Anna")


def test_a_file_within_anothers_folder_is_refused(tmp_path):
    _touch(tmp_path / "anna" / "1.wav")
    with pytest.raises(ReferenceSetError, match="two suspects, Anna and Dora"):
        _table(tmp_path, "anna,Anna", "anna/../anna/1.wav,Dora")


def test_files_that_are_not_there_are_refused_with_their_lines(tmp_path):
    _touch(tmp_path / "a.wav")
    with pytest.raises(ReferenceSetError, match="Lines 2, 4 "):
        _table(tmp_path, "x.wav,Anna", "a.wav,Anna", "y.wav,Bert")


def test_one_file_of_two_sessions_is_refused(tmp_path):
    _touch(tmp_path / "a.wav")
    (tmp_path / "set.csv").write_text("path,suspect,session\na.wav,Anna,one\n./a.wav,Anna,two\n")
    with pytest.raises(ReferenceSetError, match=r"Line 3 .* another session"):
        read_reference_set(tmp_path / "set.csv")


def test_absolute_paths_lead_anywhere(tmp_path):
    real = _touch(tmp_path / "archive" / "a.wav")
    (tmp_path / "lists").mkdir()
    (suspect,) = _table(tmp_path / "lists", f"{real},Anna")
    assert suspect.paths == (real,)


def test_what_systems_and_people_leave_beside_recordings_is_no_suspect(tmp_path):
    for name in (
        "Thumbs.db", "desktop.ini", ".DS_Store", "__MACOSX/._1.wav", "._anna", "notes.txt", "README", "Notes.md",
        "photo.JPG", "minutes/meeting.docx", "~$notes.docx", "$RECYCLE.BIN/x.wav",
    ):  # fmt: skip
        _touch(tmp_path / name)
    _touch(tmp_path / "anna" / "1.wav")
    _touch(tmp_path / "anna" / "._1.wav")
    (suspect,) = read_reference_set(tmp_path)
    assert (suspect.name, [path.name for path in suspect.paths]) == ("anna", ["1.wav"])


def test_a_suspect_whose_folder_is_empty_stays_a_suspect(tmp_path):
    """So that the table of results says that there is no recording, instead of saying nothing."""
    (tmp_path / "carl").mkdir()
    _touch(tmp_path / "anna.wav")
    assert [(s.name, len(s.paths)) for s in read_reference_set(tmp_path)] == [("anna", 1), ("carl", 0)]


@pytest.mark.parametrize(
    "folders", [("anna", "bert"), ("s01", "s02"), ("deep/anna", "deep/bert"), ("call 1", "bert"), ("p1/x", "p2/x")]
)
def test_folders_of_several_people_below_a_suspect_are_refused(tmp_path, folders):
    for folder in folders:
        _touch(tmp_path / "team1" / folder / "1.wav")
    with pytest.raises(ReferenceSetError, match="may be of several people") as raised:
        read_reference_set(tmp_path)
    assert "directly in" in raised.value.remedy


@pytest.mark.parametrize(
    "folders",
    [
        ("session 1", "session 2"),
        ("2024-03-01", "2024-03-02"),
        ("phone", "Interviews"),
        ("anna_call1", "Anna 2"),
        ("a folder", "a folder/call 1"),
    ],
)
def test_folders_of_sessions_below_a_suspect_are_one_suspect(tmp_path, folders):
    for folder in folders:
        _touch(tmp_path / "anna" / folder / "1.wav")
    (suspect,) = read_reference_set(tmp_path)
    assert len(suspect.paths) == len(folders)


def test_suspects_whose_names_differ_in_capital_letters_or_accents_form_are_refused(tmp_path):
    for one, other in (("anna", "Anna"), ("Ren\u00e9", "Rene\u0301")):
        root = tmp_path / one
        _touch(root / one / "1.wav")
        _touch(root / other / "1.wav")
        with pytest.raises(ReferenceSetError, match="capital letters"):
            read_reference_set(root)


def test_a_link_that_gives_two_suspects_one_file_is_refused(tmp_path):
    _touch(tmp_path / "anna" / "1.wav")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "2.wav").symlink_to(tmp_path / "anna" / "1.wav")
    with pytest.raises(ReferenceSetError, match="One file stands for two suspects"):
        read_reference_set(tmp_path)
