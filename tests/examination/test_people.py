"""People of the relevant population: how they are read, parted and examined."""

import json

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from people import write_people
from spoken import spoken

from forensic.audio.channel import Channel, Noise, Sources
from forensic.errors import TrainingError
from forensic.examination import people
from forensic.examination.people import examine_side, pass_channel, read_people
from forensic.records import KNOWN, QUESTIONED
from forensic.workflows.population import PopulationRequest, build_population


def test_a_folder_of_people_is_read_with_a_recording_on_each_side(tmp_path):
    """Corpus and speaker are the names of folders; no licence is stated."""
    root = write_people(tmp_path / "our people", 3)
    people, licences = read_people(root, ())
    assert [person.name for person in people] == [f"our people/person {n}" for n in range(3)]
    assert all(len(person.known) == len(person.questioned) == 1 for person in people)
    assert all(set(person.known).isdisjoint(person.questioned) for person in people)
    assert licences == {"our people": "not stated"}


def test_a_manifest_of_the_same_people_may_leave_out_all_but_path_and_speaker(tmp_path):
    """Lengths are then read from the recordings; another's split stays out."""
    root = write_people(tmp_path / "people", 3)
    rows = [(f"people/{p.parent.name}/{p.name}", p.parent.name) for p in sorted(root.rglob("*.wav"))]
    frame = pl.DataFrame(rows, ["path", "speaker"], orient="row")
    frame.write_csv(tmp_path / "people.csv")
    assert len(read_people(tmp_path / "people.csv", ())[0]) == 3
    split = pl.when(pl.col("speaker") == "person 0").then(pl.lit("train")).otherwise(pl.lit("population"))
    frame.with_columns(split.alias("split")).write_csv(tmp_path / "people.csv")
    assert len(read_people(tmp_path / "people.csv", ("population",))[0]) == 2


def test_people_of_one_recording_are_refused_with_a_remedy(tmp_path):
    """One for each side is needed."""
    (tmp_path / "people" / "alone").mkdir(parents=True)
    write_wav(tmp_path / "people" / "alone" / "a.wav", spoken("dale", 3.0))
    with pytest.raises(TrainingError, match="two recordings"):
        read_people(tmp_path / "people", ())


def test_what_was_examined_is_kept_and_the_same_again(tmp_path, monkeypatch):
    """The second time nothing is simulated."""
    person = read_people(write_people(tmp_path / "people", 1), ())[0][0]
    channels = (Channel("clean"), Channel("noise", (Noise(10.0, "white"),)))
    first = examine_side(person, QUESTIONED, channels, Sources(), 1, tmp_path)
    assert first[1].quality.snr_db < first[0].quality.snr_db
    again = pass_channel(person, QUESTIONED, channels[1], Sources(), 1)
    assert again.quality == first[1].quality
    monkeypatch.setattr(people, "simulate", lambda *_: pytest.fail("simulated again"))
    second = examine_side(person, QUESTIONED, channels, Sources(), 1, tmp_path)
    assert all(np.array_equal(one.features, other.features) for one, other in zip(first, second, strict=True))
    assert [one.quality for one in first] == [one.quality for one in second]
    with pytest.raises(pytest.fail.Exception, match="simulated again"):
        examine_side(person, KNOWN, channels, Sources(), 1, tmp_path)


def test_people_that_trained_the_model_are_refused(tmp_path, tiny_model_folder):
    """By the hashes of their names that the training left behind."""
    root = write_people(tmp_path / "people", 2)
    hashes = [people.name_hash("people/person 1")]
    (tiny_model_folder / "training.json").write_text(json.dumps({"people_sha256": hashes}))
    request = PopulationRequest(root, (), tiny_model_folder, tmp_path / "work", 1)
    with pytest.raises(TrainingError, match="took part in the training"):
        build_population(request, lambda *_: None)
