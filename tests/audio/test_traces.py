"""Room and codec: what the estimates follow, and that they hold for speech that the network never heard."""

import numpy as np
import pytest
from factories import voice

from forensic.audio.channel import Channel, Room, Sources, clarity_db, room_response, simulate
from forensic.audio.spectrogram import STATISTICS, _quantiles, frames_of, trace_statistics
from forensic.audio.traces import (
    NO_ROOM_C50_DB,
    TraceMeter,
    TraceNetwork,
    estimate_c50_db,
    load_trace_network,
    save_trace_network,
    trace_model_folder,
)
from forensic.errors import ModelError
from forensic.records import Block, SpeechSegment


def statistics_of(samples, start_s=0.0, end_s=60.0):
    """A meter's statistics of one block."""
    meter = TraceMeter()
    end_s = min(end_s, start_s + len(samples) / 16_000)
    meter.update(Block(0, start_s, samples, is_last=True), [SpeechSegment(start_s, end_s)])
    return meter.statistics()


def test_clarity_is_early_over_late_energy():
    """One at the start, half the amplitude 60 ms later: 6 dB."""
    response = np.zeros(2000)
    response[0], response[960] = 1.0, 0.5
    assert clarity_db(response) == pytest.approx(6.02, abs=0.01)
    assert clarity_db(response[:900]) == np.inf


def test_the_response_is_the_one_that_speech_is_convolved_with():
    """A click through the channel is its response."""
    channel = Channel("room", (Room(0.4, 3.0),))
    click = np.zeros(16_000, np.float32)
    click[0] = 1.0
    heard = simulate(click, channel, Sources(), 5)
    response = room_response(channel, Sources(), 5)[: len(heard)]
    assert np.corrcoef(heard[: len(response)], response)[0, 1] == pytest.approx(1.0, abs=1e-4)
    assert room_response(Channel("dry"), Sources(), 5) is None


def test_statistics_do_not_depend_on_the_level():
    """20 dB down; exact but for rounding."""
    samples = voice(8.0)
    np.testing.assert_allclose(statistics_of(0.1 * samples), statistics_of(samples), atol=0.02)


def test_statistics_have_one_length_and_need_speech():
    """Half a second is too little, silence holds nothing."""
    assert statistics_of(voice(8.0)).shape == (STATISTICS,)
    assert statistics_of(voice(0.4)) is None
    assert trace_statistics(np.zeros(64_000, np.float32), np.ones(frames_of(64_000), bool)) is None
    assert estimate_c50_db(None) is None


def test_blocks_are_averaged():
    """The same block twice gives the same as once."""
    samples = voice(8.0)
    meter = TraceMeter()
    for start_s in (0.0, 8.0):
        meter.update(Block(0, start_s, samples, is_last=False), [SpeechSegment(start_s, start_s + 8.0)])
    np.testing.assert_allclose(meter.statistics(), statistics_of(samples), rtol=1e-5, atol=1e-5)


def test_more_reverberation_is_estimated_as_less_clarity():
    """On a synthetic voice, which is like nobody it was fitted on, in order if not in size."""
    samples = voice(12.0)
    rooms = [Channel("room", (Room(t60_s, drr_db),)) for t60_s, drr_db in ((0.3, 8.0), (0.5, 0.0), (0.9, -6.0))]
    estimates = [
        estimate_c50_db(statistics_of(simulate(samples, room, Sources(), 1))) for room in (Channel("dry"), *rooms)
    ]
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[0] - estimates[-1] > 5


def test_estimates_stay_in_their_range():
    """Whatever the statistics."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert -5 <= estimate_c50_db(rng.normal(0, 1000, STATISTICS).astype(np.float32)) <= NO_ROOM_C50_DB


def test_a_network_survives_the_round_trip(tmp_path):
    """And a changed file is refused."""
    network = load_trace_network(trace_model_folder())
    save_trace_network(tmp_path, network, {"name": "copy"})
    again = load_trace_network(tmp_path)
    assert all(np.array_equal(one, other) for one, other in zip(network.weights, again.weights, strict=True))
    content = bytearray((tmp_path / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="not the file"):
        load_trace_network(tmp_path)


def test_layers_that_do_not_fit_are_refused():
    """A network of another number of statistics."""
    network = load_trace_network(trace_model_folder())
    with pytest.raises(ModelError, match="do not fit"):
        TraceNetwork(network.mean[1:], network.deviation, network.weights, network.biases)


@pytest.mark.parametrize("size", [1, 2, 7, 500])
def test_quantiles_are_those_of_numpy(size):
    values = np.random.default_rng(size).standard_normal((size, 3))
    shares = (0.0, 0.02, 0.5, 0.9, 1.0)
    np.testing.assert_allclose(_quantiles(values, shares), np.quantile(values, shares), rtol=1e-12, atol=1e-15)
