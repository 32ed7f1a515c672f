"""What ``forensic language`` prints, and how it ends."""

import json
import sys

import numpy as np
import pytest
from factories import write_bad, write_call, write_language_model, write_wav
from spoken import spoken

from forensic.cli import app as cli


@pytest.fixture
def tell(tmp_path, monkeypatch, capsys):
    """Runs the command with small models; returns exit code, standard output and standard error."""
    model = write_language_model(tmp_path / "models" / "language")

    def run(*arguments, model=model):
        options = ("--model", str(model), "--accent-model", str(model))
        monkeypatch.setattr(sys, "argv", ["forensic", "language", *map(str, arguments), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return run


def test_a_recording_becomes_an_object_with_its_candidates(tell, tmp_path):
    """For programs."""
    path = write_wav(tmp_path / "a.wav", spoken("adler", 6.0))
    code, out, _ = tell(path, "--json")
    (found,) = json.loads(out)
    assert code == 0
    assert found["path"] == str(path)
    assert found["language"] in {"de", "en", "fa"}
    assert found["answer"] == "named"
    assert [set(each) for each in found["top"]] == [{"language", "probability"}] * 3
    assert found["probability"] == found["top"][0]["probability"]
    assert (found["accent"] is not None) == (found["language"] == "en")


def test_files_are_found_alone_what_they_are_found_together(tell, tmp_path, monkeypatch):
    """In one process or two, in the order of the files, with one that cannot be used among them."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    write_bad(folder, "truncated wav")
    for voice, seconds in (("adler", 6.0), ("brook", 3.0), ("carver", 9.0)):
        write_wav(folder / f"{voice}.wav", spoken(voice, seconds))
    together = json.loads(tell(folder, "--json", "--workers", 2)[1])
    monkeypatch.setattr("forensic.workflows.language._BATCH_BYTES", 1)
    alone = json.loads(tell(folder, "--json", "--workers", 1)[1])
    assert [each["path"] for each in together] == [each["path"] for each in alone]
    assert [each["language"] for each in together] == [each["language"] for each in alone]
    for one, other in zip(alone, together, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_a_bad_file_is_recorded_and_the_rest_goes_on(tell, tmp_path):
    """Exit code 3, a problem and a remedy, and an object for it."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    bad = write_bad(folder, "truncated wav")
    good = write_wav(folder / "z.wav", spoken("brook", 6.0))
    code, out, err = tell(folder, "--json")
    by_path = {each["path"]: each for each in json.loads(out)}
    assert code == 3
    assert by_path[str(bad)]["answer"] == "rejected"
    assert by_path[str(bad)]["language"] is None
    assert by_path[str(bad)]["error"]["remedy"]
    assert by_path[str(good)]["answer"] == "named"
    assert "Rejected" in err


def test_silence_is_too_little_speech(tell, tmp_path):
    """In the object and in the table."""
    path = write_wav(tmp_path / "a.wav", np.zeros(80_000, np.float32))
    code, out, _ = tell(path, "--json")
    (found,) = json.loads(out)
    assert (code, found["answer"], found["language"], found["top"]) == (0, "too little speech", None, [])
    assert "too little speech" in tell(path)[1]


def test_the_sides_of_a_call_are_told_apart(tell, tmp_path):
    """One object a channel."""
    path = write_call(tmp_path / "call.wav", spoken("adler", 6.0), spoken("brook", 6.0))
    assert [each["channel"] for each in json.loads(tell(path, "--json")[1])] == [1, 2]


def test_languages_that_are_not_covered_are_said_not_to_be(tell, tmp_path):
    """In the table as well as for programs."""
    model = write_language_model(tmp_path / "poor", coverage={"de": 0.9, "en": 0.9, "fa": 0.9})
    path = write_wav(tmp_path / "a.wav", spoken("adler", 6.0))
    (found,) = json.loads(tell(path, "--json", model=model)[1])
    assert (found["answer"], found["language"]) == ("not covered", None)
    assert len(found["top"]) == 3
    assert "not covered" in tell(path, model=model)[1]
