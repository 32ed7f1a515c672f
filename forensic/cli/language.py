"""``forensic language``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensic.cli.options import ChannelsOption, JsonOption, SettingsOption, WorkersOption, model_option
from forensic.cli.scan import settings_with
from forensic.cli.terminal import (
    DONE_WITH_FAILURES,
    columns,
    console,
    meter,
    print_json,
    print_rejected,
    shown,
)

if TYPE_CHECKING:
    from forensic.records import Recognition
    from forensic.workflows.language import LanguageFinding


def language_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")],
    model: Annotated[Path | None, model_option("Language model", "--model")] = None,
    accent_model: Annotated[Path | None, model_option("Accent model", "--accent-model")] = None,
    channels: ChannelsOption = None,
    settings: SettingsOption = None,
    workers: WorkersOption = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="File that keeps what was found, recording by recording: with the same file, a command that was "
            "stopped goes on, and nothing is listened to twice. Default: nothing is kept.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Classify the language of recordings, and the accent of English.

    Instead of a language the answer may be that there is too little speech, that it is none of the languages, or that
    the most probable language is not covered: validation found too many errors for it. Exit code 3: done, but some
    recordings were rejected.
    """
    from forensic.report.shared.formats import plural
    from forensic.workflows.language import Identifier, identify_languages

    identifier = Identifier(model, accent_model, settings_with(settings, channels))
    with meter("Listening") as bar:
        findings = identify_languages(
            paths,
            identifier,
            workers,
            lambda done, total: bar.update(done, total, f"{done:,} of {plural(total, 'file')}"),
            keep,
        )
    if as_json:
        print_json([describe(finding) for finding in findings])
    else:
        _print_table(findings)
    rejected = [(finding.path, finding.failure) for finding in findings if finding.failure is not None]
    print_rejected(rejected)
    if rejected:
        raise typer.Exit(DONE_WITH_FAILURES)


def describe(finding: "LanguageFinding") -> dict[str, Any]:
    """A finding as plain values.

    ``language`` and ``accent`` are tags, null where none is named; ``answer`` says why. ``probability`` is that of the
    first of ``top``, named or not.
    """
    plain: dict[str, Any] = {"path": str(finding.path), "channel": finding.channel}
    if finding.failure is not None:
        failure = finding.failure
        error = {"step": failure.step, "problem": failure.problem, "remedy": failure.remedy}
        return plain | {"language": None, "probability": None, "top": [], "answer": "rejected", "error": error}
    assert finding.language is not None
    plain |= _plain(finding.language, "language") | {
        "net_speech_s": round(finding.language.speech_s, 2),
        "accent": None,
    }
    if finding.accent is not None:
        accent = _plain(finding.accent, "accent")
        plain |= {f"accent_{name}" if name != "accent" else name: value for name, value in accent.items()}
    return plain


def _plain(recognition: "Recognition", what: str) -> dict[str, Any]:
    return {
        what: recognition.name,
        "probability": recognition.probability,
        "top": [{what: each.name, "probability": each.probability} for each in recognition.top],
        "answer": recognition.answer,
    }


def _print_table(findings: "list[LanguageFinding]") -> None:
    from forensic.report.case.exhibits import common_folder

    below = common_folder([str(finding.path) for finding in findings])
    table = columns("Recording", "Speech", "Language", "", "Accent", "Next", right=("Speech",))
    for finding in findings:
        if finding.language is None:
            continue
        spoken, accent = finding.language, finding.accent
        name = str(finding.path).removeprefix(below)
        where = shown(name) + (f", channel {finding.channel}" if finding.channel else "")
        table.add_row(
            where,
            f"{spoken.speech_s:.1f} s",
            _named(spoken),
            f"{spoken.probability:.2f}" if spoken.name and spoken.probability is not None else "",
            _accent(accent) if accent else "",
            _next(spoken),
        )
    console.print(table)


def _named(found: "Recognition") -> str:
    """The name, marked where it is improbable, or why there is none."""
    from forensic.language.names import SURE, name_of

    if found.name is None or found.probability is None:
        return f"[yellow]{found.answer}[/]"
    return shown(name_of(found.name)) + (" [yellow](unsure)[/]" if found.probability < SURE else "")


def _accent(accent: "Recognition") -> str:
    return _named(accent) + (f", {accent.probability:.2f}" if accent.name else "")


def _next(spoken: "Recognition") -> str:
    """The other candidates; all of them where no language is named."""
    from forensic.language.names import name_of

    candidates = spoken.top[1:] if spoken.name else spoken.top
    return ", ".join(f"{shown(name_of(each.name))} {each.probability:.2f}" for each in candidates)
