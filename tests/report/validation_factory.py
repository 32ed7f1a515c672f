"""Outcomes of validations, of a list and of recordings, with odd names."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from report_factory import calibration, method

from forensic.comparison.refusal import Refusal, RefusalKind
from forensic.likelihood_ratio.envelope import find_envelope
from forensic.likelihood_ratio.population import PopulationCard
from forensic.quantities import BY_NAME, QUANTITIES
from forensic.records import KNOWN, QUESTIONED
from forensic.validation.breakdown import break_down, measure_all, validated_cells
from forensic.validation.criteria import Plan, judge
from forensic.validation.labelled import REASONS
from forensic.validation.outcome import RecordingsFacts, ScoresFacts, ValidationOutcome
from forensic.validation.tables import LRS_SCHEMA, Exclusion

REFUSED = {
    "reason": "Too little speech: 1.0 s.",
    "reason_kind": "outside the envelope",
    "reason_quantity": "net_speech_s",
}
ODD = '<script>alert("x")</script> \u202egpj $\\alpha$'


def lrs_of(speakers=8, seed=1, shift=0.0):
    """Every speaker against every other; one of them has an odd name."""
    rng = np.random.default_rng(seed)
    names = [ODD, *(f"speaker {number}" for number in range(1, speakers))]
    rows = [
        dict.fromkeys(LRS_SCHEMA)
        | {
            "same_speaker": known == questioned,
            "speaker_known": known,
            "speaker_questioned": questioned,
            "condition": ODD if take else "clean",
            "score": 0.0,
            "log10_lr": None if take == 2 and known == questioned else float(np.clip(value, -1, 1)),
            "unbounded_log10_lr": value,
            "status": "lr",
            **(REFUSED if take == 2 and known == questioned else {}),
        }
        for known in names
        for questioned in names
        for take in range(3)
        for value in [float(rng.normal(1.0 if known == questioned else -1.0) + shift)]
    ]
    return pl.DataFrame(rows, LRS_SCHEMA, orient="row")


def inputs_of(lrs, plan=None, **changes):
    plan = plan or Plan()
    everything, groups = measure_all(lrs, 100, 1), tuple(break_down(lrs, 100, 1))
    values = {
        "report_id": "V-1",
        "created_utc": datetime(2026, 3, 4, tzinfo=UTC),
        "plan": plan,
        "verdicts": judge(plan, everything, groups),
        "source": f"{ODD}.csv",
        "source_sha256": "ab" * 32,
        "facts": ScoresFacts(are_log10_lr=True, bounds=(-1.0, 1.0)),
        "method": method(),
        "lrs": lrs,
        "lrs_sha256": "cd" * 32,
        "everything": everything,
        "groups": groups,
        "exclusions": (Exclusion("recordings", 2, "Too short.", (ODD, "b.wav")),),
        "draws": 100,
        "seed": 1,
    }
    return ValidationOutcome(**(values | changes))


def of_recordings(plan=None):
    """A validation of recordings: refusals, exclusions, groups of every breakdown, an envelope."""
    fitted, lrs = calibration(1), lrs_of()
    measured = {quantity.of_side(QUESTIONED): getattr(fitted.questioned, quantity.name) for quantity in QUANTITIES}
    measured |= {quantity.of_side(KNOWN): getattr(fitted.known, quantity.name) for quantity in QUANTITIES}
    lrs = lrs.with_columns(pl.lit(value, LRS_SCHEMA[name]).alias(name) for name, value in measured.items())
    lrs = lrs.with_columns(
        net_speech_questioned_s=pl.when(pl.int_range(pl.len()) % 2 == 0).then(4.0).otherwise(50.0),
        sex=pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("female")),
        calibration_id=pl.lit(fitted.id),
    )
    refused = Refusal(RefusalKind.OUTSIDE_ENVELOPE, QUESTIONED, BY_NAME["net_speech_s"], 1.0, 3.0)
    facts = RecordingsFacts(
        recordings=pl.DataFrame(
            {
                "person": ["a", "a", "b"],
                "corpus": [ODD, ODD, ""],
                "role": ["known", "questioned", "known"],
                "session": ["1", "2", "1"],
                "net_speech_s": [4.0, 9.0, None],
            }
        ),
        population=PopulationCard("ab" * 32, "cd" * 32, "somebody", {}, 120, 400),
        left_out=(ODD,),
        calibrations={fitted.id: fitted},
        allows_same_session=False,
        refusals=tuple(None if log10_lr is not None else refused for log10_lr in lrs["log10_lr"]),
    )
    exclusions = (
        *(Exclusion("comparisons", 3, reason) for reason in REASONS),
        Exclusion("recordings", 1, "The recording is damaged.", (ODD,)),
    )
    envelope = find_envelope(validated_cells(lrs, 100, 1), 0.9, "")
    return inputs_of(lrs, plan, facts=facts, exclusions=exclusions, envelope=envelope)
