"""Fixtures that several folders share; also lets tests import the factories beside this file."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None)  # a busy machine is no wrong result
settings.load_profile("any machine")

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def tiny_model_folder(tmp_path):
    """A model of the real kind, small and untrained."""
    import torch

    from forensic.speaker.network import Architecture, SpeakerNetwork
    from forensic.workflows.train import save_model

    torch.manual_seed(1)
    network = SpeakerNetwork(Architecture(hidden_size=16, layers=2, embedding_size=12, rectified=False))
    folder = tmp_path / "tiny-model"
    save_model(folder, network, {"name": "tiny", "licence": "CC0", "data": "none"}, {})
    return folder
