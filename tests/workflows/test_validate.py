"""A validation from a list or from recordings: figures, tables, report, verdict."""

import csv
import json
import sys
import tomllib

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from spoken import VOICES, spoken

from forensic.case.audit import read_audit
from forensic.cli import app as cli
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CalibrationError, SealError, ValidationError
from forensic.likelihood_ratio import metrics
from forensic.likelihood_ratio.envelope import ENVELOPE
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.extractor import default_model_folder
from forensic.storage.keys import make_keys
from forensic.validation.tables import LRS_SCHEMA
from forensic.workflows.audit import DIFFERENT, NOTE, audit
from forensic.workflows.seal import seal, verify_seal
from forensic.workflows.validate import (
    ValidationRequest,
    validate_recordings,
    validate_scores,
    validate_shipped,
)

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))
_FILES = [
    "audit.head",
    "audit.jsonl",
    "envelope.toml",
    "lrs.csv",
    "lrs.parquet",
    "report.html",
    "report.pdf",
    "validation.json",
]


def quiet(*_):
    pass


def score_rows(speakers=12, apart=3.0, seed=1):
    """Scores of all pairs of some speakers, normal with variance 1."""
    rng = np.random.default_rng(seed)
    return [
        {
            "score": rng.normal(apart if known == questioned else 0.0),
            "same_speaker": int(known == questioned),
            "speaker_known": f"s{known}",
            "speaker_questioned": f"s{questioned}",
            "condition": ("clean", "=noise")[take],
        }
        for known in range(speakers)
        for questioned in range(speakers)
        for take in range(2)
    ]


@pytest.fixture
def write_scores(tmp_path):
    def write(rows):
        with (tmp_path / "scores.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path / "scores.csv"

    return write


@pytest.fixture
def run(tmp_path):
    def validate(source, *, are_log10_lr=False, criteria=None):
        request = ValidationRequest(source, tmp_path / "out", _SETTINGS, criteria)
        return validate_scores(request, are_log10_lr=are_log10_lr, watch=quiet)

    return validate


def test_an_envelope_of_an_earlier_validation_does_not_stay(write_scores, run):
    """It would pass for one of the new validation, which found none."""
    folder = run(write_scores(score_rows())).folder
    assert (folder / ENVELOPE).exists()
    assert run(write_scores(score_rows(apart=0.1))).folder == folder
    assert not (folder / ENVELOPE).exists()
    assert audit(folder).is_right


def test_a_validation_is_sealed_with_what_was_put_beside_it(write_scores, run, tmp_path):
    """As a file for accreditation; every file of it is held, and nothing is validated into it again."""
    folder = run(write_scores(score_rows())).folder
    (folder / "doctor.json").write_text("{}")
    (folder / "list.csv").write_bytes((tmp_path / "scores.csv").read_bytes())
    make_keys(tmp_path / "key", "secret")
    made, _ = seal(folder, tmp_path / "key", lambda: "secret")
    report_id = json.loads((folder / "validation.json").read_text())["report_id"]
    for name in ("report.pdf", "envelope.toml", "doctor.json"):
        found = verify_seal(folder / name, tmp_path / "key.pub", None)
        assert (found.id, found.problems) == (report_id, ())
    assert {*json.loads(made.read_text())["files"]} == {*_FILES, "doctor.json", "list.csv"} - {
        "audit.head",
        "audit.jsonl",
    }
    found = audit(folder)
    assert found.is_right
    strange = [each.name for each in found.checked if each.verdict == NOTE and "put there by somebody" in each.finding]
    assert strange == [f"{folder.name}/doctor.json"]  # the list that was validated, too, is known by its hash
    assert [line.action for line in read_audit(folder / "audit.jsonl").lines] == ["validate", "seal"]
    with pytest.raises(ValidationError, match="sealed"):
        run(write_scores(score_rows()))
    for name, said in (("doctor.json", "not the file that was sealed"), ("lrs.csv", "lrs.csv was changed")):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + b" ")
        assert any(said in each.finding for each in audit(folder).checked if each.verdict == DIFFERENT)
        (folder / name).write_bytes(content)
    (folder / "report.html").unlink()
    assert any("is missing" in each.finding for each in audit(folder).checked)


def test_a_validation_that_is_not_as_its_log_says_is_not_sealed(write_scores, run, tmp_path):
    folder = run(write_scores(score_rows())).folder
    make_keys(tmp_path / "key", "secret")
    log = (folder / "audit.jsonl").read_bytes()
    for name in ("lrs.csv", "audit.jsonl"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content.replace(b"1", b"2", 1))
        with pytest.raises(SealError, match=r"as the log says|as it was left"):
            seal(folder, tmp_path / "key", lambda: "secret")
        (folder / name).write_bytes(content)
    assert (folder / "audit.jsonl").read_bytes() == log
    with pytest.raises(SealError, match="no folder of results"):
        seal(tmp_path, tmp_path / "key", lambda: "secret")


@pytest.mark.typeset
def test_a_list_of_scores_is_calibrated_measured_and_reported(write_scores, run, tmp_path):
    result = run(write_scores(score_rows()))
    assert sorted(path.name for path in result.folder.iterdir()) == _FILES
    lrs = pl.read_parquet(result.folder / "lrs.parquet")
    assert lrs.schema == pl.Schema(LRS_SCHEMA)
    found = json.loads((result.folder / "validation.json").read_text())
    same, different = (lrs.filter(pl.col("same_speaker") == kind)["log10_lr"].to_numpy() for kind in (True, False))
    assert found["cllr"] == pytest.approx(metrics.cllr(same, different), abs=1e-12)
    assert found["eer"] == pytest.approx(metrics.eer(same, different), abs=1e-12)
    assert found["cllr_cal"] == pytest.approx(found["cllr"] - found["cllr_min"], abs=1e-12)
    assert found["cllr_low"] < found["cllr"] < found["cllr_high"]
    assert (found["speakers"], found["same_speaker_comparisons"]) == (12, 24)
    assert {group["name"] for group in found["groups"]} == {"clean", "=noise"}
    assert found["decision"] == "no criteria"
    assert result.is_accepted is None
    assert "'=noise" in (result.folder / "lrs.csv").read_text()
    assert (result.folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert [line.action for line in read_audit(result.folder / "audit.jsonl").lines] == ["validate"]


def test_log10_lrs_are_taken_as_they_stand(write_scores, run):
    rows = score_rows()
    rows[0]["score"], rows[2]["score"] = "inf", "-inf"
    result = run(write_scores(rows), are_log10_lr=True)
    lrs = pl.read_parquet(result.folder / "lrs.parquet")
    assert lrs["unbounded_log10_lr"].to_list() == [float(row["score"]) for row in rows]
    assert lrs["log10_lr"].is_finite().all()
    assert lrs["log10_lr"].max() <= np.log10(13) + 0.01


def test_a_misleading_infinity_is_written_as_valid_json(write_scores, run):
    rows = score_rows()
    rows[0]["score"] = "-inf"  # a same-speaker comparison
    result = run(write_scores(rows), are_log10_lr=True)
    found = json.loads((result.folder / "validation.json").read_text(), parse_constant=pytest.fail)
    assert (found["unbounded_cllr"], found["unbounded_lowest_same_speaker_log10_lr"]) == ("inf", "-inf")
    assert found["cllr"] < 5


def test_infinite_scores_and_one_kind_alone_are_refused(write_scores, run):
    rows = score_rows()
    with pytest.raises(ValidationError, match="no different-speaker comparison"):
        run(write_scores([row for row in rows if row["same_speaker"]]))
    with pytest.raises(ValidationError, match="no same-speaker comparison"):
        run(write_scores([row for row in rows if not row["same_speaker"]]))
    rows[0]["score"] = "inf"
    with pytest.raises(CalibrationError, match="infinite"):
        run(write_scores(rows))


def test_three_speakers_are_counted_and_not_measured(write_scores, run):
    result = run(write_scores(score_rows(3)), are_log10_lr=True)
    found = json.loads((result.folder / "validation.json").read_text())
    assert found["cllr"] is None
    assert found["speakers"] == 3
    assert result.pdf.is_file()


def test_criteria_decide_the_report_the_json_and_the_exit_code(write_scores, tmp_path, monkeypatch, capsys):
    source, criteria, out = write_scores(score_rows()), tmp_path / "criteria.toml", tmp_path / "out"
    for limit, code, decision in ((0.001, 4, "rejected"), (0.9, 0, "accepted")):
        criteria.write_text(f'[[criteria]]\nmeasure = "cllr"\nat_most = {limit}\n')
        arguments = ["validate", "--scores", str(source), "--criteria", str(criteria), "--out", str(out)]
        monkeypatch.setattr(sys, "argv", ["forensic", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert stopped.value.code == code
        found = json.loads((out / "validation.json").read_text())
        assert found["decision"] == decision
        assert found["criteria"][0]["is_met"] == (code == 0)
        assert ("not met" if code else "The acceptance criterion is met.") in (out / "report.html").read_text()
    assert "met" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--scores", "a", "--manifest", "b"),
        ("--manifest", "a", "--log10-lr"),
        ("--scores", "a", "--allow-same-session"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["forensic", "validate", "--out", str(tmp_path / "out"), *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err


@pytest.fixture
def labelled(tmp_path):
    """Four voices with a known and a questioned recording each, a file that is none, and a manifest."""
    root = tmp_path / "recordings"
    root.mkdir()
    rows = []
    for number, voice in enumerate(VOICES):
        for role, start_s in (("known", 0.0), ("questioned", 10.0)):
            write_wav(root / f"{voice}-{role}.wav", spoken(voice, 8.0, start_s))
            rows.append([f"{voice}-{role}.wav", voice, role, f"{role} {number // 3}", "de" if number else "en"])
    (root / "bad.wav").write_text("no audio")
    rows += [["bad.wav", "adler", "questioned", "x", "en"], ["gone.wav", "adler", "known", "y", "en"]]
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "speaker", "role", "session", "language"])
        writer.writerows(rows)
    return root / "manifest.csv"


@pytest.fixture
def run_recordings(tmp_path, population_folder):
    def validate(manifest, **options):
        request = ValidationRequest(manifest, tmp_path / "out", _SETTINGS)
        chosen = {"allow_same_session": False} | options
        return validate_recordings(request, population_folder, 1, watch_scan=quiet, watch=quiet, **chosen)

    return validate


def test_recordings_go_the_way_of_a_case(labelled, run_recordings):
    result = run_recordings(labelled)
    lrs = pl.read_parquet(result.folder / "lrs.parquet")
    assert lrs.height == 4 * 5  # the file that is no recording is refused against everybody
    lrs = lrs.filter(pl.col("status") == STATUS_LR)
    assert (lrs.height, lrs["same_speaker"].sum()) == (16, 4)
    assert set(lrs["language"]) == {"en", "de", "en / de", "de / en"}
    assert (lrs["net_speech_questioned_s"] > 3).all()
    assert result.rejected_recordings == 2
    assert "does not exist" in result.exclusions[0].reason
    found = json.loads((result.folder / "validation.json").read_text())
    assert set(lrs["calibration_id"]) == set(found["calibrations"])
    assert found["kind"] == "recordings"
    text = (result.folder / "report.html").read_text()
    assert "gone.wav" in text
    assert "fewer than 5 speakers" in text


def test_a_session_does_not_meet_itself_unless_allowed(labelled, run_recordings):
    labelled.write_text(labelled.read_text().replace("questioned 0", "known 0"))  # three of the four speakers
    result = run_recordings(labelled)
    assert pl.read_parquet(result.folder / "lrs.parquet").drop_nulls("log10_lr")["same_speaker"].sum() == 1
    assert any("one session" in each.reason and each.number == 3 for each in result.exclusions)
    result = run_recordings(labelled, allow_same_session=True)
    assert pl.read_parquet(result.folder / "lrs.parquet").drop_nulls("log10_lr")["same_speaker"].sum() == 4


def test_reference_people_of_the_validation_calibrate_nothing(labelled, run_recordings):
    labelled.write_text(labelled.read_text().replace("brook,", "s7,"))
    found = json.loads((run_recordings(labelled).folder / "validation.json").read_text())
    assert found["reference_speakers_left_out"] == ["s7"]
    assert {each["speakers"] for each in found["calibrations"].values()} == {29}


def test_a_manifest_without_recordings_or_comparisons_is_refused(labelled, run_recordings, tmp_path):
    text = labelled.read_text()
    labelled.write_text(text.replace("known,", "questioned,"))
    with pytest.raises(ValidationError, match="no same-speaker comparison"):
        run_recordings(labelled)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "m.csv").write_text(text)
    with pytest.raises(ValidationError, match="No recording of the manifest exists"):
        run_recordings(tmp_path / "elsewhere" / "m.csv")


def test_a_validation_on_the_calls_that_ship_names_the_model_in_report_and_log(tmp_path):
    """Without it, nobody could say what was validated."""
    request = ValidationRequest(tmp_path, tmp_path / "out", _SETTINGS, language="de")
    result = validate_shipped(request, default_model_folder(), quiet)
    card = tomllib.loads((default_model_folder() / "card.toml").read_text())
    page = result.html.read_text(encoding="utf-8")
    assert card["name"] in page
    assert card["weights"]["sha256"] in page
    (line,) = read_audit(result.folder / "audit.jsonl").lines
    assert line.facts["model_sha256"] == card["weights"]["sha256"]
    assert "System, das die Liste erzeugte" not in page
    assert "gleiche Art von Leitung" in page
    assert "kind of line" not in page
    assert "Wer die Liste" not in page.split("Grenzen der Validierung")[0]
    assert "von verschiedenen Tagen" in page
