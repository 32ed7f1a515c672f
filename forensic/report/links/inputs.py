"""What goes into a report of links: tables, clusters, suspicions, and what they were computed with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from forensic.case.details import CaseDetails
from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.records import Calibration
from forensic.report.content.inputs import Method


@dataclass(frozen=True, slots=True)
class VoiceCluster:
    """Voices that average linkage put together.

    Attributes:
        number: from 1, the largest first.
        voices: numbers of its voices.
        mean_log10_lr, lowest_log10_lr: of its pairs with an LR.
        pairs_with_lr, pairs: how many pairs have one, and how many there are.
        together: share of the draws of the bootstrap in which its voices are still in one cluster, 0 to 1.
        holds_two_of_one_recording: whether two of its voices are of one recording, where they ought to be two people.
    """

    number: int
    voices: tuple[int, ...]
    mean_log10_lr: float
    lowest_log10_lr: float
    pairs_with_lr: int
    pairs: int
    together: float
    holds_two_of_one_recording: bool


@dataclass(frozen=True, slots=True)
class SuspectedPair:
    """Two recordings that may not be independent.

    Attributes:
        kind: "same source" or "same session".
        first_sha256, second_sha256: of the recordings.
        first_voices, second_voices: numbers of their voices, of the channels that share audio where that is known.
        finding: what was found, as a sentence.
    """

    kind: str
    first_sha256: str
    second_sha256: str
    first_voices: tuple[int, ...]
    second_voices: tuple[int, ...]
    finding: str


@dataclass(frozen=True, slots=True)
class Chance:
    """How many pairs reach an LR, and how many would if every pair were of two people."""

    log10_lr: float
    expected: float
    found: int


@dataclass(frozen=True, slots=True)
class LinkInputs:
    """Everything that a report of links is made of.

    Attributes:
        case_details: what a person wrote in ``case.toml``.
        report_id: the folder of the results.
        created_utc: when they were computed.
        threshold_log10_lr: least log10 LR of a link, and least mean of a cluster.
        voices, links: tables of ``forensic.case.linking``.
        clusters: of two voices or more.
        draws: of the bootstrap, in which clusters were made again.
        suspicions: pairs of recordings that may not be independent.
        warnings: sentences.
        pairs: number of pairs.
        uses: number of pairs with an LR, by calibration.
        without_lr: reasons why pairs have none, and how many.
        calibrations: by id.
        failures: recordings and channels that could not be examined, with their paths.
        method: what computed the results.
        scale: the verbal scale.
    """

    case_details: CaseDetails
    report_id: str
    created_utc: datetime
    threshold_log10_lr: float
    voices: pl.DataFrame
    links: pl.DataFrame
    clusters: tuple[VoiceCluster, ...]
    draws: int
    suspicions: tuple[SuspectedPair, ...]
    warnings: tuple[str, ...]
    pairs: int
    uses: Mapping[str, int]
    without_lr: tuple[tuple[str, int], ...]
    calibrations: Mapping[str, Calibration]
    failures: pl.DataFrame
    method: Method
    scale: VerbalScale

    def chance(self) -> tuple[Chance, ...]:
        """At the threshold and above it, in whole powers of ten."""
        sizes = [self.threshold_log10_lr + more for more in (0.0, 1.0, 2.0)]
        return tuple(
            Chance(
                size,
                expected_by_chance(self.uses, self.calibrations, size),
                int((self.links["log10_lr"] >= size).sum()),
            )
            for size in sizes
        )
