"""Why no likelihood ratio was issued, and what would help, in words: one sentence for every kind of refusal."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl

from forensic.comparison.independence import Suspicion
from forensic.comparison.outcomes import CaseOutcome, LinkOutcome
from forensic.comparison.refusal import Refusal, RefusalKind
from forensic.quantities import BY_NAME, QUANTITIES
from forensic.records import KNOWN, QUESTIONED, Conditions, Role
from forensic.report.shared.catalogue import N_, _, figures, number
from forensic.report.shared.measured import differences_in_words
from forensic.report.shared.noted import noted
from forensic.report.shared.suspicions import Names, finding, inconsistency, names_of, suspected

OF_COMPARISONS: Mapping[Role, str] = {QUESTIONED: N_("questioned recording"), KNOWN: N_("suspect's recordings")}
OF_VOICES: Mapping[Role, str] = {
    QUESTIONED: N_("recording as the shorter side"),
    KNOWN: N_("recording as the longer side"),
}
"""What a sentence calls each side."""


def reason(refusal: Refusal, names: Names, sides: Mapping[Role, str] = OF_COMPARISONS) -> str:
    """Why there is no likelihood ratio, and what would help.

    Args:
        refusal: to put in words.
        names: of recordings, by SHA-256.
        sides: what to call each side.
    """
    if refusal.suspicion is not None:
        return _suspected(refusal.suspicion, names)
    if refusal.kind in _ALWAYS:
        return _(_ALWAYS[refusal.kind])
    return _OF_DATA[refusal.kind](refusal, _(sides[refusal.side]) if refusal.side is not None else "")


_ALWAYS: Mapping[RefusalKind, str] = {
    RefusalKind.SAME_RECORDING: N_("The same recording is on both sides. Supply another recording of the suspect."),
    RefusalKind.NOT_INDEPENDENT: N_(
        "The voices are of one recording, or of recordings that are suspected to be of one source or session."
    ),
    RefusalKind.NO_PARTNER: N_(
        "This voice has no partner: every other voice is of a recording that is not independent of this one, or cannot "
        "be used."
    ),
}


def _suspected(suspicion: Suspicion, names: Names) -> str:
    return _(
        "{suspected} on both sides: {finding} Supply a recording of another occasion, or leave this one out. If "
        "listening shows that the suspicion is wrong, set {setting} = true.",
        suspected=suspected(suspicion),
        finding=finding(suspicion, names),
        setting=f"comparison.allow_{suspicion.kind.replace(' ', '_')}",
    )


def _unusable(refusal: Refusal, what: str) -> str:
    return _("The {what} cannot be used: {problem}", what=what, problem=noted(refusal.problem))


def _several(refusal: Refusal, what: str) -> str:
    files = ", ".join(path.rpartition("/")[2] for path in refusal.recordings)
    return _(
        "There are {number} speakers in the {what} ({files}). Mark the suspect's speech with --segments, or cut the "
        "recording so that only the suspect speaks.",
        number=number(refusal.value or 0, ".0f"),
        what=what,
        files=files,
    )


def _inconsistent(refusal: Refusal, _what: str) -> str:
    assert refusal.inconsistency is not None
    return inconsistency(refusal.inconsistency)


def _outside(refusal: Refusal, what: str) -> str:
    """A quantity beyond a limit."""
    quantity, value, limit = refusal.quantity, refusal.value, refusal.limit
    assert quantity is not None
    assert value is not None
    assert limit is not None
    measured, allowed = (figures(_(quantity.amount).format(each).replace("%", " %")) for each in (value, limit))
    is_most = quantity.worse == "more"
    if refusal.kind == RefusalKind.OUTSIDE_SETTINGS:
        bar = N_("The settings allow at most {limit}.") if is_most else N_("The settings ask for at least {limit}.")
    elif is_most:
        bar = N_("Validation met its criterion up to {limit} and no further.")
    else:
        bar = N_("Validation met its criterion down to {limit} and no further.")
    return _(
        "{shortfall}: {measured} in the {what}. {bar} {remedy}",
        shortfall=_(quantity.shortfall),
        measured=measured,
        what=what,
        bar=_(bar, limit=allowed),
        remedy=_(quantity.remedy),
    )


def _unlike(refusal: Refusal, what: str) -> str:
    near = refusal.nearest
    assert near is not None
    assert refusal.measured is not None
    assert refusal.limit is not None
    return _(
        "No reference population resembles the {what} ({measured}): the nearest, {name} ({nearest}), is {steps} steps "
        "away ({differs}); at most {limit} are allowed. Supply a recording made in other conditions, or a reference "
        "population in these conditions.",
        what=what,
        measured=_described(refusal.measured),
        name=noted(near.cell.name),
        nearest=_described(near.cell),
        steps=number(near.distance, ".1f"),
        differs=differences_in_words(near.differs),
        limit=number(refusal.limit, ".1f"),
    )


def _described(conditions: Conditions) -> str:
    texts = []
    for quantity in QUANTITIES:
        value = getattr(conditions, quantity.name)
        texts.append(_(quantity.none_brief) if value is None else figures(_(quantity.brief).format(value)))
    return ", ".join(filter(None, texts))


def _missed(refusal: Refusal, _what: str) -> str:
    missed = refusal.missed
    assert missed is not None
    assert refusal.limit is not None
    return _(
        "In these conditions ({questioned} against {known}) the method does not meet its criterion: Cllr {cllr}, 95 % "
        "interval up to {high}; at most {limit} is allowed. Supply more or better speech on either side.",
        questioned=f"{noted(missed.questioned.name)}, {missed.questioned.net_speech_s:.0f} s",
        known=f"{noted(missed.known.name)}, {missed.known.net_speech_s:.0f} s",
        cllr=number(missed.cllr.value, ".2f"),
        high=number(missed.cllr.high, ".2f"),
        limit=number(refusal.limit, ".2f"),
    )


_OF_DATA: Mapping[RefusalKind, Callable[[Refusal, str], str]] = {
    RefusalKind.UNUSABLE_SIDE: _unusable,
    RefusalKind.SEVERAL_SPEAKERS: _several,
    RefusalKind.INCONSISTENT_SUSPECT: _inconsistent,
    RefusalKind.OUTSIDE_SETTINGS: _outside,
    RefusalKind.OUTSIDE_ENVELOPE: _outside,
    RefusalKind.UNLIKE_POPULATION: _unlike,
    RefusalKind.NO_CALIBRATION: lambda refusal, _what: noted(refusal.problem),
    RefusalKind.CRITERION_MISSED: _missed,
}


_TITLES: Mapping[RefusalKind, str] = {
    RefusalKind.SAME_RECORDING: N_("The same recording is on both sides"),
    RefusalKind.UNUSABLE_SIDE: N_("A side cannot be used"),
    RefusalKind.SEVERAL_SPEAKERS: N_("Several speakers"),
    RefusalKind.INCONSISTENT_SUSPECT: N_("The suspect's recordings are unlikely to be of one speaker"),
    RefusalKind.OUTSIDE_SETTINGS: N_("Outside the limits of the settings"),
    RefusalKind.OUTSIDE_ENVELOPE: N_("Outside the validated conditions"),
    RefusalKind.UNLIKE_POPULATION: N_("No reference population resembles the recording"),
    RefusalKind.SAME_SOURCE: N_("The same source is suspected on both sides"),
    RefusalKind.SAME_SESSION: N_("The same session is suspected on both sides"),
    RefusalKind.NO_CALIBRATION: N_("The scores could not be calibrated"),
    RefusalKind.CRITERION_MISSED: N_("The method does not meet its criterion in these conditions"),
    RefusalKind.NOT_INDEPENDENT: N_("The recordings are not independent"),
    RefusalKind.NO_PARTNER: N_("No voice to compare with"),
}


_BEYOND: Mapping[RefusalKind, str] = {  # a quantity is beyond a limit
    RefusalKind.OUTSIDE_SETTINGS: N_("{shortfall}: outside the limits of the settings"),
    RefusalKind.OUTSIDE_ENVELOPE: N_("{shortfall}: outside the validated conditions"),
}


def title(kind: str, quantity: str | None) -> str:
    """What all refusals of one kind have in common: "Too little speech".

    Args:
        kind: column ``reason_kind``.
        quantity: column ``reason_quantity``.
    """
    if not quantity:
        return _(_TITLES[RefusalKind(kind)])
    return _(_BEYOND[RefusalKind(kind)], shortfall=_(BY_NAME[quantity].shortfall))


def with_reasons(
    table: pl.DataFrame,
    refusals: Sequence[Refusal | None],
    names: Names,
    sides: Mapping[Role, str] = OF_COMPARISONS,
) -> pl.DataFrame:
    """A table with its column ``reason`` filled.

    Args:
        table: with the column.
        refusals: of its rows; None where a row has an LR.
        names: of recordings, by SHA-256.
        sides: what to call each side.
    """
    sentences = [None if refused is None else reason(refused, names, sides) for refused in refusals]
    return table.with_columns(pl.Series("reason", sentences, pl.String))


def worded_case(outcome: CaseOutcome) -> CaseOutcome:
    """The outcome of a case with its refusals in words."""
    table = with_reasons(outcome.comparisons, outcome.refusals, names_of(outcome.files))
    return dataclasses.replace(outcome, comparisons=table)


def worded_links(outcome: LinkOutcome) -> LinkOutcome:
    """What a linking found, with its refusals in words."""
    table = with_reasons(outcome.voices, outcome.refusals, names_of(outcome.voices), OF_VOICES)
    return dataclasses.replace(outcome, voices=table)


def counted_reasons(counted: Iterable[tuple[Refusal, int]]) -> list[tuple[str, RefusalKind, int]]:
    """Why pairs of voices have no LR: each sentence with its kind and its number of pairs, the most frequent first."""
    numbers: Counter[tuple[str, RefusalKind]] = Counter()
    for refused, pairs in counted:
        numbers[reason(refused, {}, OF_VOICES), refused.kind] += pairs
    return [(sentence, kind, pairs) for (sentence, kind), pairs in numbers.most_common()]
