"""verify, identify and link as people and programs call them, with the model that ships."""

import json

import numpy as np
import pytest
from factories import write_wav
from spoken import spoken

pytestmark = pytest.mark.usefixtures("quick_pdf")


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("[comparison]\nbootstrap_draws = 100\n[language]\nidentify = false\n")
    return path


@pytest.fixture
def recordings(tmp_path):
    root = tmp_path / "recordings"
    root.mkdir()
    for voice in ("adler", "brook", "carver"):
        write_wav(root / f"{voice}.wav", spoken(voice, 12.0))
    return root


def test_verify_prints_json_alone_for_a_program(recordings, settings, shell):
    code, out, _ = shell("verify", recordings / "adler.wav", recordings / "brook.wav", "--json", "--settings", settings)
    assert code == 0
    (row,) = json.loads(out)["comparisons"]
    assert row["questioned_path"] == str(recordings / "adler.wav")
    assert (row["log10_lr"] is None) == (row["reason"] is not None)


def test_verify_says_what_an_lr_rests_on_and_where_the_report_is(recordings, settings, shell, tmp_path):
    code, out, _ = shell(
        "verify",
        recordings / "adler.wav",
        recordings / "brook.wav",
        "--settings",
        settings,
        "--report",
        tmp_path / "report",
    )
    assert code == 0
    assert "1 comparison: 1 with an LR" in out
    assert "reference speakers, Cllr" in out
    assert (tmp_path / "report" / "report.pdf").exists()


@pytest.fixture
def call(tmp_path):
    """A call of two people in one channel."""
    parts = []
    for turn in range(5):
        for voice, length_s in (("adler", 3.5), ("brook", 2.5)):
            parts += [spoken(voice, length_s, turn * 4.0), np.zeros(6_000)]
    return write_wav(tmp_path / "call.wav", np.concatenate(parts).astype(np.float32))


def test_verify_compares_each_speaker_of_a_call_or_all_of_it_as_speakers_says(call, recordings, settings, shell):
    def compared(*options):
        code, out, _ = shell("verify", call, recordings / "adler.wav", "--settings", settings, "--json", *options)
        assert code == 0
        return [(row["turn"], row["speakers"]) for row in json.loads(out)["comparisons"]]

    assert compared("--speakers", "1") == [(0, 1)]
    assert compared("--speakers", "2") == [(1, 2), (2, 2)]


def test_a_number_of_speakers_leaves_a_suspect_whole(call, recordings, settings, shell):
    code, out, _ = shell("verify", call, recordings / "carver.wav", "--settings", settings, "--speakers", "2")
    assert code == 0
    assert "2 comparisons: 2 with an LR" in out
    assert "speaker 1 of 2" in out


def test_turns_set_by_hand_count_on_either_side(call, recordings, settings, shell, tmp_path):
    """Labels of both sides in one folder, beside the recordings."""
    (recordings / "brook.txt").write_text("0.0\t7.0\tBrook\n")
    (recordings / "call.txt").write_text("0.0\t13.0\tunknown\n")
    report = tmp_path / "report"
    code, out, _ = shell(
        "verify",
        call,
        recordings / "brook.wav",
        "--settings",
        settings,
        "--segments",
        recordings,
        "--report",
        report,
        "--json",
    )
    assert code == 0
    assert [row["turn"] for row in json.loads(out)["comparisons"]] == [0]
    written = (report / "report.html").read_text()
    assert "an examiner set who speaks when in Q1 (call.txt," in written
    assert "K1 (brook.txt," in written


def test_identify_takes_turns_set_by_hand_and_refuses_those_of_no_recording(
    call, recordings, settings, shell, tmp_path
):
    suspects = tmp_path / "suspects"
    suspects.mkdir()
    write_wav(suspects / "dale.wav", spoken("dale", 12.0))
    labels = tmp_path / "call.txt"
    labels.write_text("0.0\t13.0\tunknown\n")
    common = ("identify", call, "--ref", suspects, "--settings", settings, "--json")
    code, out, _ = shell(*common, "--segments", labels)
    assert code == 0
    assert [row["turn"] for row in json.loads(out)["identification"]] == [0]
    labels.rename(tmp_path / "another.txt")
    code, _, err = shell(*common, "--segments", tmp_path / "another.txt")
    assert code == 1
    assert "No recording fits" in err


def test_identify_ranks_and_rejects_with_code_3(recordings, settings, shell, tmp_path):
    write_wav(recordings / "silent.wav", np.zeros(48_000, np.float32))
    suspects = tmp_path / "suspects"
    suspects.mkdir()
    write_wav(suspects / "dale.wav", spoken("dale", 12.0))
    write_wav(suspects / "brook.wav", spoken("brook", 12.0, start_s=12.0))
    code, out, err = shell("identify", recordings, "--ref", suspects, "--settings", settings)
    assert code == 3
    assert "The speaker may be none of them." in out
    assert "silent.wav" in err
    assert "No speech" in err


def test_identify_takes_a_case_or_a_folder_for_the_report_and_not_both(recordings, shell, tmp_path):
    code, _, err = shell(
        "identify", recordings, "--ref", recordings, "--case", tmp_path / "case", "--report", tmp_path / "report"
    )
    assert code == 2
    assert "--case or --report, not both" in err


def test_link_prints_json_alone_and_text_with_what_chance_gives(recordings, settings, shell, tmp_path):
    case = tmp_path / "case"
    assert shell("scan", recordings, "--case", case, "--workers", "1", "--settings", settings)[0] == 0
    code, out, _ = shell("link", "--case", case, "--settings", settings, "--json")
    assert code == 0
    results = json.loads(out)
    assert results["pairs"] == 3
    assert len(results["voices"]) == 3
    code, out, _ = shell("link", "--case", case, "--settings", settings, "--threshold", "-50")
    assert code == 0
    assert "3 voices, 3 pairs" in out
    assert "by chance" in out.lower()
    assert "report.pdf" in out


def test_link_finds_what_was_scanned_with_the_same_number_of_speakers(call, recordings, settings, shell, tmp_path):
    case = tmp_path / "case"
    options = ("--case", case, "--settings", settings, "--speakers", "2")
    assert shell("scan", call, *options, "--workers", "1")[0] == 0
    code, out, _ = shell("link", *options, "--json")
    assert code == 0
    assert [(voice["turn"]) for voice in json.loads(out)["voices"]] == [1, 2]


def test_link_before_a_scan_says_to_scan(shell, tmp_path):
    code, _, err = shell("link", "--case", tmp_path / "none")
    assert code == 1
    assert "forensic scan" in err


def test_a_suspect_of_two_voices_is_said_and_refused_until_a_setting_overrules(recordings, settings, shell, tmp_path):
    """Two people's recordings in one suspect's folder."""
    team, anna = tmp_path / "suspects" / "team1", tmp_path / "suspects" / "anna"
    for folder, voice, start_s in (
        (team, "carver", 0.0),
        (team, "dale", 0.0),
        (anna, "carver", 0.0),
        (anna, "carver", 12.0),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        write_wav(folder / f"{voice} {start_s:.0f}.wav", spoken(voice, 12.0, start_s=start_s))
    arguments = ("identify", recordings / "adler.wav", "--ref", tmp_path / "suspects", "--settings", settings)
    _, out, _ = shell(*arguments, "--json")
    results = json.loads(out)
    (warning,) = results["consistency_warnings"]
    assert warning.startswith("team1: ")
    reasons = {row["suspect"]: row["reason"] or "" for row in results["comparisons"]}
    assert "unlikely to be of one speaker" in reasons["team1"]
    assert "unlikely to be of one speaker" not in reasons["anna"]
    settings.write_text(
        settings.read_text().replace("[comparison]", '[comparison]\nallow_inconsistent_suspects = ["team1"]')
    )
    _, out, _ = shell(*arguments)
    assert "Warning team1: " in out
    assert "No LR team1: The suspect's recordings" not in out
