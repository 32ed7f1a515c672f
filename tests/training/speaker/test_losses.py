"""Losses against their definitions, computed in loops."""

import math

import pytest
import torch
from torch.nn import functional

from forensic.training.speaker.losses import MarginSoftmax, ge2e_loss


def _unit(n, seed=0):
    return functional.normalize(torch.randn(n, 8, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_ge2e_is_the_softmax_over_the_means_of_people_without_the_crop_itself():
    people = [0, 0, 0, 5, 5, 7, 7, -1]
    embeddings = _unit(len(people))
    losses = []
    for i, person in enumerate(people):
        if person < 0:
            continue
        cosine = {}
        for other in (0, 5, 7):
            members = [j for j, p in enumerate(people) if p == other and j != i]
            mean = functional.normalize(embeddings[members].sum(dim=0), dim=0)
            cosine[other] = 20.0 * float(embeddings[i] @ mean)
        losses.append(math.log(sum(math.exp(c) for c in cosine.values())) - cosine[person])
    loss = ge2e_loss(embeddings, torch.tensor(people), 20.0)
    assert float(loss) == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_ge2e_of_nobody_twice_is_nothing():
    assert float(ge2e_loss(_unit(4), torch.tensor([0, 1, 2, -1]), 20.0)) == 0.0
    assert float(ge2e_loss(_unit(4), torch.tensor([-1, -1, -1, -1]), 20.0)) == 0.0


def test_a_margin_costs_the_true_person():
    embeddings, vectors, people = _unit(6), _unit(4, seed=1), torch.tensor([0, 1, 2, 3, 0, -1])
    without = MarginSoftmax(vectors, 0.0, 10.0)(embeddings, people).item()
    cosine = 10.0 * embeddings[:5] @ vectors.T
    assert without == pytest.approx(float(functional.cross_entropy(cosine, people[:5])), rel=1e-5)
    assert MarginSoftmax(vectors, 0.2, 10.0)(embeddings, people).item() > without
