"""Networks that grow without forgetting."""

import pytest
import torch

from forensic.errors import SettingsError
from forensic.speaker.network import POOLINGS, Architecture, SpeakerNetwork, grown

_SMALL = Architecture(hidden_size=12, layers=2, embedding_size=16)


def _network(architecture=_SMALL, seed=0):
    torch.manual_seed(seed)
    return SpeakerNetwork(architecture)


def _frames(seed=0):
    return torch.rand(3, 50, 40, generator=torch.Generator().manual_seed(seed)) ** 4


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("log_bands", [False, True])
@pytest.mark.parametrize("hidden_size", [12, 20])
def test_a_grown_network_embeds_as_the_one_it_grew_from(pooling, log_bands, hidden_size):
    small = _network()
    larger = Architecture(40, hidden_size, 2, 16, log_bands=log_bands, pooling=pooling)
    torch.testing.assert_close(grown(small, larger)(_frames()), small(_frames()), atol=1e-5, rtol=0)


def test_what_has_grown_can_learn():
    network = grown(_network(), Architecture(40, 20, 2, 16, log_bands=True, pooling="attention"))
    (network(_frames()) ** 2)[:, :8].sum().backward()
    assert network.pooled.weight.grad.abs().max() > 0
    assert network.lstm.weight_ih_l0.grad[:, 40:].abs().max() > 0


def test_a_network_does_not_shrink():
    with pytest.raises(SettingsError, match="cannot grow"):
        grown(_network(), Architecture(40, 8, 2, 16))
    with pytest.raises(SettingsError, match="cannot grow"):
        grown(_network(Architecture(40, 12, 2, 16, pooling="attention")), _SMALL)


def test_an_unknown_pooling_names_those_that_there_are():
    with pytest.raises(SettingsError, match="maximum"):
        Architecture(pooling="maximum")


def test_relative_logarithms_are_blind_to_the_colour_of_a_line():
    network = _network(Architecture(40, 12, 2, 16, log_bands=True))
    with torch.no_grad():
        network.lstm.weight_ih_l0[:, :40] = 0.0  # sees nothing but the logarithms
    frames = _frames() + 1.0
    line = torch.linspace(0.5, 4.0, 40)
    plain, coloured = network(frames), network(frames * line)
    torch.testing.assert_close(plain, coloured, atol=1e-3, rtol=0)
