"""From the figures of a validation to its report, chapter by chapter."""

from collections import Counter
from functools import partial

import polars as pl

from forensic.likelihood_ratio.envelope import Envelope
from forensic.quantities import QUANTITIES
from forensic.records import ROLES
from forensic.report.case.case_report import Fact
from forensic.report.case.method import describe_method, list_settings
from forensic.report.case.title_page import software
from forensic.report.shared.envelope import limits_in_words
from forensic.report.shared.formats import (
    MINUS,
    first_few,
    format_day,
    format_duration,
    format_moment,
    format_number,
    format_signed,
    paragraphs,
    plural,
    printable,
)
from forensic.report.shared.measured import format_measured
from forensic.report.shared.refusals import title
from forensic.report.validation import wording
from forensic.report.validation.content import (
    CalibrationRow,
    CountRow,
    LrRow,
    PeopleRow,
    ValidationReport,
)
from forensic.report.validation.inputs import ValidationInputs
from forensic.report.validation.judgement import decide, list_criteria
from forensic.report.validation.measures import list_breakdowns, list_measures, plot_all
from forensic.validation.breakdown import Group
from forensic.validation.outcome import RecordingsFacts


def build_validation_report(inputs: ValidationInputs) -> ValidationReport:
    """State a validation's results.

    Raises:
        ReportError: if a figure is not a number.
    """
    plan = inputs.plan
    decision, is_accepted = decide(inputs)
    lrs, lrs_note = _list_lrs(inputs)
    calibrations, calibrations_note = _list_calibrations(inputs)
    return ValidationReport(
        title=printable(plan.title) or "Validation of forensic voice comparison",
        report_id=printable(inputs.report_id),
        software=software(inputs.method),
        created=format_moment(inputs.created_utc),
        created_iso=inputs.created_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        details=_details(inputs),
        signatories=(Fact("Responsible", printable(plan.responsible)), Fact("Reviewed", "")),
        decision=decision,
        is_accepted=is_accepted,
        lead=_lead(inputs),
        criteria=list_criteria(inputs.verdicts),
        criteria_note=_criteria_note(inputs),
        purpose=paragraphs(plan.purpose),
        scope=paragraphs(plan.scope),
        conditions=paragraphs(plan.conditions),
        system=_system(inputs),
        people=_people(inputs),
        counts=_counts(inputs.everything),
        disjointness=_disjointness(inputs),
        pairing=_pairing(inputs),
        exclusions=tuple(
            CountRow(
                f"{each.number:,}",
                each.what,
                printable(each.reason),
                first_few([printable(name) for name in each.examples], most=4),
            )
            for each in inputs.exclusions[: inputs.limits.exclusions]
        ),
        refusals=_refusals(inputs.lrs, inputs.limits.refusals),
        exclusions_note=(
            f"{len(inputs.exclusions) - inputs.limits.exclusions:,} further reasons are not printed."
            if len(inputs.exclusions) > inputs.limits.exclusions
            else ""
        ),
        measures=list_measures(inputs.everything),
        measures_note=wording.MEASURES_NOTE.format(draws=inputs.draws, seed=inputs.seed),
        plots=plot_all(inputs),
        breakdowns=list_breakdowns(inputs.groups),
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        envelope=(*_envelope(inputs.lrs), *_limits(inputs.envelope)),
        envelope_note=wording.ENVELOPE_NOTE,
        limitations=wording.LIMITATIONS,
        glossary=tuple(Fact(*entry) for entry in wording.GLOSSARY),
        lrs=lrs,
        lrs_have_intervals=any(row.interval for row in lrs),
        lrs_note=lrs_note,
        settings=list_settings(inputs.method.settings) if isinstance(inputs.facts, RecordingsFacts) else (),
    )


def _details(inputs: ValidationInputs) -> tuple[Fact, ...]:
    return (
        Fact("Report", printable(inputs.report_id)),
        Fact("Responsible", printable(inputs.plan.responsible)),
        Fact("Criteria fixed on", format_day(inputs.plan.fixed_on)),
        Fact("Results computed", format_moment(inputs.created_utc)),
        Fact("Software", software(inputs.method)),
        Fact("Report issued", ""),
    )


def _lead(inputs: ValidationInputs) -> tuple[str, ...]:
    every = inputs.everything
    refused = every.refused_same + every.refused_different
    asked = every.same + every.different + refused
    made = (
        f"{plural(asked, 'comparison')} of {plural(every.speakers, 'speaker')}: an LR was issued for "
        f"{every.same + every.different:,} of them ({every.same:,} same-speaker, {every.different:,} "
        f"different-speaker), and refused for {refused:,}."
    )
    if every.bounded is None:
        return made, "There were too few speakers, or comparisons of one kind only: nothing could be measured."
    return (made,)


def _criteria_note(inputs: ValidationInputs) -> str:
    if not inputs.plan.criteria:
        return "No criteria were given to the program before the validation."
    fixed = f", fixed on {format_day(inputs.plan.fixed_on)}" if inputs.plan.fixed_on else ""
    return (
        f"From the file of criteria{fixed}, SHA-256 {inputs.plan.sha256}. The program read it before it compared "
        "anything; that it was written before the results were known is for the laboratory to answer for."
    )


def _system(inputs: ValidationInputs) -> tuple[Fact, ...]:
    described = {fact.label: fact for fact in describe_method(inputs.method)}
    if isinstance(inputs.facts, RecordingsFacts):
        return (
            *described.values(),
            Fact("Manifest", printable(inputs.source)),
            Fact("Manifest, SHA-256", inputs.source_sha256),
        )
    kept = ("Software", "Seeds", "Command", "Duration", "Hardware", "Operating system", "Python", "Libraries")
    return (
        *(described[label] for label in kept),
        Fact("List of log10 LRs" if inputs.facts.are_log10_lr else "List of scores", printable(inputs.source)),
        Fact("List, SHA-256", inputs.source_sha256),
        Fact(
            "Bounds of log10 LR", f"{format_signed(inputs.facts.bounds[0])} to {format_signed(inputs.facts.bounds[1])}"
        ),
        Fact("System that made the list", ""),
    )


def _people(inputs: ValidationInputs) -> tuple[PeopleRow, ...]:
    if not isinstance(inputs.facts, RecordingsFacts):
        return ()
    rows = []
    for (corpus,), part in inputs.facts.recordings.group_by("corpus", maintain_order=True):
        roles = Counter(part["role"])
        speech = part["net_speech_s"].drop_nulls()
        rows.append(
            PeopleRow(
                corpus=printable(str(corpus)) or "not stated",
                speakers=f"{part['person'].n_unique():,}",
                known=f"{roles['known']:,}",
                questioned=f"{roles['questioned']:,}",
                sessions=f"{part.select(pl.struct('person', 'session').n_unique()).item():,}",
                net_speech=_spread(speech, format_duration),
            )
        )
    return tuple(rows)


def _counts(every: Group) -> tuple[Fact, ...]:
    return (
        Fact("Speakers with an LR", f"{every.speakers:,}"),
        Fact("Same-speaker LRs", f"{every.same:,}"),
        Fact("Different-speaker LRs", f"{every.different:,}"),
        Fact("Same-speaker comparisons refused", f"{every.refused_same:,}"),
        Fact("Different-speaker comparisons refused", f"{every.refused_different:,}"),
    )


def _disjointness(inputs: ValidationInputs) -> tuple[str, ...]:
    facts = inputs.facts
    if not isinstance(facts, RecordingsFacts):
        return (
            "Calibration: every LR rests on speakers other than its own two."
            if not facts.are_log10_lr
            else "The list does not say on whom its LRs were calibrated.",
            "Training: the list does not say whom the system was trained on.",
        )
    people = facts.recordings["person"].n_unique()
    if facts.left_out:
        shared = (
            f"{plural(len(facts.left_out), 'speaker')} of the reference population "
            f"{'is' if len(facts.left_out) == 1 else 'are'} also among the {people:,} people of the validation, by "
            "name. "
            f"All of their recordings were taken out of the reference population first ({facts.population.speakers:,} "
            "speakers remain), so that no LR rests on a calibration in which a person of the validation took part: "
            f"{first_few([printable(name) for name in facts.left_out], most=6)}."
        )
    else:
        shared = (
            f"None of the {people:,} people of the validation stands, by name, among the {facts.population.speakers:,} "
            "speakers of the reference population."
        )
    return (
        f"Calibration: {shared}",
        (
            "Training: the model's card names its training data (see The system). That none of the people of the "
            "validation is among them is stated by whoever made the manifest."
        ),
        "Test: each LR is of two sides that share no recording; a comparison of a recording with itself is refused.",
    )


def _pairing(inputs: ValidationInputs) -> tuple[str, ...]:
    if isinstance(inputs.facts, RecordingsFacts):
        allowed = inputs.facts.allows_same_session
        return (*wording.PAIRING_RECORDINGS, wording.SAME_SESSION_ALLOWED if allowed else wording.SAME_SESSION_LEFT_OUT)
    return wording.PAIRING_LRS if inputs.facts.are_log10_lr else wording.PAIRING_SCORES


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
            f"{kind['len']:,}",
            "comparisons",
            title(kind["reason_kind"], kind["reason_quantity"]),
            printable(kind["reason"]),
        )
        for kind in kinds[:most]
    ]
    if len(kinds) > most:
        rest = sum(kind["len"] for kind in kinds[most:])
        rows.append(CountRow(f"{rest:,}", "comparisons", f"{len(kinds) - most:,} further reasons", ""))
    return tuple(rows)


def _list_calibrations(inputs: ValidationInputs) -> tuple[tuple[CalibrationRow, ...], str]:
    if not isinstance(inputs.facts, RecordingsFacts):
        return (), ""
    served = Counter(inputs.lrs["calibration_id"].drop_nulls())
    ordered = sorted(inputs.facts.calibrations.items(), key=lambda item: -served[item[0]])
    rows = []
    for number, (key, calibration) in enumerate(ordered[: inputs.limits.calibrations], 1):
        distance = max(calibration.known_distance, calibration.questioned_distance)
        low, high = calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr
        cllr = calibration.cllr
        rows.append(
            CalibrationRow(
                label=str(number),
                known=f"{printable(calibration.known.name)}, {format_duration(calibration.known.net_speech_s)}",
                questioned=(
                    f"{printable(calibration.questioned.name)}, {format_duration(calibration.questioned.net_speech_s)}"
                ),
                distance=format_number(distance, 2),
                speakers=f"{calibration.speakers:,}",
                cllr=f"{cllr.value:.3f} ({cllr.low:.3f} to {cllr.high:.3f})",
                bounds=f"{format_signed(low)} to {format_signed(high)}",
                comparisons=f"{served[key]:,}",
            )
        )
    left = len(ordered) - len(rows)
    return tuple(
        rows
    ), f"{left:,} further calibrations, each of fewer comparisons, are not printed." if left > 0 else ""


_NAMED = (
    ("Conditions", "condition"),
    ("Codecs", "codec"),
    ("Languages", "language"),
    ("Sex", "sex"),
    ("Corpora", "corpus"),
)


def _envelope(lrs: pl.DataFrame) -> tuple[Fact, ...]:
    issued = lrs.filter(pl.col("log10_lr").is_not_null())
    facts = [
        Fact(f"{quantity.label}, {side} side", _spread(values, partial(format_measured, quantity)))
        for quantity in QUANTITIES
        for side in ROLES
        if quantity.is_number and not (values := issued[quantity.of_side(side)].drop_nulls()).is_empty()
    ]
    for label, column in _NAMED:
        names = sorted(issued[column].drop_nulls().unique())
        facts.append(Fact(label, first_few([printable(name) for name in names], most=24) or "not stated"))
    return tuple(facts)


def _limits(envelope: Envelope | None) -> tuple[Fact, ...]:
    """Where the criterion is met, as `forensic compare --envelope` takes it."""
    if envelope is None:
        return (Fact("Criterion of Cllr met", "in no condition"),)
    criterion = f"at most {format_number(envelope.criterion, 2)} at the upper end of its interval"
    return (
        Fact("Criterion of Cllr", criterion),
        Fact("Not met in", first_few([printable(name) for name in envelope.missed], "; ", most=12) or "no condition"),
        Fact("Envelope of the questioned side", limits_in_words(envelope.questioned)),
        Fact("Envelope of the known side", limits_in_words(envelope.known)),
    )


def _spread(values: pl.Series, shown: object) -> str:
    assert callable(shown)
    if values.is_empty():
        return "not measured"
    low, middle, high = (shown(float(values.quantile(share) or 0.0)) for share in (0.0, 0.5, 1.0))
    return f"{low} to {high}, median {middle}"


def _list_lrs(inputs: ValidationInputs) -> tuple[tuple[LrRow, ...], str]:
    """Same-speaker LRs from the lowest, then different-speaker LRs from the highest: what misleads comes first."""
    issued = inputs.lrs.filter(pl.col("log10_lr").is_not_null())
    same = issued.filter(pl.col("same_speaker")).sort("log10_lr")
    different = issued.filter(~pl.col("same_speaker")).sort("log10_lr", descending=True)
    room = inputs.limits.lrs
    kept_same = min(same.height, max(room // 2, room - different.height))
    chosen = pl.concat([same.head(kept_same), different.head(room - kept_same)])
    note = (
        f"The table of all {inputs.lrs.height:,} comparisons, refused ones included, is in lrs.csv and lrs.parquet "
        f"beside this report (SHA-256 of lrs.parquet: {inputs.lrs_sha256})."
    )
    if chosen.height < issued.height:
        note = (
            f"Printed are the {kept_same:,} lowest same-speaker and the {chosen.height - kept_same:,} highest "
            f"different-speaker LRs. {note}"
        )
    return tuple(map(_lr_row, chosen.to_dicts())), note


def _lr_row(row: dict[str, object]) -> LrRow:
    log10_lr, unbounded = float(str(row["log10_lr"])), float(str(row["unbounded_log10_lr"]))
    ends = [row["log10_lr_low"], row["log10_lr_high"]]
    interval = " to ".join(format_signed(float(str(end))) for end in ends) if None not in ends else ""
    return LrRow(
        known=printable(str(row["speaker_known"])),
        questioned=printable(str(row["speaker_questioned"])),
        truth="same" if row["same_speaker"] else "different",
        condition=printable(str(row["condition"] or "")),
        log10_lr=format_signed(log10_lr),
        interval=interval,
        unbounded=_signed(unbounded) if unbounded != log10_lr else "",
        is_misleading=log10_lr < 0 if row["same_speaker"] else log10_lr > 0,
    )


def _signed(value: float) -> str:
    if value in {float("inf"), float("-inf")}:
        return "+infinite" if value > 0 else f"{MINUS}infinite"
    return format_signed(value)
