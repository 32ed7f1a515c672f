"""How the LRs would move under neighbouring choices of the relevant population, a line a choice."""

from collections.abc import Sequence

from forensic.comparison.neighbours import Neighbour
from forensic.likelihood_ratio.relevant import PopulationChoice
from forensic.report.case.comparisons import Comparison, Issued
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.catalogue import N_, _, number
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
    return Fact(
        _(
            "With other people: {choice} ({number})",
            choice=printable(_in_words(neighbour.choice)),
            number=number(neighbour.people),
        ),
        _(
            "log10 LRs move by {least} to {most}; the highest before the bounds, {label}, from {before} to {after}",
            least=format_signed(min(moves)),
            most=format_signed(max(moves)),
            label=strongest.label,
            before=format_lr(strongest.unbounded),
            after=_("none") if after is None else format_lr(after),
        ),
    )


def _in_words(choice: PopulationChoice) -> str:
    """A choice, as part of a sentence."""
    ages = {
        "": N_("all but children"),
        "any": N_("adults and children"),
        "adult": N_("known adults"),
        "child": N_("children"),
    }
    sexes = {"": "", "female": N_("female"), "male": N_("male")}
    stated = [
        _("language {name}", name=choice.language) if choice.language else "",
        _("accent {name}", name=choice.accent) if choice.accent else "",
        _(sexes[choice.sex]),
        _("corpus {names}", names=", ".join(choice.corpora)) if choice.corpora else "",
    ]
    return "; ".join([_(ages[choice.age]), *filter(None, stated)])
