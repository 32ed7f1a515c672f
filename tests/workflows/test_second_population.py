"""The second embeddings of a bank are those of its rows, made once, and of no other bank."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from people import write_people
from safetensors.numpy import save
from second_models import SIZE, onnx_folder

from forensic.audio.channel import Channel, Noise
from forensic.errors import ModelError
from forensic.examination.people import examine_side, read_people
from forensic.likelihood_ratio.population import read_rows
from forensic.likelihood_ratio.second_bank import (
    ROW_KEY,
    SECOND_CARD,
    SECOND_NUISANCE,
    SECOND_PARQUET,
    load_second_embeddings,
    load_with_second,
    stored_second,
)
from forensic.records import QUESTIONED
from forensic.speaker.extractor import load_model
from forensic.speaker.second import embed_speech, load_second, read_second
from forensic.workflows import second_population
from forensic.workflows.population import GRID, PopulationRequest, build_population
from forensic.workflows.second_population import COVERED, build_second

CHANNELS = (Channel("clean"), Channel("noise", (Noise(10.0, "white"),)))


@pytest.fixture
def built(tmp_path, tiny_model_folder):
    """A request whose bank is built, and a second model."""
    people = write_people(tmp_path / "people", 3)
    request = PopulationRequest(people, (), tiny_model_folder, tmp_path / "work", 1, channels=CHANNELS)
    build_population(request, lambda *_: None)
    return request, str(onnx_folder(tmp_path / "second"))


def test_each_row_of_the_bank_gets_the_embedding_of_its_speech(built, monkeypatch):
    request, second = built
    monkeypatch.setattr("forensic.examination.people.simulate", lambda *_: pytest.fail("simulated again"))
    folder = build_second(request, second, lambda *_: None)
    rows = read_rows(folder)
    embeddings = load_second_embeddings(folder, read_second(second).identity.sha256, rows)
    assert embeddings.shape == (len(rows), SIZE)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-3)
    person = read_people(request.source, ())[0][0]
    (kept,) = (path for path in request.work.iterdir() if path.is_dir())
    speech = examine_side(person, QUESTIONED, CHANNELS, None, request.seed, kept)[1].speech
    is_second = (
        (pl.col("speaker") == person.name)
        & (pl.col("side") == QUESTIONED)
        & (pl.col("cell") == "noise")
        & (pl.col("cell_net_speech_s") == 3.0)
        & (pl.col("piece") == 1)
    )
    (index,) = rows.with_row_index().filter(is_second)["index"]
    expected = embed_speech(speech[3 * 16_000 : 6 * 16_000], load_second(second))
    assert embeddings[index] @ expected > 0.9999


def test_what_channels_do_is_taken_off_the_bank_and_kept_beside_it(built):
    request, second = built
    folder = build_second(request, second, lambda *_: None)
    sha256 = read_second(second).identity.sha256
    of_bank = folder, load_model(request.model_folder).identity.sha256, sha256
    population = load_with_second(*of_bank)
    nuisance = population.second_view.nuisance
    np.testing.assert_allclose(population.second @ nuisance.directions.T, 0.0, atol=1e-5)
    stored = load_second_embeddings(folder, sha256, read_rows(folder))
    np.testing.assert_allclose(population.second, nuisance.removed(stored), atol=1e-6)
    assert np.abs(stored @ nuisance.directions.T).max() > 0.01
    (folder / SECOND_NUISANCE).write_bytes(save({"directions": nuisance.directions[::-1].copy() + 0.1}))
    with pytest.raises(ModelError, match="not the file that its card names"):
        load_with_second(*of_bank)
    (folder / SECOND_NUISANCE).unlink()
    with pytest.raises(ModelError, match="population second"):
        load_with_second(*of_bank)


def test_whom_the_bank_leaves_out_the_second_model_leaves_out(built):
    request, second = built
    name = read_people(request.source, ())[0][1].name
    build_population(dataclasses.replace(request, left_out={name: "his brother"}), lambda *_: None)
    folder = build_second(request, second, lambda *_: None)
    assert name not in pl.read_parquet(folder / SECOND_PARQUET)["speaker"].to_list()


def test_rows_that_are_not_covered_have_none(built):
    request, second = built
    folder = build_second(dataclasses.replace(request, channels=CHANNELS[:1]), second, lambda *_: None)
    rows = read_rows(folder).sample(fraction=1.0, shuffle=True, seed=1)
    embeddings = load_second_embeddings(folder, read_second(second).identity.sha256, rows)
    assert (np.isnan(embeddings).all(axis=1) == (rows["cell"] == "noise").to_numpy()).all()


def test_a_second_run_embeds_nothing_again(built, monkeypatch):
    request, second = built
    build_second(request, second, lambda *_: None)
    before = (request.model_folder / SECOND_PARQUET).read_bytes()
    monkeypatch.setattr(second_population, "embed_speech", lambda *_: pytest.fail("embedded again"))
    build_second(request, second, lambda *_: None)
    assert (request.model_folder / SECOND_PARQUET).read_bytes() == before


def test_embeddings_of_another_model_or_bank_are_refused(built, tmp_path):
    request, second = built
    folder = build_second(request, second, lambda *_: None)
    sha256, rows = read_second(second).identity.sha256, read_rows(folder)
    with pytest.raises(ModelError, match="another second model"):
        load_second_embeddings(folder, "0" * 64, rows)
    content = (folder / SECOND_PARQUET).read_bytes()
    (folder / SECOND_PARQUET).write_bytes(content + b"\0")
    with pytest.raises(ModelError, match="not the file that its card names"):
        load_second_embeddings(folder, sha256, rows)
    (folder / SECOND_PARQUET).write_bytes(content)
    build_population(dataclasses.replace(request, seed=2), lambda *_: None)
    with pytest.raises(ModelError, match="not about the bank beside it"):
        load_second_embeddings(folder, sha256, rows)
    (folder / SECOND_CARD).unlink()
    with pytest.raises(ModelError, match="population second"):
        load_second_embeddings(folder, sha256, rows)


def test_people_of_another_bank_are_refused(built, tmp_path):
    request, second = built
    others = write_people(tmp_path / "others", 4)
    with pytest.raises(ModelError, match="are not in the bank"):
        build_second(dataclasses.replace(request, source=others), second, lambda *_: None)


def test_the_covered_channels_are_of_the_grid():
    assert set(COVERED) <= {channel.name for channel in GRID}
    assert len(ROW_KEY) == len(set(ROW_KEY))


def test_the_second_embeddings_of_an_earlier_bank_are_none_of_this_one(built):
    """Such as a bank that is built in the copy of a model that ships; a case that asks for them is told."""
    request, second = built
    folder, sha256 = build_second(request, second, lambda *_: None), read_second(second).identity.sha256
    assert stored_second(folder) == sha256
    build_population(dataclasses.replace(request, channels=CHANNELS[:1]), lambda *_: None)
    assert stored_second(folder) is None
    with pytest.raises(ModelError, match="not about the bank beside it"):
        load_with_second(folder, load_model(folder).identity.sha256, sha256)
