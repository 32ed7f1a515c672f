"""The numbers of files and known speakers."""

from dataclasses import replace

import polars as pl

from forensic.report.case.build import build_report


def test_questioned_items_are_numbered_as_a_person_sorts_names(report):
    """Call 2 comes before call 10."""
    names = [item.name for item in report.items]
    assert names.index("call 2.wav") < names.index("call 10.wav")


def test_known_items_are_numbered_speaker_by_speaker(report):
    """K1 belongs to S1, K2 and K3 to S2."""
    assert [fact.value for fact in report.known_speakers] == ["K1", "K2, K3", "K4", "K5, K6"]
    assert [fact.label[:2] for fact in report.known_speakers] == ["S1", "S2", "S3", "S4"]


def test_the_same_bytes_for_two_suspects_belong_to_both(inputs):
    """Each file is listed under the speaker to whom it was given."""
    first, second, *rest = inputs.known_speakers
    shared = replace(second.recordings[0], sha256=first.recordings[0].sha256)
    path = pl.col("path") == shared.path
    files = inputs.files.with_columns(sha256=pl.when(path).then(pl.lit(shared.sha256)).otherwise("sha256"))
    second = replace(second, recordings=(shared, *second.recordings[1:]))
    report = build_report(replace(inputs, files=files, known_speakers=(first, second, *rest)))
    assert [fact.value for fact in report.known_speakers[:2]] == ["K1", "K2, K3"]
    assert "Same bytes as K2." in next(item.notes for item in report.items if item.exhibit == "K1")
