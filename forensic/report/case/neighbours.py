"""How the LRs would move under neighbouring choices of the relevant population, a line a choice."""

from collections.abc import Sequence

from forensic.comparison.neighbours import Neighbour, in_words
from forensic.report.case.comparisons import Comparison, Issued
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.content import Fact
from forensic.report.shared.formats import format_lr, format_signed, printable


def neighbour_facts(inputs: ReportInputs, comparisons: Sequence[Comparison]) -> tuple[Fact, ...]:
    """For each choice the range of changes, and the strongest LR for H1 before and after; before the bounds."""
    issued = [each for each in comparisons if isinstance(each, Issued)]
    if not issued:
        return ()
    strongest = max(issued, key=lambda each: each.unbounded)
    return tuple(_fact(each, inputs, strongest) for each in inputs.neighbours)


def _fact(neighbour: Neighbour, inputs: ReportInputs, strongest: Issued) -> Fact:
    before = inputs.comparisons["unbounded_log10_lr"].to_list()
    both = zip(before, neighbour.log10_lr, strict=True)
    moves = [after - own for own, after in both if own is not None and after is not None]
    row = min(
        (place for place, own in enumerate(before) if own is not None),
        key=lambda place: abs(before[place] - strongest.unbounded),
    )
    after = neighbour.log10_lr[row]
    lr = "none" if after is None else format_lr(after)
    return Fact(
        f"With other people: {printable(in_words(neighbour.choice))} ({neighbour.people:,})",
        f"log10 LRs move by {format_signed(min(moves))} to {format_signed(max(moves))}; the highest before the bounds, "
        f"{strongest.label}, from {format_lr(strongest.unbounded)} to {lr}",
    )
