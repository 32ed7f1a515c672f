"""A comparison issues LRs where the data carry them, and reasons where they do not."""

import csv
import json
import os

import numpy as np
import polars as pl
import pytest
from factories import write_call, write_wav
from people import write_people
from spoken import spoken, spoken_suspects, talk

from forensic.case.folder import open_case
from forensic.case.store import EvidenceStore
from forensic.comparison.request import ComparisonRequest
from forensic.comparison.tables import COMPARISONS_SCHEMA, STATUS_LR, STATUS_NONE
from forensic.errors import CaseError, ReferenceSetError
from forensic.examination.scan import ScanRequest, scan
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, save_envelope
from forensic.progress import unnoted
from forensic.settings import AudioSettings, ComparisonSettings, Settings
from forensic.speaker.backend import Backend, TwoCovariance, save_backend
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.workflows.compare import compare

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))


@pytest.fixture
def suspects(tmp_path):
    return spoken_suspects(tmp_path / "suspects", 8.0, takes=2)


@pytest.fixture
def run_compare(tmp_path, population_folder):
    def run(reference, settings=_SETTINGS, watch=unnoted, **request):
        with open_case(tmp_path / "case", create=False) as case:
            wanted = ComparisonRequest(reference, population_folder, settings, workers=1, **request)
            return compare(case, wanted, lambda _: None, watch)

    return run


def _results_of(result):
    return (result.folder / "results.json").read_text()


def test_every_step_that_may_last_is_counted_for_the_time_left(recordings, suspects, run_scan, run_compare):
    """From its beginning, where nothing is done; "typesetting" is counted by the meter."""
    run_scan(recordings)
    notes: list[str] = []
    run_compare(suspects, watch=notes.append)
    begun = {note.partition(",")[0] for note in notes if ", 0 of " in note}
    lasting = {"fitting the calibration", "calibrating", "trying other populations", "explaining"}
    assert begun == lasting | {"drawing spectrograms", "drawing"}


@pytest.mark.typeset
def test_every_recording_meets_every_suspect_and_the_report_is_made(recordings, suspects, run_scan, run_compare):
    run_scan(recordings)
    result = run_compare(suspects)
    table = result.comparisons
    assert table.height == 3 * 2
    assert table.schema == pl.Schema(COMPARISONS_SCHEMA)
    assert set(table["status"]) == {STATUS_LR}
    assert (table["log10_lr_low"] <= table["log10_lr_high"]).all()
    assert table["known_sha256"].list.len().to_list() == [2] * 6
    assert set(table["questioned_cell"]) == {"clean, 5 s"}
    assert set(table["known_cell"]) == {"clean, 20 s"}
    largest = {key: fit["questioned_distance"] for key, fit in json.loads(_results_of(result))["calibrations"].items()}
    farthest = table.group_by("calibration_id").agg(pl.col("questioned_distance").max())
    assert dict(farthest.iter_rows()) == pytest.approx(largest)
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "comparisons.csv",
        "comparisons.parquet",
        "outcome.zip",
        "report.html",
        "report.pdf",
        "results.json",
        "results.jsonld",
    ]
    assert result.pdf.read_bytes().startswith(b"%PDF")
    assert pl.read_parquet(result.folder / "comparisons.parquet").equals(table)
    results = json.loads(_results_of(result))
    assert len(results["comparisons"]) == 6
    assert set(table["calibration_id"]) == set(results["calibrations"])


def test_comparing_refuses_a_suspect_with_several_speakers_until_a_hand_says_which(tmp_path):
    model_folder, settings = default_model_folder(), Settings()
    calls = tmp_path / "calls"
    calls.mkdir()
    write_wav(calls / "both.wav", talk("adler", "brook"))
    write_wav(calls / "one.wav", spoken("carver", 14.0))
    with open_case(tmp_path / "case", create=True) as case:
        scan(case, ScanRequest((calls,), "questioned", model_folder, settings, workers=1), lambda _: None)
    reference = tmp_path / "suspects"
    reference.mkdir()
    mixed = talk("dale", "carver", other_from_s=15.0)  # no second of which is in a call: a copy would get no LR
    write_wav(reference / "mixed.wav", mixed)
    request = ComparisonRequest(reference, model_folder, settings, workers=1)
    with open_case(tmp_path / "case", create=False) as case:
        rows = compare(case, request, lambda _: None, lambda _: None).comparisons
        assert rows.select("turn", "speakers").rows() == [(1, 2), (2, 2), (0, 1)]
        assert all(reason.startswith("There are 2 speakers in the suspect's recordings") for reason in rows["reason"])
        found = (tmp_path / "case" / "turns" / "audacity" / "mixed.wav.txt").read_text().splitlines()
        (tmp_path / "mixed.txt").write_text("\n".join(line for line in found if line.endswith("speaker 1")))
        request = ComparisonRequest(reference, model_folder, settings, workers=1, labels=tmp_path / "mixed.txt")
        result = compare(case, request, lambda _: None, lambda _: None)
    assert set(result.comparisons["status"]) == {STATUS_LR}
    html = result.html.read_text()
    assert "Manual choices: an examiner set who speaks when in" in html
    assert "speaker 2 of 2" in html.replace("\N{NO-BREAK SPACE}", " ")


def test_people_at_hand_take_the_place_of_the_bank(recordings, suspects, run_scan, run_compare, tmp_path):
    """Simulated in the conditions of the case, kept with it, and named in the results."""
    settings = Settings(comparison=ComparisonSettings(bootstrap_draws=100, min_speakers=5, max_condition_distance=50.0))
    people = write_people(tmp_path / "people", 6, seconds=14.0)
    run_scan(recordings)
    result = run_compare(suspects, settings, questioned=("a.wav",), people=people)
    method = json.loads(_results_of(result))["method"]
    assert method["population"].startswith("6 speakers, ")
    assert f"simulated from {people}" in method["population"]
    cells = list((tmp_path / "case" / "population").glob("*/population.toml"))
    assert len(cells) == 3  # of the questioned recording, and of each suspect
    assert result.comparisons["questioned_distance"].max() < 1.0  # of the speech; the bank has 5 s, of 8


def test_all_recordings_of_a_suspect_are_pooled(recordings, suspects, run_scan, run_compare, tmp_path):
    run_scan(recordings)
    table = run_compare(suspects).comparisons
    from forensic.case.store import EvidenceStore

    evidence = EvidenceStore(tmp_path / "case" / "evidence").read("embeddings")
    vectors = {row["sha256"]: np.array(row["embedding"]) for row in evidence.to_dicts()}
    for row in table.to_dicts():
        pooled = np.mean([vectors[sha256] for sha256 in row["known_sha256"]], axis=0)
        expected = vectors[row["questioned_sha256"]] @ pooled / np.linalg.norm(pooled)
        assert row["score"] == pytest.approx(expected, abs=1e-4)


def test_a_models_backend_scores_case_and_population_alike(
    recordings, suspects, run_scan, run_compare, population_folder
):
    run_scan(recordings)
    plain = run_compare(suspects)
    rng = np.random.default_rng(1)
    plda = TwoCovariance(*(np.asarray(part, np.float32) for part in (np.zeros(12), np.eye(12), np.full(12, 2.0))))
    cohort = rng.standard_normal((8, 12)).astype(np.float32)
    backend = Backend(0.01 * np.ones(12, np.float32), plda=plda, cohort=cohort, top=5)
    save_backend(population_folder, backend, {})
    with pytest.raises(CaseError, match="was changed"):
        run_compare(suspects)
    changed = run_compare(suspects, accepts_changed=True)
    before, after = (result.comparisons.filter(pl.col("status") == STATUS_LR) for result in (plain, changed))
    assert before.height == after.height == 6
    assert not set(before["calibration_id"]) & set(after["calibration_id"])
    results = json.loads((changed.folder / "results.json").read_text())
    assert results["method"]["score_identity"] == backend.identity == load_model(population_folder).backend.identity
    for row in after.to_dicts():
        score_map = results["calibrations"][row["calibration_id"]]["score_map"]
        assert (score_map["calibrator"], score_map["start"], score_map["step"]) == ("joint", 0.0, 1.0)
        at_0, at_1 = score_map["log10_lr"]
        assert row["unbounded_log10_lr"] == pytest.approx(at_0 + (at_1 - at_0) * row["adjusted_score"], abs=1e-6)
    assert "two-covariance (PLDA) score" in changed.html.read_text()
    assert "cosine of the questioned" in plain.html.read_text()


def test_the_suspects_do_not_become_questioned(recordings, suspects, run_scan, run_compare):
    run_scan(recordings)
    run_compare(suspects)
    assert run_compare(suspects).comparisons["questioned_path"].n_unique() == 3


def test_one_recording_on_both_sides_gives_no_lr_and_a_warning(recordings, suspects, run_scan, run_compare):
    (suspects / "Anna" / "leak.wav").write_bytes((recordings / "a.wav").read_bytes())
    run_scan(recordings)
    result = run_compare(suspects)
    refused = result.comparisons.filter(pl.col("status") == STATUS_NONE)
    assert refused.select("suspect").item() == "Anna"
    assert refused["questioned_path"].item().endswith("a.wav")
    assert "same recording" in refused["reason"].item()
    assert refused["log10_lr"].item() is None
    assert json.loads((result.folder / "results.json").read_text())["leakage_warnings"]


def test_a_recording_that_failed_stands_in_the_table_with_its_reason(recordings, suspects, run_scan, run_compare):
    write_wav(recordings / "silent.wav", np.zeros(48_000, np.float32))
    run_scan(recordings)
    table = run_compare(suspects).comparisons.filter(pl.col("questioned_path").str.ends_with("silent.wav"))
    assert table["status"].to_list() == [STATUS_NONE, STATUS_NONE]
    assert table["score"].is_null().all()
    assert all("No speech" in reason for reason in table["reason"])


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"min_net_speech_s": 60.0}, "Too little speech"),
        ({"min_snr_db": 200.0}, "Too much noise"),
        ({"max_condition_distance": 0.0}, "No reference population resembles"),
        ({"max_clipped_share": -1.0}, "Clipping"),
        ({"min_speakers": 31}, "reference speakers"),
    ],
)
def test_each_limit_refuses_with_its_reason(recordings, suspects, run_scan, run_compare, limits, reason):
    run_scan(recordings)
    settings = Settings(
        comparison=ComparisonSettings(**{"bootstrap_draws": 100, "max_condition_distance": 50.0} | limits)
    )
    table = run_compare(suspects, settings).comparisons
    assert set(table["status"]) == {STATUS_NONE}
    assert all(reason in text for text in table["reason"])
    assert table["log10_lr"].is_null().all()


@pytest.mark.parametrize(
    ("limits", "criterion", "reason"),
    [
        ({"net_speech_s": 60.0}, 1.0, "Too little speech: "),
        ({"bandwidth_hz": 12_000.0}, 1.0, "Too narrow a band: "),
        ({"clipped_share": -0.1}, 1.0, "Clipping: "),
        ({}, 1e-6, "the method does not meet its criterion"),
    ],
)
def test_outside_the_validated_envelope_no_lr_is_issued(
    recordings, suspects, run_scan, run_compare, population_folder, limits, criterion, reason
):
    save_envelope(population_folder / ENVELOPE, Envelope(criterion, {}, limits, "Made up."))
    run_scan(recordings)
    result = run_compare(suspects)
    assert set(result.comparisons["status"]) == {STATUS_NONE}
    assert all(reason in text for text in result.comparisons["reason"])
    assert "Made up." in result.html.read_text()
    assert json.loads((result.folder / "results.json").read_text())["method"]["envelope_sha256"]


def test_questioned_recordings_can_be_chosen(recordings, suspects, run_scan, run_compare):
    run_scan(recordings)
    relative = f"{os.path.relpath(recordings)}/deep/*.wav"
    paths = set(run_compare(suspects, questioned=(relative,)).comparisons["questioned_path"])
    assert [path.rpartition("/")[2] for path in paths] == ["b.wav"]


def test_a_choice_that_fits_nothing_shows_before_suspects_are_scanned(
    recordings, suspects, run_scan, run_compare, tmp_path
):
    """Each of several choices must fit something."""
    run_scan(recordings)
    with pytest.raises(CaseError, match=r"No scanned recording matches --questioned \*\.ogg"):
        run_compare(suspects, questioned=("*.wav", "*.ogg"))
    assert set(EvidenceStore(tmp_path / "case" / "evidence").read("files")["side"]) == {"questioned"}


def test_a_comparison_before_any_scan_says_to_scan(tmp_path, suspects, run_compare):
    with open_case(tmp_path / "case", create=True):
        pass
    with pytest.raises(CaseError, match="No questioned recording was scanned"):
        run_compare(suspects)


def test_suspects_without_speech_are_an_error_that_says_why(tmp_path, recordings, run_scan, run_compare):
    (tmp_path / "mute").mkdir()
    write_wav(tmp_path / "mute" / "x.wav", np.zeros(48_000, np.float32))
    run_scan(recordings)
    with pytest.raises(ReferenceSetError, match="No speech"):
        run_compare(tmp_path / "mute")


def test_a_recording_in_two_channels_has_a_row_a_channel(tmp_path, suspects, run_scan, run_compare):
    write_call(tmp_path / "calls" / "=call.wav", spoken("adler", 8.0), spoken("brook", 8.0))
    run_scan(tmp_path / "calls")
    table = run_compare(suspects).comparisons
    assert sorted(table["channel"]) == [1, 1, 2, 2]


def test_a_cell_that_a_spreadsheet_would_run_is_defused(tmp_path):
    from forensic.storage.tables import write_csv

    row = dict.fromkeys(COMPARISONS_SCHEMA) | {"questioned_path": "=cmd()", "suspect": "@x", "log10_lr": -1.5}
    write_csv(pl.DataFrame([row], COMPARISONS_SCHEMA), tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        (read,) = csv.DictReader(file)
    assert (read["questioned_path"], read["suspect"], read["log10_lr"]) == ("'=cmd()", "'@x", "-1.5")


def test_a_silent_channel_stands_in_the_table_beside_the_one_that_speaks(tmp_path, suspects, run_scan, run_compare):
    write_call(tmp_path / "calls" / "call.wav", spoken("adler", 8.0), np.full(8 * 16_000, 0.0, np.float32))
    settings = Settings(comparison=_SETTINGS.comparison, audio=AudioSettings(channels="split"))
    run_scan(tmp_path / "calls", settings=settings)
    table = run_compare(suspects, settings).comparisons.sort("channel", "suspect")
    assert table.select("channel", "status").rows() == [
        (1, STATUS_LR),
        (1, STATUS_LR),
        (2, STATUS_NONE),
        (2, STATUS_NONE),
    ]
