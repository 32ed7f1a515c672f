"""An LR of both models where both saw both sides, the first model's elsewhere, and each alone beside it."""

import dataclasses

import numpy as np
import pytest

from forensic.comparison.calibrations import calibration_step
from forensic.comparison.independence import Suspicions
from forensic.comparison.opinions import calibrators, opinion_on_voices, seen_by_second, weigh_opinions
from forensic.comparison.sides import Side
from forensic.comparison.tables import STATUS_LR
from forensic.comparison.voice_pairs import VoicePairs
from forensic.comparison.weigh import weigh
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.nuisance import Nuisance
from forensic.likelihood_ratio.population import SecondView, load_population, save_population
from forensic.likelihood_ratio.scale import load_scale
from forensic.likelihood_ratio.second_bank import covered
from forensic.records import Conditions
from forensic.settings import ComparisonSettings, LinkSettings
from forensic.speaker.backend import Backend

SPEAKERS, SIZE, SECOND = 40, 16, 12
KNOWN = Conditions(60.0, None, 8000.0, low_edge_hz=80.0, c50_db=12.0, clipped_share=0.0)
QUESTIONED = Conditions(30.0, 20.0, 3400.0, low_edge_hz=280.0, c50_db=12.0, clipped_share=0.0)


def _unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def population(tmp_path, bank_rows):
    """A bank whose people have second embeddings, but for those of 10 s of questioned speech."""
    rows, embeddings = bank_rows(speakers=SPEAKERS, size=SIZE, noise=0.6)
    licences = dict.fromkeys(rows["corpus"].unique(), "CC0")
    save_population(tmp_path, rows, embeddings, model_sha256="m", data="", licences=licences)
    bank = load_population(tmp_path, "m")
    rng = np.random.default_rng(8)
    second = _unit(rng.normal(size=(SPEAKERS, SECOND))[bank.speaker] + 0.5 * rng.normal(size=(len(rows), SECOND)))
    short = (rows["cell_net_speech_s"] == 10.0).to_numpy()
    second[short] = np.nan
    return dataclasses.replace(bank, second=second)


@pytest.fixture
def sides():
    """Two questioned speakers and three known ones, two of whom they are; the third has no second embedding."""
    rng = np.random.default_rng(9)
    first, second = rng.normal(size=(3, SIZE)), rng.normal(size=(3, SECOND))

    def side(name, voice, conditions, noise):
        return Side(
            name,
            (name,),
            0,
            _unit(first[voice] + noise * rng.normal(size=SIZE)),
            conditions,
            "",
            second=_unit(second[voice] + noise * rng.normal(size=SECOND)),
        )

    questioned = [side(f"Q{voice}", voice, QUESTIONED, 0.6) for voice in (0, 1)]
    known = [side(f"S{voice}", voice, KNOWN, 0.4) for voice in (0, 1, 2)]
    known[2] = dataclasses.replace(known[2], second=None, second_problem="Too short for it.")
    return questioned, known


@pytest.fixture
def settings():
    return ComparisonSettings(bootstrap_draws=100)


def test_an_lr_of_both_stands_where_both_models_saw_both_sides(population, sides, settings):
    by = calibrators(calibration_step(population, settings, Backend()))
    opinions = weigh_opinions(*sides, by, load_scale(), None)
    rows = opinions.issued.comparisons.to_dicts()
    assert [row["status"] for row in rows] == [STATUS_LR] * 6
    first = weigh(*sides, by.first, load_scale(), None).comparisons.to_dicts()
    seen = [[seen_by_second(side) for side in of_one] for of_one in sides]
    second = weigh(*seen, by.second, load_scale(), None).comparisons.to_dicts()
    for row, one, other in zip(rows, first, second, strict=True):
        assert row["score"] == one["score"]
        if row["suspect"] == "S2":
            assert {name: row[name] for name in one} == one
            assert row["second_problem"] == "Too short for it."
            continue
        assert row["fused_score"] == pytest.approx(row["score"] + row["second_score"], abs=1e-5)
        assert (row["first_log10_lr"], row["second_log10_lr"]) == (one["log10_lr"], other["log10_lr"])
        assert row["calibration_id"] != one["calibration_id"]
        assert row["calibration_id"] in opinions.issued.calibrations
        is_one_person = row["questioned_path"][1] == row["suspect"][1]
        assert (row["log10_lr"] > 0) == is_one_person
        strength = abs(row["unbounded_log10_lr"])
        assert strength > max(abs(one["unbounded_log10_lr"]), abs(other["unbounded_log10_lr"]))


def test_what_channels_do_is_taken_off_the_case_as_it_is_off_the_population(population, sides, settings):
    """A line that moves both sides' second embeddings the same way makes nobody alike."""
    line = np.zeros(SECOND, np.float32)
    line[0] = 1.0
    nuisance = Nuisance(line[None])
    view = SecondView("x", nuisance)
    population = dataclasses.replace(population, second=nuisance.removed(population.second), second_view=view)
    by = calibrators(calibration_step(population, settings, Backend()))

    def on_the_line(side, strength):
        return side if side.second is None else dataclasses.replace(side, second=_unit(side.second + strength * line))

    found = []
    for strength in (0.0, 3.0):
        questioned, known = ([on_the_line(side, strength) for side in of_one] for of_one in sides)
        found.append(weigh_opinions(questioned, known, by, load_scale(), None).issued.comparisons)
    for name in ("second_score", "fused_score", "log10_lr"):
        plain, moved = (each[name].drop_nulls().to_numpy() for each in found)
        np.testing.assert_allclose(moved, plain, atol=1e-4)
    assert found[0]["second_score"].drop_nulls().len() == 4


def test_without_second_embeddings_of_the_population_the_first_model_decides(population, sides, settings):
    by = calibrators(calibration_step(dataclasses.replace(population, second=None), settings, Backend()))
    opinions = weigh_opinions(*sides, by, load_scale(), None)
    assert opinions.issued is opinions.first
    assert opinions.issued.comparisons["fused_score"].is_null().all()


def test_voices_are_linked_by_both_models_only_where_the_second_saw_all_of_them(population, sides, settings):
    questioned, known = sides
    by = calibrators(calibration_step(population, settings, Backend()))
    voices, step = opinion_on_voices([*questioned, *known], by)
    assert step is by.first
    assert voices == [*questioned, *known]
    voices, step = opinion_on_voices([*known[:2], *questioned], by)
    assert step is by.both
    pairs = VoicePairs(voices, step, Envelope(1.0, {}, {}, ""), Suspicions())
    pairs.calibrate(1)
    pairs.weigh(LinkSettings())
    rows = weigh_opinions(questioned, known[:2], by, load_scale(), None).issued.comparisons
    found = {(a, b): lr for a, b, lr in zip(pairs.first, pairs.second, pairs.log10_lr, strict=True)}
    for row in rows.to_dicts():
        pair = int(row["suspect"][1]), 2 + int(row["questioned_path"][1])
        assert found[pair] == pytest.approx(row["log10_lr"], abs=1e-5)


def test_no_lr_of_both_where_the_first_model_gives_none(population, sides, settings):
    """A refusal is for what the sides are like, and a second opinion does not lift it."""
    questioned, known = sides
    questioned = [dataclasses.replace(questioned[0], conditions=dataclasses.replace(QUESTIONED, net_speech_s=1.0))]
    settings = dataclasses.replace(settings, min_net_speech_s=5.0)
    opinions = weigh_opinions(
        questioned, known, calibrators(calibration_step(population, settings, Backend())), load_scale(), None
    )
    assert opinions.issued.comparisons["log10_lr"].is_null().all()
    assert all(opinions.issued.refusals)


def test_cells_that_the_second_model_did_not_embed_are_gone(population):
    rows, second = covered(population)
    assert len(population.questioned_cells) == 2
    assert [cell.name for cell in rows.questioned_cells] == ["AMR-NB 5.9"]
    assert rows.questioned_cells[0].net_speech_s == pytest.approx(30, rel=0.1)
    assert set(rows.cell[rows.is_questioned]) == {0}
    assert len(second) == len(rows.embeddings) == SPEAKERS * 4
    assert np.isfinite(second).all()
    assert rows.card.parquet_sha256 != population.card.parquet_sha256
