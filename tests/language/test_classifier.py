"""When a language is named, and what is said otherwise."""

import numpy as np
import pytest
from factories import write_language_model

from forensic.errors import ModelError
from forensic.language.classifier import (
    Decision,
    decide,
    load_language_model,
    recognise,
    recognise_each,
)
from forensic.language.hearing import Heard


def _speech(frames: int, seed: int = 0) -> Heard:
    heard = Heard()
    windows = 1 + -(-max(0, frames - 160) // 160)
    heard.add(np.random.default_rng(seed).normal(size=(windows, 40, 768)).astype(np.float32), frames)
    return heard


def test_a_language_is_named_with_its_probability_and_the_next(tmp_path):
    """Three classes give three candidates whose probabilities are all there is."""
    found = recognise(_speech(700), load_language_model(write_language_model(tmp_path / "model")))
    assert found.answer == "named"
    assert found.name == found.top[0].name
    assert found.probability == found.top[0].probability
    assert sum(each.probability for each in found.top) == pytest.approx(1.0)
    assert [each.probability for each in found.top] == sorted((e.probability for e in found.top), reverse=True)


def test_too_little_speech_is_said_and_not_guessed_on(tmp_path):
    """Not even a probability is given."""
    model = load_language_model(write_language_model(tmp_path / "model"))
    found = recognise(_speech(199), model)
    assert (found.answer, found.name, found.probability, found.top) == ("too little speech", None, None, ())
    assert recognise(_speech(200), model).answer == "named"


def test_stretches_that_are_heard_together_are_told_as_alone(tmp_path):
    """Short and long ones, and one with too little speech, in their order."""
    model = load_language_model(write_language_model(tmp_path / "model"))
    stretches = [_speech(frames, seed) for seed, frames in enumerate((700, 150, 230, 1900, 333))]
    together = recognise_each(stretches, model)
    for own, alone in zip(together, (recognise(each, model) for each in stretches), strict=True):
        assert (own.answer, own.name, own.speech_s) == (alone.answer, alone.name, alone.speech_s)
        assert [each.probability for each in own.top] == pytest.approx([each.probability for each in alone.top])
    assert together[1].answer == "too little speech"
    assert recognise_each([], model) == []


def test_a_first_language_that_is_improbable_means_none_of_these(tmp_path):
    """The candidates are shown all the same."""
    folder = write_language_model(tmp_path / "model", decision={"least_probability": 0.999})
    found = recognise(_speech(700), load_language_model(folder))
    assert (found.answer, found.name) == ("none of these", None)
    assert len(found.top) == 3


def test_a_language_that_validation_found_badly_told_is_not_named(tmp_path):
    """Its error is data of the model; a language without validation is not covered either."""
    scores = np.array([5.0, 0.0, 0.0])
    for coverage, answer in (({}, "named"), ({"de": 0.41}, "not covered")):
        model = load_language_model(write_language_model(tmp_path / f"m{len(coverage)}", coverage=coverage))
        assert decide(scores, 5.0, model).answer == answer
    assert not model.decision.covers("xx")


def test_more_speech_makes_surer_where_validation_found_it_so():
    """The scale of the scores grows with the duration, and no further than it was measured."""
    decision = Decision(0.0, 0.5, 2.0, 0.0, {}, 0.4)
    first = [decision.probabilities(np.array([1.0, 0.0, 0.0]), seconds)[0] for seconds in (3.0, 5.0, 10.0, 30.0, 300.0)]
    assert first[0] < first[1] < first[2] < first[3] == first[4]


def test_weights_that_the_card_does_not_name_are_refused(tmp_path):
    """One changed byte."""
    folder = write_language_model(tmp_path / "model")
    weights = bytearray((folder / "weights.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(weights)
    with pytest.raises(ModelError, match="SHA-256"):
        load_language_model(folder)


def test_a_speaker_model_is_no_language_model(tiny_model_folder):
    """The error says so."""
    with pytest.raises(ModelError, match="no model of languages"):
        load_language_model(tiny_model_folder)


def test_a_card_with_another_number_of_classes_is_refused(tmp_path):
    """Names would stand for other languages."""
    with pytest.raises(ModelError, match="2 classes for 3"):
        load_language_model(write_language_model(tmp_path / "model", classes=["de", "en"]))
