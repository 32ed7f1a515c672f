"""What the LRs of a case hang on, from its evidence and its population."""

import polars as pl
import pytest
from made_case import RECORDINGS, STRETCHES, Made

from forensic.comparison import explain as module
from forensic.comparison.tables import STATUS_LR
from forensic.errors import CalibrationError

_LONG_CALL = {name: RECORDINGS[name] for name in ("call 2.wav", "hearing.wav", "interview.wav", "voicemail.wav")}
"""28 s of each of two speakers, which the bank's cell of 30 s calibrates; less speech, that of 10 s."""


def test_the_highest_lr_of_each_questioned_speaker_is_explained_once(weigh_made_case):
    """Two items of the same bytes are one; a comparison without an LR has nothing to explain."""
    recordings = {"again.wav": Made("questioned", (3,), 12.0, 21.0, copy_of="call 1.wav")} | RECORDINGS
    outcome = weigh_made_case(recordings)
    issued = outcome.comparisons.filter(pl.col("status") == STATUS_LR)
    assert issued.height == 8
    highest = issued.group_by("questioned_sha256", "turn").agg(pl.all().sort_by("log10_lr").last())
    assert len(outcome.explanations) == highest.height == 3
    for each in outcome.explanations:
        (row,) = highest.filter(
            pl.col("questioned_sha256") == each.questioned_sha256, pl.col("turn") == each.turn
        ).to_dicts()
        assert each.suspect == row["suspect"]
        assert each.typicality.suspect_score == pytest.approx(row["score"])
        assert each.typicality.voices == 30


def test_stretches_and_amounts_are_those_of_the_evidence(weigh_made_case):
    """Times, net speech, and the last amount calibrated as the comparison was."""
    outcome = weigh_made_case()
    assert outcome.explanations
    for each in outcome.explanations:
        ours = (pl.col("sha256") == each.questioned_sha256) & (pl.col("turn") == each.turn)
        rows = outcome.segments.filter(ours).sort("start_s")
        assert each.stretches == rows.height == STRETCHES
        assert each.net_speech_s == pytest.approx((rows["end_s"] - rows["start_s"]).sum())
        assert [part.start_s for part in each.segments] == rows["start_s"].to_list()
        for part in each.segments:
            assert part.change == pytest.approx(each.log10_lr_of_stretches - part.log10_lr_without)
        (row,) = outcome.comparisons.filter(
            (pl.col("questioned_path") == each.questioned_path)
            & (pl.col("turn") == each.turn)
            & (pl.col("suspect") == each.suspect)
        ).to_dicts()
        used = outcome.calibrations[row["calibration_id"]]
        assert each.amounts[-1].net_speech_s == pytest.approx(each.net_speech_s)
        assert each.amounts[-1].calibrated_for_s == used.questioned.net_speech_s
        assert each.amounts[-1].log10_lr == pytest.approx(
            (row["log10_lr"], row["log10_lr_low"], row["log10_lr_high"]), abs=1e-4
        )


def test_evidence_without_stretches_is_explained_without_them(weigh_made_case):
    """As an earlier version left it; typicality asks for none."""
    explanations = weigh_made_case(change=lambda tables: tables | {"segments": tables["segments"].clear()}).explanations
    assert len(explanations) == 3
    for each in explanations:
        assert (each.stretches, each.segments, each.amounts) == (0, (), ())
        assert each.log10_lr_of_stretches is None
        assert each.typicality.voices == 30


def test_only_so_many_are_explained_those_with_the_highest_lrs(weigh_made_case, monkeypatch):
    """The rest is left out."""
    monkeypatch.setattr(module, "MOST_EXPLAINED", 1)
    outcome = weigh_made_case()
    (only,) = outcome.explanations
    highest = outcome.comparisons.sort("log10_lr", descending=True, nulls_last=True).row(0, named=True)
    assert (only.questioned_path, only.turn) == (highest["questioned_path"], highest["turn"])


def test_an_amount_that_cannot_be_calibrated_has_no_lr(weigh_made_case, monkeypatch):
    """All of the speech keeps the comparison's."""

    def fails(wanted, *_):
        return {cells: CalibrationError("Too few.", "Add some.") for cells in wanted}

    monkeypatch.setattr(module, "calibrate_all", fails)
    monkeypatch.setattr(module, "cell_for_amount", lambda *_, **__: 7)
    explanations = weigh_made_case().explanations
    assert len(explanations) == 3
    for each in explanations:
        assert [amount.log10_lr is not None for amount in each.amounts] == [False] * (STRETCHES - 1) + [True]


def test_each_pair_of_cells_is_calibrated_once_with_few_draws(weigh_made_case, monkeypatch):
    """However many amounts need it; that of the comparisons themselves not again."""
    asked = []
    original = module.calibrate_all

    def spied(wanted, calibrator, *others):
        asked.append((list(wanted), calibrator.settings.bootstrap_draws))
        return original(wanted, calibrator, *others)

    monkeypatch.setattr(module, "DRAWS", 60)
    monkeypatch.setattr(module, "calibrate_all", spied)
    outcome = weigh_made_case(_LONG_CALL)
    ((wanted, draws),) = asked
    assert draws == 60
    assert len(wanted) == 1
    used = {amount.calibrated_for_s for each in outcome.explanations for amount in each.amounts}
    (of_comparisons,) = outcome.calibrations.values()
    assert sorted(used) == [pytest.approx(10.0, rel=0.1), of_comparisons.questioned.net_speech_s]


def test_nothing_is_explained_where_it_is_not_asked_for(weigh_made_case):
    """As in a verification without a report; the LRs are the same."""
    asked, not_asked = weigh_made_case(), weigh_made_case(explains=False)
    assert asked.explanations
    assert not_asked.explanations == ()
    assert not_asked.comparisons.equals(asked.comparisons)
