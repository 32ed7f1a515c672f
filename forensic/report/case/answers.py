"""The questions that were asked, each with what the comparisons gave for it."""

from collections import defaultdict
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
from forensic.report.case.page_one import lines_of
from forensic.report.shared.catalogue import _, ngettext, number
from forensic.report.shared.formats import first_few, paragraphs, printable, span, two_figures

Group = list[Issued | Refused]

_REASONS = 3
"""Most reasons that page one gives in full."""


def answer_questions(
    comparisons: Sequence[Issued | Refused], inputs: ReportInputs, exhibits: Exhibits, lines: float
) -> tuple[Answer, ...]:
    """Each question with the findings that answer it; if none was written down, all findings without a question.

    Args:
        comparisons: all of them.
        inputs: of the report.
        exhibits: what files are called.
        lines: what page one has for them; so many findings are given that they fit, but one of each question always.
    """
    questions = inputs.case_details.questions or (Question(""),)
    for most in range(max(2, inputs.limits.answers // len(questions)), 0, -1):
        answers = tuple(_answer(question, comparisons, exhibits, most) for question in questions)
        if lines_of(answers) <= lines:
            break
    return answers


def _answer(question: Question, comparisons: Sequence[Issued | Refused], exhibits: Exhibits, most: int) -> Answer:
    groups = by_questioned([each for each in comparisons if _is_about(question, each, exhibits)])
    with_lr = sorted((group for group in groups if issued_of(group)), key=lambda group: -highest(group)[0].log10_lr)
    chosen = with_lr[:most]
    points = [_point(group) for group in groups if any(group is each for each in chosen)]
    if len(with_lr) > most:
        points.append(_others(with_lr[most:]))
    points += _without_lr([group for group in groups if not issued_of(group)], is_all=not with_lr)
    if not points:
        points.append(_("No comparison was made that answers this."))
    return Answer(printable(question.text), paragraphs(question.answer), tuple(points))


def _without_lr(groups: Sequence[Group], *, is_all: bool) -> list[str]:
    """That no LR could be issued; where none was, also why, if that is soon said."""
    by_reason: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for group in groups:
        by_reason[tuple(dict.fromkeys(each.reason for each in refused_of(group)))].append(group[0].questioned)
    if is_all and len(by_reason) <= _REASONS and all(len(reasons) == 1 for reasons in by_reason):
        return [
            _("{names}: no likelihood ratio could be issued. {reason}", names=first_few(names), reason=reason)
            for (reason,), names in by_reason.items()
        ]
    names = [group[0].questioned for group in groups]
    said = _("{names}: no likelihood ratio could be issued; the results say why.", names=first_few(names))
    return [said] if names else []


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
        _(
            "By the best estimate, the findings are {times} more likely if the speaker is {known} than if it is "
            "someone else (95 % interval: {interval}; {strength}).",
            times=_times(one),
            known=one.known,
            interval=one.interval_text,
            strength=one.strength,
        )
        for one in highest(group, len(issued))
        if one.direction == "H1"
    ]
    against = [one for one in issued if one.direction == "H2"]
    if against:
        sentences.append(
            _(
                "The findings are more likely if the speaker is someone else than if it is {known} ({span}).",
                known=_either(against),
                span=_span(against),
            )
        )
    neither = [one for one in issued if not one.direction]
    if neither:
        sentences.append(
            _(
                "The findings do not say whether it is {known} ({strength}).",
                known=_either(neither),
                strength=_(NO_SUPPORT),
            )
        )
    if refused := refused_of(group):
        labels = [each.suspect_label for each in refused]
        sentences.append(_("For {known}, no LR could be issued.", known=name_known(labels, 0)))
    first = group[0]
    twins = f" = {', '.join(first.twins)}" if first.twins else ""
    return f"{first.questioned}{twins} ({first.questioned_name}): {' '.join(sentences)}"


def _either(found: Sequence[Issued]) -> str:
    names = [one.known for one in found[:8]]
    if len(found) > len(names):
        return _("{names} or one of {number} more", names=", ".join(names), number=number(len(found) - len(names)))
    if len(names) == 1:
        return names[0]
    return _("{names} or {last}", names=", ".join(names[:-1]), last=names[-1])


def _times(one: Issued) -> str:
    """How many times more likely, "about 4.2 times", "at least 67 times"."""
    size = two_figures(abs(one.log10_lr))
    return _("at least {size} times", size=size) if one.is_bounded else _("about {size} times", size=size)


def _span(against: Sequence[Issued]) -> str:
    """How many times more likely if H2 is true, the least and the most, with the words of both."""
    least, *_between, most = sorted([*against, against[0]], key=lambda each: -each.log10_lr)
    words = span(least.strength, most.strength) if least.strength != most.strength else least.strength
    if least.is_bounded or _times(least) == _times(most):
        return f"{_times(least)}; {words}"
    about = _("from about {size}", size=two_figures(abs(least.log10_lr)))
    return f"{span(about, _times(most))}; {words}"


def _others(groups: Sequence[Group]) -> str:
    """What is to be said of the questioned speakers that have no sentence of their own."""
    above = [group for group in groups if highest(group)[0].direction == "H1"]
    further = ngettext(
        "{n} further questioned recording or channel has an LR",
        "{n} further questioned recordings or channels have an LR",
        len(groups),
    )
    supporting = ngettext(
        "{n} of them supports that a known speaker speaks",
        "{n} of them support that a known speaker speaks",
        len(above),
    )
    return _("{further}; {supporting}. The results list them.", further=further, supporting=supporting)
