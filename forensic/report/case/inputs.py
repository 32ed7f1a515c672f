"""What goes into a case report: the outcome of a case, and how much of it is printed."""

from dataclasses import dataclass, field, fields

from forensic.comparison.outcomes import CaseOutcome
from forensic.report.shared.formats import listed, printable


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each kind a report prints; the report says what it leaves out."""

    findings: int = 40
    strongest: int = 300
    items: int = 400
    results: int = 150
    refusals: int = 40
    forest_rows: int = 40
    matrix_rows: int = 240
    matrix_columns: int = 48
    calibrations: int = 24
    calibration_plots: int = 6
    explanations: int = 20
    waveforms: int = 16
    failures: int = 300


@dataclass(frozen=True, slots=True)
class ReportInputs(CaseOutcome):
    """The outcome of a case, and how much of it is printed.

    Attributes:
        results_files: names of the files beside the report that hold all results.
        limits: how much to print.
        version: of the report; the comparison itself makes the first.
    """

    results_files: tuple[str, ...] = ("comparisons.csv", "comparisons.parquet")
    limits: Limits = field(default_factory=Limits)
    version: int = 1

    @classmethod
    def of(cls, outcome: CaseOutcome) -> "ReportInputs":
        """What a report of an outcome is made of."""
        return cls(**{each.name: getattr(outcome, each.name) for each in fields(CaseOutcome)})

    @property
    def all_results(self) -> str:
        """Where all results are, in words for a sentence."""
        return listed([printable(name) for name in self.results_files])
