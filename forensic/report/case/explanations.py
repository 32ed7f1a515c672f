"""What the highest LRs rest on: stretches of speech, amounts of speech, how common the voice is."""

from collections.abc import Mapping
from typing import TypeAlias

from forensic.comparison.outcomes import Explanation
from forensic.likelihood_ratio.explanation import Typicality
from forensic.report.case.comparisons import Issued
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import ExplanationPlot, GrowthPoint, SegmentBar
from forensic.report.shared.catalogue import _, listed, ngettext, number
from forensic.report.shared.formats import (
    format_lr,
    format_number,
    format_quantity,
    format_range,
    format_share,
    format_signed,
    printable,
    shortened,
)

_MOST_BARS = 8
_NEAREST_NAMED = 3


Key: TypeAlias = tuple[str, int, int, str]


def explanations_by_comparison(inputs: ReportInputs) -> dict[Key, Explanation]:
    """What was examined, by recording, channel, speaker in it and known speaker."""
    return {(each.questioned_sha256, each.channel, each.turn, each.suspect): each for each in inputs.explanations}


def explanation_of(comparison: Issued, found: Mapping[Key, Explanation]) -> Explanation | None:
    """What a comparison rests on; None where that was not examined."""
    return found.get((comparison.sha256, comparison.channel, comparison.turn, comparison.suspect))


def explanation_sentences(comparison: Issued, explanation: Explanation) -> tuple[str, ...]:
    """What an LR rests on."""
    sentences = (
        _on_stretches(explanation),
        _on_growth(explanation),
        _on_typicality(explanation.typicality, comparison),
    )
    return tuple(filter(None, sentences))


def _on_stretches(explanation: Explanation) -> str:
    """The stretch without which the LR changes most."""
    of_all = explanation.log10_lr_of_stretches
    if not explanation.stretches:
        return _("The evidence has no stretches of this recording. Scan it into a new case to have them examined.")
    if of_all is None or not explanation.segments:
        return _("All of the speech is one stretch, so it cannot be left out.")
    largest = max(explanation.segments, key=lambda each: abs(each.change))
    return _(
        "Of {number} stretches, the one from {start} to {end} has the largest effect: before the bounds, the log10 LR "
        "is {without} without it and {with_it} with it.",
        number=number(explanation.stretches),
        start=clock(largest.start_s),
        end=clock(largest.end_s),
        without=format_signed(largest.log10_lr_without),
        with_it=format_signed(of_all),
    )


def _on_growth(explanation: Explanation) -> str:
    """The LR of about half of the speech, beside that of all of it."""
    calibrated = [(each.net_speech_s, each.log10_lr) for each in explanation.amounts if each.log10_lr is not None]
    if len(explanation.amounts) <= 1:
        return ""
    if len(calibrated) <= 1:
        return _("How the LR grows with the amount of speech cannot be shown: no calibration fits smaller amounts.")
    (all_s, (of_all, *_ends)), earlier = calibrated[-1], calibrated[:-1]
    half_s, (of_half, low, high) = min(earlier, key=lambda each: abs(each[0] - all_s / 2))
    return _(
        "The first {half} of speech give an LR of {of_half} (95 % interval {interval}), and all {all} give an LR of "
        "{of_all}.",
        half=format_quantity(half_s, "s", 1),
        of_half=format_lr(of_half),
        interval=format_range(low, high),
        all=format_quantity(all_s, "s", 1),
        of_all=format_lr(of_all),
    )


def _on_typicality(found: Typicality | None, comparison: Issued) -> str:
    if found is None:
        return _("How common such a voice is cannot be shown: the calibration is a list of scores, without voices.")
    nearest = [
        f"{shortened(printable(voice.speaker), 40)} ({format_number(voice.score, 3)})"
        for voice in found.nearest[:_NEAREST_NAMED]
    ]
    return ngettext(
        "Of {voices}, {n} ({share}) scores at least as high with the questioned speech as {known} does ({score}). The "
        "nearest: {nearest}.",
        "Of {voices}, {n} ({share}) score at least as high with the questioned speech as {known} does ({score}). The "
        "nearest: {nearest}.",
        found.as_high,
        voices=ngettext(
            "{n} voice of the reference population", "{n} voices of the reference population", found.voices
        ),
        share=format_share(found.share),
        known=comparison.known,
        score=format_number(found.suspect_score, 3),
        nearest=listed(nearest),
    )


def explanation_plot(name: str, comparison: Issued, explanation: Explanation) -> ExplanationPlot | None:
    """How the LR grows with speech, and what stretches add to it; None where there is neither."""
    points = tuple(
        GrowthPoint(each.net_speech_s, *each.log10_lr) for each in explanation.amounts if each.log10_lr is not None
    )
    growth = points if len(points) > 1 else ()
    most = sorted(explanation.segments, key=lambda each: -abs(each.change))[:_MOST_BARS]
    bars = tuple(
        SegmentBar(f"{clock(each.start_s)}\N{EN DASH}{clock(each.end_s)}", each.change)
        for each in sorted(most, key=lambda each: each.start_s)
    )
    if not growth and not bars:
        return None
    return ExplanationPlot(
        name=name,
        caption=_caption(explanation, has_growth=bool(growth), bars=len(bars)),
        growth=growth,
        issued=GrowthPoint(explanation.net_speech_s, comparison.log10_lr, comparison.low, comparison.high),
        segments=bars,
    )


def _caption(explanation: Explanation, *, has_growth: bool, bars: int) -> str:
    parts = []
    if has_growth:
        parts.append(
            _("Left: log10 LR of the first stretches by their net speech, with its interval; ring: as issued.")
        )
    if bars:
        if bars < explanation.stretches:
            what = _("What the {number} stretches of largest effect add to the log10 LR.", number=bars)
        else:
            what = _("What each stretch adds to the log10 LR.")
        parts.append(_("Right: {what}", what=what[:1].lower() + what[1:]) if has_growth else what)
    return " ".join(parts)


def clock(seconds: float) -> str:
    """A place in a recording: "0:07", "12:03", "1:02:03".

    >>> [clock(value) for value in (7.4, 723.0, 3723.9)]
    ['0:07', '12:03', '1:02:03']
    """
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
