"""Training for languages and accents: disjoint people, a kill that costs nothing, honest decisions."""

import csv
import dataclasses
import json

import numpy as np
import polars as pl
import pytest
import torch
from factories import voice, write_wav

from forensic.errors import SettingsError, TrainingError
from forensic.examination.hearing import hear, hear_each
from forensic.language.classifier import load_language_model, score_windows
from forensic.language.hearing import Heard
from forensic.language.network import load_language_network
from forensic.speaker.architecture import Architecture as SpeakerArchitecture
from forensic.speaker.network import SpeakerNetwork
from forensic.storage.cards import read_card
from forensic.training.cache import build_cache
from forensic.training.configuration import AugmentationSettings, DataSettings
from forensic.training.model_folder import TrainingRequest, save_model
from forensic.training.recognition import trainer
from forensic.training.recognition.batches import make_drawer
from forensic.training.recognition.configuration import (
    LearningSettings,
    NetworkSettings,
    RecognitionSettings,
    SelectionSettings,
    load_recognition_settings,
)
from forensic.training.recognition.data import draw_development_people, make_labelled_pieces, read_classes
from forensic.training.recognition.decision import choose_threshold, fit_scale, validate_classes
from forensic.training.recognition.development import Trials, measure, try_development_people
from forensic.training.recognition.networks import ear_of
from forensic.training.recognition.record import told_by_corpus
from forensic.training.recognition.speech import open_speech
from forensic.workflows.train import train_recognition

_LEARNING = LearningSettings(steps=6, batch=6, min_crop_frames=100, max_crop_frames=160, evaluate_every=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two languages of four people each, a person without a language, a person of another split."""
    root = tmp_path_factory.mktemp("languages")
    rows = []
    for person in range(8):
        language = "aa" if person < 4 else "bb"
        name = f"p{person}.wav"
        samples = voice(seconds=9.0, seed=person, pitch_hz=90.0 + 25 * person, pauses=False)
        write_wav(root / name, samples)
        rows.append((name, "train", "made up", f"p{person}", language, 9.0))
    rows += [
        ("nobody.wav", "train", "made up", "nobody", "", 9.0),
        ("other.wav", "population", "made up", "other", "cc", 9.0),
    ]
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "split", "corpus", "speaker", "language", "seconds"))
        writer.writerows(rows)
    return root


@pytest.fixture(scope="module")
def speaker_folder(tmp_path_factory):
    """A speaker model of the real kind, small and untrained."""
    torch.manual_seed(1)
    network = SpeakerNetwork(SpeakerArchitecture(hidden_size=24, layers=3, embedding_size=4, log_bands=True))
    folder = tmp_path_factory.mktemp("models") / "small"
    save_model(folder, network, {"name": "small", "licence": "CC0", "data": "none"}, {})
    return folder


@pytest.fixture(scope="module")
def settings(corpus, speaker_folder):
    return RecognitionSettings(
        data=DataSettings(manifest=str(corpus / "manifest.csv"), splits=("train",), noise="", rooms=""),
        selection=SelectionSettings(development_share=0.25),
        augmentation=AugmentationSettings(piece_s=12.0, versions=1),
        network=NetworkSettings(str(speaker_folder), (1, 3), read_size=16, uppers=2, hidden_size=8, embedding_size=8),
        learning=_LEARNING,
    )


@pytest.fixture(scope="module")
def work(settings, speaker_folder):
    """A folder with the features of the corpus, made by a first run, beside the speaker model."""
    folder = speaker_folder.parent
    train_recognition(_request(settings, folder, folder / "first"), lambda *_: None, lambda _: None)
    (folder / "checkpoint.pt").unlink()
    return folder


def _request(settings, work, out, task="language"):
    return TrainingRequest(settings, out, work, out.name, "CC0", "Synthetic voices.", 1, task)


def test_only_people_of_the_split_with_a_language_are_used(settings):
    """A file without the class says nothing of it."""
    rows = read_classes(settings.data, settings.selection, "language")
    assert sorted(rows["speaker"].unique()) == [f"p{person}" for person in range(8)]


def test_nobody_is_in_training_and_development_and_every_class_is_in_both(settings):
    """A person may speak several languages; they are kept out in all of them."""
    rows = read_classes(settings.data, settings.selection, "language")
    pieces = make_labelled_pieces(rows, settings.data, settings.selection, settings.augmentation)
    sides = {
        out: (
            {p.speaker for p in pieces if p.is_development == out},
            {p.label for p in pieces if p.is_development == out},
        )
        for out in (True, False)
    }
    assert not sides[True][0] & sides[False][0]
    assert sides[True][1] == sides[False][1] == {"aa", "bb"}


def test_a_class_of_one_person_is_trained_on_and_the_largest_share_is_never_kept_out():
    """Kept out, there would be nothing to learn it from."""
    rows = [("c", "s1", "aa", 9.0), *[("c", f"t{n}", "bb", 90.0 if n == 0 else 4.0) for n in range(6)]]
    frame = pl.DataFrame(rows, ["corpus", "speaker", "label", "seconds"], orient="row")
    for seed in range(8):
        chosen = draw_development_people(frame, 0.12, seed)
        assert "c/s1" not in chosen
        assert chosen


def test_one_language_is_nothing_to_tell_apart(settings):
    """Said before any feature is made."""
    only = dataclasses.replace(settings.selection, corpora=("another",))
    with pytest.raises(TrainingError, match="fewer than two classes"):
        read_classes(settings.data, only, "language")
    with pytest.raises(TrainingError, match="lacks the column accent"):
        read_classes(settings.data, settings.selection, "accent")


def test_a_run_leaves_a_model_that_loads_with_its_record(work):
    """Weights in half precision, classes, decision, coverage and people on the card."""
    model = load_language_model(work / "first")
    record = json.loads((work / "first" / "training.json").read_text())
    assert model.classes == ("aa", "bb")
    assert set(record["validation"]["trials"]) == {"aa", "bb"}
    assert len(record["people_sha256"]) == 8
    assert record["development_people"] == 3
    assert "| aa | 4 |" in (work / "first" / "MODEL_CARD.md").read_text()
    assert "<svg" in (work / "first" / "learning_curve.svg").read_text()


def test_a_run_that_was_killed_goes_on_to_the_same_model(settings, work, monkeypatch, tmp_path):
    """From its last checkpoint, to the last bit of the weights."""
    evaluate = trainer._Run.evaluate

    def die(run):
        evaluate(run)
        if run.step == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer._Run, "evaluate", die)
    with pytest.raises(KeyboardInterrupt):
        train_recognition(_request(settings, work, tmp_path / "again"), lambda *_: None, lambda _: None)
    monkeypatch.setattr(trainer._Run, "evaluate", evaluate)
    steps = []
    train_recognition(
        _request(settings, work, tmp_path / "again"), lambda *_: None, lambda state: steps.append(state.step)
    )
    first, again = (read_card(folder)["weights"]["sha256"] for folder in (work / "first", tmp_path / "again"))
    assert first == again
    (work / "checkpoint.pt").unlink()


def open_cache(settings, work):
    """The features that a run left."""
    rows = read_classes(settings.data, settings.selection, "language")
    pieces = make_labelled_pieces(rows, settings.data, settings.selection, settings.augmentation)
    return build_cache(work / "cache", pieces, settings.data, settings.augmentation, 1, lambda *_: None)


def _trials(scale: float, frames: int, seed: int = 0, n: int = 4000) -> Trials:
    """Scores whose softmax, times the scale, are true probabilities of the classes."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.0, 2.0, (n, 4))
    odds = np.exp(scale * scores)
    labels = np.array([rng.choice(4, p=row / row.sum()) for row in odds])
    return Trials(frames, 0, np.arange(n), labels, scores)


def test_probabilities_come_out_as_often_as_they_say():
    """Scores that are twice too bold at 3 s and right at 8 s."""
    log_scale, slope = fit_scale([_trials(0.5, 300), _trials(1.0, 800, seed=1)])
    assert np.exp(log_scale + slope * np.log(3 / 5)) == pytest.approx(0.5, rel=0.15)
    assert np.exp(log_scale + slope * np.log(8 / 5)) == pytest.approx(1.0, rel=0.15)
    assert validate_classes([_trials(0.5, 300)], "abcd").calibration_error < 0.03


def test_the_threshold_rejects_no_more_than_a_tenth_of_what_is_right():
    """However much speech of unknown classes it would catch."""
    rng = np.random.default_rng(0)
    known, unknown = rng.uniform(0.3, 1.0, 1000), rng.uniform(0.2, 0.9, 1000)
    threshold = choose_threshold(known, unknown)
    assert (known < threshold).mean() <= 0.1
    assert (unknown < threshold).mean() > (known < threshold).mean()


def test_coverage_is_the_error_of_each_class_on_clean_speech():
    """One class is mostly right, one never; a class without people has no error at all."""
    scores = np.tile([3.0, 1.0, 0.0], (20, 1))
    labels = np.repeat([0, 1], [14, 6])
    decision = validate_classes([Trials(500, 0, np.arange(20), labels, scores)], "abc").decision
    assert decision.error == {"a": 0.3, "b": 1.0}
    assert [decision.covers(name) for name in "abc"] == [True, False, False]


def test_a_class_of_few_stretches_is_not_validated():
    """Four people told rightly show little."""
    labels = np.repeat([0, 1], [5, 4])
    error = validate_classes([Trials(500, 0, np.arange(9), labels, 9.0 * np.eye(2)[labels])], "ab").decision.error
    assert error == {"a": 0.0}


def test_a_class_that_others_are_taken_for_is_not_covered():
    """Its own speech is always told rightly, but half of what is said to be it is not."""
    scores = np.tile([3.0, 1.0], (20, 1))
    labels = np.repeat([0, 1], 10)
    decision = validate_classes([Trials(500, 0, np.arange(20), labels, scores)], "ab").decision
    assert decision.error["a"] == 0.5
    assert not decision.covers("a")


def test_a_class_that_only_its_corpus_may_tell_is_not_validated():
    """Errors on people of that corpus say nothing of others; where all share one corpus, it tells nothing."""
    columns = ["corpus", "label"]
    rows = [("one", "aa"), ("one", "bb"), ("two", "bb"), ("three", "cc")]
    assert told_by_corpus(pl.DataFrame(rows, columns, orient="row")) == {"cc"}
    assert told_by_corpus(pl.DataFrame(rows[:2], columns, orient="row")) == set()


def test_a_large_class_weighs_no_more_than_a_small_one():
    """Ninety stretches of one class right and ten of another wrong are half wrong."""
    scores = np.tile([3.0, 1.0, 0.0, 0.0, 0.0, 0.0], (100, 1))
    labels = np.repeat([0, 5], [90, 10])
    (clean,) = measure([Trials(500, 0, np.arange(100), labels, scores)], 1).conditions
    assert clean.error == 0.5


def test_the_card_names_the_speaker_model_that_is_heard(work, speaker_folder):
    """By the hash of its weights; beside it or among the bundled ones it is found, and no other does."""
    model = load_language_model(work / "first")
    assert model.card["body"]["sha256"] == read_card(speaker_folder)["weights"]["sha256"]
    assert (model.body.name, model.body.layers, model.body.folder) == ("small", (1, 3), speaker_folder)
    assert model.card["architecture"]["heard_size"] == 48


def test_a_layer_that_the_speaker_network_lacks_is_refused(settings, work, tmp_path):
    """Before any feature is made."""
    other = dataclasses.replace(settings, network=dataclasses.replace(settings.network, layers=(4,)))
    with pytest.raises(TrainingError, match="has 3 layers"):
        train_recognition(_request(other, work, tmp_path / "other"), lambda *_: None, lambda _: None)


def test_what_learns_hears_what_an_examination_hears(settings, work):
    """The same windows, and the same scores of short and long stretches."""
    model, ear = load_language_model(work / "first"), ear_of(settings.network)
    score = ear.score(load_language_network(work / "first"))
    for frames in (120, 300, 480, 481, 800, 4000):
        power = np.random.default_rng(frames).gamma(0.3, 0.02, (frames, 40)).astype(np.float32)
        examined = score_windows(hear_each([power[:3000]], model.body)[0].cut(), model).mean(axis=0)
        if frames <= 480:
            np.testing.assert_allclose(examined, score(torch.from_numpy(power)[None])[0], atol=1e-4)
        scanned = Heard()
        scanned.add(hear(power, model.body), frames)
        found = score_windows(scanned.cut(), model).mean(axis=0)
        np.testing.assert_allclose(found, score(torch.from_numpy(power)[None])[0], atol=1e-4)


def test_a_person_is_kept_out_in_every_selection_of_the_same_data():
    """The draw depends on the seed and their name, not on who else there is."""
    rows = [("c", f"s{n}", "aa" if n % 2 else "bb", 9.0) for n in range(60)]
    columns = ["corpus", "speaker", "label", "seconds"]
    all_people = draw_development_people(pl.DataFrame(rows, columns, orient="row"), 0.3, 1)
    fewer = draw_development_people(pl.DataFrame(rows[:40], columns, orient="row"), 0.3, 1)
    assert 5 < len(fewer) < 20
    assert fewer == {name for name in all_people if int(name.removeprefix("c/s")) < 40}


def test_development_stretches_are_those_of_the_pieces(settings, work):
    """Side by side in each piece of the people who were kept out, in each version."""
    cache = open_cache(settings, work)
    index = cache.index
    drawer = make_drawer(
        open_speech(cache, torch.device("cpu")),
        index["label"].to_list(),
        index["speaker"].to_list(),
        index["is_development"].to_numpy(),
        ("aa", "bb"),
        settings.crops,
    )
    network, ear = load_language_network(work / "first"), ear_of(settings.network)
    clean, degraded = try_development_people(network, ear, drawer, (300,))
    kept_out = index.with_row_index("piece").filter("is_development")
    assert len(clean.labels) == sum(frames // 300 for frames in kept_out["frames"])
    row = kept_out.row(0, named=True)
    for version, trials in enumerate((clean, degraded)):
        crop = torch.from_numpy(cache.crop(version, row["first"], 300)[None])
        np.testing.assert_allclose(trials.scores[0], ear.score(network)(crop)[0], atol=1e-4)


def test_a_configuration_refuses_unknown_keys(tmp_path):
    """A mistyped key would train something else."""
    (tmp_path / "a.toml").write_text("[learning]\nstepps = 3\n")
    with pytest.raises(SettingsError, match="stepps"):
        load_recognition_settings(tmp_path / "a.toml")
