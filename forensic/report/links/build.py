"""From tables of voices and links to the report, chapter by chapter."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, TypeVar

import polars as pl

from forensic.comparison.independence import SAME_SOURCE
from forensic.comparison.outcomes import LinkOutcome, VoiceCluster
from forensic.likelihood_ratio.scale import VerbalScale, nearest_to_one
from forensic.report.links.content import (
    ClusterRow,
    Graph,
    GraphEdge,
    GraphNode,
    LinkReport,
    LinkRow,
    SuspicionRow,
    VoiceRow,
)
from forensic.report.shared.catalogue import _, ngettext, number
from forensic.report.shared.content import CountRow, Fact, FailureRow, MethodChapter
from forensic.report.shared.formats import (
    first_few,
    first_rows,
    format_duration,
    format_lr,
    format_share,
    format_signed,
    is_bound,
    issued_interval,
    issued_lr,
    printable,
)
from forensic.report.shared.glossary import LINKS, glossary
from forensic.report.shared.labels import channel_label
from forensic.report.shared.method import describe_system, list_settings
from forensic.report.shared.method_wording import limitations, link_reading, pruning_rule, suspected_pairs
from forensic.report.shared.refusals import counted_reasons, worded_links
from forensic.report.shared.rows import chance_row, failure_row, list_calibrations
from forensic.report.shared.suspicions import finding, leaks_in_words, names_of
from forensic.report.shared.title_page import report_name, signatories, title_page, whose_case
from forensic.report.shared.verbal import brief_verbal

T = TypeVar("T")

MOST_NODES = 60
"""Of a graph that can still be read."""

_MOST_ROWS = 300
_MOST_VOICES_NAMED = 60
_MOST_REASONS = 40


def build_link_report(inputs: LinkOutcome, version: int = 1) -> LinkReport:
    """State what was linked.

    Args:
        inputs: what was found.
        version: of the report; the linking itself makes the first.
    """
    inputs = worded_links(inputs)
    case = inputs.case_details
    voice_rows = inputs.voices.to_dicts()
    names = {row["voice"]: _name(row) for row in voice_rows}
    clusters, clusters_note = _first_rows([_cluster_row(one, names) for one in inputs.clusters])
    links = tuple(_link_row(row, names, inputs.scale) for row in inputs.links.head(_MOST_ROWS).to_dicts())
    links_note = ""
    if inputs.links.height > _MOST_ROWS:
        links_note = _(
            "The {most} highest of {all} links; all are in links.csv.",
            most=number(_MOST_ROWS),
            all=number(inputs.links.height),
        )
    suspicions, suspicions_note = _first_rows(_suspicion_rows(inputs))
    voices, voices_note = _first_rows([_voice_row(row, names) for row in voice_rows])
    failures, failures_note = _first_rows(_failure_rows(inputs.failures))
    graph, graph_note = _graph(inputs)
    calibrations, calibrations_note = list_calibrations(
        inputs.uses, inputs.calibrations, _MOST_ROWS, _("pairs of voices"), "results.json"
    )
    return LinkReport(
        title_page=title_page(
            _("Links between recordings"),
            case.title or _("Voices across recordings"),
            report_name(inputs.report_id, version),
            inputs.created_utc,
            inputs.method,
            particulars=(
                *whose_case(case),
                Fact(_("Threshold of a link"), f"LR {format_lr(inputs.threshold_log10_lr)}"),
            ),
            signatories=signatories(case),
            reference=case.reference,
        ),
        warnings=tuple(map(printable, leaks_in_words(inputs.not_searched, {}))),
        lead=_lead(inputs),
        chance=tuple(chance_row(row.log10_lr, row.expected, row.found) for row in inputs.chance()),
        graph=graph,
        graph_note=graph_note,
        clusters=clusters,
        clusters_note=clusters_note,
        links=links,
        links_note=links_note,
        suspicions=suspicions,
        suspicions_note=suspicions_note,
        voices=voices,
        voices_note=voices_note,
        refusals=(*_pruned(inputs), *_refused(inputs)),
        failures=failures,
        failures_note=failures_note,
        reading=link_reading(inputs.method, inputs.pruned),
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        method=MethodChapter(
            processing=(),
            system=describe_system(inputs.method),
            limitations=limitations(inputs.method, shows_languages=False),
            settings=list_settings(inputs.method.settings),
        ),
        glossary=glossary(LINKS),
    )


def _first_rows(rows: Sequence[T]) -> tuple[tuple[T, ...], str]:
    return first_rows(rows, _MOST_ROWS, number(len(rows)))


def _name(row: Mapping[str, Any]) -> str:
    """The last two parts of the path of a voice or a failure, its channel and its speaker."""
    path = printable("/".join(PurePath(row["path"]).parts[-2:]))
    speaker = (row.get(key) for key in ("turn", "speakers", "speaker_name"))
    label = channel_label("", row["channel"] or 0, *speaker).strip()
    return f"{path}, {label}" if label else path


def _lead(inputs: LinkOutcome) -> tuple[str, ...]:
    clustered = sum(len(one.voices) for one in inputs.clusters)
    compared = _(
        "{voices} of {recordings} were compared with each other: {pairs}, {issued} of them with a likelihood ratio.",
        voices=ngettext("{n} voice", "{n} voices", inputs.voices.height),
        recordings=ngettext("{n} recording", "{n} recordings", inputs.voices["sha256"].n_unique()),
        pairs=ngettext("{n} pair", "{n} pairs", inputs.pairs),
        issued=number(inputs.pairs_with_lr),
    )
    if inputs.pruned:
        pruned = ngettext("{n} pair was pruned.", "{n} pairs were pruned.", inputs.pruned)
        compared += f" {pruned} {pruning_rule(inputs.method)}"
    linked = ngettext(
        "{n} pair reaches the threshold, an LR of {threshold}.",
        "{n} pairs reach the threshold, an LR of {threshold}.",
        inputs.links.height,
        threshold=format_lr(inputs.threshold_log10_lr),
    )
    if inputs.clusters:
        together = ngettext(
            "{voices} voices are in {n} cluster of two or more.",
            "{voices} voices are in {n} clusters of two or more.",
            len(inputs.clusters),
            voices=number(clustered),
        )
    else:
        together = _("No two voices are in one cluster.")
    sentences = [compared, f"{linked} {together}"]
    if inputs.suspicions:
        sentences.append(suspected_pairs(inputs.method, [pair.suspicion.kind for pair in inputs.suspicions]))
    return tuple(sentences)


def _pruned(inputs: LinkOutcome) -> tuple[CountRow, ...]:
    rule = _("Pruned: {rule}", rule=pruning_rule(inputs.method))
    return (CountRow(number(inputs.pruned), _("pairs"), rule),) if inputs.pruned else ()


def _refused(inputs: LinkOutcome) -> tuple[CountRow, ...]:
    return tuple(
        CountRow(number(pairs), _("pairs"), printable(reason))
        for reason, _kind, pairs in counted_reasons(inputs.without_lr)[:_MOST_REASONS]
    )


def _graph(inputs: LinkOutcome) -> tuple[Graph | None, str]:
    """Voices that anything joins, and what joins them."""
    joined = set(inputs.links["known_voice"]) | set(inputs.links["questioned_voice"])
    pairs = {
        (pair.first_voices[0], pair.second_voices[0]): pair.suspicion.kind
        for pair in reversed(inputs.suspicions)
        if pair.first_voices and pair.second_voices
    }
    shown = sorted(joined | {voice for pair in pairs for voice in pair})
    if not shown:
        return None, _("No two voices are joined, so there is no graph.")
    left_out = ""
    if len(shown) > MOST_NODES:
        joined_voices = number(len(shown))
        shown = _most_firmly_joined(inputs.links)
        pairs = {pair: kind for pair, kind in pairs.items() if set(pair) <= set(shown)}
        if not shown:
            return None, _(
                "{number} voices are joined by links or suspicions, too many for a graph that can be read; the tables "
                "below list them.",
                number=joined_voices,
            )
        left_out = _(
            "{number} voices are joined by links or suspicions, too many for a graph that can be read. The graph shows "
            "the {shown} that the highest LRs join, with all that joins these.",
            number=joined_voices,
            shown=number(len(shown)),
        )
    place = {voice: index for index, voice in enumerate(shown)}
    cluster = dict(inputs.voices.select("voice", "cluster").iter_rows())
    edges = [GraphEdge(place[one], place[other], kind) for (one, other), kind in pairs.items()]
    edges += [
        GraphEdge(
            place[row["known_voice"]],
            place[row["questioned_voice"]],
            "link",
            row["log10_lr"],
            row["log10_lr_low"] >= inputs.threshold_log10_lr,
        )
        for row in inputs.links.filter(
            pl.col("known_voice").is_in(shown), pl.col("questioned_voice").is_in(shown)
        ).to_dicts()
    ]
    alone = inputs.voices.height - len(shown)
    caption = _(
        "Voices have their numbers in the list of voices. A colour is a cluster; a white voice is in none. The thicker "
        "a line, the higher the LR; a dashed line is a link whose interval reaches below the threshold. The position "
        "of a node has no meaning."
    )
    note = left_out or (
        ngettext("{n} further voice is joined to no other.", "{n} further voices are joined to no other.", alone)
        if alone
        else ""
    )
    return Graph(tuple(GraphNode(f"V{voice}", cluster[voice] or 0) for voice in shown), tuple(edges), caption), note


def _most_firmly_joined(links: pl.DataFrame) -> list[int]:
    """The voices of the highest links, as many as a graph may have."""
    chosen: set[int] = set()
    for pair in links.sort("log10_lr", descending=True).select("known_voice", "questioned_voice").iter_rows():
        if len(chosen.union(pair)) > MOST_NODES:
            break
        chosen.update(pair)
    return sorted(chosen)


def _cluster_row(one: VoiceCluster, names: Mapping[int, str]) -> ClusterRow:
    named = one.voices[:_MOST_VOICES_NAMED]
    notes = []
    if len(one.voices) > len(named):
        further = len(one.voices) - len(named)
        notes.append(ngettext("{n} further voice is in voices.csv.", "{n} further voices are in voices.csv.", further))
    if one.holds_two_of_one_recording:
        notes.append(_("Two of its voices are of one recording, in which they count as two speakers."))
    return ClusterRow(
        label=f"G{one.number}",
        voices=tuple((f"V{voice}", names[voice]) for voice in named),
        mean=format_signed(one.mean_log10_lr),
        lowest=format_signed(one.lowest_log10_lr),
        pairs=_("{number} of {all}", number=number(one.pairs_with_lr), all=number(one.pairs)),
        together=format_share(one.together),
        note=" ".join(notes),
    )


def _link_row(row: Mapping[str, Any], names: Mapping[int, str], scale: VerbalScale) -> LinkRow:
    is_bounded = is_bound(row["log10_lr"], row["unbounded_log10_lr"])
    strength, direction = scale.support(nearest_to_one(row["log10_lr_low"], row["log10_lr_high"]))
    return LinkRow(
        first=f"V{row['known_voice']}",
        first_name=names[row["known_voice"]],
        second=f"V{row['questioned_voice']}",
        second_name=names[row["questioned_voice"]],
        log10_lr=format_signed(row["log10_lr"]),
        lr=issued_lr(row["log10_lr"], is_bounded=is_bounded),
        interval=issued_interval(row["log10_lr"], row["log10_lr_low"], row["log10_lr_high"], is_bounded=is_bounded),
        verbal=printable(brief_verbal(_(strength), direction)),
        share_of_draws=format_share(row["share_of_draws"]),
        cluster=f"G{row['cluster']}" if row["cluster"] else "",
    )


def _suspicion_rows(inputs: LinkOutcome) -> list[SuspicionRow]:
    names = names_of(inputs.voices)
    return [
        SuspicionRow(
            _(pair.suspicion.kind),
            first_few([f"V{voice}" for voice in (*pair.first_voices, *pair.second_voices)]),
            printable(finding(pair.suspicion, names)),
        )
        for pair in sorted(inputs.suspicions, key=lambda pair: pair.suspicion.kind != SAME_SOURCE)
    ]


def _voice_row(row: Mapping[str, Any], names: Mapping[int, str]) -> VoiceRow:
    return VoiceRow(
        label=f"V{row['voice']}",
        name=names[row["voice"]],
        net_speech=format_duration(row["net_speech_s"]),
        pairs=number(row["pairs_with_lr"]),
        links=number(row["links"]),
        cluster=f"G{row['cluster']}" if row["cluster"] else "",
        reason=printable(row["reason"] or ""),
    )


def _failure_rows(failures: pl.DataFrame) -> list[FailureRow]:
    return [
        failure_row("", _name(row) if row["path"] else row["sha256"], row)
        for row in failures.sort("path", "channel", nulls_last=False).to_dicts()
    ]
