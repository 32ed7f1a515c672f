"""What the network hears, and that every shape of speech goes through."""

import dataclasses

import pytest
import torch

from forensic.language.network import Architecture, LanguageNetwork, join

_SMALL = Architecture(lower_size=8, uppers=2, hidden_size=6, embedding_size=5, classes=4)


def _power(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.rand((2, frames, 40), generator=torch.Generator().manual_seed(seed)) ** 4


def _network(seed: int = 0) -> LanguageNetwork:
    torch.manual_seed(seed)
    return LanguageNetwork(_SMALL).eval()


@pytest.mark.parametrize("frames", [60, 301, 500])
def test_speech_of_any_length_gets_a_score_for_each_class(frames: int) -> None:
    """Whether or not the frames divide by four."""
    network = _network()
    assert network.local_states(_power(frames)).shape == (2, frames // 4, 8)
    assert network(_power(frames)).shape == (2, 4)


def test_a_window_is_scored_alike_alone_and_in_company() -> None:
    """What is scored beside a recording is none of its business."""
    network = _network()
    assert torch.allclose(network(_power(100))[:1], network(_power(100)[:1]), atol=1e-5)


def test_the_upper_layers_hear_what_changes_and_not_what_stays() -> None:
    """A shift of all lower states changes nothing in them; the plain statistics alone would tell."""
    network = _network()
    states = torch.randn((2, 50, 8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for upper in network.uppers:
            upper.embedding.weight[:, -16:] = 0.0
    assert torch.allclose(network.score_each(states), network.score_each(states + 3.0), atol=1e-5)
    assert not torch.allclose(network.score_each(states), network.score_each(states * 2.0), atol=1e-3)


def test_the_upper_parts_differ_and_their_mean_counts() -> None:
    """Like ones would err alike."""
    network, power = _network(), _power(100)
    first, second = network.score_each(network.local_states(power))
    assert not torch.allclose(first, second, atol=1e-2)
    assert torch.allclose(network(power), (first + second) / 2, atol=1e-6)


def test_a_committee_says_the_mean_of_its_networks() -> None:
    """Each of them with lower layers of its own."""
    networks, power = [_network(1), _network(2)], _power(100)
    committee = join(networks).eval()
    assert committee.architecture.networks == 2
    expected = (networks[0](power) + networks[1](power)) / 2
    assert torch.allclose(committee(power), expected, atol=1e-6)


def test_networks_of_several_shapes_make_no_committee() -> None:
    """Their card could not say what they are."""
    other = LanguageNetwork(dataclasses.replace(_SMALL, hidden_size=7))
    with pytest.raises(ValueError, match="2 shapes"):
        join([_network(), other])


def test_the_lower_layers_hear_what_they_heard_in_the_speaker_network() -> None:
    """The same input, made the same way."""
    from forensic.speaker.architecture import Architecture as SpeakerArchitecture
    from forensic.speaker.network import SpeakerNetwork

    speaker = SpeakerNetwork(SpeakerArchitecture(hidden_size=8, layers=2, embedding_size=4, log_bands=True)).eval()
    network = _network()
    network.lower.load_state_dict(speaker.lstm.state_dict())
    heard = {}
    speaker.lstm.register_forward_hook(lambda _module, _inputs, output: heard.update(states=output[0]))
    speaker(_power(100))
    expected = heard["states"].reshape(2, 25, 4, 8).mean(dim=2)
    assert torch.allclose(network.local_states(_power(100)), expected, atol=1e-6)


@pytest.mark.parametrize("stride", [2, 4])
def test_lower_layers_that_take_several_frames_start_from_those_that_take_one(stride: int) -> None:
    """On speech that does not change within a step their input is the same, so the first state is that of one frame."""
    one, several = _network(), LanguageNetwork(dataclasses.replace(_SMALL, stride=stride)).eval()
    several.take_lower(one.lower.state_dict())
    power = _power(40).repeat_interleave(stride, dim=1)
    assert several.local_states(power).shape == (2, 10 * stride, 8)
    heard, expected = [], []
    several.lower.register_forward_hook(lambda _module, _inputs, output: heard.append(output[0]))
    one.lower.register_forward_hook(lambda _module, _inputs, output: expected.append(output[0]))
    several.local_states(power)
    one.local_states(_power(40))
    assert torch.allclose(heard[0], expected[0], atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_short_window_among_longer_ones_is_scored_as_alone(stride: int) -> None:
    """Nothing of what fills it up is heard, in either direction."""
    shape = dataclasses.replace(_SMALL, stride=stride)
    network = join([LanguageNetwork(shape), LanguageNetwork(shape)]).eval()
    power = _power(200)
    lengths = torch.tensor([200, 93])
    together = network(power, lengths)
    assert torch.allclose(together[0], network(power[:1])[0], atol=1e-5)
    assert torch.allclose(together[1], network(power[1:, :93])[0], atol=1e-5)
