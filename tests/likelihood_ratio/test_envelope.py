"""The envelope: what is inside, what it is made of, and that nothing else is read as one."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.errors import ModelError
from forensic.likelihood_ratio.envelope import (
    Envelope,
    ValidatedCell,
    find_envelope,
    load_envelope,
    outside,
    save_envelope,
    worst_of,
)
from forensic.quantities import LIMITED
from forensic.records import Conditions, Interval

CLEAN = Conditions(20.0, None, 8000.0, c50_db=30.0, clipped_share=0.0)
LIMITS = {"net_speech_s": 3.0, "snr_db": 5.0, "bandwidth_hz": 3000.0, "c50_db": 2.0, "clipped_share": 0.1}


def cell(name, cllr_high, **questioned):
    """A validated cell whose known side is always the same."""
    return ValidatedCell(
        name, {"net_speech_s": 10.0, "snr_db": 20.0}, questioned, Interval(cllr_high / 2, cllr_high / 3, cllr_high)
    )


def test_the_envelope_reaches_as_far_as_cells_that_met_the_criterion():
    """Each quantity by itself; a cell that missed adds nothing."""
    cells = [
        cell("clean", 0.1, net_speech_s=2.0, snr_db=30.0, clipped_share=0.0),
        cell("noise", 0.4, net_speech_s=9.0, snr_db=7.0, clipped_share=0.02),
        cell("hopeless", 0.7, net_speech_s=1.0, snr_db=-5.0, clipped_share=0.5),
    ]
    found = find_envelope(cells, 0.5, "a test")
    assert found.questioned == {"net_speech_s": 2.0, "snr_db": 7.0, "clipped_share": 0.02}
    assert found.known == {"net_speech_s": 10.0, "snr_db": 20.0}
    assert found.missed == ("hopeless",)


def test_the_interval_is_judged_and_not_the_value():
    """A Cllr of 0.4 that may as well be 0.6 does not meet 0.5; nor does what could not be measured."""
    wide = ValidatedCell("wide", {"net_speech_s": 1.0}, {"net_speech_s": 1.0}, Interval(0.4, 0.2, 0.6))
    unmeasured = ValidatedCell("few people", {"net_speech_s": 0.5}, {"net_speech_s": 0.5}, None)
    assert find_envelope([wide, unmeasured, cell("good", 0.2, net_speech_s=3.0)], 0.5, "").questioned == {
        "net_speech_s": 3
    }
    with pytest.raises(ModelError, match="In none of 2 conditions"):
        find_envelope([wide, unmeasured], 0.5, "")


@pytest.mark.parametrize(
    ("changed", "quantity"),
    [
        ({"net_speech_s": 2.9}, "net_speech_s"),
        ({"snr_db": 4.9}, "snr_db"),
        ({"bandwidth_hz": 2500.0}, "bandwidth_hz"),
        ({"c50_db": 1.0}, "c50_db"),
        ({"clipped_share": 0.2}, "clipped_share"),
    ],
)
def test_each_quantity_can_lie_outside(changed, quantity):
    """By itself, with its value and limit."""
    values = {"net_speech_s": 20.0, "snr_db": None, "bandwidth_hz": 8000.0, "c50_db": 30.0, "clipped_share": 0.0}
    (found,) = outside(LIMITS, Conditions(**(values | changed)))
    assert found.quantity.name == quantity
    assert found.value == changed[quantity]
    assert found.limit == LIMITS[quantity]


def test_what_was_not_measured_is_not_outside():
    """Neither in the recording, nor in the validation."""
    assert outside(LIMITS, Conditions(3.0, None, 3000.0)) == ()
    assert outside({}, CLEAN) == ()


def test_the_worst_twentieth_of_a_cell_stands_for_it():
    """Rounded outward, so that the recording it comes from is inside; no noise to measure is the cleanest."""
    rows = pl.DataFrame(
        {
            "net_speech_s": [3.0 + 0.01234 * n for n in range(101)],
            "snr_db": [None] * 95 + [10.0, 11.0, 12.0, 13.0, 14.0, 15.0],
            "clipped_share": [0.001234 * n for n in range(101)],
        }
    )
    worst = worst_of(rows)
    assert worst == {"net_speech_s": 3.06, "snr_db": 15.0, "clipped_share": 0.118}  # of 3.0617, 15 and 0.11723


def test_a_side_that_was_always_clean_has_no_limit_of_noise():
    """Nothing finite was measured."""
    assert worst_of(pl.DataFrame({"snr_db": [None, None]}, {"snr_db": pl.Float64})) == {}


limits = st.dictionaries(
    st.sampled_from([quantity.name for quantity in LIMITED]),
    st.floats(-50, 9000, allow_nan=False).map(lambda x: round(x, 4)),
)


@given(known=limits, questioned=limits, criterion=st.floats(0.01, 1))
def test_an_envelope_is_read_as_it_was_written(tmp_path_factory, known, questioned, criterion):
    """But for its hash, which it has then."""
    path = tmp_path_factory.mktemp("envelope") / "envelope.toml"
    written = Envelope(criterion, known, questioned, 'Validation "of" ours.', ("G.711, 3 s", "room"))
    save_envelope(path, written)
    read = load_envelope(path)
    assert len(read.sha256) == 64
    assert read == Envelope(criterion, known, questioned, written.basis, written.missed, read.sha256)
    assert load_envelope(path.parent) == read


@pytest.mark.parametrize(
    "text", ["", "criterion_cllr = 0.5", "criterion_cllr = true\nbasis=''\n[known]\n[questioned]", "[known]\nhum = 1"]
)
def test_what_is_no_envelope_is_refused(tmp_path, text):
    """With the path and a remedy."""
    (tmp_path / "envelope.toml").write_text(text)
    with pytest.raises(ModelError, match="is damaged") as caught:
        load_envelope(tmp_path)
    assert "forensic population envelope" in caught.value.remedy


def test_nan_and_unknown_limits_are_refused(tmp_path):
    """Neither is a limit."""
    for limit in ("net_speech_s = nan", "hum_db = 3", 'snr_db = "low"'):
        text = f"criterion_cllr = 0.5\nbasis = ''\n[known]\n{limit}\n[questioned]\n"
        (tmp_path / "envelope.toml").write_text(text)
        with pytest.raises(ModelError, match="is damaged"):
            load_envelope(tmp_path)


def test_a_missing_envelope_says_how_to_make_one(tmp_path):
    """A bank without one calibrates nothing."""
    with pytest.raises(ModelError, match="Cannot read the envelope"):
        load_envelope(tmp_path)


@given(st.floats(0.001, 100, allow_nan=False))
def test_a_recording_like_the_worst_of_a_cell_is_inside(speech_s):
    """Rounding never shuts out what was shown."""
    worst = worst_of(pl.DataFrame({"net_speech_s": [speech_s]}))
    assert math.isfinite(worst["net_speech_s"])
    assert outside(worst, Conditions(speech_s, None, 8000.0)) == ()
