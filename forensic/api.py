"""The steps of a case for programs and notebooks: what the commands do, with polars frames and records as results.

    >>> import forensic
    >>> forensic.__version__
    '0.1.0'

A short case::

    from forensic import Case, compare, scan

    case = Case("mycase")
    scan(case, ["calls"])
    found = compare(case, "suspects")
    found.comparisons.select("questioned_path", "suspect", "log10_lr")

Everything runs in this process, unless ``workers`` asks for more; a script that does so must start its work below
``if __name__ == "__main__":``, since each worker imports it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from forensic.case.folder import open_case
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CaseError
from forensic.examination.ledger import ScanSummary
from forensic.examination.scan import ScanRequest
from forensic.examination.scan import scan as _scan
from forensic.report.case.publish import Answer
from forensic.settings import Settings, load_settings
from forensic.speaker.extractor import default_model_folder
from forensic.storage.cards import named_folder
from forensic.workflows.compare import ComparisonResult
from forensic.workflows.compare import compare as _compare
from forensic.workflows.identify import identify as _identify
from forensic.workflows.link import LinkRequest, LinkResult
from forensic.workflows.link import link as _link
from forensic.workflows.turns import Voice, find_turns
from forensic.workflows.verify import verify as _verify

AnyPath: TypeAlias = str | Path
AnySettings: TypeAlias = Settings | AnyPath | None
"""Settings, a file of them, or None for the built-in ones."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case folder; ``scan`` makes it where it is missing.

    Attributes:
        path: the folder.
    """

    path: AnyPath

    @property
    def folder(self) -> Path:
        """The path as a path."""
        return Path(self.path)

    def evidence(self, table: str) -> pl.DataFrame:
        """A table of the evidence, such as "recordings", "quality", "segments" or "failures".

        ``docs/case-folder.md`` has every table with its columns.

        Raises:
            CaseError: if there is no case, or the table cannot be read.
        """
        with open_case(self.folder, create=False) as opened:
            return opened.evidence.read(table)

    def turns(self) -> list[Voice]:
        """Who speaks when, in every recording.

        Raises:
            CaseError: if there is no case, or nothing was scanned.
        """
        with open_case(self.folder, create=False) as opened:
            return find_turns(opened)

    @property
    def comparison_ids(self) -> tuple[str, ...]:
        """The comparisons of the case, the oldest first."""
        return tuple(sorted(path.parent.name for path in self.folder.glob("comparisons/*/results.json")))

    def comparisons(self, comparison_id: str | None = None) -> pl.DataFrame:
        """The table of a comparison: one row per questioned recording, channel, speaker in it and suspect.

        Args:
            comparison_id: one of ``comparison_ids``; None for the latest.

        Raises:
            CaseError: if there is none.
        """
        return pl.read_parquet(self._comparison(comparison_id) / "comparisons.parquet")

    def results(self, comparison_id: str | None = None) -> dict[str, Any]:
        """Everything of a comparison, as its ``results.json`` has it: method, calibrations, warnings, comparisons.

        Args:
            comparison_id: one of ``comparison_ids``; None for the latest.

        Raises:
            CaseError: if there is none.
        """
        content: dict[str, Any] = json.loads((self._comparison(comparison_id) / "results.json").read_text("utf-8"))
        return content

    def _comparison(self, comparison_id: str | None) -> Path:
        ids = self.comparison_ids
        chosen = comparison_id or (ids[-1] if ids else None)
        if chosen not in ids:
            raise CaseError(
                f"There is no comparison {chosen or ''} in {self.path}.".replace("  ", " "), "Compare the case first."
            )
        return self.folder / "comparisons" / str(chosen)


def scan(
    case: Case,
    recordings: Sequence[AnyPath],
    *,
    settings: AnySettings = None,
    model: AnyPath | None = None,
    labels: AnyPath | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    workers: int = 1,
) -> ScanSummary:
    """Find the questioned recordings in folders, and store their evidence in a case, as ``forensic scan`` does.

    Args:
        case: made where it is missing.
        recordings: folders, or files.
        settings: of every step.
        model: name or folder; None for the bundled one.
        labels: file or folder of an examiner's turns.
        include: globs; where there are any, a file must fit one.
        exclude: globs of what is left out.
        workers: processes.

    Returns:
        How it went; its ``problems`` are the recordings that were rejected.

    Raises:
        CaseError: if a folder does not exist, or the labels cannot be used.
        ModelError: if the model cannot be loaded.
        SettingsError: if the settings cannot be read.
    """
    request = ScanRequest(
        tuple(map(Path, recordings)),
        "questioned",
        _model(model),
        _settings(settings),
        tuple(include),
        tuple(exclude),
        workers,
        _path(labels),
    )
    with open_case(case.folder, create=True) as opened:
        return _scan(opened, request, _unwatched)


def compare(
    case: Case,
    reference: AnyPath,
    *,
    questioned: Sequence[str] = (),
    settings: AnySettings = None,
    model: AnyPath | None = None,
    labels: AnyPath | None = None,
    scale: AnyPath | None = None,
    calibration: AnyPath | None = None,
    envelope: AnyPath | None = None,
    population: AnyPath | None = None,
    workers: int = 1,
) -> ComparisonResult:
    """Compare the questioned recordings of a case with suspects, and write the report, as ``forensic compare`` does.

    Args:
        case: that was scanned, with the same settings and model.
        reference: folder with one folder or recording per suspect, or a CSV file (path, suspect).
        questioned: paths, folders or globs of recordings; empty for all.
        settings: of every step.
        model: name or folder; None for the bundled one.
        labels: file or folder of an examiner's turns in the suspects' recordings.
        scale: TOML file of verbal equivalents.
        calibration: folder of ``forensic calibrate``; None for the reference population of the model.
        envelope: file of a validation.
        population: people of the relevant population, to be simulated in the conditions of the case.
        workers: processes.

    Returns:
        The folder of the comparison; ``comparisons`` is the table, ``pdf`` the report.

    Raises:
        ReferenceSetError: if there is no usable suspect.
        CaseError: if no questioned recording was scanned.
        ModelError: if the model or its reference population cannot be loaded.
        SettingsError: if the settings or the scale cannot be read.
    """
    request = ComparisonRequest(
        Path(reference),
        _model(model),
        _settings(settings),
        questioned=tuple(questioned),
        scale=_path(scale),
        workers=workers,
        people=_path(population),
        calibration=_path(calibration),
        labels=_path(labels),
        envelope=_path(envelope),
        command_line="forensic.compare (Python)",
    )
    with open_case(case.folder, create=False) as opened:
        return _compare(opened, request, _unwatched, _unwatched)


def verify(
    questioned: AnyPath,
    known: AnyPath,
    *,
    report: AnyPath | None = None,
    settings: AnySettings = None,
    model: AnyPath | None = None,
    labels: AnyPath | None = None,
    calibration: AnyPath | None = None,
    envelope: AnyPath | None = None,
) -> Answer:
    """Compare one questioned recording with one of a known speaker, as ``forensic verify`` does; nothing is kept.

    Args:
        questioned: recording of an unknown speaker.
        known: recording of the known speaker.
        report: new folder for a report; None writes none.
        settings: as in ``compare``.
        model: as in ``compare``.
        labels: as in ``compare``, of both sides.
        calibration: as in ``compare``.
        envelope: as in ``compare``.

    Raises:
        CaseError: if a recording is missing, is a folder, or the report's folder is not empty.
        ReferenceSetError: if the known recording cannot be used.
        ModelError: if the model or its reference population cannot be loaded.
    """
    request = _question(Path(known), settings, model, labels, calibration, envelope)
    return _verify(Path(questioned), Path(known), request, _path(report), _unwatched)


def identify(
    questioned: Sequence[AnyPath],
    reference: AnyPath,
    *,
    report: AnyPath | None = None,
    settings: AnySettings = None,
    model: AnyPath | None = None,
    labels: AnyPath | None = None,
    calibration: AnyPath | None = None,
    envelope: AnyPath | None = None,
) -> Answer:
    """Rank the suspects for each questioned speaker, as ``forensic identify`` does; nothing is kept.

    Args:
        questioned: recordings, or folders of them.
        reference: as in ``compare``.
        report: new folder for a report; None writes none.
        settings: as in ``compare``.
        model: as in ``compare``.
        labels: as in ``compare``, of both sides.
        calibration: as in ``compare``.
        envelope: as in ``compare``.

    Returns:
        ``comparisons`` is the table; ``results["identification"]`` has the ranking, and what chance would give.

    Raises:
        CaseError: if a recording is missing, none of them is one, or the report's folder is not empty.
        ReferenceSetError: if there is no usable suspect.
        ModelError: if the model or its reference population cannot be loaded.
    """
    request = _question(Path(reference), settings, model, labels, calibration, envelope)
    return _identify([Path(each) for each in questioned], request, None, _path(report), _unwatched, _unwatched)


def link(
    case: Case,
    *,
    threshold_log10_lr: float = 1.0,
    settings: AnySettings = None,
    model: AnyPath | None = None,
    calibration: AnyPath | None = None,
    envelope: AnyPath | None = None,
    workers: int = 1,
) -> LinkResult:
    """Compare all recordings of a case with each other, and write the report, as ``forensic link`` does.

    Args:
        case: that was scanned, with the same settings and model.
        threshold_log10_lr: least log10 LR of a link.
        settings: as in ``compare``.
        model: as in ``compare``.
        calibration: as in ``compare``.
        envelope: as in ``compare``.
        workers: as in ``compare``.

    Returns:
        ``voices`` and ``links`` are tables.

    Raises:
        CaseError: if there are no recordings to link.
        ModelError: if the model or its reference population cannot be loaded.
    """
    request = LinkRequest(
        _model(model),
        _settings(settings),
        threshold_log10_lr,
        command_line="forensic.link (Python)",
        calibration=_path(calibration),
        envelope=_path(envelope),
        workers=workers,
    )
    with open_case(case.folder, create=False) as opened:
        return _link(opened, request, _unwatched)


def _question(
    reference: Path,
    settings: AnySettings,
    model: AnyPath | None,
    labels: AnyPath | None,
    calibration: AnyPath | None,
    envelope: AnyPath | None,
) -> ComparisonRequest:
    return ComparisonRequest(
        reference,
        _model(model),
        _settings(settings),
        workers=1,
        calibration=_path(calibration),
        labels=_path(labels),
        envelope=_path(envelope),
        command_line="forensic (Python)",
    )


def _settings(given: AnySettings) -> Settings:
    return given if isinstance(given, Settings) else load_settings(_path(given))


def _model(given: AnyPath | None) -> Path:
    return default_model_folder() if given is None else named_folder(Path(given))


def _path(given: AnyPath | None) -> Path | None:
    return None if given is None else Path(given)


def _unwatched(*_: object) -> None:
    """Nobody looks at the progress."""
