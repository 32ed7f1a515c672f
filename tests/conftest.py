"""What several folders share: small cases of synthetic voices, simulated speakers, an untrained model."""

import os
from collections.abc import Callable

if "PYTEST_XDIST_WORKER" in os.environ:  # a process a core, so one thread each; before any library makes its own
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from hypothesis import settings
from spoken import VOICES, spoken

from forensic.case.folder import open_case
from forensic.cli import app
from forensic.examination.scan import ScanRequest, scan
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, save_envelope
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.population import ROWS_SCHEMA, save_population
from forensic.records import TRAITS
from forensic.settings import Settings
from forensic.speaker.extractor import load_model

settings.register_profile("any machine", deadline=None)  # a busy machine is no wrong result
settings.load_profile("any machine")


def pytest_addoption(parser):
    """Golden files change on this flag alone."""
    parser.addoption("--rewrite-golden", action="store_true", help="write the files in tests/golden again")


@pytest.fixture
def quick_pdf(request, monkeypatch):
    """Leaves out the pages of a PDF, which take seconds to lay out; tests that look at them are marked ``typeset``."""
    if request.node.get_closest_marker("typeset") is None:
        monkeypatch.setattr("forensic.report.shared.render.render_pdf", lambda *_: b"a PDF that was not laid out")


@pytest.fixture
def shell(monkeypatch, capsys):
    """Runs a command as a shell would: its exit code, and what it printed on standard output and standard error."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["forensic", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        printed = capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def tiny_model_folder(tmp_path):
    """A model of the real kind, small and untrained."""
    import torch

    from forensic.speaker.architecture import Architecture
    from forensic.speaker.network import SpeakerNetwork
    from forensic.training.model_folder import save_model

    torch.manual_seed(1)
    network = SpeakerNetwork(Architecture(hidden_size=16, layers=2, embedding_size=12, rectified=False))
    folder = tmp_path / "tiny-model"
    save_model(folder, network, {"name": "tiny", "licence": "CC0", "data": "none"}, {})
    return folder


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
def killed_before_its_name(monkeypatch):
    """Runs what writes results; it is killed between its line in the log and the names of its files."""

    def kill(*_args):
        raise KeyboardInterrupt

    def run(write, *arguments):
        with monkeypatch.context() as patch:
            patch.setattr("forensic.case.results._move_up", kill)
            patch.setattr("forensic.case.results.shutil.rmtree", lambda *_args, **_options: None)
            with pytest.raises(KeyboardInterrupt):
                write(*arguments)

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
    missing = {"low_edge_hz", "c50_db", "clipped_share", "session", "line", *TRAITS}  # as in an older bank
    schema = {name: kind for name, kind in ROWS_SCHEMA.items() if name not in missing}
    frame = pl.DataFrame(rows, schema, orient="row")
    save_population(
        tiny_model_folder,
        frame,
        np.array(embeddings, np.float32),
        model_sha256=model.identity.sha256,
        data="Random numbers.",
        licences={"made up": "CC0"},
    )
    everything = {"net_speech_s": 0.5, "snr_db": -20.0, "bandwidth_hz": 100.0}
    save_envelope(tiny_model_folder / ENVELOPE, Envelope(1.0, everything, everything, "Made up for tests."))
    return tiny_model_folder


SimulatePairs = Callable[..., Pairs]


@pytest.fixture(scope="session")
def simulate_pairs() -> SimulatePairs:
    """Makes the pairs of n speakers: scores of either class are normal with variance 1.

    The means are 0 and ``apart``, so the true log10 LR is (apart * score - apart^2 / 2) / ln 10. A part
    ``effect`` of the variance belongs to the two speakers of a pair, so pairs that share a speaker are
    correlated.
    """

    def simulate(speakers: int, apart: float, seed: int, effect: float = 0.5) -> Pairs:
        rng = np.random.default_rng(seed)
        known, questioned = rng.normal(0, np.sqrt(effect / 2), (2, speakers))
        score = known[:, None] + questioned + rng.normal(0, np.sqrt(1 - effect), (speakers, speakers))
        first, second = np.nonzero(~np.eye(speakers, dtype=bool))
        own = np.arange(speakers)
        return Pairs(np.diag(score) + apart, own, score[first, second], first, second, speakers)

    return simulate


@pytest.fixture(scope="session")
def bank_rows() -> Callable[..., tuple[pl.DataFrame, np.ndarray]]:
    """Makes rows and embeddings of a bank: two corpora, one known and two questioned cells, two pieces."""

    def make(speakers: int = 24, size: int = 16, noise: float = 0.25, seed: int = 3):
        rng = np.random.default_rng(seed)
        voices = rng.normal(size=(speakers, size))
        rows, embeddings = [], []
        for speaker in range(speakers):
            corpus = f"corpus {speaker % 2}"
            for side, cell, speech_s, snr_db in (
                ("known", "clean", 60.0, None),
                ("questioned", "AMR-NB 5.9", 10.0, 20.0),
                ("questioned", "AMR-NB 5.9", 30.0, 20.0),
            ):
                for piece in range(2):
                    vector = voices[speaker] + noise * (60 / speech_s) ** 0.5 * rng.normal(size=size)
                    embeddings.append(vector / np.linalg.norm(vector))
                    bandwidth_hz = 8000.0 if side == "known" else 3400.0
                    snr = None if snr_db is None else snr_db + rng.normal()
                    measured_s = speech_s * rng.uniform(0.9, 1.1)
                    name = f"{corpus}/{speaker:03}"
                    edge_hz = 80.0 if side == "known" else 280.0
                    measured = (measured_s, snr, bandwidth_hz, edge_hz, 12.0 + piece, 0.0)
                    rows.append((name, corpus, side, cell, speech_s, *measured, piece, None, None, *[""] * len(TRAITS)))
        frame = pl.DataFrame(rows, schema=ROWS_SCHEMA, orient="row")
        return frame, np.array(embeddings, dtype=np.float32)

    return make
