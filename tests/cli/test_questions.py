"""verify, identify and link as people and programs call them, with the model that ships."""

import json

import numpy as np
import pytest
from factories import write_wav
from spoken import spoken

from forensic.cli import app as cli


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("[comparison]\nbootstrap_draws = 100\n")
    return path


@pytest.fixture
def recordings(tmp_path):
    root = tmp_path / "recordings"
    root.mkdir()
    for voice in ("adler", "brook", "carver"):
        write_wav(root / f"{voice}.wav", spoken(voice, 12.0))
    return root


@pytest.fixture
def run(monkeypatch, capsys):
    """The exit code, and what was printed on standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["forensic", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return call


def test_verify_prints_json_alone_for_a_program(recordings, settings, run):
    code, out, _ = run("verify", recordings / "adler.wav", recordings / "brook.wav", "--json", "--settings", settings)
    assert code == 0
    (row,) = json.loads(out)["comparisons"]
    assert row["questioned_path"] == str(recordings / "adler.wav")
    assert (row["log10_lr"] is None) == (row["reason"] is not None)


def test_verify_says_what_an_lr_rests_on_and_where_the_report_is(recordings, settings, run, tmp_path):
    code, out, _ = run(
        "verify",
        recordings / "adler.wav",
        recordings / "brook.wav",
        "--settings",
        settings,
        "--report",
        tmp_path / "report",
    )
    assert code == 0
    assert "1 comparisons: 1 with an LR" in out
    assert "reference speakers, Cllr" in out
    assert (tmp_path / "report" / "report.pdf").exists()


def test_identify_ranks_and_rejects_with_code_3(recordings, settings, run, tmp_path):
    write_wav(recordings / "silent.wav", np.zeros(48_000, np.float32))
    suspects = tmp_path / "suspects"
    suspects.mkdir()
    write_wav(suspects / "dale.wav", spoken("dale", 12.0))
    write_wav(suspects / "brook.wav", spoken("brook", 12.0, start_s=12.0))
    code, out, err = run("identify", recordings, "--ref", suspects, "--settings", settings)
    assert code == 3
    assert "The speaker may be none of them." in out
    assert "silent.wav" in err
    assert "No speech" in err


def test_identify_takes_a_case_or_a_folder_for_the_report_and_not_both(recordings, run, tmp_path):
    code, _, err = run(
        "identify", recordings, "--ref", recordings, "--case", tmp_path / "case", "--report", tmp_path / "report"
    )
    assert code == 2
    assert "one of --case and --report" in err


def test_link_prints_json_alone_and_text_with_what_chance_gives(recordings, settings, run, tmp_path):
    case = tmp_path / "case"
    assert run("scan", recordings, "--case", case, "--workers", "1")[0] == 0
    code, out, _ = run("link", "--case", case, "--settings", settings, "--json")
    assert code == 0
    results = json.loads(out)
    assert results["pairs"] == 3
    assert len(results["voices"]) == 3
    code, out, _ = run("link", "--case", case, "--settings", settings, "--threshold", "-50")
    assert code == 0
    assert "3 voices, 3 pairs" in out
    assert "by chance" in out.lower()
    assert "report.pdf" in out


def test_link_before_a_scan_says_to_scan(run, tmp_path):
    code, _, err = run("link", "--case", tmp_path / "none")
    assert code == 1
    assert "forensic scan" in err
