"""The diarization error rate on answers that were judged by hand."""

import pytest
from _diarization_error import diarization_error

from forensic.records import Turn

TRUTH = (Turn(0.0, 4.0, 1), Turn(4.0, 8.0, 2))


def _parts(reference, found, collar_s=0.0):
    error = diarization_error(reference, found, collar_s)
    return pytest.approx((error.missed_s, error.added_s, error.confused_s, error.speech_s), abs=2e-3)


def test_the_truth_has_no_error_whatever_its_speakers_are_called():
    assert _parts(TRUTH, [Turn(0.0, 4.0, 9), Turn(4.0, 8.0, 3)]) == (0.0, 0.0, 0.0, 8.0)


def test_a_second_given_to_the_wrong_speaker_is_confused():
    assert _parts(TRUTH, [Turn(0.0, 5.0, 1), Turn(5.0, 8.0, 2)]) == (0.0, 0.0, 1.0, 8.0)


def test_one_speaker_for_two_is_wrong_about_the_one_who_says_less():
    reference = (Turn(0.0, 5.0, 1), Turn(5.0, 8.0, 2))
    assert _parts(reference, [Turn(0.0, 8.0, 1)]) == (0.0, 0.0, 3.0, 8.0)


def test_two_speakers_for_one_are_wrong_about_the_lesser_part():
    assert _parts([Turn(0.0, 8.0, 1)], [Turn(0.0, 6.0, 1), Turn(6.0, 8.0, 2)]) == (0.0, 0.0, 2.0, 8.0)


def test_speech_that_is_not_found_is_missed_and_silence_that_is_found_is_added():
    assert _parts(TRUTH, [Turn(1.0, 4.0, 1), Turn(4.0, 8.5, 2)]) == (1.0, 0.5, 0.0, 8.0)


def test_of_two_at_once_the_one_who_is_not_found_is_missed():
    reference = (Turn(0.0, 4.0, 1), Turn(3.0, 6.0, 2))
    assert _parts(reference, [Turn(0.0, 4.0, 1), Turn(4.0, 6.0, 2)]) == (1.0, 0.0, 0.0, 7.0)


def test_time_beside_a_boundary_of_the_reference_is_not_judged():
    """The change is found 0.2 s late, within the collar; 4 x 0.25 s of speech are beside a start or end."""
    found = [Turn(0.0, 4.2, 1), Turn(4.2, 8.0, 2)]
    assert _parts(TRUTH, found, collar_s=0.25) == (0.0, 0.0, 0.0, 7.0)


def test_errors_of_recordings_add_up_by_their_speech():
    both = diarization_error(TRUTH, [Turn(0.0, 8.0, 1)], 0.0) + diarization_error(TRUTH, TRUTH, 0.0)
    assert both.rate == pytest.approx(4.0 / 16.0, abs=1e-3)
