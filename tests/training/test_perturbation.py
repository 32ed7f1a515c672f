"""Crops through another line or with somebody behind them."""

import numpy as np

from forensic.speaker.features import band_edges_hz
from forensic.training.perturbation import overlay, recolour


def _crops(seed=0, n=40):
    return np.random.default_rng(seed).gamma(1.0, 0.01, (n, 50, 40)).astype(np.float32)


def _energy(crops):
    edges = band_edges_hz()
    return (crops @ (edges[2:] - edges[:-2])).sum(axis=1)


def test_a_line_changes_the_bands_of_the_chosen_share_and_keeps_the_level():
    crops = _crops()
    before = crops.copy()
    recolour(crops, 0.5, np.random.default_rng(1))
    changed = (crops != before).any(axis=(1, 2))
    assert 8 < changed.sum() < 32
    np.testing.assert_allclose(_energy(crops), _energy(before), rtol=1e-3)
    ratio = crops[changed] / before[changed]
    np.testing.assert_allclose(ratio, ratio[:, :1].repeat(50, axis=1), rtol=1e-3)  # one gain a band, all frames alike


def test_no_share_changes_nothing():
    crops = _crops()
    before = crops.copy()
    recolour(crops, 0.0, np.random.default_rng(1))
    overlay(crops, 0.0, np.random.default_rng(1))
    np.testing.assert_array_equal(crops, before)


def test_a_background_is_3_to_20_db_below_and_comes_from_the_batch_as_it_was():
    crops = _crops()
    before = crops.copy()
    overlay(crops, 1.0, np.random.default_rng(1))
    added = crops - before
    snr_db = 10 * np.log10(before.mean(axis=(1, 2)) / added.mean(axis=(1, 2)))
    assert (snr_db > 2.9).all()
    assert (snr_db < 20.1).all()
    for row in added:
        shapes = [np.corrcoef(row.ravel(), other.ravel())[0, 1] for other in before]
        assert max(shapes) > 0.999


def test_bands_on_slaneys_scale_are_those_of_the_filter_bank():
    from forensic.torchaudio_shim import functional

    bank = functional.melscale_fbanks(201, 0.0, 8000.0, 40, 16_000, norm="slaney", mel_scale="slaney").numpy()
    frequencies = np.linspace(0, 8000, 201)
    edges = band_edges_hz()
    for band in range(40):
        inside = frequencies[bank[:, band] > 0]
        assert inside.min() > edges[band] - 0.01
        assert inside.max() < edges[band + 2] + 0.01
