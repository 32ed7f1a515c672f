"""Several speakers in one channel: each by itself, as they were found or as an examiner set them."""

import polars as pl
import pytest
from factories import write_wav
from spoken import spoken, talk

from forensic.case.folder import open_case
from forensic.errors import CaseError
from forensic.examination.scan import ScanRequest, scan
from forensic.settings import DiarizationSettings, Settings
from forensic.speaker.extractor import default_model_folder, load_model

ALL_SPEECH = "0.0\t60.0\tonly one\n"


@pytest.fixture
def calls(tmp_path):
    """A call of two people, and one of one."""
    root = tmp_path / "calls"
    root.mkdir()
    write_wav(root / "both.wav", talk("adler", "brook"))
    write_wav(root / "one.wav", spoken("carver", 14.0))
    return root


@pytest.fixture
def examine(tmp_path):
    """Scans with the model that ships; gives the tables by name."""
    model = load_model(default_model_folder())

    def run(*roots, side="questioned", settings=None, labels=None):
        settings = settings or Settings()
        with open_case(tmp_path / "case", create=True) as case:
            request = ScanRequest(roots, side, model.folder, settings, workers=1, labels=labels)
            summary = scan(case, request, lambda _: None)
            key = (model.identity.sha256, settings.evidence_sha256)
            names = ("recordings", "quality", "segments", "embeddings", "failures", "fingerprints")
            tables = {name: case.evidence.read_of(name, *key) for name in names}
        return summary, tables | {"files": case.evidence.read("files")}

    return run


def rows_of(tables, table, name):
    sha256 = dict(tables["files"].select("path", "sha256").iter_rows())
    (own,) = [value for path, value in sha256.items() if path.endswith(f"/{name}")]
    return tables[table].filter(pl.col("sha256") == own)


def test_each_speaker_of_a_channel_has_quality_segments_and_an_embedding_of_his_own(calls, examine, tmp_path):
    summary, tables = examine(calls)
    assert [(path.name, channel, number) for path, channel, number in summary.several_speakers] == [("both.wav", 0, 2)]
    for table in ("quality", "embeddings"):
        assert sorted(rows_of(tables, table, "both.wav")["turn"]) == [1, 2]
        assert rows_of(tables, table, "one.wav")["turn"].to_list() == [0]
    assert rows_of(tables, "fingerprints", "both.wav").height == 1  # of the channel, whoever speaks in it
    quality = rows_of(tables, "quality", "both.wav").sort("turn")
    assert quality["speakers"].to_list() == [2, 2]
    assert 10.0 < quality["net_speech_s"][0] < 14.5
    assert 6.0 < quality["net_speech_s"][1] < 10.5
    segments = rows_of(tables, "segments", "both.wav").sort("start_s")
    assert set(segments["turn"]) == {1, 2}
    assert (segments["start_s"][1:] >= segments["end_s"][:-1] - 1e-9).all()
    assert (tmp_path / "case" / "turns" / "rttm" / "both.wav.rttm").read_text().startswith("SPEAKER both.wav 1 0.")
    assert not (tmp_path / "case" / "turns" / "rttm" / "one.wav.rttm").exists()


def test_noise_is_what_nobody_says(calls, examine):
    """The other speaker is no noise to the one: the pauses are digital silence."""
    _, tables = examine(calls)
    assert (rows_of(tables, "quality", "both.wav")["snr_db"] > 25.0).all()


def test_no_separation_asked_gives_one_row_for_all_speech(calls, examine):
    summary, tables = examine(calls, settings=Settings(diarization=DiarizationSettings(speakers="1")))
    assert summary.several_speakers == []
    assert rows_of(tables, "quality", "both.wav")["turn"].to_list() == [0]


def test_turns_set_by_hand_replace_those_that_were_found_and_stay(calls, examine, tmp_path):
    examine(calls)
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / "both.txt").write_text("0.0\t4.0\tJ. Doe\n")
    summary, tables = examine(calls, labels=labels)
    assert (summary.examined, summary.already_examined, summary.labelled) == (1, 1, 1)
    (row,) = rows_of(tables, "quality", "both.wav").to_dicts()
    assert (row["turn"], row["speakers"]) == (0, 1)
    assert row["net_speech_s"] < 4.0
    assert rows_of(tables, "segments", "both.wav")["end_s"].max() <= 4.0
    (ledger,) = rows_of(tables, "recordings", "both.wav").to_dicts()
    assert ledger["labels_path"].endswith("both.txt")
    assert "set by hand" in ledger["notes"][0]
    assert "J. Doe" in ledger["notes"][0]
    summary, tables = examine(calls)
    assert (summary.examined, summary.already_examined) == (0, 2)
    assert rows_of(tables, "quality", "both.wav").height == 1


def test_changed_labels_are_examined_anew_and_removed_ones_found_anew(calls, examine, tmp_path):
    labels = tmp_path / "labels"
    labels.mkdir()
    (labels / "both.txt").write_text("0.0\t4.0\tA\n")
    examine(calls, labels=labels)
    (labels / "both.txt").write_text("0.0\t3.5\tA\n3.8\t6.4\tB\n")
    summary, tables = examine(calls, labels=labels)
    assert summary.examined == 1
    assert sorted(rows_of(tables, "quality", "both.wav")["turn"]) == [1, 2]
    (labels / "both.txt").rename(labels / "one.txt")
    summary, tables = examine(calls, labels=labels)
    assert summary.examined == 2
    assert rows_of(tables, "recordings", "both.wav")["labels_sha256"].to_list() == [""]
    assert rows_of(tables, "quality", "both.wav")["net_speech_s"].min() > 5.0


def test_turns_without_speech_are_a_failure_of_the_channel(calls, examine, tmp_path):
    (tmp_path / "both.txt").write_text("500.0\t501.0\tA\n")
    summary, tables = examine(calls, labels=tmp_path / "both.txt")
    assert [failure.problem for _, failure in summary.problems] == ["No speech in the turns that were set by hand."]
    assert rows_of(tables, "quality", "both.wav").is_empty()


def test_labels_for_nothing_that_is_scanned_are_refused(calls, examine, tmp_path):
    (tmp_path / "other.txt").write_text(ALL_SPEECH)
    with pytest.raises(CaseError, match="No recording fits"):
        examine(calls, labels=tmp_path / "other.txt")
