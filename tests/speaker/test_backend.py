"""Scores: symmetric, as the formulas say, and only of a backend that is whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from forensic.errors import ModelError
from forensic.speaker.backend import Backend, TwoCovariance, load_backend, save_backend
from forensic.speaker.extractor import load_model
from forensic.storage.cards import read_card

SIZE = 12  # of the tiny model's embeddings


def _embeddings(seed, count):
    values = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def _backend(seed, *, projected=True, plda=True, normalised=True, share=0.0, size=SIZE):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    kept = 5 if projected else size
    return Backend(
        mean=0.1 * draw(size),
        projection=draw(size, kept) if projected else None,
        plda=TwoCovariance(0.1 * draw(kept), draw(kept, kept), np.abs(draw(kept))) if plda else None,
        cohort=_embeddings(seed + 7, 9) if normalised else None,
        top=4 if normalised else 0,
        share=share,
    )


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 5), st.booleans(), st.booleans(), st.booleans())
def test_the_score_of_two_does_not_depend_on_their_order(seed, n, m, projected, plda, normalised):
    backend = _backend(seed, projected=projected, plda=plda, normalised=normalised)
    a, b = _embeddings(seed, n), _embeddings(seed + 1, m)
    for scorer in (backend, Backend()):
        scores = scorer.score(a, b)
        assert scores.shape == (n, m)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, scorer.score(b, a).T, rtol=1e-5, atol=1e-5)


def test_without_any_part_the_score_is_the_cosine():
    a, b = _embeddings(1, 6), _embeddings(2, 3)
    np.testing.assert_array_equal(Backend().score(a, b), a @ b.T)
    assert Backend().identity == "cosine"
    assert np.abs(Backend().score(a, a)).max() <= 1.0


@given(st.integers(0, 1000), st.booleans(), st.booleans())
def test_a_pair_scores_the_same_whoever_else_is_scored(seed, plda, normalised):
    backend = _backend(seed, plda=plda, normalised=normalised)
    a, b = _embeddings(seed, 5), _embeddings(seed + 1, 4)
    np.testing.assert_allclose(backend.score(a, b)[2:3, 1:2], backend.score(a[2:3], b[1:2]), rtol=1e-4, atol=1e-4)


def test_plda_is_the_ratio_of_the_two_propositions_densities():
    """Against the joint densities of the two-covariance model, one pair at a time."""
    rng = np.random.default_rng(5)
    mean, transform, between = rng.standard_normal(4), rng.standard_normal((4, 4)), rng.uniform(0, 3, 4)
    plda = TwoCovariance(*(value.astype(np.float32) for value in (mean, transform, between)))
    back = np.linalg.inv(transform)
    recording, speaker = back.T @ back, back.T @ np.diag(between) @ back
    one = np.block([[speaker + recording, speaker], [speaker, speaker + recording]])
    x, y = rng.standard_normal((2, 3, 4))
    expected = [
        [
            multivariate_normal(np.tile(mean, 2), one).logpdf(np.concatenate([a, b]))
            - multivariate_normal(mean, speaker + recording).logpdf([a, b]).sum()
            for b in y
        ]
        for a in x
    ]
    np.testing.assert_allclose(plda.score(x, y), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("plda", [False, True])
def test_normalisation_is_that_of_a_plain_loop(plda):
    backend = _backend(3, plda=plda)
    raw = Backend(backend.mean, backend.projection, backend.plda)
    a, b = _embeddings(4, 3), _embeddings(5, 2)
    for i in range(3):
        for j in range(2):
            halves = []
            for side in (a[i : i + 1], b[j : j + 1]):
                nearest = sorted(float(raw.score(side, other[None])[0, 0]) for other in backend.cohort)[-4:]
                halves.append((raw.score(a[i : i + 1], b[j : j + 1])[0, 0] - np.mean(nearest)) / np.std(nearest))
            assert backend.score(a, b)[i, j] == pytest.approx(np.mean(halves), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("plda", [False, True])
def test_a_share_of_the_cohorts_mean_is_taken_off_and_no_more(plda):
    backend = _backend(3, plda=plda, share=0.6)
    raw = Backend(backend.mean, backend.projection, backend.plda)
    a, b = _embeddings(4, 3), _embeddings(5, 2)
    for i in range(3):
        for j in range(2):
            means = []
            for side in (a[i : i + 1], b[j : j + 1]):
                against = [float(raw.score(side, other[None])[0, 0]) for other in backend.cohort]
                means.append(np.mean(sorted(against)[-4:]))
            expected = raw.score(a[i : i + 1], b[j : j + 1])[0, 0] - 0.6 * np.mean(means)
            assert backend.score(a, b)[i, j] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_a_cohort_without_spread_still_gives_numbers():
    same = np.repeat(_embeddings(1, 1), 3, axis=0)
    assert np.isfinite(Backend(cohort=same, top=2).score(_embeddings(2, 2), _embeddings(3, 2))).all()


def test_parts_that_do_not_fit_together_are_refused():
    ones = np.ones
    for parts in (
        {"mean": ones(4, np.float32), "projection": ones((5, 2), np.float32)},
        {"mean": ones(4)},
        {"mean": np.full(4, np.nan, np.float32)},
        {"mean": ones((4, 1), np.float32)},
        {"projection": ones(4, np.float32)},
        {"cohort": ones((3, 4), np.float32), "top": 1},
        {"cohort": ones((3, 4), np.float32), "top": 4},
        {"cohort": ones((3, 4), np.float32), "top": 2, "share": 1.1},
        {"share": 0.5},
        {"top": 3},
        {"projection": ones((4, 3), np.float32), "plda": _backend(1).plda},
    ):
        with pytest.raises(ModelError, match="not valid"):
            Backend(**parts)
    with pytest.raises(ModelError, match="no valid variances"):
        TwoCovariance(ones(2, np.float32), ones((2, 2), np.float32), -ones(2, np.float32))


@pytest.mark.parametrize("plda", [False, True])
@pytest.mark.parametrize(("normalised", "share"), [(False, 0.0), (True, 0.0), (True, 0.75)])
def test_a_saved_backend_is_loaded_with_its_model(tiny_model_folder, plda, normalised, share):
    backend = _backend(1, plda=plda, normalised=normalised, share=share)
    save_backend(tiny_model_folder, backend, {"cllr_min": {"LDA 5, AS-norm": [0.1, 0.2]}})
    loaded = load_model(tiny_model_folder)
    a, b = _embeddings(4, 3), _embeddings(5, 2)
    np.testing.assert_array_equal(loaded.backend.score(a, b), backend.score(a, b))
    table = loaded.card["backend"]
    assert loaded.backend.share == pytest.approx(share)
    assert loaded.backend.identity == backend.identity == table["sha256"]
    assert table["score"] == ("PLDA" if plda else "cosine")
    assert table["cllr_min"] == {"LDA 5, AS-norm": [0.1, 0.2]}
    assert loaded.card["weights"] == load_model(tiny_model_folder).card["weights"]


def test_the_plain_cosine_leaves_no_file(tiny_model_folder):
    before = load_model(tiny_model_folder)
    save_backend(tiny_model_folder, _backend(1), {})
    save_backend(tiny_model_folder, Backend(), {})
    assert not (tiny_model_folder / "backend.safetensors").exists()
    after = load_model(tiny_model_folder)
    assert before.backend.identity == after.backend.identity == "cosine"
    assert after.identity == before.identity


def test_another_backend_than_the_cards_is_refused(tiny_model_folder):
    save_backend(tiny_model_folder, _backend(1), {})
    path = tiny_model_folder / "backend.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="not the file that its card names") as raised:
        load_model(tiny_model_folder)
    assert "Restore" in raised.value.remedy
    path.unlink()
    with pytest.raises(ModelError, match="Cannot read"):
        load_backend(tiny_model_folder, read_card(tiny_model_folder))


def test_a_backend_for_embeddings_of_another_size_is_refused(tiny_model_folder):
    save_backend(tiny_model_folder, _backend(1, plda=False, normalised=False, size=7), {})
    with pytest.raises(ModelError, match="embeddings of 7 values"):
        load_model(tiny_model_folder)


def test_a_file_of_other_tensors_is_no_backend(tiny_model_folder):
    import hashlib

    from safetensors.numpy import save

    from forensic.storage.cards import write_card

    content = save({"nonsense": np.ones(3, np.float32)})
    (tiny_model_folder / "backend.safetensors").write_bytes(content)
    card = read_card(tiny_model_folder)
    named = {"file": "backend.safetensors", "sha256": hashlib.sha256(content).hexdigest()}
    write_card(tiny_model_folder, {**card, "backend": named})
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tiny_model_folder)


def test_a_report_is_told_every_step():
    assert Backend().description == "cosine of the questioned and the known embedding"
    described = _backend(1).description
    for part in ("PLDA", "centred", "LDA to 5 dimensions", "the 4 highest scoring of 9 training speakers"):
        assert part in described
    assert "likelihood" not in described
    shifted = _backend(1, share=0.75).description
    assert "with 75 % of the mean score with the 4 highest scoring of 9 training speakers taken off" in shifted
