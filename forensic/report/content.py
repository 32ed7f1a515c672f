"""Every number and sentence of a case report, as plain data: no files, no plots, no markup.

``build_report`` turns the tables of a case into a ``CaseReport``, in whose texts nothing foreign is invisible
and no number is NaN; ``forensic.report.figures`` draws its plots and ``forensic.report.render`` its pages.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from forensic.case.details import CaseDetails
from forensic.case.store import STATUS_LR
from forensic.errors import ReportError
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.records import Calibration, Conditions, Interval, Vector
from forensic.report import wording
from forensic.report.formats import (
    MINUS,
    NO_BREAK,
    NOTHING,
    finite,
    format_day,
    format_duration,
    format_lr,
    format_moment,
    format_number,
    format_range,
    format_share,
    format_signed,
    listed,
    paragraphs,
    plural,
    printable,
    shortened,
    two_figures,
)

# --------------------------------------------------------------------------------------------------
# What goes in


@dataclass(frozen=True, slots=True)
class KnownRecording:
    """One recording of a known speaker: its path as in the table ``files``, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class KnownSpeaker:
    """A suspect of the reference set and the known recordings."""

    name: str
    recordings: tuple[KnownRecording, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """What computed the results, in full, so that another laboratory can compute them again.

    Attributes:
        software_version: version of ``forensic``.
        model_name: name on the model's card.
        model_sha256: SHA-256 of its weights.
        model_licence: licence of its weights.
        model_training_data: what it was trained on, in a sentence.
        settings: every setting in force, by step.
        settings_sha256: hash of the settings.
        hardware: processor, cores, accelerator.
        operating_system: its name and version.
        python_version: such as "3.11.9".
        libraries: version by name.
        seeds: seed by what it seeds.
        command_line: the command that was given.
        duration_s: how long the comparison took.
    """

    software_version: str
    model_name: str
    model_sha256: str
    model_licence: str
    model_training_data: str
    settings: Mapping[str, Mapping[str, object]]
    settings_sha256: str
    hardware: str
    operating_system: str
    python_version: str
    libraries: Mapping[str, str]
    seeds: Mapping[str, int]
    command_line: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each kind a report prints; whatever it leaves out, it says so."""

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
    waveforms: int = 16
    failures: int = 300


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """Everything that a report is made of.

    Attributes:
        case_details: what a person wrote in ``case.toml``.
        report_id: unique; printed on every page.
        comparison_id: the folder of the results.
        created_utc: when the results were computed.
        files, recordings, quality, segments, failures: the case's evidence, of one model and one settings.
        comparisons: table of ``COMPARISONS_SCHEMA``.
        known_speakers: the reference set, in the order in which the report numbers it.
        calibrations: by id; at least those that ``comparisons`` names.
        method: what computed the results.
        scale: the verbal scale.
        leakage_warnings: sentences, each on one overlap that was found between sides or with the population.
        results_files: names of the files beside the report that hold all results.
        limits: how much to print.
    """

    case_details: CaseDetails
    report_id: str
    comparison_id: str
    created_utc: datetime
    files: pl.DataFrame
    recordings: pl.DataFrame
    quality: pl.DataFrame
    segments: pl.DataFrame
    failures: pl.DataFrame
    comparisons: pl.DataFrame
    known_speakers: tuple[KnownSpeaker, ...]
    calibrations: Mapping[str, Calibration]
    method: Method
    scale: VerbalScale
    leakage_warnings: tuple[str, ...] = ()
    results_files: tuple[str, ...] = ("comparisons.csv", "comparisons.parquet")
    limits: Limits = field(default_factory=Limits)


# --------------------------------------------------------------------------------------------------
# What comes out


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; an empty value is a line to fill in by hand."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """One file that was received.

    Attributes:
        exhibit: "Q1" or "K1".
        speaker: the known speaker, "S1 Name"; empty for a questioned recording.
        name: path below the folder of its side, printable.
        facts: container and codec, rate and channels, depth and bit rate, size; one line each.
        status: "examined", "examined in part", "not examined" or "unreadable".
        notes: duplicates, and what was noted when it was decoded.
    """

    exhibit: str
    speaker: str
    name: str
    sha256: str
    facts: tuple[str, ...]
    duration: str
    status: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityRow:
    """What was measured of one channel of one item."""

    label: str
    duration: str
    net_speech: str
    segments: str
    snr: str
    speech_level: str
    peak: str
    clipping: str
    bandwidth: str


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One comparison; where no LR is issued all but the first three, ``score`` and ``reason`` are empty."""

    questioned: str
    questioned_name: str
    known: str
    score: str
    log10_lr: str
    lr: str
    interval: str
    verbal: str
    unbounded: str
    calibration: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison with an LR, in sentences."""

    questioned: str
    questioned_name: str
    known: str
    lr: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many comparisons came out so."""

    outcome: str
    number: str


@dataclass(frozen=True, slots=True)
class Strongest:
    """The known speaker with the highest LR for one questioned recording."""

    questioned: str
    questioned_name: str
    known: str
    lr: str
    interval: str
    verbal: str
    others: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no LR was issued, and for which comparisons."""

    comparisons: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChanceRow:
    """How many LRs of at least this size were found, and how many are expected if H2 is true throughout."""

    lr: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The findings, before everything else."""

    lead: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...]
    strongest: tuple[Strongest, ...]
    chance: tuple[ChanceRow, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """One step of the verbal scale, for either direction."""

    for_h1: str
    for_h2: str
    log10: str
    term: str


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One measured quantity on either side: in the case, and in the reference population."""

    quantity: str
    questioned_case: str
    questioned_population: str
    known_case: str
    known_population: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A measure of how good the LRs of a calibration are."""

    name: str
    value: str
    interval: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A comparison of the case on a plot of the population's."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class ScorePlot:
    """Scores of the reference population, with the case's."""

    name: str
    caption: str
    same_speaker: Vector
    different_speaker: Vector
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TippettPlot:
    """Log10 LRs of the reference population, with the case's and the bounds."""

    name: str
    caption: str
    same_speaker: Vector
    different_speaker: Vector
    bounds: tuple[float, float]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class CalibrationContent:
    """One calibration: the data it rests on, how well it does, and the comparisons it served."""

    label: str
    id: str
    comparisons: str
    facts: tuple[Fact, ...]
    conditions: tuple[ConditionRow, ...]
    metrics: tuple[MetricRow, ...]
    scores: ScorePlot | None
    tippett: TippettPlot | None


@dataclass(frozen=True, slots=True)
class Band:
    """A step of the verbal scale on an axis of log10 LR."""

    low_log10: float
    high_log10: float
    term: str


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One comparison's log10 LR with its interval."""

    label: str
    name: str
    log10_lr: float
    low: float
    high: float
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """Log10 LRs with intervals over the bands of the verbal scale."""

    name: str
    caption: str
    rows: tuple[ForestRow, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison in a matrix; ``log10_lr`` is None where no LR is issued."""

    log10_lr: float | None
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class MatrixPlot:
    """Log10 LRs, questioned by known; a cell is None where the two were not compared."""

    name: str
    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class WaveformPlot:
    """The envelope of one channel and the speech in it; times in seconds."""

    name: str
    caption: str
    duration_s: float
    low: Vector
    high: Vector
    speech: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SettingsTable:
    """The settings of one step."""

    step: str
    values: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A file or channel that was not examined, and what would help."""

    label: str
    name: str
    step: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CaseReport:
    """A whole report. Texts are plain; the notes beside a list say what was left out of it."""

    title: str
    report_id: str
    comparison_id: str
    reference: str
    laboratory: str
    software: str
    created: str
    created_iso: str
    details: tuple[Fact, ...]
    signatories: tuple[Fact, ...]
    warnings: tuple[str, ...]
    summary: Summary
    questions: tuple[str, ...]
    information: tuple[str, ...]
    h1: tuple[str, ...]
    h2: tuple[str, ...]
    relevant_population: tuple[str, ...]
    assumptions: tuple[str, ...]
    remarks: tuple[str, ...]
    known_speakers: tuple[Fact, ...]
    item_folders: tuple[Fact, ...]
    items: tuple[Item, ...]
    items_note: str
    quality: tuple[QualityRow, ...]
    quality_note: str
    results: tuple[ResultRow, ...]
    results_note: str
    scale_name: str
    scale_citation: str
    scale: tuple[ScaleRow, ...]
    reading: tuple[str, ...]
    forest: tuple[ForestPlot, ...]
    matrices: tuple[MatrixPlot, ...]
    matrix_note: str
    calibrations: tuple[CalibrationContent, ...]
    calibrations_note: str
    processing: tuple[str, ...]
    method: tuple[Fact, ...]
    settings: tuple[SettingsTable, ...]
    limitations: tuple[str, ...]
    failures: tuple[FailureRow, ...]
    skipped: tuple[FailureRow, ...]
    failures_note: str
    glossary: tuple[Fact, ...]
    waveforms: tuple[WaveformPlot, ...]
    waveforms_note: str
    results_files: str


# --------------------------------------------------------------------------------------------------
# The way between


def build_report(inputs: ReportInputs) -> CaseReport:
    """State a case's results.

    Raises:
        ReportError: if the tables mix models or settings, or an LR is not a number or lacks its calibration.
    """
    _check_one_examination(inputs)
    exhibits = _Exhibits(inputs)
    comparisons = _comparisons(inputs, exhibits)
    issued = [comparison for comparison in comparisons if comparison.log10_lr is not None]
    details = inputs.case_details
    items, items_note = _capped(_items(inputs, exhibits), inputs.limits.items, "item", "the tables of the case")
    quality, quality_note = _capped(
        _quality(inputs, exhibits), inputs.limits.items, "channel", "the tables of the case"
    )
    results, results_note = _results(comparisons, inputs)
    matrices, matrix_note = _matrices(comparisons, exhibits, inputs)
    calibrations, calibrations_note = _calibrations(issued, inputs)
    waveforms, waveforms_note = _waveforms(comparisons, inputs, exhibits)
    failures, skipped, failures_note = _failures(inputs, exhibits)
    software = f"forensic {printable(inputs.method.software_version)}"
    return CaseReport(
        title=printable(details.title) or "Forensic voice comparison",
        report_id=printable(inputs.report_id),
        comparison_id=printable(inputs.comparison_id),
        reference=printable(details.reference),
        laboratory=" ".join(paragraphs(details.laboratory)),
        software=software,
        created=format_moment(inputs.created_utc),
        created_iso=inputs.created_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        details=_details(inputs, software),
        signatories=(
            Fact("Examiner", printable(details.examiner)),
            Fact("Reviewer", printable(details.reviewer)),
        ),
        warnings=tuple(printable(warning) for warning in inputs.leakage_warnings),
        summary=_summary(comparisons, inputs, exhibits),
        questions=tuple(map(printable, details.questions)),
        information=paragraphs(details.information_received),
        h1=paragraphs(details.h1),
        h2=paragraphs(details.h2),
        relevant_population=paragraphs(details.relevant_population),
        assumptions=tuple(map(printable, details.assumptions)),
        remarks=paragraphs(details.remarks),
        known_speakers=exhibits.known_speakers(),
        item_folders=exhibits.folders(),
        items=tuple(items),
        items_note=items_note,
        quality=tuple(quality),
        quality_note=quality_note,
        results=results,
        results_note=results_note,
        scale_name=printable(inputs.scale.name),
        scale_citation=printable(inputs.scale.citation).rstrip(". "),
        scale=_scale(inputs.scale),
        reading=wording.READING,
        forest=_forest(issued, inputs),
        matrices=matrices,
        matrix_note=matrix_note,
        calibrations=calibrations,
        calibrations_note=calibrations_note,
        processing=wording.PROCESSING,
        method=_method(inputs.method),
        settings=_settings(inputs.method.settings),
        limitations=wording.LIMITATIONS,
        failures=failures,
        skipped=skipped,
        failures_note=failures_note,
        glossary=tuple(Fact(*entry) for entry in wording.GLOSSARY),
        waveforms=waveforms,
        waveforms_note=waveforms_note,
        results_files=listed([printable(name) for name in inputs.results_files]),
    )


# --------------------------------------------------------------------------------------------------
# Exhibits and comparisons


class _Exhibits:
    """The numbers by which the report speaks of files and known speakers."""

    def __init__(self, inputs: ReportInputs) -> None:
        self._speakers = {speaker.name: f"S{n}" for n, speaker in enumerate(inputs.known_speakers, 1)}
        for name in inputs.comparisons["suspect"].unique(maintain_order=True).drop_nulls():
            self._speakers.setdefault(name, f"S{len(self._speakers) + 1}")
        self._speaker_of = {
            recording.path: speaker.name for speaker in inputs.known_speakers for recording in speaker.recordings
        }
        self.rows: list[tuple[str, dict[str, Any]]] = []
        self._by_path: dict[str, str] = {}
        self._by_content: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        # A case may hold the known recordings of an earlier reference set; they are no part of this report.
        known = pl.col("path").is_in(list(self._speaker_of))
        self.files = inputs.files.filter((pl.col("side") == "questioned") | known)
        for side, letter in (("questioned", "Q"), ("reference", "K")):
            self._number(self.files.filter(pl.col("side") == side), side, letter)
        self.order = {label: n for n, (label, _) in enumerate(self.rows)}

    def _number(self, files: pl.DataFrame, side: str, letter: str) -> None:
        folder = self._folders[side] = _common_folder(files["path"].to_list())
        received = [row for row in files.iter_rows(named=True) if row["status"] != "skipped"]
        received.sort(key=lambda row: (self._speaker_place(row["path"]), _natural(row["path"])))
        for n, row in enumerate(received, 1):
            label = f"{letter}{n}"
            self.rows.append((label, row))
            self._by_path[row["path"]] = label
            self._names[label] = printable(row["path"].removeprefix(folder))
            if row["sha256"] is not None:
                self._by_content[row["sha256"]].append(label)

    def _speaker_place(self, path: str) -> int:
        """Position of a recording's known speaker, so that known recordings are numbered speaker by speaker."""
        name = self._speaker_of.get(path)
        return len(self._speakers) if name is None else self.speaker_order(name)

    def label(self, sha256: str | None, path: str = "") -> str:
        """The exhibit of a path, or else the first with that content."""
        return self._by_path.get(path) or next(iter(self.same_content(sha256)), f"file {(sha256 or path)[:12]}")

    def same_content(self, sha256: str | None) -> list[str]:
        """All exhibits with that content."""
        return self._by_content.get(sha256 or "", [])

    def name(self, label: str) -> str:
        """The file's name below the folder of its side, printable."""
        return self._names.get(label, "")

    def relative(self, path: str, side: str) -> str:
        """Any path below the folder of its side, printable."""
        return printable(path.removeprefix(self._folders.get(side, "")))

    def speaker(self, name: str) -> str:
        """Such as "S1 Name"."""
        return f"{self._speakers[name]} {printable(name)}"

    def speaker_label(self, name: str) -> str:
        """Such as "S1"."""
        return self._speakers[name]

    def speaker_of(self, path: str) -> str:
        """The known speaker of a recording, "S1 Name"; "" where there is none."""
        name = self._speaker_of.get(path)
        return self.speaker(name) if name is not None else ""

    def speaker_order(self, name: str) -> int:
        """Position in the reference set."""
        return int(self._speakers[name][1:])

    def speakers(self) -> list[str]:
        """Names of the known speakers, in order."""
        return list(self._speakers)

    def known_speakers(self) -> tuple[Fact, ...]:
        """Each known speaker with the exhibits."""
        exhibits: dict[str, list[str]] = {name: [] for name in self._speakers}
        for label, row in self.rows:
            name = self._speaker_of.get(row["path"])
            if name is not None and label.startswith("K"):
                exhibits[name].append(label)
        return tuple(Fact(self.speaker(name), _some(labels)) for name, labels in exhibits.items())

    def folders(self) -> tuple[Fact, ...]:
        """The folder below which the names of each side stand."""
        sides = (("questioned", "Questioned recordings"), ("reference", "Known recordings"))
        return tuple(Fact(label, printable(self._folders[side])) for side, label in sides if self._folders.get(side))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One row of the comparisons, checked, with its labels."""

    questioned: str  # "Q1" or "Q1 channel 2"
    questioned_name: str
    sha256: str
    channel: int
    suspect: str
    suspect_label: str
    known: str  # "S1 Name"
    known_sha256: tuple[str, ...]
    score: float | None
    log10_lr: float | None
    low: float
    high: float
    unbounded: float
    verbal: str
    reason: str
    calibration_id: str

    @property
    def is_bounded(self) -> bool:
        return self.log10_lr is not None and abs(self.unbounded - self.log10_lr) > 1e-6  # noqa: PLR2004


def _comparisons(inputs: ReportInputs, exhibits: _Exhibits) -> list[_Comparison]:
    """All comparisons in the order of the exhibits, then of the known speakers."""
    keyed = []
    for row in inputs.comparisons.iter_rows(named=True):
        exhibit = exhibits.label(row["questioned_sha256"], row["questioned_path"] or "")
        comparison = _comparison(row, exhibit, inputs, exhibits)
        order = exhibits.order.get(exhibit, len(exhibits.order))
        key = (order, row["channel"], row["turn"], exhibits.speaker_order(row["suspect"]))
        keyed.append((key, comparison))
    return [comparison for _, comparison in sorted(keyed, key=lambda pair: pair[0])]


def _comparison(row: dict[str, Any], exhibit: str, inputs: ReportInputs, exhibits: _Exhibits) -> _Comparison:
    has_lr = row["status"] == STATUS_LR
    where = f"{exhibit} and {exhibits.speaker(row['suspect'])}"
    if has_lr:
        for column in ("score", "log10_lr", "log10_lr_low", "log10_lr_high"):
            if row[column] is None:
                raise ReportError(f"The comparison of {where} has no {column}.", "Run the comparison again.")
            finite(row[column], f"{column} of {where}")
        if row["calibration_id"] not in inputs.calibrations:
            raise ReportError(
                f"The calibration of the comparison of {where} is missing, and no LR is reported without it.",
                "Run the comparison again.",
            )
    if row["score"] is not None:
        finite(row["score"], f"the score of {where}")
    unbounded = row["log10_lr"] if row["unbounded_log10_lr"] is None else row["unbounded_log10_lr"]
    return _Comparison(
        questioned=_channel_label(exhibit, row["channel"], row["turn"]),
        questioned_name=shortened(exhibits.name(exhibit)),
        sha256=row["questioned_sha256"] or "",
        channel=row["channel"],
        suspect=row["suspect"],
        suspect_label=exhibits.speaker_label(row["suspect"]),
        known=exhibits.speaker(row["suspect"]),
        known_sha256=tuple(row["known_sha256"] or ()),
        score=row["score"],
        log10_lr=row["log10_lr"] if has_lr else None,
        low=row["log10_lr_low"] if has_lr else 0.0,
        high=row["log10_lr_high"] if has_lr else 0.0,
        unbounded=finite(unbounded, f"the unbounded log10 LR of {where}") if has_lr else 0.0,
        verbal=printable(row["verbal_equivalent"] or inputs.scale.describe(row["log10_lr"])) if has_lr else "",
        reason="" if has_lr else printable(row["reason"] or "The results give no reason."),
        calibration_id=row["calibration_id"] if has_lr else "",
    )


def _check_one_examination(inputs: ReportInputs) -> None:
    keys = ["model_sha256", "settings_sha256"]
    frames = (inputs.recordings, inputs.quality, inputs.segments, inputs.failures)
    if pl.concat([frame.select(keys) for frame in frames]).n_unique() > 1:
        raise ReportError(
            "The evidence comes from more than one model or more than one set of settings.",
            "Report on the rows of one model and one set of settings.",
        )


# --------------------------------------------------------------------------------------------------
# Findings


def finding_sentences(log10_lr: float, low: float, high: float, verbal: str) -> tuple[str, ...]:
    """What an LR says, in full: its size and direction, its interval, its verbal equivalent.

    Args:
        log10_lr: as issued.
        low: lower end of its 95 % interval, log10.
        high: upper end.
        verbal: its verbal equivalent.
    """
    size = two_figures(abs(log10_lr))
    if size == "1.0":
        weight = "The evidence is about equally likely if H1 is true and if H2 is true"
    else:
        first, second = ("H1", "H2") if log10_lr > 0 else ("H2", "H1")
        weight = f"The evidence is about {size} times more likely if {first} is true than if {second} is true"
    return f"{weight} ({_interval_phrase(low, high)}).", f"In words: {verbal}."


def _interval_phrase(low: float, high: float) -> str:
    if low >= 0:
        return f"{wording.INTERVAL}: {two_figures(low)} to {two_figures(high)} times, for H1"
    if high <= 0:
        return f"{wording.INTERVAL}: {two_figures(-high)} to {two_figures(-low)} times, for H2"
    return (
        f"{wording.INTERVAL}: from {two_figures(-low)} times more likely if H2 is true "
        f"to {two_figures(high)} times more likely if H1 is true"
    )


def _summary(comparisons: list[_Comparison], inputs: ReportInputs, exhibits: _Exhibits) -> Summary:
    issued = [comparison for comparison in comparisons if comparison.log10_lr is not None]
    limits = inputs.limits
    many = len(issued) > limits.findings
    notes = []
    refusals = _refusals(comparisons)
    if len(refusals) > limits.refusals:
        notes.append(f"{len(refusals) - limits.refusals:,} further reasons are in the files of results.")
    strongest = _strongest(comparisons) if many else []
    if len(strongest) > limits.strongest:
        notes.append(
            f"The highest LRs of {len(strongest) - limits.strongest:,} further questioned recordings are "
            "in the files of results."
        )
    return Summary(
        lead=_lead(comparisons, issued, inputs, exhibits, many=many),
        findings=() if many else tuple(map(_finding, issued)),
        counts=_counts(comparisons, issued) if len(comparisons) > 1 else (),
        strongest=tuple(strongest[: limits.strongest]),
        chance=_chance(issued, inputs.calibrations) if many else (),
        refusals=tuple(refusals[: limits.refusals]),
        notes=tuple(notes),
    )


def _lead(
    comparisons: list[_Comparison],
    issued: list[_Comparison],
    inputs: ReportInputs,
    exhibits: _Exhibits,
    *,
    many: bool,
) -> tuple[str, ...]:
    if not comparisons:
        return ("No comparison was made.",)
    questioned = len({comparison.questioned for comparison in comparisons})
    known = len({comparison.suspect for comparison in comparisons})
    first = (
        f"{plural(questioned, 'questioned recording or channel', 'questioned recordings or channels')} "
        f"{'was' if questioned == 1 else 'were'} compared with {plural(known, 'known speaker')}: "
        f"{plural(len(comparisons), 'comparison')}."
    )
    if len(issued) == len(comparisons):
        outcome = f"A likelihood ratio was issued for {'it' if len(issued) == 1 else 'each of them'}."
    elif issued:
        outcome = (
            f"A likelihood ratio was issued for {len(issued):,} of them; for the other "
            f"{len(comparisons) - len(issued):,} none was, for the reasons given below."
        )
    else:
        outcome = "No likelihood ratio was issued, for the reasons given below."
    lead = [f"{first} {outcome}"]
    measured = _contents(inputs.quality)
    missing = sum(row["sha256"] not in measured for _, row in exhibits.rows)
    if missing:
        lead.append(
            f"{plural(missing, 'item')} could not be examined; the report lists "
            f"{'it' if missing == 1 else 'them'} with the reason."
        )
    if many:
        lead.append(
            "With so many comparisons this summary gives, for each questioned recording, the known speaker "
            "with the highest LR. All LRs are in the files of results beside this report: "
            f"{listed([printable(name) for name in inputs.results_files])}."
        )
    return tuple(lead)


def _finding(comparison: _Comparison) -> Finding:
    assert comparison.log10_lr is not None
    sentences = finding_sentences(comparison.log10_lr, comparison.low, comparison.high, comparison.verbal)
    if comparison.is_bounded:
        unbounded = format_lr(comparison.unbounded)
        sentences += (f"It is bounded: the calibration data support no more. Unbounded it would be {unbounded}.",)
    return Finding(
        questioned=comparison.questioned,
        questioned_name=comparison.questioned_name,
        known=comparison.known,
        lr=f"LR {_lr_text(comparison)}",
        sentences=sentences,
    )


def _lr_text(comparison: _Comparison) -> str:
    assert comparison.log10_lr is not None
    return format_lr(comparison.log10_lr) + (" (bounded)" if comparison.is_bounded else "")


def _counts(comparisons: list[_Comparison], issued: list[_Comparison]) -> tuple[Count, ...]:
    log10_lrs = defaultdict(list)
    for comparison in issued:
        log10_lrs[comparison.verbal].append(comparison.log10_lr or 0.0)
    ordered = sorted(log10_lrs, key=lambda verbal: -max(log10_lrs[verbal]))
    counts = [Count(verbal[:1].upper() + verbal[1:], f"{len(log10_lrs[verbal]):,}") for verbal in ordered]
    refused = len(comparisons) - len(issued)
    if refused:
        counts.append(Count("No LR issued", f"{refused:,}"))
    return tuple(counts)


def _strongest(comparisons: list[_Comparison]) -> list[Strongest]:
    rows = []
    for group in _by_questioned(comparisons):
        issued = [comparison for comparison in group if comparison.log10_lr is not None]
        if not issued:
            rows.append(Strongest(group[0].questioned, group[0].questioned_name, "", "", "", "No LR issued", ""))
            continue
        best = max(issued, key=lambda comparison: comparison.log10_lr or 0.0)
        above = sum((comparison.log10_lr or 0.0) > 0 for comparison in issued if comparison is not best)
        rows.append(
            Strongest(
                questioned=best.questioned,
                questioned_name=best.questioned_name,
                known=best.known,
                lr=_lr_text(best),
                interval=format_range(best.low, best.high),
                verbal=best.verbal,
                others=f"{above:,} of {len(group) - 1:,}" if len(group) > 1 else "",
            )
        )
    return rows


def _by_questioned(comparisons: list[_Comparison]) -> list[list[_Comparison]]:
    groups: dict[tuple[str, str], list[_Comparison]] = defaultdict(list)
    for comparison in comparisons:
        groups[comparison.questioned, comparison.sha256].append(comparison)
    return list(groups.values())


def _refusals(comparisons: list[_Comparison]) -> list[Refusal]:
    """Reasons why no LR was issued, each with its comparisons."""
    known = len({comparison.suspect for comparison in comparisons})
    by_reason: dict[str, list[_Comparison]] = defaultdict(list)
    for comparison in comparisons:
        if comparison.log10_lr is None:
            by_reason[comparison.reason].append(comparison)
    rows = []
    for reason, group in by_reason.items():
        speakers: dict[str, list[str]] = defaultdict(list)
        for comparison in group:
            speakers[comparison.questioned].append(comparison.suspect_label)
        groups = [f"{questioned} with {_all_or_some(labels, known)}" for questioned, labels in speakers.items()]
        rows.append(Refusal(_some(groups, separator="; "), reason))
    return rows


def _all_or_some(labels: Sequence[str], known: int) -> str:
    return f"all {known:,} known speakers" if 1 < known == len(labels) else _some(labels)


def _some(words: Sequence[str], separator: str = ", ", most: int = 8) -> str:
    """The first few words, and how many more there are."""
    shown = separator.join(words[:most])
    return f"{shown}{separator}and {len(words) - most:,} more" if len(words) > most else shown


def _chance(issued: list[_Comparison], calibrations: Mapping[str, Calibration]) -> tuple[ChanceRow, ...]:
    """How many LRs of a size misleading evidence alone would give, if every comparison were of two people."""
    uses = Counter(comparison.calibration_id for comparison in issued)
    rows = []
    for threshold in (0, 1, 2, 3):
        expected = sum(
            number * _share_at_least(calibrations[key].different_speaker_log10_lr, threshold)
            for key, number in uses.items()
        )
        found = sum((comparison.log10_lr or 0.0) >= threshold for comparison in issued)
        rows.append(ChanceRow(f"{10**threshold:,}", _expected(expected), f"{found:,}"))
    return tuple(rows)


def _share_at_least(log10_lr: Vector, threshold: float) -> float:
    return float(np.mean(log10_lr >= threshold)) if len(log10_lr) else 0.0


def _expected(number: float) -> str:
    if number < 0.1:  # noqa: PLR2004
        return "less than 0.1"
    return f"{number:,.{1 if number < 10 else 0}f}"  # noqa: PLR2004


# --------------------------------------------------------------------------------------------------
# Items and quality


def _details(inputs: ReportInputs, software: str) -> tuple[Fact, ...]:
    details = inputs.case_details
    return (
        Fact("Case reference", printable(details.reference)),
        Fact("Laboratory", " ".join(paragraphs(details.laboratory))),
        Fact("Customer", " ".join(paragraphs(details.customer))),
        Fact("Examiner", printable(details.examiner)),
        Fact("Reviewer", printable(details.reviewer)),
        Fact("Items received", format_day(details.received)),
        Fact("Report issued", format_day(details.issued)),
        Fact("Report", printable(inputs.report_id)),
        Fact("Comparison", printable(inputs.comparison_id)),
        Fact("Results computed", format_moment(inputs.created_utc)),
        Fact("Software", software),
    )


def _contents(frame: pl.DataFrame) -> frozenset[str]:
    return frozenset(frame["sha256"].drop_nulls().to_list())


def _items(inputs: ReportInputs, exhibits: _Exhibits) -> list[Item]:
    formats = {row["sha256"]: row for row in inputs.recordings.iter_rows(named=True)}
    measured, failed = _contents(inputs.quality), _contents(inputs.failures)
    compared = {*inputs.comparisons["questioned_path"], *inputs.comparisons["questioned_sha256"]} - {None}
    items = []
    for label, row in exhibits.rows:
        found = formats.get(row["sha256"], {})
        notes = [printable(note) for note in found.get("notes") or ()]
        twins = [twin for twin in exhibits.same_content(row["sha256"]) if twin != label]
        if twins:
            notes.insert(0, f"Same bytes as {_some(twins)}.")
        if row["status"] == "unreadable":
            notes.append(printable(row["reason"] or "The file could not be read."))
        if label.startswith("Q") and row["path"] not in compared and row["sha256"] not in compared:
            notes.append("Not part of this comparison.")
        duration = found.get("duration_s")
        items.append(
            Item(
                exhibit=label,
                speaker=exhibits.speaker_of(row["path"]) if label.startswith("K") else "",
                name=exhibits.name(label),
                sha256=row["sha256"] or "not computed: the file could not be read",
                facts=_format(found, row["size_bytes"]),
                duration=format_duration(duration) if duration is not None else "not known",
                status=_status(row, measured, failed),
                notes=tuple(notes),
            )
        )
    return items


def _status(row: dict[str, Any], measured: frozenset[str], failed: frozenset[str]) -> str:
    if row["status"] == "unreadable":
        return "unreadable"
    if row["sha256"] not in measured:
        return "not examined"
    return "examined in part" if row["sha256"] in failed else "examined"


def _format(found: Mapping[str, Any], size_bytes: int | None) -> tuple[str, ...]:
    """What a file says of its format, and its size."""
    lines: list[list[str]] = [[], [], []]
    lines[0] += [printable(found[name]) for name in ("container", "codec") if found.get(name)]
    if found.get("sample_rate_hz"):
        lines[1].append(f"{found['sample_rate_hz']:,}{NO_BREAK}Hz")
    if found.get("channels"):
        lines[1].append(plural(found["channels"], "channel"))
    if found.get("bits_per_sample"):
        lines[2].append(f"{found['bits_per_sample']}{NO_BREAK}bit")
    if found.get("bit_rate"):
        lines[2].append(f"{found['bit_rate'] / 1000:,.0f}{NO_BREAK}kbit/s")
    known = [", ".join(line) for line in lines if line] or ["format not known"]
    return (*known, f"{size_bytes:,}{NO_BREAK}bytes") if size_bytes is not None else tuple(known)


def _quality(inputs: ReportInputs, exhibits: _Exhibits) -> list[QualityRow]:
    segments = _rows_by(inputs.segments, "sha256", "channel")
    rows = []
    for row in _in_order(inputs.quality, exhibits):
        snr = row["snr_db"]
        rows.append(
            QualityRow(
                label=_channel_label(exhibits.label(row["sha256"]), row["channel"]),
                duration=format_duration(row["duration_s"]),
                net_speech=format_duration(row["net_speech_s"]),
                segments=f"{len(segments[row['sha256'], row['channel']]):,}",
                snr=f"{format_number(snr, 0)}{NO_BREAK}dB" if snr is not None else NOTHING,
                speech_level=f"{format_number(row['speech_level_dbfs'], 0)}{NO_BREAK}dBFS",
                peak=f"{format_number(row['peak_dbfs'], 1)}{NO_BREAK}dBFS",
                clipping=format_share(row["clipped_share"]),
                bandwidth=f"{finite(row['bandwidth_hz'], 'a bandwidth'):,.0f}{NO_BREAK}Hz",
            )
        )
    return rows


def _in_order(frame: pl.DataFrame, exhibits: _Exhibits) -> list[dict[str, Any]]:
    """Rows of the exhibits, in their order; rows of other files of the case are no part of this report."""
    ours = [row for row in frame.iter_rows(named=True) if exhibits.same_content(row["sha256"])]
    return sorted(ours, key=lambda row: (exhibits.order[exhibits.label(row["sha256"])], row["channel"] or 0))


def _rows_by(frame: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    columns = [name for name in frame.columns if name != "embedding"]
    for row in frame.select(columns).iter_rows(named=True):
        groups[tuple(row[key] for key in keys)].append(row)
    return groups


# --------------------------------------------------------------------------------------------------
# Results


def _results(comparisons: list[_Comparison], inputs: ReportInputs) -> tuple[tuple[ResultRow, ...], str]:
    """The table of results, or its most telling part, and a note on what was left out."""
    labels = _calibration_labels(comparisons)
    chosen, note = comparisons, ""
    most = inputs.limits.results
    if len(comparisons) > most:
        groups = _by_questioned(comparisons)
        each = max(1, most // len(groups))
        chosen = [comparison for group in groups for comparison in _highest(group, each)][:most]
        note = (
            f"This table gives {len(chosen):,} of {len(comparisons):,} comparisons: for each questioned "
            f"recording the {'one' if each == 1 else each} with the highest LR, as far as there is room. "
            f"All are in {listed([printable(name) for name in inputs.results_files])}."
        )
    return tuple(_result(comparison, labels) for comparison in chosen), note


def _highest(group: list[_Comparison], number: int) -> list[_Comparison]:
    """The comparisons with the highest LRs; where there is no LR at all, one that says why."""
    issued = [comparison for comparison in group if comparison.log10_lr is not None]
    return sorted(issued, key=lambda comparison: -(comparison.log10_lr or 0.0))[:number] or group[:1]


def _result(comparison: _Comparison, calibration_labels: Mapping[str, str]) -> ResultRow:
    has_lr = comparison.log10_lr is not None
    return ResultRow(
        questioned=comparison.questioned,
        questioned_name=comparison.questioned_name,
        known=comparison.known,
        score=format_number(comparison.score, 3) if comparison.score is not None else "",
        log10_lr=format_signed(comparison.log10_lr) if comparison.log10_lr is not None else "",
        lr=format_lr(comparison.log10_lr) if comparison.log10_lr is not None else "",
        interval=format_range(comparison.low, comparison.high) if has_lr else "",
        verbal=comparison.verbal,
        unbounded=format_lr(comparison.unbounded) if comparison.is_bounded else "",
        calibration=calibration_labels.get(comparison.calibration_id, ""),
        reason=comparison.reason,
    )


def _calibration_labels(comparisons: Iterable[_Comparison]) -> dict[str, str]:
    """Labels "C1", "C2", ... in the order of use."""
    used = dict.fromkeys(c.calibration_id for c in comparisons if c.calibration_id)
    return {key: f"C{n}" for n, key in enumerate(used, 1)}


def _scale(scale: VerbalScale) -> tuple[ScaleRow, ...]:
    rows = []
    for step in scale.steps:
        low, high = _tidy(step.low_log10), _tidy(step.high_log10)
        if step.low_log10 <= 0:  # the step around LR 1
            for_h1, for_h2, log10 = f"1 to {high}", f"1 to 1/{high}", f"0 to {_plain(step.high_log10)}"
        elif np.isinf(step.high_log10):
            for_h1, for_h2, log10 = f"over {low}", f"under 1/{low}", f"over {_plain(step.low_log10)}"
        else:
            for_h1, for_h2 = f"{low} to {high}", f"1/{low} to 1/{high}"
            log10 = f"{_plain(step.low_log10)} to {_plain(step.high_log10)}"
        rows.append(ScaleRow(for_h1, for_h2, log10, printable(step.term)))
    return tuple(rows)


def _tidy(log10_value: float) -> str:
    """The limit of a step of the scale: "2", "1,000", "1,000,000"."""
    if np.isinf(log10_value) or log10_value > 9:  # noqa: PLR2004
        return f"10^{log10_value:g}"
    value = 10**log10_value
    return f"{round(value):,}" if abs(value - round(value)) < 0.01 * value else f"{value:.2g}"


def _plain(log10_value: float) -> str:
    return f"{log10_value:.1f}".removesuffix(".0")


def _bands(scale: VerbalScale) -> tuple[Band, ...]:
    return tuple(Band(step.low_log10, step.high_log10, printable(step.term)) for step in scale.steps)


def _forest(issued: list[_Comparison], inputs: ReportInputs) -> tuple[ForestPlot, ...]:
    chosen, which = issued, ""
    most = inputs.limits.forest_rows
    if len(issued) > most:
        chosen = [comparison for group in _by_questioned(issued) for comparison in _highest(group, 1)]
        which = " Only the highest LR of each questioned recording is shown"
        which += f", and of these the first {most} of {len(chosen):,}." if len(chosen) > most else "."
        chosen = chosen[:most]
    rows = [
        ForestRow(
            label=f"{comparison.questioned} \N{MULTIPLICATION SIGN} {comparison.suspect_label}",
            name=comparison.suspect,
            log10_lr=comparison.log10_lr or 0.0,
            low=comparison.low,
            high=comparison.high,
            is_bounded=comparison.is_bounded,
        )
        for comparison in chosen
    ]
    caption = (
        "Log10 LR of each comparison (dot) with its 95 % interval (bar), over the steps of the verbal scale. "
        "Right of 0 the evidence supports H1, left of 0 it supports H2. An open dot is a bounded LR." + which
    )
    parts = _parts(rows, _FOREST_PAGE_ROWS)
    return tuple(
        ForestPlot(f"forest{n}", caption + _part(n, parts), tuple(part), _bands(inputs.scale))
        for n, part in enumerate(parts, 1)
    )


_FOREST_PAGE_ROWS = 24
_MATRIX_PAGE_ROWS, _MATRIX_PAGE_COLUMNS = 40, 20


def _matrices(
    comparisons: list[_Comparison], exhibits: _Exhibits, inputs: ReportInputs
) -> tuple[tuple[MatrixPlot, ...], str]:
    """The matrix in parts that fit a page, and a note on what was left out."""
    groups = _by_questioned(comparisons)
    used = {comparison.suspect for comparison in comparisons}
    suspects = [name for name in exhibits.speakers() if name in used]
    if len(comparisons) < 2:  # noqa: PLR2004 - one comparison is no matrix
        return (), ""
    limits = inputs.limits
    note = ""
    if len(groups) > limits.matrix_rows or len(suspects) > limits.matrix_columns:
        note = (
            f"The matrix shows {min(len(groups), limits.matrix_rows):,} of {len(groups):,} questioned "
            f"recordings and {min(len(suspects), limits.matrix_columns):,} of {len(suspects):,} known "
            f"speakers; all LRs are in {listed([printable(name) for name in inputs.results_files])}."
        )
    row_parts = _parts(groups[: limits.matrix_rows], _MATRIX_PAGE_ROWS)
    column_parts = _parts(suspects[: limits.matrix_columns], _MATRIX_PAGE_COLUMNS)
    parts = [(rows, columns) for rows in row_parts for columns in column_parts]
    plots = []
    for n, (rows, columns) in enumerate(parts, 1):
        caption = (
            "Log10 LR of every questioned recording (row) with every known speaker (column). "
            "Hatched: no LR issued. An asterisk marks a bounded LR." + _part(n, parts)
        )
        cells = tuple(tuple(_cells(group, columns)) for group in rows)
        labels = tuple(group[0].questioned for group in rows)
        heads = tuple(exhibits.speaker(name) for name in columns)
        plots.append(MatrixPlot(f"matrix{n}", caption, labels, heads, cells))
    return tuple(plots), note


def _parts(rows: list[Any], most: int) -> list[list[Any]]:
    """Rows in as few parts of about the same length as needed."""
    number = -(-len(rows) // most)
    size = -(-len(rows) // number) if number else 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _part(number: int, parts: Sequence[Any]) -> str:
    return f" Part {number} of {len(parts)}." if len(parts) > 1 else ""


def _cells(group: list[_Comparison], suspects: list[str]) -> list[Cell | None]:
    by_suspect = {comparison.suspect: comparison for comparison in group}
    found = [by_suspect.get(name) for name in suspects]
    return [Cell(comparison.log10_lr, comparison.is_bounded) if comparison else None for comparison in found]


# --------------------------------------------------------------------------------------------------
# Calibration


def _calibrations(issued: list[_Comparison], inputs: ReportInputs) -> tuple[tuple[CalibrationContent, ...], str]:
    labels = _calibration_labels(issued)
    served: dict[str, list[_Comparison]] = defaultdict(list)
    for comparison in issued:
        served[comparison.calibration_id].append(comparison)
    quality = _rows_by(inputs.quality, "sha256")
    limits = inputs.limits
    contents = []
    for n, (key, label) in enumerate(labels.items()):
        if n >= limits.calibrations:
            break
        draws_plots = n < limits.calibration_plots
        contents.append(_calibration(label, inputs.calibrations[key], served[key], quality, draws_plots=draws_plots))
    notes = []
    if len(labels) > limits.calibrations:
        notes.append(f"{limits.calibrations} of {len(labels):,} calibrations are described here.")
    if len(contents) > limits.calibration_plots:
        notes.append(f"Plots are drawn for the first {limits.calibration_plots} of them.")
    return tuple(contents), " ".join(notes)


def _calibration(
    label: str,
    calibration: Calibration,
    served: list[_Comparison],
    quality: Mapping[tuple[Any, ...], list[dict[str, Any]]],
    *,
    draws_plots: bool,
) -> CalibrationContent:
    pairs = [f"{comparison.questioned} \N{MULTIPLICATION SIGN} {comparison.suspect_label}" for comparison in served]
    questioned = [
        {name: [row[name]] if row[name] is not None else [] for name in _CONDITIONS}
        for key in dict.fromkeys((comparison.sha256, comparison.channel) for comparison in served)
        for row in quality.get((key[0],), [])
        if row["channel"] == key[1]
    ]
    known = [
        _pooled([row for sha256 in contents for row in quality.get((sha256,), [])])
        for contents in dict.fromkeys(comparison.known_sha256 for comparison in served)
    ]
    scores, tippett = _calibration_plots(label, calibration, served) if draws_plots else (None, None)
    return CalibrationContent(
        label=label,
        id=printable(calibration.id),
        comparisons=_some(pairs, most=12),
        facts=_calibration_facts(calibration),
        conditions=_conditions(calibration, questioned, known),
        metrics=_metrics(calibration),
        scores=scores,
        tippett=tippett,
    )


def _pooled(recordings: list[dict[str, Any]]) -> dict[str, list[float]]:
    """The recordings of one known speaker taken together: their net speech added up, the rest each by itself."""
    measured = {name: [row[name] for row in recordings if row[name] is not None] for name in _CONDITIONS}
    return measured | {"net_speech_s": [sum(measured["net_speech_s"])]}


_CONDITIONS = ("net_speech_s", "snr_db", "bandwidth_hz")


def _calibration_facts(calibration: Calibration) -> tuple[Fact, ...]:
    return (
        Fact("Reference corpora", listed([printable(name) for name in calibration.corpora]) or "not stated"),
        Fact("Reference speakers", f"{calibration.speakers:,}"),
        Fact("Reference recordings", f"{calibration.recordings:,}"),
        Fact("Same-speaker pairs", f"{len(calibration.same_speaker_scores):,}"),
        Fact("Different-speaker pairs", f"{len(calibration.different_speaker_scores):,}"),
        Fact(
            "Conversion",
            f"log10 LR = {format_number(calibration.slope, 2)} \N{MULTIPLICATION SIGN} score "
            f"{'+' if calibration.intercept >= 0 else MINUS} {format_number(abs(calibration.intercept), 2)}",
        ),
        Fact(
            "Bounds of the LR",
            format_range(calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr),
        ),
        Fact("Draws of reference speakers for the intervals", f"{len(calibration.draws):,}"),
    )


def _conditions(
    calibration: Calibration, questioned: list[dict[str, list[float]]], known: list[dict[str, list[float]]]
) -> tuple[ConditionRow, ...]:
    """The conditions of the case's recordings beside those of the population's."""
    sides = [
        (questioned, calibration.questioned, calibration.questioned_distance),
        (known, calibration.known, calibration.known_distance),
    ]
    quantities: tuple[tuple[str, Callable[..., tuple[str, str]]], ...] = (
        (
            "Net speech",
            lambda case, cell, _: (_spread(case, "net_speech_s"), _condition("net_speech_s", cell)),
        ),
        ("SNR", lambda case, cell, _: (_spread(case, "snr_db"), _condition("snr_db", cell))),
        (
            "Bandwidth",
            lambda case, cell, _: (_spread(case, "bandwidth_hz"), _condition("bandwidth_hz", cell)),
        ),
        ("Simulated channel", lambda _, cell, __: ("", printable(cell.name) or "none")),
        ("Largest distance left (0: the same)", lambda _, __, distance: (format_number(distance, 2), "")),
    )
    rows = []
    for name, texts in quantities:
        pairs = [texts(*side) for side in sides]
        rows.append(ConditionRow(name, *pairs[0], *pairs[1]))
    return tuple(rows)


def _spread(case: list[dict[str, list[float]]], column: str) -> str:
    """Lowest to highest of the case's recordings; where it could not be measured in some, that is said."""
    values = [value for side in case for value in side[column]]
    if not values:
        return wording.NOT_MEASURED
    low, high = _measured(column, min(values)), _measured(column, max(values))
    missing = sum(not side[column] for side in case)
    spread = low if low == high else f"{low} to {high}"
    return f"{spread}; in {missing:,} {wording.NOT_MEASURED}" if missing else spread


def _condition(column: str, cell: Conditions) -> str:
    value = getattr(cell, column)
    return "clean" if value is None else _measured(column, value)


def _measured(column: str, value: float) -> str:
    if column == "net_speech_s":
        return format_duration(value)
    digits, unit = 0, "dB" if column == "snr_db" else "Hz"
    finite(value, column)
    return f"{value:,.{digits}f}".replace("-", MINUS) + f"{NO_BREAK}{unit}"


def _metrics(calibration: Calibration) -> tuple[MetricRow, ...]:
    same, different = calibration.same_speaker_log10_lr, calibration.different_speaker_log10_lr
    return (
        _metric("Cllr", calibration.cllr, "0 is perfect, 1 says nothing"),
        _metric("Cllr_min", calibration.cllr_min, "after the best possible calibration"),
        MetricRow(
            "EER",
            format_share(calibration.eer.value),
            f"{format_share(calibration.eer.low)} to {format_share(calibration.eer.high)}",
            "errors of either kind at the point where they are equally frequent",
        ),
        MetricRow(
            "Misleading for H1",
            format_share(float(np.mean(different > 0)) if len(different) else 0.0),
            "",
            f"different-speaker pairs with LR above 1: {int(np.sum(different > 0)):,} of {len(different):,}",
        ),
        MetricRow(
            "Misleading for H2",
            format_share(float(np.mean(same < 0)) if len(same) else 0.0),
            "",
            f"same-speaker pairs with LR below 1: {int(np.sum(same < 0)):,} of {len(same):,}",
        ),
    )


def _metric(name: str, interval: Interval, meaning: str) -> MetricRow:
    return MetricRow(
        name,
        format_number(interval.value, 3),
        f"{format_number(interval.low, 3)} to {format_number(interval.high, 3)}",
        meaning,
    )


def _calibration_plots(
    label: str, calibration: Calibration, served: list[_Comparison]
) -> tuple[ScorePlot, TippettPlot]:
    names = [f"{comparison.questioned} \N{MULTIPLICATION SIGN} {comparison.suspect_label}" for comparison in served]
    scores = ScorePlot(
        name=f"scores{label}",
        caption=(
            f"Calibration {label}: scores of the reference population's same-speaker and different-speaker "
            "pairs. Black lines: scores of the case."
        ),
        same_speaker=calibration.same_speaker_scores,
        different_speaker=calibration.different_speaker_scores,
        marks=tuple(
            Mark(name, comparison.score)
            for name, comparison in zip(names, served, strict=True)
            if comparison.score is not None
        ),
    )
    tippett = TippettPlot(
        name=f"tippett{label}",
        caption=(
            f"Calibration {label}: Tippett plot. For each log10 LR, the share of pairs of the reference "
            "population with at least that LR (cross-validated by speaker). Black lines: LRs of the case. "
            "Shaded: beyond the bounds."
        ),
        same_speaker=calibration.same_speaker_log10_lr,
        different_speaker=calibration.different_speaker_log10_lr,
        bounds=(calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr),
        marks=tuple(
            Mark(name, comparison.log10_lr)
            for name, comparison in zip(names, served, strict=True)
            if comparison.log10_lr is not None
        ),
    )
    return scores, tippett


# --------------------------------------------------------------------------------------------------
# Method, failures, waveforms


def _method(method: Method) -> tuple[Fact, ...]:
    versions = [f"{printable(name)}{NO_BREAK}{printable(version)}" for name, version in method.libraries.items()]
    seeds = [f"{printable(name)}: {seed}" for name, seed in method.seeds.items()]
    return (
        Fact("Software", f"forensic {printable(method.software_version)}"),
        Fact("Model", printable(method.model_name)),
        Fact("Model, SHA-256", printable(method.model_sha256)),
        Fact("Model, licence", printable(method.model_licence) or "not stated"),
        Fact("Model, training data", " ".join(paragraphs(method.model_training_data)) or "not stated"),
        Fact("Settings, SHA-256", printable(method.settings_sha256)),
        Fact("Seeds", ", ".join(seeds) or "none"),
        Fact("Command", printable(method.command_line)),
        Fact("Duration", format_duration(method.duration_s)),
        Fact("Hardware", printable(method.hardware)),
        Fact("Operating system", printable(method.operating_system)),
        Fact("Python", printable(method.python_version)),
        Fact("Libraries", ", ".join(versions) or "not stated"),
    )


def _settings(settings: Mapping[str, Mapping[str, object]]) -> tuple[SettingsTable, ...]:
    return tuple(
        SettingsTable(printable(step), tuple(Fact(printable(k), _setting(v)) for k, v in values.items()))
        for step, values in settings.items()
    )


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "not set"
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "not set"
    return printable(str(value))


def _failures(inputs: ReportInputs, exhibits: _Exhibits) -> tuple[tuple[FailureRow, ...], tuple[FailureRow, ...], str]:
    failures = [
        FailureRow(
            label,
            exhibits.name(label),
            "read",
            printable(row["reason"] or "The file could not be read."),
            printable(row["remedy"] or ""),
        )
        for label, row in exhibits.rows
        if row["status"] == "unreadable"
    ]
    for row in _in_order(inputs.failures, exhibits):
        label = exhibits.label(row["sha256"])
        failures.append(
            FailureRow(
                _channel_label(label, row["channel"] or 0),
                exhibits.name(label),
                printable(row["step"] or ""),
                printable(row["problem"] or ""),
                printable(row["remedy"] or ""),
            )
        )
    skipped = [
        FailureRow(
            "",
            exhibits.relative(row["path"], row["side"]),
            "",
            printable(row["reason"] or "Not an audio file."),
            printable(row["remedy"] or ""),
        )
        for row in exhibits.files.filter(pl.col("status") == "skipped").sort("path").iter_rows(named=True)
    ]
    most = inputs.limits.failures
    notes = [
        f"{len(rows) - most:,} further {what} are in the tables of the case."
        for rows, what in ((failures, "failures"), (skipped, "skipped files"))
        if len(rows) > most
    ]
    return tuple(failures[:most]), tuple(skipped[:most]), " ".join(notes)


def _waveforms(
    comparisons: list[_Comparison], inputs: ReportInputs, exhibits: _Exhibits
) -> tuple[tuple[WaveformPlot, ...], str]:
    """One plot a channel that was compared, questioned recordings first."""
    segments = _rows_by(inputs.segments, "sha256", "channel")
    compared = {comparison.sha256 for comparison in comparisons}
    compared |= {sha256 for comparison in comparisons for sha256 in comparison.known_sha256}
    rows = [
        row
        for row in _in_order(inputs.quality, exhibits)
        if row["sha256"] in compared and row["envelope_low"] and row["envelope_high"]
    ]
    plots = []
    for n, row in enumerate(rows[: inputs.limits.waveforms], 1):
        label = _channel_label(exhibits.label(row["sha256"]), row["channel"])
        speech = sorted((part["start_s"], part["end_s"]) for part in segments[row["sha256"], row["channel"]])
        plots.append(
            WaveformPlot(
                name=f"waveform{n}",
                caption=(
                    f"{label}: {format_duration(row['net_speech_s'])} of speech in "
                    f"{format_duration(row['duration_s'])}, {plural(len(speech), 'stretch', 'stretches')}."
                ),
                duration_s=row["duration_s"],
                low=np.asarray(row["envelope_low"], dtype=np.float64),
                high=np.asarray(row["envelope_high"], dtype=np.float64),
                speech=tuple(speech),
            )
        )
    note = ""
    if len(rows) > len(plots):
        note = (
            f"Waveforms are drawn for the first {len(plots)} of {len(rows):,} channels that were compared; "
            "the speech used in all of them is in the tables of the case."
        )
    return tuple(plots), note


# --------------------------------------------------------------------------------------------------
# Small things


def _channel_label(exhibit: str, channel: int, turn: int = 0) -> str:
    return exhibit + (f" channel {channel}" if channel else "") + (f" turn {turn}" if turn else "")


def _natural(path: str) -> list[tuple[int, str]]:
    """Sorts file2 before file10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", path) if part]


def _common_folder(paths: list[str]) -> str:
    """The deepest folder that holds all paths, with its slash; "" where there is none."""
    folders = [path.split("/")[:-1] for path in paths]
    if not folders:
        return ""
    shared = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared) + "/" if shared else ""


def _capped(rows: list[Any], most: int, noun: str, elsewhere: str) -> tuple[list[Any], str]:
    """The first rows, and a note where that is not all."""
    if len(rows) <= most:
        return rows, ""
    return rows[:most], f"The first {most:,} of {plural(len(rows), noun)} are listed; all are in {elsewhere}."
