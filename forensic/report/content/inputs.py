"""What goes into a report: the tables of a case, and what was done with which method."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from forensic.case.details import CaseDetails
from forensic.likelihood_ratio.explanation import Amount, Typicality
from forensic.likelihood_ratio.scale import VerbalScale
from forensic.records import Calibration
from forensic.report.formats import listed, printable


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
        score: how two embeddings are scored, in words.
        score_identity: SHA-256 of the backend that scores them; "cosine" where there is none.
        settings: every setting in force, by step.
        settings_sha256: hash of the settings.
        hardware: processor, cores, accelerator.
        operating_system: its name and version.
        python_version: such as "3.11.9".
        libraries: version by name.
        seeds: seed by what it seeds.
        command_line: the command that was given.
        duration_s: how long the comparison took.
        population: who the reference population is, in a few sentences.
        population_sha256: of it.
        envelope: the conditions outside which no LR is issued, in words; empty where there was no such limit.
        envelope_sha256: of its file.
    """

    software_version: str
    model_name: str
    model_sha256: str
    model_licence: str
    model_training_data: str
    score: str
    score_identity: str
    settings: Mapping[str, Mapping[str, object]]
    settings_sha256: str
    hardware: str
    operating_system: str
    python_version: str
    libraries: Mapping[str, str]
    seeds: Mapping[str, int]
    command_line: str
    duration_s: float
    population: str = ""
    population_sha256: str = ""
    envelope: str = ""
    envelope_sha256: str = ""


@dataclass(frozen=True, slots=True)
class SegmentEffect:
    """A stretch of the questioned speech, and the LR without it.

    Attributes:
        start_s, end_s: in the recording.
        log10_lr_without: of the other stretches, unbounded.
        change: what it adds to the log10 LR of all stretches.
    """

    start_s: float
    end_s: float
    log10_lr_without: float
    change: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one LR hangs on (see ``forensic.likelihood_ratio.explanation``).

    Attributes:
        questioned_path, questioned_sha256, channel, turn, suspect: the comparison.
        stretches: of questioned speech, in all; 0 where the evidence holds none.
        net_speech_s: of them together.
        log10_lr_of_stretches: of their mean, unbounded; None where none can be left out.
        segments: those that change it most, in the order of time; empty where none can be left out.
        amounts: the LR of the first stretches, by amount.
        typicality: None where the population is a list of scores.
    """

    questioned_path: str
    questioned_sha256: str
    channel: int
    turn: int
    suspect: str
    stretches: int
    net_speech_s: float
    log10_lr_of_stretches: float | None
    segments: tuple[SegmentEffect, ...]
    amounts: tuple[Amount, ...]
    typicality: Typicality | None


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
    explanations: int = 20
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
        files, recordings, quality, segments, language, failures: the case's evidence, of one model and one settings.
        comparisons: table of ``COMPARISONS_SCHEMA``.
        known_speakers: the reference set, in the order in which the report numbers it.
        calibrations: by id; at least those that ``comparisons`` names.
        method: what computed the results.
        scale: the verbal scale.
        leakage_warnings: sentences, each on one overlap that was found between sides or with the population.
        language_warnings: sentences, each on sides that are in different languages.
        explanations: of the highest LR of each questioned speaker, as many as were asked for.
        is_identification: whether the question is which of the known speakers each questioned speaker may be.
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
    language: pl.DataFrame
    failures: pl.DataFrame
    comparisons: pl.DataFrame
    known_speakers: tuple[KnownSpeaker, ...]
    calibrations: Mapping[str, Calibration]
    method: Method
    scale: VerbalScale
    leakage_warnings: tuple[str, ...] = ()
    language_warnings: tuple[str, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    results_files: tuple[str, ...] = ("comparisons.csv", "comparisons.parquet")
    is_identification: bool = False
    limits: Limits = field(default_factory=Limits)

    @property
    def all_results(self) -> str:
        """Where all results are, as a sentence names it."""
        return listed([printable(name) for name in self.results_files])
