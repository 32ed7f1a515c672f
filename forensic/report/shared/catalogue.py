"""The language of a report: its texts, from a catalogue, and how it writes numbers, lists and dates.

English is in the code; ``templates/catalogues`` has a catalogue for every other language. A report is in English unless
it is built and rendered within ``speaking``. ``python docs/make_catalogues.py`` brings the catalogues up to date.
"""

import gettext
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from forensic.errors import ReportError
from forensic.storage.shipped import languages, shipped

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en"

_ACTIVE: ContextVar[str] = ContextVar("language of the report", default=ENGLISH)
_LOCALES = {ENGLISH: "en_GB"}
_SIGN = re.compile(r"(?<=\d)[.,](?=\d)")


def language() -> str:
    """Code of the language that is spoken now, such as "de"."""
    return _ACTIVE.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language within the block; "" speaks English.

    Raises:
        ReportError: if there is no catalogue of it.
    """
    check_language(code)
    token = _ACTIVE.set(code or ENGLISH)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def check_language(code: str) -> None:
    """Check that a report can be in this language.

    Raises:
        ReportError: if it cannot.
    """
    if code and code not in languages():
        raise ReportError(f'There are no texts in the language "{code}".', f"Use one of {', '.join(languages())}.")


def _(text: str, /, **values: object) -> str:
    """A text of ours in the language spoken, its placeholders filled in.

    Args:
        text: in English, as it is in the catalogue; "{name}" is a placeholder.
        values: by the names of the placeholders.
    """
    said = _texts(language()).gettext(text) if text else ""
    return said.format(**values) if values else said


def N_(text: str) -> str:  # noqa: N802 - the customary name
    """Mark a text for the catalogue that ``_`` translates later, when the language is known."""
    return text


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """A text that depends on a number, which it has as "{n}": "1 item", "1,200 items"."""
    return _texts(language()).ngettext(one, many, n).format(n=number(n), **values)


def number(value: float, form: str = ",") -> str:
    """A number as the language writes it.

    >>> number(1234.5, ",.1f")
    '1,234.5'
    """
    return figures(format(value, form))


def figures(text: str) -> str:
    """An English text with its figures as the language writes them; signs between digits alone are changed."""
    if language() == ENGLISH:
        return text
    written = signs()
    return _SIGN.sub(lambda sign: written[sign[0]], text)


def signs() -> dict[str, str]:
    """How the language writes the decimal point and the comma between groups of digits, by the English signs."""
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = _locale(language())
    return {".": get_decimal_symbol(locale), ",": get_group_symbol(locale)}


def listed(words: Sequence[str]) -> str:
    """Words in a row: "a", "a and b", "a, b and c"."""
    from babel.lists import format_list

    return format_list(list(words), locale=_locale(language()))


def format_day(day: date | None) -> str:
    """A date, "31 March 2026"; nothing where there is none."""
    from babel.dates import format_date

    return format_date(day, format="long", locale=_locale(language())) if day else ""


@cache
def _texts(code: str) -> gettext.NullTranslations:
    if code == ENGLISH:
        return gettext.NullTranslations()
    with (shipped("templates") / "catalogues" / f"{code}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


@cache
def _locale(code: str) -> "Locale":
    from babel import Locale

    return Locale.parse(_LOCALES.get(code, code))
