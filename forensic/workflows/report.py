"""``forensic report``: the report of an earlier comparison or linking again, from what is stored, without comparing."""

import base64
import dataclasses
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from forensic.audio.phonetics import VoiceDescription, check_phonetics, describe_voice
from forensic.audio.wav import opus_bytes, wav_bytes
from forensic.case.audit import read_audit
from forensic.case.basis import BASIS, OwnFiles, own_files
from forensic.case.details import CASE_FILE, CaseDetails, load_case_details
from forensic.case.discovery import hash_file
from forensic.case.folder import CaseFolder, open_case
from forensic.case.provenance import software
from forensic.case.results import draft, finish_into, stated_outputs
from forensic.case.store import stored_path
from forensic.comparison.excerpts import with_most_speech
from forensic.comparison.listening import Spoken, in_turn, speech_used
from forensic.comparison.outcomes import CaseOutcome, LinkOutcome
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CaseError, RecordingError, SpeechError
from forensic.likelihood_ratio.scale import load_scale, own_scale
from forensic.progress import Note, Watch, counting
from forensic.records import Samples
from forensic.report.case.publish import Side, render_case
from forensic.report.links.render import render_links
from forensic.report.shared.canvas import pictures_taken
from forensic.report.shared.catalogue import check_language
from forensic.report.shared.docx import render_docx
from forensic.report.shared.render import Attached, write_report
from forensic.report.shared.stored import OUTCOME, stored
from forensic.storage.atomic import written_whole
from forensic.storage.release import check_release

LONGEST_AUDIO_S = 60.0
"""Speech of one side that a report plays."""

_LENGTH_S = pl.col("end_s") - pl.col("start_s")
_VERSION = re.compile(r"report-(\d+)\.\w+")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """How to make a report again.

    Attributes:
        wanted: id of the comparison or linking; empty takes the newest comparison.
        is_word: whether to write a Word document too.
        has_audio: whether the HTML page plays the speech that was used; the recordings must still be in place.
        has_phonetics: whether the pages describe the voices, from the recordings as well.
        language: of the report; empty takes that of ``case.toml``.
        listening: new folder for the speech of the comparisons that have a page, as WAV; None for none.
        accepts_changed: whether templates of one's own may differ from those of the case's last results.
    """

    wanted: str = ""
    is_word: bool = False
    has_audio: bool = False
    has_phonetics: bool = False
    language: str = ""
    listening: Path | None = None
    accepts_changed: bool = False


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """A report that was made again.

    Attributes:
        version: 2 or more; the first is the one that the comparison wrote.
        html, pdf: the report, beside the first one.
        docx: the same for Word; None if it was not asked for.
        unheard: recordings whose speech could not be played or exported: gone, changed or no longer decoded.
    """

    version: int
    html: Path
    pdf: Path
    docx: Path | None
    unheard: tuple[str, ...]


def report(path: Path, request: ReportRequest, watch: Note) -> MadeAgain:
    """Make a report again, as the next version beside the earlier ones, which stay as they are.

    Args:
        path: the case; or a folder of results that has none, as ``forensic verify --report`` makes it.
        request: which report, and how.
        watch: called with the name of each step.

    Raises:
        CaseError: if there is no such case, comparison or linking, it or templates of one's own were changed, its
            ``case.toml`` cannot be used, or the folder for listening is there already.
        ReleaseError: if a file that ships is not as it was released.
        ReportError: if the outcome cannot be read, or the report not be rendered.
    """
    check_release()
    if request.has_phonetics:
        check_phonetics()
    if request.listening is not None and request.listening.exists():
        raise CaseError(f"{request.listening} is there already.", "Name a new folder for listening.")
    is_single = (path / OUTCOME).is_file()
    with nullcontext(None) if is_single else open_case(path, create=False) as case:
        folder = path if case is None else _results(case, request.wanted)
        version = _next_version(folder)
        watch("reading the results")
        if case is not None:
            _check_stored(case, folder)
        is_link = folder.parent.name == "links" and case is not None
        found = stored(folder, LinkOutcome) if is_link else stored(folder, CaseOutcome)
        outcome = _as_of_now(found, case, request.language)
        templates = outcome.case_details.templates
        own = own_files([Path(templates)] if templates else [])
        if case is not None:
            case.check_basis(own, accepts_changed=request.accepts_changed)
        check_language(outcome.case_details.language)
        unheard: list[str] = []
        audio = _audio(outcome, unheard, watch) if request.has_audio and not is_link else {}
        voices = _voices(outcome, unheard, watch) if request.has_phonetics and not is_link else {}
        if request.listening is not None and not is_link:
            _write_listening(
                outcome, request.listening, unheard, counting(watch, "writing speech to listen to", "comparisons")
            )
        watch("writing the report")
        taking: AbstractContextManager[dict[str, bytes]] = pictures_taken() if request.is_word else nullcontext({})
        with taking as pictures:
            html = render_links(outcome, version) if is_link else render_case(outcome, version, audio, voices, watch)
        name = f"report-{version}"
        with draft(folder / name) as results:
            attached = Attached("results.json", (folder / "results.json").read_bytes(), outcome.created_utc)
            page, pdf = write_report(results.folder, html, attached, name)
            docx = results.folder / f"{name}.docx" if request.is_word else None
            if docx is not None:
                with written_whole(docx) as file:
                    file.write(render_docx(html, pictures))
            log, facts = (case.audit_log, _audit_facts(case, folder, version, own)) if case else (None, {})
            finish_into(results, log, "report", facts)
    word = folder / docx.name if docx else None
    return MadeAgain(version, folder / page.name, folder / pdf.name, word, tuple(dict.fromkeys(unheard)))


def _results(case: CaseFolder, wanted: str) -> Path:
    """The folder of a comparison or linking."""
    if wanted:
        for parent in (case.comparisons, case.path / "links"):
            if (parent / wanted).is_dir() and Path(wanted).name == wanted:
                return parent / wanted
    found = sorted(each.name for each in case.comparisons.iterdir() if (each / OUTCOME).is_file())
    if wanted:
        raise CaseError(
            f"There is no comparison or linking {wanted} in {case.path}.",
            f"Use one of {', '.join(found[-5:])}." if found else "Run `forensic compare` first.",
        )
    if not found:
        raise CaseError(f"There is no comparison in {case.path}.", "Run `forensic compare` first.")
    return case.comparisons / found[-1]


def _as_of_now(outcome: Any, case: CaseFolder | None, language: str) -> Any:
    """The outcome with ``case.toml``, the end of the log and the laboratory's own scale as they are now."""
    details: CaseDetails = outcome.case_details if case is None else load_case_details(case.path)
    if language:
        details = dataclasses.replace(details, language=language)
    outcome = dataclasses.replace(outcome, case_details=details)
    if case is not None:
        outcome = dataclasses.replace(outcome, method=dataclasses.replace(outcome.method, audit_head=case.audit_head))
    path = own_scale(details.templates)
    if path is None or isinstance(outcome, LinkOutcome):
        return outcome
    return dataclasses.replace(outcome, scale=load_scale(path))


def _next_version(folder: Path) -> int:
    versions = [int(found[1]) for each in folder.iterdir() if (found := _VERSION.fullmatch(each.name))]
    return max(versions, default=1) + 1


def _audio(outcome: CaseOutcome, unheard: list[str], watch: Note) -> Mapping[Side, str]:
    """The speech of every recording behind the pages, as addresses that hold it."""
    found = {}
    reading = counting(watch, "reading the speech that was used", "recordings")
    for done, excerpt in enumerate(outcome.excerpts):
        reading(done, len(outcome.excerpts))
        side = (excerpt.sha256, excerpt.channel, excerpt.turn)
        samples = _speech(outcome, side, unheard)
        if samples is not None:
            found[side] = "data:audio/ogg;base64," + base64.b64encode(opus_bytes(samples)).decode()
    return found


def _voices(outcome: CaseOutcome, unheard: list[str], watch: Note) -> Mapping[Side, VoiceDescription]:
    """A description of every voice behind the pages that has enough voiced speech for one."""
    found = {}
    describing = counting(watch, "describing voices", "recordings")
    for done, excerpt in enumerate(outcome.excerpts):
        describing(done, len(outcome.excerpts))
        side = (excerpt.sha256, excerpt.channel, excerpt.turn)
        samples = _speech(outcome, side, unheard)
        if samples is None:
            continue
        (measured,) = outcome.quality.filter(_is_of(side)).to_dicts()
        speech_s = min(float(outcome.segments.filter(_is_of(side)).select(_LENGTH_S).sum().item()), LONGEST_AUDIO_S)
        with suppress(SpeechError):
            found[side] = describe_voice(samples, speech_s, measured["bandwidth_hz"])
    return found


def _is_of(side: Side) -> pl.Expr:
    sha256, channel, turn = side
    return (pl.col("sha256") == sha256) & (pl.col("channel") == channel) & (pl.col("turn").fill_null(0) == turn)


def _write_listening(outcome: CaseOutcome, folder: Path, unheard: list[str], watch: Watch) -> None:
    """Questioned speech, known speech, and both in turn, of each comparison that is explained."""
    wanted = list(_explained(outcome))
    for done, (name, questioned, known) in enumerate(wanted):
        watch(done, len(wanted))
        sides = [_speech(outcome, side, unheard) for side in (questioned, known)]
        if sides[0] is None or sides[1] is None:
            continue
        (folder / name).mkdir(parents=True)
        parts = {"questioned": sides[0], "known": sides[1], "in turn": in_turn(sides[0], sides[1])}
        for part, samples in parts.items():
            with written_whole(folder / name / f"{part}.wav") as file:
                file.write(wav_bytes(samples))


def _explained(outcome: CaseOutcome) -> Iterator[tuple[str, Side, Side]]:
    """A folder's name and both sides of each comparison whose LR is explained, the highest first."""
    wanted = {(each.questioned_sha256, each.channel, each.turn, each.suspect) for each in outcome.explanations}
    rows = outcome.comparisons.filter(pl.col("status") == STATUS_LR).sort("log10_lr", descending=True)
    for number, row in enumerate(rows.iter_rows(named=True), 1):
        key = (row["questioned_sha256"], row["channel"], row["turn"], row["suspect"])
        most = with_most_speech(row["known_sha256"], outcome.quality) if key in wanted else None
        if most is None:
            continue
        wanted.remove(key)
        stem = Path(row["questioned_path"]).stem
        name = re.sub(r"[^\w.-]+", "_", f"{number:02} {stem} {row['channel']} {row['suspect']}")
        yield name, key[:3], (most["sha256"], most["channel"], most["turn"] or 0)


def _speech(outcome: CaseOutcome, side: Side, unheard: list[str]) -> Samples | None:
    """The speech that was used of one side; None where its recording is no longer what was examined."""
    sha256, channel, _turn = side
    path = stored_path(outcome.files.filter(pl.col("sha256") == sha256)["path"][0])
    stretches = outcome.segments.filter(_is_of(side)).sort("start_s").select("start_s", "end_s").rows()
    try:
        if hash_file(path).sha256 == sha256:
            return speech_used(Spoken(path, channel, tuple(stretches)), LONGEST_AUDIO_S, outcome.method.settings.audio)
    except RecordingError:
        pass
    unheard.append(str(path))
    return None


def _check_stored(case: CaseFolder, folder: Path) -> None:
    """See that what is stored of the results is what the log names."""
    stated = stated_outputs(read_audit(case.audit_log)).get(f"{folder.parent.name}/{folder.name}", {})
    for name in (OUTCOME, "results.json"):
        sha256 = hash_file(folder / name).sha256
        if name not in stated or stated[name].sha256 != sha256:
            raise CaseError(
                f"{folder / name} is not what the log says was written: its SHA-256 is {sha256}.",
                "Restore it from a copy, or compare again.",
            )


def _audit_facts(case: CaseFolder, folder: Path, version: int, own: OwnFiles) -> dict[str, Any]:
    return {
        "of": folder.parent.name,
        "id": folder.name,
        "version": version,
        "software": software(),
        "case_toml_sha256": hash_file(case.path / CASE_FILE).sha256,
        "outcome_sha256": hash_file(folder / OUTCOME).sha256,
        BASIS: dict(own.sha256),
    }
