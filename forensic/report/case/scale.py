"""The verbal scale, as a table and as bands on an axis of log10 LR."""

import math

from forensic.likelihood_ratio.scale import VerbalScale
from forensic.report.case.case_report import ScaleRow
from forensic.report.case.plots import Band
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.formats import printable, span, whole


def list_scale(scale: VerbalScale) -> tuple[ScaleRow, ...]:
    """Every step, for H1 and for H2."""
    rows = []
    for step in scale.steps:
        low, high = _limit(step.low_log10), _limit(step.high_log10)
        if step.low_log10 <= 0:  # the step around LR 1
            for_h1, for_h2, log10 = span("1", high), span("1", f"1/{high}"), span("0", _plain(step.high_log10))
        elif math.isinf(step.high_log10):
            for_h1, for_h2, log10 = _over(low), _("under {limit}", limit=f"1/{low}"), _over(_plain(step.low_log10))
        else:
            for_h1, for_h2 = span(low, high), span(f"1/{low}", f"1/{high}")
            log10 = span(_plain(step.low_log10), _plain(step.high_log10))
        rows.append(ScaleRow(for_h1, for_h2, log10, printable(_(step.term))))
    return tuple(rows)


def scale_bands(scale: VerbalScale) -> tuple[Band, ...]:
    """Every step, as wide as it is on an axis of log10 LR."""
    return tuple(
        Band(step.low_log10, step.high_log10, printable(_(step.term.removesuffix(" support")))) for step in scale.steps
    )


def _over(limit: str) -> str:
    return _("over {limit}", limit=limit)


def _limit(log10_value: float) -> str:
    """The limit of a step of the scale: "2", "1,000", "1,000,000"."""
    if math.isinf(log10_value) or log10_value > 9:  # noqa: PLR2004
        return f"10^{log10_value:g}"
    value = 10**log10_value
    return number(round(value)) if abs(value - round(value)) < 0.01 * value else number(value, ".2g")


def _plain(log10_value: float) -> str:
    return whole(number(log10_value, ".1f"))
