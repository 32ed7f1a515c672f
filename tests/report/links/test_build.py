"""The report of links: a graph that can be read, tables beyond, text from outside made harmless."""

import dataclasses
import re
from functools import partial

import numpy as np
import polars as pl
import pytest
from links_factory import links_of

from forensic.comparison.independence import SAME_SESSION, SharedWithThird, Suspicion
from forensic.comparison.outcomes import SuspectedPair
from forensic.report.links.build import MOST_NODES, build_link_report
from forensic.report.links.figure import draw_graph, place_nodes
from forensic.report.links.render import render_link_html
from forensic.report.shared.render import render_pdf


@pytest.fixture
def linked(inputs):
    """So many voices in a chain of links, the first and last of one source."""
    return partial(links_of, inputs)


def test_labels_mean_what_they_mean_in_a_case_report(linked):
    """V voices, G clusters, C calibrations; K, Q and S are of case reports alone."""
    report = build_link_report(linked(3))
    labels = [row.label for row in (*report.voices, *report.clusters, *report.calibrations)]
    assert [label[0] for label in labels] == ["V", "V", "V", "G", "C"]
    explained = {entry.label for entry in report.glossary}
    assert {"V1, V2, …", "G1, G2, …", "C3f9c, …"} <= explained
    assert not {"K1, K2, …", "Q1, Q2, …", "S1, S2, …"} & explained
    assert report.voices[0].cluster == report.links[0].cluster == report.clusters[0].label


def test_every_joined_voice_is_a_node_and_every_pair_a_line(linked):
    graph = build_link_report(linked(6)).graph
    assert [node.label for node in graph.nodes] == ["V1", "V2", "V3", "V4", "V5", "V6"]
    assert [edge.kind for edge in graph.edges] == ["same source"] + ["link"] * 5
    assert [edge.is_firm for edge in graph.edges[1:]] == [True, False, True, False, True]
    svg = draw_graph(graph)
    assert all(f">{node.label}<" in svg for node in graph.nodes)
    assert "same source suspected" in svg


def test_a_graph_of_too_many_voices_shows_those_that_the_highest_links_join(linked):
    """Voices 11 and 12, and the next ones, are joined most firmly; the tables hold all."""
    inputs = linked(MOST_NODES + 20)
    number = pl.col("known_voice")
    strong = inputs.links.with_columns(log10_lr=pl.when(number > 10).then(3.0 - 0.01 * number).otherwise(1.5))
    report = build_link_report(dataclasses.replace(inputs, links=strong))
    assert [node.label for node in report.graph.nodes] == [f"V{voice}" for voice in range(11, 11 + MOST_NODES)]
    assert [edge.kind for edge in report.graph.edges] == ["link"] * (MOST_NODES - 1)
    assert "too many for a graph" in report.graph_note
    assert len(report.voices) == MOST_NODES + 20
    assert build_link_report(linked(MOST_NODES)).graph_note == ""


def test_too_many_suspicions_for_a_graph_stand_in_the_table(linked):
    """Without any link there is none that is joined most firmly."""
    inputs = linked(2 * MOST_NODES)
    suspicions = tuple(
        SuspectedPair(Suspicion(SAME_SESSION, f"{one}", f"{one + 1}", SharedWithThird("x")), (one,), (one + 1,))
        for one in range(1, 2 * MOST_NODES, 2)
    )
    report = build_link_report(dataclasses.replace(inputs, links=inputs.links.clear(), suspicions=suspicions))
    assert report.graph is None
    assert "too many for a graph" in report.graph_note
    assert len(report.suspicions) == MOST_NODES


def test_of_many_calibrations_those_are_listed_that_most_pairs_use(linked):
    """And how many there are, and where all are."""
    inputs = linked(4)
    (fitted,) = inputs.calibrations.values()
    many = {f"{number:04}": fitted for number in range(400)}
    report = build_link_report(dataclasses.replace(inputs, calibrations=many, uses={key: int(key) + 1 for key in many}))
    assert [row.served for row in report.calibrations[:2]] == ["400", "399"]
    assert len(report.calibrations) == 300
    assert (
        report.calibrations_note
        == "Of 400 calibrations, the 300 that most pairs of voices use are listed; all are in results.json."
    )
    assert report.calibrations_note in render_link_html(report)


@pytest.mark.parametrize(("count", "seed"), [(2, 0), (12, 1), (30, 2), (60, 3)])
def test_nodes_lie_apart_and_within_the_page(count, seed):
    random = np.random.default_rng(seed)
    edges = [(int(a), int(b)) for a, b in random.integers(0, count, (count * 2, 2)) if a != b] or [(0, 1)]
    positions = place_nodes(count, edges)
    assert np.array_equal(positions, place_nodes(count, edges))
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)[np.triu_indices(count, 1)]
    assert distances.min() > 0.1
    assert positions.min() >= -1e-9
    assert positions[:, 0].max() <= 6.7 - 3 * 0.3 + 1e-6
    assert positions[:, 1].max() <= 7.0 + 1e-6


def test_names_from_outside_are_harmless_and_the_page_becomes_a_pdf(linked):
    html = render_link_html(build_link_report(linked(4, "/case/<b>{}</b> & co.wav")))
    assert "<b>1</b>" not in html
    assert "&lt;b&gt;1&lt;/b&gt;" in html
    assert render_pdf(html).startswith(b"%PDF")


def test_the_report_never_says_that_voices_are_one_persons(linked):
    html = render_link_html(build_link_report(linked(5)))
    text = re.sub(r"<[^>]*>|\s+", " ", html).lower()
    assert "a link does not mean that two voices are of one speaker" in text
    for word in ("identified", "matches", "matched", "a match", "confidence", "probability that h1"):
        assert word not in text.replace("not the probability that h1", "")


def test_pruned_pairs_are_counted_with_their_rule_among_those_without_an_lr(linked):
    """They count where chance is concerned, and not among the pairs with an LR."""
    whole = linked(6)
    some = dataclasses.replace(whole, pruned=3)
    assert (whole.pairs_with_lr, some.pairs_with_lr) == (5, 2)
    assert some.chance() == whole.chance()
    first, *others = build_link_report(some).refusals
    assert (first.number, others) == ("3", list(build_link_report(whole).refusals))
    assert first.reason.startswith("Pruned: The score is below those of the 50 best pairs")


def test_chance_stands_beside_what_was_found(linked):
    inputs = linked(6)
    first = inputs.chance()[0]
    (fitted,) = inputs.calibrations.values()
    assert first.found == 5
    assert first.expected == pytest.approx(5 * np.mean(fitted.different_speaker_log10_lr >= 1.0))
    no_links = dataclasses.replace(inputs, links=inputs.links.clear(), clusters=(), suspicions=())
    assert "No two voices are in one cluster" in " ".join(build_link_report(no_links).lead)


def test_a_failure_is_named_by_its_file_and_channel_like_a_voice(linked):
    """It has no number, so its table has no column for one."""
    row = {
        "sha256": "f" * 64,
        "channel": None,
        "step": "decode",
        "problem": "It breaks off.",
        "remedy": "Leave it out.",
    }
    rows = [row | {"path": "/case/calls/torn.wav"}, row | {"path": "/case/calls/worn.wav", "channel": 2}]
    found = linked(3)
    failures = pl.DataFrame(rows, schema=found.failures.schema, strict=False)
    report = build_link_report(dataclasses.replace(found, failures=failures))
    assert [(each.label, each.name) for each in report.failures] == [
        ("", "calls/torn.wav"),
        ("", "calls/worn.wav, channel 2"),
    ]
    page = render_link_html(report)
    table = page[page.index('<table class="failures">') :].partition("</table>")[0]
    assert "Item" not in table
    assert "<th></th>" not in table
    assert '<th scope="row" class="foreign name">calls/torn.wav</th>' in table
