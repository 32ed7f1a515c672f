"""The population in the very conditions of a case: channels that follow what was measured, and a cache that holds."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import write_people

from forensic.audio.channel import Band, Channel, Noise, Room
from forensic.audio.codec import Codec
from forensic.comparison import case_population
from forensic.comparison.case_population import (
    CasePopulationRequest,
    channel_of,
    room_of,
    rounded,
    simulate_case_population,
    tuned,
)
from forensic.likelihood_ratio.conditions import distance
from forensic.records import Conditions, Quality

CLEAN = Conditions(10.0, None, 7600.0, low_edge_hz=80.0, c50_db=30.0)


def like(**values):
    """Clean conditions with some changed."""
    return dataclasses.replace(CLEAN, **values)


@pytest.mark.parametrize(
    ("conditions", "steps"),
    [
        (CLEAN, ()),
        (like(snr_db=12.0), (Noise(12.0),)),
        (like(bandwidth_hz=3800.0), (Codec("G.711 A-law"),)),
        (like(bandwidth_hz=3800.0, low_edge_hz=240.0), (Band(300.0, 3400.0), Codec("G.711 A-law"))),
        (like(bandwidth_hz=3900.0, snr_db=9.0), (Noise(9.0), Codec("G.711 A-law"))),
        (like(bandwidth_hz=5000.0), (Band(50.0, 5000.0),)),
    ],
)
def test_the_channel_has_what_was_measured_and_no_more(conditions, steps):
    """In the order in which it befalls speech; the room is tested below."""
    assert channel_of(conditions).steps == steps


@given(st.floats(-2, 19.5))
def test_a_room_has_the_clarity_that_it_is_made_for(c50_db):
    """Within what a tail of noise can do."""
    room = room_of(c50_db)
    assert case_population._clarity(room) == pytest.approx(c50_db, abs=0.3)
    assert -9 <= room.direct_to_reverberant_db <= 20


def test_tuning_moves_noise_and_room_by_what_is_missing():
    """Measured 4 dB too clean and 2 dB too dry: 4 dB more noise, 2 dB less clarity."""
    channel = Channel("", (Room(0.5, 0.0), Noise(12.0), Codec("AMR-NB", 7950)))
    quality = Quality(
        duration_s=10.0,
        net_speech_s=8.0,
        speech_level_dbfs=-26.0,
        noise_level_dbfs=-42.0,
        snr_db=16.0,
        peak_dbfs=-6.0,
        clipped_share=0.0,
        bandwidth_hz=3800.0,
        low_edge_hz=90.0,
        c50_db=10.0,
    )
    wanted = like(snr_db=12.0, c50_db=8.0)
    room, noise, codec = tuned(channel, wanted, [quality] * 3).steps
    assert noise.snr_db == 8.0
    before, after = (case_population._clarity(one) for one in (channel.steps[0], room))
    assert after - before == pytest.approx(-2.0, abs=0.01)
    assert codec == channel.steps[2]


@given(st.floats(2, 300), st.floats(-5, 60), st.floats(3000, 8000), st.floats(0, 400), st.floats(-5, 30))
def test_rounding_moves_conditions_by_little(net_speech_s, snr_db, bandwidth_hz, low_edge_hz, c50_db):
    """Far less than a step, so that alike recordings may share a calibration."""
    case = Conditions(net_speech_s, snr_db, bandwidth_hz, low_edge_hz, c50_db)
    within = dataclasses.replace(case, net_speech_s=min(net_speech_s, 20.0))
    assert distance(within, rounded(case, "questioned").conditions) < 0.4


def test_people_are_simulated_once_and_kept(tmp_path, tiny_model_folder, monkeypatch):
    """Alike conditions share a cell; the second comparison starts no process."""
    request = CasePopulationRequest(write_people(tmp_path / "people", 4), tiny_model_folder, tmp_path / "cache", 1)
    questioned = [like(net_speech_s=3.0, snr_db=10.0), like(net_speech_s=3.05, snr_db=10.3)]
    states = []
    population = simulate_case_population(questioned, [like(net_speech_s=4.0)], request, lambda *s: states.append(s))
    assert states == [(0, 2), (1, 2), (2, 2)]
    assert (len(population.questioned_cells), len(population.known_cells)) == (1, 1)
    assert population.questioned_cells[0].snr_db == pytest.approx(10.0, abs=4.0)
    assert "noise" in population.questioned_cells[0].name
    assert set(population.speaker[population.is_questioned]) == set(population.speaker[~population.is_questioned])
    assert len(population.speakers) == 4
    monkeypatch.setattr(case_population.engine, "Workers", lambda *_: pytest.fail("simulated again"))
    again = simulate_case_population(questioned[::-1], [like(net_speech_s=4.0)], request, lambda *_: None)
    assert again.card == population.card
    assert (again.embeddings == population.embeddings).all()
