"""Numbers and foreign text as a report prints them."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensic.errors import ReportError
from forensic.report.shared.catalogue import listed
from forensic.report.shared.formats import (
    first_few,
    format_duration,
    format_lr,
    format_number,
    format_quantity,
    format_range,
    format_share,
    format_signed,
    paragraphs,
    plural,
    printable,
    shortened,
)


@pytest.mark.parametrize(
    ("lr", "text"),
    [
        (1.0, "1.0"),
        (0.999, "1.0"),
        (4.3, "4.3"),
        (9.96, "10"),
        (43.2, "43"),
        (99.7, "100"),
        (432, "430"),
        (999, "1,000"),
        (12_345, "12,000"),
        (999_999, "1.0 million"),
        (1_240_000, "1.2 million"),
        (34_400_000, "34 million"),
        (2.5e10, "2.5 \N{MULTIPLICATION SIGN} 10¹⁰"),
        (0.5, "1/2.0"),
        (0.0012, "1/830"),
        (1 / 12_000, "1/12,000"),
    ],
)
def test_an_lr_has_two_figures_and_below_one_is_a_fraction(lr, text):
    """1/830 reads better than 0.0012, and 12,345 says more than is known."""
    assert format_lr(math.log10(lr)) == text


def test_an_lr_too_large_for_a_float_is_still_written():
    """10**400 overflows; its power does not."""
    assert format_lr(400.0) == "1.0 \N{MULTIPLICATION SIGN} 10⁴⁰⁰"
    assert format_lr(-400.0) == "1/1.0 \N{MULTIPLICATION SIGN} 10⁴⁰⁰"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("form", [format_lr, format_signed, format_share, format_duration])
def test_what_is_no_number_is_refused_not_printed(form, value):
    """A report never holds nan or inf."""
    with pytest.raises(ReportError, match="no report can state"):
        form(value)


@given(st.floats(-300, 300))
def test_an_lr_and_its_reciprocal_have_the_same_figures(log10_lr):
    """Both directions are reported alike."""
    assert format_lr(-abs(log10_lr)).removeprefix("1/") == format_lr(abs(log10_lr))


@given(st.floats(-8.9, 8.9))
def test_a_written_lr_is_within_its_rounding(log10_lr):
    """Reading the text back gives the LR to 5 % at worst."""
    text = format_lr(log10_lr).replace(",", "")
    size = float(text.removeprefix("1/").replace(" million", "")) * (1e6 if "million" in text else 1)
    assert math.log10(size) == pytest.approx(abs(log10_lr), abs=math.log10(1.0501))


def test_numbers_have_a_true_minus_and_no_minus_zero():
    """A hyphen is no minus, and minus nothing is nothing."""
    assert format_signed(-1.234) == "\N{MINUS SIGN}1.23"
    assert format_signed(1.234) == "+1.23"
    assert format_signed(-0.001) == "0.00"
    assert format_number(-3.21, 1) == "\N{MINUS SIGN}3.2"


def test_a_quantity_has_its_unit_and_its_thousands():
    """3,400 Hz; a unit never stands alone on the next line."""
    assert format_quantity(3400.4, "Hz") == "3,400\N{NO-BREAK SPACE}Hz"
    assert format_quantity(-0.04, "dB") == "0\N{NO-BREAK SPACE}dB"
    assert format_quantity(-23.46, "dBFS", 1) == "\N{MINUS SIGN}23.5\N{NO-BREAK SPACE}dBFS"


def test_a_range_keeps_its_order():
    """From the weaker for H1 to the stronger."""
    assert format_range(-0.3, 1.1) == "1/2.0 to 13"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (185, "3 min 05 s"), (3725, "1 h 02 min")],
)
def test_a_duration_is_in_the_units_that_one_would_say(seconds, text):
    """No 60.0 s, no 3725 s."""
    assert format_duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(("share", "text"), [(0, "0 %"), (0.0004, "< 0.1 %"), (0.034, "3.4 %"), (0.57, "57 %")])
def test_a_small_share_is_not_rounded_to_none(share, text):
    """0 % means none."""
    assert format_share(share).replace("\N{NO-BREAK SPACE}", " ") == text


def test_counts_and_lists_read_as_sentences():
    """One item, two items; a, b and c."""
    assert [plural(n, "item") for n in (0, 1, 1200)] == ["0 items", "1 item", "1,200 items"]
    assert plural(2, "stretch", "stretches") == "2 stretches"
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_a_long_list_says_how_much_it_leaves_out():
    """The first few, then a number."""
    assert first_few(["a", "b"], most=2) == "a, b"
    assert first_few(["a", "b", "c"], separator="; ", most=1) == "a; and 2 more"


@given(st.text(st.characters(codec=None)))
def test_printable_text_hides_nothing(text):
    """No control, surrogate, bidirectional or zero-width character is left, and it can be encoded."""
    shown = printable(text)
    shown.encode("utf-8")
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for c in shown)


def test_what_is_hidden_is_written_out():
    """The reader sees that something is there, and what."""
    assert printable("a\nb\x00\u202egpj\udcff\u200b\xa0") == r"a\nb\x00\u202egpj\udcff\u200b\xa0"


def test_ordinary_names_of_any_language_stay_as_they_are():
    """Only what cannot be seen is written out."""
    for name in ("запись 1.wav", "通話.m4a", "Müller & Söhne <b>.wav", "تسجيل.ogg", "🎙.wav"):
        assert printable(name) == name


def test_paragraphs_are_parted_by_blank_lines():
    """Line ends inside a paragraph are spaces; what is hidden is written out."""
    assert paragraphs("One\nline.\r\n\r\nTwo\x07.\n\n  \n") == ("One line.", r"Two\x07.")
    assert paragraphs(" \n ") == ()


@given(st.text(max_size=200))
def test_a_shortened_name_keeps_its_ends(text):
    """The extension stays readable."""
    short = shortened(text)
    assert len(short) <= 60
    assert short == text or (text.startswith(short[:30]) and text.endswith(short[-20:]))
