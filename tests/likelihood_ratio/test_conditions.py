"""Distances between conditions."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.errors import CalibrationError
from forensic.likelihood_ratio.conditions import as_long_as_the_longest, differences, distance, in_words, nearest
from forensic.records import Conditions

CELL = Conditions(
    net_speech_s=30.0,
    snr_db=20.0,
    bandwidth_hz=4000.0,
    name="cell",
    low_edge_hz=300.0,
    c50_db=10.0,
)
conditions = st.builds(
    Conditions,
    st.floats(0.5, 600),
    st.one_of(st.none(), st.floats(-10, 60)),
    st.floats(2000, 8000),
    low_edge_hz=st.one_of(st.none(), st.floats(0, 500)),
    c50_db=st.one_of(st.none(), st.floats(-5, 30)),
    clipped_share=st.one_of(st.none(), st.floats(0, 1)),
    name=st.just("cell"),
)


def changed(**values):
    """The cell with some conditions changed."""
    return dataclasses.replace(CELL, **values)


@given(conditions)
def test_a_cell_lies_at_no_distance_from_itself(cell):
    """Whatever its conditions."""
    assert distance(cell, cell) == 0


@given(conditions, conditions)
def test_distance_is_never_negative(case, cell):
    """Whatever is compared."""
    assert distance(case, cell) >= 0


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        (changed(bandwidth_hz=8000.0), 2.0),
        (changed(snr_db=15.0), 1.0),
        (changed(snr_db=None), 0.5),
        (changed(snr_db=55.0), 0.5),
        (changed(net_speech_s=15.0), 1.0),
        (changed(net_speech_s=60.0), 0.25),
        (changed(snr_db=5.0, bandwidth_hz=16000.0), 5.0),
        (changed(low_edge_hz=150.0), 2.0),
        (changed(low_edge_hz=60.0), 2.0),
        (changed(c50_db=5.0), 1.0),
        (changed(c50_db=30.0), 0.5),
        (changed(clipped_share=0.1), 2.0),
        (changed(low_edge_hz=None, c50_db=None), 0.0),
    ],
)
def test_each_difference_counts_in_its_step(case, expected):
    """Half an octave of an edge, 5 dB, an octave of speech; a quarter of it for what is better than in the cell."""
    assert distance(case, CELL) == pytest.approx(expected)


def test_clean_recordings_are_alike_however_clean():
    """No noise to measure is as good as 30 dB."""
    assert distance(changed(snr_db=None), changed(snr_db=31.0)) == 0


def test_nearest_takes_the_closest_amount_of_speech():
    """33 s are nearest to 30 s."""
    cells = [changed(net_speech_s=s) for s in (5.0, 10.0, 30.0, 60.0)]
    assert nearest(changed(net_speech_s=33.0), cells)[0] == 2


def test_no_distance_grows_beyond_the_longest_cell():
    """Ten minutes are calibrated on the longest cell."""
    cells = [changed(net_speech_s=s) for s in (5.0, 60.0)]
    assert nearest(changed(net_speech_s=600.0), cells) == (1, 0.0)


def test_between_cells_the_one_with_less_speech_is_preferred():
    """A case of 18 s is calibrated on 10 s rather than on 30 s."""
    cells = [changed(net_speech_s=10.0), changed(net_speech_s=30.0)]
    assert nearest(changed(net_speech_s=18.0), cells)[0] == 0


def test_the_first_of_equals_is_taken():
    """So the same case always takes the same cell."""
    assert nearest(CELL, [CELL, CELL]) == (0, 0.0)


@pytest.mark.parametrize(
    "case",
    [
        changed(net_speech_s=0.0),
        changed(bandwidth_hz=float("nan")),
        changed(snr_db=float("nan")),
        changed(low_edge_hz=float("nan")),
        changed(c50_db=float("nan")),
        changed(clipped_share=float("nan")),
    ],
)
def test_conditions_that_were_not_measured_are_refused(case):
    """Zero or NaN is no condition."""
    with pytest.raises(CalibrationError):
        nearest(case, [CELL])


def test_a_population_without_cells_is_refused():
    """There is nothing to calibrate on."""
    with pytest.raises(CalibrationError, match="no recordings"):
        nearest(CELL, [])


def test_differences_name_what_differs_in_its_unit():
    """For the report: 5 dB less SNR, half the speech."""
    found = {one.quantity.noun: one for one in differences(changed(snr_db=15.0, net_speech_s=15.0), CELL)}
    assert (found["SNR"].amount, found["SNR"].quantity.scale) == (-5.0, "dB")
    assert (found["net speech"].amount, found["net speech"].quantity.scale) == (-1.0, "octaves")
    assert found["clarity"].steps == found["bandwidth"].steps == 0


def test_speech_beyond_the_longest_cell_is_no_difference():
    """Neither in the distance nor in words."""
    long = as_long_as_the_longest(changed(net_speech_s=600.0), [changed(net_speech_s=10.0), CELL])
    assert long.net_speech_s == CELL.net_speech_s
    assert in_words(differences(long, CELL)) == "no notable difference"


def test_differences_are_put_in_words_with_the_largest_first():
    """What is better than the cell counts less; what hardly counts is left out."""
    found = differences(changed(snr_db=9.0, net_speech_s=15.0, low_edge_hz=250.0), CELL)
    assert in_words(found) == "11 dB less SNR, 1.0 octaves less net speech, 0.3 octaves lower start of the band"
    assert in_words(differences(CELL, CELL)) == "no notable difference"
