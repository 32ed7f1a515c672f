"""What channels do to embeddings is found from people in several channels, and taken off everybody."""

import numpy as np
import pytest

from forensic.likelihood_ratio.nuisance import Nuisance, channel_nuisance

PEOPLE, CHANNELS, SIZE = 60, 6, 24


def _unit(values):
    return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)


def _recorded(seed, people=PEOPLE):
    """Voices and channels, each channel with a direction of its own, the same for every seed."""
    rng = np.random.default_rng(seed)
    shifts = 1.5 * np.random.default_rng(0).normal(size=(CHANNELS, SIZE)) * (np.arange(SIZE) < 3)
    voices = rng.normal(size=(people, SIZE))
    speaker, channel = (each.reshape(-1) for each in np.indices((people, CHANNELS)))
    noise = 0.3 * rng.normal(size=(len(speaker), SIZE))
    return _unit(voices[speaker] + shifts[channel] + noise), speaker, channel


@pytest.fixture(scope="module")
def nuisance():
    return channel_nuisance(*_recorded(1), count=3)


def test_other_people_are_more_alike_themselves_and_less_alike_others(nuisance):
    embeddings, speaker, channel = _recorded(2)
    is_same = (speaker == speaker[:, None]) & (channel != channel[:, None])
    is_line = (speaker != speaker[:, None]) & (channel == channel[:, None])
    before, after = (values @ values.T for values in (embeddings, nuisance.removed(embeddings)))
    assert after[is_same].mean() > before[is_same].mean() + 0.1
    assert after[is_line].mean() < before[is_line].mean() - 0.1
    assert abs(after[is_line].mean()) < 0.03


def test_what_is_left_has_nothing_of_the_directions_and_unit_length(nuisance):
    embeddings = _recorded(3)[0]
    left = nuisance.removed(embeddings)
    np.testing.assert_allclose(left @ nuisance.directions.T, 0.0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(nuisance.removed(left), left, atol=1e-6)
    np.testing.assert_allclose(nuisance.directions @ nuisance.directions.T, np.eye(3), atol=1e-6)
    np.testing.assert_array_equal(nuisance.removed(embeddings[5]), left[5])


def test_what_was_not_embedded_stays_so(nuisance):
    embeddings = _recorded(3)[0].copy()
    embeddings[4] = np.nan
    left = nuisance.removed(embeddings)
    assert np.isnan(left[4]).all()
    assert np.isfinite(np.delete(left, 4, axis=0)).all()


def test_people_in_one_channel_each_say_nothing_of_channels():
    embeddings, speaker, channel = _recorded(1)
    assert channel_nuisance(embeddings, speaker, np.zeros_like(channel)) is None


def test_never_more_than_half_of_the_directions_that_there_are():
    embeddings, speaker, channel = _recorded(1, people=2)
    found = channel_nuisance(embeddings, speaker, channel, count=100)
    assert 0 < len(found.directions) <= 5  # two people in six channels differ in ten directions


def test_the_hash_is_that_of_the_directions(nuisance):
    other = Nuisance(nuisance.directions.copy())
    assert other.sha256 == nuisance.sha256
    other.directions[0, 0] += 1e-3
    assert other.sha256 != nuisance.sha256
