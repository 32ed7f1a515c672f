"""Building a bank, and adding channels to one that is there."""

import dataclasses

import numpy as np
import pytest
from people import write_people

from forensic.audio.channel import Channel, Noise
from forensic.errors import ModelError, TrainingError
from forensic.likelihood_ratio.population import CARD, load_population, read_card, read_rows
from forensic.speaker.extractor import load_model
from forensic.workflows.population import PopulationRequest, build_population, read_left_out

CHANNELS = (Channel("clean"), Channel("noise", (Noise(10.0, "white"),)))


def test_channels_that_are_added_make_the_bank_that_is_built_at_once(tmp_path, tiny_model_folder, long_spoken_people):
    """The same rows in another order, and the embeddings but for a rounding error of the halves that are stored."""
    request = PopulationRequest(long_spoken_people, (), tiny_model_folder, tmp_path / "work", 1, channels=CHANNELS)
    sha256 = load_model(tiny_model_folder).identity.sha256
    build_population(request, lambda *_: None)
    whole, at_once = load_population(tiny_model_folder, sha256), read_rows(tiny_model_folder)
    build_population(dataclasses.replace(request, channels=CHANNELS[:1]), lambda *_: None)
    assert set(read_rows(tiny_model_folder)["cell"]) == {"clean"}
    build_population(dataclasses.replace(request, adds=True), lambda *_: None)
    added, in_two = load_population(tiny_model_folder, sha256), read_rows(tiny_model_folder)
    key = ["speaker", "side", "cell", "cell_net_speech_s", "piece"]
    assert at_once.sort(key).equals(in_two.sort(key))
    assert set(in_two["cell"]) == {"clean", "noise"}
    order = [rows.with_row_index().sort(key)["index"].to_numpy() for rows in (at_once, in_two)]
    np.testing.assert_allclose(whole.embeddings[order[0]], added.embeddings[order[1]], atol=2e-3)
    assert added.card.settings["channels"] == whole.card.settings["channels"]


def test_nothing_is_added_to_a_bank_that_lacks_nothing_or_was_made_otherwise(
    tmp_path, tiny_model_folder, long_spoken_people
):
    """Another seed would give the old channels other noises than the new."""
    request = PopulationRequest(long_spoken_people, (), tiny_model_folder, tmp_path / "work", 1, channels=CHANNELS[:1])
    build_population(request, lambda *_: None)
    with pytest.raises(ModelError, match="Nothing to add"):
        build_population(dataclasses.replace(request, adds=True), lambda *_: None)
    with pytest.raises(ModelError, match="another seed"):
        build_population(dataclasses.replace(request, adds=True, seed=2, channels=CHANNELS), lambda *_: None)


def test_second_names_of_one_person_are_left_out_for_a_stated_reason(tmp_path, tiny_model_folder, long_spoken_people):
    request = PopulationRequest(long_spoken_people, (), tiny_model_folder, tmp_path / "work", 1, channels=CHANNELS[:1])
    folder = build_population(request, lambda *_: None)
    names = sorted(read_rows(folder)["speaker"].unique())
    table = tmp_path / "left_out.csv"
    table.write_text(f"speaker,reason\n{names[1]},The same voice as {names[0]}\n")
    left_out = read_left_out(table)
    build_population(dataclasses.replace(request, left_out=left_out), lambda *_: None)
    assert sorted(read_rows(folder)["speaker"].unique()) == [names[0], *names[2:]]
    assert read_card(folder).left_out == left_out == {names[1]: f"The same voice as {names[0]}"}
    assert read_left_out(folder / CARD) == left_out
    build_population(dataclasses.replace(request, adds=True, channels=CHANNELS), lambda *_: None)
    assert sorted(read_rows(folder)["speaker"].unique()) == [names[0], *names[2:]]
    assert read_card(folder).left_out == left_out


def test_nobody_is_left_out_by_a_wrong_name_or_without_a_reason(tmp_path, tiny_model_folder, long_spoken_people):
    request = PopulationRequest(long_spoken_people, (), tiny_model_folder, tmp_path / "work", 1, channels=CHANNELS[:1])
    with pytest.raises(TrainingError, match="nobody's name"):
        build_population(dataclasses.replace(request, left_out={"no such": "x"}), lambda *_: None)
    table = tmp_path / "left_out.csv"
    table.write_text("speaker,reason\nsomebody,\n")
    with pytest.raises(TrainingError, match="without a reason"):
        read_left_out(table)
    table.write_text("speaker\nsomebody\n")
    with pytest.raises(TrainingError, match="speaker, reason"):
        read_left_out(table)


@pytest.fixture
def long_spoken_people(tmp_path):
    """Three people with two recordings each."""
    return write_people(tmp_path / "people", 3)
