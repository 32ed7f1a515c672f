"""A graph gives what its network gives in torch, and what is no graph is refused."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from forensic.audio.speech import BINS, SPECTRA, detector_folder
from forensic.errors import ModelError
from forensic.inference import Graph
from forensic.language.classifier import load_language_model, score_windows
from forensic.language.network import load_language_network
from forensic.speaker.extractor import embed_and_hear, load_model
from forensic.speaker.network import run_in_torch
from forensic.storage.cards import read_card
from forensic.storage.shipped import shipped

MODELS = sorted(path.parent for path in shipped("models").glob("*/network.onnx"))
SPEAKER_MODELS = [folder for folder in MODELS if read_card(folder)["task"] == "speaker"]
RECOGNITION_MODELS = [folder for folder in MODELS if read_card(folder)["task"] != "speaker"]


def _speech(windows, frames, seed=1):
    return np.random.default_rng(seed).gamma(0.3, 0.02, (windows, frames, 40)).astype(np.float32)


@pytest.mark.parametrize("folder", SPEAKER_MODELS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("frames", [40, 80, 160])
def test_the_graph_that_ships_gives_what_its_network_gives(folder, frames):
    """Embeddings, and the states of every layer."""
    model = load_model(folder)
    layers = range(1, model.architecture.layers + 1)
    windows = _speech(5, frames)
    embeddings, states = embed_and_hear(windows, model, layers)
    expected, heard = run_in_torch(windows, folder, model.identity.sha256, layers, bfloat16=False)
    np.testing.assert_allclose(embeddings, expected, atol=2e-6)
    np.testing.assert_allclose(states, np.concatenate(heard, axis=2), atol=5e-6)


@pytest.mark.parametrize("folder", RECOGNITION_MODELS, ids=lambda folder: folder.name)
def test_a_graph_of_languages_or_accents_gives_what_its_network_gives(folder):
    """Short windows among longer ones as well, in any order; more of them than go through at once."""
    rng, network = np.random.default_rng(1), load_language_network(folder)
    size = network.architecture.heard_size
    windows = [rng.normal(0, 0.3, (steps, size)).astype(np.float32) for steps in (120, 40, 80, *[120] * 14, 40)]
    with torch.inference_mode():
        expected = [network(torch.from_numpy(window[None]))[0].numpy() for window in windows]
    np.testing.assert_allclose(score_windows(windows, load_language_model(folder)), expected, atol=1e-4)


def test_half_precision_weights_stay_exact_and_small_in_a_graph():
    """As language networks keep them."""
    for folder in RECOGNITION_MODELS:
        weights, graph = ((folder / name).stat().st_size for name in ("weights.safetensors", "network.onnx"))
        assert graph < 1.1 * weights


def test_a_folder_without_a_graph_gives_the_same(tiny_model_folder):
    windows = _speech(3, 160)
    embeddings, states = embed_and_hear(windows, load_model(tiny_model_folder), (2,))
    card = tiny_model_folder / "card.toml"
    before, _, after = card.read_text().partition("[graph]")
    card.write_text(before + after[after.find("[") :] if "[" in after else before)
    without = load_model(tiny_model_folder)
    assert without.graph is None
    in_torch, heard = embed_and_hear(windows, without, (2,))
    np.testing.assert_allclose(embeddings, in_torch, atol=2e-6)
    np.testing.assert_allclose(states, heard, atol=5e-6)


def test_the_graphs_of_the_detector_give_what_its_network_gives():
    from forensic.training.detector import Decider, Encoder

    weights = load_file(detector_folder() / "weights.safetensors")
    rng = np.random.default_rng(2)
    given = {
        "encoder": (Encoder(), "features", {"magnitudes": rng.gamma(1.0, 0.5, (7, SPECTRA, BINS)).astype(np.float32)}),
        "decider": (Decider(), "probability", {"features": rng.gamma(1.0, 0.5, (2, 9, 128)).astype(np.float32)}),
    }
    for name, (network, output, inputs) in given.items():
        network.load_state_dict({key: weights[key] for key in network.state_dict()})
        with torch.inference_mode():
            expected = network(*map(torch.from_numpy, inputs.values())).numpy()
        path = detector_folder() / f"{name}.onnx"
        (found,) = Graph(path.read_bytes(), path)(output, **inputs)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bytes_that_are_no_graph_are_a_damaged_model(tmp_path):
    with pytest.raises(ModelError, match="cannot be run"):
        Graph(b"nothing", tmp_path / "network.onnx")
