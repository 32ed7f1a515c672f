"""What the figures of ``validation.json`` are called in the report, and how they are written."""

import math

from forensic.report.shared.formats import MINUS, format_number, format_share, format_signed

_NAMES = {
    "eer": "EER",
    "cllr": "Cllr",
    "cllr_min": "Cllr_min",
    "cllr_cal": "Cllr_cal",
    "dev_pav": "devPAV",
    "misleading_same_speaker_rate": "Misleading for H2",
    "misleading_different_speaker_rate": "Misleading for H1",
    "lowest_same_speaker_log10_lr": "Lowest same-speaker log10 LR",
    "highest_different_speaker_log10_lr": "Highest different-speaker log10 LR",
    "speakers": "Speakers",
    "same_speaker_comparisons": "Same-speaker LRs",
    "different_speaker_comparisons": "Different-speaker LRs",
    "refused_same_speaker_comparisons": "Same-speaker comparisons refused",
    "refused_different_speaker_comparisons": "Different-speaker comparisons refused",
    "refused_share": "Share of comparisons refused",
}
_SHARES = {"eer", "misleading_same_speaker_rate", "misleading_different_speaker_rate", "refused_share"}


def figure_name(figure: str) -> str:
    """A figure's name for people."""
    before = figure.startswith("unbounded_")
    return _NAMES[figure.removeprefix("unbounded_")] + (" before the bounds" if before else "")


def show_figure(figure: str, value: float) -> str:
    """A figure's value for people: a share in percent, a log10 LR with its sign, a count whole."""
    base = figure.removeprefix("unbounded_")
    if math.isinf(value):
        return "infinite" if value > 0 else f"{MINUS}infinite"
    if base in _SHARES:
        return format_share(value)
    if base.endswith("log10_lr"):
        return format_signed(value)
    if base.endswith("comparisons") or base == "speakers":
        return f"{value:,.0f}"
    return format_number(value, 3)
