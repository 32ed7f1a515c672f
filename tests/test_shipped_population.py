"""The reference population that ships with the default model."""

import json

import pytest

from forensic.examination.manifest import name_hash
from forensic.likelihood_ratio.conditions import differences, nearest
from forensic.likelihood_ratio.population import load_population
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.workflows.population import GRID

CHANNELS = ("clean", "G.711", "AMR-NB 5.9", "AMR-NB 5.9 + 10 dB noise", "room")


@pytest.fixture(scope="module")
def shipped():
    folder = default_model_folder()
    return load_population(folder, load_model(folder).identity.sha256)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("seconds", [3, 5, 10, 20])
def test_each_of_the_grids_conditions_has_speakers_enough(shipped, channel, seconds):
    """At least 60, three times what a calibration needs, on both sides."""
    known = max(
        (index for index, cell in enumerate(shipped.known_cells) if cell.name == "clean"),
        key=lambda index: shipped.known_cells[index].net_speech_s,
    )
    (questioned,) = (
        index
        for index, cell in enumerate(shipped.questioned_cells)
        if cell.name == channel and abs(cell.net_speech_s - seconds) < 0.2
    )
    sides = [
        set(shipped.speaker[(shipped.is_questioned == is_questioned) & (shipped.cell == cell)])
        for is_questioned, cell in ((False, known), (True, questioned))
    ]
    assert len(sides[0] & sides[1]) >= 60


def test_its_card_states_every_channel_with_its_steps(shipped):
    """As the command makes them now: a grid that changes needs the bank anew."""
    stated = shipped.card.settings["channels"]
    assert stated == {channel.name: [str(step) for step in channel.steps] for channel in GRID}
    assert {cell.name for cell in shipped.questioned_cells} == set(stated)


def test_nobody_in_it_took_part_in_training(shipped):
    """By the hashes of names that the training left behind; a corpus of many languages is named without them there."""
    trained = set(json.loads((default_model_folder() / "training.json").read_text())["people_sha256"])
    assert trained
    names = {
        f"{corpus.partition(' (')[0]}/{name.partition('/')[2]}"
        for name, corpus in zip(shipped.speakers, shipped.corpora, strict=True)
    }
    assert not trained & {name_hash(name) for name in names}


def test_measured_conditions_lead_back_to_the_cell_they_were_measured_in(shipped):
    """The medians of a cell are nearest to the cell itself, so that no two cells are one."""
    cells = shipped.questioned_cells
    assert [nearest(cell, cells)[0] for cell in cells] == list(range(len(cells)))
    assert not any(one.steps for cell in cells for one in differences(cell, cell))


def test_it_is_compact():
    """A wheel carries it: under 20 MB."""
    assert (default_model_folder() / "population.parquet").stat().st_size < 40e6
