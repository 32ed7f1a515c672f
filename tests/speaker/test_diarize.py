"""Who speaks when, from embeddings whose speakers are known."""

import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from _diarization_error import diarization_error

from forensic.records import SpeechSegment, Turn
from forensic.settings import DiarizationSettings
from forensic.speaker.diarize import (
    Halves,
    Windows,
    are_two_speakers,
    at_spread,
    cluster,
    find_turns,
    may_be_several,
    part_in_two,
    refine_turns,
    renumbered,
    spoken_alone,
)

SIZE = 64
STEP_S = 0.8


def conversation(lengths_s, spread=1.0, seed=1, pause_s=0.3):
    """Speech in turns of (speaker, seconds), and windows of 1.6 s over them.

    ``spread`` is the length of what differs from window to window, against that of the voices.

    Returns:
        The windows, the stretches of speech, and the truth.
    """
    rng = np.random.default_rng(seed)
    voices = np.abs(rng.standard_normal((4, SIZE)))
    embeddings, starts, ends, segments, truth = [], [], [], [], []
    at_s = 0.0
    for speaker, length_s in lengths_s:
        segments.append(SpeechSegment(at_s, at_s + length_s))
        truth.append(Turn(at_s, at_s + length_s, speaker))
        for start_s in np.arange(0.0, max(length_s - 1.6, 0.0) + 1e-6, STEP_S):
            embeddings.append(voices[speaker] + spread * rng.standard_normal(SIZE))
            starts.append(at_s + start_s)
            ends.append(min(at_s + start_s + 1.6, at_s + length_s))
        at_s += length_s + pause_s
    stacked = np.array(embeddings, np.float32)
    stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
    return Windows(stacked, np.array(starts), np.array(ends)), tuple(segments), tuple(truth)


def alternating(speakers, rounds, seconds=4.0):
    return [(speaker, seconds) for _ in range(rounds) for speaker in speakers]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("spread", [0.3, 0.8, 1.5])
def test_one_voice_stays_one_speaker(seed, spread):
    """However much its windows differ."""
    windows, _, _ = conversation(alternating([1], 12), spread, seed)
    assert len(cluster(windows, DiarizationSettings())) == 1


@pytest.mark.parametrize("number", [2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_voices_that_differ_are_told_apart_and_counted(number, seed):
    windows, segments, truth = conversation(alternating(range(number), 8), 0.5, seed)
    speakers = cluster(windows, DiarizationSettings())
    assert len(speakers) == number
    turns = find_turns(windows, segments, speakers, DiarizationSettings())
    assert diarization_error(truth, turns).rate < 0.02
    assert diarization_error(truth, refine_turns(turns, windows, segments, DiarizationSettings())).rate < 0.02


def test_a_given_number_of_speakers_is_found_even_where_auto_finds_one():
    windows, _, _ = conversation(alternating([1], 12))
    assert len(cluster(windows, DiarizationSettings(speakers="2"))) == 2
    assert len(cluster(windows, DiarizationSettings(speakers="1"))) == 1


def test_who_says_less_than_the_least_is_no_speaker():
    windows, _, _ = conversation([*alternating([0], 12), (1, 2.4)], 0.5)
    assert len(cluster(windows, DiarizationSettings(min_speaker_s=4.0))) == 1


def test_no_more_speakers_are_found_than_are_allowed():
    windows, _, _ = conversation(alternating(range(4), 8), 0.4)
    assert len(cluster(windows, DiarizationSettings(max_speakers=2))) == 2


def halves(number, apart, typical, changes=20):
    """So many windows in two groups of one size, so far apart, with so many changes from one to the other."""
    groups = (np.arange(number) * (changes + 1) // number) % 2
    return Halves(groups, np.bincount(groups, minlength=2).astype(float), apart, typical)


@pytest.mark.parametrize(("number", "found"), [(12, False), (24, True), (48, True)])
def test_the_fewer_the_windows_the_further_apart_two_voices_must_be(number, found):
    """As long as the quarters do not lie as far apart, which tells little where windows are few."""
    assert are_two_speakers(halves(number, 0.15, typical=0.15, changes=9), DiarizationSettings()) is found


def test_the_more_the_windows_the_more_the_quarters_count():
    """Noise parts halves and quarters alike, and splits nobody."""
    far = [are_two_speakers(halves(number, 0.25, typical=0.3), DiarizationSettings()) for number in (30, 60, 300)]
    assert far == [True, False, False]


def test_halves_that_are_nearly_far_enough_must_lie_further_apart_than_the_quarters():
    settings = DiarizationSettings()
    assert are_two_speakers(halves(60, 0.08, typical=0.05), settings)
    assert not are_two_speakers(halves(60, 0.08, typical=0.08), settings)
    assert not are_two_speakers(halves(60, 0.06, typical=0.02), settings)


def test_halves_that_follow_each_other_must_lie_further_apart_than_such_as_alternate():
    """The recording may have changed rather than the speaker."""
    settings = DiarizationSettings()
    assert are_two_speakers(halves(50, 0.12, typical=0.13, changes=3), settings)
    assert not are_two_speakers(halves(50, 0.12, typical=0.13, changes=1), settings)
    assert are_two_speakers(halves(50, 0.16, typical=0.17, changes=1), settings)


@pytest.mark.parametrize("number", [12, 30, 60, 300])
def test_the_bars_of_a_model_that_spreads_further_are_as_much_higher(number):
    settings, wide = DiarizationSettings(), at_spread(DiarizationSettings(), 1.65)
    for apart in np.linspace(0.05, 0.4, 15):
        plain = are_two_speakers(halves(number, float(apart), typical=0.1), settings)
        assert are_two_speakers(halves(number, 1.65 * float(apart), typical=0.165), wide) is plain
    assert at_spread(settings, 1.0).max_similarity == pytest.approx(settings.max_similarity)


def test_two_voices_are_parted_as_they_speak():
    windows, _, _ = conversation(alternating([0, 1], 6), 0.5)
    parted = part_in_two(windows.embeddings, np.ones(len(windows.embeddings)))
    assert np.count_nonzero(np.diff(parted.groups)) == 11
    assert parted.apart > parted.typical


@pytest.mark.parametrize("seed", range(5))
def test_a_second_voice_in_a_call_of_half_a_minute_is_found(seed):
    """Of a dozen windows each, whose halves and quarters chance parts nearly as far."""
    windows, _, _ = conversation([(0, 2.4), (1, 2.4)] * 6, 0.7, seed)
    assert len(cluster(windows, DiarizationSettings())) == 2


def test_speakers_are_numbered_by_how_much_they_say():
    windows, segments, _ = conversation([(0, 2.4), (1, 6.0)] * 6, 0.5)
    turns = find_turns(windows, segments, cluster(windows, DiarizationSettings()), DiarizationSettings())
    speech_s = {n: sum(t.duration_s for t in turns if t.speaker == n) for n in (1, 2)}
    assert speech_s[1] > speech_s[2] > 0


def test_turns_are_all_of_the_speech_and_do_not_overlap():
    windows, segments, _ = conversation(alternating([0, 1], 5, 3.3), 0.5)
    turns = find_turns(windows, segments, cluster(windows, DiarizationSettings()), DiarizationSettings())
    assert all(one.end_s <= other.start_s + 1e-9 for one, other in pairwise(turns))
    assert sum(t.duration_s for t in turns) == pytest.approx(sum(s.duration_s for s in segments))


def test_a_closer_look_is_worth_it_for_two_voices_and_not_for_one():
    settings = DiarizationSettings()
    one, two = (conversation(alternating(who, 12), 0.2)[0].embeddings for who in ([1], [0, 1]))
    assert may_be_several(two, settings)
    assert not may_be_several(one, settings)
    assert not may_be_several(two, DiarizationSettings(speakers="1"))
    assert may_be_several(one, DiarizationSettings(speakers="2"))


def test_ten_hours_take_seconds_and_little_memory():
    """45,000 windows, in memory that does not grow with their square."""
    rng = np.random.default_rng(3)
    voices = np.abs(rng.standard_normal((2, SIZE)))
    number = 45_000
    speaker = (np.arange(number) // 5) % 2
    embeddings = (voices[speaker] + 0.5 * rng.standard_normal((number, SIZE))).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    starts = np.arange(number) * STEP_S
    windows = Windows(embeddings, starts, starts + 1.6)
    tracemalloc.start()
    began = time.process_time()
    speakers = cluster(windows, DiarizationSettings())
    elapsed_s, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(speakers) == 2
    assert peak < 200e6
    assert elapsed_s < 60


SPEECH = (SpeechSegment(0.0, 10.0), SpeechSegment(12.0, 20.0))


def test_speech_of_two_at_once_is_nobody_s():
    alone = spoken_alone([Turn(0.0, 6.0, 1), Turn(5.0, 9.0, 2)], SPEECH, DiarizationSettings())
    assert alone == {1: (SpeechSegment(0.0, 5.0),), 2: (SpeechSegment(6.0, 9.0),)}


def test_only_speech_of_a_turn_counts_and_the_one_who_says_most_comes_first():
    alone = spoken_alone([Turn(0.0, 3.0, 1), Turn(9.0, 15.0, 2)], SPEECH, DiarizationSettings())
    assert list(alone.items()) == [
        (2, (SpeechSegment(9.0, 10.0), SpeechSegment(12.0, 15.0))),
        (1, (SpeechSegment(0.0, 3.0),)),
    ]


def test_unclear_and_very_short_turns_tell_of_nobody():
    turns = [Turn(0.0, 3.0, 1, is_clear=False), Turn(4.0, 4.3, 2), Turn(5.0, 8.0, 3)]
    assert list(spoken_alone(turns, SPEECH, DiarizationSettings(min_turn_s=0.6))) == [3]


def test_renumbering_keeps_times_and_puts_the_unnamed_last():
    turns = renumbered([Turn(0.0, 1.0, 1), Turn(1.0, 2.0, 2), Turn(2.0, 3.0, 3)], [3, 1])
    assert [turn.speaker for turn in turns] == [2, 3, 1]
