"""A suspect's recordings are compared with each other: one voice passes, two are found."""

import dataclasses

import numpy as np
import pytest

from forensic.comparison.calibrations import calibration_step
from forensic.comparison.consistency import ConsistencyCheck, check_suspects, is_in_second_group
from forensic.comparison.inconsistency import LEAST_LOG10_LR, NotCompared
from forensic.comparison.refusal import Refusal, RefusalKind, nearest_cell, why_unusable
from forensic.comparison.sides import Side, pooled
from forensic.likelihood_ratio.population import load_population, save_population
from forensic.records import Conditions
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

SIZE = 16


@pytest.fixture(scope="module")
def population(tmp_path_factory, bank_rows):
    rows, embeddings = bank_rows(speakers=40, size=SIZE)
    folder = tmp_path_factory.mktemp("bank")
    save_population(
        folder,
        rows,
        embeddings,
        model_sha256="m",
        data="Random numbers.",
        licences={"corpus 0": "CC0", "corpus 1": "CC0"},
    )
    return load_population(folder, "m")


@pytest.fixture(scope="module")
def check(population):
    return _check(population, max_condition_distance=100.0)


def _check(population, **settings):
    return ConsistencyCheck(calibration_step(population, ComparisonSettings(min_speakers=10, **settings), Backend()))


def _voices(person, names, *, seconds=20.0, noise=0.25):
    """Recordings of a person, a seed."""
    own = np.random.default_rng(1000 + person).normal(size=SIZE)
    rng = np.random.default_rng([person, len(names)])
    conditions = Conditions(seconds, 25.0, 8000.0, low_edge_hz=80.0, c50_db=12.0, clipped_share=0.0)
    found = []
    for name in names:
        vector = own + noise * rng.normal(size=SIZE)
        embedding = (vector / np.linalg.norm(vector)).astype(np.float32)
        found.append(Side(f"/case/{name}", (name,), 0, embedding, conditions, ""))
    return found


def test_two_groups_part_where_scores_are_lowest():
    scores = np.full((5, 5), 0.1)
    for group in ([0, 2, 3], [1, 4]):
        scores[np.ix_(group, group)] = 0.9
    assert is_in_second_group(scores).tolist() == [False, True, False, False, True]
    assert is_in_second_group(np.ones((2, 2))).tolist() == [False, True]


@pytest.mark.parametrize(("first", "second"), [(4, 1), (3, 3), (1, 1), (1, 4)])
def test_two_people_are_found_and_told_apart_by_recording(check, first, second):
    one = _voices(1, [f"a/{n}.wav" for n in range(first)])
    other = _voices(2, [f"b/{n}.wav" for n in range(second)], seconds=15.0)
    found = check.split("team", [*one, *other])
    assert found.log10_lr < LEAST_LOG10_LR
    assert {frozenset(voice.path for voice in group) for group in (found.longer, found.shorter)} == {
        frozenset(voice.name for voice in group) for group in (one, other)
    }


def test_one_person_passes(check):
    for person in range(5):
        assert check.split("Anna", _voices(person, [f"{n}.wav" for n in range(4)])).log10_lr > LEAST_LOG10_LR


def test_the_group_with_more_speech_is_the_known_side(check):
    short, long = _voices(1, ["short.wav"], seconds=8.0), _voices(2, ["long.wav"], seconds=30.0)
    assert [voice.path for voice in check.split("team", [*short, *long]).longer] == ["/case/long.wav"]


def test_the_lr_is_that_of_a_comparison_of_the_two_groups(check):
    one, other = _voices(1, ["a.wav", "b.wav"]), _voices(2, ["c.wav"])
    assert check.split("team", [*one, *other]).log10_lr == check.log10_lr(pooled("", one), pooled("", other))


def test_a_suspect_of_two_people_is_marked_and_the_others_are_not(check):
    mixed = [*_voices(1, ["a.wav", "b.wav"]), *_voices(2, ["c.wav"])]
    single, alone = _voices(3, ["d.wav", "e.wav"]), _voices(4, ["f.wav"])
    groups = [mixed, single, alone]
    known, findings = check_suspects([pooled(str(n), group) for n, group in enumerate(groups)], groups, check)
    assert [side.inconsistency is None for side in known] == [False, True, True]
    assert findings == (known[0].inconsistency,)
    assert findings[0].suspect == "0"


def test_an_inconsistent_suspect_is_refused_with_its_value_and_limit_until_a_setting_names_it(check, population):
    voices = [*_voices(1, ["a.wav", "b.wav"]), *_voices(2, ["c.wav"])]
    (side,), (found,) = check_suspects([pooled("team", voices)], [voices], check)
    cell = nearest_cell(side, population.known_cells)
    allowed = ComparisonSettings(max_condition_distance=100.0, allow_inconsistent_suspects=("team",))
    other = dataclasses.replace(allowed, allow_inconsistent_suspects=("Anna",))
    assert why_unusable(side, cell, "known", other, None) == Refusal(
        RefusalKind.INCONSISTENT_SUSPECT, "known", value=found.log10_lr, limit=LEAST_LOG10_LR, inconsistency=found
    )
    assert why_unusable(side, cell, "known", allowed, None) is None


def test_recordings_that_no_population_resembles_are_said_not_to_be_compared(population):
    strict = _check(population, max_condition_distance=0.0)
    voices = _voices(1, ["a.wav", "b.wav"])
    known, findings = check_suspects([pooled("Anna", voices)], [voices], strict)
    assert known[0].inconsistency is None
    assert findings == (NotCompared("Anna"),)


def test_several_speakers_in_one_recording_are_refused_as_such(check):
    voices = [*_voices(1, ["a.wav"]), *_voices(2, ["b.wav"])]
    side = dataclasses.replace(pooled("Anna", voices), several=("a.wav",))
    (checked,), findings = check_suspects([side], [voices], check)
    assert checked.inconsistency is None
    assert findings == ()
