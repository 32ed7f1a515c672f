"""A small case from evidence to results, held against what it gave before: no likelihood ratio moves unseen."""

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from golden import hold

from forensic.case.details import load_case_details
from forensic.case.folder import open_case
from forensic.case.reference import Suspect
from forensic.case.store import SCHEMAS
from forensic.comparison.request import ComparisonRequest, load_basis
from forensic.comparison.weigh_case import weigh_case
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, Limits, save_envelope
from forensic.likelihood_ratio.population import save_population
from forensic.report.results_json import case_results
from forensic.settings import CALIBRATORS, ComparisonSettings, Settings
from forensic.speaker.extractor import load_model

SIZE = 12  # of the tiny model's embeddings
_RECORDINGS = {
    # name: (side, voice, net speech in s, SNR in dB, language), a second voice makes two turns
    "call 1.wav": ("questioned", (3,), 12.0, 21.0, "en"),
    "call 2.wav": ("questioned", (5, 4), 28.0, 18.0, "en"),
    "short.wav": ("questioned", (3,), 1.2, 20.0, None),
    "noisy.wav": ("questioned", (4,), 9.0, -12.0, None),
    "interview.wav": ("reference", (3,), 65.0, 30.0, "en"),
    "voicemail.wav": ("reference", (3,), 24.0, 28.0, "en"),
    "copy of voicemail.wav": ("questioned", (3,), 24.0, 28.0, "en"),
    "hearing.wav": ("reference", (4,), 80.0, 33.0, "de"),
}
_PROSE = {"reason", "questioned_differs", "known_differs", "leakage_warnings", "language_warnings", "problem", "remedy"}
_IDS = {
    "id",
    "comparison_id",
    "calibration_id",
    "created_utc",
    "case",
    "method",
    "model_sha256",
    "settings_sha256",
    "labels_sha256",
}


@pytest.fixture
def model_folder(tiny_model_folder, bank_rows):
    """The tiny model with a bank of 30 people in three conditions, and an envelope that leaves some recordings out."""
    model = load_model(tiny_model_folder)
    rows, embeddings = bank_rows(speakers=30, size=SIZE, noise=0.4)
    save_population(
        tiny_model_folder,
        rows,
        embeddings,
        model_sha256=model.identity.sha256,
        data="Random numbers.",
        licences=dict.fromkeys(rows["corpus"].unique(), "CC0"),
    )
    limits = Limits(net_speech_s=2.0, snr_db=0.0, bandwidth_hz=1_000.0)
    save_envelope(tiny_model_folder / ENVELOPE, Envelope(1.0, limits, limits, "Made up for tests."))
    return tiny_model_folder


def evidence(identity, settings):
    """Rows by table for ``_RECORDINGS``, as a scan would leave them."""
    rng = np.random.default_rng(7)
    voices = rng.normal(size=(6, SIZE))
    rows = {table: [] for table in SCHEMAS}

    def add(table, **values):
        rows[table].append(dict.fromkeys(SCHEMAS[table]) | values)

    for name, (side, speakers, net_speech_s, snr_db, language) in _RECORDINGS.items():
        sha256 = f"{sorted(_RECORDINGS).index(name.removeprefix('copy of ')):02x}" * 32
        key = {"sha256": sha256, "model_sha256": identity.sha256, "settings_sha256": settings.evidence_sha256}
        add("files", path=f"/calls/{name}", sha256=sha256, size_bytes=1, modified_ns=0, side=side, status="audio")
        if name.startswith("copy of "):
            continue
        add("recordings", **key, container="wav", codec="pcm", duration_s=90.0, channels=1, labels_sha256="")
        for number, voice in enumerate(speakers, 1):
            own = key | {"channel": 0, "labels_sha256": "", "turn": number if len(speakers) > 1 else 0}
            stretches = 5
            spread = 0.4 * (60 / net_speech_s) ** 0.5
            parts = [unit(voices[voice] + spread * rng.normal(size=SIZE)) for _ in range(stretches)]
            whole = unit(np.mean(parts, axis=0))
            add("embeddings", **own, windows=10 * stretches, embedding=whole)
            for place, part in enumerate(parts):
                begin = {"segment": place, "start_s": 15.0 * place, "end_s": 15.0 * place + net_speech_s / stretches}
                add("segments", **own, **begin, windows=10, embedding=part)
            is_known = side == "reference"
            add(
                "quality",
                **own,
                speakers=len(speakers),
                duration_s=90.0,
                net_speech_s=net_speech_s,
                snr_db=snr_db,
                bandwidth_hz=7_900.0 if is_known else 3_400.0,
                low_edge_hz=80.0 if is_known else 280.0,
                c50_db=13.0,
                clipped_share=0.0,
                codec_trace="PCM or G.711" if is_known else "AMR or GSM",
                codec_trace_probability=0.9,
            )
            if language:
                add("language", **own, answer="named", language=language, probability=0.9, speech_s=net_speech_s)
    return {table: pl.DataFrame(part, SCHEMAS[table], orient="row") for table, part in rows.items()}


def unit(vector):
    """Of length 1, as Parquet takes it."""
    return (vector / np.linalg.norm(vector)).astype(np.float32).tolist()


@pytest.fixture
def run(tmp_path, model_folder):
    """Weighs the case with a calibrator, and returns its results as JSON values."""

    def weighed(calibrator, **request):
        settings = Settings(comparison=ComparisonSettings(calibrator=calibrator, bootstrap_draws=200))
        suspects = (
            Suspect("Anna", tuple(map(_path, ("interview.wav", "voicemail.wav")))),
            Suspect("Ben", (_path("hearing.wav"),)),
        )
        wanted = ComparisonRequest(tmp_path, model_folder, settings, workers=1, **request)
        basis = load_basis(model_folder, None, None, None)
        with open_case(tmp_path / "case", create=True) as case:
            case.evidence.append(evidence(basis.model.identity, settings))
            details = load_case_details(case.path)
            outcome = weigh_case(case, wanted, suspects, basis, details, time.monotonic(), lambda _: None)
        return case_results(outcome)

    return weighed


def _path(name):
    return Path("/calls") / name


def numbers(value):
    """Results without versions, ids and times; of sentences only whether there is one, since their words may change."""
    if isinstance(value, dict):
        return {
            key: _without_words(each) if key in _PROSE else numbers(each)
            for key, each in value.items()
            if key not in _IDS
        }
    return [numbers(each) for each in value] if isinstance(value, list | tuple) else value


def _without_words(value):
    return len(value) if isinstance(value, list) else value is not None


def test_a_case_gives_the_results_that_it_gave(run, request):
    """Comparisons with an LR and without, their calibrations, and what the LRs hang on."""
    results = run("logistic")
    kept = numbers(results) | {"calibrations": [numbers(each) for each in results["calibrations"].values()]}
    assert {row["status"] for row in kept["comparisons"]} == {"lr", "no LR issued"}
    assert kept["explanations"]
    hold("case", kept, rewrites=request.config.getoption("--rewrite-golden"))


@pytest.mark.parametrize("calibrator", [name for name in CALIBRATORS if name != "logistic"])
def test_each_calibrator_gives_the_lrs_that_it_gave(run, request, calibrator):
    """The comparisons alone."""
    results = run(calibrator, explains=False)
    hold(f"case_{calibrator}", numbers(results["comparisons"]), rewrites=request.config.getoption("--rewrite-golden"))
