"""What LRs of the model's bank were worth on real calls of other days, beside what its calibrations state."""

from forensic.likelihood_ratio.real_calls import RealResult
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import _, number
from forensic.report.shared.formats import format_number, format_share, printable


def real_calls(inputs: ReportInputs) -> tuple[str, ...]:
    """Sentences; none where LRs were calibrated on other people than the bank's, or it has no real calls."""
    by_opinion, second = inputs.method.real_calls, inputs.method.second
    first = by_opinion.get("first")
    if first is None:
        return ()
    sentences = [
        _(
            "Real telephone calls of {people} people of the bank, {repeated} of them called on several days, were "
            "compared with each other ({pairs} pairs; those of one speaker on different days, each LR from a "
            "calibration without either speaker): they have {measures}.",
            people=number(first.people),
            repeated=number(first.repeated),
            pairs=number(first.pairs),
            measures=_measures(first),
        )
    ]
    both = by_opinion.get("both")
    if second is not None and both is not None:
        sentences.append(
            _(
                "With {second} beside the LSTM network they have {measures}.",
                second=printable(second.identity.name),
                measures=_measures(both),
            )
        )
    sentences.append(
        _("Every person weighs alike. Other lines, languages and ways of speaking may do better or worse.")
    )
    return tuple(sentences)


def _measures(found: RealResult) -> str:
    cllr, misleading = found.cllr, found.misleading
    return _(
        "a Cllr of {cllr} ({low} to {high}), and {share} of same-speaker LRs below 1 ({fewest} to {most})",
        cllr=format_number(cllr.value, 2),
        low=format_number(cllr.low, 2),
        high=format_number(cllr.high, 2),
        share=format_share(misleading.value),
        fewest=format_share(misleading.low),
        most=format_share(misleading.high),
    )
