"""The validation report says what the figures say, whatever the names in it are, and needs no network."""

import re
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from report_factory import FORBIDDEN, method
from test_render import Page

from forensic.report.validation.build import Limits, build_validation_report
from forensic.report.validation.render import render_validation_html
from forensic.validation.breakdown import break_down, measure_all
from forensic.validation.criteria import Criterion, Plan, judge
from forensic.validation.outcome import ScoresFacts, ValidationOutcome
from forensic.validation.tables import LRS_SCHEMA, Exclusion

REFUSED = {
    "reason": "Too little speech: 1.0 s.",
    "reason_kind": "outside the envelope",
    "reason_quantity": "net_speech_s",
}
ODD = '<script>alert("x")</script> \u202egpj $\\alpha$'


def lrs_of(speakers=8, seed=1, shift=0.0):
    """Every speaker against every other; one of them has an odd name."""
    rng = np.random.default_rng(seed)
    names = [ODD, *(f"speaker {number}" for number in range(1, speakers))]
    rows = [
        dict.fromkeys(LRS_SCHEMA)
        | {
            "same_speaker": known == questioned,
            "speaker_known": known,
            "speaker_questioned": questioned,
            "condition": ODD if take else "clean",
            "score": 0.0,
            "log10_lr": None if take == 2 and known == questioned else float(np.clip(value, -1, 1)),
            "unbounded_log10_lr": value,
            "status": "lr",
            **(REFUSED if take == 2 and known == questioned else {}),
        }
        for known in names
        for questioned in names
        for take in range(3)
        for value in [float(rng.normal(1.0 if known == questioned else -1.0) + shift)]
    ]
    return pl.DataFrame(rows, LRS_SCHEMA, orient="row")


def inputs_of(lrs, plan=None, **changes):
    plan = plan or Plan()
    everything, groups = measure_all(lrs, 100, 1), tuple(break_down(lrs, 100, 1))
    values = {
        "report_id": "V-1",
        "created_utc": datetime(2026, 3, 4, tzinfo=UTC),
        "plan": plan,
        "verdicts": judge(plan, everything, groups),
        "source": f"{ODD}.csv",
        "source_sha256": "ab" * 32,
        "facts": ScoresFacts(are_log10_lr=True, bounds=(-1.0, 1.0)),
        "method": method(),
        "lrs": lrs,
        "lrs_sha256": "cd" * 32,
        "everything": everything,
        "groups": groups,
        "exclusions": (Exclusion("recordings", 2, "Too short.", (ODD, "b.wav")),),
        "draws": 100,
        "seed": 1,
    }
    return ValidationOutcome(**(values | changes))


def test_the_page_stands_alone_and_shows_odd_names_as_text():
    plan = Plan((Criterion("cllr", 0.9, True, True, "", ODD),), title=ODD, fixed_on=date(2026, 3, 1))
    html = render_validation_html(build_validation_report(inputs_of(lrs_of(), plan)))
    page = Page(html)
    assert html.count("<script") == 2  # those of the page itself
    assert all(link.startswith("#") for link in page.links)
    assert not page.open
    assert "<script>alert" in page.text
    assert html.count("<svg") == 5
    assert not FORBIDDEN.search(re.sub("(?i)misleading", "", page.text))


def test_figures_of_the_report_are_those_of_the_groups():
    inputs = inputs_of(lrs_of())
    report = build_validation_report(inputs)
    cllr = next(row for row in report.measures if row.name == "Cllr")
    assert cllr.value == f"{inputs.everything.bounded.intervals['cllr'].value:.3f}"
    assert cllr.unbounded == f"{inputs.everything.unbounded.intervals['cllr'].value:.3f}"
    (table,) = report.breakdowns
    assert [row.speakers for row in table.rows] == ["8", "8"]
    assert report.lead[0].startswith("192 comparisons of 8 speakers: an LR was issued for 184")
    (refused,) = report.refusals
    assert (refused.number, refused.reason) == ("8", "Too little speech: outside the validated conditions")
    assert refused.examples == REFUSED["reason"]


def test_the_decision_is_that_of_the_criteria():
    strict, easy = (Plan((Criterion("cllr", limit, True, False, "", ""),)) for limit in (0.01, 0.99))
    assert build_validation_report(inputs_of(lrs_of(), strict)).is_accepted is False
    assert build_validation_report(inputs_of(lrs_of(), easy)).is_accepted is True
    assert build_validation_report(inputs_of(lrs_of())).is_accepted is None


def test_misleading_lrs_come_first_and_what_is_not_printed_is_counted():
    report = build_validation_report(inputs_of(lrs_of()), Limits(lrs=10))
    assert len(report.lrs) == 10
    assert report.lrs[0].is_misleading
    assert "The 5 lowest same-speaker and the 5 highest different-speaker LRs are printed" in report.lrs_note


@pytest.mark.parametrize("shift", [0.0, np.inf])
def test_too_few_speakers_or_infinite_lrs_still_make_a_report(shift):
    speakers = 3 if not shift else 8
    lrs = lrs_of(speakers)
    if shift:
        lrs = lrs.with_columns(
            unbounded_log10_lr=pl.when(pl.int_range(pl.len()) == 0).then(-shift).otherwise("log10_lr")
        )
    page = Page(render_validation_html(build_validation_report(inputs_of(lrs))))
    assert ("infinite" if shift else "Nothing could be measured") in page.text
