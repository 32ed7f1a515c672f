"""What goes into a case report: the outcome of a case, and how much of it is printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from forensic.audio.phonetics import VoiceDescription
from forensic.comparison.outcomes import CaseOutcome
from forensic.report.shared.catalogue import listed
from forensic.report.shared.formats import printable


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each kind a report prints; the report says what it leaves out."""

    answers: int = 12
    pages: int = 8
    strongest: int = 60
    items: int = 150
    results: int = 100
    results_on_screen: int = 20_000
    refusals: int = 20
    forest_rows: int = 24
    matrix_rows: int = 80
    matrix_columns: int = 20
    calibrations: int = 60
    failures: int = 60


@dataclass(frozen=True, slots=True)
class ReportInputs(CaseOutcome):
    """The outcome of a case, and how much of it is printed.

    Attributes:
        results_files: names of the files beside the report that hold all results.
        limits: how much to print.
        version: of the report; the comparison itself makes the first.
        audio: addresses that hold the speech that was used, by SHA-256, channel and speaker; empty for none.
        voices: descriptions of voices, by the same; empty for none.
    """

    results_files: tuple[str, ...] = ("comparisons.csv", "comparisons.parquet")
    limits: Limits = field(default_factory=Limits)
    version: int = 1
    audio: Mapping[tuple[str, int, int], str] = field(default_factory=dict)
    voices: Mapping[tuple[str, int, int], VoiceDescription] = field(default_factory=dict)

    @classmethod
    def of(cls, outcome: CaseOutcome) -> "ReportInputs":
        """What a report of an outcome is made of."""
        return cls(**{each.name: getattr(outcome, each.name) for each in fields(CaseOutcome)})

    @property
    def all_results(self) -> str:
        """Where all results are, in words for a sentence."""
        return listed([printable(name) for name in self.results_files])
