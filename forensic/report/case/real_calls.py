"""What LRs of the model's bank were worth on real calls of other days, beside what its calibrations state."""

from forensic.likelihood_ratio.real_calls import RealResult
from forensic.records import Interval
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.formats import format_number, format_share, plural, printable


def real_calls(inputs: ReportInputs) -> tuple[str, ...]:
    """Sentences; none where LRs were calibrated on other people than the bank's, or it has no real calls."""
    by_opinion, second = inputs.method.real_calls, inputs.method.second
    first = by_opinion.get("first")
    if first is None:
        return ()
    who = f"{plural(first.people, 'person', 'people')}, {first.repeated} of them on several days; {first.pairs:,} pairs"
    sentences = [
        (
            f"On the real telephone calls in the bank ({who}), those of one speaker compared on different days only, "
            f"each LR from a calibration without either speaker: {_measures(first)}."
        )
    ]
    both = by_opinion.get("both")
    if second is not None and both is not None:
        sentences.append(f"With {printable(second.identity.name)} beside the LSTM network: {_measures(both)}.")
    sentences.append("Every person weighs alike. Other lines, languages and ways of speaking may do better or worse.")
    return tuple(sentences)


def _measures(found: RealResult) -> str:
    cllr, misleading = found.cllr, found.misleading
    return (
        f"Cllr {format_number(cllr.value, 2)} ({format_number(cllr.low, 2)} to {format_number(cllr.high, 2)}), and "
        f"{format_share(misleading.value)} of same-speaker LRs below 1 ({_shares(misleading)})"
    )


def _shares(interval: Interval) -> str:
    return f"{format_share(interval.low)} to {format_share(interval.high)}"
