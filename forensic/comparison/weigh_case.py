"""From the evidence of a case to the outcome of its comparisons."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from forensic.case.details import CaseDetails
from forensic.case.folder import CaseFolder
from forensic.case.reference import Suspect
from forensic.case.store import path_text
from forensic.comparison.calibrations import Kept, calibration_step
from forensic.comparison.consistency import ConsistencyCheck, check_suspects
from forensic.comparison.excerpts import take_excerpts
from forensic.comparison.explain import explain
from forensic.comparison.independence import NotChosen, find_suspicions, not_searched
from forensic.comparison.method import method_of
from forensic.comparison.neighbours import Neighbour, neighbours
from forensic.comparison.opinions import calibrators, weigh_opinions
from forensic.comparison.outcomes import CaseOutcome, Excerpt, Explanation, KnownRecording, KnownSpeaker
from forensic.comparison.own_reference import own_references
from forensic.comparison.request import Basis, ComparisonRequest
from forensic.comparison.sides import Side, known_side, leaks, questioned_sides, sides_by_recording, voices_of
from forensic.comparison.spoken_language import language_differences
from forensic.engine import default_workers, one_thread
from forensic.errors import ReferenceSetError
from forensic.likelihood_ratio.population import Population, without
from forensic.likelihood_ratio.relevant import chosen
from forensic.progress import Note, counting

_SHORTEST_SIMULATED_S = 1.0  # no envelope reaches below


@one_thread()
def weigh_case(
    case: CaseFolder,
    request: ComparisonRequest,
    suspects: Sequence[Suspect],
    basis: Basis,
    details: CaseDetails,
    began: float,
    watch: Note,
) -> CaseOutcome:
    """Score, calibrate, decide, explain.

    Args:
        case: with the evidence of the questioned recordings and of the suspects' recordings.
        request: what to compare.
        suspects: the reference set.
        basis: what the comparisons rest on.
        details: of the case, as a person wrote them.
        began: when the work began, by ``time.monotonic``.
        watch: called with the name of each step before it.

    Raises:
        ReferenceSetError: if there is no usable suspect.
        CaseError: if no questioned recording was scanned, or ``request.questioned`` matches none.
    """
    created = datetime.now(UTC)
    settings, workers = request.settings, request.workers or default_workers()
    watch("scoring")
    case.check_evidence()
    second = basis.second
    evidence = case.evidence.tables_of(
        basis.model.identity.sha256, settings.evidence_sha256, second.identity.sha256 if second else None
    )
    by_recording = sides_by_recording(evidence)
    questioned = questioned_sides(evidence, by_recording, request.questioned)
    known = [known_side(suspect, evidence, by_recording) for suspect in suspects]
    if all(side.embedding is None for side in known):
        raise ReferenceSetError(
            f"No suspect of {request.reference} has a usable recording: {known[0].problem}",
            "Supply recordings with enough clear speech of each suspect.",
        )
    choice = details.relevant_population
    population = basis.population or _simulated(case, request, questioned, known, watch)
    if isinstance(population, Population):
        population = chosen(population, choice)
    not_chosen: tuple[NotChosen, ...] = ()
    if isinstance(population, Population) and basis.population and request.calibration is None and choice.is_blank:
        not_chosen = (NotChosen(len(np.unique(population.speaker))),)
    kept = Kept(basis.model.folder, case.calibrations)
    fitting = partial(calibration_step, settings=settings.comparison, backend=basis.model.backend, kept=kept)
    first = fitting(population, watch=counting(watch, "fitting the calibration", "parts"))
    own = own_references([*questioned, *known], first)
    left_out = {one.speaker for one in own}
    if own:
        assert isinstance(population, Population)
        population = without(population, left_out)
        first = fitting(population, watch=counting(watch, "fitting it without people of the case", "parts"))
    by = calibrators(first, watch)
    watch("comparing the recordings of each suspect")
    known, consistency = check_suspects(
        known,
        [voices_of(suspect, evidence, by_recording) for suspect in suspects],
        ConsistencyCheck(by.first),
    )
    watch("looking for copies")
    sha256 = [value for side in (*questioned, *known) for value in side.sha256]
    suspicions = find_suspicions(evidence, sha256, _sessions(suspects, evidence["files"]))
    watch("calibrating")
    opinions = weigh_opinions(
        questioned,
        known,
        by,
        basis.scale,
        basis.envelope,
        suspicions,
        workers,
        counting(watch, "calibrating", "conditions"),
    )
    others: tuple[Neighbour, ...] = ()
    if request.explains and isinstance(basis.population, Population) and request.calibration is None:
        others = neighbours(
            basis.population,
            choice,
            left_out,
            (questioned, known),
            opinions,
            settings.comparison,
            basis.model,
            counting(watch, "trying other populations", "choices"),
        )
    explanations: tuple[Explanation, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    if request.explains:
        watch("explaining")
        explanations = explain(
            (questioned, known),
            opinions.first.comparisons,
            opinions.first.calibrations,
            evidence["segments"],
            by.first,
            opinions.issued.comparisons,
            workers,
            counting(watch, "explaining", "calibrations"),
        )
        excerpts = take_excerpts(
            explanations,
            opinions.issued.comparisons,
            evidence["files"],
            evidence["quality"],
            evidence["segments"],
            settings.audio,
            counting(watch, "drawing spectrograms", "recordings"),
        )
    return CaseOutcome(
        case_details=details,
        comparison_id="",
        created_utc=created,
        files=evidence["files"],
        recordings=evidence["recordings"],
        quality=evidence["quality"],
        segments=evidence["segments"],
        language=evidence["language"],
        failures=evidence["failures"],
        comparisons=opinions.issued.comparisons,
        refusals=opinions.issued.refusals,
        known_speakers=_known_speakers(suspects, evidence["files"]),
        calibrations=opinions.issued.calibrations,
        method=method_of(
            basis.model,
            settings,
            request.command_line,
            time.monotonic() - began,
            population,
            simulated_from=request.people,
            own=request.calibration,
            envelope=basis.envelope,
            second=second,
            audit_head=case.audit_head,
        ),
        scale=basis.scale,
        consistency=consistency,
        leaks=(*leaks(questioned, known, suspicions), *own, *not_searched(evidence, sha256), *not_chosen),
        language_differences=language_differences(questioned, known, evidence["language"]),
        explanations=explanations,
        neighbours=others,
        excerpts=excerpts,
    )


def _simulated(
    case: CaseFolder,
    request: ComparisonRequest,
    questioned: Sequence[Side],
    known: Sequence[Side],
    watch: Note,
) -> Population:
    """The population's people, simulated in the conditions of every side that can be compared."""
    from forensic.comparison.case_population import CasePopulationRequest, simulate_case_population

    if request.people is None:
        raise ReferenceSetError("No people of the relevant population are given.", "Give them with --population.")
    least_s = max(request.settings.comparison.min_net_speech_s, _SHORTEST_SIMULATED_S)
    usable_questioned, usable_known = (
        [one.conditions for one in sides if one.conditions is not None and one.conditions.net_speech_s >= least_s]
        for sides in (questioned, known)
    )
    folder = case.path / "population"
    simulating = counting(watch, "simulating the population", "conditions")

    def done(number: int, of: int) -> None:
        if case.binding is not None:
            case.binding.note_written(folder)
        simulating(number, of)

    return simulate_case_population(
        usable_questioned,
        usable_known,
        CasePopulationRequest(request.people, request.model_folder, folder, request.workers or default_workers()),
        done,
        counting(watch, "reading lengths", "recordings of the population"),
    )


def _sessions(suspects: Sequence[Suspect], files: pl.DataFrame) -> Mapping[str, str]:
    """The session of each known recording that has one, by SHA-256; each name belongs to one suspect."""
    sha256 = dict(files.select("path", "sha256").iter_rows())
    return {
        value: f"{suspect.name}: {session}"
        for suspect in suspects
        for path, session in zip(suspect.paths, suspect.sessions, strict=False)
        if session and (value := sha256.get(_text(path)))
    }


def _known_speakers(suspects: Sequence[Suspect], files: pl.DataFrame) -> tuple[KnownSpeaker, ...]:
    sha256 = dict(files.select("path", "sha256").iter_rows())
    return tuple(
        KnownSpeaker(
            suspect.name,
            tuple(
                KnownRecording(text, sha256[text] or "", session)
                for path, session in zip(suspect.paths, suspect.sessions or ("",) * len(suspect.paths), strict=True)
                if (text := _text(path)) in sha256
            ),
        )
        for suspect in suspects
    )


def _text(path: Path) -> str:
    return path_text(path.absolute())
