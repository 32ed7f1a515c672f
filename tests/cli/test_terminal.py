"""What all commands print with."""

import io
import json
from types import SimpleNamespace

import polars as pl
import pytest
from rich.console import Console
from rich.progress import Progress
from typer import main

from forensic.cli.app import app
from forensic.cli.compare import print_ranked
from forensic.cli.scan import show_progress
from forensic.cli.terminal import Meter, console, lr_cells, meter, print_json
from forensic.examination.ledger import ScanSummary


@pytest.mark.parametrize(
    ("log10_lr", "unbounded", "cells"),
    [
        (2.02, 3.95, ("+2.02", "+1.90 or more")),
        (-1.88, -2.6, ("-1.88", "-1.75 or less")),
        (2.02, 2.02 + 1e-9, ("+2.02", "+1.90 to +2.15")),  # as far as floating point goes, no bound moved it
    ],
)
def test_a_bounded_lr_is_a_bound_as_in_the_report(log10_lr, unbounded, cells):
    """Its interval is open, by the same function."""
    ends = {2.02: (1.9, 2.15), -1.88: (-2.1, -1.75)}[log10_lr]
    row = {"log10_lr": log10_lr, "log10_lr_low": ends[0], "log10_lr_high": ends[1]}
    row |= {"unbounded_log10_lr": unbounded, "verbal_equivalent": "in words"}
    assert lr_cells(row) == (*cells, "in words")


def test_an_object_that_is_printed_for_a_program_states_the_version_of_its_keys(capsys):
    print_json({"is_right": True})
    print_json({"schema_version": 7, "is_right": True})
    print_json([1])
    printed = capsys.readouterr().out.replace("]", "],").replace("}", "},").rstrip().rstrip(",")
    assert json.loads(f"[{printed}]") == [
        {"schema_version": 1, "is_right": True},
        {"schema_version": 7, "is_right": True},
        [1],
    ]


def test_identical_files_are_counted_and_shown_once_by_the_name_that_the_report_uses(capsys):
    """Whatever the order of the table's rows; files that could not be read have no bytes to share."""
    row = {"channel": 0, "turn": 0, "speakers": 1, "speaker_name": "", "suspect": "carver", "fused_score": None}
    lr = {"status": "lr", "log10_lr": 1.0, "log10_lr_low": 0.9, "log10_lr_high": 1.1, "unbounded_log10_lr": 1.0}
    none = {"status": "refused", "reason": "It cannot be read."}
    comparisons = pl.DataFrame(
        [
            row | lr | {"questioned_path": "/copy", "questioned_sha256": "a" * 64, "verbal_equivalent": "weak"},
            row | lr | {"questioned_path": "/call", "questioned_sha256": "a" * 64, "verbal_equivalent": "weak"},
            row | none | {"questioned_path": "/torn", "questioned_sha256": None},
            row | none | {"questioned_path": "/worn", "questioned_sha256": None},
        ]
    )
    print_ranked(comparisons, {"/call": "Q1 call", "/copy": "Q2 copy", "/torn": "Q3 torn", "/worn": "Q4 worn"})
    printed = capsys.readouterr().out
    assert "Q1 call" in printed
    assert "Q2 copy" not in printed
    assert "3 comparisons: 1 with an LR, 2 with no LR issued." in printed
    assert "not counted again: 1." in printed
    assert all(f"No LR {name}" in printed for name in ("Q3 torn", "Q4 worn"))


def test_a_meter_counts_the_steps_of_typesetting(monkeypatch):
    """As WeasyPrint logs them, for the time left; afterwards nothing listens. It may have the style sheets already."""
    from forensic.report.shared.render import render_pdf

    seen = []
    monkeypatch.setattr(Meter, "step", lambda _self, note: seen.append(note))
    with meter("Comparing"):
        render_pdf("<!doctype html><html lang='en'><title>t</title><p>text</p></html>")
    assert set(seen) - {"typesetting, 2 of 7"} == {f"typesetting, {step} of 7" for step in (1, 3, 4, 5, 6, 7)}
    count = len(seen)
    render_pdf("<!doctype html><html lang='en'><title>t</title><p>text</p></html>")
    assert len(seen) == count


def test_a_quiet_command_leaves_the_next_one_its_voice(capsys):
    """Several may run in one process."""
    main.get_command(app).main(["settings", "--quiet"], standalone_mode=False)
    assert not capsys.readouterr().out
    assert not console.quiet


def test_a_scan_shows_how_many_voices_wait_for_the_second_model():
    """Which embeds after the files are examined: a share of the files would say that nothing is left."""
    seen = []
    bar = SimpleNamespace(step=seen.append)
    show_progress(bar, ScanSummary(files=2, files_done=2, second_waiting=9, second_voices=3, second_lacking=1))
    assert seen == ["second opinion, 4 of 9 voices"]


def test_a_scan_shows_how_much_of_a_long_recording_it_has_heard():
    """As bytes: nothing is known of its audio yet."""
    seen = []
    bar = SimpleNamespace(update=lambda *state: seen.append(state))
    show_progress(bar, ScanSummary(files=1, files_done=1, bytes_total=100, bytes_heard=30.0))
    assert seen == [(30.0, 100, "1 of 1 file")]
    assert ScanSummary(files=1, files_done=1, bytes_total=100, bytes_heard=30.0).in_words == "examining, 30 of 100 %"


def test_the_same_words_twice_are_shown_once(monkeypatch):
    shown = []
    monkeypatch.setattr(Meter, "update", lambda _self, *state: shown.append(state))
    bar = Meter(None, "Linking")
    for done in (1, 1, 2):
        bar.step(f"trying the clusters again, {done} of 3 draws")
    assert [done for done, *_ in shown] == [1, 2]


def test_a_step_that_is_done_over_starts_its_time_again():
    """Such as the scan of the other side: else it would seem done."""
    with Progress(console=Console(file=io.StringIO())) as progress:
        bar = Meter(progress, "Comparing")
        bar.step("examining, 100 of 100 %")
        assert progress.finished
        bar.step("examining, 5 of 100 %")
        assert not progress.finished


def test_progress_is_one_line_in_a_terminal_of_80_columns(monkeypatch):
    """Its words are cut off at the edge, not broken."""
    screen = Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None, legacy_windows=False)
    monkeypatch.setattr("forensic.cli.terminal.console", screen)
    with meter("Comparing") as bar:
        bar.step("comparing the recordings of each suspect with each other, 3 of 70 suspects")
        shown = screen.render_lines(bar._progress.get_renderable())
    (line,) = ["".join(part.text for part in parts).rstrip() for parts in shown]
    assert "comparing the record" in line
    assert line.endswith("\N{HORIZONTAL ELLIPSIS}")
    assert len(line) <= 80
