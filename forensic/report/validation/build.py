"""From the figures of a validation to its report, chapter by chapter."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from functools import partial

import polars as pl

from forensic.likelihood_ratio.envelope import Envelope
from forensic.quantities import QUANTITIES
from forensic.records import KNOWN, QUESTIONED, ROLES
from forensic.report.shared.catalogue import N_, _, format_day, ngettext, number
from forensic.report.shared.content import CalibrationRow, CountRow, Fact, MethodChapter, TitlePage
from forensic.report.shared.envelope import limits_in_words
from forensic.report.shared.formats import (
    MINUS,
    first_few,
    format_duration,
    format_number,
    format_signed,
    paragraphs,
    printable,
    prose,
    span,
)
from forensic.report.shared.glossary import VALIDATION, glossary
from forensic.report.shared.measured import format_measured
from forensic.report.shared.method import describe_system, list_settings
from forensic.report.shared.method_wording import scores_pairing
from forensic.report.shared.noted import noted
from forensic.report.shared.refusals import title, with_reasons
from forensic.report.shared.rows import list_calibrations
from forensic.report.shared.title_page import title_page
from forensic.report.validation import wording
from forensic.report.validation.content import LrRow, PeopleRow, ValidationReport
from forensic.report.validation.judgement import decide, list_criteria
from forensic.report.validation.measures import list_breakdowns, list_measures, plot_all
from forensic.report.validation.names import group_name
from forensic.validation.breakdown import Group
from forensic.validation.labelled import REASONS
from forensic.validation.measures import FEWEST_SPEAKERS
from forensic.validation.outcome import RecordingsFacts, ValidationOutcome
from forensic.validation.shipped import LEAST_SPEECH_S


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a report prints; the rest is in the files."""

    lrs: int = 80
    exclusions: int = 40
    refusals: int = 12
    calibrations: int = 16


def build_validation_report(outcome: ValidationOutcome, limits: Limits | None = None) -> ValidationReport:
    """State a validation's results.

    Args:
        outcome: of the validation.
        limits: how much to print; None prints as much as usual.

    Raises:
        ReportError: if a figure is not a number.
    """
    outcome = _worded(outcome)
    plan, limits = outcome.plan, limits or Limits()
    more = len(outcome.exclusions) - limits.exclusions
    decision, is_accepted = decide(outcome)
    lrs, lrs_note = _list_lrs(outcome, limits.lrs)
    calibrations, calibrations_note = _list_calibrations(outcome, limits.calibrations)
    return ValidationReport(
        title_page=_title_page(outcome),
        decision=decision,
        is_accepted=is_accepted,
        lead=_lead(outcome),
        criteria=list_criteria(outcome.verdicts),
        criteria_note=_criteria_note(outcome),
        purpose=paragraphs(plan.purpose),
        scope=paragraphs(plan.scope),
        conditions=paragraphs(plan.conditions),
        method=_method(outcome),
        people=_people(outcome),
        counts=_counts(outcome.everything),
        disjointness=_disjointness(outcome),
        pairing=_pairing(outcome),
        exclusions=tuple(
            CountRow(
                number(each.number),
                _(_WHAT[each.what]),
                printable(_(each.reason) if each.reason in REASONS else noted(each.reason)),
                first_few([printable(name) for name in each.examples], most=4),
            )
            for each in outcome.exclusions[: limits.exclusions]
        ),
        refusals=_refusals(outcome.lrs, limits.refusals),
        exclusions_note=ngettext("{n} further reason is not printed.", "{n} further reasons are not printed.", more)
        if more > 0
        else "",
        measures=list_measures(outcome.everything),
        measures_note=_(
            wording.MEASURES_NOTE,
            draws=number(outcome.draws),
            seed=outcome.seed,
            limit=f"1 {MINUS} {number(0.025, '.3f')}^(1/n)",
        ),
        plots=plot_all(outcome),
        breakdowns=list_breakdowns(outcome.groups),
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        envelope=(*_envelope(outcome.lrs), *_limits(outcome.envelope)),
        envelope_note=_(wording.ENVELOPE_NOTE),
        glossary=glossary(VALIDATION),
        lrs=lrs,
        lrs_have_intervals=any(row.interval for row in lrs),
        lrs_note=lrs_note,
    )


def _worded(outcome: ValidationOutcome) -> ValidationOutcome:
    """The outcome with its refusals in the language of the report."""
    if not isinstance(outcome.facts, RecordingsFacts):
        return outcome
    return dataclasses.replace(outcome, lrs=with_reasons(outcome.lrs, outcome.facts.refusals, {}))


def _title_page(outcome: ValidationOutcome) -> TitlePage:
    plan = outcome.plan
    return title_page(
        _("Validation report"),
        plan.title or _("Validation of forensic voice comparison"),
        outcome.report_id,
        outcome.created_utc,
        outcome.method,
        particulars=(
            Fact(_("Responsible"), printable(plan.responsible)),
            Fact(_("Criteria fixed on"), format_day(plan.fixed_on)),
            Fact(_("Report issued"), ""),
        ),
        signatories=(Fact(_("Responsible"), printable(plan.responsible)), Fact(_("Reviewer"), "")),
    )


def _method(outcome: ValidationOutcome) -> MethodChapter:
    is_of_recordings = isinstance(outcome.facts, RecordingsFacts)
    return MethodChapter(
        processing=(_(wording.SAME_RECORDINGS if is_of_recordings else wording.SAME_LIST),),
        system=_system(outcome),
        limitations=prose(_(wording.LIMITATIONS, fewest=FEWEST_SPEAKERS)),
        settings=list_settings(outcome.method.settings) if is_of_recordings else (),
    )


def _lead(outcome: ValidationOutcome) -> tuple[str, ...]:
    every = outcome.everything
    refused = every.refused_same + every.refused_different
    asked = every.same + every.different + refused
    made = _(
        "{comparisons} of {speakers}: an LR was issued for {issued} of them ({same} same-speaker, {different} "
        "different-speaker), and refused for {refused}.",
        comparisons=ngettext("{n} comparison", "{n} comparisons", asked),
        speakers=ngettext("{n} speaker", "{n} speakers", every.speakers),
        issued=number(every.same + every.different),
        same=number(every.same),
        different=number(every.different),
        refused=number(refused),
    )
    if every.bounded is None:
        return made, _("There were too few speakers, or comparisons of one kind only: nothing could be measured.")
    return (made,)


def _criteria_note(outcome: ValidationOutcome) -> str:
    if not outcome.plan.criteria:
        return _("No criteria were given to the program before the validation.")
    text = (
        N_(
            "From the file of criteria, fixed on {day}, SHA-256 {sha256}. The program read it before it compared "
            "anything; the laboratory has to vouch that it was written before the results were known."
        )
        if outcome.plan.fixed_on
        else N_(
            "From the file of criteria, SHA-256 {sha256}. The program read it before it compared anything; the "
            "laboratory has to vouch that it was written before the results were known."
        )
    )
    return _(text, day=format_day(outcome.plan.fixed_on), sha256=outcome.plan.sha256)


def _system(outcome: ValidationOutcome) -> tuple[Fact, ...]:
    described = {fact.label: fact for fact in describe_system(outcome.method)}
    if isinstance(outcome.facts, RecordingsFacts):
        return (
            *described.values(),
            Fact(_("Manifest"), printable(outcome.source)),
            Fact(_("Manifest, SHA-256"), outcome.source_sha256),
        )
    about_model = [_(label) for label in ("Software", *_ABOUT_MODEL)] if outcome.method.model_name else [_("Software")]
    kept = ("Seeds", "Command", "Duration", "Hardware", "Operating system", "Python", "Libraries")
    return (
        *(described[label] for label in (*about_model, *map(_, kept))),
        Fact(_("List of log10 LRs") if outcome.facts.are_log10_lr else _("List of scores"), printable(outcome.source)),
        Fact(_("List, SHA-256"), outcome.source_sha256),
        Fact(_("Bounds of log10 LR"), span(*map(format_signed, outcome.facts.bounds))),
        *(() if outcome.method.model_name else (Fact(_("System that made the list"), ""),)),
    )


def _people(outcome: ValidationOutcome) -> tuple[PeopleRow, ...]:
    if not isinstance(outcome.facts, RecordingsFacts):
        return ()
    rows = []
    for (corpus,), part in outcome.facts.recordings.group_by("corpus", maintain_order=True):
        roles = Counter(part["role"])
        speech = part["net_speech_s"].drop_nulls()
        rows.append(
            PeopleRow(
                corpus=printable(str(corpus)) or _("not stated"),
                speakers=number(part["person"].n_unique()),
                known=number(roles["known"]),
                questioned=number(roles["questioned"]),
                sessions=number(part.select(pl.struct("person", "session").n_unique()).item()),
                net_speech=_spread(speech, format_duration),
            )
        )
    return tuple(rows)


def _counts(every: Group) -> tuple[Fact, ...]:
    return (
        Fact(_("Speakers with an LR"), number(every.speakers)),
        Fact(_("Same-speaker LRs"), number(every.same)),
        Fact(_("Different-speaker LRs"), number(every.different)),
        Fact(_("Same-speaker comparisons refused"), number(every.refused_same)),
        Fact(_("Different-speaker comparisons refused"), number(every.refused_different)),
    )


def _disjointness(outcome: ValidationOutcome) -> tuple[str, ...]:
    facts = outcome.facts
    if not isinstance(facts, RecordingsFacts):
        if facts.is_of_bank:
            return (
                _("Calibration: every LR rests on speakers other than its own two."),
                _(
                    "Training: the card of the reference population says whether any of its people took part in "
                    "training the model."
                ),
            )
        return (
            _("Calibration: every LR rests on speakers other than its own two.")
            if not facts.are_log10_lr
            else _("The list does not say on whom its LRs were calibrated."),
            _("Training: the list does not say whom the system was trained on."),
        )
    people, reference = number(facts.recordings["person"].n_unique()), number(facts.population.speakers)
    if facts.left_out:
        shared = ngettext(
            "Calibration: {n} speaker of the reference population is also among the {people} people of the validation, "
            "by name. All recordings of this speaker were taken out of the reference population first ({reference} "
            "speakers remain), so that no LR rests on a calibration in which a person of the validation took part: "
            "{names}.",
            "Calibration: {n} speakers of the reference population are also among the {people} people of the "
            "validation, by name. All of their recordings were taken out of the reference population first "
            "({reference} speakers remain), so that no LR rests on a calibration in which a person of the validation "
            "took part: {names}.",
            len(facts.left_out),
            people=people,
            reference=reference,
            names=first_few([printable(name) for name in facts.left_out], most=6),
        )
    else:
        shared = _(
            "Calibration: none of the {people} people of the validation is, by name, among the {reference} speakers of "
            "the reference population.",
            people=people,
            reference=reference,
        )
    return (
        shared,
        _(
            "Training: the model's card names its training data (see The system). That none of the people of the "
            "validation is among them has to be stated by whoever made the manifest."
        ),
        _("Test: each LR is of two sides that share no recording; a comparison of a recording with itself is refused."),
    )


def _pairing(outcome: ValidationOutcome) -> tuple[str, ...]:
    if isinstance(outcome.facts, RecordingsFacts):
        allowed = outcome.facts.allows_same_session
        sessions = wording.SAME_SESSION_ALLOWED if allowed else wording.SAME_SESSION_LEFT_OUT
        return (*prose(_(wording.PAIRING_RECORDINGS)), _(sessions))
    if outcome.facts.is_of_bank:
        return prose(_(wording.PAIRING_BANK, seconds=number(LEAST_SPEECH_S, ".0f")))
    return prose(_(wording.PAIRING_LRS)) if outcome.facts.are_log10_lr else scores_pairing(outcome.method)


def _refusals(lrs: pl.DataFrame, most: int) -> tuple[CountRow, ...]:
    """Refused comparisons by the kind of reason, with a sentence of each kind."""
    refused = lrs.filter(pl.col("log10_lr").is_null() & pl.col("reason_kind").is_not_null())
    kinds = (
        refused.group_by("reason_kind", "reason_quantity", maintain_order=True)
        .agg(pl.len(), pl.col("reason").first())
        .sort("len", descending=True, maintain_order=True)
        .to_dicts()
    )
    rows = [
        CountRow(
            number(kind["len"]),
            _("Comparisons"),
            title(kind["reason_kind"], kind["reason_quantity"]),
            printable(kind["reason"]),
        )
        for kind in kinds[:most]
    ]
    if len(kinds) > most:
        rest = sum(kind["len"] for kind in kinds[most:])
        further = ngettext("{n} further reason", "{n} further reasons", len(kinds) - most)
        rows.append(CountRow(number(rest), _("Comparisons"), further, ""))
    return tuple(rows)


def _list_calibrations(outcome: ValidationOutcome, most: int) -> tuple[tuple[CalibrationRow, ...], str]:
    if not isinstance(outcome.facts, RecordingsFacts):
        return (), ""
    served = Counter(outcome.lrs["calibration_id"].drop_nulls().to_list())
    return list_calibrations(served, outcome.facts.calibrations, most, _("comparisons"), "validation.json")


_OF_SIDE = {QUESTIONED: N_("{quantity}, questioned side"), KNOWN: N_("{quantity}, known side")}
_ABOUT_MODEL = (
    N_("Model"),
    N_("Model, SHA-256"),
    N_("Model, licence"),
    N_("Model, training data"),
    N_("Model, started from"),
    N_("Model, teachers"),
    N_("Score"),
    N_("Score, identity"),
    N_("Settings, SHA-256"),
)
"""What a report says of the model that made a list, where it is known."""

_WHAT = {"recordings": N_("Recordings"), "comparisons": N_("Comparisons")}
_NAMED = (
    (N_("Conditions"), "condition"),
    (N_("Codecs"), "codec"),
    (N_("Languages"), "language"),
    (N_("Sex"), "sex"),
    (N_("Corpora"), "corpus"),
)


def _envelope(lrs: pl.DataFrame) -> tuple[Fact, ...]:
    issued = lrs.filter(pl.col("log10_lr").is_not_null())
    facts = [
        Fact(_(_OF_SIDE[side], quantity=_(quantity.label)), _spread(values, partial(format_measured, quantity)))
        for quantity in QUANTITIES
        for side in ROLES
        if not (values := issued[quantity.of_side(side)].drop_nulls()).is_empty()
    ]
    for label, column in _NAMED:
        names = sorted(issued[column].drop_nulls().unique())
        facts.append(
            Fact(_(label), first_few([group_name(column, name) for name in names], most=24) or _("not stated"))
        )
    return tuple(facts)


def _limits(envelope: Envelope | None) -> tuple[Fact, ...]:
    """Where the criterion is met, as `forensic compare --envelope` takes it."""
    if envelope is None:
        return (Fact(_("Criterion of Cllr met"), _("in no condition")),)
    criterion = _("at most {limit} at the upper end of its interval", limit=format_number(envelope.criterion, 2))
    missed = first_few([_missed(name) for name in envelope.missed], "; ", most=12)
    return (
        Fact(_("Criterion of Cllr"), criterion),
        Fact(_("Not met in"), missed or _("no condition")),
        Fact(_("Envelope of the questioned side"), limits_in_words(envelope.questioned)),
        Fact(_("Envelope of the known side"), limits_in_words(envelope.known)),
    )


def _missed(name: str) -> str:
    """The name of a validated cell, "clean, 5 to 10 s", whose second part is a class of net speech."""
    condition, _comma, speech = name.rpartition(", ")
    condition = group_name("condition", condition)
    return f"{condition}, {group_name('net speech', speech)}"


def _spread(values: pl.Series, shown: object) -> str:
    assert callable(shown)
    if values.is_empty():
        return _("not measured")
    low, middle, high = (shown(float(values.quantile(share) or 0.0)) for share in (0.0, 0.5, 1.0))
    return _("{low} to {high}, median {middle}", low=low, high=high, middle=middle)


def _list_lrs(outcome: ValidationOutcome, most: int) -> tuple[tuple[LrRow, ...], str]:
    """Same-speaker LRs from the lowest, then different-speaker LRs from the highest: what misleads comes first."""
    issued = outcome.lrs.filter(pl.col("log10_lr").is_not_null())
    same = issued.filter(pl.col("same_speaker")).sort("log10_lr")
    different = issued.filter(~pl.col("same_speaker")).sort("log10_lr", descending=True)
    room = most
    kept_same = min(same.height, max(room // 2, room - different.height))
    chosen = pl.concat([same.head(kept_same), different.head(room - kept_same)])
    note = _(
        "The table of all {number} comparisons, refused ones included, is in lrs.csv and lrs.parquet beside this "
        "report (SHA-256 of lrs.parquet: {sha256}).",
        number=number(outcome.lrs.height),
        sha256=outcome.lrs_sha256,
    )
    if chosen.height < issued.height:
        printed = _(
            "The {same} lowest same-speaker and the {different} highest different-speaker LRs are printed.",
            same=number(kept_same),
            different=number(chosen.height - kept_same),
        )
        note = f"{printed} {note}"
    return tuple(map(_lr_row, chosen.to_dicts())), note


def _lr_row(row: dict[str, object]) -> LrRow:
    log10_lr, unbounded = float(str(row["log10_lr"])), float(str(row["unbounded_log10_lr"]))
    ends = [row["log10_lr_low"], row["log10_lr_high"]]
    interval = span(*(format_signed(float(str(end))) for end in ends)) if None not in ends else ""
    return LrRow(
        known=printable(str(row["speaker_known"])),
        questioned=printable(str(row["speaker_questioned"])),
        is_same=bool(row["same_speaker"]),
        condition=group_name("condition", str(row["condition"] or "")),
        log10_lr=format_signed(log10_lr),
        interval=interval,
        unbounded=_signed(unbounded) if unbounded != log10_lr else "",
        is_misleading=log10_lr < 0 if row["same_speaker"] else log10_lr > 0,
    )


def _signed(value: float) -> str:
    if value in {float("inf"), float("-inf")}:
        return ("+" if value > 0 else MINUS) + _("infinite")
    return format_signed(value)
