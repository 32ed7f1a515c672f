"""The language of a report: its texts, from a catalogue, and how it writes numbers, lists and dates.

English is in the code; ``templates/catalogues`` has a catalogue for every other language. A report is in English unless
it is built and rendered within ``speaking``. ``python docs/make_catalogues.py`` brings the catalogues up to date. A
laboratory's own folder may have a catalogue (``en.po``, ``de.po``) whose texts replace the program's.
"""

import gettext
import io
import re
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from forensic.errors import ReportError
from forensic.storage.shipped import languages, shipped

if TYPE_CHECKING:
    from babel import Locale

ENGLISH = "en"

_ACTIVE: ContextVar[str] = ContextVar("language of the report", default=ENGLISH)
_OWN: ContextVar[gettext.NullTranslations | None] = ContextVar("a laboratory's own texts", default=None)
_LOCALES = {ENGLISH: "en_GB"}
_SIGN = re.compile(r"(?<=\d)[.,](?=\d)")


def language() -> str:
    """Code of the language that is spoken now, such as "de"."""
    return _ACTIVE.get()


@contextmanager
def speaking(code: str, folder: str = "") -> Iterator[None]:
    """Speak a language within the block.

    Args:
        code: of the language; "" speaks English.
        folder: of a laboratory's own, whose catalogue of that language comes before the program's; "" for none.

    Raises:
        ReportError: if there is no catalogue of it, or the laboratory's own cannot be used.
    """
    check_language(code)
    path = Path(folder) / f"{code or ENGLISH}.po"
    own = _OWN.set(_own_texts(path, code or ENGLISH) if folder and path.is_file() else None)
    active = _ACTIVE.set(code or ENGLISH)
    try:
        yield
    finally:
        _ACTIVE.reset(active)
        _OWN.reset(own)


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
    said = _spoken().gettext(text) if text else ""
    return said.format(**values) if values else said


def N_(text: str) -> str:  # noqa: N802 - the customary name
    """Mark a text for the catalogue that ``_`` translates later, when the language is known."""
    return text


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """A text that depends on a number, which it has as "{n}": "1 item", "1,200 items"."""
    return _spoken().ngettext(one, many, n).format(n=number(n), **values)


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


def _spoken() -> gettext.NullTranslations:
    return _OWN.get() or _texts(language())


def _own_texts(path: Path, code: str) -> gettext.NullTranslations:
    """A laboratory's own texts before the program's.

    Raises:
        ReportError: if it is no catalogue, or has a text that no report has, or one with other placeholders.
    """
    from babel.messages.mofile import read_mo, write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            own = read_po(file, locale=code, abort_invalid=True)
    except (PoFileError, ValueError) as error:
        raise ReportError(f"{path} is not a catalogue of texts: {error}.", "Correct it, or remove it.") from error
    any_other = next(each for each in languages() if each != ENGLISH)
    with (shipped("templates") / "catalogues" / f"{any_other}.mo").open("rb") as file:
        known = read_mo(file)
    for message in own:
        if message.id and known.get(message.id) is None:
            raise ReportError(
                f"No report has this text, which is in {path}: {_one(message.id)!r}.",
                "Copy msgid from the program's templates/catalogues/de.po, to the letter.",
            )
        if message.id and not _placeholders(_one(message.string or "")) <= _placeholders(_one(message.id)):
            raise ReportError(
                f"{path} has other placeholders for {_one(message.id)!r} than the program.",
                "Use those of msgid, such as {n}, and no others.",
            )
    compiled = io.BytesIO()
    write_mo(compiled, own)
    compiled.seek(0)
    texts = gettext.GNUTranslations(compiled)
    texts.add_fallback(_texts(code))
    return texts


def _one(text: str | Sequence[str]) -> str:
    """A text, or of one with a plural the plural."""
    return text if isinstance(text, str) else text[-1]


def _placeholders(text: str) -> set[str | None]:
    return {name for _text, name, _form, _how in string.Formatter().parse(text)} - {None}


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
