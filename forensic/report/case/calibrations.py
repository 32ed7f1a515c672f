"""The calibrations: all in one table, and on the page of a comparison what its own rests on and how well it does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from forensic.quantities import QUANTITIES, Quantity, Value
from forensic.records import Calibration, Interval, ScoreMaps
from forensic.report.case.case_report import ConditionRow
from forensic.report.case.comparisons import Issued
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import ScorePlot
from forensic.report.shared.catalogue import _, listed, ngettext, number
from forensic.report.shared.content import CalibrationRow, Fact
from forensic.report.shared.formats import (
    MINUS,
    format_number,
    format_share,
    format_signed,
    printable,
    share_of,
    span,
)
from forensic.report.shared.measured import differences_in_words, format_measured
from forensic.report.shared.method_wording import calibrator_name
from forensic.report.shared.noted import noted
from forensic.report.shared.plots import Mark, TippettPlot
from forensic.report.shared.rows import list_calibrations

QualityRows: TypeAlias = Mapping[tuple[Any, ...], Sequence[Mapping[str, Any]]]
Measured: TypeAlias = dict[str, list[Any]]
"""What was measured of one side, by the name of a quantity; an empty list where nothing could be measured."""


def all_calibrations(issued: Sequence[Issued], inputs: ReportInputs) -> tuple[tuple[CalibrationRow, ...], str]:
    """Every calibration that gave an LR, and a note on what was left out."""
    uses = Counter(comparison.calibration_id for comparison in issued)
    return list_calibrations(uses, inputs.calibrations, inputs.limits.calibrations, _("comparisons"), "results.json")


def corpora_of(issued: Sequence[Issued], inputs: ReportInputs) -> str:
    """The corpora of the people behind the LRs, each once."""
    used = dict.fromkeys(comparison.calibration_id for comparison in issued)
    names = dict.fromkeys(name for key in used for name in inputs.calibrations[key].corpora)
    return grouped([printable(name) for name in names])


def grouped(names: Sequence[str]) -> str:
    """Names that differ only in what is in brackets behind them, together.

    >>> grouped(["common-voice (de)", "common-voice (en)", "alphanumeric"])
    'common-voice (de, en) and alphanumeric'
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        head, _, rest = name.removesuffix(")").partition(" (")
        groups.setdefault(head, []).extend([rest] if rest and name.endswith(")") else [])
    return listed([f"{head} ({', '.join(rest)})" if rest else head for head, rest in groups.items()])


def _with_interval(cost: Interval) -> str:
    return f"{format_number(cost.value, 3)} ({span(format_number(cost.low, 3), format_number(cost.high, 3))})"


def calibration_facts(comparison: Issued, label: str, inputs: ReportInputs) -> tuple[Fact, ...]:
    """The calibration behind an LR and how well it does."""
    fitted = inputs.calibrations[comparison.calibration_id]
    for_h1, for_h2 = fitted.different_speaker_log10_lr > 0, fitted.same_speaker_log10_lr < 0
    return (
        Fact(_("Calibration"), f"{label}, {_conversion(fitted.score_map)}"),
        Fact(
            _("Reference"),
            _(
                "{people}, {same} same-speaker and {different} different-speaker pairs",
                people=ngettext("{n} person", "{n} people", fitted.speakers),
                same=number(len(fitted.same_speaker_scores)),
                different=number(len(fitted.different_speaker_scores)),
            ),
        ),
        Fact(
            "Cllr",
            f"{_with_interval(fitted.cllr)}; Cllr_min {format_number(fitted.cllr_min.value, 3)}; "
            f"EER {format_share(fitted.eer.value)}",
        ),
        Fact(
            _("Misleading"),
            _(
                "{for_h1} of different-speaker pairs have an LR above 1, {for_h2} of same-speaker pairs one below 1",
                for_h1=format_share(share_of(for_h1)),
                for_h2=format_share(share_of(for_h2)),
            ),
        ),
    )


def conditions_of(comparison: Issued, inputs: ReportInputs, quality: QualityRows) -> tuple[ConditionRow, ...]:
    """The conditions of a comparison's recordings beside those of its calibration."""
    served = [comparison]
    return (
        *_conditions(
            comparison,
            inputs.calibrations[comparison.calibration_id],
            _questioned_sides(served, quality),
            _known_sides(served, quality),
        ),
        ConditionRow(
            _("What differs"),
            differences_in_words(comparison.questioned_differs),
            "",
            differences_in_words(comparison.known_differs),
            "",
        ),
    )


def _conversion(score_map: ScoreMaps) -> str:
    """A straight line as a formula; a curve by its name and range."""
    name = calibrator_name(score_map.calibrator)
    start, step = score_map.start, score_map.step
    first, *_between, last = score_map.log10_lr[0]
    if score_map.goes_on:
        slope = (last - first) / step / (score_map.log10_lr.shape[1] - 1)
        intercept = first - slope * start
        return (
            f"{name}: log10 LR = {format_number(slope, 2)} \N{MULTIPLICATION SIGN} {_('score')} "
            f"{'+' if intercept >= 0 else MINUS} {format_number(abs(intercept), 2)}"
        )
    end = start + step * (score_map.log10_lr.shape[1] - 1)
    return _(
        "{name}: a curve, log10 LR {first} up to score {start}, {last} from score {end} on; its points are in "
        "results.json",
        name=name,
        first=format_signed(first),
        start=format_number(start, 3),
        last=format_signed(last),
        end=format_number(end, 3),
    )


def _questioned_sides(served: Sequence[Issued], quality: QualityRows) -> list[Measured]:
    return [
        _pooled([row])
        for sha256, channel, turn in dict.fromkeys((each.sha256, each.channel, each.turn) for each in served)
        for row in quality.get((sha256,), [])
        if (row["channel"], row["turn"] or 0) == (channel, turn)
    ]


def _known_sides(served: Sequence[Issued], quality: QualityRows) -> list[Measured]:
    return [
        _pooled([row for sha256 in contents for row in quality.get((sha256,), [])])
        for contents in dict.fromkeys(comparison.known_sha256 for comparison in served)
    ]


def _pooled(recordings: Sequence[Mapping[str, Any]]) -> Measured:
    """The recordings of one side taken together: quantities that add up as a sum, the others as a list."""
    measured: Measured = {}
    for quantity in QUANTITIES:
        values = [row[quantity.name] for row in recordings if row[quantity.name] is not None]
        measured[quantity.name] = [sum(values)] if quantity.pooled == "sum" else values
    return measured


def _conditions(
    comparison: Issued, calibration: Calibration, questioned: Sequence[Measured], known: Sequence[Measured]
) -> tuple[ConditionRow, ...]:
    """The conditions of the case's recordings beside those of the population's."""
    sides = [
        (questioned, calibration.questioned, comparison.questioned_distance),
        (known, calibration.known, comparison.known_distance),
    ]
    measured = [
        [
            text
            for case, cell, _distance in sides
            for text in (_spread(case, quantity), _condition(quantity, getattr(cell, quantity.name)))
        ]
        for quantity in QUANTITIES
    ]
    channels = [text for _side, cell, _distance in sides for text in ("", printable(noted(cell.name)) or _("none"))]
    distances = [text for _side, _cell, distance in sides for text in (format_number(distance, 2), "")]
    return (
        *(ConditionRow(_(quantity.label), *texts) for quantity, texts in zip(QUANTITIES, measured, strict=True)),
        ConditionRow(_("Simulated channel"), *channels),
        ConditionRow(_("Distance (0: the same)"), *distances),
    )


def _spread(case: Sequence[Measured], quantity: Quantity) -> str:
    """Lowest to highest of the case's recordings, and in how many it could not be measured."""
    values = [value for side in case for value in side[quantity.name]]
    if not values:
        return _("not measured")
    low, high = (format_measured(quantity, end) for end in (min(values), max(values)))
    missing = sum(not side[quantity.name] for side in case)
    spread = low if low == high else span(low, high)
    return _("{spread}; in {number} not measured", spread=spread, number=number(missing)) if missing else spread


def _condition(quantity: Quantity, value: Value) -> str:
    if value is None:
        return _(quantity.none_reads) or _("not measured")
    return format_measured(quantity, value)


def score_plot(name: str, comparison: Issued, inputs: ReportInputs) -> ScorePlot:
    """The reference scores, with the comparison's."""
    fitted = inputs.calibrations[comparison.calibration_id]
    return ScorePlot(
        name=name,
        caption=_("Scores of the reference people, and of this comparison (black)."),
        same_speaker=fitted.same_speaker_scores,
        different_speaker=fitted.different_speaker_scores,
        marks=(Mark(_("this comparison"), comparison.adjusted_score),),
    )


def tippett_plot(name: str, comparison: Issued, inputs: ReportInputs) -> TippettPlot:
    """The reference LRs, with the comparison's."""
    fitted = inputs.calibrations[comparison.calibration_id]
    return TippettPlot(
        name=name,
        caption=_(
            "Tippett plot: reference pairs with at least each LR, and the LR of this comparison (black). Grey: beyond "
            "the bounds."
        ),
        same_speaker=fitted.same_speaker_log10_lr,
        different_speaker=fitted.different_speaker_log10_lr,
        of=_("pairs"),
        bounds=(fitted.lower_bound_log10_lr, fitted.upper_bound_log10_lr),
        marks=(Mark(_("this comparison"), comparison.log10_lr),),
    )
