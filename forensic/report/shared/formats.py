"""Numbers and foreign text as a report prints them: no false precision, no NaN, nothing invisible."""

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from forensic.errors import ReportError
from forensic.report.shared.catalogue import _, figures, format_day, number
from forensic.storage.inert import inert

T = TypeVar("T")

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "\N{EN DASH}"

_LARGEST_WRITTEN_OUT = 9  # from this power of ten on, a number is written with its power
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def two_figures(log10_value: float) -> str:
    """The number 10**log10_value, 1 or more, to two significant figures.

    >>> [two_figures(x) for x in (0.0, 0.63, 2.634, 6.08)]
    ['1.0', '4.3', '430', '1.2 million']
    """
    power = math.floor(log10_value)
    leading = round(10 ** (log10_value - power), 1)
    if leading >= 10:  # noqa: PLR2004 - 9.96 rounds to the next power of ten
        power, leading = power + 1, 1.0
    if power >= _LARGEST_WRITTEN_OUT:
        return f"{number(leading, '.1f')} \N{MULTIPLICATION SIGN} 10{str(power).translate(_SUPERSCRIPTS)}"
    if power >= 6:  # noqa: PLR2004 - a million
        millions = leading * 10 ** (power - 6)
        return _("{number} million", number=number(millions, f",.{0 if power > 6 else 1}f"))  # noqa: PLR2004
    return number(leading * 10**power, f",.{1 if power == 0 else 0}f")


def format_lr(log10_lr: float) -> str:
    """An LR to two significant figures; below 1 as a fraction, since 1/830 reads better than 0.0012.

    Raises:
        ReportError: if it is not finite.

    >>> [format_lr(x) for x in (2.634, -2.92, 0.0, -0.001)]
    ['430', '1/830', '1.0', '1.0']
    """
    value = finite(log10_lr, "a likelihood ratio")
    size = two_figures(abs(value))
    return f"1/{size}" if value < 0 and size != two_figures(0.0) else size


def format_range(low_log10: float, high_log10: float) -> str:
    """Two LRs as a range: "1/2.0 to 12"."""
    return span(format_lr(low_log10), format_lr(high_log10))


def span(low: str, high: str) -> str:
    """From one value to another: "200 to 3,400"."""
    return _("{low} to {high}", low=low, high=high)


def issued_lr(log10_lr: float, *, is_bounded: bool) -> str:
    """An LR as issued; one that was moved to the bound of its calibration is a bound: "at least 58"."""
    lr = format_lr(log10_lr)
    if not is_bounded:
        return lr
    return _("at least {lr}", lr=lr) if log10_lr > 0 else _("at most {lr}", lr=lr)


def issued_interval(
    log10_lr: float, low: float, high: float, *, is_bounded: bool, show: Callable[[float], str] = format_lr
) -> str:
    """The interval of an LR as issued; beyond a bound it is open: "40 or more"."""
    if not is_bounded:
        return span(show(low), show(high))
    return _("{low} or more", low=show(low)) if log10_lr > 0 else _("{high} or less", high=show(high))


def whole(text: str) -> str:
    """A number without a decimal that is 0: "2" of "2.0", "1/1 million" of "1/1.0 million"."""
    return re.sub(rf"{re.escape(number(0.0, '.1f')[1:])}(?!\d)", "", text)


def is_bound(log10_lr: float, unbounded_log10_lr: float) -> bool:
    """Whether an LR was moved to the bound of its calibration."""
    return abs(unbounded_log10_lr - log10_lr) > 1e-6  # noqa: PLR2004


def format_signed(value: float, digits: int = 2) -> str:
    """A number of either sign, with a sign unless it is 0, and a true minus.

    Raises:
        ReportError: if it is not finite.
    """
    text = f"{abs(finite(value, 'a number')):,.{digits}f}"
    if not text.strip("0."):
        return figures(text)
    return ("+" if value > 0 else MINUS) + figures(text)


def format_number(value: float, digits: int) -> str:
    """A number to so many decimals, with a true minus.

    Raises:
        ReportError: if it is not finite.
    """
    text = format_signed(value, digits)
    return text.removeprefix("+")


def format_quantity(value: float, unit: str, digits: int = 0) -> str:
    """A number with its unit: "3,400 Hz".

    Raises:
        ReportError: if it is not finite.
    """
    return f"{format_number(value, digits)}{NO_BREAK}{unit}"


def share_of(which: NDArray[np.bool_]) -> float:
    """The share of True, 0 to 1; 0 where there is nothing to count."""
    return float(np.mean(which)) if len(which) else 0.0


def format_share(share: float) -> str:
    """A share, 0 to 1, in percent: "0 %", "< 0.1 %", "3.4 %", "57 %".

    Raises:
        ReportError: if it is not finite.
    """
    percent = 100 * finite(share, "a share")
    if percent == 0:
        return f"0{NO_BREAK}%"
    if percent < 0.1:  # noqa: PLR2004
        return f"<{NO_BREAK}{number(0.1, '.1f')}{NO_BREAK}%"
    return f"{number(percent, '.1f' if percent < 10 else '.0f')}{NO_BREAK}%"  # noqa: PLR2004


def format_duration(seconds: float) -> str:
    """A length of time: "4.2 s", "3 min 05 s", "1 h 02 min".

    Raises:
        ReportError: if it is not finite.
    """
    if finite(seconds, "a duration") < 59.95:  # noqa: PLR2004 - above, one decimal would round to a minute
        return f"{number(seconds, '.1f')}{NO_BREAK}s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{number(hours)}{NO_BREAK}h {minutes:02}{NO_BREAK}min"
    return f"{minutes}{NO_BREAK}min {rest:02}{NO_BREAK}s"


def format_moment(moment: datetime) -> str:
    """A UTC time, "31 March 2026, 14:05 UTC"."""
    return f"{format_day(moment.date())}, {moment:%H:%M} UTC"


def finite(value: float, what: str) -> float:
    """The value, if it is a number.

    Raises:
        ReportError: if it is NaN or infinite: a report never prints such a value, and never hides one.
    """
    if not math.isfinite(value):
        raise ReportError(
            f"The results hold {value} for {what}, which no report can state.",
            "Run the comparison again; if it recurs, this is a defect of the program.",
        )
    return value


def plural(count: int, noun: str, nouns: str = "") -> str:
    """A counted noun in English: "1 item", "1,200 items"; ``nouns`` is the plural if it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else nouns or noun + 's'}"


def first_few(words: Sequence[str], separator: str = ", ", most: int = 8) -> str:
    """The first words, and how many more there are."""
    shown = separator.join(words[:most])
    if len(words) <= most:
        return shown
    return shown + separator + _("and {number} more", number=number(len(words) - most))


def first_rows(rows: Sequence[T], most: int, counted: str) -> tuple[tuple[T, ...], str]:
    """The first rows of a long table, and a note if there are more than the most; "200 items" says how many."""
    note = ""
    if len(rows) > most:
        note = _(
            "The first {most} of {all} are listed; all are in the tables of the case.", most=number(most), all=counted
        )
    return tuple(rows[:most]), note


def printable(text: str) -> str:
    r"""One line of foreign text, such as a file name, with everything invisible written out.

    Control characters, line ends, lone surrogates, and characters that reverse or hide text (bidirectional
    controls, zero-width characters) become ``\n``, ``\x1b``, ``\udcff``, ``\u202e``. Markup is no concern:
    the templates escape it.

    >>> printable("a\nb\u202e.wav")
    'a\\nb\\u202e.wav'
    """
    return "".join(map(_visible, text))


def shortened(text: str, most: int = 60) -> str:
    """A long name without its middle: both its start and its extension stay readable."""
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 3]} \N{HORIZONTAL ELLIPSIS} {text[-tail:]}"


def prose(text: str) -> tuple[str, ...]:
    """Our own text as paragraphs, each on one line; non-breaking spaces are kept."""
    return tuple(" ".join(filter(None, part.split("\n"))) for part in text.strip().split("\n\n"))


def paragraphs(text: str) -> tuple[str, ...]:
    """Text of several lines as paragraphs: split at blank lines, each on one line, with nothing invisible."""
    lines = (" ".join(part.split()) for part in _PARAGRAPHS.split(text.replace("\r\n", "\n")))
    return tuple(printable(line) for line in lines if line)


def _visible(character: str) -> str:
    strange_space = unicodedata.category(character) == "Zs" and character != " "
    return character.encode("unicode_escape").decode("ascii") if strange_space else inert(character)
