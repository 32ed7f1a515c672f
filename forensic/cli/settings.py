"""``forensic settings``."""

import dataclasses
import textwrap
import tomllib
from pathlib import Path

from forensic.cli.options import JsonOption, SettingsOption
from forensic.cli.terminal import console, print_json, shown, shown_path
from forensic.settings import explain_settings, load_settings

_WIDEST = 100


def settings_command(settings: SettingsOption = None, as_json: JsonOption = False) -> None:
    """Print every setting in force: its value, its unit, what it means, and whether it is built in or from your file.

    What is printed is a settings file: store it, change what you need, and give it to scan and compare.
    """
    explained = explain_settings(load_settings(settings))
    given = _given(settings)
    if as_json:
        print_json([dataclasses.asdict(each) | {"is_built_in": each.name not in given} for each in explained])
    table = ""
    for each in explained:
        step, _, name = each.name.partition(".")
        if step != table:
            console.print(f"{chr(10) if table else ''}[bold]\\[{step}][/]")
            table = step
        origin = "built in"
        if settings is not None and each.name in given:
            origin = f"from {shown_path(settings)}; built in: {_as_toml(each.default)}"
        unit = f"{each.unit}; " if each.unit else ""
        for line in textwrap.wrap(each.meaning, min(console.width, _WIDEST) - len("# "), break_on_hyphens=False):
            console.print(f"[dim]# {shown(line)}[/]")
        console.print(f"[bold]{name} = {_as_toml(each.value)}[/]  [dim]# {unit}{origin}[/]")


def _as_toml(value: object) -> str:
    """A value as a settings file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return shown("[" + ", ".join(f'"{each}"' for each in value) + "]")
    return shown(f'"{value}"' if isinstance(value, str) else str(value))


def _given(path: Path | None) -> frozenset[str]:
    """The settings that a file names."""
    if path is None:
        return frozenset()
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return frozenset(f"{step}.{name}" for step, values in content.items() for name in values)
