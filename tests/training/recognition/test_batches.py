"""Crops of whole batches: what is cut, and how voices and channels are changed."""

import dataclasses

import numpy as np
import pytest
import torch

from forensic.training.perturbation import BAND_WIDTHS_HZ
from forensic.training.recognition.augmentation import CropSettings, blank, change_channel, longest, vary_voice
from forensic.training.recognition.batches import make_drawer
from forensic.training.recognition.configuration import LearningSettings
from forensic.training.recognition.speech import make_speech

_STILL = CropSettings(tempo=0.0, warp=0.0, recolour_share=0.0, overlay_share=0.0)


@pytest.fixture
def speech():
    """Two versions of three pieces; the power of frame ``i`` of version ``v`` is ``(i + 1000 v)²``."""
    frames = np.arange(450, dtype=np.float16)[:, None].repeat(40, axis=1)
    first, lengths = np.array([0, 100, 150]), np.array([100, 50, 300])
    return make_speech([frames, frames + np.float16(1000)], first, lengths, "made up", torch.device("cpu"))


def _crops(n=40, frames=80):
    return torch.from_numpy(np.random.default_rng(0).gamma(1.0, 0.01, (n, frames, 40)).astype(np.float32))


def test_a_crop_is_the_frames_of_its_piece_and_version(speech):
    """A piece that is too short goes on from its start."""
    cut = speech.cut(torch.tensor([2, 1]), torch.tensor([0, 1]), torch.tensor([10, 30]), 60).sqrt()[:, :, 0]
    assert cut[0].tolist() == list(range(160, 220))
    assert cut[1].tolist() == [1130 + i for i in range(20)] + [1100 + i for i in range(40)]


def test_a_still_voice_is_what_was_cut(speech):
    """No tempo and no warp leave every frame where it is."""
    crops = _crops()
    kept = vary_voice(crops, 70, _STILL, np.random.default_rng(0))
    assert torch.allclose(kept, crops[:, :70], atol=1e-6)


def test_tempo_plays_ramps_faster_or_slower_and_warp_moves_bands():
    """A ramp over time gets the slope of its tempo; one over bands that of its vocal tract."""
    settings = CropSettings(tempo=0.2, warp=0.1)
    taken = longest(100, settings)
    over_time = torch.arange(float(taken))[None, :, None].expand(30, taken, 40).contiguous()
    played = vary_voice(over_time, 100, settings, np.random.default_rng(0))[:, :, 5]
    slopes = played[:, 60] - played[:, 59]
    assert 0.8 <= slopes.min() < 0.9
    assert 1.1 < slopes.max() <= 1.2
    over_bands = torch.arange(40.0)[None, None, :].expand(30, taken, 40).contiguous()
    moved = vary_voice(over_bands, 100, settings, np.random.default_rng(0))[:, 50]
    steps = moved[:, 11] - moved[:, 10]
    assert 0.9 <= steps.min() < 0.95
    assert 1.05 < steps.max() <= 1.1001


def test_a_channel_weights_the_bands_of_its_share_alike_in_all_frames():
    """And keeps the energy but for the level, which moves by some decibels."""
    crops = _crops()
    changed = change_channel(crops, dataclasses.replace(_STILL, recolour_share=0.5), np.random.default_rng(1))
    ratio = changed / crops
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), rtol=1e-3)
    spread = ratio[:, 0].std(dim=1) / ratio[:, 0].mean(dim=1)
    assert 8 < (spread > 0.01).sum() < 32
    widths = torch.from_numpy(BAND_WIDTHS_HZ.astype(np.float32))
    level_db = 10 * torch.log10((changed @ widths).sum(dim=1) / (crops @ widths).sum(dim=1))
    assert 1.5 < level_db.std() < 5.0


def test_a_background_is_another_crop_of_the_batch():
    """Three to twenty decibels below."""
    crops = _crops()
    changed = change_channel(crops, dataclasses.replace(_STILL, overlay_share=1.0), np.random.default_rng(1))
    parts = torch.linalg.lstsq(crops.flatten(1).T, changed.flatten(1).T).solution.T  # of each crop, how much of which
    own = parts.diagonal()
    others = (parts - own.diag_embed()) / own[:, None]
    assert ((others.abs() > 1e-3).sum(dim=1) <= 1).all()
    present = others.max(dim=1).values
    present = present[present > 1e-3]
    assert len(present) > 0.9 * len(crops)
    assert 0.008 < present.min() < 0.05
    assert 0.3 < present.max() < 0.55


def test_blanked_stretches_are_the_mean_and_no_longer_than_said():
    """Two at most in a crop."""
    states = torch.randn((30, 50, 6), generator=torch.Generator().manual_seed(0))
    blanked = blank(states, 8, np.random.default_rng(0))
    touched = (blanked != states).any(dim=2)
    assert 0 < touched.sum(dim=1).max() <= 16
    where = touched.nonzero()
    means = states.mean(dim=1)
    assert torch.allclose(blanked[touched], means[where[:, 0]])


def test_a_batch_draws_all_classes_alike_and_nobody_who_is_kept_out(speech):
    """However many people a class has."""
    drawer = make_drawer(speech, ["a", "b", "b"], ["p", "q", "r"], np.array([False, True, False]), ("a", "b"), _STILL)
    settings = LearningSettings(batch=10, min_crop_frames=40, max_crop_frames=40)
    crops, classes = drawer.draw(settings, np.random.default_rng(0))
    assert crops.shape == (10, 40, 40)
    assert sorted(classes) == [0] * 5 + [1] * 5
    assert [len(pieces) for people in drawer.people for pieces in people] == [1, 1]
    assert drawer.people[1][0].tolist() == [2]
