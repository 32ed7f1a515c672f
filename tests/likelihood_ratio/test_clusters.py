"""Clusters of voices: average linkage on log10 LRs, as scipy's where every pair has an LR."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from forensic.likelihood_ratio.clusters import cluster, cluster_of_linked, components


def _random(count, seed):
    values = np.random.default_rng(seed).normal(0.0, 2.0, (count, count))
    return (values + values.T) / 2


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 24), st.integers(0, 10_000), st.floats(-1.0, 2.0))
def test_clusters_are_those_of_scipys_average_linkage(count, seed, threshold):
    log10_lr = _random(count, seed)
    distances = 20.0 - log10_lr
    np.fill_diagonal(distances, 0.0)
    expected = fcluster(linkage(squareform(distances), "average"), 20.0 - threshold, "distance")
    assert _partition(cluster(log10_lr, threshold)) == _partition(expected)


def _partition(labels):
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


def test_one_high_lr_does_not_join_a_voice_to_a_cluster_it_is_unlike():
    log10_lr = np.full((4, 4), -2.0)
    log10_lr[:3, :3] = 3.0
    log10_lr[2, 3] = log10_lr[3, 2] = 2.5
    assert cluster(log10_lr, 1.0).tolist() == [0, 0, 0, 1]


def test_pairs_without_an_lr_count_in_no_mean():
    log10_lr = np.full((3, 3), 2.0)
    log10_lr[0, 1] = log10_lr[1, 0] = np.nan
    assert cluster(log10_lr, 1.0).tolist() == [0, 0, 0]
    assert cluster(np.full((3, 3), np.nan), 1.0).tolist() == [0, 1, 2]


@pytest.mark.parametrize("count", [0, 1])
def test_what_has_no_pair_has_no_cluster_but_its_own(count):
    assert cluster(np.zeros((count, count)), 1.0).tolist() == list(range(count))


def test_components_are_what_links_hold_together():
    assert components(np.array([1, 3]), np.array([4, 2]), 6).tolist() == [0, 1, 2, 2, 1, 3]


def _graphs(count):
    places = st.integers(0, max(count - 1, 0))
    return st.tuples(st.just(count), st.lists(st.tuples(places, places), max_size=15 if count else 0))


@given(st.integers(0, 12).flatmap(_graphs))
def test_two_are_of_one_component_where_links_lead_from_one_to_the_other(graph):
    """And components are numbered in the order of their first members."""
    count, links = graph
    first, second = np.array(links, np.intp).reshape(-1, 2).T
    reached = np.eye(count)
    reached[first, second] = reached[second, first] = 1
    reached = np.linalg.matrix_power(reached, count) > 0
    labels = components(first, second, count)
    assert ((labels[:, None] == labels) == reached).all()
    assert list(dict.fromkeys(labels.tolist())) == list(range(len(set(labels.tolist()))))


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 24), st.integers(0, 10_000), st.floats(-1.0, 2.0), st.floats(0.0, 0.5))
def test_clusters_of_linked_pairs_are_those_of_all_pairs(count, seed, threshold, missing):
    """Only pairs that clusters ask for are given; some have no LR."""
    log10_lr = _random(count, seed)
    gone = np.triu(np.random.default_rng(seed).random((count, count)) < missing)
    log10_lr[gone | gone.T] = np.nan
    one, other = np.triu_indices(count, 1)
    linked = log10_lr[one, other] >= threshold
    given_already = set(zip(one[linked].tolist(), other[linked].tolist(), strict=True))

    def between(owner, first, second):
        pairs = {
            (min(a, b), max(a, b))
            for left, right in zip(first, second, strict=True)
            for a in np.flatnonzero(owner == left).tolist()
            for b in np.flatnonzero(owner == right).tolist()
        }
        new = sorted(pair for pair in pairs - given_already if not np.isnan(log10_lr[pair]))
        given_already.update(new)
        a, b = np.array(new, np.intp).reshape(-1, 2).T
        return a, b, log10_lr[a, b]

    pairs = one[linked], other[linked], log10_lr[one, other][linked]
    found = cluster_of_linked(pairs, count, threshold, between)
    assert _partition(found) == _partition(cluster(log10_lr, threshold))


def test_clusters_of_many_linked_pairs_with_equal_lrs_come_to_an_end():
    one, other = np.triu_indices(9, 1)
    assert cluster_of_linked((one, other, np.ones(len(one))), 9, 1.0).tolist() == [0] * 9
    assert cluster_of_linked((one, other, np.zeros(len(one))), 9, 1.0).tolist() == list(range(9))
