"""The example of each command prints what its help says, and the page of commands is that help."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from forensic.cli.help import examples

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def maker():
    """The script that runs the examples."""
    spec = importlib.util.spec_from_file_location("make_commands", DOCS / "make_commands.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.usefixtures("quick_pdf")
def test_every_example_prints_what_the_help_shows(maker):
    """Digits and hashes aside: the words, and which lines there are."""
    kept, ran = maker.read_examples(), set()
    for name, text in maker.run_examples():
        ran.add(name)
        shown = maker.shortened(text, kept[name].get("first", 0), kept[name].get("last", 0))
        assert maker.alike(shown) == maker.alike(kept[name]["output"].strip("\n")), name
    assert ran == {name for name, each in kept.items() if each.get("runs", True)}


def test_what_cannot_be_run_here_is_a_right_use_at_least(maker):
    """Its options exist."""
    page = maker.PAGE.read_text(encoding="utf-8")
    for name, each in maker.read_examples().items():
        if not each.get("runs", True):
            section = page.partition(f"## forensic {name}\n")[2].partition("\n## ")[0]
            for option in re.findall(r"--[a-z-]+", each["command"]):
                assert f"  {option} " in section or f", {option} " in section, f"{name}: {option}"


def test_no_line_of_an_example_is_too_wide():
    """The help indents it by two, on a terminal of 80 columns."""
    for name, each in examples().items():
        assert max(len(line) for line in each.output.splitlines()) <= 78, name


def test_the_page_of_commands_is_up_to_date(maker):
    """Run `python docs/make_commands.py` after a change of an option or an example."""
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page()


def test_the_manual_pages_are_up_to_date(maker):
    """One for each command, and none of a command that is gone."""
    kept = {path.name: path.read_text(encoding="utf-8") for path in maker.MANUALS.iterdir()}
    assert kept == maker.manuals()
