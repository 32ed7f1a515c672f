"""A kept fit is used where it fits, and only there."""

import dataclasses

import numpy as np
import pytest

from forensic.likelihood_ratio.joint import fit_joint
from forensic.likelihood_ratio.joint_file import JOINT_FIT, keep, kept_or_fitted
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.speaker.backend import Backend

COSINE = Backend()


@pytest.fixture(scope="module")
def population(tmp_path_factory, bank_rows):
    """A saved and loaded bank of 24 speakers."""
    folder = tmp_path_factory.mktemp("bank")
    rows, embeddings = bank_rows()
    save_population(folder, rows, embeddings, model_sha256="m", data="", licences={"corpus 0": "", "corpus 1": ""})
    return load_population(folder, "m")


@pytest.fixture
def kept(tmp_path, population):
    """A fit, and the folder that keeps it."""
    fitted = fit_joint(population, COSINE, 3, 1)
    keep(tmp_path, fitted, population, COSINE, 3, 1)
    return fitted, tmp_path


def test_a_kept_fit_comes_back_to_the_bit(kept, population):
    fitted, folder = kept
    found = kept_or_fitted(population, COSINE, 3, 1, folder)
    for field in dataclasses.fields(fitted):
        value, other = getattr(fitted, field.name), getattr(found, field.name)
        np.testing.assert_array_equal(value, other)
        assert type(value) is type(other)


@pytest.mark.parametrize(("draws", "seed"), [(4, 1), (3, 2)])
def test_another_request_gets_a_fit_of_its_own(kept, population, draws, seed):
    _, folder = kept
    assert len(kept_or_fitted(population, COSINE, draws, seed, folder).draws) == draws


def test_another_population_gets_a_fit_of_its_own(kept, population):
    fitted, folder = kept
    card = dataclasses.replace(population.card, parquet_sha256="x")
    other = dataclasses.replace(population, card=card, embeddings=population.embeddings[:, ::-1].copy() ** 3)
    lengths = np.linalg.norm(other.embeddings, axis=1, keepdims=True)
    other = dataclasses.replace(other, embeddings=other.embeddings / lengths)
    assert kept_or_fitted(other, COSINE, 3, 1, folder).centre != fitted.centre


def test_a_damaged_file_is_fitted_again(kept, population):
    fitted, folder = kept
    (folder / JOINT_FIT).write_bytes(b"no safetensors")
    np.testing.assert_array_equal(kept_or_fitted(population, COSINE, 3, 1, folder).coefficients, fitted.coefficients)


def test_a_new_fit_is_watched_to_its_end_and_a_kept_one_takes_no_time_to_watch(kept, population):
    _, folder = kept
    seen: list[tuple[int, int]] = []
    kept_or_fitted(population, COSINE, 3, 1, folder, lambda *state: seen.append(state))
    assert not seen
    kept_or_fitted(population, COSINE, 3, 1, None, lambda *state: seen.append(state))
    assert len(seen) > 4
    assert seen == sorted(seen)
    assert seen[0][0] == 0
    assert seen[-1][0] == seen[-1][1]
