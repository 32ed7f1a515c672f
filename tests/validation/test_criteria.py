"""Acceptance criteria: read strictly, judged on the figure that they name."""

import polars as pl
import pytest

from forensic.errors import ValidationError
from forensic.validation.breakdown import break_down, measure_all
from forensic.validation.criteria import judge, load_plan


@pytest.fixture
def lrs(simulate_pairs):
    """LRs of 20 speakers, in two conditions, a few of them refused."""
    pairs = simulate_pairs(20, 2.5, 1)
    count = len(pairs.same_scores) + len(pairs.different_scores)
    frame = pl.DataFrame(
        {
            "log10_lr": [*(pairs.same_scores - 1.2), *(pairs.different_scores - 1.2)],
            "same_speaker": [True] * len(pairs.same_scores) + [False] * len(pairs.different_scores),
            "speaker_known": [f"s{n}" for n in (*pairs.same_speaker, *pairs.different_known)],
            "speaker_questioned": [f"s{n}" for n in (*pairs.same_speaker, *pairs.different_questioned)],
            "condition": [("clean", "noise")[n % 2] for n in range(count)],
            "net_speech_questioned_s": [float(n % 30) for n in range(count)],
        }
    )
    empty = {name: pl.lit(None, pl.String) for name in ("codec", "language", "sex", "corpus")}
    frame = frame.with_columns(unbounded_log10_lr=2 * pl.col("log10_lr"), snr_questioned_db=pl.lit(None), **empty)
    refused = pl.int_range(pl.len()).is_in([3, 40, 41])
    return frame.with_columns(
        pl.when(refused).then(None).otherwise(pl.col(n)).alias(n) for n in ("log10_lr", "unbounded_log10_lr")
    )


@pytest.fixture
def judged(tmp_path, lrs):
    """Judges criteria written in TOML."""

    def run(text):
        path = tmp_path / "criteria.toml"
        path.write_text(text)
        return judge(load_plan(path), measure_all(lrs, 100, 1), tuple(break_down(lrs, 100, 1)))

    return run


def test_a_limit_is_kept_or_not(judged):
    most, least = judged('[[criteria]]\nmeasure="cllr"\nat_most=0.9\n[[criteria]]\nmeasure="speakers"\nat_least=21')
    assert most.is_met
    assert 0 < most.judged < 0.9
    assert (least.is_met, least.judged) == (False, 20)


def test_the_end_of_the_interval_is_stricter_than_the_value(judged):
    value, end = judged(
        '[[criteria]]\nmeasure="eer"\nat_most=1\n[[criteria]]\nmeasure="eer"\nat_most=1\njudge="interval"'
    )
    assert end.judged > value.judged


def test_every_group_is_judged_by_itself(judged):
    verdicts = judged('[[criteria]]\nmeasure="cllr"\nat_most=2\nin_each="condition"')
    assert [verdict.group for verdict in verdicts] == ["clean", "noise"]


def test_what_was_not_shown_meets_no_criterion(judged):
    """No language is stated, so nothing was shown in any."""
    (verdict,) = judged('[[criteria]]\nmeasure="cllr"\nat_most=100\nin_each="language"')
    assert (verdict.judged, verdict.is_met) == (None, False)


def test_before_the_bounds_and_refusals_can_be_judged(judged):
    unbounded, refused = judged(
        '[[criteria]]\nmeasure="unbounded_cllr"\nat_most=9\n[[criteria]]\nmeasure="refused_share"\nat_most=0.001'
    )
    assert unbounded.is_met
    assert refused.judged == pytest.approx(3 / 400)
    assert not refused.is_met


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "criteria is missing"),
        ("criteria = []", "criteria is empty"),
        ("criteria = 3", "criteria = 3"),
        ("nothing = 1", "nothing"),
        ('[[criteria]]\nmeasure="clr"\nat_most=1', "clr"),
        ('[[criteria]]\nmeasure="cllr"', "limit"),
        ('[[criteria]]\nmeasure="cllr"\nat_most=1\nat_least=0', "limit"),
        ('[[criteria]]\nmeasure="cllr"\nat_most=nan', "at_most = NaN"),
        ('[[criteria]]\nmeasure="cllr"\nat_most=true', "at_most = true"),
        ('[[criteria]]\nmeasure="cllr"\nat_most=1\nin_each="colour"', "colour"),
        ('[[criteria]]\nmeasure="speakers"\nat_least=1\njudge="interval"', "interval"),
        ('[[criteria]]\nmeasure="cllr"\nat_most=1\nwhy="x"', r"criteria\[1\]\.why is unknown"),
        ('fixed_on="yesterday"\n[[criteria]]\nmeasure="cllr"\nat_most=1', "fixed_on"),
        ("[[", "TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(judged, text, named):
    with pytest.raises(ValidationError, match=named):
        judged(text)


def test_a_missing_file_is_refused_and_none_is_no_plan(tmp_path):
    with pytest.raises(ValidationError, match="Cannot read"):
        load_plan(tmp_path / "none.toml")
    assert load_plan(None).criteria == ()


def test_groups_part_the_comparisons(lrs):
    groups = list(break_down(lrs, 100, 1))
    assert {group.by for group in groups} == {"condition", "net speech"}
    for by in ("condition", "net speech"):
        part = [group for group in groups if group.by == by]
        assert sum(g.same + g.different + g.refused_same + g.refused_different for g in part) == lrs.height
