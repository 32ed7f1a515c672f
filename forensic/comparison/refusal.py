"""When no likelihood ratio is issued: the reasons, and what would help.

A comparison is refused for what one side is like (its speakers, its conditions outside the validated envelope or far
from everything in the population), for what the two sides share, or for what its calibration is worth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forensic.comparison.inconsistency import in_words as inconsistency_in_words
from forensic.comparison.independence import Suspicions
from forensic.comparison.sides import Side
from forensic.likelihood_ratio.conditions import as_long_as_the_longest, differences, in_words, nearest
from forensic.likelihood_ratio.envelope import Envelope, Limits, Shortfall, outside
from forensic.records import Calibration, Conditions
from forensic.settings import ComparisonSettings


@dataclass(frozen=True, slots=True)
class NearestCell:
    """The population's cell that a side is nearest to."""

    index: int
    distance: float
    cell: Conditions
    differs: str


def nearest_cell(side: Side, cells: Sequence[Conditions]) -> NearestCell | None:
    """The nearest of the population's cells; None without conditions."""
    if side.conditions is None:
        return None
    index, distance = nearest(side.conditions, cells)
    found = differences(as_long_as_the_longest(side.conditions, cells), cells[index])
    return NearestCell(index, distance, cells[index], in_words(found))


def refusal(
    q: Side,
    k: Side,
    q_cell: NearestCell | None,
    k_cell: NearestCell | None,
    settings: ComparisonSettings,
    envelope: Envelope | None,
    suspicions: Suspicions,
) -> str | None:
    """Why no LR can be issued, and what would help; None where one can.

    Args:
        q: the questioned side.
        k: the known side.
        q_cell: nearest to the questioned side.
        k_cell: nearest to the known side.
        settings: a laboratory's own limits.
        envelope: of validation; None limits nothing.
        suspicions: recordings that may not be independent of each other.
    """
    if set(q.sha256) & set(k.sha256):
        return "The same recording stands on both sides. Supply another recording of the suspect."
    limits = (None, None) if envelope is None else (envelope.questioned, envelope.known)
    return (
        why_unusable(q, q_cell, "questioned recording", settings, limits[0])
        or why_unusable(k, k_cell, "suspect's recordings", settings, limits[1])
        or suspicions.refusal(q.sha256, k.sha256, settings)
    )


def why_unusable(
    side: Side, cell: NearestCell | None, what: str, settings: ComparisonSettings, limits: Limits | None
) -> str | None:
    """Why one side carries no LR, and what would help; None where it does."""
    if side.embedding is None or side.conditions is None or cell is None:
        return f"The {what} cannot be used: {side.problem}"
    return next(_reasons(side, side.conditions, cell, what, settings, limits), None)


def _reasons(
    side: Side, measured: Conditions, cell: NearestCell, what: str, settings: ComparisonSettings, limits: Limits | None
) -> Iterator[str]:
    """Every reason against a side with evidence, the plainest first."""
    if side.several:
        yield (
            f"Several speakers, {side.speakers}, in the {what} ({', '.join(_name(path) for path in side.several)}). "
            "Cut the recording, or say with --segments which speech is the suspect's."
        )
    if side.inconsistency is not None and side.name not in settings.allow_inconsistent_suspects:
        yield inconsistency_in_words(side.inconsistency, side.name)
    if measured.net_speech_s < settings.min_net_speech_s:
        yield (
            f"Too little speech: {measured.net_speech_s:.1f} s in the {what}, "
            f"{settings.min_net_speech_s:.1f} s are needed. Supply more speech of this speaker."
        )
    if measured.snr_db is not None and measured.snr_db < settings.min_snr_db:
        yield (
            f"Too much noise: an SNR of {measured.snr_db:.0f} dB in the {what}, "
            f"{settings.min_snr_db:.0f} dB are needed. Supply a cleaner recording."
        )
    if (measured.clipped_share or 0.0) > settings.max_clipped_share:
        yield (
            f"Clipping: {100 * (measured.clipped_share or 0.0):.0f} % of the speech in the {what}, "
            f"{100 * settings.max_clipped_share:.0f} % are allowed. Supply an original that is not overdriven."
        )
    if limits is not None:
        yield from (_outside_in_words(found, what) for found in outside(limits, measured))
    if cell.distance > settings.max_condition_distance:
        yield (
            f"No reference population resembles the {what} ({_described(measured)}): the nearest, {cell.cell.name} "
            f"({_described(cell.cell)}), is {cell.distance:.1f} steps away "
            f"({cell.differs}), {settings.max_condition_distance:.1f} are "
            "allowed. Supply a recording in other conditions, or a reference population in these."
        )


_OUTSIDE: Mapping[str, tuple[str, str, str]] = {
    # what it is called, how it is written, what would help
    "net_speech_s": ("Too little speech", "{:.1f} s of net speech", "Supply more speech of this speaker."),
    "snr_db": ("Too much noise", "an SNR of {:.0f} dB", "Supply a cleaner recording."),
    "bandwidth_hz": ("Too narrow a band", "an upper edge of {:.0f} Hz", "Supply the original, or a better copy."),
    "c50_db": ("Too much reverberation", "a clarity (C50) of {:.0f} dB", "Supply a recording nearer to the speaker."),
    "clipped_share": (
        "Clipping",
        "{:.0%} of the speech clipped",
        "Supply an original that is not overdriven.",
    ),
}


def _outside_in_words(found: Shortfall, what: str) -> str:
    name, form, remedy = _OUTSIDE[found.quantity]
    way = "up to" if found.value > found.limit else "down to"
    return (
        f"{name}: {form.format(found.value)} in the {what}. Validation met its criterion {way} "
        f"{form.format(found.limit)} and no further. {remedy}"
    ).replace("%", " %")


def criterion_missed(fitted: Calibration, envelope: Envelope) -> str:
    """Why a calibration that does not meet the envelope's criterion issues no LR."""
    return (
        f"In these conditions ({fitted.questioned.name}, {fitted.questioned.net_speech_s:.0f} s against "
        f"{fitted.known.name}, {fitted.known.net_speech_s:.0f} s) the method does not meet its criterion: Cllr "
        f"{fitted.cllr.value:.2f}, 95 % interval up to {fitted.cllr.high:.2f}; {envelope.criterion:.2f} is allowed. "
        "Supply more or better speech on either side."
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _described(conditions: Conditions) -> str:
    low_hz, c50_db = conditions.low_edge_hz, conditions.c50_db
    parts = [
        f"{conditions.net_speech_s:.0f} s of speech",
        "no noise" if conditions.snr_db is None else f"SNR {conditions.snr_db:.0f} dB",
        f"{f'{low_hz:.0f} Hz' if low_hz is not None else 'up'} to {conditions.bandwidth_hz / 1000:.1f} kHz",
        f"C50 {c50_db:.0f} dB" if c50_db is not None else "",
        f"codec {conditions.codec}" if conditions.codec is not None else "",
    ]
    return ", ".join(filter(None, parts))
