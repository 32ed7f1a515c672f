"""Who speaks when: an examiner's names stay from the label file to the tables, and what was found can be heard."""

import csv
import json
import wave

import numpy as np
import pytest
from factories import write_wav
from spoken import spoken

from forensic.case.labels import read_labels

pytestmark = pytest.mark.usefixtures("quick_pdf")


@pytest.fixture
def case(tmp_path, shell):
    """A call of two people whom an examiner named, scanned."""
    parts = []
    for turn in range(4):
        for voice, length_s in (("adler", 3.5), ("brook", 2.5)):
            parts.append(spoken(voice, length_s, turn * 4.0))
    (tmp_path / "calls").mkdir()
    (tmp_path / "suspects").mkdir()
    write_wav(tmp_path / "calls" / "call 1.wav", np.concatenate(parts).astype(np.float32))
    lines = [
        f"{at:.1f}\t{at + length:.1f}\t{name}"
        for turn in range(4)
        for at, length, name in ((6.0 * turn, 3.5, "Rossi"), (6.0 * turn + 3.5, 2.5, "unknown woman"))
    ]
    (tmp_path / "call 1.txt").write_text("\n".join(lines))
    (tmp_path / "s.toml").write_text("[comparison]\nbootstrap_draws = 100\n[language]\nidentify = false\n")
    options = ("--case", tmp_path / "case", "--settings", tmp_path / "s.toml", "--workers", "1")
    code, _, err = shell("scan", tmp_path / "calls", *options, "--segments", tmp_path / "call 1.txt")
    assert code == 0, err
    return tmp_path / "case"


def test_an_examiners_names_are_in_turns_tables_and_report(case, shell, tmp_path):
    """And not "speaker 1" alone."""
    code, out, _ = shell("turns", case, "--json")
    assert code == 0
    assert [(voice["speaker_name"], len(voice["turns"])) for voice in json.loads(out)] == [
        ("Rossi", 4),
        ("unknown woman", 4),
    ]
    write_wav(tmp_path / "suspects" / "adler.wav", spoken("adler", 12.0, start_s=20.0))
    settings = ("--settings", tmp_path / "s.toml", "--workers", "1")
    code, out, err = shell("compare", "--ref", tmp_path / "suspects", "--case", case, *settings)
    assert code == 0, err
    assert "Q1 call 1.wav, speaker 1 of 2 (Rossi)" in out
    (folder,) = (case / "comparisons").iterdir()
    with (folder / "comparisons.csv").open(newline="") as file:
        assert {row["speaker_name"] for row in csv.DictReader(file)} == {"Rossi", "unknown woman"}
    assert "Q1 speaker 1 of 2 (Rossi)" in (folder / "report.html").read_text()
    _, listed, _ = shell("turns", case)
    assert "calls/call 1.wav" in listed
    assert "suspects/adler.wav" in listed
    assert "call 1.wav" in shell("turns", case, "--of", "call")[1].splitlines()[1].split("  ")[0]


def test_turns_that_are_written_can_be_read_as_labels_again(case, shell, tmp_path):
    """With the same names and times, so that correcting them starts from what is there."""
    code, out, _ = shell("turns", case, "--export", tmp_path / "out")
    assert code == 0
    assert "Rossi" in out
    recording = tmp_path / "calls" / "call 1.wav"
    read = read_labels(tmp_path / "out" / "audacity", [recording]).by_recording[recording]
    assert set(read.names.values()) == {"Rossi", "unknown woman"}
    assert [(turn.start_s, turn.name) for turn in read.turns[None]][:2] == [(0.0, "Rossi"), (3.5, "unknown woman")]
    assert "unknown_woman" in (tmp_path / "out" / "rttm" / "call 1.wav.rttm").read_text()


def test_each_voice_is_written_to_be_heard(case, shell, tmp_path):
    """Its own speech alone, in one channel."""
    code, _, _ = shell("turns", case, "--voices", tmp_path / "voices")
    assert code == 0
    lengths = {}
    for path in (tmp_path / "voices").iterdir():
        with wave.open(str(path)) as sound:
            assert (sound.getnchannels(), sound.getframerate()) == (1, 16_000)
            lengths[path.name] = sound.getnframes() / 16_000
    assert set(lengths) == {"call 1.wav speaker 1 of 2 (Rossi).wav", "call 1.wav speaker 2 of 2 (unknown woman).wav"}
    assert 8.0 < lengths["call 1.wav speaker 1 of 2 (Rossi).wav"] < 17.0
    assert 5.0 < lengths["call 1.wav speaker 2 of 2 (unknown woman).wav"] < 13.0


def test_turns_of_one_recording_can_be_chosen(case, shell):
    """By a part of its path."""
    code, out, _ = shell("turns", case, "--of", "call 2", "--json")
    assert (code, json.loads(out)) == (0, [])


def test_turns_before_a_scan_say_to_scan(shell, tmp_path):
    """A case that is none."""
    code, _, err = shell("turns", tmp_path / "none")
    assert code == 1
    assert "forensic scan" in err
