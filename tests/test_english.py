"""Plain English: words and turns of phrase that readers stumble over are not used, and plurals agree.

The list is short on purpose. Each entry says what to write instead.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

COUNTED = (
    "calibrations|channels|clusters|comparisons|conditions|criteria|files|languages|links|pairs|people|pieces|"
    "recordings|rows|speakers|steps|suspects|voices|windows"
)
UNITS = (
    "batch|channel|clip|comparison|embedding|file|frame|pair|path|person|piece|process|processor|recording|row|second|"
    "speaker|task|turn|version|voice"
)

BANNED = {
    r"(?<!--)\banew\b": "again",
    r"\bparted\b": "split",
    r"\btold apart\b|\btells? (?:\w+ )?apart\b|\btelling apart\b": "separated, distinguished",
    r"\bstands? beside\b": "is beside, or has",
    r"\b(?:lies|lie|stands?) in\b(?! for\b)": "is in",
    r"\bheld against\b": "compared with",
    r"\brightly\b": "correctly",
    r"\bfor there (?:is|are)\b": "because there is",
    r"\bgive or take\b": "plus or minus",
    r"\bto be had\b": "available",
    r"\bin one go\b": "at once",
    r"\bships? without it\b|\bthe one that ships\b": "Default: the bundled ...",
    r"(?-i:There is nothing to)\b": "say what is so: 'Nothing to add: all channels are in the bank already.'",
    r"\b(?:language|languages|accent|accents) (?:is|are|was|were) told\b|\bto be told (?:badly|wrong)\b": "classified",
    rf"\b(?:one|rows?|lines?|process|processes|objects?|folders?|files?|values?|bytes|bits) an? (?:{UNITS})\b": "per",
    rf"\b1\x20(?-i:{COUNTED})\b": "one of them, without the s",
}
"""What is not written, as a pattern, and what is."""

UNCOUNTED = rf"[\w)\]](?::,)?\}} (?:{COUNTED})\b"
"""A number in braces before a noun that is always plural: "1 comparisons"."""


def _pages() -> list[Path]:
    folders = [*(ROOT / "docs").glob("*.*"), *(ROOT / "examples").glob("*.md")]
    return sorted([*ROOT.glob("*.md"), ROOT / "NOTICE", ROOT / "Makefile", *folders])


READ = [*_pages(), *sorted((ROOT / "forensic").rglob("*.py")), *sorted((ROOT / "templates").glob("*.j2"))]


def _found(pattern: str, text: str) -> list[str]:
    """Each place, with its line; a phrase may run over the end of a line of prose."""
    joined = re.sub(r"\n[ #]*", lambda gap: " " * len(gap[0]), text)
    return [
        f"line {text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}"
        for hit in re.finditer(pattern.replace(" ", r"\s+"), joined, re.IGNORECASE)
    ]


def test_pages_and_rooms_are_read():
    """An empty list would let the tests below pass."""
    assert {"README.md", "case-folder.md", "scan.py", "decode.py", "case_report.html.j2"} <= {
        path.name for path in READ
    }


@pytest.mark.parametrize("path", READ, ids=lambda path: str(path.relative_to(ROOT)))
def test_plain_words_are_used(path):
    """In pages, messages, docstrings and comments alike."""
    text = path.read_text(encoding="utf-8")
    found = [f"{place} -> {instead}" for pattern, instead in BANNED.items() for place in _found(pattern, text)]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "forensic" / "cli").glob("*.py")), ids=lambda path: path.name)
def test_counted_nouns_agree(path):
    """A number and its noun go through `plural`."""
    assert _found(UNCOUNTED, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text", ["made anew", "1 comparisons", "one a processor", "a row a\n    recording", "lies in it"]
)
def test_the_list_finds_what_it_bans(text):
    """Patterns that find nothing would let every page pass."""
    assert any(_found(pattern, text) for pattern in BANNED)


def test_an_uncounted_noun_is_found():
    """The same for plurals."""
    assert _found(UNCOUNTED, 'f"{len(rows):,} comparisons"')
    assert not _found(UNCOUNTED, "f\"{plural(len(rows), 'comparison')}\"")
