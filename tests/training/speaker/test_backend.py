"""The score is chosen by measurement, from estimates that agree with the textbook's."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from forensic.errors import SettingsError
from forensic.speaker.backend import Backend, save_backend
from forensic.speaker.extractor import load_model
from forensic.storage import toml
from forensic.training.cache import FeatureCache
from forensic.training.configuration import BackendSettings, TrainingSettings, load_training_settings
from forensic.training.model_folder import TrainingRequest
from forensic.training.speaker import backend as chooser
from forensic.training.speaker.backend import (
    Examples,
    Spread,
    candidates,
    choose,
    choose_backend,
    diagonalise,
    measure,
    shrunk,
    two_covariance,
)
from forensic.training.speaker.development import Comparisons
from forensic.workflows import train as workflow

SETTINGS = BackendSettings(lda_dimensions=(4, 8), cohort=60, top=20)
SIZE = 24


def _unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def _people(voices, noise, rng, pieces):
    """Embeddings of pieces of each person, shape (people, pieces, size)."""
    shape = (len(voices), pieces, voices.shape[1])
    return _unit(voices[:, None] + rng.standard_normal(shape) * noise)


def _data(voice, noise, seed=1):
    """Training and development people whose voices and pieces spread as given, a standard deviation a dimension."""
    rng = np.random.default_rng(seed)
    people, pieces = 150, 6
    training = _people(rng.standard_normal((people, SIZE)) * voice, noise, rng, pieces)
    development = _people(rng.standard_normal((50, SIZE)) * voice, noise, rng, 4)
    same = np.eye(50, dtype=bool)
    return (
        Examples(training.reshape(-1, SIZE), np.repeat(np.arange(people), pieces)),
        Comparisons(
            development[:, 1:].transpose(1, 0, 2),
            development[:, 0],
            same,
            ~same,
            np.full((3, 50), "clean"),
            np.full(50, "one"),
        ),
    )


def _random_covariance(rng, size):
    root = rng.standard_normal((size, 2 * size))
    return root @ root.T / size


def test_diagonalisation_makes_one_covariance_white_and_the_other_diagonal():
    rng = np.random.default_rng(1)
    between, within = _random_covariance(rng, 6), _random_covariance(rng, 6)
    transform, variances = diagonalise(between, within)
    np.testing.assert_allclose(transform.T @ within @ transform, np.eye(6), atol=1e-9)
    np.testing.assert_allclose(transform.T @ between @ transform, np.diag(variances), atol=1e-9)
    assert (np.diff(variances) <= 0).all()


def test_plda_of_given_covariances_is_the_ratio_of_their_densities():
    from scipy.stats import multivariate_normal

    rng = np.random.default_rng(2)
    mean, within, between = rng.standard_normal(5), _random_covariance(rng, 5), _random_covariance(rng, 5)
    one = np.block([[between + within, between], [between, between + within]])
    x, y = rng.standard_normal((2, 5))
    expected = multivariate_normal(np.tile(mean, 2), one).logpdf(np.concatenate([x, y]))
    expected -= multivariate_normal(mean, between + within).logpdf([x, y]).sum()
    assert two_covariance(mean, within, between).score(x[None], y[None])[0, 0] == pytest.approx(expected, rel=1e-3)


def test_the_directions_are_those_of_another_lda():
    """Up to sign and length, the leading discriminant directions of scikit-learn's eigenvalue solver."""
    rng = np.random.default_rng(3)
    speaker = np.repeat(np.arange(40), 10)
    voices = rng.standard_normal((40, 6)) * np.array([5.0, 3.0, 2.0, 1.0, 0.5, 0.2])
    values = voices[speaker] + rng.standard_normal((400, 6)) @ rng.standard_normal((6, 6))
    spread = Spread.of(values, speaker)
    ours, _ = diagonalise(spread.between, spread.within)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(values, speaker).scalings_
    for direction in range(3):
        a, b = ours[:, direction], theirs[:, direction]
        assert abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) == pytest.approx(1.0, abs=1e-6)


def test_the_variation_of_speakers_is_found_though_groups_are_unequal():
    rng = np.random.default_rng(4)
    speaker = np.repeat(np.arange(3000), rng.integers(1, 6, 3000))
    values = 2.0 * rng.standard_normal((3000, 2))[speaker] + rng.standard_normal((len(speaker), 2))
    spread = Spread.of(values, speaker)
    np.testing.assert_allclose(spread.between, 4 * np.eye(2), atol=0.3)
    np.testing.assert_allclose(spread.within, np.eye(2), atol=0.1)


def test_shrinkage_keeps_the_trace():
    covariance = _random_covariance(np.random.default_rng(5), 4)
    assert np.trace(shrunk(covariance, 0.3)) == pytest.approx(np.trace(covariance))
    np.testing.assert_allclose(shrunk(covariance, 1.0), np.trace(covariance) / 4 * np.eye(4))


def test_where_every_direction_is_alike_the_cosine_stays():
    choice = choose(*_data(np.ones(SIZE), np.full(SIZE, 0.8)), SETTINGS)
    assert choice.name == "cosine"
    assert choice.backend.identity == "cosine"
    assert len(choice.cllr_min) == 3 * (2 + 2 + 4 + 4)


def test_where_some_directions_only_disturb_they_are_projected_away():
    voice = np.concatenate([np.ones(8), np.full(SIZE - 8, 0.05)])
    noise = np.concatenate([np.full(8, 0.3), np.full(SIZE - 8, 1.2)])
    examples, comparisons = _data(voice, noise)
    choice = choose(examples, comparisons, SETTINGS)
    assert "LDA" in choice.name
    assert sum(choice.cllr_min[choice.name]) < 0.8 * sum(choice.cllr_min["cosine"])
    assert choice.speakers == 150


def test_a_score_wins_only_by_more_than_the_margin():
    voice = np.concatenate([np.ones(8), np.full(SIZE - 8, 0.05)])
    noise = np.concatenate([np.full(8, 0.3), np.full(SIZE - 8, 1.2)])
    assert choose(*_data(voice, noise), dataclasses.replace(SETTINGS, margin=1.0)).name == "cosine"


def test_a_corpus_counts_as_much_as_another_however_many_its_comparisons():
    """Of two corpora, one four times as large, the cost is the mean; one with few comparisons is left out."""
    _, easy = _data(np.ones(SIZE), np.full(SIZE, 0.2), seed=1)
    _, hard = _data(np.ones(SIZE), np.full(SIZE, 2.0), seed=2)
    part = 30

    def cost(first, second):
        corpus = np.repeat(["easy", "hard"], [first, second])
        chosen = [easy] * first + [hard] * second
        rows = list(range(first)) + list(range(second))
        made = Comparisons(
            np.stack([data.questioned[:, row] for data, row in zip(chosen, rows, strict=True)], axis=1),
            np.stack([data.known[row] for data, row in zip(chosen, rows, strict=True)]),
            np.eye(first + second, dtype=bool),
            (corpus[:, None] == corpus) & ~np.eye(first + second, dtype=bool),
            np.full((3, first + second), "clean"),
            corpus,
        )
        return np.array(measure(Backend(), made))

    alone = cost(50, 0), cost(0, part)
    assert (alone[0] < alone[1] / 2).all()
    np.testing.assert_allclose(cost(50, part), (alone[0] + alone[1]) / 2)
    np.testing.assert_allclose(cost(50, 19), alone[0])
    assert np.isfinite(cost(5, 6)).all()


def test_only_what_the_settings_allow_is_tried():
    examples, _ = _data(np.ones(SIZE), np.ones(SIZE))
    only = dataclasses.replace(SETTINGS, candidates=("plda",), cohort=0, shrinkage=(0.1,))
    names = list(dict(candidates(examples, only)))
    assert names == ["cosine", "PLDA of 4 dimensions, shrinkage 0.1", "PLDA of 8 dimensions, shrinkage 0.1"]


def test_people_too_few_for_a_candidate_leave_the_others():
    examples, _ = _data(np.ones(SIZE), np.ones(SIZE))
    few = Examples(examples.embeddings[:18], examples.speaker[:18])  # three people
    names = list(dict(candidates(few, SETTINGS)))
    assert "WCCN, shrinkage 0.1" in names
    assert not [name for name in names if "LDA" in name]
    one = Examples(examples.embeddings[:6], examples.speaker[:6])
    assert list(dict(candidates(one, SETTINGS))) == ["cosine"]


def test_whitening_and_projection_end_in_unit_length():
    examples, _ = _data(np.ones(SIZE), np.ones(SIZE))
    for backend in dict(candidates(examples, SETTINGS)).values():
        assert isinstance(backend, Backend)
        np.testing.assert_allclose(np.linalg.norm(backend.prepared(examples.embeddings[:5]), axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidates": ("magic",)},
        {"shrinkage": (0.0,)},
        {"top": 1},
        {"nearest": 1},
        {"shares": (0.0,)},
        {"shares": (1.5,)},
        {"windows": 0},
    ],
)
def test_settings_that_cannot_work_are_refused_before_the_training(tmp_path, wrong):
    toml.write(tmp_path / "training.toml", {"backend": wrong})
    with pytest.raises(SettingsError, match="backend"):
        load_training_settings(tmp_path / "training.toml")


def _features(people=12, pieces=3, frames=420):
    """Features of random people, two degraded versions, the first quarter of them development people."""
    rng = np.random.default_rng(8)
    count = people * pieces
    coloured = rng.random((people, 1, 40)) ** 3
    voices = np.repeat(coloured, pieces * frames, axis=1).reshape(-1, 40)
    versions = tuple((voices * rng.random(voices.shape)).astype(np.float16) for _ in range(3))
    index = pl.DataFrame(
        {
            "speaker": np.repeat([f"p{person}" for person in range(people)], pieces),
            "corpus": ["made up"] * count,
            "is_development": np.arange(count) < count // 4,
            "first": np.arange(count) * frames,
            "frames": [frames] * count,
        }
    )
    drawn = [(piece, version, "room", 0, "") for version in (1, 2) for piece in range(count)]
    channels = pl.DataFrame(drawn, ["piece", "version", "condition", "seed", "channel"], orient="row")
    return FeatureCache(versions, index, channels, "c" * 64)


@pytest.fixture
def embedded(monkeypatch):
    """How many windows each call embedded."""
    counts = []
    original = chooser.embed_windows
    monkeypatch.setattr(
        chooser, "embed_windows", lambda windows, *rest: (counts.append(len(windows)), original(windows, *rest))[1]
    )
    return counts


def test_the_training_speech_that_is_embedded_is_bounded_and_one_seed_gives_one_choice(tiny_model_folder, embedded):
    model, cache = load_model(tiny_model_folder), _features()
    settings = BackendSettings(lda_dimensions=(4,), windows=40)
    first, second = choose_backend(model, cache, settings), choose_backend(model, cache, settings)
    assert first.speakers == 5  # two pieces, clean and degraded, in two windows
    assert embedded[4] == 40  # after the known side and three versions of the questioned side of development people
    assert first.name == second.name
    assert first.cllr_min == second.cllr_min
    assert first.backend.identity == second.backend.identity


def test_nothing_is_embedded_where_only_the_cosine_is_allowed(tiny_model_folder, embedded):
    only = BackendSettings(candidates=("cosine",), cohort=0)
    choice = choose_backend(load_model(tiny_model_folder), _features(), only)
    assert (choice.name, choice.backend.identity, embedded) == ("cosine", "cosine", [])


def test_without_development_people_the_cosine_stays(tiny_model_folder):
    cache = _features()
    cache = dataclasses.replace(cache, index=cache.index.with_columns(pl.lit(value=False).alias("is_development")))
    choice = choose_backend(load_model(tiny_model_folder), cache, BackendSettings())
    assert (choice.name, choice.cllr_min) == ("cosine", {})


def test_a_model_gets_another_score_without_being_trained(tiny_model_folder, tmp_path, monkeypatch):
    save_backend(tiny_model_folder, Backend(mean=np.zeros(12, np.float32)), {})
    (tiny_model_folder / "training.json").write_text('{"pieces": 7}')
    before = load_model(tiny_model_folder)
    monkeypatch.setattr(workflow, "_manifest", lambda _: None)
    monkeypatch.setattr(workflow, "make_pieces", lambda *_: [])
    monkeypatch.setattr(workflow, "_cache", lambda *_: _features())
    settings = TrainingSettings(backend=BackendSettings(lda_dimensions=(4,), margin=9.0))
    request = TrainingRequest(settings, tiny_model_folder, tmp_path, "tiny", "CC0", "none", workers=1)
    choice = workflow.choose_score(request, lambda *_: None)
    after = load_model(tiny_model_folder)
    record = json.loads((tiny_model_folder / "training.json").read_text())
    assert choice.name == after.card["backend"]["chosen"] == record["backend"]["chosen"] == "cosine"
    assert after.backend.identity == "cosine" != before.backend.identity
    assert after.identity == before.identity
    assert set(after.card["backend"]["cllr_min"]) == set(record["backend"]["cllr_min"]) == set(choice.cllr_min)
    assert record["pieces"] == 7
    assert record["backend"]["features_sha256"] == "c" * 64
