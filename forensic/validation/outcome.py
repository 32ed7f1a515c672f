"""The record of the results of a validation; reports show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensic.comparison.method import Method
from forensic.comparison.refusal import Refusal
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.population import PopulationCard
from forensic.records import Calibration
from forensic.validation.breakdown import Group
from forensic.validation.criteria import Plan, Verdict
from forensic.validation.tables import Exclusion


@dataclass(frozen=True, slots=True)
class RecordingsFacts:
    """What only a validation of recordings has.

    Attributes:
        recordings: one row per recording that was used: person, corpus, role, session, condition, language, sex and
            net_speech_s.
        population: card of the reference population, without the people of the validation.
        left_out: reference speakers who are people of the validation; no calibration used them.
        calibrations: by id.
        allows_same_session: whether recordings of one session were compared.
        refusals: of the rows of the table of LRs; None where a row has an LR.
    """

    recordings: pl.DataFrame
    population: PopulationCard
    left_out: tuple[str, ...]
    calibrations: Mapping[str, Calibration]
    allows_same_session: bool
    refusals: tuple[Refusal | None, ...]


@dataclass(frozen=True, slots=True)
class ScoresFacts:
    """What only a validation of a list of scores has.

    Attributes:
        are_log10_lr: whether the list held log10 LRs, so that nothing was calibrated.
        bounds: smallest and largest log10 LR that so many speakers support.
        is_of_bank: whether the program made the list itself, of the real calls of a model's bank.
    """

    are_log10_lr: bool
    bounds: tuple[float, float]
    is_of_bank: bool = False


@dataclass(frozen=True, slots=True)
class ValidationOutcome:
    """All results of a validation.

    Attributes:
        report_id: unique; printed on every page.
        created_utc: when the results were computed.
        plan: what was fixed beforehand.
        verdicts: its criteria, judged.
        source: name of the manifest or the list of scores.
        source_sha256: of that file.
        facts: of recordings, or of scores.
        method: the system, as frozen.
        lrs: table of ``LRS_SCHEMA``.
        lrs_sha256: of the file that holds it.
        everything: all comparisons together.
        groups: every group of every breakdown.
        exclusions: what was not compared.
        draws: of speakers, for the intervals.
        seed: of the draws.
        envelope: where Cllr was good enough; None if it was good enough nowhere.
    """

    report_id: str
    created_utc: datetime
    plan: Plan
    verdicts: tuple[Verdict, ...]
    source: str
    source_sha256: str
    facts: RecordingsFacts | ScoresFacts
    method: Method
    lrs: pl.DataFrame
    lrs_sha256: str
    everything: Group
    groups: tuple[Group, ...]
    exclusions: tuple[Exclusion, ...]
    draws: int
    seed: int
    envelope: Envelope | None = None

    @property
    def is_accepted(self) -> bool | None:
        """Whether every criterion was met; None if none were fixed."""
        return all(verdict.is_met for verdict in self.verdicts) if self.verdicts else None
