"""``forensic models``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forensic.cli.help import Commands, QuietOption
from forensic.cli.options import JsonOption
from forensic.cli.terminal import FAILED, be_quiet, columns, console, print_json, shown, shown_path

if TYPE_CHECKING:
    from forensic.workflows.models import ModelState

models_app = Commands(help="List the installed models; show, verify or import one.", invoke_without_command=True)

FoldersOption = Annotated[
    list[Path] | None, typer.Option("--in", help="Look in this folder as well; may be repeated.", show_default=False)
]


@models_app.callback()
def list_command(
    context: typer.Context, folders: FoldersOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """List the models, each checked against the hashes of its card."""
    if context.invoked_subcommand is not None:
        return
    be_quiet(wanted=quiet or as_json)
    from forensic.report.shared.formats import plural
    from forensic.workflows.models import find_models

    models = find_models(folders or ())
    if as_json:
        print_json([_results(state) for state in models])
    table = columns("Name", "State", "EER, clean / degraded", "Population", "Licence")
    for state in models:
        table.add_row(
            shown(state.card.get("name", state.folder.name)),
            f"[red]{shown(state.problem)}[/]" if state.problem else "verified",
            _accuracy(state.card),
            plural(state.speakers, "speaker") if state.speakers else "",
            shown(state.card.get("licence", "")),
        )
    console.print(table)
    console.print("`forensic models show NAME` says what a model was trained on.")


def _results(state: "ModelState") -> dict[str, Any]:
    """A model in JSON values."""
    return {
        "folder": str(state.folder),
        "problem": state.problem or None,
        "population_speakers": state.speakers,
        "card": state.card,
    }


def _accuracy(card: dict[str, Any]) -> str:
    """Equal error rates on the people whom its training left out."""
    measured = card.get("development", {})
    rates = [measured.get(f"{side}_eer") for side in ("clean", "degraded")]
    return " / ".join(f"{100 * rate:.1f} %" for rate in rates) if None not in rates else "not measured"


@models_app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="Name or folder of a model.")],
    folders: FoldersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a model's card."""
    from forensic.workflows.models import named_model

    state = named_model(name, folders or ())
    if as_json:
        print_json(_results(state))
    console.print(f"[bold]Folder[/] {shown_path(state.folder)}")
    _print_card(state.card, "")
    if state.problem:
        console.print(f"[red]{shown(state.problem)}[/]")


@models_app.command("verify")
def verify_command(
    names: Annotated[list[str] | None, typer.Argument(help="Names or folders of models. Default: all.")] = None,
    folders: FoldersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check models against the hashes of their cards; exit code 1 if one does not agree."""
    from forensic.workflows.models import find_models, named_model

    states = [named_model(name, folders or ()) for name in names] if names else find_models(folders or ())
    if as_json:
        print_json([_results(state) for state in states])
    for state in states:
        verdict = f"[red]{shown(state.problem)}[/]" if state.problem else "verified"
        console.print(f"{shown(state.folder.name)}: {verdict}")
    if any(state.problem for state in states):
        raise typer.Exit(FAILED)


@models_app.command("import")
def import_command(
    checkpoint: Annotated[Path, typer.Argument(help="A GE2E checkpoint of Resemblyzer or Real-Time-Voice-Cloning.")],
    out: Annotated[Path, typer.Option(help="Model folder to create.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the model card.")] = "unknown",
    provenance: Annotated[str, typer.Option(help="Description of the training data, for the model card.")] = "unknown",
    as_json: JsonOption = False,
) -> None:
    """Make a model folder from a public GE2E checkpoint, to compare other models with."""
    from forensic.workflows.models import examine_model, import_checkpoint

    folder = import_checkpoint(checkpoint, out, out.name, licence, provenance)
    if as_json:
        print_json(_results(examine_model(folder)))
    console.print(f"Model: {shown_path(folder)}")


def _print_card(card: dict[str, Any], indent: str) -> None:
    for key, value in card.items():
        if isinstance(value, dict):
            console.print(f"{indent}[bold]{shown(key)}[/]")
            _print_card(value, indent + "  ")
        else:
            console.print(f"{indent}{shown(key)}: {shown(value)}")
