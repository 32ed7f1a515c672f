"""The plots of a report."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from forensic.report.case import figures
from forensic.report.case.explanation_figure import draw_explanation
from forensic.report.case.plots import ExplanationPlot, GrowthPoint, ScorePlot, SegmentBar, SpeechPlot
from forensic.report.shared.formats import format_signed
from forensic.report.shared.plots import Mark


@pytest.fixture(scope="module")
def plots(report):
    """All its plots, by name."""
    return figures.draw_all(report)


def words(svg):
    """All text of a figure but its title."""
    return [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314


def test_every_plot_is_well_formed_and_named(plots):
    """XML that a strict parser takes, with a title to be read aloud."""
    assert {re.sub(r"\d", "", name) for name in plots} == {
        "forest",
        "forest-narrow",
        "matrix",
        *(f"comparison-{kind}" for kind in ("explanation", "scores", "speechk", "speechq", "tippett")),
    }
    for svg in plots.values():
        root = ET.fromstring(svg)  # noqa: S314 - our own
        assert root[0].tag.endswith("title")
        assert root[0].text


def test_the_same_plot_gives_the_same_bytes(report):
    """No date, no random id."""
    assert figures.draw_matrix(report.matrices[0]) == figures.draw_matrix(report.matrices[0])
    speech = report.pages[0].speech[0]
    assert figures.draw_speech(speech) == figures.draw_speech(speech)


def test_no_id_is_used_twice_on_a_page(plots):
    """Inline plots share one name space."""
    ids = re.findall(r'\bid="([^"]+)"', "".join(plots.values()))
    assert len(ids) == len(set(ids))


def test_every_reference_inside_a_plot_is_kept(plots):
    """Renaming the ids renames what points to them."""
    for svg in plots.values():
        ids = set(re.findall(r'\bid="([^"]+)"', svg))
        inside = re.sub(r'<a xlink:href="[^"]*"', "", svg)
        assert set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', inside)) <= ids


@pytest.mark.parametrize("rows", [1, 2, 24])
def test_any_number_of_lrs_has_room(report, rows):
    """Warnings are errors here: axes without room would raise; the scale is in LRs."""
    plot = replace(report.forest, rows=report.forest.rows[:1] * rows)
    shown = words(figures.draw_forest(plot))
    assert {"LR", "1", "10"} <= set(shown)
    assert sum("Q" in text for text in shown) == rows


def test_the_matrix_holds_every_lr(report):
    """Each value is written in its cell, to one decimal; a bounded one with its asterisk."""
    matrix = report.matrices[0]
    shown = words(figures.draw_matrix(matrix))
    cells = [cell for row in matrix.cells for cell in row if cell is not None and cell.log10_lr is not None]
    numbers = [text for text in shown if re.fullmatch(r"[+\N{MINUS SIGN}]?\d\.\d\*?", text)]
    assert len(numbers) == len(cells)
    assert sum(text.endswith("*") for text in numbers) == sum(cell.is_bounded for cell in cells)


def test_a_dollar_in_a_name_is_a_dollar(report):
    """Names are no formulas."""
    plot = replace(report.matrices[0], columns=("$\\frac{$", "a$b$", "<b>&", "S4"))
    shown = words(figures.draw_matrix(plot))
    assert "$\\frac{$" in shown
    assert "a$b$" in shown
    assert "<b>&" in shown


def test_a_name_that_the_typeface_lacks_warns_of_nothing(report):
    """Warnings are errors here: a missing glyph would raise."""
    plot = replace(report.matrices[0], columns=("S1 證人", "S2 \U0001f399", "S3", "S4"))
    assert "S1 \N{MIDDLE DOT}\N{MIDDLE DOT}" in words(figures.draw_matrix(plot))


def test_an_explanation_names_each_stretch_with_what_it_adds(report):
    """Its place and its change, whichever way."""
    plot = next(page.explanation for page in report.pages if page.explanation is not None)
    shown = words(draw_explanation(plot))
    for bar in plot.segments:
        assert bar.label in shown
        assert format_signed(bar.change) in shown


@pytest.mark.parametrize("missing", ["growth", "segments"])
def test_an_explanation_draws_what_there_is(report, missing):
    """Either half stands by itself."""
    plot = next(page.explanation for page in report.pages if page.explanation is not None)
    plot = replace(plot, **{missing: ()})
    shown = words(draw_explanation(plot))
    assert ("net speech, s" in shown) == (missing != "growth")
    assert ("change of log10 LR" in shown) == (missing != "segments")


@pytest.mark.parametrize(
    ("last_s", "ticks"),
    [
        (3.2, "3"),
        (12.0, "3 4 5 6 8 10 12"),
        (200.0, "3 5 10 20 30 60 120"),
        (90_000.0, "2 3 5 10 20 30 60 120 300 600 1200 3600 7200 18000 36000 86400"),
    ],
)
def test_any_amount_of_speech_has_ticks_in_plain_numbers(last_s, ticks):
    """No powers of ten; finer ones where the usual would leave too few to read a place between."""
    points = tuple(GrowthPoint(amount_s, 1.0, 0.5, 1.5) for amount_s in (2.9, last_s))
    shown = words(draw_explanation(ExplanationPlot("e", "e", points, points[-1], ())))
    assert shown[: shown.index("net speech, s")] == ticks.split()


def test_stretches_that_change_nothing_can_be_drawn():
    """No bar has a length; each has its label and its value."""
    point = GrowthPoint(3.0, 0.0, 0.0, 0.0)
    bars = (SegmentBar("0:01", 0.0), SegmentBar("0:04", 0.0))
    shown = words(draw_explanation(ExplanationPlot("e", "e", (), point, bars)))
    assert shown[-4:] == ["0:01", "0:04", "0.00", "0.00"]
    assert "net speech, s" not in shown


def test_few_cases_are_marked_with_their_names_many_with_ticks():
    """Names that would cover each other are left out."""
    scores = np.linspace(0, 1, 50)
    few = tuple(Mark(f"Q{n}", n / 10) for n in range(3))
    many = tuple(Mark(f"Q{n}", n / 100) for n in range(50))
    named = words(figures.draw_scores(ScorePlot("a", "a", scores, scores, few)))
    assert {"Q0", "Q1", "Q2"} <= set(named)
    ticked = words(figures.draw_scores(ScorePlot("a", "a", scores, scores, many)))
    assert not [text for text in ticked if text.startswith("Q")]


def test_scores_that_are_all_the_same_can_be_drawn():
    """No range is no reason to fail; a class without scores is not in the legend."""
    plot = ScorePlot("a", "a", np.full(5, 0.5), np.zeros(0), (Mark("Q1", 0.5),))
    assert words(figures.draw_scores(plot))[-4:] == ["score (uncalibrated)", "density", "Q1", "same-speaker"]


def speech_plot(points, **changes):
    """Silence of 12 s with two stretches of speech."""
    plot = SpeechPlot(
        "w", "w", 12.0, np.zeros(points), np.zeros(points), ((1.0, 3.0), (5.0, 6.0)), (0.2, -0.1), 0.0, 0.0, 0.0, None
    )
    return replace(plot, **changes)


@pytest.mark.parametrize("points", [1, 7, 5000])
def test_an_envelope_of_any_length_can_be_drawn(points):
    """Short, long, and silent; the time is that of the recording."""
    plot = speech_plot(points)
    silent = figures.draw_speech(plot)
    assert words(silent) == ["0:00", "0:02", "0:04", "0:06", "0:08", "0:10"]
    assert silent != figures.draw_speech(replace(plot, high=np.linspace(0.1, 0.5, points)))


def test_a_spectrogram_is_a_picture_inside_the_plot_with_its_own_times_and_frequencies():
    """Nothing is fetched for it."""
    levels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    svg = figures.draw_speech(speech_plot(50, start_s=61.0, end_s=67.0, highest_hz=4000.0, levels=levels))
    assert svg.count('xlink:href="data:image/png;base64,') == 1
    assert {"kHz", "4", "1:02"} <= set(words(svg))


def test_the_deeper_a_stretch_the_more_it_adds_and_its_colour_says_which_way():
    """Blue for H1, vermilion for H2, blue throughout where it was not examined."""
    strong, weak = figures._effect_colours(speech_plot(5))
    assert strong == figures.SAME
    assert weak not in {figures.SAME, figures.DIFFERENT}
    assert figures._effect_colours(speech_plot(5, effects=())) == [figures.SAME] * 2


def test_thinning_keeps_the_extremes():
    """A click of one sample is still seen."""
    values = np.zeros(10_001)
    values[7_777] = 0.9
    thinned = figures._thinned(values, np.maximum)
    assert len(thinned) <= 480
    assert thinned.max() == 0.9
