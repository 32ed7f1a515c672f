"""The tables of comparisons and of linkings: their columns."""

from typing import Final, Literal, TypeAlias

import polars as pl

from forensic.case.store import Schema
from forensic.likelihood_ratio.fit import LikelihoodRatios
from forensic.likelihood_ratio.scale import VerbalScale

Status: TypeAlias = Literal["lr", "no LR issued"]
STATUS_LR: Final = "lr"
STATUS_NONE: Final = "no LR issued"

REASON_COLUMNS: Schema = {
    "reason_kind": pl.String,  # a ``forensic.comparison.refusal.RefusalKind``; null where there is an LR
    "reason_quantity": pl.String,  # the quantity outside a limit, if the kind is about one
}
"""The columns of a refusal besides its sentence."""

COMPARISONS_SCHEMA: Schema = {
    "questioned_path": pl.String,
    "questioned_sha256": pl.String,
    "channel": pl.Int16,  # 0 where all channels were mixed
    "turn": pl.Int16,  # 0: all speech of the channel; from 1: one of several speakers in it
    "speakers": pl.Int16,  # in the channel
    "speaker_name": pl.String,  # by an examiner; empty where the speaker was found
    "suspect": pl.String,
    "known_sha256": pl.List(pl.String),
    "score": pl.Float64,  # null where there is no embedding on one side
    "second_score": pl.Float64,  # of the second model; null without one, or where it has no embedding on one side
    "second_problem": pl.String,  # why it has none; null otherwise
    "adjusted_score": pl.Float64,  # brought to the conditions of the calibration; null where no LR is issued
    "log10_lr": pl.Float64,  # bounded; null where no LR is issued
    "log10_lr_low": pl.Float64,
    "log10_lr_high": pl.Float64,
    "unbounded_log10_lr": pl.Float64,
    "verbal_equivalent": pl.String,
    "status": pl.String,  # one of ``Status``
    "reason": pl.String,  # why none is issued, and what would help; null otherwise, and until it is put in words
    **REASON_COLUMNS,
    "calibration_id": pl.String,
    "questioned_cell": pl.String,  # the population's nearest conditions; null without conditions of the case
    "questioned_distance": pl.Float64,  # how far they are from the case; 0: the same
    "questioned_differs": pl.String,  # the differences, the largest first
    "known_cell": pl.String,
    "known_distance": pl.Float64,
    "known_differs": pl.String,
}
"""One row per questioned recording, channel, speaker in it and suspect."""

VOICES_SCHEMA: Schema = {
    "voice": pl.Int32,  # number, from 1, in the order of paths
    "path": pl.String,  # of the first file with this content
    "sha256": pl.String,
    "channel": pl.Int16,  # 0 where all channels were mixed
    "turn": pl.Int16,  # 0: all speech of the channel
    "speakers": pl.Int16,  # that were found in the channel
    "speaker_name": pl.String,  # by an examiner; empty where the speaker was found
    "side": pl.String,  # a ``forensic.case.store.FileSide``
    "net_speech_s": pl.Float64,
    "pairs_with_lr": pl.Int64,
    "links": pl.Int64,
    "cluster": pl.Int32,  # number, from 1; null if it is with no other voice
    "reason": pl.String,  # why none of its pairs has an LR; null otherwise, and until it is put in words
    **REASON_COLUMNS,
}
"""One row per voice: what was taken for one speaker in one channel of a recording."""

LINKS_SCHEMA: Schema = {
    "known_voice": pl.Int32,  # the one with more net speech, which was taken for the known side
    "known_path": pl.String,
    "known_channel": pl.Int16,
    "known_turn": pl.Int16,
    "questioned_voice": pl.Int32,
    "questioned_path": pl.String,
    "questioned_channel": pl.Int16,
    "questioned_turn": pl.Int16,
    "score": pl.Float64,
    "log10_lr": pl.Float64,  # bounded
    "log10_lr_low": pl.Float64,
    "log10_lr_high": pl.Float64,
    "unbounded_log10_lr": pl.Float64,
    "verbal_equivalent": pl.String,
    "share_of_draws": pl.Float64,  # of the bootstrap in which the LR reaches the threshold, 0 to 1
    "cluster": pl.Int32,  # of both; null if they are not in the same one
    "calibration_id": pl.String,
}
"""One row per pair whose LR reaches the threshold, the highest first."""

PAIRS_SCHEMA: Schema = {
    "known_voice": pl.Int32,
    "questioned_voice": pl.Int32,
    "score": pl.Float32,
    "log10_lr": pl.Float64,  # null where no LR is issued
    "status": pl.String,  # one of ``Status``
    "calibration_id": pl.String,
}
"""One row per pair."""


def lr_columns(ratios: LikelihoodRatios, index: int, scale: VerbalScale) -> dict[str, float | str]:
    """What a row says of a likelihood ratio.

    Args:
        ratios: of several scores.
        index: of the row's among them.
        scale: says it in words.
    """
    return {
        "log10_lr": float(ratios.log10_lr[index]),
        "log10_lr_low": float(ratios.low[index]),
        "log10_lr_high": float(ratios.high[index]),
        "unbounded_log10_lr": float(ratios.unbounded_log10_lr[index]),
        "verbal_equivalent": scale.describe(float(ratios.low[index]), float(ratios.high[index])),
    }
