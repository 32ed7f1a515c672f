"""The questions that were asked, each with what the comparisons gave for it."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from forensic.case.details import Question
from forensic.likelihood_ratio.scale import NO_SUPPORT
from forensic.report.case.case_report import Answer
from forensic.report.case.comparisons import (
    Issued,
    Refused,
    by_questioned,
    highest,
    issued_of,
    name_known,
    refused_of,
)
from forensic.report.case.exhibits import Exhibits
from forensic.report.case.inputs import ReportInputs
from forensic.report.shared.formats import first_few, paragraphs, plural, printable, two_figures

Group = list[Issued | Refused]


def answer_questions(
    comparisons: Sequence[Issued | Refused], inputs: ReportInputs, exhibits: Exhibits
) -> tuple[Answer, ...]:
    """Each question with the findings that answer it; if none was written down, all findings without a question."""
    questions = inputs.case_details.questions or (Question(""),)
    most = max(2, inputs.limits.answers // len(questions))
    return tuple(_answer(question, comparisons, exhibits, most) for question in questions)


def _answer(question: Question, comparisons: Sequence[Issued | Refused], exhibits: Exhibits, most: int) -> Answer:
    groups = by_questioned([each for each in comparisons if _is_about(question, each, exhibits)])
    with_lr = sorted((group for group in groups if issued_of(group)), key=lambda group: -highest(group)[0].log10_lr)
    chosen = with_lr[:most]
    points = [_point(group) for group in groups if any(group is each for each in chosen)]
    if len(with_lr) > most:
        points.append(_others(with_lr[most:]))
    without = [group[0].questioned for group in groups if not issued_of(group)]
    if without:
        points.append(f"{first_few(without)}: no likelihood ratio could be issued; the next page says why.")
    if not points:
        points.append("No comparison was made that answers this.")
    return Answer(printable(question.text), paragraphs(question.answer), tuple(points))


def _is_about(question: Question, comparison: Issued | Refused, exhibits: Exhibits) -> bool:
    exhibit = comparison.questioned.partition(" ")[0]
    name = exhibits.name(exhibit)
    sides = (
        (question.questioned, {exhibit, exhibits.number(exhibit), name, name.rpartition("/")[2]}),
        (question.known, {comparison.suspect, comparison.suspect_label}),
    )
    return all(not wanted or _is_named(wanted, names) for wanted, names in sides)


def _is_named(wanted: Sequence[str], names: set[str]) -> bool:
    return any(fnmatchcase(name.casefold(), each.casefold()) for each in wanted for name in names)


def _point(group: Group) -> str:
    """What was found of one questioned speaker, in a sentence or a few."""
    issued = issued_of(group)
    sentences = [
        f"The findings are {_times(one)} more likely if the speaker is {one.known} than if it is someone else "
        f"({one.strength})."
        for one in highest(group, len(issued))
        if one.direction == "H1"
    ]
    against = [one for one in issued if one.direction == "H2"]
    if against:
        sentences.append(
            f"The findings are more likely if the speaker is someone else than if it is {_either(against)} "
            f"({_span(against)})."
        )
    neither = [one for one in issued if not one.direction]
    if neither:
        sentences.append(f"The findings do not say whether it is {_either(neither)} ({NO_SUPPORT}).")
    if refused := refused_of(group):
        sentences.append(f"For {name_known([each.suspect_label for each in refused], 0)}, no LR could be issued.")
    first = group[0]
    twins = f" = {', '.join(first.twins)}" if first.twins else ""
    return f"{first.questioned}{twins} ({first.questioned_name}): {' '.join(sentences)}"


def _either(found: Sequence[Issued]) -> str:
    names = [one.known for one in found[:8]]
    if len(found) > len(names):
        return f"{', '.join(names)} or one of {len(found) - len(names):,} more"
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _times(one: Issued) -> str:
    """How many times more likely, "about 4.2 times", "at least 67 times"."""
    return f"{'at least' if one.is_bounded else 'about'} {two_figures(abs(one.log10_lr))} times"


def _span(against: Sequence[Issued]) -> str:
    """How many times more likely if H2 is true, the least and the most, with the words of both."""
    least, *_, most = sorted([*against, against[0]], key=lambda each: -each.log10_lr)
    words = " to ".join(dict.fromkeys(one.strength for one in (least, most)))
    if least.is_bounded or _times(least) == _times(most):
        return f"{_times(least)}; {words}"
    return f"from {_times(least).removesuffix(' times')} to {_times(most)}; {words}"


def _others(groups: Sequence[Group]) -> str:
    """What is to be said of the questioned speakers that have no sentence of their own."""
    above = [group for group in groups if highest(group)[0].direction == "H1"]
    further = plural(
        len(groups), "further questioned recording or channel has", "further questioned recordings or channels have"
    )
    return (
        f"{further} an LR; {len(above):,} of them {'supports' if len(above) == 1 else 'support'} that a known speaker "
        "speaks. The results list them."
    )
