"""What the network reads, and that every length of speech goes through."""

import pytest
import torch

from forensic.language.network import Architecture, LanguageNetwork

_SMALL = Architecture(heard_size=12, read_size=8, uppers=2, hidden_size=6, embedding_size=5, classes=4)


def _states(steps: int, seed: int = 0) -> torch.Tensor:
    return torch.randn((2, steps, 12), generator=torch.Generator().manual_seed(seed))


def _network(seed: int = 0) -> LanguageNetwork:
    torch.manual_seed(seed)
    return LanguageNetwork(_SMALL).eval()


@pytest.mark.parametrize("steps", [15, 40, 120])
def test_speech_of_any_length_gets_a_score_for_each_class(steps: int) -> None:
    """One for each window."""
    assert _network()(_states(steps)).shape == (2, 4)


def test_a_window_is_scored_alike_alone_and_in_company() -> None:
    """What is scored beside a recording is none of its business."""
    network = _network()
    assert torch.allclose(network(_states(25))[:1], network(_states(25)[:1]), atol=1e-5)


def test_the_upper_layers_hear_what_changes_and_not_what_stays() -> None:
    """A shift of all values changes nothing in them; the plain statistics alone would tell."""
    network = _network()
    values = torch.randn((2, 50, 8), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for upper in network.uppers:
            upper.embedding.weight[:, -16:] = 0.0
    assert torch.allclose(network.score_each(values), network.score_each(values + 3.0), atol=1e-5)
    assert not torch.allclose(network.score_each(values), network.score_each(values * 2.0), atol=1e-3)


def test_the_upper_parts_differ_and_their_mean_counts() -> None:
    """Like ones would err alike."""
    network, states = _network(), _states(25)
    first, second = network.score_each(network.read(states))
    assert not torch.allclose(first, second, atol=1e-2)
    assert torch.allclose(network(states), (first + second) / 2, atol=1e-6)


def test_a_short_window_among_longer_ones_is_scored_as_alone() -> None:
    """Nothing of what fills it up is heard, in either direction."""
    network, states = _network(), _states(50)
    together = network(states, torch.tensor([50, 23]))
    assert torch.allclose(together[0], network(states[:1])[0], atol=1e-5)
    assert torch.allclose(together[1], network(states[1:, :23])[0], atol=1e-5)
