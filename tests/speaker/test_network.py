"""Networks that grow without forgetting."""

import dataclasses

import pytest
import torch

from forensic.errors import SettingsError
from forensic.speaker.architecture import POOLINGS, Architecture
from forensic.speaker.network import SpeakerNetwork, grown, heard_states

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


def test_the_cosine_of_two_heads_is_the_mean_of_their_cosines():
    both = _network(Architecture(40, 12, 2, 24, pooling="statistics", second_size=8))
    first = _network(Architecture(40, 12, 2, 16, pooling="statistics"))
    first.load_state_dict({name: value for name, value in both.state_dict().items() if "second" not in name})
    embeddings, of_first = both(_frames()), first(_frames())
    assert embeddings.shape == (3, 24)
    torch.testing.assert_close(embeddings[:, :16] * 2**0.5, of_first)
    of_second = torch.nn.functional.normalize(embeddings[:, 16:], dim=1)
    torch.testing.assert_close(embeddings @ embeddings.T, (of_first @ of_first.T + of_second @ of_second.T) / 2)
    assert (embeddings[:, 16:] < 0).any()  # not rectified, unlike the first


def test_a_network_with_two_heads_grows_with_both():
    small = _network(Architecture(40, 12, 2, 24, pooling="statistics", second_size=8))
    larger = Architecture(40, 12, 2, 24, log_bands=True, pooling="statistics", second_size=8)
    torch.testing.assert_close(grown(small, larger)(_frames()), small(_frames()), atol=1e-5, rtol=0)
    with pytest.raises(SettingsError, match="cannot grow"):
        grown(small, Architecture(40, 12, 2, 24, pooling="statistics"))


@pytest.mark.parametrize(("size", "pooling"), [(16, "statistics"), (-1, "statistics"), (8, "last"), (8, "attention")])
def test_a_second_head_that_does_not_fit_is_refused(size, pooling):
    with pytest.raises(SettingsError, match="second head"):
        Architecture(40, 12, 2, 16, pooling=pooling, second_size=size)


def test_relative_logarithms_are_blind_to_the_colour_of_a_line():
    network = _network(Architecture(40, 12, 2, 16, log_bands=True))
    with torch.no_grad():
        network.lstm.weight_ih_l0[:, :40] = 0.0  # sees nothing but the logarithms
    frames = _frames() + 1.0
    line = torch.linspace(0.5, 4.0, 40)
    plain, coloured = network(frames), network(frames * line)
    torch.testing.assert_close(plain, coloured, atol=1e-3, rtol=0)


def test_a_halved_layer_takes_the_mean_of_two_states_at_a_step():
    plain, halved = _network(), _network(dataclasses.replace(_SMALL, halved_from=2))
    frames = _frames()[:, :49]
    lower, upper = halved.layer_states(frames)
    torch.testing.assert_close(lower, plain.layer_states(frames)[0])  # the layer below is as it was
    means = torch.stack([(lower[:, t] + lower[:, t + 1]) / 2 for t in range(0, 48, 2)], dim=1)
    weights = [getattr(halved.lstm, f"{name}_l1") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    start = torch.zeros(1, 3, 12)
    expected = torch.lstm(means, (start, start), weights, True, 1, 0.0, False, False, True)[0]
    torch.testing.assert_close(upper, expected)
    torch.testing.assert_close(halved(frames), halved.embed(expected))


def test_what_is_heard_of_a_halved_layer_has_the_steps_of_the_others():
    network = _network(dataclasses.replace(_SMALL, halved_from=2))
    states = network.layer_states(_frames())
    lower, upper = heard_states(states, [1, 2], network.architecture)
    assert lower.shape == upper.shape == (3, 12, 12)
    torch.testing.assert_close(lower[:, 0], states[0][:, :4].mean(dim=1))
    torch.testing.assert_close(upper[:, 0], states[1][:, :2].mean(dim=1))


def test_a_network_has_the_layer_from_which_it_is_halved():
    with pytest.raises(SettingsError, match="none to be halved from layer 3"):
        dataclasses.replace(_SMALL, halved_from=3)
