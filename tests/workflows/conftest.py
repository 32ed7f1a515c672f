"""A small case: synthetic voices, an untrained model, a population of random speakers."""

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from spoken import VOICES, spoken

from forensic.case.folder import open_case
from forensic.examination.scan import ScanRequest, scan
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, Limits, save_envelope
from forensic.likelihood_ratio.population import ROWS_SCHEMA, save_population
from forensic.settings import Settings
from forensic.speaker.extractor import load_model


@pytest.fixture
def recordings(tmp_path):
    """Three good recordings in nested folders."""
    root = tmp_path / "recordings"
    for voice, name in zip(VOICES, ("a.wav", "deep/er/b.wav", "c [1]'\".wav"), strict=False):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(root / name, spoken(voice, 8.0))
    return root


@pytest.fixture
def run_scan(tmp_path, tiny_model_folder):
    """Scans folders into one case and returns how it went."""

    def run(*roots, side="questioned", settings=None, **request):
        with open_case(tmp_path / "case", create=True) as case:
            wanted = ScanRequest(roots, side, tiny_model_folder, settings or Settings(), workers=1, **request)
            return scan(case, wanted, lambda _: None)

    return run


@pytest.fixture
def population_folder(tiny_model_folder):
    """The tiny model's folder, with a bank of 30 random speakers beside it."""
    model = load_model(tiny_model_folder)
    rng = np.random.default_rng(11)
    rows, embeddings = [], []
    for speaker in range(30):
        own = rng.standard_normal(model.identity.embedding_size)
        for side, net_speech_s, pieces in (("known", 20.0, 1), ("questioned", 5.0, 2)):
            for piece in range(pieces):
                value = own + 0.7 * rng.standard_normal(len(own))
                embeddings.append(value / np.linalg.norm(value))
                rows.append((f"s{speaker}", "made up", side, "clean", net_speech_s, net_speech_s, 35.0, 7800.0, piece))
    schema = {
        name: kind
        for name, kind in ROWS_SCHEMA.items()
        if name not in {"low_edge_hz", "c50_db", "codec", "clipped_share"}
    }
    frame = pl.DataFrame(rows, schema, orient="row")
    save_population(
        tiny_model_folder,
        frame,
        np.array(embeddings, np.float32),
        model_sha256=model.identity.sha256,
        data="Random numbers.",
        licences={"made up": "CC0"},
    )
    everything = Limits(net_speech_s=0.5, snr_db=-20.0, bandwidth_hz=100.0)
    save_envelope(tiny_model_folder / ENVELOPE, Envelope(1.0, everything, everything, "Made up for tests."))
    return tiny_model_folder
