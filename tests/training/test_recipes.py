"""The recipes that ship can be read, and name models that ship."""

from pathlib import Path

import pytest

from forensic.storage.shipped import shipped
from forensic.training.configuration import load_training_settings
from forensic.training.recognition.configuration import load_recognition_settings
from forensic.training.speaker.networks import networks_of

_RECIPES = sorted([*shipped("examples").glob("training/*.toml"), *shipped("models").glob("*/training.toml")])


def _named(path):
    return "/".join(path.parts[-2:])


@pytest.mark.parametrize("path", _RECIPES, ids=_named)
def test_a_recipe_that_ships_can_be_read_and_starts_from_what_ships(path, monkeypatch):
    monkeypatch.chdir(shipped("models").parent)
    if path.parent.name.startswith(("lstm-language", "lstm-accent")):
        assert load_recognition_settings(path).learning.steps
        return
    settings = load_training_settings(path)
    if "ge2e" in {settings.learning.init, settings.learning.teacher}:  # weights of a package that need not be installed
        return
    network, teacher = networks_of(settings)
    assert Path(settings.learning.init).is_dir()
    assert network.architecture.embedding_size == teacher.architecture.embedding_size
