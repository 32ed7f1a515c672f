"""From labelled recordings to LRs whose truth is known, through the steps of a case."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from forensic.case.folder import CaseFolder
from forensic.case.reference import Suspect
from forensic.case.store import AUDIO, path_text
from forensic.comparison.calibrations import Kept, calibration_step
from forensic.comparison.opinions import calibrators, weigh_opinions
from forensic.comparison.refusal import Refusal
from forensic.comparison.request import second_card
from forensic.comparison.sides import Side, known_side, sides_by_recording
from forensic.comparison.tables import REASON_COLUMNS
from forensic.comparison.weigh import Weighed
from forensic.engine import default_workers
from forensic.errors import ValidationError
from forensic.examination.ledger import ScanSummary
from forensic.examination.scan import ScanRequest, scan
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.population import Population, without
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen
from forensic.likelihood_ratio.scale import load_scale
from forensic.likelihood_ratio.second_bank import load_with_second
from forensic.progress import Note, counting
from forensic.quantities import QUANTITIES, Value
from forensic.records import KNOWN, QUESTIONED, Calibration, Role
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.validation.disjoint import shared_people
from forensic.validation.tables import LRS_SCHEMA, Exclusion, LabelledRecording

_MISSING = "The file does not exist."
_MIXED = "Several channels contain speech, or several speakers were found in one; the label is for one speaker."
_OF_TWO_CORPORA = "The two sides are of different corpora, which differ in their channels."
_OF_ONE_SESSION = "Both sides are of one session of one speaker."
REASONS = (_MISSING, _MIXED, _OF_TWO_CORPORA, _OF_ONE_SESSION)
"""Why recordings and comparisons are left out, besides problems of single files."""


@dataclass(frozen=True, slots=True)
class LabelledLrs:
    """Every comparison that was made, and what they rest on.

    Attributes:
        lrs: a table of ``LRS_SCHEMA``, its reasons not yet in words.
        refusals: of its rows; None where a row has an LR.
        exclusions: what was not compared, and why.
        recordings: one row per recording: person, corpus, role, session, condition, language, sex, net_speech_s.
        calibrations: by id.
        model: that embedded.
        population: that calibrated, without the people of the validation.
        left_out: reference speakers who are people of the validation.
    """

    lrs: pl.DataFrame
    refusals: tuple[Refusal | None, ...]
    exclusions: tuple[Exclusion, ...]
    recordings: pl.DataFrame
    calibrations: Mapping[str, Calibration]
    model: SpeakerModel
    population: Population
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelledSide:
    """One side of comparisons: recordings of one person, one session and one condition.

    Attributes:
        side: what they gave, pooled.
        recordings: one or more.
        codec: of the first.
    """

    side: Side
    recordings: tuple[LabelledRecording, ...]
    codec: str

    @property
    def label(self) -> LabelledRecording:
        """The person, session and condition of all of them."""
        return self.recordings[0]


@dataclass(frozen=True, slots=True)
class LabelledSides:
    """The sides that labelled recordings gave.

    Attributes:
        known: all known recordings of one person, session and condition each.
        questioned: one recording each.
        exclusions: recordings that could not be used.
    """

    known: tuple[LabelledSide, ...]
    questioned: tuple[LabelledSide, ...]
    exclusions: tuple[Exclusion, ...]


def weigh_labelled(
    case: CaseFolder,
    recordings: Sequence[LabelledRecording],
    model_folder: Path,
    settings: Settings,
    workers: int | None,
    *,
    allow_same_session: bool,
    envelope: Envelope | None,
    watch_scan: Callable[[ScanSummary], None],
    watch: Note,
) -> LabelledLrs:
    """Scan, score and calibrate labelled recordings like those of a case.

    A known side is all known recordings of one person, session and condition, pooled; a questioned side is one
    recording. Each known side is compared with each questioned side of the same corpus (of any, if no corpora are
    given), except those of the same person and session.

    Args:
        case: where the evidence is kept; a second run reads it from there.
        recordings: with their labels.
        model_folder: folder of the model, with the reference population.
        settings: of every step.
        workers: number of processes. None: one per processor.
        allow_same_session: compare recordings of one session with each other as well.
        envelope: outside which no LR is issued; None if the validation is to find it.
        watch_scan: called with the state of the scan.
        watch: called with the name of each step.

    Raises:
        ValidationError: if no recording exists, or no comparison remains.
        ModelError: if the model or its reference population cannot be loaded.
    """
    model = load_model(model_folder)
    second = second_card(settings)
    population = load_with_second(model_folder, model.identity.sha256, second.identity.sha256 if second else None)
    left_out = shared_people(population, {(recording.corpus, recording.speaker) for recording in recordings})
    population = chosen(without(population, left_out), PopulationChoice())
    sides = examine_labelled(case, recordings, model, model_folder, settings, workers, watch_scan)
    known, questioned = sides.known, sides.questioned
    fitting = counting(watch, "fitting the calibration", "parts")
    first = calibration_step(population, settings.comparison, model.backend, Kept(model_folder), fitting)
    weighed = weigh_opinions(
        [each.side for each in questioned],
        [each.side for each in known],
        calibrators(first, watch),
        load_scale(),
        envelope,
        workers=workers or default_workers(),
        watch=counting(watch, "calibrating", "conditions"),
    ).issued
    lrs, refusals, not_compared = _labelled_rows(weighed, known, questioned, allow_same_session=allow_same_session)
    if lrs.is_empty() or lrs["same_speaker"].all() or not lrs["same_speaker"].any():
        kind = "different-speaker" if not lrs.is_empty() and lrs["same_speaker"].all() else "same-speaker"
        raise ValidationError(
            f"The manifest leaves no {kind} comparison.",
            "Give speakers of one corpus known and questioned recordings, of different sessions "
            "or use --allow-same-session and say so.",
        )
    return LabelledLrs(
        lrs=lrs,
        refusals=refusals,
        exclusions=(
            *sides.exclusions,
            *(Exclusion("comparisons", number, reason) for reason, number in not_compared.items()),
        ),
        recordings=_recordings_table(known, questioned),
        calibrations={
            name: weighed.calibrations[name] for name in lrs["calibration_id"].drop_nulls().unique(maintain_order=True)
        },
        model=model,
        population=population,
        left_out=left_out,
    )


def examine_labelled(
    case: CaseFolder,
    recordings: Sequence[LabelledRecording],
    model: SpeakerModel,
    model_folder: Path,
    settings: Settings,
    workers: int | None,
    watch: Callable[[ScanSummary], None],
) -> LabelledSides:
    """Scan labelled recordings like those of a case, and split them into sides.

    Args:
        case: where the evidence is kept; a second run reads it from there.
        recordings: with their labels.
        model: that embeds.
        model_folder: folder of the model.
        settings: of every step.
        workers: number of processes. None: one per processor.
        watch: called with the state of the scan.

    Raises:
        ValidationError: if none of them exists.
    """
    there = [recording for recording in recordings if recording.path.is_file()]
    missing = [recording for recording in recordings if not recording.path.is_file()]
    if not there:
        raise ValidationError(
            f"No recording of the manifest exists, such as {recordings[0].path}.",
            "Give paths relative to the manifest's folder.",
        )
    roots = tuple(dict.fromkeys(recording.path for recording in there))
    scan(case, ScanRequest(roots, QUESTIONED, model_folder, settings, workers=workers), watch, model)
    key = (model.identity.sha256, settings.evidence_sha256)
    names = ("recordings", "quality", "embeddings", "failures")
    second = second_card(settings)
    evidence = {name: case.evidence.read_of(name, *key) for name in names} | {
        "files": case.evidence.read("files"),
        "second": case.evidence.second_of(*key, second.identity.sha256 if second else None),
    }
    known, questioned, mixed = _sides(there, evidence)
    exclusions = (
        *_excluded(missing, _MISSING),
        *_excluded(mixed, _MIXED),
        *_excluded_failures(there, evidence),
    )
    return LabelledSides(tuple(known), tuple(questioned), exclusions)


def _sides(
    recordings: Sequence[LabelledRecording], evidence: Mapping[str, pl.DataFrame]
) -> tuple[list[LabelledSide], list[LabelledSide], list[LabelledRecording]]:
    """Known sides, questioned sides, and the recordings with several channels or speakers."""
    by_recording = sides_by_recording(evidence)
    sha256 = dict(evidence["files"].select("path", "sha256").iter_rows())
    codecs = dict(evidence["recordings"].select("sha256", "codec").iter_rows())
    mixed: list[LabelledRecording] = []
    usable: list[LabelledRecording] = []
    for recording in recordings:
        is_mixed = len(by_recording.get(sha256.get(_text(recording), ""), ())) > 1
        (mixed if is_mixed else usable).append(recording)
    groups: dict[tuple[str, str, str], list[LabelledRecording]] = {}
    for recording in usable:
        if recording.role == KNOWN:
            groups.setdefault((recording.person, recording.session, recording.condition), []).append(recording)

    def side(name: str, members: Sequence[LabelledRecording]) -> LabelledSide:
        found = known_side(Suspect(name, tuple(member.path for member in members)), evidence, by_recording)
        codec = codecs.get(sha256.get(_text(members[0]), ""), "")
        return LabelledSide(found, tuple(members), codec or "")

    known = [side(f"K{number}", members) for number, members in enumerate(groups.values())]
    alone = [recording for recording in usable if recording.role == QUESTIONED]
    return known, [side(f"Q{number}", [recording]) for number, recording in enumerate(alone)], mixed


def _text(recording: LabelledRecording) -> str:
    return path_text(recording.path.absolute())


def _labelled_rows(
    weighed: Weighed,
    known: Sequence[LabelledSide],
    questioned: Sequence[LabelledSide],
    *,
    allow_same_session: bool,
) -> tuple[pl.DataFrame, tuple[Refusal | None, ...], Counter[str]]:
    """The comparisons that count, with labels and refusals, and how many were left out for each reason."""
    known_by_name = {each.side.name: each for each in known}
    questioned_by_name = {each.side.name: each for each in questioned}
    names_conditions = len({each.label.condition for each in known}) > 1
    left_out: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    refusals: list[Refusal | None] = []
    for row, refused in zip(weighed.comparisons.to_dicts(), weighed.refusals, strict=True):
        k, q = known_by_name[row["suspect"]], questioned_by_name[row["questioned_path"]]
        if k.label.corpus != q.label.corpus:
            left_out[_OF_TWO_CORPORA] += 1
            continue
        is_same = k.label.person == q.label.person
        if is_same and k.label.session == q.label.session and not allow_same_session:
            left_out[_OF_ONE_SESSION] += 1
            continue
        refusals.append(refused)
        rows.append(
            dict.fromkeys(LRS_SCHEMA)
            | _measured(k.side, KNOWN)
            | _measured(q.side, QUESTIONED)
            | {name: row[name] for name in _FROM_COMPARISON}
            | {
                "same_speaker": is_same,
                "speaker_known": k.label.person,
                "speaker_questioned": q.label.person,
                "session_known": k.label.session,
                "session_questioned": q.label.session,
                "corpus": q.label.corpus or None,
                "condition": _both(k, q, "condition") if names_conditions else q.label.condition or None,
                "language": _both(k, q, "language"),
                "sex": _both(k, q, "sex"),
                "codec": q.codec or None,
                "known_recordings": [str(recording.path) for recording in k.recordings],
                "questioned_recording": str(q.label.path),
            }
        )
    return pl.DataFrame(rows, LRS_SCHEMA, orient="row"), tuple(refusals), left_out


_FROM_COMPARISON = (
    "score",
    "second_score",
    "fused_score",
    "first_log10_lr",
    "second_log10_lr",
    "log10_lr",
    "log10_lr_low",
    "log10_lr_high",
    "unbounded_log10_lr",
    "status",
    *REASON_COLUMNS,
    "calibration_id",
)


def _measured(side: Side, role: Role) -> dict[str, Value]:
    if side.conditions is None:
        return {}
    return {quantity.of_side(role): getattr(side.conditions, quantity.name) for quantity in QUANTITIES}


def _both(known: LabelledSide, questioned: LabelledSide, name: str) -> str | None:
    """A label of both sides; given once if both are the same."""
    one, other = getattr(known.label, name), getattr(questioned.label, name)
    if not one and not other:
        return None
    return one if one == other else f"{one or 'not stated'} / {other or 'not stated'}"


def _excluded(recordings: Sequence[LabelledRecording], reason: str) -> list[Exclusion]:
    names = tuple(str(recording.path) for recording in recordings)
    return [Exclusion("recordings", len(names), reason, names)] if names else []


def _excluded_failures(
    recordings: Sequence[LabelledRecording], evidence: Mapping[str, pl.DataFrame]
) -> list[Exclusion]:
    """Recordings that could not be examined, by problem."""
    problems: dict[str, list[str]] = {}
    failures = evidence["files"].join(evidence["failures"], on="sha256").select("path", "problem").iter_rows()
    reasons = dict(evidence["files"].filter(pl.col("status") != AUDIO).select("path", "reason").iter_rows()) | dict(
        failures
    )
    for recording in recordings:
        if problem := reasons.get(_text(recording)):
            problems.setdefault(problem, []).append(str(recording.path))
    return [Exclusion("recordings", len(names), problem, tuple(names)) for problem, names in problems.items()]


def _recordings_table(known: Sequence[LabelledSide], questioned: Sequence[LabelledSide]) -> pl.DataFrame:
    rows = [
        dataclasses.asdict(recording)
        | {
            "path": str(recording.path),
            "net_speech_s": each.side.conditions.net_speech_s / len(each.recordings) if each.side.conditions else None,
        }
        for each in (*known, *questioned)
        for recording in each.recordings
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
