"""Models are listed, verified, and made of public checkpoints."""

import numpy as np
import pytest
import torch

from forensic.errors import ModelError, TrainingError
from forensic.speaker.architecture import Architecture
from forensic.speaker.backend import Backend, save_backend
from forensic.speaker.extractor import embed_windows, load_model
from forensic.speaker.network import SpeakerNetwork
from forensic.workflows.models import find_models, import_checkpoint, named_model


@pytest.fixture
def checkpoint(tmp_path):
    """A file as Resemblyzer and Real-Time-Voice-Cloning write it."""
    network = SpeakerNetwork(Architecture())
    state = network.state_dict() | {"similarity_weight": torch.ones(1), "similarity_bias": torch.zeros(1)}
    path = tmp_path / "pretrained.pt"
    torch.save({"model_state": state, "step": 5}, path)
    return path, network


def test_every_model_that_ships_is_whole():
    states = find_models()
    assert states
    assert not [state.problem for state in states if state.problem]


def test_a_model_with_another_byte_is_not_verified(tiny_model_folder):
    weights = tiny_model_folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b"\0")
    (state,) = (state for state in find_models([tiny_model_folder]) if state.folder == tiny_model_folder)
    assert "not the file that its card names" in state.problem


def test_a_model_with_another_backend_is_not_verified(tiny_model_folder):
    save_backend(tiny_model_folder, Backend(mean=np.zeros(12, np.float32)), {})
    assert not named_model(str(tiny_model_folder)).problem
    path = tiny_model_folder / "backend.safetensors"
    path.write_bytes(path.read_bytes() + b"\0")
    assert "not the file that its card names" in named_model(str(tiny_model_folder)).problem


def test_a_bank_of_another_model_is_not_verified(population_folder):
    assert named_model(str(population_folder)).speakers == 30
    card = population_folder / "population.toml"
    sha256 = load_model(population_folder).identity.sha256
    card.write_text(card.read_text().replace(sha256, "0" * 64))
    assert "another model" in named_model(str(population_folder)).problem


def test_a_model_that_is_not_there_names_those_that_are(tiny_model_folder):
    with pytest.raises(ModelError) as raised:
        named_model("nobody", [tiny_model_folder])
    assert "tiny-model" in raised.value.remedy


def test_a_public_checkpoint_becomes_a_model_that_embeds_the_same(tmp_path, checkpoint):
    path, network = checkpoint
    folder = import_checkpoint(path, tmp_path / "imported", "imported", "Apache-2.0", "made up")
    windows = np.random.default_rng(1).random((3, 160, 40)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(windows)).numpy()
    np.testing.assert_allclose(embed_windows(windows, load_model(folder)), expected, atol=1e-5)


def test_an_import_never_overwrites(tmp_path, checkpoint, tiny_model_folder):
    with pytest.raises(ModelError, match="is there already"):
        import_checkpoint(checkpoint[0], tiny_model_folder, "x", "", "")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "x.pt").write_bytes(b"no checkpoint")
    with pytest.raises(TrainingError, match="no GE2E checkpoint"):
        import_checkpoint(tmp_path / "x.pt", tmp_path / "out", "x", "", "")
