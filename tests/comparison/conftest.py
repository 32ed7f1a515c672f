"""A case without audio, weighed."""

import time

import pytest
from made_case import SIZE, SUSPECTS, evidence

from forensic.case.details import load_case_details
from forensic.case.folder import open_case
from forensic.comparison.request import ComparisonRequest, Places, load_basis
from forensic.comparison.weigh_case import weigh_case
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, save_envelope
from forensic.likelihood_ratio.population import save_population
from forensic.settings import ComparisonSettings, Settings
from forensic.speaker.extractor import load_model


@pytest.fixture
def made_model_folder(tiny_model_folder, bank_rows):
    """The tiny model, a bank of 30 people in three conditions beside it, and limits that leave some recordings out."""
    rows, embeddings = bank_rows(speakers=30, size=SIZE, noise=0.4)
    save_population(
        tiny_model_folder,
        rows,
        embeddings,
        model_sha256=load_model(tiny_model_folder).identity.sha256,
        data="Random numbers.",
        licences=dict.fromkeys(rows["corpus"].unique(), "CC0"),
    )
    limits = {"net_speech_s": 2.0, "snr_db": 0.0, "bandwidth_hz": 1_000.0}
    save_envelope(tiny_model_folder / ENVELOPE, Envelope(1.0, limits, limits, "Made up for tests."))
    return tiny_model_folder


@pytest.fixture
def weigh_made_case(tmp_path, made_model_folder):
    """Weighs the case of ``made_case`` and returns its outcome; ``change`` is made to the evidence before."""

    def weighed(recordings=None, calibrator="logistic", change=lambda tables: tables, **request):
        settings = Settings(comparison=ComparisonSettings(calibrator=calibrator, bootstrap_draws=200))
        wanted = ComparisonRequest(tmp_path, made_model_folder, settings, workers=1, **request)
        basis = load_basis(Places(made_model_folder), settings)
        with open_case(tmp_path / "case", create=True) as case:
            tables = evidence(basis.model.identity.sha256, settings.evidence_sha256, recordings)
            case.evidence.append(change(tables))
            details = load_case_details(case.path)
            return weigh_case(case, wanted, SUSPECTS, basis, details, time.monotonic(), lambda _: None)

    return weighed
