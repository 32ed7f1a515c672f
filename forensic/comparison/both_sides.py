"""Both sides of a comparison, starting from their recordings: scanned, then weighed."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forensic.case.details import CaseDetails, load_case_details
from forensic.case.discovery import discover
from forensic.case.folder import CaseFolder
from forensic.case.labels import read_labels, stray_problems
from forensic.case.reference import Suspect
from forensic.case.store import REFERENCE
from forensic.comparison.outcomes import CaseOutcome
from forensic.comparison.request import Basis, ComparisonRequest, load_basis
from forensic.comparison.weigh_case import weigh_case
from forensic.examination.ledger import ScanSummary
from forensic.examination.scan import ScanRequest, scan
from forensic.records import QUESTIONED, Failure, Labels
from forensic.speaker.extractor import SpeakerModel, load_model

Problems = tuple[tuple[Path, Failure], ...]


def scan_suspects(
    case: CaseFolder,
    request: ComparisonRequest,
    suspects: Sequence[Suspect],
    model: SpeakerModel,
    watch: Callable[[ScanSummary], None],
) -> ScanSummary:
    """Scan all recordings of a reference set into a case; arguments and errors as of ``scan``."""
    return scan(
        case,
        ScanRequest(
            tuple(path for suspect in suspects for path in suspect.paths),
            REFERENCE,
            request.model_folder,
            request.settings,
            workers=request.workers,
            labels=request.labels,
        ),
        watch,
        model,
    )


def weigh_both_sides(
    case: CaseFolder,
    questioned: Sequence[Path],
    suspects: Sequence[Suspect],
    request: ComparisonRequest,
    watch_scan: Callable[[ScanSummary], None],
    watch: Callable[[str], None],
    details: CaseDetails | None = None,
) -> tuple[CaseOutcome, Basis, Problems]:
    """Scan questioned recordings and suspects, and weigh each pair.

    Args:
        case: takes the evidence.
        questioned: recordings or folders of them.
        suspects: the reference set.
        request: what to compare; its questioned paths are ignored.
        watch_scan: called with the state of each scan.
        watch: called with the name of each step.
        details: of the case. None: as its ``case.toml`` says.

    Returns:
        The outcome, what it rests on, and the recordings of either side that were rejected.

    Raises:
        ReferenceSetError: if there is no usable suspect.
        ModelError: if the model or its reference population cannot be loaded.
    """
    model = load_model(request.model_folder)  # once for both sides: loading takes as long as half a minute of audio
    own_labels, known_labels, strays = _labels_by_side(
        request, questioned, [path for one in suspects for path in one.paths]
    )
    scanned = scan(
        case,
        ScanRequest(
            tuple(questioned),
            QUESTIONED,
            request.model_folder,
            request.settings,
            workers=request.workers,
            labels=own_labels,
        ),
        watch_scan,
        model,
    )
    began = time.monotonic()
    details = details or load_case_details(case.path)
    basis = load_basis(request.places(details.templates), request.settings, model=model)
    case.check_basis(basis.own, accepts_changed=request.accepts_changed)
    scope = dataclasses.replace(
        request, questioned=tuple(str(path.absolute()) for path in questioned), labels=known_labels
    )
    known = scan_suspects(case, scope, suspects, model, watch_scan)
    outcome = weigh_case(case, scope, suspects, basis, details, began, watch)
    return outcome, basis, (*strays, *scanned.problems, *known.problems)


def _labels_by_side(
    request: ComparisonRequest, questioned: Sequence[Path], known: Sequence[Path]
) -> tuple[Mapping[Path, Labels] | None, Mapping[Path, Labels] | None, Problems]:
    """An examiner's turns in the recordings of each side, and labels for neither.

    None for a side that has no turns, so that earlier ones stay.
    """
    if request.labels is None:
        return None, None, ()
    sides = [discover([root.absolute() for root in roots]).files for roots in (questioned, known)]
    labels = request.labels
    strays: Problems = ()
    if isinstance(labels, Path):
        read = read_labels(labels, list(dict.fromkeys([*sides[0], *sides[1]])))
        labels, strays = read.by_recording, tuple(stray_problems(read.strays))
    own, of_known = ({path: labels[path] for path in side if path in labels} for side in sides)
    return own or None, of_known or None, strays
