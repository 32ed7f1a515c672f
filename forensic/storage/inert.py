"""Foreign text made inert: what a file name or a tag may hold, and no reader, terminal or program should act on.

This is the one place that decides which characters are dangerous. Each output adds what is its own: HTML escapes
markup, CSV marks formulas, the terminal escapes the markup of its library.
"""

import json
import re
import unicodedata
from typing import Any

_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, format characters (bidirectional, zero-width, tags), surrogates, private, unassigned, separators."""

LINE_END = "\n"

_PERHAPS = re.compile(r"[^\x20-\x7e\xa1-\xac\xae-\u0377]")
"""What may be dangerous; the rest is not, and needs no look at the database."""


def inert(text: str, keep: str = "") -> str:
    r"""Text whose control and format characters are written out as escapes.

    Args:
        text: from anywhere.
        keep: characters that stay as they are, such as line ends.

    >>> inert("a\nb\u202e.wav")
    'a\\nb\\u202e.wav'
    """
    return _PERHAPS.sub(lambda found: found[0] if found[0] in keep else _written_out(found[0]), text)


def json_text(value: Any) -> str:
    """A value as JSON, over several lines; its texts stay what they are, with dangerous characters as JSON escapes.

    Args:
        value: of JSON types, without NaN and infinities.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return _PERHAPS.sub(lambda found: _as_json(found[0]), text)


def is_dangerous(character: str) -> bool:
    """Whether a character is written out."""
    return unicodedata.category(character) in _DANGEROUS


def _written_out(character: str) -> str:
    if not is_dangerous(character):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _as_json(character: str) -> str:
    return json.dumps(character)[1:-1] if is_dangerous(character) and character != "\n" else character
