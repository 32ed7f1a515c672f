"""The validation report says what the figures say, whatever the names in it are, and needs no network."""

import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from report_factory import FORBIDDEN
from test_render import Page
from validation_factory import ODD, REFUSED, inputs_of, lrs_of

from forensic.report.validation.build import Limits, build_validation_report
from forensic.report.validation.render import render_validation_html
from forensic.validation.criteria import Criterion, Plan


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
