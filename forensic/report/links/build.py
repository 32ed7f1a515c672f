"""From tables of voices and links to the report, chapter by chapter."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import polars as pl

from forensic.comparison.independence import SAME_SOURCE
from forensic.comparison.outcomes import LinkOutcome, VoiceCluster
from forensic.records import Calibration, Conditions
from forensic.report.case.case_report import ChanceRow, Fact, FailureRow
from forensic.report.case.chance import format_expected
from forensic.report.case.evidence import first_rows
from forensic.report.case.method import describe_method, list_settings
from forensic.report.case.title_page import software
from forensic.report.links.content import (
    CalibrationRow,
    ClusterRow,
    Graph,
    GraphEdge,
    GraphNode,
    LinkReport,
    LinkRow,
    SuspicionRow,
    VoiceRow,
)
from forensic.report.shared import wording
from forensic.report.shared.formats import (
    first_few,
    format_day,
    format_duration,
    format_lr,
    format_number,
    format_range,
    format_share,
    format_signed,
    paragraphs,
    plural,
    printable,
)
from forensic.report.shared.refusals import counted_reasons
from forensic.report.shared.suspicions import finding, leaks_in_words, names_of

MOST_NODES = 60
"""Of a graph that can still be read."""

_MOST_ROWS = 300
_MOST_VOICES_NAMED = 60

READING = paragraphs("""
A voice is all speech of one channel of a recording or, where several speakers were told apart in it, of one of
them. Every voice was compared with every other. Of two voices, the one with more net speech took the place of
the known side: the reference recordings of that side were chosen to be like it, those of the questioned side
to be like the other.

A link is a pair whose LR reaches the threshold. It is no finding that the two are one speaker: among many
pairs of different people, some reach any threshold by chance. The table in the summary says how many to
expect; where that is not far below the number found, links by themselves say little.

A cluster was made by joining, again and again, the two groups of voices with the highest mean log10 LR
between them, while that mean was at least the threshold (average linkage). Pairs without an LR count in no
mean. "Together" says in which share of the draws of the bootstrap over reference speakers all voices of the
cluster were still in one. It covers the limited number of reference speakers only. A cluster is a proposal of
what to examine by comparison; its LRs are not independent and must not be multiplied.

Recordings suspected of one source or of one session are kept apart from links: what is alike in them may be
the recording, the room or the line. No LR is issued between them, unless the settings allow it.
""")


def build_link_report(inputs: LinkOutcome) -> LinkReport:
    """State what was linked."""
    case = inputs.case_details
    names = {row["voice"]: _name(row) for row in inputs.voices.to_dicts()}
    clusters, clusters_note = first_rows([_cluster_row(one, names) for one in inputs.clusters], _MOST_ROWS, "cluster")
    links, links_note = first_rows([_link_row(row, names) for row in _head(inputs.links)], _MOST_ROWS, "link")
    if inputs.links.height > _MOST_ROWS:
        links_note = f"The {_MOST_ROWS:,} highest of {inputs.links.height:,} links; all are in links.csv."
    suspicions, suspicions_note = first_rows(_suspicion_rows(inputs), _MOST_ROWS, "suspicion")
    voices, voices_note = first_rows([_voice_row(row) for row in inputs.voices.to_dicts()], _MOST_ROWS, "voice")
    failures, failures_note = first_rows(_failure_rows(inputs.failures), _MOST_ROWS, "failure")
    graph, graph_note = _graph(inputs)
    calibrations = _calibrations(inputs)
    calibrations_note = ""
    if len(calibrations) > _MOST_ROWS:
        calibrations_note = (
            f"The {_MOST_ROWS:,} of {len(calibrations):,} calibrations that most pairs use; all are in results.json."
        )
    return LinkReport(
        title=printable(case.title) or "Voices across recordings",
        report_id=printable(inputs.report_id),
        reference=printable(case.reference),
        software=software(inputs.method),
        created_iso=inputs.created_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        details=(
            Fact("Case reference", printable(case.reference)),
            Fact("Laboratory", " ".join(paragraphs(case.laboratory))),
            Fact("Results computed", f"{format_day(inputs.created_utc)}, {inputs.created_utc:%H:%M} UTC"),
            Fact("Threshold of a link", f"LR {format_lr(inputs.threshold_log10_lr)}"),
            Fact("Report", printable(inputs.report_id)),
        ),
        signatories=(Fact("Examiner", printable(case.examiner)), Fact("Reviewer", printable(case.reviewer))),
        warnings=leaks_in_words(inputs.not_searched, {}),
        lead=_lead(inputs),
        chance=tuple(
            ChanceRow(format_lr(row.log10_lr), format_expected(row.expected), f"{row.found:,}")
            for row in inputs.chance()
        ),
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
        refusals=tuple(
            Fact(f"{number:,}", printable(reason)) for reason, _, number in counted_reasons(inputs.without_lr)[:40]
        ),
        failures=failures,
        failures_note=failures_note,
        reading=READING,
        calibrations=calibrations[:_MOST_ROWS],
        calibrations_note=calibrations_note,
        method=describe_method(inputs.method),
        limitations=wording.LIMITATIONS,
        settings=list_settings(inputs.method.settings),
    )


def _head(links: pl.DataFrame) -> list[dict[str, Any]]:
    return links.head(_MOST_ROWS).to_dicts()


def _name(row: Mapping[str, Any]) -> str:
    """The last two parts of a voice's path, its channel and its speaker."""
    parts = [printable("/".join(PurePath(row["path"]).parts[-2:]))]
    parts += [f"channel {row['channel']}"] if row["channel"] else []
    parts += [f"speaker {row['turn']} of {row['speakers']}"] if row["turn"] else []
    return ", ".join(parts)


def _lead(inputs: LinkOutcome) -> tuple[str, ...]:
    with_lr = sum(inputs.uses.values())
    clustered = sum(len(one.voices) for one in inputs.clusters)
    compared = (
        f"{plural(inputs.voices.height, 'voice')} of {plural(inputs.voices['sha256'].n_unique(), 'recording')} "
        f"{'was' if inputs.voices.height == 1 else 'were'} compared with each other: {plural(inputs.pairs, 'pair')}, "
        f"{with_lr:,} of them with a likelihood ratio."
    )
    linked = (
        f"{plural(inputs.links.height, 'pair')} {'reaches' if inputs.links.height == 1 else 'reach'} the threshold, an "
        f"LR of {format_lr(inputs.threshold_log10_lr)}; "
    )
    if inputs.clusters:
        linked += f"{clustered:,} voices are in {plural(len(inputs.clusters), 'cluster')} of two or more."
    else:
        linked += "no two voices are in one cluster."
    sentences = [compared, linked]
    if inputs.suspicions:
        sentences.append(
            f"{plural(len(inputs.suspicions), 'pair of recordings', 'pairs of recordings')} "
            f"{'is' if len(inputs.suspicions) == 1 else 'are'} suspected of one source or session, and kept apart from "
            "the links."
        )
    return tuple(sentences)


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
        return None, "Nothing joins any two voices, so there is no graph."
    left_out = ""
    if len(shown) > MOST_NODES:
        left_out = f"{len(shown):,} voices are joined by links or suspicions, too many for a graph that can be read"
        shown = _most_firmly_joined(inputs.links)
        pairs = {pair: kind for pair, kind in pairs.items() if set(pair) <= set(shown)}
        if not shown:
            return None, f"{left_out}; the tables below hold them."
        left_out += f". Shown are {len(shown):,} that the highest LRs join, with all that joins these."
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
    caption = (
        "Voices by their numbers in the list of voices; a colour is a cluster, white is none. The thicker a line, the "
        "higher the LR; a dashed line has an interval that reaches below the threshold. Where nodes lie says nothing."
    )
    note = left_out or (f"{plural(alone, 'further voice is', 'further voices are')} joined to none." if alone else "")
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
        notes.append(f"{len(one.voices) - len(named):,} further voices are in voices.csv.")
    if one.holds_two_of_one_recording:
        notes.append("Two of its voices are of one recording, where they were taken for two speakers.")
    return ClusterRow(
        label=f"C{one.number}",
        voices=tuple((f"V{voice}", names[voice]) for voice in named),
        mean=format_signed(one.mean_log10_lr),
        lowest=format_signed(one.lowest_log10_lr),
        pairs=f"{one.pairs_with_lr:,} of {one.pairs:,}",
        together=format_share(one.together),
        note=" ".join(notes),
    )


def _link_row(row: Mapping[str, Any], names: Mapping[int, str]) -> LinkRow:
    return LinkRow(
        first=f"V{row['known_voice']}",
        first_name=names[row["known_voice"]],
        second=f"V{row['questioned_voice']}",
        second_name=names[row["questioned_voice"]],
        log10_lr=format_signed(row["log10_lr"]),
        lr=format_lr(row["log10_lr"]) + (" (bounded)" if row["log10_lr"] != row["unbounded_log10_lr"] else ""),
        interval=format_range(row["log10_lr_low"], row["log10_lr_high"]),
        verbal=printable(row["verbal_equivalent"]),
        share_of_draws=format_share(row["share_of_draws"]),
        cluster=f"C{row['cluster']}" if row["cluster"] else "",
    )


def _suspicion_rows(inputs: LinkOutcome) -> list[SuspicionRow]:
    names = names_of(inputs.voices)
    return [
        SuspicionRow(
            pair.suspicion.kind,
            first_few([f"V{voice}" for voice in (*pair.first_voices, *pair.second_voices)]),
            printable(finding(pair.suspicion, names)),
        )
        for pair in sorted(inputs.suspicions, key=lambda pair: pair.suspicion.kind != SAME_SOURCE)
    ]


def _voice_row(row: Mapping[str, Any]) -> VoiceRow:
    return VoiceRow(
        label=f"V{row['voice']}",
        name=_name(row),
        net_speech=format_duration(row["net_speech_s"]),
        pairs=f"{row['pairs_with_lr']:,}",
        links=f"{row['links']:,}",
        cluster=f"C{row['cluster']}" if row["cluster"] else "",
        reason=printable(row["reason"] or ""),
    )


def _failure_rows(failures: pl.DataFrame) -> list[FailureRow]:
    return [
        FailureRow(
            label=f"channel {row['channel']}" if row["channel"] else "",
            name=printable(row["path"] or row["sha256"]),
            step=printable(row["step"]),
            problem=printable(row["problem"]),
            remedy=printable(row["remedy"]),
        )
        for row in failures.sort("path", "channel", nulls_last=False).to_dicts()
    ]


def _calibrations(inputs: LinkOutcome) -> tuple[CalibrationRow, ...]:
    used: Sequence[tuple[str, int]] = sorted(inputs.uses.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        _calibration_row(f"K{number}", inputs.calibrations[key], pairs) for number, (key, pairs) in enumerate(used, 1)
    )


def _calibration_row(label: str, fitted: Calibration, pairs: int) -> CalibrationRow:
    return CalibrationRow(
        label=label,
        known=_conditions(fitted.known),
        questioned=_conditions(fitted.questioned),
        distance=f"{fitted.known_distance:.1f}; {fitted.questioned_distance:.1f}",
        speakers=f"{fitted.speakers:,}",
        cllr=f"{fitted.cllr.value:.3f} ({fitted.cllr.low:.3f} to {fitted.cllr.high:.3f})",
        bounds=f"{format_number(fitted.lower_bound_log10_lr, 2)} to {format_number(fitted.upper_bound_log10_lr, 2)}",
        pairs=f"{pairs:,}",
    )


def _conditions(conditions: Conditions) -> str:
    return f"{printable(conditions.name)}, {conditions.net_speech_s:.0f} s"
