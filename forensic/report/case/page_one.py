"""How much fits on page one: the answers, the picture of all LRs and the cautions must not run over onto page two.

Heights are in lines of an answer, estimated from numbers of letters; a sheet is set in proportional type, so they are
rounded up a little.
"""

import math
from collections.abc import Iterable, Sequence

from forensic.report.case.case_report import Answer
from forensic.report.case.plots import ForestPlot

_LINES = 57.0  # below the heading of the questions
_LETTERS = 112  # of a line of an answer
_HEADING = 1.8
_LINE_IN = 0.142

FOREST_IN, FOREST_ROW_IN = 0.85, 0.135
"""Height of the picture of all LRs without its rows, and of each row."""


def lines_for_answers(forest: ForestPlot | None, cautions: Sequence[str]) -> float:
    """What picture and cautions leave."""
    picture = 0.0
    if forest is not None:
        picture = (FOREST_IN + FOREST_ROW_IN * len(forest.rows)) / _LINE_IN + 1 + _lines([forest.caption], 126)
    return _LINES - picture - 2.5 - _lines(cautions, 120)


def lines_of(answers: Iterable[Answer]) -> float:
    """What answers take."""
    return sum(
        (_HEADING + _lines([answer.question], 84) - 1 if answer.question else 0.0)
        + _lines(answer.own_words, _LETTERS)
        + _lines(answer.points, _LETTERS)
        for answer in answers
    )


def _lines(texts: Iterable[str], letters: int) -> float:
    return sum(math.ceil(len(text) / letters) for text in texts)
