"""The calibrations: the data that each rests on, how well it does, and the comparisons that it served."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from forensic.quantities import QUANTITIES, Quantity, Value
from forensic.records import Calibration, Interval, ScoreMaps
from forensic.report.case.case_report import CalibrationContent, ConditionRow, MetricRow
from forensic.report.case.comparisons import Issued
from forensic.report.case.evidence import rows_by
from forensic.report.case.inputs import ReportInputs
from forensic.report.case.plots import ScorePlot
from forensic.report.shared import wording
from forensic.report.shared.content import Fact
from forensic.report.shared.formats import (
    MINUS,
    first_few,
    format_number,
    format_range,
    format_share,
    format_signed,
    listed,
    printable,
    share_of,
)
from forensic.report.shared.measured import format_measured
from forensic.report.shared.method_wording import calibrator_name
from forensic.report.shared.plots import Mark, TippettPlot
from forensic.report.shared.rows import calibration_labels

QualityRows: TypeAlias = Mapping[tuple[Any, ...], Sequence[Mapping[str, Any]]]
Measured: TypeAlias = dict[str, list[Any]]
"""What was measured of one side, by the name of a quantity; an empty list where nothing could be measured."""


def describe_calibrations(issued: Sequence[Issued], inputs: ReportInputs) -> tuple[tuple[CalibrationContent, ...], str]:
    """The calibrations in the order of use, and a note on what was left out."""
    labels = calibration_labels(comparison.calibration_id for comparison in issued)
    served: dict[str, list[Issued]] = defaultdict(list)
    for comparison in issued:
        served[comparison.calibration_id].append(comparison)
    quality = rows_by(inputs.quality, "sha256")
    limits = inputs.limits
    described = [
        _describe(label, inputs.calibrations[key], served[key], quality, draws_plots=n < limits.calibration_plots)
        for n, (key, label) in enumerate(labels.items())
        if n < limits.calibrations
    ]
    notes = []
    if len(labels) > limits.calibrations:
        notes.append(f"{limits.calibrations} of {len(labels):,} calibrations are described here.")
    if len(described) > limits.calibration_plots:
        notes.append(f"Plots are drawn for the first {limits.calibration_plots} of them.")
    return tuple(described), " ".join(notes)


def _describe(
    label: str, calibration: Calibration, served: Sequence[Issued], quality: QualityRows, *, draws_plots: bool
) -> CalibrationContent:
    return CalibrationContent(
        label=label,
        id=printable(calibration.id),
        comparisons=first_few([comparison.label for comparison in served], most=12),
        facts=_facts(calibration),
        conditions=(
            *_conditions(calibration, _questioned_sides(served, quality), _known_sides(served, quality)),
            _differences(served),
        ),
        metrics=_metrics(calibration),
        scores=_score_plot(label, calibration, served) if draws_plots else None,
        tippett=_tippett_plot(label, calibration, served) if draws_plots else None,
    )


def _facts(calibration: Calibration) -> tuple[Fact, ...]:
    return (
        Fact("Reference corpora", listed([printable(name) for name in calibration.corpora]) or "not stated"),
        Fact("Reference speakers", f"{calibration.speakers:,}"),
        Fact("Reference recordings", f"{calibration.recordings:,}" if calibration.recordings else "not stated"),
        Fact("Same-speaker pairs", f"{len(calibration.same_speaker_scores):,}"),
        Fact("Different-speaker pairs", f"{len(calibration.different_speaker_scores):,}"),
        Fact("Conversion", _conversion(calibration.score_map)),
        Fact(
            "Bounds of the LR",
            format_range(calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr),
        ),
        Fact("Draws of reference speakers for the intervals", f"{len(calibration.draws):,}"),
    )


def _conversion(score_map: ScoreMaps) -> str:
    """A straight line as a formula; a curve by its name and range."""
    name = calibrator_name(score_map.calibrator)
    start, step = score_map.start, score_map.step
    first, *_, last = score_map.log10_lr[0]
    if score_map.goes_on:
        slope = (last - first) / step / (score_map.log10_lr.shape[1] - 1)
        intercept = first - slope * start
        return (
            f"{name}: log10 LR = {format_number(slope, 2)} \N{MULTIPLICATION SIGN} score "
            f"{'+' if intercept >= 0 else MINUS} {format_number(abs(intercept), 2)}"
        )
    end = start + step * (score_map.log10_lr.shape[1] - 1)
    return (
        f"{name}: a curve, log10 LR {format_signed(first)} up to score {format_number(start, 3)}, "
        f"{format_signed(last)} from score {format_number(end, 3)} on; its points are in results.json"
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
    calibration: Calibration, questioned: Sequence[Measured], known: Sequence[Measured]
) -> tuple[ConditionRow, ...]:
    """The conditions of the case's recordings beside those of the population's."""
    sides = [
        (questioned, calibration.questioned, calibration.questioned_distance),
        (known, calibration.known, calibration.known_distance),
    ]
    measured = [
        [
            text
            for case, cell, _ in sides
            for text in (_spread(case, quantity), _condition(quantity, getattr(cell, quantity.name)))
        ]
        for quantity in QUANTITIES
    ]
    channels = [text for _, cell, _ in sides for text in ("", printable(cell.name) or "none")]
    distances = [text for _, _, distance in sides for text in (format_number(distance, 2), "")]
    return (
        *(ConditionRow(quantity.label, *texts) for quantity, texts in zip(QUANTITIES, measured, strict=True)),
        ConditionRow("Simulated channel", *channels),
        ConditionRow("Largest distance left (0: the same)", *distances),
    )


def _differences(served: Sequence[Issued]) -> ConditionRow:
    """What the largest distance is made of, on either side."""
    questioned = max(served, key=lambda comparison: comparison.questioned_distance).questioned_differs
    known = max(served, key=lambda comparison: comparison.known_distance).known_differs
    return ConditionRow("What differs in the case", questioned, "", known, "")


def _spread(case: Sequence[Measured], quantity: Quantity) -> str:
    """Lowest to highest of the case's recordings, and in how many it could not be measured."""
    values = [value for side in case for value in side[quantity.name]]
    if not values:
        return wording.NOT_MEASURED
    ends = dict.fromkeys(format_measured(quantity, end) for end in (min(values), max(values)))
    missing = sum(not side[quantity.name] for side in case)
    return " to ".join(ends) + (f"; in {missing:,} {wording.NOT_MEASURED}" if missing else "")


def _condition(quantity: Quantity, value: Value) -> str:
    if value is None:
        return quantity.none_reads or wording.NOT_MEASURED
    return format_measured(quantity, value)


def _metrics(calibration: Calibration) -> tuple[MetricRow, ...]:
    same, different = calibration.same_speaker_log10_lr, calibration.different_speaker_log10_lr
    for_h1, for_h2 = different > 0, same < 0
    return (
        _cost("Cllr", calibration.cllr, "0 is perfect, 1 says nothing"),
        _cost("Cllr_min", calibration.cllr_min, "after the best possible calibration"),
        MetricRow(
            "EER",
            format_share(calibration.eer.value),
            f"{format_share(calibration.eer.low)} to {format_share(calibration.eer.high)}",
            "errors of either kind at the point where they are equally frequent",
        ),
        MetricRow(
            "Misleading for H1",
            format_share(share_of(for_h1)),
            "",
            f"different-speaker pairs with LR above 1: {int(np.sum(for_h1)):,} of {len(for_h1):,}",
        ),
        MetricRow(
            "Misleading for H2",
            format_share(share_of(for_h2)),
            "",
            f"same-speaker pairs with LR below 1: {int(np.sum(for_h2)):,} of {len(for_h2):,}",
        ),
    )


def _cost(name: str, interval: Interval, meaning: str) -> MetricRow:
    low, high = format_number(interval.low, 3), format_number(interval.high, 3)
    return MetricRow(name, format_number(interval.value, 3), f"{low} to {high}", meaning)


def _score_plot(label: str, calibration: Calibration, served: Sequence[Issued]) -> ScorePlot:
    return ScorePlot(
        name=f"scores{label}",
        caption=(
            f"Calibration {label}: scores of the reference population's same-speaker and different-speaker "
            "pairs. Black lines: scores of the case."
        ),
        same_speaker=calibration.same_speaker_scores,
        different_speaker=calibration.different_speaker_scores,
        marks=tuple(Mark(comparison.label, comparison.score) for comparison in served),
    )


def _tippett_plot(label: str, calibration: Calibration, served: Sequence[Issued]) -> TippettPlot:
    return TippettPlot(
        name=f"tippett{label}",
        caption=(
            f"Calibration {label}: Tippett plot. For each log10 LR, the share of pairs of the reference "
            "population with at least that LR (cross-validated by speaker). Black lines: LRs of the case. "
            "Shaded: beyond the bounds."
        ),
        same_speaker=calibration.same_speaker_log10_lr,
        different_speaker=calibration.different_speaker_log10_lr,
        of="pairs",
        bounds=(calibration.lower_bound_log10_lr, calibration.upper_bound_log10_lr),
        marks=tuple(Mark(comparison.label, comparison.log10_lr) for comparison in served),
    )
