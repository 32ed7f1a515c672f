"""``forensic models``."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from forensic.cli.terminal import FAILED, console, shown, shown_path

models_app = typer.Typer(help="List the installed models; show, verify or import one.", invoke_without_command=True)

FoldersOption = Annotated[
    list[Path] | None, typer.Option("--in", help="Look in this folder as well; may be repeated.", show_default=False)
]


@models_app.callback()
def list_command(context: typer.Context, folders: FoldersOption = None) -> None:
    """List the models, each checked against the hashes of its card."""
    if context.invoked_subcommand is not None:
        return
    from forensic.report.shared.formats import plural
    from forensic.workflows.models import find_models

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("Name", "Licence", "Weights", "EER, clean / degraded", "Population", "State", "Trained on"):
        table.add_column(column, overflow="fold")
    for state in find_models(folders or ()):
        table.add_row(
            shown(state.card.get("name", state.folder.name)),
            shown(state.card.get("licence", "")),
            str(state.card.get("weights", {}).get("sha256", ""))[:12],
            _accuracy(state.card),
            plural(state.speakers, "speaker") if state.speakers else "",
            f"[red]{shown(state.problem)}[/]" if state.problem else "verified",
            shown(state.card.get("data", "")),
        )
    console.print(table)


def _accuracy(card: dict[str, Any]) -> str:
    """Equal error rates on the people whom its training left out."""
    measured = card.get("development", {})
    rates = [measured.get(f"{side}_eer") for side in ("clean", "degraded")]
    return " / ".join(f"{100 * rate:.1f} %" for rate in rates) if None not in rates else "not measured"


@models_app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="Name or folder of a model.")], folders: FoldersOption = None
) -> None:
    """Print a model's card."""
    from forensic.workflows.models import named_model

    state = named_model(name, folders or ())
    console.print(f"[bold]Folder[/] {shown_path(state.folder)}")
    _print_card(state.card, "")
    if state.problem:
        console.print(f"[red]{shown(state.problem)}[/]")


@models_app.command("verify")
def verify_command(
    names: Annotated[list[str] | None, typer.Argument(help="Names or folders of models. Default: all.")] = None,
    folders: FoldersOption = None,
) -> None:
    """Check models against the hashes of their cards; exit code 1 if one does not agree."""
    from forensic.workflows.models import find_models, named_model

    states = [named_model(name, folders or ()) for name in names] if names else find_models(folders or ())
    for state in states:
        verdict = f"[red]{shown(state.problem)}[/]" if state.problem else "verified"
        console.print(f"{shown_path(state.folder)}: {verdict}")
    if any(state.problem for state in states):
        raise typer.Exit(FAILED)


@models_app.command("import")
def import_command(
    checkpoint: Annotated[Path, typer.Argument(help="A GE2E checkpoint of Resemblyzer or Real-Time-Voice-Cloning.")],
    out: Annotated[Path, typer.Option(help="Model folder to create.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the model card.")] = "unknown",
    provenance: Annotated[str, typer.Option(help="Description of the training data, for the model card.")] = "unknown",
) -> None:
    """Make a model folder from a public GE2E checkpoint, to compare other models with."""
    from forensic.workflows.models import import_checkpoint

    folder = import_checkpoint(checkpoint, out, out.name, licence, provenance)
    console.print(f"Model: {shown_path(folder)}")


def _print_card(card: dict[str, Any], indent: str) -> None:
    for key, value in card.items():
        if isinstance(value, dict):
            console.print(f"{indent}[bold]{shown(key)}[/]")
            _print_card(value, indent + "  ")
        else:
            console.print(f"{indent}{shown(key)}: {shown(value)}")
