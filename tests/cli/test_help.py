"""Every command and option is documented, and exit codes are what the README says."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import forensic
from forensic.case.folder import open_case
from forensic.cli import app as cli
from forensic.cli.help import examples
from forensic.settings import load_settings
from forensic.storage.cards import named_folder
from forensic.storage.shipped import shipped

COMMANDS_PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, below in getattr(command, "commands", {}).items():
        yield from _commands(below, f"{name} {part}")


COMMANDS = dict(_commands(typer.main.get_command(cli.app), "forensic"))
RUNNABLE = [name for name, command in COMMANDS.items() if not hasattr(command, "commands")]
PARAMETERS = [
    pytest.param(name, parameter, id=f"{name} {parameter.name}")
    for name, command in COMMANDS.items()
    for parameter in command.params
]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the command."""
    monkeypatch.setattr(sys, "argv", ["forensic", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def test_all_commands_are_found() -> None:
    """A walk that found none would let every other test here pass."""
    assert {"forensic scan", "forensic compare", "forensic train", "forensic population build"} <= set(RUNNABLE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    """Help is a sentence or more."""
    assert (COMMANDS[name].help or "").strip().split("\n\n")[0].endswith(".")


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_every_option_and_argument_has_help(name: str, parameter: Any) -> None:
    """Help is a sentence or more."""
    assert (parameter.help or "").strip().endswith("."), f"{name}: {parameter.name}"


@pytest.mark.parametrize("name", RUNNABLE)
def test_every_command_has_an_example_with_its_output(name: str) -> None:
    """In forensic/cli/examples.toml; run `python docs/make_commands.py` after adding one."""
    example = examples()[name]
    assert example.command.startswith(name)
    assert example.output


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_no_cut_sentence_and_no_line_too_wide(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(monkeypatch, *name.split()[1:], "-h") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    before_example = lines[1 : lines.index("Example:")] if "Example:" in lines else lines[1:]
    assert not [line for line in before_example if line.rstrip().endswith("...")]


@pytest.mark.parametrize("name", RUNNABLE)
def test_every_command_can_be_quiet_and_print_json(name: str) -> None:
    """One way of asking for each; the demonstration and a settings file are no results."""
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {"--quiet", "--json"} <= options


@pytest.mark.parametrize("name", RUNNABLE)
def test_every_command_stands_in_the_documentation(name: str) -> None:
    """Where a person looks first."""
    assert f"## {name}\n" in COMMANDS_PAGE.read_text(encoding="utf-8")


def test_colours_stay_away_where_they_are_not_wanted() -> None:
    """NO_COLOR, as in a terminal that has colours."""
    code = "from forensic.cli.terminal import errors; errors.print('[red]Error[/]')"
    environment = os.environ | {"NO_COLOR": "1", "FORCE_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert "\x1b[31m" not in done.stderr


def test_a_model_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where `models show NAME` finds it; a folder of the same name in the working folder counts first."""
    assert named_folder(Path("lstm-channel-3")) == shipped("models") / "lstm-channel-3"
    assert named_folder(tmp_path) == tmp_path
    assert run(monkeypatch, "models", "show", "lstm-channel-3", "--json") == 0
    assert json.loads(capsys.readouterr().out)["problem"] is None


def test_settings_are_printed_as_a_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every value, its unit and meaning, and where it comes from."""
    own = tmp_path / "own.toml"
    own.write_text("[speech]\nthreshold = 0.6\n")
    assert run(monkeypatch, "settings", "--settings", str(own)) == 0
    text = capsys.readouterr().out
    assert f"threshold = 0.6  # from {own}; built in: 0.5" in text
    assert "min_speech_s = 0.25  # s; built in" in text
    everything = tmp_path / "all.toml"
    everything.write_text(text)
    assert load_settings(everything) == load_settings(own)


def test_a_usage_error_names_the_command_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the Python that runs it."""
    assert run(monkeypatch, "scan") == 2
    assert "Usage: forensic scan [OPTIONS] DIR..." in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_0(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And prints something on standard output."""
    assert run(monkeypatch, *name.split()[1:], "--help") == 0
    assert name in capsys.readouterr().out


def test_version_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit code is 0."""
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"forensic {forensic.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("compare",),
        ("nothing",),
        ("scan", "--nothing", "."),
        ("scan", ".", "--workers", "0"),
        ("scan", ".", "--channels", "left"),
        ("compare", "--ref", ".", "--channels", "0"),
        ("identify", ".", "--ref", ".", "--speakers", "two"),
        ("verify", "a.wav", "b.wav", "--speakers", "0"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And explains itself on standard error."""
    assert run(monkeypatch, *arguments) == 2
    assert capsys.readouterr().err


def test_an_error_ends_with_1_and_names_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Comparing without a case; standard output stays empty for a program that reads it."""
    assert run(monkeypatch, "compare", "--ref", str(tmp_path), "--case", str(tmp_path / "none")) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")
    assert "\nTry: " in printed.err


def test_markup_in_a_path_is_printed_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name from outside may hold what the terminal would take for a colour or a command."""
    odd = tmp_path / "[red]x[/red]\x1b[2J"
    assert run(monkeypatch, "compare", "--ref", str(tmp_path), "--case", str(odd)) == 1
    printed = capsys.readouterr().err
    assert "[red]x[/red]\\x1b[2J" in printed
    assert "\x1b" not in printed


def test_a_mistyped_folder_leaves_no_case_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was scanned, so there is nothing to keep."""
    assert run(monkeypatch, "scan", str(tmp_path / "nowhere"), "--case", str(tmp_path / "case"), "--workers", "1") == 1
    assert not (tmp_path / "case").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EIO])
def test_a_disk_that_refuses_is_no_bug(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two lines and exit code 1."""
    (tmp_path / "in").mkdir()
    with open_case(tmp_path / "case", create=True):
        pass

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", refuse)
    assert run(monkeypatch, "scan", str(tmp_path / "in"), "--case", str(tmp_path / "case"), "--workers", "1") == 1
    printed = capsys.readouterr().err
    assert os.strerror(number) in printed
    assert "Try: Free some space" in printed


@pytest.mark.parametrize(
    ("shell", "asked", "expected"),
    [
        ("zsh", "forensic re", "report"),
        ("fish", "forensic re", "report\t"),
        ("fish", "forensic compare --mo", "--model\tSpeaker model: a name that"),
        ("fish", "forensic report --for", "--format\t"),
    ],
)
def test_shells_complete_commands_and_options_with_whole_sentences(shell: str, asked: str, expected: str) -> None:
    """One candidate a line; nothing is cut or broken."""
    environment = os.environ | {
        "_FORENSIC_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": asked,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COLUMNS": "80",
    }
    done = subprocess.run(
        [sys.executable, "-m", "forensic"], env=environment, capture_output=True, text=True, check=False
    )
    assert expected in done.stdout, done.stderr
    assert "..." not in done.stdout
    if shell == "fish":
        (line,) = done.stdout.splitlines()
        assert line.endswith(".")
    else:
        assert "for example after editing case.toml." in done.stdout


def test_bash_completes_commands() -> None:
    """As its script asks."""
    environment = os.environ | {"_FORENSIC_COMPLETE": "complete_bash", "COMP_WORDS": "forensic re", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "forensic"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["report"], done.stderr
