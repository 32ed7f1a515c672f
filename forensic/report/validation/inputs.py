"""What goes into a validation report: the outcome of a validation, and how much of it is printed."""

from dataclasses import dataclass, field, fields

from forensic.validation.outcome import ValidationOutcome


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a report prints; the files hold the rest."""

    lrs: int = 200
    exclusions: int = 40
    refusals: int = 12
    calibrations: int = 16


@dataclass(frozen=True, slots=True)
class ValidationInputs(ValidationOutcome):
    """The outcome of a validation, and how much of it is printed.

    Attributes:
        limits: how much to print.
    """

    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of(cls, outcome: ValidationOutcome) -> "ValidationInputs":
        """What a report of an outcome is made of."""
        return cls(**{each.name: getattr(outcome, each.name) for each in fields(ValidationOutcome)})
