"""Rows and labels that several kinds of report print."""

from report_factory import calibration

from forensic.report.shared.rows import calibration_labels, list_calibrations


def test_a_calibration_has_one_label_in_every_report():
    """Whatever else a report uses, and in which order."""
    fits = {fit.id: fit for fit in map(calibration, range(5))}
    labels = calibration_labels(fits)
    rows, note = list_calibrations(dict.fromkeys(reversed(fits), 3), fits, 9, "pairs", "results.json")
    assert {row.label for row in rows} == set(labels.values())
    assert calibration_labels([next(iter(fits))]) == {next(iter(fits)): labels[next(iter(fits))]}
    assert note == ""


def test_calibrations_whose_ids_begin_alike_have_longer_labels():
    assert list(calibration_labels(["3f9c1b", "3f9c2a", "3f9c1b"]).values()) == ["C3f9c1", "C3f9c2"]


def test_the_calibrations_that_serve_most_are_listed_with_how_many_there_are():
    fits = {fit.id: fit for fit in map(calibration, range(3))}
    first, second, third = fits
    rows, note = list_calibrations({first: 1, second: 5, third: 2}, fits, 2, "pairs", "results.json")
    assert [row.served for row in rows] == ["5", "2"]
    assert note == "The 2 of 3 calibrations that most pairs use; all are in results.json."
