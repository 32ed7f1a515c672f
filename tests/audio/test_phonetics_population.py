"""Percentiles of described voices: formants among people of the same register, and none where little is behind them."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from forensic.audio import phonetics_population
from forensic.audio.phonetics import HIGH_VOICE_HZ, VoiceDescription
from forensic.audio.phonetics_population import FEWEST_PEOPLE, FEWEST_S, PEOPLE_SCHEMA, TABLE, percentiles, quantities
from forensic.storage.cards import named_file, read_card
from forensic.storage.shipped import shipped

FORMANTS_HZ = ((400.0, 500.0, 600.0), (1300.0, 1500.0, 1700.0), (2300.0, 2500.0, 2700.0))
VOICE = VoiceDescription((100.0, 120.0, 150.0), 2.0, FORMANTS_HZ, 5000.0, 4.0, FEWEST_S, has_full_band=True)


@pytest.fixture
def people(monkeypatch):
    """Low voices whose F0 is 101, 102, ... Hz, and a single high one."""
    low = [
        dict.fromkeys(PEOPLE_SCHEMA, 4.0) | {"register": "low", "corpus": "c", "f0_hz": 101.0 + number}
        for number in range(2 * FEWEST_PEOPLE)
    ]
    table = pl.DataFrame([*low, low[0] | {"register": "high", "f0_hz": 200.0}], PEOPLE_SCHEMA, orient="row")
    monkeypatch.setattr(phonetics_population, "_people", lambda: table)
    return table


def test_a_percentile_is_the_share_of_people_with_a_lower_value(people):
    """Those with the same value count half."""
    found = percentiles(VOICE)
    assert found["f0_hz"].people == 2 * FEWEST_PEOPLE + 1
    assert found["f0_hz"].percent == pytest.approx(100 * 19.5 / (2 * FEWEST_PEOPLE + 1))
    assert found["f1_hz"].people == 2 * FEWEST_PEOPLE
    assert found["syllables_per_s"].percent == 50.0
    assert found["f1_hz"].percent == 100.0


def test_too_little_speech_or_too_few_people_give_no_percentile(people):
    """Nor does a telephone's band give one of a formant."""
    short = dataclasses.replace(VOICE, speech_s=FEWEST_S - 0.1)
    assert set(percentiles(short).values()) == {None}
    high = percentiles(dataclasses.replace(VOICE, f0_hz=(150.0, HIGH_VOICE_HZ + 1, 300.0)))
    assert [name for name, found in high.items() if found is None] == ["f1_hz", "f2_hz", "f3_hz"]
    narrow = percentiles(dataclasses.replace(VOICE, has_full_band=False))
    assert [name for name, found in narrow.items() if found is None] == ["f1_hz", "f2_hz", "f3_hz"]


def test_the_table_that_ships_is_of_adults_of_either_register_with_enough_speech():
    """Its card names the corpora, and every corpus has its licence."""
    card = read_card(shipped("models") / TABLE)
    table = pl.read_csv(named_file(shipped("models") / TABLE, card, "table"), schema=PEOPLE_SCHEMA)
    assert set(table["corpus"]) == set(card["licences"])
    assert all(f"{corpus} {number}" in card["data"] for corpus, number in table["corpus"].value_counts().iter_rows())
    assert table["speech_s"].min() >= FEWEST_S
    counts = dict(table["register"].value_counts().iter_rows())
    assert min(counts[group] for group in ("low", "high")) >= FEWEST_PEOPLE
    assert ((table["f0_hz"] > HIGH_VOICE_HZ) == (table["register"] == "high")).all()
    assert table.columns == ["register", "corpus", "speech_s", *quantities(VOICE)]
    means = table.group_by("register").agg(pl.col("f0_hz").median()).sort("register")["f0_hz"].to_numpy()
    assert np.all((means > [180.0, 90.0]) & (means < [260.0, 150.0]))
