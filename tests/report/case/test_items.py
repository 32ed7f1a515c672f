"""The items that were received."""

from dataclasses import replace

import polars as pl

from forensic.report.case.build import build_report


def test_items_with_the_same_bytes_are_linked(report):
    """Each of the two names the other."""
    notes = {item.name: item.notes for item in report.items}
    first, second = (item.exhibit for item in report.items if item.name.startswith("call 10"))
    assert notes["call 10 copy.wav"] == (f"Same bytes as {second}.",)
    assert notes["call 10.wav"] == (f"Same bytes as {first}.",)


def test_every_file_is_accounted_for(inputs, report):
    """Examined, failed, unreadable or skipped: nothing is left out."""
    assert len(report.items) + len(report.skipped) == inputs.files.height
    status = {item.name: item.status for item in report.items}
    assert status["call 2.wav"] == "examined"
    assert status["stereo.wav"] == "examined in part"
    assert status["broken.mp3"] == "not examined"
    assert status["lost.wav"] == "unreadable"
    assert {row.name for row in report.failures} == {"stereo.wav", "broken.mp3", "lost.wav"}


def test_a_questioned_recording_that_was_not_compared_says_so(inputs):
    """It is still in the list of items."""
    path = "/cases/417/questioned/call 2.wav"
    report = build_report(replace(inputs, comparisons=inputs.comparisons.filter(pl.col("questioned_path") != path)))
    notes = {item.name: item.notes for item in report.items}
    assert "Not part of this comparison." in notes["call 2.wav"]
    assert "Not part of this comparison." not in notes["call 10.wav"]
