"""Every reason for no LR has a sentence and a title, and its sentence names what the record holds."""

import re

import polars as pl
import pytest

from forensic.comparison.inconsistency import Inconsistency, NotCompared, SuspectVoice
from forensic.comparison.independence import SAME_SESSION, SAME_SOURCE, SharedAudio, SharedWithThird, Suspicion
from forensic.comparison.refusal import Missed, NearestCell, Refusal, RefusalKind
from forensic.quantities import BY_NAME
from forensic.records import Conditions, Interval
from forensic.report.shared.catalogue import speaking
from forensic.report.shared.refusals import OF_VOICES, counted_reasons, reason, title, with_reasons
from forensic.report.shared.suspicions import consistency_in_words

CASE, CELL = Conditions(4.0, 12.0, 3400.0), Conditions(20.0, None, 8000.0, name="clean")
SPEECH, CLIPPING = BY_NAME["net_speech_s"], BY_NAME["clipped_share"]
REFUSALS = {
    RefusalKind.SAME_RECORDING: (Refusal(RefusalKind.SAME_RECORDING), "same recording is on both sides"),
    RefusalKind.UNUSABLE_SIDE: (
        Refusal(RefusalKind.UNUSABLE_SIDE, "known", problem="No speech was found. Check by ear."),
        "The suspect's recordings cannot be used: No speech was found. Check by ear.",
    ),
    RefusalKind.SEVERAL_SPEAKERS: (
        Refusal(RefusalKind.SEVERAL_SPEAKERS, "known", value=2, limit=1, recordings=("/a/one.wav", "/a/two.wav")),
        "There are 2 speakers in the suspect's recordings (one.wav, two.wav)",
    ),
    RefusalKind.INCONSISTENT_SUSPECT: (
        Refusal(
            RefusalKind.INCONSISTENT_SUSPECT,
            "known",
            value=-1.24,
            limit=0.0,
            inconsistency=Inconsistency(
                "Ärger",
                tuple(SuspectVoice(f"/ref/team/b/{number}.wav", 0, 0) for number in range(5)),
                (SuspectVoice("/ref/team/a/call.wav", 2, 1),),
                -1.24,
            ),
        ),
        (
            "The suspect's recordings are unlikely to be of one speaker: the log10 LR of a/call.wav channel 2 speaker "
            "1 against b/0.wav, b/1.wav, b/2.wav and 2 more is -1.2. Listen to them, and leave out what is not of this "
            'suspect. If all are of one speaker, set comparison.allow_inconsistent_suspects = ["Ärger"].'
        ),
    ),
    RefusalKind.OUTSIDE_SETTINGS: (
        Refusal(RefusalKind.OUTSIDE_SETTINGS, "questioned", CLIPPING, 0.25, 0.1),
        "Clipping: 25 % of the speech clipped in the questioned recording. The settings allow at most 10 % of",
    ),
    RefusalKind.OUTSIDE_ENVELOPE: (
        Refusal(RefusalKind.OUTSIDE_ENVELOPE, "questioned", SPEECH, 1.24, 3.0),
        (
            "Too little speech: 1.2 s of net speech in the questioned recording. Validation met its criterion down to "
            "3.0 s of net speech and no further. Supply more speech"
        ),
    ),
    RefusalKind.UNLIKE_POPULATION: (
        Refusal(
            RefusalKind.UNLIKE_POPULATION,
            "questioned",
            value=2.6,
            limit=2.0,
            measured=CASE,
            nearest=NearestCell(0, 2.6, CELL, "2.3 octaves less net speech"),
        ),
        (
            "(4 s of speech, SNR 12 dB, upper edge 3400 Hz): the nearest, clean (20 s of speech, no noise, "
            "upper edge 8000 Hz), is 2.6 steps away (2.3 octaves less net speech); at most 2.0 are allowed"
        ),
    ),
    RefusalKind.SAME_SOURCE: (
        Refusal(
            RefusalKind.SAME_SOURCE,
            suspicion=Suspicion(SAME_SOURCE, "a", "b", SharedAudio(0, 2, 61.0, 0.0, 12.0, 9.0, 0.03)),
        ),
        "calls/a.wav from 1:01 and channel 2 of the recording b from 0:00 hold the same 9.0 s",
    ),
    RefusalKind.SAME_SESSION: (
        Refusal(RefusalKind.SAME_SESSION, suspicion=Suspicion(SAME_SESSION, "a", "b", SharedWithThird("c"))),
        "both hold speech that is also in the recording c. Supply",
    ),
    RefusalKind.NO_CALIBRATION: (
        Refusal(RefusalKind.NO_CALIBRATION, problem="7 reference speakers are too few. Add some."),
        "7 reference speakers are too few. Add some.",
    ),
    RefusalKind.CRITERION_MISSED: (
        Refusal(
            RefusalKind.CRITERION_MISSED, value=0.7, limit=0.5, missed=Missed(CASE, CELL, Interval(0.61, 0.5, 0.7))
        ),
        "Cllr 0.61, 95 % interval up to 0.70; at most 0.50 is allowed",
    ),
    RefusalKind.NOT_INDEPENDENT: (Refusal(RefusalKind.NOT_INDEPENDENT), "The voices are of one recording"),
    RefusalKind.NO_PARTNER: (Refusal(RefusalKind.NO_PARTNER), "every other voice"),
}


@pytest.mark.parametrize("kind", RefusalKind)
def test_every_kind_is_put_in_words(kind):
    refused, expected = REFUSALS[kind]
    assert expected in reason(refused, {"a": "calls/a.wav"})
    assert len(title(kind, None)) > 10


def test_titles_tell_kinds_and_quantities_apart():
    """A validation counts refusals by them."""
    plain = [title(kind, None) for kind in RefusalKind]
    of_quantities = [title(RefusalKind.OUTSIDE_ENVELOPE, name) for name in ("net_speech_s", "snr_db")]
    assert len({*plain, *of_quantities}) == len(plain) + 2


def test_linking_calls_the_sides_by_their_length():
    refused, _ = REFUSALS[RefusalKind.OUTSIDE_ENVELOPE]
    assert "in the recording as the shorter side" in reason(refused, {}, OF_VOICES)


def test_a_table_gets_the_sentence_of_each_row_and_none_where_there_is_an_lr():
    table = pl.DataFrame({"suspect": ["A", "B"], "reason": [None, None]}, {"suspect": pl.String, "reason": pl.String})
    worded = with_reasons(table, [None, REFUSALS[RefusalKind.SAME_RECORDING][0]], {})
    assert worded.columns == table.columns
    assert worded["reason"][0] is None
    assert worded["reason"][1].startswith("The same recording")


def test_pairs_are_counted_by_what_is_said_of_them():
    """Two voices whose speech rounds to the same length have one sentence."""
    some = [
        (Refusal(RefusalKind.OUTSIDE_ENVELOPE, "known", SPEECH, seconds, 3.0), number)
        for seconds, number in ((2.01, 4), (1.0, 5), (2.02, 3))
    ]
    counted = counted_reasons(some)
    assert [number for _, _, number in counted] == [7, 5]
    assert {kind for _, kind, _ in counted} == {RefusalKind.OUTSIDE_ENVELOPE}


def test_what_is_said_of_a_suspect_names_the_suspect():
    refused = REFUSALS[RefusalKind.INCONSISTENT_SUSPECT][0]
    warnings = consistency_in_words((refused.inconsistency, NotCompared("Anna")))
    assert warnings[0] == f"Ärger: {reason(refused, {})}"
    assert warnings[1].startswith("The recordings of Anna were not compared with each other: no reference population")


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_reason_is_said_in_german_too(kind):
    """But for what the program noted of a recording, and for names of settings."""
    refusal, _english = REFUSALS[kind]
    with speaking("de"):
        sentence = reason(refusal, {}).replace(refusal.problem or "-", "")
    assert not re.search(r"\b(the|of|is|are|recordings?|speech|least|most)\b", re.sub(r"[\w.]*_[\w.]*", "", sentence))
