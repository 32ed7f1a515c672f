"""What the network hears, and that every shape of speech goes through."""

import pytest
import torch

from forensic.language.network import Architecture, LanguageNetwork

_SMALL = Architecture(lower_size=8, hidden_size=6, embedding_size=5, classes=4)


def _power(frames: int, seed: int = 0) -> torch.Tensor:
    return torch.rand((2, frames, 40), generator=torch.Generator().manual_seed(seed)) ** 4


def _network() -> LanguageNetwork:
    torch.manual_seed(0)
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


def test_the_upper_layer_hears_what_changes_and_not_what_stays() -> None:
    """A shift of all lower states changes nothing in it; the plain statistics alone would tell."""
    network = _network()
    states = torch.randn((2, 50, 8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        network.embedding.weight[:, -16:] = 0.0
    assert torch.allclose(network.score(states), network.score(states + 3.0), atol=1e-5)
    assert not torch.allclose(network.score(states), network.score(states * 2.0), atol=1e-3)


def test_the_lower_layers_do_not_learn() -> None:
    """They are a speaker network's, and stay it."""
    network = LanguageNetwork(_SMALL)
    network(_power(100)).sum().backward()
    assert all(weight.grad is None for weight in network.lower.parameters())
    assert all(weight.grad is not None for weight in network.lstm.parameters())


def test_the_lower_layers_hear_what_they_heard_in_the_speaker_network() -> None:
    """The same input, made the same way."""
    from forensic.speaker.network import Architecture as SpeakerArchitecture
    from forensic.speaker.network import SpeakerNetwork

    speaker = SpeakerNetwork(SpeakerArchitecture(hidden_size=8, layers=2, embedding_size=4, log_bands=True)).eval()
    network = _network()
    network.lower.load_state_dict(speaker.lstm.state_dict())
    heard = {}
    speaker.lstm.register_forward_hook(lambda _module, _inputs, output: heard.update(states=output[0]))
    speaker(_power(100))
    expected = heard["states"].reshape(2, 25, 4, 8).mean(dim=2)
    assert torch.allclose(network.local_states(_power(100)), expected, atol=1e-6)
