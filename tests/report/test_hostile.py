"""Text from outside is inert in every output: every kind of control character and of markup, through each of them."""

import base64
import hashlib
import json
import unicodedata
from html.parser import HTMLParser

import polars as pl
import pytest

from forensic.cli.terminal import shown
from forensic.report.shared.render import content_policy, environment
from forensic.report.shared.svg import inline_svg
from forensic.storage.inert import inert, is_dangerous, json_text
from forensic.storage.tables import write_csv

_KINDS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
CONTROLS = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in _KINDS[:2] + _KINDS[4:]]
CONTROLS += ["\udfff", "\ud800", "\ue000", "\uf8ff", "\U000f0000"]
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg><script>",
    "{{ 7*7 }}{% raw %}",
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(1)",
    "[red]text[/red]",
    "]]>",
    "'; DROP TABLE",
    "$x^2$",
    "&lt;b&gt;",
]


def is_inert(text, keep=""):
    return not any(is_dangerous(character) for character in text if character not in keep)


class Tags(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, page):
        super().__init__()
        self.seen = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        """Note it, with the names of its attributes."""
        self.seen.append((tag, tuple(name for name, _ in attrs)))


@pytest.mark.parametrize("text", ["".join(CONTROLS), *MARKUP])
def test_text_is_inert_and_what_is_safe_stays(text):
    assert is_inert(inert(text))
    if text in MARKUP:
        assert inert(text) == text


def test_names_of_people_stay_as_they_are():
    for name in ("Zoë O'Hara", "Владимир", "王小明", "محمد", "call \N{FACE WITH TEARS OF JOY}.wav", "a\u00a0b"):
        assert inert(name) == name


def test_the_terminal_gets_no_control_character_and_no_markup():
    from rich.text import Text

    for text in ("".join(CONTROLS), *MARKUP):
        assert is_inert(shown(text))
        assert Text.from_markup(shown(text)).plain == inert(text)


def test_json_is_inert_and_means_the_same():
    value = {"".join(CONTROLS[:20]): ["".join(CONTROLS), *MARKUP]}
    text = json_text(value)
    assert is_inert(text, keep="\n")
    assert json.loads(text) == value


def test_every_cell_of_a_csv_is_inert_and_no_formula(tmp_path):
    import csv

    texts = ["".join(CONTROLS[:-5]), *MARKUP, "\t=1", "\r=1", " plain"]
    write_csv(pl.DataFrame({"a": texts, "b": [[text] for text in texts]}), tmp_path / "t.csv")
    content = (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert is_inert(content, keep="\n")
    for row in csv.DictReader(content.splitlines()):
        assert not row["a"].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", ["".join(CONTROLS[:-5]), *MARKUP])
def test_a_page_has_the_same_elements_whatever_the_text(text):
    template = environment(escape=True).from_string('<p title="{{ text }}">{{ text }}</p><td>{{ text|upper }}</td>')
    page = template.render(text=text)
    assert Tags(page).seen == Tags(template.render(text="plain")).seen
    assert is_inert(page, keep="\n\t\u00ad")


@pytest.mark.parametrize("text", ["a\u202eb\u200b", *MARKUP])
def test_a_plot_has_the_same_elements_whatever_the_text(text):
    from xml.sax.saxutils import escape

    def plot(label):
        svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><text>{}</text></svg>'
        return inline_svg(svg.format(escape(label)), "p", label, 50.0)

    assert Tags(plot(text)).seen == Tags(plot("plain")).seen
    assert is_inert(plot(text))


def test_the_policy_lets_nothing_run_but_the_pages_own_script_and_nothing_load():
    policy = content_policy("p {}", "sort()", ['<svg class="plot" style="width: 50.0%"></svg>'])
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "'unsafe-hashes'" in policy
    assert "unsafe-inline" not in policy
    digest = base64.b64encode(hashlib.sha256(b"sort()").digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
