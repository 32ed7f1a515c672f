"""A measured condition is declared once: a dummy that is added to the table is in every table, limit and sentence."""

import dataclasses
import importlib
import sys

import polars as pl
import pytest

from forensic.quantities import LIMITED, QUANTITIES
from forensic.records import Conditions, Quality


@pytest.fixture
def with_hum(monkeypatch):
    """The package as it is with one quantity more in the table; afterwards it is as it was."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "forensic"}
    for name in before:
        del sys.modules[name]
    quantities = importlib.import_module("forensic.quantities")
    hum = quantities.Quantity(
        noun="hum",
        label="Mains hum",
        unit="dB",
        scale="dB",
        step=10.0,
        worse="more",
        pooled="worst",
        is_limited=True,
        shortfall="Too much hum",
        amount="a hum of {:.0f} dB",
        limit="hum of at most {}",
        brief="hum {:.0f} dB",
        remedy="Supply a recording from a battery.",
    )
    measured = dataclasses.make_dataclass(
        "Measured",
        [("hum_db", float | None, dataclasses.field(default=None, metadata={"quantity": hum}))],
        bases=(quantities.Measured,),
        frozen=True,
        slots=True,
    )
    declared = quantities.declared(measured)
    monkeypatch.setattr(quantities, "Measured", measured)
    monkeypatch.setattr(quantities, "QUANTITIES", declared)
    monkeypatch.setattr(quantities, "LIMITED", tuple(one for one in declared if one.is_limited))
    monkeypatch.setattr(quantities, "BY_NAME", {one.name: one for one in declared})
    yield lambda name: importlib.import_module(f"forensic.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "forensic"]:
        del sys.modules[name]
    sys.modules.update(before)


def test_a_quantity_that_is_added_to_the_table_has_its_columns(with_hum):
    """In the evidence, in a bank, in a validation; and what is read from one is there for the next."""
    assert with_hum("case.store").SCHEMAS["quality"]["hum_db"] == pl.Float64
    assert with_hum("likelihood_ratio.population").ROWS_SCHEMA["hum_db"] == pl.Float64
    tables = with_hum("validation.tables")
    assert {"hum_known_db", "hum_questioned_db"} <= set(tables.LRS_SCHEMA)
    assert {"hum_known_db", "hum_questioned_db"} <= set(tables._MEASURED)
    measured = dict.fromkeys(with_hum("case.store").SCHEMAS["quality"], 1.0) | {"hum_db": 21.0}
    assert with_hum("records").Conditions.of_row(measured).hum_db == 21.0
    assert with_hum("records").Quality.of_row(measured).row()["hum_db"] == 21.0
    scores = pl.DataFrame({"net_speech_known_s": [9.0], "bandwidth_known_hz": [4e3], "hum_known_db": [12.0]})
    assert with_hum("likelihood_ratio.score_list").stated_conditions(scores, "known", "").hum_db == 12.0


def test_a_quantity_that_is_added_to_the_table_counts_in_distances_and_limits(with_hum):
    """A bank's median, a side's worst, a difference in its step, an edge of the envelope."""
    conditions = with_hum("records").Conditions
    loud, quiet = conditions(10.0, None, 8000.0, hum_db=30.0), conditions(10.0, None, 8000.0, hum_db=10.0)
    matching = with_hum("likelihood_ratio.conditions")
    assert matching.distance(loud, quiet) == 2.0
    assert matching.in_words(matching.differences(loud, quiet)) == "20 dB more hum"
    assert with_hum("comparison.sides")._pooled([loud, quiet]).hum_db == 30.0
    envelope = with_hum("likelihood_ratio.envelope")
    limits = envelope.worst_of(pl.DataFrame({"hum_db": [10.0, 20.0, None]}))
    assert limits == {"hum_db": 20.0}
    (shortfall,) = envelope.outside(limits, loud)
    assert (shortfall.value, shortfall.limit) == (30.0, 20.0)


def test_a_quantity_that_is_added_to_the_table_is_refused_and_reported_in_words(with_hum):
    """The sentence, the envelope in words, the row of a calibration beside the case's recordings."""
    refusal, worded = with_hum("comparison.refusal"), with_hum("report.shared.refusals")
    hum = with_hum("quantities").BY_NAME["hum_db"]
    refused = refusal.Refusal(refusal.RefusalKind.OUTSIDE_ENVELOPE, "known", hum, 30.0, 20.0)
    assert worded.reason(refused, {}) == (
        "Too much hum: a hum of 30 dB in the suspect's recordings. Validation met its criterion up to a hum of 20 dB "
        "and no further. Supply a recording from a battery."
    )
    assert worded.title(refused.kind, "hum_db").startswith("Too much hum: ")
    assert (
        with_hum("report.shared.envelope").limits_in_words({"hum_db": 20.0}) == "hum of at most 20\N{NO-BREAK SPACE}dB"
    )
    calibrations = with_hum("report.case.calibrations")
    fitted = _Calibration(with_hum)  # has the distances of a comparison, too
    rows = calibrations._conditions(fitted, fitted, [_measured(calibrations, 12.0)], [])
    (row,) = [row for row in rows if row.quantity == "Mains hum"]
    assert row.questioned_case == "12\N{NO-BREAK SPACE}dB"
    assert row.questioned_population == "15\N{NO-BREAK SPACE}dB"


def _measured(calibrations, hum_db):
    row = {quantity.name: None for quantity in calibrations.QUANTITIES} | {"net_speech_s": 9.0, "hum_db": hum_db}
    return calibrations._pooled([row])


class _Calibration:
    """As much of one as its conditions."""

    def __init__(self, with_hum):
        self.questioned = self.known = with_hum("records").Conditions(9.0, None, 8000.0, hum_db=15.0, name="clean")
        self.questioned_distance = self.known_distance = 0.0


def test_what_was_added_for_a_test_is_gone_again():
    """The table is as it ships, and so is what follows from it."""
    names = [quantity.name for quantity in QUANTITIES]
    assert names == ["net_speech_s", "snr_db", "bandwidth_hz", "low_edge_hz", "c50_db", "clipped_share"]
    assert [field.name for field in dataclasses.fields(Conditions)] == [*names, "name"]
    assert set(names) < {field.name for field in dataclasses.fields(Quality)}


@pytest.mark.parametrize("quantity", LIMITED, ids=lambda quantity: quantity.name)
def test_what_is_limited_has_all_the_words_of_a_refusal(quantity):
    """And a way in which it is worse."""
    assert quantity.worse != "neither"
    assert quantity.shortfall
    assert quantity.remedy
    assert quantity.amount.format(0.5) != quantity.amount
    assert "{}" in quantity.limit


def test_a_column_of_each_side_carries_side_and_unit():
    """So a table with both sides can be read by itself."""
    columns = [quantity.of_side("known") for quantity in QUANTITIES]
    assert columns[:3] == ["net_speech_known_s", "snr_known_db", "bandwidth_known_hz"]


def test_a_row_of_evidence_gives_back_what_was_measured():
    """All of it, and the conditions alone."""
    quality = Quality(
        duration_s=9.0,
        net_speech_s=5.0,
        speech_level_dbfs=-20.0,
        noise_level_dbfs=None,
        snr_db=None,
        peak_dbfs=-3.0,
        bandwidth_hz=4000.0,
    )
    assert Quality.of_row(quality.row()) == quality
    assert Conditions.of_row(quality.row()) == Conditions.of(quality)
