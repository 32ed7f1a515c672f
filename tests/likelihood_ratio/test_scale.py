"""Verbal equivalents."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.errors import CalibrationError, SettingsError
from forensic.likelihood_ratio.scale import load_scale

GOOD = """
name = "Two steps"
citation = "A laboratory's manual"
[[steps]]
low_lr = 1
high_lr = 10
term = "limited support"
[[steps]]
low_lr = 10
term = "support"
"""


@pytest.mark.parametrize(
    ("lr", "words"),
    [
        (1, "no support either way"),
        (2, "no support either way"),
        (0.5, "no support either way"),
        (2.01, "weak support for H1 over H2"),
        (10, "weak support for H1 over H2"),
        (50, "moderate support for H1 over H2"),
        (1 / 50, "moderate support for H2 over H1"),
        (500, "moderately strong support for H1 over H2"),
        (5_000, "strong support for H1 over H2"),
        (1_000_000, "very strong support for H1 over H2"),
        (1_000_001, "extremely strong support for H1 over H2"),
        (1e-7, "extremely strong support for H2 over H1"),
    ],
)
def test_the_shipped_scale_says(lr, words):
    """Each step, both directions, and edges, which belong to the weaker step."""
    assert load_scale().describe(math.log10(lr), math.log10(lr)) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.2, 2.5, "moderate support for H1 over H2"),
        (-4.5, -0.9, "weak support for H2 over H1"),
        (-0.1, 3.5, "no support either way"),
    ],
)
def test_an_interval_is_said_by_its_end_nearer_to_one(low, high, words):
    """The words claim no more than the whole interval bears."""
    assert load_scale().describe(low, high) == words


def test_infinite_lrs_have_words():
    """The last step has no end."""
    assert load_scale().describe(-math.inf, -math.inf) == "extremely strong support for H2 over H1"


def test_the_shipped_scale_is_cited():
    """A report prints where its words come from."""
    assert "ENFSI (2015)" in load_scale().citation


def test_no_lr_has_no_words():
    """NaN is refused."""
    with pytest.raises(CalibrationError):
        load_scale().describe(math.nan, math.nan)


@given(st.floats(-20, 20))
def test_the_reciprocal_has_the_same_step(log10_lr):
    """The scale is symmetric."""
    scale = load_scale()
    assert scale.step(log10_lr) == scale.step(-log10_lr)


def test_another_laboratorys_scale_is_one_file(tmp_path):
    """It need not have a neutral step."""
    path = tmp_path / "scale.toml"
    path.write_text(GOOD)
    scale = load_scale(path)
    assert scale.describe(0.5, 0.5) == "limited support for H1 over H2"
    assert scale.describe(-3, -3) == "support for H2 over H1"
    assert scale.describe(0, 0) == "no support either way"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("low_lr = 10\n", "low_lr = 20\n", "a gap"),
        ("low_lr = 10\n", "low_lr = 5\n", "an overlap"),
        ("low_lr = 1\n", "low_lr = 2\n", "cover LR 1"),
        ("low_lr = 10\n", "low_lr = 10\nhigh_lr = 100\n", "to infinity"),
        ("low_lr = 1\n", "low_lr = 0.1\n", r"steps\[1\]\.low_lr = 0\.1"),
        ("high_lr = 10\n", "high_lr = 1\n", "goes from"),
        ("high_lr = 10\n", "high_lr = nan\n", "goes from"),
        ("high_lr = 10\n", 'high_lr = "10"\n', r"steps\[1\]\.high_lr"),
        ('term = "support"', 'word = "support"', "word is unknown"),
        ("citation", "source", "source is unknown"),
        ("citation = ", "# ", "citation is missing"),
        ("[[steps]]", "[steps]", "TOML"),
        ("low_lr = 1\n", "low_lr = \n", "not valid TOML"),
    ],
)
def test_a_faulty_scale_is_refused_with_a_remedy(tmp_path, old, new, problem):
    """Gaps, overlaps, wrong ends, wrong types."""
    path = tmp_path / "scale.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingsError, match=problem) as caught:
        load_scale(path)
    assert caught.value.remedy


def test_a_missing_scale_is_named(tmp_path):
    """With its path."""
    with pytest.raises(SettingsError, match=r"none\.toml"):
        load_scale(tmp_path / "none.toml")
