"""The measures and plots of a validation: over all comparisons, and by group."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from forensic.likelihood_ratio import metrics
from forensic.records import Vector
from forensic.report.shared.catalogue import N_, _, number
from forensic.report.shared.formats import format_number, format_share, printable, span
from forensic.report.shared.plots import TippettPlot
from forensic.report.validation.content import BreakdownTable, Figure, GroupRow, MeasureRow, Plots
from forensic.report.validation.names import figure_name, group_name, show_figure
from forensic.report.validation.plots import DetPlot, EcePlot, PavPlot, ZooPlot
from forensic.validation.breakdown import Group, known_truth
from forensic.validation.measures import FEWEST_SPEAKERS, MEASURES, KnownTruth, Measured
from forensic.validation.outcome import ValidationOutcome

_TITLES = {
    "condition": N_("Condition"),
    "net speech": N_("Net speech of the questioned side"),
    "SNR": N_("SNR of the questioned side"),
    "codec": N_("Codec of the questioned recording"),
    "language": N_("Language"),
    "sex": N_("Sex"),
    "corpus": N_("Corpus"),
}
_EXTREMES = ("lowest_same_speaker_log10_lr", "highest_different_speaker_log10_lr")
_EXTREME_MEANINGS = (
    N_("the strongest misleading evidence for H2, if below 0"),
    N_("the strongest misleading evidence for H1, if above 0"),
)
_NAMED_ANIMALS = 4


def list_measures(every: Group) -> tuple[MeasureRow, ...]:
    """Every measure, as issued and before the bounds; none where nothing could be measured."""
    issued, unbounded = every.bounded, every.unbounded
    if issued is None or unbounded is None:
        return ()
    rows = [
        MeasureRow(figure_name(name), _(meaning), *_shown(name, issued), *_shown(name, unbounded))
        for name, meaning in MEASURES.items()
    ]
    rows += [
        MeasureRow(
            figure_name(name),
            _(meaning),
            show_figure(name, getattr(issued, name)),
            "",
            show_figure(name, getattr(unbounded, name)),
            "",
        )
        for name, meaning in zip(_EXTREMES, _EXTREME_MEANINGS, strict=True)
    ]
    return tuple(rows)


def _shown(name: str, measured: Measured) -> tuple[str, str]:
    interval = measured.intervals[name]
    if interval is None:
        return _("undefined"), ""
    return show_figure(name, interval.value), span(show_figure(name, interval.low), show_figure(name, interval.high))


def list_breakdowns(groups: Sequence[Group]) -> tuple[BreakdownTable, ...]:
    """One table per breakdown, of LRs as issued."""
    return tuple(
        BreakdownTable(_(_TITLES[by]), tuple(_group_row(group) for group in part))
        for by, part in groupby(groups, key=lambda group: group.by)
    )


def _group_row(group: Group) -> GroupRow:
    refused = group.refused_same + group.refused_different
    figures: tuple[Figure, ...] = ()
    note = ""
    if group.bounded is not None:
        figures = tuple(Figure(*_brief(name, group.bounded)) for name in MEASURES)
    elif not group.same + group.different:
        note = _("no LR was issued")
    elif group.speakers < FEWEST_SPEAKERS:
        note = _("fewer than {number} speakers: not measured", number=FEWEST_SPEAKERS)
    elif not group.same:
        note = _("no same-speaker comparison: not measured")
    else:
        note = _("no different-speaker comparison: not measured")
    return GroupRow(
        group_name(group.by, group.name),
        number(group.speakers),
        number(group.same),
        number(group.different),
        number(refused),
        figures,
        note,
    )


def _brief(name: str, measured: Measured) -> tuple[str, str]:
    """A figure without its unit, for a narrow column; shares in percent."""
    interval = measured.intervals[name]
    if interval is None:
        return "\N{EN DASH}", ""
    is_share = name == "eer" or name.endswith("_rate")

    def short(value: float) -> str:
        if np.isinf(value):
            return _("inf.")
        return format_number(100 * value, 1) if is_share else format_number(value, 2)

    return (
        short(interval.value) if is_share or np.isinf(interval.value) else format_number(interval.value, 3),
        f"{short(interval.low)}\N{EN DASH}{short(interval.high)}",
    )


def plot_all(outcome: ValidationOutcome) -> Plots | None:
    """The plots of the LRs as issued; none where nothing could be measured."""
    if outcome.everything.bounded is None:
        return None
    truth, before = known_truth(outcome.lrs), known_truth(outcome.lrs, "unbounded_log10_lr")
    same, different = truth.same_log10_lr, truth.different_log10_lr
    return Plots(
        tippett=TippettPlot(
            "tippett",
            _(
                "Tippett plot: for each log10 LR, the share of comparisons with at least that LR. Thick: as issued. "
                "Thin: before the bounds."
            ),
            same,
            different,
            of=_("Comparisons"),
            unbounded=(before.same_log10_lr, before.different_log10_lr),
        ),
        det=_det(same, different),
        pav=_pav(same, different),
        ece=_ece(same, different),
        zoo=_zoo(outcome, truth),
    )


def _det(same: Vector, different: Vector) -> DetPlot:
    eer = metrics.eer(same, different)
    return DetPlot(
        "det",
        _(
            "DET plot: errors of either kind at every threshold, and their convex hull. Dot: EER {eer}.",
            eer=format_share(eer),
        ),
        *metrics.det_curve(same, different),
        *metrics.roc_convex_hull(same, different),
        eer,
    )


def _pav(same: Vector, different: Vector) -> PavPlot:
    value, mapped = metrics.pav_curve(same, different)
    return PavPlot(
        "pav",
        _(
            "PAV plot: what the best possible calibration makes of the LRs. Triangles: LRs that it makes infinite, "
            "because only one kind of comparison has them."
        ),
        value,
        mapped,
    )


def _ece(same: Vector, different: Vector) -> EcePlot:
    odds = np.linspace(-3, 3, 121)
    return EcePlot(
        "ece",
        _(
            "ECE plot: bits that remain unknown, by prior odds. At 0 the line of the LRs is at Cllr, and the line "
            "after PAV at Cllr_min."
        ),
        odds,
        metrics.empirical_cross_entropy(same, different, odds),
        metrics.empirical_cross_entropy(*metrics.pav_log10_lr(same, different), odds),
        metrics.empirical_cross_entropy([0.0], [0.0], odds),
    )


def _zoo(outcome: ValidationOutcome, truth: KnownTruth) -> ZooPlot | None:
    if not np.isfinite(truth.log10_lr).all():
        return None
    is_same = truth.is_same
    zoo = metrics.zoo(
        truth.same_log10_lr,
        truth.known[is_same],
        truth.different_log10_lr,
        truth.known[~is_same],
        truth.questioned[~is_same],
    )
    if not len(zoo.speaker):
        return None
    issued = outcome.lrs.filter(outcome.lrs["log10_lr"].is_not_null())
    names = sorted({*issued["speaker_known"], *issued["speaker_questioned"]})
    worst = [
        *np.argsort(zoo.same, kind="stable")[:_NAMED_ANIMALS],
        *np.argsort(-zoo.different, kind="stable")[:_NAMED_ANIMALS],
    ]
    named = tuple((int(place), printable(names[zoo.speaker[place]])) for place in dict.fromkeys(worst))
    return ZooPlot(
        "zoo",
        _(
            "Zoo plot: one point per speaker. Further right: their own recordings give higher LRs. Further up: other "
            "people's recordings give lower LRs. Lines: quartiles. Named: the speakers with the worst values on either "
            "axis."
        ),
        zoo,
        named,
    )
