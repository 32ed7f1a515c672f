"""Manifests of people are read as other tables are, wherever their recordings lie."""

import pytest

from forensic.errors import TrainingError
from forensic.examination.manifest import manifest_rows, read_manifest


@pytest.fixture
def write(tmp_path):
    def lines(*text, name="people.csv"):
        path = tmp_path / "lists" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return path

    return lines


def test_paths_below_the_manifest_stay_relative_and_others_do_not(write, tmp_path):
    elsewhere = tmp_path / "archive" / "a.wav"
    path = write("path;speaker;seconds", f"{elsewhere};Ann;1,5", "./deep/b.wav;Ann;")
    frame = read_manifest(path, ())
    assert frame["path"].to_list() == [str(elsewhere), "deep/b.wav"]
    assert frame["seconds"].to_list() == [1.5, 4.0]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["path,speaker", "a.wav,Smith, Ann"], "Line 2 of .* 3 cells"),
        (["path,speaker", "a.wav,Ann", "./a.wav,Ben"], "Lines 2 and 3 .* one file"),
        (["path,speaker", "a.wav,Ann", "b.wav,ann"], "capital letters"),
        (["path,speaker", "a.wav,Ann", ",Ben"], "Line 3 of .* path is missing"),
        (["path,speaker", "folder,Ann"], "a folder stands"),
        (["path,speaker,seconds", "a.wav,Ann,long"], "Line 2 of .* seconds"),
        (["path,speaker,split", "a.wav,Ann,other"], "no recording of the splits"),
    ],
)
def test_a_manifest_that_would_mix_people_is_refused(write, tmp_path, lines, problem):
    path = write(*lines)
    (path.parent / "folder").mkdir()
    (path.parent / "a.wav").touch()
    with pytest.raises(TrainingError, match=problem):
        read_manifest(path, ("train",))


def test_one_file_may_be_unlabelled_and_there_twice(write):
    assert manifest_rows(write("path,speaker", "a.wav,", "a.wav,"), (), ("speaker",)).height == 2


def test_folders_of_people_hold_recordings_of_any_kind_and_no_litter(tmp_path):
    for name in ("ann/1.amr", "ann/._1.wav", "ann/notes.txt", "Thumbs.db", "__MACOSX/ann/1.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert read_manifest(tmp_path, ()).select("path", "speaker").rows() == [("ann/1.amr", "ann")]
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "2.wav").touch()
    with pytest.raises(TrainingError, match="capital letters"):
        read_manifest(tmp_path, ())
