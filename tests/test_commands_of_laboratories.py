"""The commands of the pages for a laboratory's own people, models and validations are run, on 20 synthetic people."""

import csv
import dataclasses
import re
import shlex
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from pages import ROOT, shown
from scipy.signal import resample_poly
from second_models import onnx_folder
from spoken import VOICES, spoken, spoken_suspects

from forensic.audio.channel import Channel
from forensic.comparison.tables import STATUS_LR
from forensic.likelihood_ratio.population import CARD, read_card
from forensic.storage import toml
from forensic.storage.shipped import shipped
from forensic.workflows import population

PEOPLE = 20
"""As many as a calibration needs."""

_SPEEDS = (41, 44, 47, 53, 58)  # of 50: at another speed, a voice is another one's
_MODEL = Path("models/lstm-channel-3")
_TRAINING = """
[data]
splits = ["train"]
development_share = 0.3
noise = ""
rooms = ""

[augmentation]
versions = 1
piece_s = 18.0

[network]
log_bands = true
pooling = "statistics"

[learning]
steps = 2
batch = 4
evaluate_every = 2
min_crop_frames = 60
max_crop_frames = 90
"""

_SECONDS = 12.0
_TRAINED = 8  # people
_MISSED = 4  # a criterion, which decides nothing about synthetic people

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_pdf")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A laboratory's folder: people as a folder and in tables, a case, models, and a score list."""
    root = tmp_path_factory.mktemp("laboratory")
    rows = []
    for number in range(PEOPLE):
        for take, role in enumerate(("known", "questioned")):
            path = f"people/person {number}/{take}.wav"
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            write_wav(root / path, _spoken(number, take))
            known = {"path": path, "speaker": f"person {number}", "corpus": "ours", "licence": "ours", "role": role}
            made = {"session": f"2026-11-{take + 1:02}/{number}", "channel": "mobile", "seconds": _SECONDS}
            rows.append(known | made | {"split": "population", "condition": "quiet"})
    for name in ("manifest.csv", "sessions.csv", "calls.csv", "recordings.csv"):
        _write(root / name, rows)
    learnt = [row | {"split": "train"} for row in rows[: 2 * _TRAINED]]
    _write(root / "people.csv", learnt + rows[2 * _TRAINED :])
    _write(root / "others.csv", [row | {"corpus": "others"} for row in rows])
    _write(root / "scores.csv", _scores())
    (criteria,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/howto/validate.md").read_text("utf-8"), re.DOTALL)
    (root / "criteria.toml").write_text(f'title = "Ours"\nfixed_on = 2026-11-01\n{criteria}', encoding="utf-8")
    (root / "DIR").mkdir()
    write_wav(root / "DIR" / "call.wav", spoken("carver", 10.0))
    spoken_suspects(root / "SUSPECTS", 10.0)
    for name in ("lstm-channel-2", "lstm-channel-3"):
        shutil.copytree(shipped("models") / name, root / "models" / name)
    (root / "models/lstm-channel-2/training.toml").write_text(_TRAINING)
    card = read_card(root / _MODEL)
    toml.write(root / _MODEL / CARD, dataclasses.replace(card, left_out={"ours/person 7": "A second name."}))
    onnx_folder(root / "second")
    return root


def _spoken(number, take):
    speed = _SPEEDS[number // 4]
    samples = spoken(VOICES[number % 4], _SECONDS * speed / 50, start_s=14.0 * take)
    return resample_poly(samples, 50, speed).astype(np.float32)


def _scores():
    rng = np.random.default_rng(1)
    return [
        {"score": rng.normal(3.0 * (one == other)), "same_speaker": int(one == other)}
        | {"speaker_known": f"s{one}", "speaker_questioned": f"s{other}"}
        for one in range(PEOPLE)
        for other in range(PEOPLE)
    ]


def _write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def run(folder, monkeypatch, shell):
    """Runs lines in that folder, where its own models are those that ship, and a grid has one channel."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FORENSIC_PASSPHRASE", "a passphrase of the pages")
    monkeypatch.setattr("forensic.speaker.extractor.default_model_folder", lambda: _MODEL)
    request = partial(population.PopulationRequest, channels=(Channel("clean"),))
    monkeypatch.setattr(population, "PopulationRequest", request)
    monkeypatch.setattr("forensic.engine.default_workers", lambda: 1)

    def each(*lines):
        for line in lines:
            words = ["second" if word == "campplus" else word for word in shlex.split(line, comments=True)]
            if words[0] == "cp":
                if "-r" in words:
                    shutil.rmtree(words[-1], ignore_errors=True)
                subprocess.run(words, check=True)
                continue
            code, printed, complaint = shell(*words[1:])
            missed = _MISSED if "--criteria" in words else 0
            assert code in {0, missed}, f"{line}\n{printed}{complaint}"

    return each


def test_a_laboratory_validates(run):
    run(*shown("docs/howto/validate.md"))


def test_a_laboratory_has_a_population_and_a_model_of_its_own(run):
    if not Path("validation").exists():
        run("forensic validate --manifest recordings.csv --out validation")
    run(*shown("docs/howto/population.md"))
    outcomes = [pl.read_parquet(path) for path in sorted(Path("mycase/comparisons").glob("*/comparisons.parquet"))]
    assert [each["status"].to_list() for each in outcomes[:2]] == [[STATUS_LR] * 2] * 2
    assert outcomes[2].height == 2  # the call has less speech than any recording of that calibration


def test_a_laboratory_has_a_second_opinion_of_its_own(run):
    """By a network of two nodes in the place of CAM++, whose weights are in no test."""
    run(*shown("docs/howto/population.md")[:2], *shown("docs/second-opinion.md"))


def test_the_bank_that_ships_is_built(run):
    run(*shown("docs/conditions.md"))
