"""A fingerprint is the same for every copy of a recording, and shares nothing with another recording."""

import numpy as np
import pytest
from scipy.signal import resample_poly
from spoken import VOICES, spoken

from forensic.audio.channel import Band, Channel, Noise, Sources, simulate
from forensic.audio.codec import Codec
from forensic.audio.duplicates import _choices, find_overlaps
from forensic.audio.fingerprint import FRAMES_PER_S, FingerprintMeter, frame_of, time_of
from forensic.records import SpeechSegment

_RATE_HZ = 16_000


def _fingerprint(samples, block=None, speech=None):
    meter = FingerprintMeter()
    for start in range(0, len(samples), block or len(samples) or 1):
        meter.update(samples[start : start + (block or len(samples))])
    return meter.result(speech or [SpeechSegment(0.0, len(samples) / _RATE_HZ)])


def _overlaps(*recordings, **options):
    return find_overlaps([_fingerprint(one) for one in recordings], range(len(recordings)), **options)


def _altered(samples, *steps):
    return simulate(samples, Channel("altered", steps), Sources(), 5)


def test_blocks_of_any_length_give_the_same_fingerprint():
    samples = spoken("adler", 12.0)
    whole = _fingerprint(samples)
    assert np.array_equal(whole, _fingerprint(samples, block=9_973))
    assert np.array_equal(whole, _fingerprint(samples, block=500))


def test_a_fingerprint_takes_100_bytes_a_second():
    fingerprint = _fingerprint(spoken("adler", 20.0))
    assert fingerprint.nbytes <= 100 * 20.0


def test_frames_outside_speech_are_left_out():
    fingerprint = _fingerprint(spoken("adler", 12.0), speech=[SpeechSegment(4.0, 8.0)])
    times = [time_of(frame) for frame in np.flatnonzero(fingerprint)]
    assert times
    assert min(times) > 4.0 - 1 / FRAMES_PER_S
    assert max(times) < 8.0 + 1 / FRAMES_PER_S
    assert frame_of(time_of(17)) == pytest.approx(17)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(_RATE_HZ * 8, np.float32), np.zeros(0, np.float32), np.ones(900, np.float32)],
    ids=["digital silence", "nothing", "shorter than a frame"],
)
def test_where_there_is_nothing_there_is_no_fingerprint(samples):
    assert not _fingerprint(samples).any()


@pytest.mark.parametrize(
    "steps",
    [
        (Codec("AMR-NB", 4_750),),
        (Band(300, 3_400), Codec("GSM")),
        (Codec("Opus narrowband", 8_000),),
        (Codec("MP3", 16_000),),
        (Noise(15.0, "pink"), Codec("AMR-NB", 7_950)),
    ],
    ids=["AMR 4.75", "GSM", "Opus 8k", "MP3 16k", "noise and AMR 7.95"],
)
def test_a_cut_through_a_codec_is_found_where_it_was_cut(steps):
    whole = spoken("brook", 25.0)
    cut = _altered(whole, *steps)[round(9.013 * _RATE_HZ) : round(17.0 * _RATE_HZ)]
    found = _overlaps(whole, cut)
    assert len(found) == 1
    assert found[0].first_start_s - found[0].second_start_s == pytest.approx(9.013, abs=0.04)
    assert found[0].duration_s == pytest.approx(8.0, abs=1.2)
    assert found[0].bit_error_rate < 0.3


def test_level_sample_rate_and_added_silence_do_not_hide_a_copy():
    whole = spoken("carver", 12.0)
    copy = np.concatenate([np.zeros(_RATE_HZ * 3, np.float32), 0.03 * whole, np.zeros(_RATE_HZ, np.float32)])
    copy = resample_poly(resample_poly(copy, 441, 160), 160, 441).astype(np.float32)
    found = _overlaps(whole, copy)
    assert len(found) == 1
    assert found[0].second_start_s - found[0].first_start_s == pytest.approx(3.0, abs=0.04)


def test_parts_in_another_order_are_found_one_by_one():
    whole = spoken("dale", 20.0)
    half = 10 * _RATE_HZ
    found = _overlaps(whole, np.concatenate([whole[half:], whole[:half]]))
    assert sorted(round(one.second_start_s - one.first_start_s) for one in found) == [-10, 10]


def test_other_recordings_share_nothing():
    """Also other stretches of the same voice."""
    stretches = [spoken(name, 9.0, start_s=start) for name in VOICES for start in (0.0, 9.0)]
    assert _overlaps(*stretches, least_s=0.5) == []


def test_noise_shares_nothing_even_where_it_is_taken_for_speech():
    random = np.random.default_rng(3)
    noises = [0.1 * random.standard_normal(_RATE_HZ * 20).astype(np.float32) for _ in range(4)]
    hum = np.sin(2 * np.pi * 400 * np.arange(_RATE_HZ * 20) / _RATE_HZ).astype(np.float32)
    assert _overlaps(*noises[:2], *(0.3 * hum + noise / 100 for noise in noises[2:]), least_s=0.5) == []


def test_channels_of_one_recording_are_not_compared():
    fingerprint = _fingerprint(spoken("adler", 10.0))
    assert find_overlaps([fingerprint, fingerprint], [0, 0]) == []
    assert len(find_overlaps([fingerprint, fingerprint], [0, 1])) == 1


def test_the_order_of_channels_changes_nothing():
    """Of a pair, the recording with the lower number is the first."""
    prints = [_fingerprint(spoken(voice, 10.0)) for voice in ("adler", "brook", "adler", "brook", "adler")]
    owners = [0, 0, 1, 2, 2]
    expected = {(one.first, one.second, one.evidence) for one in find_overlaps(prints, owners)}
    assert {(first, second) for first, second, _ in expected} == {(0, 2), (0, 4), (1, 3), (2, 4)}
    for order in ([4, 3, 2, 1, 0], [2, 4, 0, 3, 1]):
        found = find_overlaps([prints[place] for place in order], [owners[place] for place in order])
        assert {(order[one.first], order[one.second], one.evidence) for one in found} == expected


def test_a_stretch_shorter_than_asked_for_is_left_out():
    whole, other = spoken("adler", 12.0), spoken("brook", 12.0)
    mixed = np.concatenate([other, whole[: 2 * _RATE_HZ]])
    assert _overlaps(whole, mixed) == []
    assert len(_overlaps(whole, mixed, least_s=1.0)) == 1


@pytest.mark.parametrize("recordings", [[], [np.zeros(0, np.uint32)], 2 * [np.zeros(100, np.uint32)]])
def test_where_nobody_speaks_nothing_is_shared(recordings):
    assert find_overlaps(recordings, range(len(recordings))) == []


def test_a_copy_is_found_among_hours_of_speech():
    """Where there is more speech, more bits of a frame must agree; a fifth of the copy's are others."""
    random = np.random.default_rng(4)
    recordings = list(random.integers(1, 1 << 32, (600, 1_000), dtype=np.uint32))
    changed = np.packbits(random.random((250, 32)) < 0.2, axis=1).view(">u4")[:, 0].astype(np.uint32)
    assert len(_choices(600_000)) > len(_choices(100_000))
    recordings.append(recordings[7][300:550] ^ changed)
    (found,) = find_overlaps(recordings, range(len(recordings)))
    assert (found.first, found.second) == (7, 600)
    assert found.first_start_s - found.second_start_s == pytest.approx(300 / FRAMES_PER_S)
    assert found.compared_s == pytest.approx(10.0, abs=0.5)


def test_copies_in_many_recordings_are_found_in_all():
    jingle = _fingerprint(spoken("adler", 6.0))
    random = np.random.default_rng(4)
    recordings = [
        np.concatenate([random.integers(1, 1 << 32, 50 + number, dtype=np.uint32), jingle]) for number in range(60)
    ]
    found = {(one.first, one.second) for one in find_overlaps(recordings, range(60))}
    assert len(found) == 60 * 59 // 2
