"""What the network does not hear, and that every shape of speech goes through."""

import pytest
import torch

from forensic.language.network import Architecture, LanguageNetwork, normalised


def _power(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.rand((2, frames, 40), generator=torch.Generator().manual_seed(seed)) ** 4


def test_a_microphones_colour_and_a_level_change_nothing() -> None:
    """A gain on each band is what a line or microphone does to all frames alike."""
    power = 1e3 * (_power(120) + 0.01)
    gain = torch.logspace(-1.0, 1.0, 40)
    assert torch.allclose(normalised(power), normalised(power * gain), atol=1e-3)


def test_a_band_without_sound_stays_small() -> None:
    """The upper half of telephone speech holds nothing that should be blown up."""
    power = _power(120)
    power[:, :, 20:] = 1e-9 * _power(120, seed=1)[:, :, 20:]
    bands = normalised(power)
    assert bands[:, :, 20:].abs().max() < 0.01
    assert bands[:, :, :20].std() > 0.5


@pytest.mark.parametrize("frames", [60, 301, 500])
def test_speech_of_any_length_gets_a_score_for_each_class(frames: int) -> None:
    """Whether or not the frames divide by four."""
    network = LanguageNetwork(Architecture(channels=(8, 8), hidden_size=6, embedding_size=5, classes=4)).eval()
    assert network(_power(frames)).shape == (2, 4)


def test_a_window_is_scored_alike_alone_and_in_company() -> None:
    """What is scored beside a recording is none of its business."""
    network = LanguageNetwork(Architecture(channels=(8, 8), hidden_size=6, embedding_size=5, classes=4)).eval()
    both = network(_power(100))
    alone = network(_power(100)[:1])
    assert torch.allclose(both[:1], alone, atol=1e-5)
