"""Training: disjoint people, one model from one seed, a kill that costs nothing."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from factories import voice, write_wav
from second_models import SIZE, onnx_folder

from forensic.errors import TrainingError
from forensic.examination.manifest import read_manifest
from forensic.examination.people import trained_people
from forensic.speaker.architecture import Architecture
from forensic.speaker.extractor import embed_windows, load_model
from forensic.speaker.network import SpeakerNetwork, load_network
from forensic.training import cache
from forensic.training.cache import build_cache
from forensic.training.configuration import (
    AugmentationSettings,
    DataSettings,
    LearningSettings,
    NetworkSettings,
    TrainingSettings,
    load_training_settings,
)
from forensic.training.data import make_pieces
from forensic.training.model_folder import RECORD, TrainingRequest
from forensic.training.speaker import trainer
from forensic.training.speaker.development import DevelopmentResult, measure
from forensic.training.speaker.networks import networks_of, with_second_head
from forensic.training.speaker.second_head import start_second_head
from forensic.training.speaker.teacher import make_teacher
from forensic.workflows import train as workflow
from forensic.workflows.train import train_speakers

_LEARNING = LearningSettings(
    init="random", steps=6, batch=6, min_crop_frames=60, max_crop_frames=90, evaluate_every=2, average_last=0.5
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Eight people with three recordings each, two recordings of nobody, one broken file."""
    root = tmp_path_factory.mktemp("corpus")
    rows = []
    for person in range(8):
        for take in range(3):
            name = f"p{person}-{take}.wav"
            write_wav(root / name, voice(seconds=6.0, seed=100 * person + take, pitch_hz=90.0 + 20 * person))
            rows.append((name, "train", "made up", f"p{person}", 6.0))
    for take in range(2):
        write_wav(root / f"u{take}.wav", voice(seconds=4.0, seed=900 + take))
        rows.append((f"u{take}.wav", "unlabelled", "other", "", 4.0))
    (root / "broken.wav").write_text("no audio")
    rows += [("broken.wav", "train", "made up", "p9", 3.0), ("secret.wav", "population", "made up", "secret", 3.0)]
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "split", "corpus", "speaker", "seconds"))
        writer.writerows(rows)
    return root


@pytest.fixture(scope="module")
def settings(corpus):
    return TrainingSettings(
        DataSettings(manifest=str(corpus / "manifest.csv"), noise="", rooms="", development_share=0.4),
        AugmentationSettings(piece_s=18.0, versions=1),
        _LEARNING,
    )


def _pieces(settings):
    manifest = read_manifest(Path(settings.data.manifest), settings.data.splits)
    return make_pieces(manifest, settings.data, settings.augmentation)


@pytest.fixture(scope="module")
def features(settings, tmp_path_factory):
    """The cache of those settings, which every run here would make alike."""
    folder = tmp_path_factory.mktemp("features") / "cache"
    build_cache(folder, _pieces(settings), settings.data, settings.augmentation, 1, lambda *_: None)
    return folder


@pytest.fixture
def request_for(settings, features, tmp_path):
    def make(name, **learning):
        changed = dataclasses.replace(settings, learning=dataclasses.replace(settings.learning, **learning))
        shutil.copytree(features, tmp_path / f"work-{name}" / "cache")
        return TrainingRequest(changed, tmp_path / name, tmp_path / f"work-{name}", name, "CC0", "made up", workers=1)

    return make


def _train(request):
    return train_speakers(request, lambda *_: None, lambda _: None)


def test_no_person_is_in_training_and_development(settings):
    pieces = make_pieces(
        read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, settings.augmentation
    )
    training = {piece.speaker for piece in pieces if not piece.is_development}
    development = {piece.speaker for piece in pieces if piece.is_development}
    assert development
    assert not training & development


def test_a_network_of_half_the_steps_is_trained_to_be_the_one_it_started_from(request_for, tmp_path):
    teacher = request_for("teacher", steps=2)
    _train(teacher)
    learning = {"init": str(teacher.out), "states_weight": 1.0, "margin_weight": 0.0, "clean_share": 0.5}
    request = request_for("quick", **learning)
    request = dataclasses.replace(
        request, settings=dataclasses.replace(request.settings, network=NetworkSettings(halved_from=2))
    )
    record = json.loads((teacher.out / RECORD).read_text())
    earlier = {*record["people_sha256"], "of somebody whom the teacher alone has heard"}
    (teacher.out / RECORD).write_text(json.dumps(record | {"people_sha256": sorted(earlier)}))
    _train(request)
    assert trained_people(request.out) == earlier
    whole, half = load_network(teacher.out), load_network(request.out)
    assert half.architecture == dataclasses.replace(whole.architecture, halved_from=2)
    assert torch.equal(half.lstm.weight_hh_l0, whole.lstm.weight_hh_l0)
    assert not torch.equal(half.lstm.weight_hh_l2, whole.lstm.weight_hh_l2)
    windows = np.random.default_rng(0).random((3, 160, 40), dtype=np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(
            embed_windows(windows, load_model(request.out)), half(torch.from_numpy(windows)), atol=1e-5
        )


def test_a_corpus_for_development_is_kept_out_with_all_its_people_and_unlabelled_speech(settings):
    data = dataclasses.replace(settings.data, development_share=0.0, development_corpora=("made up", "other"))
    pieces = make_pieces(read_manifest(Path(data.manifest), data.splits), data, settings.augmentation)
    assert {piece.corpus for piece in pieces} == {"made up"}
    assert all(piece.is_development for piece in pieces)


def test_a_person_at_another_speed_is_somebody_else_and_never_one_kept_out(settings):
    augmentation = dataclasses.replace(settings.augmentation, speeds=(0.8, 1.25))
    pieces = make_pieces(read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, augmentation)
    plain = [piece for piece in pieces if piece.speed == 1.0]
    copies = [piece for piece in pieces if piece.speed != 1.0]
    assert len(copies) == sum(not piece.is_development for piece in plain)
    assert not {piece.speaker for piece in plain if piece.speaker} & {piece.speaker for piece in copies}
    assert not any(piece.is_development for piece in copies)
    for speaker in {piece.speaker for piece in copies} - {""}:
        assert len({piece.speed for piece in copies if piece.speaker == speaker}) == 1


def test_speech_that_is_played_faster_is_shorter_and_higher():
    tone = np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000).astype(np.float32)
    faster = cache._at_speed(tone, 1.25)
    assert len(faster) == 12_800
    spectrum = np.abs(np.fft.rfft(faster))
    assert np.argmax(spectrum) * 16_000 / len(faster) == pytest.approx(250, abs=2)


def test_only_the_chosen_splits_are_read(settings):
    speakers = set(read_manifest(Path(settings.data.manifest), settings.data.splits)["speaker"])
    assert speakers - {""} == {f"p{number}" for number in (*range(8), 9)}


def test_clips_of_one_person_are_joined_and_never_those_of_two(settings):
    pieces = make_pieces(
        read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, settings.augmentation
    )
    for piece in pieces:
        owners = {clip.path.name.split("-")[0] for clip in piece.clips}
        assert len(owners) == 1
        assert sum(clip.seconds for clip in piece.clips) <= 18.0
    assert any(len(piece.clips) == 3 for piece in pieces)


def test_every_version_holds_the_same_instants_and_bad_files_are_listed(settings, features):
    import polars as pl

    pieces = make_pieces(
        read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, settings.augmentation
    )
    made = build_cache(features, pieces, settings.data, settings.augmentation, 1, lambda *_: None)
    clean, degraded = made.versions
    assert clean.shape == degraded.shape == (made.index["frames"].sum(), 40)
    envelope = [np.log(np.square(v[:, 5:20].astype(np.float32)).sum(axis=1) + 1e-6) for v in (clean, degraded)]
    assert np.corrcoef(*envelope)[0, 1] > 0.3
    problems = pl.read_parquet(features / "problems.parquet")
    assert problems["path"].str.ends_with("broken.wav").to_list()[0]


def test_any_number_of_processes_makes_the_same_features(settings, features, tmp_path):
    """To the byte, and in the same order."""
    build_cache(tmp_path, _pieces(settings), settings.data, settings.augmentation, 2, lambda *_: None)
    names = sorted(path.name for path in features.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all((tmp_path / name).read_bytes() == (features / name).read_bytes() for name in names)


def test_a_piece_that_kills_its_process_is_listed_with_the_clip_it_starts_with(settings):
    piece = _pieces(settings)[0]
    made = cache._give_up((0, piece))
    assert not made.versions
    assert [path for path, _, _ in made.problems] == [str(piece.clips[0].path)]


def test_a_run_leaves_a_model_that_loads_with_its_record(request_for):
    request = request_for("model")
    history = _train(request)
    model = load_model(request.out)
    assert model.identity.name == "model"
    record = json.loads((request.out / "training.json").read_text())
    assert record["settings"]["learning"]["steps"] == 6
    assert len(record["features_sha256"]) == 64
    assert [result.step for result in history[:-1]] == [0, 2, 4, 6]
    assert record["corpora"][0]["people"] == 9
    card = (request.out / "MODEL_CARD.md").read_text()
    assert model.identity.sha256 in card
    assert "| made up | not stated | 9 | 25 |" in card
    assert f"{100 * history[-1].degraded.eer:.2f}" in card
    assert "<svg" in (request.out / "learning_curve.svg").read_text()

    (request.out / "MODEL_CARD.md").write_text("an older card")
    workflow.choose_score(request, lambda *_: None)
    assert (request.out / "MODEL_CARD.md").read_text() == card


def test_a_network_is_not_put_beside_the_population_of_another(request_for):
    """Whose embeddings it could not be compared with; said before anything is prepared."""
    request = request_for("banked")
    request.out.mkdir()
    (request.out / "population.toml").touch()
    with pytest.raises(TrainingError, match="has a reference population, which would be of another network"):
        _train(request)


def test_one_seed_gives_one_model_and_another_seed_another(request_for):
    hashes = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        request = request_for(name, seed=seed)
        _train(request)
        hashes.append(load_model(request.out).identity.sha256)
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_run_that_was_killed_goes_on_to_the_same_model(request_for, monkeypatch):
    whole = request_for("whole")
    _train(whole)
    killed = request_for("killed")

    class Killed(Exception):  # noqa: N818 - no error of the program
        pass

    original = trainer._Run.learn

    def die_at_step_5(run):
        if run.step == 5:
            raise Killed
        return original(run)

    with monkeypatch.context() as patch:
        patch.setattr(trainer._Run, "learn", die_at_step_5)
        with pytest.raises(Killed):
            _train(killed)
    steps = []
    monkeypatch.setattr(trainer._Run, "learn", lambda run: (steps.append(run.step), original(run))[1])
    _train(killed)
    assert steps == [4, 5]
    assert load_model(killed.out).identity.sha256 == load_model(whole.out).identity.sha256


def test_a_network_that_starts_as_its_teacher_has_nothing_to_learn_from_the_same_clean_crops(request_for):
    losses = []
    for name, share in (("crops", 1.0), ("pieces", 0.0)):
        request = request_for(
            name,
            crop_share=share,
            clean_share=1.0,
            level_jitter_db=0.0,
            margin_weight=0.0,
            similarity_weight=0.0,
            learning_rate=1e-9,  # Adam takes steps of this size however small the gradient
        )
        train_speakers(request, lambda *_: None, lambda state, own=losses: own.append((state.step, state.loss)))
    (_, of_crops), (_, of_pieces) = losses
    assert of_crops < 0.1 * of_pieces


def test_a_run_without_progress_stops_early_with_the_best_network(request_for):
    request = request_for("idle", steps=40, learning_rate=1e-12, patience=3)
    history = _train(request)
    assert history[-2].step == 6
    assert history[-1].clean.comparisons > 0
    assert history[-1].cost == min(result.cost for result in history)


def test_a_network_grows_as_the_settings_say_and_says_so_on_its_card(request_for):
    request = request_for("grown")
    wanted = NetworkSettings(log_bands=True, pooling="statistics")
    settings = dataclasses.replace(request.settings, network=wanted)
    _train(dataclasses.replace(request, settings=settings))
    architecture = load_network(request.out).architecture
    assert (architecture.log_bands, architecture.pooling) == (True, "statistics")


def test_a_run_with_every_loss_and_perturbation_comes_to_its_end(request_for):
    history = _train(request_for("ge2e", pieces_per_person=3, ge2e_weight=1.0, recolour_share=0.5, overlay_share=0.5))
    assert history[-2].step == 6


def test_a_teacher_other_than_the_start_is_the_one_learnt_from(request_for):
    other = request_for("other", seed=7, steps=2)
    _train(other)
    targets = []
    for name, teacher in (("own", ""), ("others", str(other.out))):
        request = request_for(name, teacher=teacher, steps=2)
        _train(request)
        targets += [path.name for path in request.work.glob("targets-*.npy")]
    assert len(set(targets)) == 2


def test_development_errors_are_told_by_condition(settings, tmp_path):
    augmentation = dataclasses.replace(settings.augmentation, versions=3)
    pieces = make_pieces(read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, augmentation)
    made = build_cache(tmp_path / "cache", pieces, settings.data, augmentation, 1, lambda *_: None)
    kinds = made.conditions()
    assert (kinds[0] == "clean").all()
    assert set(np.unique(kinds[1:])) <= {"room", "noise", "telephone", "other"}
    result = measure(SpeakerNetwork(Architecture()), made, 0, torch.device("cpu"))
    assert [condition.condition for condition in result.conditions[:2]] == ["clean", "degraded"]
    assert result.degraded.comparisons == 3 * result.clean.comparisons
    assert DevelopmentResult.from_plain(dataclasses.asdict(result)) == result


def test_a_loss_that_is_no_number_stops_the_run(request_for):
    with pytest.raises(TrainingError, match="loss is nan"):
        _train(request_for("broken", cosine_weight=float("nan")))


def test_training_without_data_says_what_to_give(settings, request_for):
    request = request_for("none")
    nothing = dataclasses.replace(request.settings, data=DataSettings())
    with pytest.raises(TrainingError, match="No training data"):
        _train(dataclasses.replace(request, settings=nothing))


def test_a_manifest_without_speakers_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("path,who\na.wav,x\n")
    with pytest.raises(TrainingError, match="lacks the column speaker"):
        read_manifest(tmp_path / "m.csv", ())


def test_a_folder_for_each_speaker_is_a_manifest(tmp_path):
    for name in ("100/1/a.flac", "100/2/b.flac", "200/c.wav", "200/notes.txt", "loose.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    frame = read_manifest(tmp_path, ())
    assert frame.select("path", "speaker").rows() == [
        ("100/1/a.flac", "100"),
        ("100/2/b.flac", "100"),
        ("200/c.wav", "200"),
    ]


def test_common_voices_table_is_a_manifest(tmp_path):
    (tmp_path / "validated.tsv").write_text('client_id\tpath\tsentence\nx1\ta.mp3\tHe said "no\n')
    frame = read_manifest(tmp_path / "validated.tsv", ())
    assert frame.select("path", "speaker").rows() == [("clips/a.mp3", "x1")]


def test_every_channel_that_was_drawn_is_recorded(settings, features):
    pieces = make_pieces(
        read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, settings.augmentation
    )
    made = build_cache(features, pieces, settings.data, settings.augmentation, 1, lambda *_: None)
    channels = made.channels
    assert channels["piece"].to_list() == list(range(made.index.height))
    assert channels["channel"].n_unique() > 1


def test_a_configuration_reads_lists_and_refuses_unknown_keys(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('[data]\nsplits = ["a", "b"]\n[learning]\nsteps = 10\n')
    assert load_training_settings(path).data.splits == ("a", "b")
    path.write_text("[learning]\nstepz = 10\n")
    with pytest.raises(Exception, match="stepz is unknown"):
        load_training_settings(path)


def test_a_batch_holds_each_person_as_often_as_asked_and_the_same_instants_clean(settings, features):
    pieces = make_pieces(
        read_manifest(Path(settings.data.manifest), settings.data.splits), settings.data, settings.augmentation
    )
    made = build_cache(features, pieces, settings.data, settings.augmentation, 1, lambda *_: None)
    learning = dataclasses.replace(_LEARNING, batch=4, pieces_per_person=2, clean_share=1.0, level_jitter_db=0.0)
    training = np.flatnonzero(~made.index["is_development"].to_numpy())
    groups = trainer._groups(made, training)
    names = made.index["speaker"].to_list()
    for seed in range(5):
        crops, clean, drawn = trainer._draw_batch(made, training, groups, learning, np.random.default_rng(seed))
        np.testing.assert_array_equal(crops, clean)
        assert set(drawn) <= set(training)
        for first, second in zip(drawn[::2], drawn[1::2], strict=True):
            assert names[first] == names[second]
            assert names[first] or first == second  # an unlabelled piece stands for itself


def test_training_runs_on_a_processor_without_bfloat16(request_for, monkeypatch):
    """In float32, without a traceback."""
    import torch

    from forensic.speaker import extractor
    from forensic.training.speaker import trainer

    asked = []
    original = torch.autocast

    def autocast(device, dtype, *, enabled=True):
        asked.append(enabled)
        return original(device, dtype, enabled=enabled)

    monkeypatch.setattr(trainer, "can_autocast", lambda device: False)
    monkeypatch.setattr(extractor, "has_bfloat16", lambda: False)
    monkeypatch.setattr(trainer.torch, "autocast", autocast)
    _train(request_for("model"))
    assert asked
    assert not any(asked)


def test_recordings_may_lie_anywhere(corpus, settings, tmp_path):
    """A manifest of absolute paths, outside its folder."""
    head, *lines = (corpus / "manifest.csv").read_text().splitlines()
    (tmp_path / "elsewhere.csv").write_text("\n".join([head, *(f"{corpus}/{line}" for line in lines)]) + "\n")
    data = dataclasses.replace(settings.data, manifest=str(tmp_path / "elsewhere.csv"))
    pieces = make_pieces(read_manifest(Path(data.manifest), data.splits), data, settings.augmentation)[:1]
    made = build_cache(tmp_path / "cache", pieces, data, settings.augmentation, 1, lambda *_: None)
    assert made.index.height == 1
    assert pieces[0].clips[0].path.parent.is_relative_to(corpus)


@pytest.fixture(scope="module")
def two_heads(settings, tmp_path_factory):
    """Settings of a network that a second model teaches as well, and the folder of a run with them."""
    root = tmp_path_factory.mktemp("two heads")
    learning = dataclasses.replace(
        settings.learning, second_teacher=str(onnx_folder(root / "second")), crop_share=0.5, margin_weight=0.0
    )
    changed = dataclasses.replace(settings, learning=learning, network=NetworkSettings(pooling="statistics"))
    request = TrainingRequest(changed, root / "taught", root / "work", "taught", "CC0", "made up", workers=1)
    _train(request)
    return request


def test_a_second_model_teaches_a_second_head(two_heads):
    """Whose teachers the card names; the first head's part of the embedding is as long as the second's."""
    model = load_model(two_heads.out)
    assert (model.architecture.embedding_size, model.architecture.second_size) == (256 + SIZE, SIZE)
    assert model.card["teachers"] == "random weights (first head), and second (CC0; second head): Nobody."
    windows = np.random.default_rng(1).gamma(0.3, 0.02, (3, 160, 40)).astype(np.float32)
    embeddings = embed_windows(windows, model)
    np.testing.assert_allclose(np.linalg.norm(embeddings[:, 256:], axis=1), np.sqrt(0.5), atol=1e-5)


def test_the_second_head_starts_near_its_targets(two_heads):
    """Far nearer than random weights, and the first head says what it said."""
    settings = two_heads.settings
    features = build_cache(
        two_heads.work / "cache",
        _pieces(settings),
        settings.data,
        settings.augmentation,
        1,
        lambda *_: None,
        settings.learning.second_teacher,
    )
    assert features.second is not None
    assert features.second.shape == (features.index.height, SIZE)
    np.testing.assert_allclose(np.linalg.norm(features.second, axis=1), 1.0, atol=1e-5)
    network, first = networks_of(settings)
    teacher = make_teacher(first, features, two_heads.work)
    learnt = features.index.with_row_index("piece").filter(~pl.col("is_development"))
    crops = torch.from_numpy(np.stack([features.crop(0, begin, 160) for begin in learnt["first"]]))
    targets = teacher.second_targets[learnt["piece"].to_list()]
    larger = with_second_head(network, SIZE).eval()

    @torch.no_grad()
    def nearness() -> float:
        second = torch.nn.functional.normalize(larger(crops)[:, 256:], dim=1)
        return float((second * targets).sum(dim=1).mean())

    before = nearness()
    start_second_head(larger, features, teacher.second_targets, 1)
    assert nearness() > before + 0.1
    alone = network.eval()(crops)
    assert torch.allclose(larger(crops)[:, :256] * 2**0.5, alone, atol=1e-5)


def test_a_network_with_a_second_head_goes_on_with_a_model_of_its_size_alone(two_heads):
    """Another would have to start anew."""
    network = load_network(two_heads.out)
    assert with_second_head(network, SIZE) is network
    with pytest.raises(TrainingError, match="second head of 80 values, and the second teacher gives 192"):
        with_second_head(network, 192)
