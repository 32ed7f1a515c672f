"""What all commands print with."""

import json

import pytest

from forensic.cli.terminal import lr_cells, print_json


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
