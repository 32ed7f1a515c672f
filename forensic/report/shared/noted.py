"""What the program stated of recordings, models and populations, in the language of a report.

Such sentences are stored in English, with their values in them. The catalogue has them as patterns with numbered
placeholders, under the context ``NOTED``; ``docs/make_catalogues.py`` reads them from the code that writes them.
"""

import re
import string
from functools import cache
from typing import NamedTuple

from forensic.report.shared.catalogue import ENGLISH, figures, language
from forensic.storage.shipped import shipped

NOTED = "noted"
"""Context of the patterns in a catalogue."""

_FEWEST_LETTERS = 12
"""Of a phrase whose values may be anything, as those of a sentence may; "{0} is {1}" would fit by chance."""

_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z0-9])")
_NUMBER = re.compile(r"-?\d[\d.,]*")
_PLACE = re.compile(r"((?:Recording|Track|recording|track) \d+(?:, track \d+)?): (.*)", re.DOTALL)
_LISTS = (", ", " + ", "; ")


class _Pattern(NamedTuple):
    letters: int
    fits: re.Pattern[str]
    said: str
    is_open: bool
    """Whether its values may be anything."""


def noted(text: str) -> str:
    """A stored text in the language that is spoken; sentences that no pattern fits stay as they are.

    Args:
        text: in English, as a table or a card has it.
    """
    if language() == ENGLISH:
        return text
    if not text.endswith("."):
        return _value(text)
    sentences, said = _SENTENCES.split(text), []
    while sentences:
        for count in range(1, len(sentences) + 1):
            found = _said(" ".join(sentences[:count]))
            if found is not None:
                break
        said.append(sentences[0] if found is None else found)
        sentences = sentences[1 if found is None else count :]
    return " ".join(said)


def _said(text: str) -> str | None:
    """A text in the language that is spoken; None if neither a pattern nor a list of patterns fits it."""
    if _NUMBER.fullmatch(text):
        return figures(text)
    if placed := _PLACE.fullmatch(text):
        where = _said(placed[1].lower()) or placed[1]
        return f"{where[0].upper()}{where[1:]}: {_said(placed[2]) or placed[2]}"
    for pattern in _patterns(language()):
        found = pattern.fits.fullmatch(text)
        if found is None:
            continue
        if pattern.is_open:
            return pattern.said.format(*map(_value, found.groups()))
        values = [_said(each) for each in found.groups()]
        if None not in values:
            return pattern.said.format(*values)
    return _listed(text)


def _value(text: str) -> str:
    """A value within a sentence: its own pattern, or each part of a list that has one."""
    found = _said(text)
    if found is not None:
        return found
    for sign in _LISTS:
        if sign in text:
            return sign.join(map(_value, text.split(sign)))
    return text


def _listed(text: str) -> str | None:
    for sign in _LISTS:
        if sign in text:
            parts = [_said(part) for part in text.split(sign)]
            return None if None in parts else sign.join(filter(None, parts))
    return None


@cache
def _patterns(code: str) -> tuple[_Pattern, ...]:
    """Those of a language, the most telling first."""
    from babel.messages.mofile import read_mo

    with (shipped("templates") / "catalogues" / f"{code}.mo").open("rb") as file:
        texts = [(str(each.id), str(each.string)) for each in read_mo(file) if each.context == NOTED]
    return tuple(sorted((_pattern(*each) for each in texts), key=lambda pattern: -pattern.letters))


def _pattern(text: str, said: str) -> _Pattern:
    parts = list(string.Formatter().parse(text))
    fits = "".join(re.escape(literal) + ("" if name is None else "(.*?)") for literal, name, _form, _how in parts)
    letters = sum(map(str.isalpha, "".join(part[0] for part in parts)))
    return _Pattern(letters, re.compile(fits, re.DOTALL), said, text.endswith(".") or letters >= _FEWEST_LETTERS)
