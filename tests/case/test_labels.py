"""Label files go out and come back, and what fits no recording or two is refused."""

from pathlib import Path

import pytest

from forensic.case.labels import read_labels, write_labels
from forensic.errors import CaseError
from forensic.records import Turn

TURNS = {1: (Turn(0.5, 2.25, 1), Turn(2.5, 4.0, 2)), 2: (Turn(0.0, 9.0, 1),)}
CALL = Path("/case/in/call one.wav")


@pytest.mark.parametrize("kind", ["rttm", "audacity"])
def test_what_is_written_is_read_back(tmp_path, kind):
    write_labels(tmp_path, "in/call one.wav", TURNS)
    labels = read_labels(tmp_path / kind, [CALL, Path("/case/in/other.wav")]).by_recording
    assert list(labels) == [CALL]
    found = labels[CALL].turns
    assert [(t.start_s, t.end_s) for t in found[1]] == [(0.5, 2.25), (2.5, 4.0)]
    assert [(t.start_s, t.end_s) for t in found[2]] == [(0.0, 9.0)]
    assert labels[CALL].names[found[1][0].speaker] == labels[CALL].names[found[2][0].speaker]
    assert labels[CALL].names[found[1][1].speaker] != labels[CALL].names[found[2][0].speaker]


def test_turns_of_one_speaker_that_touch_are_written_as_one(tmp_path):
    write_labels(tmp_path, "a.wav", {0: (Turn(0.0, 1.0, 1), Turn(1.0, 2.0, 1, is_clear=False), Turn(2.5, 3.0, 1))})
    assert (tmp_path / "audacity" / "a.wav.txt").read_text().splitlines() == [
        "0.000\t2.000\tspeaker 1",
        "2.500\t3.000\tspeaker 1",
    ]


def test_a_label_without_a_channel_is_of_every_channel(tmp_path):
    (tmp_path / "call one.txt").write_text("0.0\t1.0\tA\n\\\t100\t2000\n1.0\t2.0\tchannel 2: B\n")
    labels = read_labels(tmp_path / "call one.txt", [CALL]).by_recording[CALL]
    assert {channel: len(turns) for channel, turns in labels.turns.items()} == {None: 1, 2: 1}
    assert labels.names == {1: "A", 2: "B"}


def test_one_rttm_file_may_name_several_recordings(tmp_path):
    lines = [f"SPEAKER {name} 1 0.0 1.0 <NA> <NA> A <NA> <NA>\n" for name in ("a", "b.wav", "of_another_case")]
    (tmp_path / "all.rttm").write_text("".join(lines))
    found = read_labels(tmp_path / "all.rttm", [Path("/q/a.wav"), Path("/q/b.wav")])
    assert set(found.by_recording) == {Path("/q/a.wav"), Path("/q/b.wav")}
    assert found.strays == ((tmp_path / "all.rttm", "of_another_case"),)


def test_labels_for_a_recording_that_is_not_there_are_strays_unless_it_is_known(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.txt").write_text("0\t1\tA\n")
    found = read_labels(tmp_path, [Path("/q/a.wav")], [Path("/q/b.wav")])
    assert found.strays == ((tmp_path / "c.txt", "c"),)


@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("Officer Smith <NA> <NA>", "Officer Smith"),
        ("Officer  Smith <NA>", "Officer Smith"),
        ("Officer 2 <NA> <NA>", "Officer 2"),
        ("Smith 0.75 <NA>", "Smith"),
        ("Smith 0.75", "Smith"),
        ("Smith", "Smith"),
        ("1 <NA> <NA>", "1"),
    ],
)
def test_a_speakers_name_in_rttm_may_hold_blanks(tmp_path, end, name):
    (tmp_path / "a.rttm").write_text(f"SPEAKER a 1 0.000 12.000 <NA> <NA> {end}\n")
    assert read_labels(tmp_path / "a.rttm", [Path("/q/a.wav")]).by_recording[Path("/q/a.wav")].names == {1: name}


def test_two_officers_are_two_speakers(tmp_path):
    lines = [f"SPEAKER a 1 {start} 12.0 <NA> <NA> Officer {name} <NA> <NA>\n" for start, name in ((0, "A"), (12, "B"))]
    (tmp_path / "a.rttm").write_text("".join(lines))
    labels = read_labels(tmp_path / "a.rttm", [Path("/q/a.wav")]).by_recording[Path("/q/a.wav")]
    assert labels.names == {1: "Officer A", 2: "Officer B"}


def test_speakers_whose_names_differ_in_capital_letters_alone_are_refused(tmp_path):
    (tmp_path / "a.txt").write_text("0\t1\tAnna\n1\t2\tBert\n2\t3\tanna\n")
    with pytest.raises(CaseError, match="Lines 1 and 3"):
        read_labels(tmp_path, [Path("/q/a.wav")])


def test_of_recordings_of_one_name_the_folder_decides(tmp_path):
    recordings = [Path("/q/one/a.wav"), Path("/q/two/a.wav")]
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "a.txt").write_text("0\t1\tA\n")
    assert list(read_labels(tmp_path, recordings).by_recording) == [recordings[1]]
    (tmp_path / "a.txt").write_text("0\t1\tA\n")
    with pytest.raises(CaseError, match="fits several recordings"):
        read_labels(tmp_path / "a.txt", recordings)


def test_label_files_beside_the_recordings_are_no_recordings(tmp_path):
    (tmp_path / "a.txt").write_text("0\t1\tA\n")
    recordings = [tmp_path / "a.txt", tmp_path / "a.wav"]
    assert list(read_labels(tmp_path, recordings).by_recording) == [tmp_path / "a.wav"]


def test_two_label_files_for_one_recording_are_refused(tmp_path):
    for name in ("a.txt", "a.wav.txt"):
        (tmp_path / name).write_text("0\t1\tA\n")
    with pytest.raises(CaseError, match="both for"):
        read_labels(tmp_path, [Path("/q/a.wav")])


def test_labels_that_fit_no_recording_are_refused(tmp_path):
    (tmp_path / "b.txt").write_text("0\t1\tA\n")
    with pytest.raises(CaseError, match="No recording fits"):
        read_labels(tmp_path, [Path("/q/a.wav")])
    (tmp_path / "b.txt").unlink()
    with pytest.raises(CaseError, match="holds no label file"):
        read_labels(tmp_path, [Path("/q/a.wav")])


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.txt", "0,5\t1,0\tA"),
        ("a.txt", "nothing"),
        ("a.txt", "2.0\t1.0\tA"),
        ("a.txt", "-1.0\t1.0\tA"),
        ("a.txt", "nan\t1.0\tA"),
        ("a.txt", "0\t1\tA\tB"),
        ("a.rttm", "SPEAKER a 1 0.0"),
        ("a.rttm", "SPEAKER a 1 0.0 1.0 <NA> <NA> Officer Smith"),
        ("a.rttm", "SPEAKER a 1 0.0 1.0 <NA> <NA> Officer 1"),
        ("a.rttm", "SPEAKER call a 1 0.0 1.0 <NA> <NA> A <NA> <NA>"),
        ("a.rttm", "SPEAKER a 1 0.0 0.0 <NA> <NA> A <NA> <NA>"),
    ],
)
def test_a_line_that_is_no_turn_is_named(tmp_path, name, line):
    (tmp_path / name).write_text(f"\n{line}\n")
    with pytest.raises(CaseError, match="Line 2"):
        read_labels(tmp_path / name, [Path("/q/a.wav")])
