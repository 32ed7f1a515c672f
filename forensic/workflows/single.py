"""``forensic verify`` and ``forensic identify``: a single question about named recordings, by the way of a case."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from forensic.case.discovery import check_roots, discover
from forensic.case.folder import CaseFolder, temporary_case
from forensic.case.labels import read_labels
from forensic.case.reference import Suspect, read_reference_set
from forensic.case.store import STATUS_LR
from forensic.errors import CaseError
from forensic.likelihood_ratio.chance import expected_by_chance
from forensic.records import Calibration, Failure, Labels
from forensic.speaker.extractor import load_model
from forensic.workflows.compare import (
    ComparisonRequest,
    ComparisonResult,
    WeighedCase,
    publish,
    publish_in_case,
    results_of,
    weigh_case,
)
from forensic.workflows.scan import ScanRequest, ScanSummary, scan

WatchScan = Callable[[ScanSummary], None]
Watch = Callable[[str], None]

CHANCE_LOG10_LR = (0, 1, 2, 3)
"""Sizes of LR for which the number to expect by chance is stated."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a single question gave.

    Attributes:
        comparisons: a row a questioned recording, channel, turn and known speaker.
        results: everything of the result that another program may want, in JSON values.
        problems: recordings that were rejected, on either side.
        published: the report and its folder; None where none was asked for.
    """

    comparisons: pl.DataFrame
    results: dict[str, Any]
    problems: tuple[tuple[Path, Failure], ...]
    published: ComparisonResult | None


def verify(questioned: Path, known: Path, request: ComparisonRequest, report: Path | None, watch: Watch) -> Answer:
    """One recording against one of a known speaker.

    Args:
        questioned: the recording of an unknown speaker.
        known: that of a known one.
        request: with which model and settings; its reference and questioned paths are not looked at.
        report: folder that takes results and report; None for none.
        watch: called with the name of each step.

    Raises:
        CaseError: if a recording is missing, is a folder, or the report's folder is not empty.
        ReferenceSetError: if the known recording cannot be used.
        ModelError: if the model or its reference population cannot be loaded.
    """
    for path in (questioned, known):
        check_roots([path])
        if path.is_dir():
            raise CaseError(f"{path} is a folder.", "Name two recordings; for folders, use `forensic compare`.")
    _check_new(report)
    with temporary_case() as case:
        suspect = Suspect(known.name, (known,))
        scope = dataclasses.replace(request, reference=known, explains=report is not None)
        weighed, problems = _weighed(case, [questioned], scope, [suspect], lambda _: None, watch)
        published = _published(weighed, report, watch)
    return Answer(weighed.report.comparisons, _results(weighed), problems, published)


def identify(
    questioned: Sequence[Path],
    request: ComparisonRequest,
    case: CaseFolder | None,
    report: Path | None,
    watch_scan: WatchScan,
    watch: Watch,
) -> Answer:
    """Recordings of unknown speakers against every suspect of a reference set.

    Args:
        questioned: recordings or folders of them.
        request: with the reference set, and which model and settings; its questioned paths are not looked at.
        case: takes evidence, results and report; None keeps nothing but what ``report`` asks for.
        report: folder that takes results and report where there is no case; None for none.
        watch_scan: called with the state of each scan.
        watch: called with the name of each step.

    Raises:
        CaseError: if a recording is missing, none of them is one, or the report's folder is not empty.
        ReferenceSetError: if there is no usable suspect.
        ModelError: if the model or its reference population cannot be loaded.
    """
    check_roots(questioned)
    _check_new(report)
    suspects = read_reference_set(request.reference)
    if case is not None:
        weighed, problems = _weighed(case, questioned, request, suspects, watch_scan, watch)
        weighed = _as_identification(weighed)
        watch("writing the report")
        published: ComparisonResult | None = publish_in_case(case, weighed, request, "identify")
    else:
        scope = dataclasses.replace(request, explains=report is not None)
        with temporary_case() as passing:
            weighed, problems = _weighed(passing, questioned, scope, suspects, watch_scan, watch)
            weighed = _as_identification(weighed)
            published = _published(weighed, report, watch)
    calibrations = weighed.report.calibrations
    ranked = {"identification": ranking(weighed.report.comparisons, calibrations)}
    return Answer(weighed.report.comparisons, _results(weighed) | ranked, problems, published)


def ranking(comparisons: pl.DataFrame, calibrations: Mapping[str, Calibration]) -> list[dict[str, Any]]:
    """For each questioned speaker the suspects by LR, and what chance would give if it were none of them.

    Returns:
        JSON values, in the order of the comparisons. ``expected_as_high`` is the number of suspects who would be
        expected to reach the highest LR, or a higher one, if every comparison were of two people.
    """
    speakers = []
    for (path, channel, turn, found), rows in comparisons.group_by(
        "questioned_path", "channel", "turn", "speakers", maintain_order=True
    ):
        issued = rows.filter(pl.col("status") == STATUS_LR).sort("log10_lr", descending=True)
        uses = Counter(issued["calibration_id"].to_list())
        chance = [
            {
                "log10_lr": size,
                "expected": expected_by_chance(uses, calibrations, size),
                "found": int((issued["log10_lr"] >= size).sum()),
            }
            for size in CHANCE_LOG10_LR
        ]
        highest = None if issued.is_empty() else float(issued["log10_lr"][0])
        speakers.append(
            {
                "questioned_path": path,
                "channel": channel,
                "turn": turn,
                "speakers": found,
                "suspects": rows.height,
                "ranked": issued.select(
                    "suspect", "log10_lr", "log10_lr_low", "log10_lr_high", "unbounded_log10_lr", "verbal_equivalent"
                ).to_dicts(),
                "no_lr": rows.filter(pl.col("status") != STATUS_LR).select("suspect", "reason").to_dicts(),
                "expected_as_high": None if highest is None else expected_by_chance(uses, calibrations, highest),
                "chance": chance,
            }
        )
    return speakers


def _weighed(
    case: CaseFolder,
    questioned: Sequence[Path],
    request: ComparisonRequest,
    suspects: Sequence[Suspect],
    watch_scan: WatchScan,
    watch: Watch,
) -> tuple[WeighedCase, tuple[tuple[Path, Failure], ...]]:
    """The scan of the questioned recordings, and their comparisons with the suspects."""
    model = load_model(request.model_folder)  # once for both sides: it takes as long as half a minute of audio
    own_labels, known_labels = _labels_by_side(request, questioned, [path for one in suspects for path in one.paths])
    scanned = scan(
        case,
        ScanRequest(
            tuple(questioned),
            "questioned",
            request.model_folder,
            request.settings,
            workers=request.workers,
            labels=own_labels,
        ),
        watch_scan,
        model,
    )
    scope = dataclasses.replace(
        request, questioned=tuple(str(path.absolute()) for path in questioned), labels=known_labels
    )
    weighed = weigh_case(case, scope, suspects, watch_scan, watch, model)
    return weighed, (*scanned.problems, *weighed.known.problems)


def _labels_by_side(
    request: ComparisonRequest, questioned: Sequence[Path], known: Sequence[Path]
) -> tuple[Mapping[Path, Labels] | None, Mapping[Path, Labels] | None]:
    """An examiner's turns in the recordings of each side; None for a side that has none, so that earlier ones stay."""
    if request.labels is None:
        return None, None
    sides = [discover([root.absolute() for root in roots]).files for roots in (questioned, known)]
    labels = request.labels
    if isinstance(labels, Path):
        labels = read_labels(labels, list(dict.fromkeys([*sides[0], *sides[1]])))
    own, of_known = ({path: labels[path] for path in side if path in labels} for side in sides)
    return own or None, of_known or None


def _as_identification(weighed: WeighedCase) -> WeighedCase:
    return dataclasses.replace(weighed, report=dataclasses.replace(weighed.report, is_identification=True))


def _check_new(report: Path | None) -> None:
    if report is not None and report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise CaseError(f"{report} is there already.", "Name a new or empty folder for the report.")


def _published(weighed: WeighedCase, report: Path | None, watch: Watch) -> ComparisonResult | None:
    if report is None:
        return None
    watch("writing the report")
    report.mkdir(parents=True, exist_ok=True)
    return publish(report, weighed)


def _results(weighed: WeighedCase) -> dict[str, Any]:
    return results_of(weighed.report, weighed.details)
