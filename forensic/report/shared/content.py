"""What the content of every report is made of, as plain data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; an empty value is a line to fill in by hand."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class TitlePage:
    """The title page, and what is printed at the edge of every page.

    Attributes:
        kind: "Case report", "Validation report" or "Links between recordings".
        reference: of the case; empty where there is none.
        created_iso: when the results were computed, UTC.
        details: particulars, in a table.
        signatories: roles and names of those who sign.
    """

    kind: str
    title: str
    report_id: str
    reference: str
    software: str
    created_iso: str
    details: tuple[Fact, ...]
    signatories: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ChanceRow:
    """How many LRs of at least this size were found, and how many are expected if H2 is true throughout."""

    lr: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class CalibrationRow:
    """A calibration, and how many comparisons or pairs it served."""

    label: str
    known: str
    questioned: str
    distances: str
    speakers: str
    cllr: str
    bounds: str
    served: str


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many were left out or refused, of what, and why."""

    number: str
    what: str
    reason: str
    examples: str = ""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A file or channel that was not examined, and what would help."""

    label: str
    name: str
    step: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class SettingsTable:
    """The settings of one step."""

    step: str
    values: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class MethodChapter:
    """What computed the results.

    Attributes:
        processing: the steps, in sentences; empty where a report has sentences of its own.
        system: program, model, seeds, command and machine.
        limitations: what the method does not do.
        settings: every setting in force, one table a step.
    """

    processing: tuple[str, ...]
    system: tuple[Fact, ...]
    limitations: tuple[str, ...]
    settings: tuple[SettingsTable, ...]
