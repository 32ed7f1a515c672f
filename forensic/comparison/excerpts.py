"""Spectrograms of the speech behind the highest likelihood ratios, for the pages that report them."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from forensic.audio.excerpt import read_stretches
from forensic.audio.picture import spectrogram_picture
from forensic.case.discovery import hash_file
from forensic.comparison.outcomes import Excerpt, Explanation
from forensic.errors import RecordingError
from forensic.progress import Watch, unwatched
from forensic.settings import AudioSettings

LONGEST_S = 20.0
MOST_EXCERPTS = 24

_NARROW_HZ = 4200.0  # a band that ends below it is drawn up to 4 kHz


def take_excerpts(
    explanations: Sequence[Explanation],
    comparisons: pl.DataFrame,
    files: pl.DataFrame,
    quality: pl.DataFrame,
    segments: pl.DataFrame,
    settings: AudioSettings,
    watch: Watch = unwatched,
) -> tuple[Excerpt, ...]:
    """One stretch of each recording in the comparisons that are explained, the highest LR first.

    Of each recording the stretch of at most ``LONGEST_S`` with most of the speech used is taken; of a known speaker,
    the recording with most speech. A recording that is gone, changed or cannot be decoded any more has none.

    Args:
        explanations: of the comparisons.
        comparisons: table of that name.
        files: table of that name.
        quality: table of that name, of one model and one set of settings, like the segments.
        segments: table of that name.
        settings: with which the recordings were scanned.
        watch: called with how many are done, and how many there are.
    """
    chosen: dict[tuple[str, int, int], None] = {}
    for row in _by_lr(explanations, comparisons):
        chosen[row["questioned_sha256"], row["channel"], row["turn"]] = None
        most = with_most_speech(row["known_sha256"], quality)
        if most is not None:
            chosen[most["sha256"], most["channel"], most["turn"] or 0] = None
    paths = dict(files.filter(pl.col("sha256").is_not_null()).select("sha256", "path").iter_rows())
    found = []
    wanted = list(chosen)[:MOST_EXCERPTS]
    for done, (sha256, channel, turn) in enumerate(wanted):
        watch(done, len(wanted))
        of_it = (pl.col("sha256") == sha256) & (pl.col("channel") == channel) & (pl.col("turn").fill_null(0) == turn)
        measured = quality.filter(of_it)
        speech = segments.filter(of_it).sort("start_s").select("start_s", "end_s").rows()
        if speech and measured.height and sha256 in paths:
            excerpt = _excerpt(
                (sha256, channel, turn), Path(paths[sha256]), speech, measured.row(0, named=True), settings
            )
            found += [excerpt] if excerpt else []
    return tuple(found)


def _by_lr(explanations: Sequence[Explanation], comparisons: pl.DataFrame) -> list[dict[str, Any]]:
    key = ["questioned_sha256", "channel", "turn", "suspect"]
    wanted = {(each.questioned_sha256, each.channel, each.turn, each.suspect) for each in explanations}
    rows = comparisons.sort("log10_lr", descending=True, nulls_last=True, maintain_order=True).to_dicts()
    return [row for row in rows if tuple(row[name] for name in key) in wanted]


def with_most_speech(known_sha256: Collection[str], quality: pl.DataFrame) -> dict[str, Any] | None:
    """Of a known speaker's recordings the row of the table ``quality`` with most speech, which stands for them.

    Args:
        known_sha256: of the recordings.
        quality: table of that name.

    Returns:
        The row; None where no recording has speech.
    """
    rows = quality.filter(pl.col("sha256").is_in(list(known_sha256)))
    return None if rows.is_empty() else rows.row(rows["net_speech_s"].arg_max() or 0, named=True)


def busiest(speech: Sequence[tuple[float, float]], longest_s: float) -> tuple[float, float]:
    """The stretch of at most so many seconds that holds most speech, as its start and end; it starts with speech.

    >>> busiest([(0.0, 1.0), (10.0, 14.0), (15.0, 19.0)], 10.0)
    (10.0, 19.0)
    """

    def held(start_s: float) -> float:
        return sum(max(0.0, min(end, start_s + longest_s) - max(begin, start_s)) for begin, end in speech)

    start_s = max((begin for begin, _ in speech), key=held)
    end_s = max(min(end, start_s + longest_s) for begin, end in speech if begin < start_s + longest_s)
    return start_s, end_s


def _excerpt(
    key: tuple[str, int, int],
    path: Path,
    speech: Sequence[tuple[float, float]],
    measured: dict[str, float],
    settings: AudioSettings,
) -> Excerpt | None:
    sha256, channel, turn = key
    start_s, end_s = busiest(speech, LONGEST_S)
    try:
        if hash_file(path).sha256 != sha256:
            return None
        (samples,) = read_stretches(path, channel, [(start_s, end_s)], settings)
    except (RecordingError, OSError):
        return None
    highest_hz = 4000.0 if measured["bandwidth_hz"] <= _NARROW_HZ else 8000.0
    return Excerpt(sha256, channel, turn, start_s, end_s, highest_hz, spectrogram_picture(samples, highest_hz))
