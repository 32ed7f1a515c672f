"""The reference-population bank on disk."""

import numpy as np
import polars as pl
import pytest

from forensic.errors import ModelError
from forensic.likelihood_ratio.population import CARD, PARQUET, load_population, save_population

MODEL = "ab" * 32
LICENCES = {"corpus 0": "CC BY 4.0", "corpus 1": 'with "quotes" and ünïcode'}


@pytest.fixture
def saved(tmp_path, bank_rows):
    """A saved bank: its folder, rows and embeddings."""
    rows, embeddings = bank_rows()
    save_population(tmp_path, rows, embeddings, model_sha256=MODEL, data="Simulated.", licences=LICENCES)
    return tmp_path, rows, embeddings


def test_a_bank_survives_the_round_trip(saved):
    """Up to the rounding of its two-byte values."""
    folder, rows, embeddings = saved
    bank = load_population(folder, MODEL)
    np.testing.assert_allclose(bank.embeddings, embeddings, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(bank.embeddings, axis=1), 1, atol=1e-6)
    assert [bank.speakers[index] for index in bank.speaker] == rows["speaker"].to_list()
    assert [bank.corpora[index] for index in bank.speaker] == rows["corpus"].to_list()
    assert bank.is_questioned.tolist() == (rows["side"] == "questioned").to_list()
    assert bank.card.licences == LICENCES
    assert (bank.card.speakers, bank.card.rows) == (24, len(rows))
    assert bank.embeddings.dtype == np.float32


def test_a_cells_conditions_are_the_medians_measured_over_its_rows(saved):
    """Not the nominal ones."""
    folder, rows, _ = saved
    bank = load_population(folder, MODEL)
    assert [cell.name for cell in bank.known_cells] == ["clean"]
    assert bank.known_cells[0].snr_db is None
    assert len(bank.questioned_cells) == 2
    for index, cell in enumerate(bank.questioned_cells):
        part = rows.filter(pl.Series((bank.cell == index) & bank.is_questioned))
        assert part["cell_net_speech_s"].n_unique() == 1
        assert cell.net_speech_s == pytest.approx(part["net_speech_s"].median())
        assert cell.snr_db == pytest.approx(part["snr_db"].median())
        assert cell.bandwidth_hz == 3400
        assert (cell.low_edge_hz, cell.c50_db) == (280, 12.5)


def test_a_bank_of_before_the_room_was_measured_still_serves(tmp_path, bank_rows):
    """What it did not measure is unknown, and counts in no distance."""
    rows, embeddings = bank_rows()
    old = rows.drop("low_edge_hz", "c50_db")
    save_population(tmp_path, old, embeddings, model_sha256=MODEL, data="Simulated.", licences=LICENCES)
    bank = load_population(tmp_path, MODEL)
    assert {(cell.low_edge_hz, cell.c50_db) for cell in bank.questioned_cells} == {(None, None)}


def test_how_a_bank_was_made_is_kept_with_it(tmp_path, bank_rows):
    """Numbers, lists and a table, as they were given."""
    settings = {"seed": 1, "questioned_speech_s": [3.0, 5.0], "channels": {"AMR-NB 5.9 + room": ["Room()", "Codec()"]}}
    rows, embeddings = bank_rows()
    save_population(
        tmp_path, rows, embeddings, model_sha256=MODEL, data="Simulated.", licences=LICENCES, settings=settings
    )
    assert load_population(tmp_path, MODEL).card.settings == settings
    assert load_population(tmp_path, MODEL).card.licences == LICENCES


def test_two_saves_of_the_same_rows_have_the_same_hash(saved, tmp_path_factory):
    """A bank can be built again and compared."""
    folder, rows, embeddings = saved
    other = tmp_path_factory.mktemp("other")
    save_population(other, rows, embeddings, model_sha256=MODEL, data="Simulated.", licences=LICENCES)
    assert (other / CARD).read_text() == (folder / CARD).read_text()


def test_another_models_bank_is_refused(saved):
    """Its embeddings lie in another space."""
    with pytest.raises(ModelError, match="another model"):
        load_population(saved[0], "cd" * 32)


def test_a_changed_parquet_file_is_refused(saved):
    """One flipped bit."""
    path = saved[0] / PARQUET
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not the file that its card names"):
        load_population(saved[0], MODEL)


@pytest.mark.parametrize("name", [CARD, PARQUET])
def test_a_missing_file_is_named(saved, name):
    """Card or rows."""
    (saved[0] / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_population(saved[0], MODEL)


@pytest.mark.parametrize("card", ["model_sha256 = ", 'model_sha256 = "x"', "\x00"])
def test_a_damaged_card_is_refused(saved, card):
    """No TOML, missing keys, or a control character."""
    (saved[0] / CARD).write_text(card)
    with pytest.raises(ModelError, match="damaged"):
        load_population(saved[0], MODEL)


def refused(tmp_path, rows, embeddings, match, licences=LICENCES):
    """Saving raises and leaves nothing behind."""
    with pytest.raises(ModelError, match=match):
        save_population(tmp_path, rows, embeddings, model_sha256=MODEL, data="", licences=licences)
    assert not list(tmp_path.iterdir())


def test_what_is_no_bank_is_refused_before_anything_is_written(tmp_path, bank_rows):
    """Columns, shapes, lengths, sides, doubles and licences."""
    rows, embeddings = bank_rows()
    refused(tmp_path, rows.drop("piece"), embeddings, "lack piece")
    refused(tmp_path, rows, embeddings[1:], "shape of the embeddings")
    refused(tmp_path, rows, embeddings * 2, "length is not 1")
    refused(tmp_path, rows, np.full_like(embeddings, np.nan), "length is not 1")
    refused(tmp_path, rows.with_columns(side=pl.lit("both")), embeddings, "neither")
    refused(tmp_path, rows.with_columns(piece=pl.lit(0)), embeddings, "twice")
    refused(tmp_path, rows.with_columns(corpus=pl.lit(None, pl.String)), embeddings, "empty values|licence")
    refused(tmp_path, rows.with_columns(corpus=pl.lit("other")), embeddings, "licence")
    two = rows.with_columns(corpus=pl.Series(["corpus 0", "corpus 1"] * (len(rows) // 2)))
    refused(tmp_path, two, embeddings, "two corpora")
