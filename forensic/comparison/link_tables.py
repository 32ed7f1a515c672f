"""What a linking found, as tables: its voices, its links, its suspicions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.independence import Suspicion
from forensic.comparison.outcomes import SuspectedPair
from forensic.comparison.refusal import Refusal, RefusalKind, reason_columns
from forensic.comparison.sides import Side
from forensic.comparison.tables import LINKS_SCHEMA, VOICES_SCHEMA, lr_columns
from forensic.comparison.voice_clusters import cluster_numbers
from forensic.comparison.voice_pairs import VoicePairs
from forensic.comparison.voices import net_speech_s
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.records import KNOWN, QUESTIONED, Role

Index = NDArray[np.intp]


def voices_table(
    sides: Sequence[Side],
    order: Sequence[int],
    numbers: Index,
    pairs: VoicePairs,
    linked: Index,
    labels: Index,
    files: pl.DataFrame,
) -> tuple[pl.DataFrame, tuple[Refusal | None, ...]]:
    """One row per voice, as ``VOICES_SCHEMA``, and why none of its pairs has an LR; None where one has.

    Args:
        sides: the voices.
        order: their places in the order of the table.
        numbers: of each place.
        pairs: with LRs.
        linked: places of the pairs that are links.
        labels: the cluster of each voice.
        files: of the case.
    """
    side_of = dict(files.sort("path", descending=True).select("sha256", "side").iter_rows())
    with_lr = np.flatnonzero(pairs.calibration >= 0)
    counted = [
        np.bincount(np.concatenate([pairs.first[which], pairs.second[which]]), minlength=len(sides))
        for which in (with_lr, linked)
    ]
    names = cluster_numbers(labels, numbers)
    refusals = tuple(None if counted[0][place] else _why_no_pair(pairs, place) for place in order)
    rows = [
        dict.fromkeys(VOICES_SCHEMA)
        | {
            "voice": int(numbers[place]),
            "path": sides[place].name,
            "sha256": sides[place].sha256[0],
            "channel": sides[place].channel,
            "turn": sides[place].voice,
            "speakers": sides[place].speakers,
            "speaker_name": sides[place].speaker_name,
            "side": side_of.get(sides[place].sha256[0]),
            "net_speech_s": net_speech_s(sides[place]),
            "pairs_with_lr": int(counted[0][place]),
            "links": int(counted[1][place]),
            "cluster": names.get(int(labels[place])),
        }
        | reason_columns(refused)
        for place, refused in zip(order, refusals, strict=True)
    ]
    return pl.DataFrame(rows, VOICES_SCHEMA, orient="row"), refusals


def _why_no_pair(pairs: VoicePairs, place: int) -> Refusal:
    return pairs.against_questioned[place] or pairs.against_known[place] or Refusal(RefusalKind.NO_PARTNER)


def links_table(
    sides: Sequence[Side],
    numbers: Index,
    pairs: VoicePairs,
    linked: Index,
    labels: Index,
    threshold: float,
    scale: VerbalScale,
) -> pl.DataFrame:
    """One row per link, the highest LR first, as ``LINKS_SCHEMA``.

    Args:
        sides: the voices.
        numbers: of each.
        pairs: with LRs.
        linked: places of the pairs that are links.
        labels: the cluster of each voice.
        threshold: least log10 LR of a link.
        scale: says LRs in words.
    """
    names = cluster_numbers(labels, numbers)
    rows: list[dict[str, Any]] = []
    for place in np.unique(pairs.calibration[linked]).tolist():
        chosen = linked[pairs.calibration[linked] == place]
        for start in range(0, len(chosen), 4096):
            part = chosen[start : start + 4096]
            ratios = pairs.ratios(place, part)
            reached = (pairs.drawn(part, slice(0, pairs.draws())) >= threshold).mean(axis=0)
            for index, pair in enumerate(part.tolist()):
                known, questioned = int(pairs.first[pair]), int(pairs.second[pair])
                is_one = labels[known] == labels[questioned]
                rows.append(
                    _voice_columns(KNOWN, sides[known], int(numbers[known]))
                    | _voice_columns(QUESTIONED, sides[questioned], int(numbers[questioned]))
                    | {
                        "score": float(pairs.scores[pair]),
                        **lr_columns(ratios, index, scale),
                        "share_of_draws": float(reached[index]),
                        "cluster": names.get(int(labels[known])) if is_one else None,
                        "calibration_id": pairs.ids[place],
                    }
                )
    rows.sort(key=lambda row: (-row["log10_lr"], row["known_voice"], row["questioned_voice"]))
    return pl.DataFrame(rows, LINKS_SCHEMA, orient="row")


def _voice_columns(role: Role, side: Side, number: int) -> dict[str, Any]:
    return {
        f"{role}_voice": number,
        f"{role}_path": side.name,
        f"{role}_channel": side.channel,
        f"{role}_turn": side.voice,
    }


def suspected(found: Sequence[Suspicion], sides: Sequence[Side], numbers: Index) -> tuple[SuspectedPair, ...]:
    """Suspicions with the voices that they concern."""
    voices: dict[str, list[tuple[int, int]]] = {}
    for place, side in enumerate(sides):
        voices.setdefault(side.sha256[0], []).append((side.channel, int(numbers[place])))

    def of(sha256: str, channel: int | None) -> tuple[int, ...]:
        own = voices.get(sha256, [])
        return tuple(sorted(number for at, number in own if channel is None or at == channel))

    return tuple(
        SuspectedPair(
            one,
            of(one.first, one.shared.first_channel if one.shared else None),
            of(one.second, one.shared.second_channel if one.shared else None),
        )
        for one in found
    )
