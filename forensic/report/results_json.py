"""Results as JSON values, for other programs: a rendering of the outcomes, as reports are."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from forensic.comparison.method import Method
from forensic.comparison.outcomes import CaseOutcome, LinkOutcome
from forensic.likelihood_ratio import metrics
from forensic.records import Calibration
from forensic.report.shared.envelope import envelope_in_words
from forensic.report.shared.method_wording import pruning_rule
from forensic.report.shared.refusals import counted_reasons
from forensic.report.shared.suspicions import (
    consistency_in_words,
    finding,
    languages_in_words,
    leaks_in_words,
    names_of,
)
from forensic.storage.tables import SCHEMA_VERSION
from forensic.validation.outcome import ScoresFacts, ValidationOutcome


def case_results(outcome: CaseOutcome) -> dict[str, Any]:
    """Everything of the result that another program may want, in JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "comparison_id": outcome.comparison_id,
        "created_utc": outcome.created_utc.isoformat(),
        "case": {
            name: value.isoformat() if hasattr(value, "isoformat") else value
            for name, value in dataclasses.asdict(outcome.case_details).items()
        },
        "method": _method(outcome.method),
        "known_speakers": [dataclasses.asdict(speaker) for speaker in outcome.known_speakers],
        "consistency_warnings": list(consistency_in_words(outcome.consistency)),
        "leakage_warnings": list(leaks_in_words(outcome.leaks, names_of(outcome.files))),
        "language_warnings": list(languages_in_words(outcome.language_differences)),
        "calibrations": _calibrations(outcome.calibrations),
        "comparisons": outcome.comparisons.to_dicts(),
        "neighbouring_populations": [dataclasses.asdict(each) for each in outcome.neighbours],
        "explanations": [dataclasses.asdict(explanation) for explanation in outcome.explanations],
        "failures": outcome.failures.drop("model_sha256", "settings_sha256").to_dicts(),
    }


def link_results(outcome: LinkOutcome) -> dict[str, Any]:
    """Everything of the result that another program may want, in JSON values."""
    names = names_of(outcome.voices)
    return {
        "schema_version": SCHEMA_VERSION,
        "link_id": outcome.report_id,
        "created_utc": outcome.created_utc.isoformat(),
        "threshold_log10_lr": outcome.threshold_log10_lr,
        "method": _method(outcome.method),
        "pairs": outcome.pairs,
        "pairs_with_lr": outcome.pairs_with_lr,
        "pairs_pruned": outcome.pruned,
        "pruned_because": pruning_rule(outcome.method) if outcome.pruned else None,
        "expected_by_chance": [dataclasses.asdict(row) for row in outcome.chance()],
        "no_lr_issued": [
            {"reason": reason, "reason_kind": kind, "pairs": number}
            for reason, kind, number in counted_reasons(outcome.without_lr)
        ],
        "voices": outcome.voices.to_dicts(),
        "links": outcome.links.to_dicts(),
        "clusters": [dataclasses.asdict(one) for one in outcome.clusters],
        "bootstrap_draws_of_clusters": outcome.draws,
        "suspicions": [
            {
                "kind": pair.suspicion.kind,
                "first_sha256": pair.suspicion.first,
                "second_sha256": pair.suspicion.second,
                "first_voices": pair.first_voices,
                "second_voices": pair.second_voices,
                "finding": finding(pair.suspicion, names),
            }
            for pair in outcome.suspicions
        ],
        "warnings": list(leaks_in_words(outcome.not_searched, names)),
        "calibrations": _calibrations(outcome.calibrations),
        "failures": outcome.failures.drop("model_sha256", "settings_sha256").to_dicts(),
    }


def validation_results(outcome: ValidationOutcome) -> dict[str, Any]:
    """Everything of a validation that another program may want; the figures of all comparisons are at the top.

    Infinities, which JSON lacks, are "inf" and "-inf".
    """
    return {name: _json_value(value) for name, value in _validation_results(outcome).items()}


def _validation_results(outcome: ValidationOutcome) -> dict[str, Any]:
    """Everything that another program may want; the figures of all comparisons are at the top."""
    facts = outcome.facts
    own: dict[str, Any]
    if isinstance(facts, ScoresFacts):
        kind = "log10 LRs" if facts.are_log10_lr else "scores"
        own = {"bounds_log10_lr": list(facts.bounds)}
    else:
        kind = "recordings"
        own = {
            "population": dataclasses.asdict(facts.population),
            "reference_speakers_left_out": list(facts.left_out),
            "same_session_allowed": facts.allows_same_session,
            "calibrations": {
                key: {
                    "known": dataclasses.asdict(c.known),
                    "questioned": dataclasses.asdict(c.questioned),
                    "known_distance": c.known_distance,
                    "questioned_distance": c.questioned_distance,
                    "speakers": c.speakers,
                    "cllr": dataclasses.asdict(c.cllr),
                    "cllr_min": dataclasses.asdict(c.cllr_min),
                    "bounds_log10_lr": [c.lower_bound_log10_lr, c.upper_bound_log10_lr],
                }
                for key, c in facts.calibrations.items()
            },
        }
    return {
        "schema_version": SCHEMA_VERSION,
        "report_id": outcome.report_id,
        "created_utc": outcome.created_utc.isoformat(),
        "kind": kind,
        "source": outcome.source,
        "source_sha256": outcome.source_sha256,
        "lrs_sha256": outcome.lrs_sha256,
        "decision": {True: "accepted", False: "rejected", None: "no criteria"}[outcome.is_accepted],
        **outcome.everything.figures(),
        "scores_before_calibration": _discrimination(outcome.lrs),
        "criteria_sha256": outcome.plan.sha256 or None,
        "criteria": [
            {
                **dataclasses.asdict(verdict.criterion),
                "group": verdict.group,
                "judged": verdict.judged,
                "is_met": verdict.is_met,
            }
            for verdict in outcome.verdicts
        ],
        "envelope": dataclasses.asdict(outcome.envelope) if outcome.envelope else None,
        "groups": [{"by": group.by, "name": group.name, **group.figures()} for group in outcome.groups],
        "exclusions": [dataclasses.asdict(each) for each in outcome.exclusions],
        **own,
        "bootstrap": {"draws": outcome.draws, "seed": outcome.seed, "over": "speakers"},
        "method": _method(outcome.method),
    }


def _discrimination(lrs: pl.DataFrame) -> dict[str, float] | None:
    """EER and Cllr_min of the scores of comparisons with an LR; None if either kind of comparison is missing."""
    issued = lrs.filter(pl.col("log10_lr").is_not_null())
    same, different = (
        issued.filter(pl.col("same_speaker") == is_same)["score"].to_numpy() for is_same in (True, False)
    )
    if not len(same) or not len(different):
        return None
    return {"eer": metrics.eer(same, different), "cllr_min": metrics.cllr_min(same, different)}


def _json_value(value: Any) -> Any:
    """Infinities, which JSON lacks, as "inf" and "-inf"."""
    if isinstance(value, dict):
        return {key: _json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(each) for each in value]
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _method(method: Method) -> dict[str, Any]:
    """The method, with its envelope in words."""
    values = dataclasses.asdict(method)
    return values | {
        "envelope": envelope_in_words(method.envelope) if method.envelope else "",
        "envelope_sha256": method.envelope.sha256 if method.envelope else "",
    }


def _calibrations(calibrations: Mapping[str, Calibration]) -> dict[str, dict[str, Any]]:
    """Calibrations in JSON values, with counts in place of their scores."""
    return {
        key: {name: value for name, value in dataclasses.asdict(c).items() if not isinstance(value, np.ndarray)}
        | {
            "same_speaker_pairs": len(c.same_speaker_scores),
            "different_speaker_pairs": len(c.different_speaker_scores),
            "score_map": dataclasses.asdict(c.score_map) | {"log10_lr": c.score_map.log10_lr[0].tolist()},
        }
        for key, c in calibrations.items()
    }
