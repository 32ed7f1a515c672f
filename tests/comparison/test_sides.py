"""The sides of a comparison, from the evidence of a case."""

from pathlib import Path

import pytest
from made_case import RECORDINGS, evidence

from forensic.case.reference import Suspect
from forensic.comparison.sides import known_side, questioned_sides, sides_by_recording
from forensic.errors import CaseError


@pytest.fixture(scope="module")
def tables():
    """Of the whole case."""
    return evidence("model", "settings")


def test_a_questioned_channel_has_a_side_for_each_of_its_speakers(tables):
    """In the order of names; a copy stands under its own."""
    sides = questioned_sides(tables, sides_by_recording(tables), [])
    assert [(side.name.rpartition("/")[2], side.voice, side.speakers) for side in sides] == [
        ("call 1.wav", 0, 1),
        ("call 2.wav", 1, 2),
        ("call 2.wav", 2, 2),
        ("copy of voicemail.wav", 0, 1),
        ("noisy.wav", 0, 1),
        ("short.wav", 0, 1),
    ]
    assert sides[3].sha256 == sides_by_recording(tables)[sides[3].sha256[0]][0].sha256


def test_a_suspect_with_several_speakers_is_exposed(tables):
    """By the recordings that hold them."""
    by_recording = sides_by_recording(tables)
    known = known_side(Suspect("A", (Path("/calls/call 2.wav"), Path("/calls/call 1.wav"))), tables, by_recording)
    assert known.speakers == 2
    assert known.several == ("/calls/call 2.wav",)
    assert known_side(Suspect("B", (Path("/calls/call 1.wav"),)), tables, by_recording).several == ()


def test_the_recordings_of_a_suspect_are_pooled(tables):
    """Net speech adds up, and weighs what is averaged."""
    recordings = [RECORDINGS[name] for name in ("interview.wav", "voicemail.wav")]
    suspect = Suspect("Anna", (Path("/calls/interview.wav"), Path("/calls/voicemail.wav")))
    known = known_side(suspect, tables, sides_by_recording(tables))
    assert len(known.sha256) == 2
    assert known.conditions.net_speech_s == pytest.approx(89.0)
    weighed = sum(made.net_speech_s * made.snr_db for made in recordings) / 89.0
    assert known.conditions.snr_db == pytest.approx(weighed)
    assert (known.embedding**2).sum() == pytest.approx(1.0, abs=1e-6)


def test_a_side_without_evidence_says_why(tables):
    """What became of it decides what would help."""
    none = tables | {"embeddings": tables["embeddings"].clear()}
    sides = questioned_sides(none, sides_by_recording(none), ["short.wav"])
    assert [side.embedding for side in sides] == [None]
    assert "Scan it again" in sides[0].problem
    assert known_side(Suspect("C", (Path("/nowhere.wav"),)), tables, {}).problem == "None of them is a recording."


@pytest.mark.parametrize("chosen", ["/calls/call 1.wav", "call 1*", "/calls"])
def test_sides_are_narrowed_by_path_glob_or_folder(tables, chosen):
    """As ``--questioned`` takes them."""
    names = {side.name for side in questioned_sides(tables, sides_by_recording(tables), [chosen])}
    assert "/calls/call 1.wav" in names
    assert ("/calls/noisy.wav" in names) == (chosen == "/calls")


def test_a_choice_that_fits_nothing_is_refused(tables):
    """It would be an empty report."""
    with pytest.raises(CaseError, match="No scanned recording matches"):
        questioned_sides(tables, sides_by_recording(tables), ["elsewhere"])
