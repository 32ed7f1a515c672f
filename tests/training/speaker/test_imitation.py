"""A network that takes half the steps learns to be the one that takes all."""

import copy
import dataclasses

import pytest
import torch

from forensic.errors import SettingsError
from forensic.speaker.architecture import Architecture
from forensic.speaker.network import SpeakerNetwork
from forensic.training.speaker.imitation import check_alike, example, keep_lower_layers, states_loss

_SHAPE = Architecture(hidden_size=16, layers=2, embedding_size=12, rectified=False)


def _pair():
    torch.manual_seed(0)
    teacher = SpeakerNetwork(_SHAPE)
    with torch.no_grad():
        for value in teacher.lstm.parameters():
            value.mul_(4)  # states that move, as those of a network that has learnt
    network = SpeakerNetwork(dataclasses.replace(_SHAPE, halved_from=2))
    network.load_state_dict(teacher.state_dict())
    return network, teacher


def _crops(draws):
    return (torch.rand(16, 15, 40, generator=draws) ** 4).repeat_interleave(4, dim=1)


def _loss(network, teacher, crops):
    shown = example(teacher, crops)
    states = network.layer_states(crops)
    return states_loss(states, network, shown, teacher) + (network.embed(states[-1]) - shown.embeddings).square().sum()


def test_imitation_comes_nearer_to_the_teacher_and_leaves_the_lower_layer_as_it_was():
    network, teacher = _pair()
    keep_lower_layers(network)
    first = copy.deepcopy(network)
    optimizer = torch.optim.Adam([value for value in network.parameters() if value.requires_grad], 5e-3)
    draws = torch.Generator().manual_seed(1)
    held_out = _crops(draws)
    for _ in range(60):
        optimizer.zero_grad()
        _loss(network, teacher, _crops(draws)).backward()
        optimizer.step()
    with torch.no_grad():
        assert _loss(network, teacher, held_out) < 0.5 * _loss(first, teacher, held_out)
    assert torch.equal(network.lstm.weight_hh_l0, teacher.lstm.weight_hh_l0)
    assert not torch.equal(network.lstm.weight_hh_l1, teacher.lstm.weight_hh_l1)


def test_the_loss_of_states_is_relative_to_the_teachers_variance_and_of_halved_layers_alone():
    network, teacher = _pair()
    shown = example(teacher, torch.rand(4, 20, 40))
    wanted = shown.states[1].float().reshape(4, 10, 2, 16).mean(dim=2)
    lower = torch.randn(4, 20, 16)
    assert states_loss([lower, wanted], network, shown, teacher) == 0
    off = wanted + wanted.std()
    assert float(states_loss([lower, off], network, shown, teacher)) == pytest.approx(1, rel=1e-3)


def test_networks_of_other_shapes_cannot_be_compared_state_by_state():
    _, teacher = _pair()
    with pytest.raises(SettingsError, match="hidden_size = 20 cannot imitate a teacher with hidden_size = 16"):
        check_alike(SpeakerNetwork(dataclasses.replace(_SHAPE, hidden_size=20)), teacher)
