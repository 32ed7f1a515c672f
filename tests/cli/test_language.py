"""What ``forensic language`` prints, and how it ends."""

import json
import sys

import numpy as np
import pytest
from factories import write_bad, write_call, write_language_model, write_wav
from spoken import spoken

from forensic.cli import app as cli
from forensic.cli.scan import settings_with
from forensic.workflows import language


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


@pytest.fixture
def listened(monkeypatch):
    """The files that networks heard, in their order."""
    heard = []
    original = language.LoadedIdentifier.__call__

    def counted(self, paths):
        heard.extend(path.name for path in paths)
        return original(self, paths)

    monkeypatch.setattr(language.LoadedIdentifier, "__call__", counted)
    monkeypatch.setattr(language, "_BATCH_BYTES", 1)
    return heard


@pytest.fixture
def three(tmp_path):
    """A folder of three recordings, two of them with speech."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    write_bad(folder, "truncated wav").rename(folder / "a.wav")
    write_wav(folder / "b.wav", spoken("adler", 6.0))
    write_call(folder / "c.wav", spoken("brook", 6.0), spoken("carver", 6.0))
    return folder


def test_a_command_that_was_stopped_goes_on(tell, three, tmp_path, monkeypatch, listened):
    """It tells the same as one that was not; what failed is tried again."""
    whole = tell(three, "--json")[1]
    listened.clear()
    original = language._Kept.add

    def stopped(self, new):
        original(self, new)
        if "b.wav" in listened:
            raise KeyboardInterrupt

    keep = ("--json", "--workers", 1, "--keep", tmp_path / "kept.jsonl")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(language._Kept, "add", stopped)
        language.identify_languages([three], _identifier(tmp_path), 1, keep=tmp_path / "kept.jsonl")
    assert tell(three, *keep)[1] == whole
    assert listened == ["a.wav", "b.wav", "a.wav", "c.wav"]
    assert tell(three, *keep)[1] == whole
    assert listened[4:] == ["a.wav"]


def _identifier(tmp_path):
    model = tmp_path / "models" / "language"
    return language.Identifier(model, model, settings_with(None, None))


def test_a_changed_recording_model_or_setting_is_listened_to_again(tell, three, tmp_path, listened):
    keep = ("--keep", tmp_path / "kept.jsonl")
    (three / "a.wav").unlink()
    tell(three, *keep)
    write_wav(three / "b.wav", spoken("dale", 6.0))
    (three / "c.wav").rename(three / "renamed.wav")
    tell(three, *keep)
    assert listened == ["b.wav", "c.wav", "b.wav"]
    tell(three, *keep, "--channels", "mix")
    other = write_language_model(tmp_path / "other", coverage={"de": 0.9})
    tell(three, *keep, model=other)
    assert listened[3:] == ["b.wav", "renamed.wav"] * 2


def test_a_file_that_cannot_keep_findings_is_an_error_with_a_remedy(tell, three, tmp_path):
    code, _, err = tell(three, "--keep", tmp_path / "nowhere" / "kept.jsonl")
    assert code == 1
    assert "cannot be written" in err
    assert "--keep" in err
