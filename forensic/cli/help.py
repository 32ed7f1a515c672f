"""How commands explain themselves: options and commands in groups, whole sentences, an example with its output.

Every command gets ``-h`` and ``--quiet`` here, so that none can lack them.
"""

import functools
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from forensic.cli.terminal import be_quiet

EXAMPLES = Path(__file__).with_name("examples.toml")

GENERAL = "Options"
RECORDINGS = "What the recordings hold"
EVALUATION = "How likelihood ratios are made"
RUNNING = "Running and printing"
_LAST = (GENERAL, RECORDINGS, EVALUATION, RUNNING)
_WIDEST = 74
_PLACEHOLDERS = {"<path>": "PATH", "<str>": "TEXT", "<int>": "N", "<float>": "X"}

QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print nothing but errors, and the results with --json.", rich_help_panel=RUNNING
    ),
]


@dataclass(frozen=True, slots=True)
class Example:
    """One use of a command, with what it prints.

    Attributes:
        command: as it is typed.
        output: what is printed; a line "..." stands for any number of lines.
    """

    command: str
    output: str


@functools.cache
def examples() -> dict[str, Example]:
    """The example of each command by its name, such as "forensic scan", in an order in which they can be run."""
    content = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    return {
        f"forensic {name}": Example(each["command"], each.get("output", "").strip("\n"))
        for name, each in content.items()
    }


class HelpCommand(TyperCommand):
    """A command whose help has its options in groups, and an example."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Such as "[OPTIONS] DIR..."."""
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return ["[OPTIONS]", *(name if each.required else f"[{name}]" for each in arguments if (name := _named(each)))]

    def get_short_help_str(self, limit: int = 0) -> str:
        """The whole first sentence, which shells show when they complete a command."""
        del limit
        return first_sentence(self)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, then each group of options."""
        _write_parameters(self, ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The example."""
        super().format_epilog(ctx, formatter)
        example = examples().get(ctx.command_path)
        if example is None:
            return
        with formatter.section("Example"):
            for line in (*_broken(f"$ {example.command}"), *example.output.splitlines()):
                formatter.write(f"{'':>{formatter.current_indent}}{line}".rstrip() + "\n")


class HelpGroup(TyperGroup):
    """Commands in groups, each with its whole first sentence."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Each group of commands, then the options."""
        for panel, names in _grouped((self.get_command(ctx, name), name) for name in self.list_commands(ctx)):
            with formatter.section("Commands" if panel == GENERAL else panel):
                formatter.write_dl([(name, first_sentence(self.get_command(ctx, name))) for name in names])
        _write_parameters(self, ctx, formatter)


class Commands(typer.Typer):
    """An application of such commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            cls=HelpGroup,
            pretty_exceptions_enable=False,  # a bug keeps its plain traceback
            rich_markup_mode=None,  # help text is plain text
            context_settings={"help_option_names": ["-h", "--help"]},
            **options,
        )

    def command(  # type: ignore[override]
        self, name: str | None = None, **options: Any
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as a command that can be told to be quiet."""
        register = super().command(name, cls=HelpCommand, **options)

        def registered(function: Callable[..., None]) -> Callable[..., None]:
            register(_with_quiet(function))
            return function

        return registered


def first_sentence(command: Any) -> str:
    """What a command does, in a sentence."""
    paragraph = " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def _broken(command: str) -> list[str]:
    """A command in lines that fit a terminal of 80 columns, as a shell takes them; arguments stay whole."""
    lines = [""]
    for word in re.findall(r"(?:'[^']*'|\S)+", command):
        if len(lines[-1]) + len(word) > _WIDEST:
            lines[-1] += "\\"
            lines.append("    ")
        lines[-1] += f"{word} "
    return [line.rstrip() for line in lines]


def _with_quiet(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def run(*arguments: Any, quiet: bool = False, **options: Any) -> None:
        be_quiet(wanted=quiet or bool(options.get("as_json")))
        try:
            function(*arguments, **options)
        finally:
            be_quiet(wanted=False)

    signature = inspect.signature(function)
    own = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=QuietOption)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), own])  # type: ignore[attr-defined]
    run.__annotations__ = function.__annotations__ | {"quiet": QuietOption}
    return run


def _write_parameters(command: Any, context: Any, formatter: Any) -> None:
    """Arguments, then each group of options."""
    parameters = command.get_params(context)
    for parameter in parameters:
        _name_value(parameter, context)
    rows = [(each, row) for each in parameters if (row := each.get_help_record(context)) is not None]
    arguments = [(_named(each), row[1]) for each, row in rows if each.param_type_name == "argument"]
    if arguments:
        with formatter.section("Arguments"):
            formatter.write_dl(arguments)
    for panel, group in _grouped((each, row) for each, row in rows if each.param_type_name == "option"):
        with formatter.section(panel):
            formatter.write_dl(group)


def _named(argument: Any) -> str:
    """Such as "DIR..." for one or more."""
    name = str(argument.metavar or argument.name.upper()).removesuffix("...")
    return name + ("..." if argument.nargs != 1 else "")


def _name_value(parameter: Any, context: Any) -> None:
    """Write what an option takes as PATH, TEXT, N or X where nothing better is given."""
    if parameter.metavar is None and not getattr(parameter, "is_flag", True):
        kind = parameter.display_type(context).replace("list[", "").replace("]", "").replace(" range", "").lower()
        parameter.metavar = _PLACEHOLDERS.get(kind)


def _grouped(items: Iterable[tuple[Any, Any]]) -> list[tuple[str, list[Any]]]:
    """What belongs to commands or options, by the panel of each; panels that all commands share come last."""
    groups: dict[str, list[Any]] = {}
    for owner, item in items:
        panel = getattr(owner, "rich_help_panel", None) or (
            RUNNING if "--help" in getattr(owner, "opts", ()) else GENERAL
        )
        groups.setdefault(panel, []).append(item)
    return sorted(groups.items(), key=lambda group: _LAST.index(group[0]) if group[0] in _LAST else -1)
