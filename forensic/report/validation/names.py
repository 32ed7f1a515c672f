"""What the figures of ``validation.json`` are called in the report, and how they are written."""

import math

from forensic.report.shared.catalogue import N_, _, number
from forensic.report.shared.formats import MINUS, format_number, format_share, format_signed, printable
from forensic.validation.breakdown import ALL, BINNED, OTHER_LINE, SAME_LINE, UNKNOWN

_NAMES = {
    "eer": N_("EER"),
    "cllr": N_("Cllr"),
    "cllr_min": N_("Cllr_min"),
    "cllr_cal": N_("Cllr_cal"),
    "dev_pav": N_("devPAV"),
    "misleading_same_speaker_rate": N_("Misleading for H2"),
    "misleading_different_speaker_rate": N_("Misleading for H1"),
    "lowest_same_speaker_log10_lr": N_("Lowest same-speaker log10 LR"),
    "highest_different_speaker_log10_lr": N_("Highest different-speaker log10 LR"),
    "speakers": N_("Speakers"),
    "same_speaker_comparisons": N_("Same-speaker LRs"),
    "different_speaker_comparisons": N_("Different-speaker LRs"),
    "refused_same_speaker_comparisons": N_("Same-speaker comparisons refused"),
    "refused_different_speaker_comparisons": N_("Different-speaker comparisons refused"),
    "refused_share": N_("Share of comparisons refused"),
}
_SHARES = {"eer", "misleading_same_speaker_rate", "misleading_different_speaker_rate", "refused_share"}


def figure_name(figure: str) -> str:
    """A figure's name for people."""
    name = _(_NAMES[figure.removeprefix("unbounded_")])
    return _("{measure} before the bounds", measure=name) if figure.startswith("unbounded_") else name


def group_name(by: str, name: str) -> str:
    """The name of a group of a breakdown; those that people gave stay as they are."""
    return _(name) if by in BINNED or name in {ALL, UNKNOWN, SAME_LINE, OTHER_LINE} else printable(name)


def show_figure(figure: str, value: float) -> str:
    """A figure's value for people: a share in percent, a log10 LR with its sign, a count whole."""
    base = figure.removeprefix("unbounded_")
    if math.isinf(value):
        return _("infinite") if value > 0 else MINUS + _("infinite")
    if base in _SHARES:
        return format_share(value)
    if base.endswith("log10_lr"):
        return format_signed(value)
    if base.endswith("comparisons") or base == "speakers":
        return number(value, ",.0f")
    return format_number(value, 3)
