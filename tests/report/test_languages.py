"""A report in another language: every text translated, numbers and dates as that language writes them."""

import dataclasses
import gettext
import html as html_text
import importlib.util
import io
import re
import string
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from links_factory import links_of
from report_factory import case, large_case
from validation_factory import inputs_of, lrs_of, of_recordings

from forensic.case.details import CASE_FILE, create_case_toml, load_case_details
from forensic.comparison.independence import SAME_SESSION, SharedWithThird, Suspicion
from forensic.comparison.outcomes import SuspectedPair, VoiceCluster
from forensic.comparison.refusal import Refusal, RefusalKind
from forensic.errors import CaseError, ReportError
from forensic.report.case.build import build_report
from forensic.report.case.render import render_case_html
from forensic.report.links.build import MOST_NODES
from forensic.report.links.render import render_links
from forensic.report.shared import catalogue
from forensic.report.shared.catalogue import _, figures, format_day, language, listed, ngettext, speaking
from forensic.report.shared.formats import (
    format_duration,
    format_lr,
    format_share,
    format_signed,
    issued_interval,
    issued_lr,
    whole,
)
from forensic.report.shared.measured import differences_in_words
from forensic.report.validation.build import build_validation_report
from forensic.report.validation.render import render_validation_html
from forensic.storage.shipped import languages, shipped
from forensic.validation.criteria import Criterion, Plan
from forensic.validation.outcome import ScoresFacts

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted(shipped("templates").glob("catalogues/*.po"))


@pytest.fixture(scope="module")
def template():
    """Every text that there is to translate."""
    spec = importlib.util.spec_from_file_location("make_catalogues", ROOT / "docs" / "make_catalogues.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {(message.context, message.id): message for message in module.extracted() if message.id}


@pytest.fixture(scope="module", params=CATALOGUES, ids=lambda path: path.stem)
def translated(request):
    """A catalogue as it is written."""
    with request.param.open("rb") as file:
        return request.param, read_po(file, locale=request.param.stem)


def placeholders(text):
    """Names and forms of the placeholders."""
    return sorted((name, form) for _text, name, form, _how in string.Formatter().parse(text) if name is not None)


def test_there_is_a_catalogue():
    """English needs none."""
    assert languages() == ("en", *(path.stem for path in CATALOGUES))
    assert "de" in languages()


def test_every_text_is_translated_and_nothing_else_is(template, translated):
    """Run `python docs/make_catalogues.py` after a change of a text, and translate what is empty."""
    _path, catalog = translated
    found = {(message.context, message.id): message.string for message in catalog if message.id}
    assert found.keys() == template.keys()
    texts = {key: [value] if isinstance(value, str) else list(value) for key, value in found.items()}
    assert not [key for key, forms in texts.items() if not all(form.strip() for form in forms)]
    assert all(len(forms) == (catalog.num_plurals if isinstance(key[1], tuple) else 1) for key, forms in texts.items())


def test_every_placeholder_is_kept(translated):
    """Only what counts one thing may do without its number: "a further item"."""
    _path, catalog = translated
    for message in catalog:
        if isinstance(message.id, str):
            assert placeholders(message.string) == placeholders(message.id), message.id
        else:
            wanted = placeholders(message.id[1])
            assert placeholders(message.string[-1]) == wanted, message.id
            without = [each for each in wanted if each[0] != "n"]
            assert placeholders(message.string[0]) in (wanted, without), message.id


def test_paragraphs_stay_paragraphs(translated):
    """A chapter is one text."""
    _path, catalog = translated
    for message in catalog:
        if isinstance(message.id, str) and "\n\n" in message.id and message.id:
            assert message.string.count("\n\n") == message.id.count("\n\n"), message.id


def test_what_ships_is_what_is_written(translated):
    """The compiled catalogue is that of the text beside it."""
    path, catalog = translated
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    with path.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file)._catalog == gettext.GNUTranslations(compiled)._catalog


class Marked(gettext.NullTranslations):
    """Every text in brackets."""

    def gettext(self, message):
        """A text."""
        return f"⟦{message}⟧"

    def ngettext(self, one, many, n):
        """One of two."""
        return f"⟦{one if n == 1 else many}⟧"


def words_of(value):
    """Every word of every text in the data of a case."""
    if isinstance(value, pl.DataFrame):
        return words_of([*value.columns, *(text for name in value.columns for text in value[name].to_list())])
    if isinstance(value, dict):
        return words_of([*value, *value.values()])
    if isinstance(value, list | tuple | set | frozenset):
        return {word for each in value for word in words_of(each)}
    return set(re.findall(r"\w{4,}", str(value)))


def case_page(inputs):
    """The report of a case."""
    return render_case_html(build_report(inputs))


def validation_page(outcome):
    """The report of a validation."""
    return render_validation_html(build_validation_report(outcome))


def links():
    """A linking with everything that its report can say."""
    found = links_of(case(), MOST_NODES + 5)
    voices = found.voices.with_columns(cluster=pl.when(pl.col("voice") > 3).then("cluster"))
    cluster = VoiceCluster(1, tuple(range(1, 70)), 1.5, 1.5, 68, 70, 0.93, True)
    sessions = SuspectedPair(Suspicion(SAME_SESSION, "2", "5", SharedWithThird("x")), (2,), (5,))
    return dataclasses.replace(
        found,
        voices=voices,
        clusters=(cluster,),
        suspicions=(*found.suspicions, sessions),
        refusals=(Refusal(RefusalKind.NO_PARTNER), *found.refusals[1:]),
        pruned=3,
    )


def validation():
    """One of recordings, with criteria."""
    criteria = tuple(Criterion("cllr", limit, True, True, "condition", "") for limit in (0.01, 5.0))
    return of_recordings(Plan(criteria, fixed_on=date(2026, 3, 1)))


def validation_of_a_list():
    """One of scores, without criteria."""
    facts = ScoresFacts(are_log10_lr=False, bounds=(-1.0, 1.0))
    return inputs_of(lrs_of(), facts=facts)


@pytest.mark.parametrize(
    ("make", "render"),
    [
        (case, case_page),
        (large_case, case_page),
        (links, render_links),
        (validation, validation_page),
        (validation_of_a_list, validation_page),
    ],
)
def test_no_word_of_a_report_comes_from_elsewhere_than_the_catalogue_and_the_case(make, render, monkeypatch):
    """With every text in brackets, what is left are names, numbers and what the case and the model say."""
    inputs = make()
    monkeypatch.setattr(catalogue, "_texts", lambda _code: Marked())
    page = render(inputs)
    page = re.sub(r"<(style|script).*?</\1>", "", page, flags=re.DOTALL)
    spoken = re.findall(r'(?:alt|aria-label|title)="([^"]*)"', page)
    text = html_text.unescape("\n".join([re.sub("<[^>]+>", "\n", page), *spoken]))
    assert text.count("⟦") > 100
    while (fewer := re.sub("⟦[^⟦⟧]*⟧", "", text)) != text:
        text = fewer
    measures = {"Cllr", "Cllr_min", "Cllr_cal", "devPAV"}
    allowed = words_of(dataclasses.asdict(inputs)) | measures | {"January", "March", "dBFS", "kbit", "log10"}
    left = {word for word in re.findall(r"\w{4,}", text) if word not in allowed and not re.search(r"\d", word)}
    assert {word for word in left if not any(word in each for each in allowed)} == set()


def test_reports_of_links_and_validations_are_in_the_language_that_is_asked_for():
    """Also their refusals, classes and dates."""
    found = links()
    found = dataclasses.replace(found, case_details=dataclasses.replace(found.case_details, language="de"))
    page = render_links(found)
    assert '<html lang="de">' in page
    assert "Diese Stimme hat kein Gegenüber" in page
    with speaking("de"):
        page = validation_page(validation())
    for words in ("1. März 2026", "3 bis 5 s", "40 s oder mehr", "Zu wenig Sprache: außerhalb der validierten"):
        assert words in page
    assert "Die beiden Seiten stammen aus verschiedenen Korpora" in page


def test_german_writes_its_own_numbers_and_dates():
    """An LR of 1,000 would be one of 1 to a German reader."""
    with speaking("de"):
        assert [format_lr(value) for value in (3.0, -2.92, 0.34, 6.08, 0.0)] == [
            "1.000",
            "1/830",
            "2,2",
            "1,2 Millionen",
            "1,0",
        ]
        assert whole(format_lr(0.0)) == "1"
        assert [whole(format_lr(power)).split()[0] for power in (-6.0, 6.0, 7.0)] == ["1/1", "1", "10"]
        assert format_signed(-1234.5) == "\N{MINUS SIGN}1.234,50"
        assert format_share(0.034).replace("\N{NO-BREAK SPACE}", " ") == "3,4 %"
        assert format_duration(12.34).replace("\N{NO-BREAK SPACE}", " ") == "12,3 s"
        assert issued_lr(2.0, is_bounded=True) == "mindestens 100"
        assert issued_interval(-2.0, -3.0, -1.0, is_bounded=True) == "1/10 oder weniger"
        assert format_day(date(2026, 3, 2)) == "2. März 2026"
        assert listed(["a", "b", "c"]) == "a, b und c"
        assert ngettext("{n} item", "{n} items", 1) == "1 Asservat"
        assert ngettext("{n} item", "{n} items", 1200) == "1.200 Asservate"
        assert figures("call 3.wav, 1,000 of 2.5") == "call 3.wav, 1.000 of 2,5"
    assert format_lr(3.0) == "1,000"


def test_conditions_that_differ_are_said_in_german():
    """The tables have them in English."""
    with speaking("de"):
        assert differences_in_words("12 dB less SNR, 1.0 octaves more bandwidth") == (
            "12 dB weniger SNR, 1,0 Oktaven mehr Bandbreite"
        )
        assert differences_in_words("no notable difference") == "kein nennenswerter Unterschied"
    assert differences_in_words("12 dB less SNR, 0.5 octaves higher start of the band") == (
        "12 dB less SNR, 0.5 octaves higher start of the band"
    )


def test_a_language_is_spoken_within_its_block_alone():
    """Also after an error in it."""
    with pytest.raises(ZeroDivisionError), speaking("de"):
        assert _("Results") == "Ergebnisse"
        raise ZeroDivisionError
    assert (language(), _("Results")) == ("en", "Results")


def test_a_language_without_a_catalogue_names_those_that_there_are():
    """Two sentences."""
    with pytest.raises(ReportError, match='no texts in the language "xx"') as caught, speaking("xx"):
        pass
    assert "en" in caught.value.remedy
    assert "de" in caught.value.remedy


def test_case_toml_with_an_unknown_language_is_refused_before_any_work(tmp_path):
    """Not after hours of it."""
    create_case_toml(tmp_path)
    file = tmp_path / CASE_FILE
    assert load_case_details(tmp_path).language == "en"
    file.write_text(file.read_text().replace('language = "en"', 'language = "de"'))
    assert load_case_details(tmp_path).language == "de"
    file.write_text(file.read_text().replace('language = "de"', 'language = "Deutsch"'))
    with pytest.raises(CaseError, match='no texts in the language "Deutsch"'):
        load_case_details(tmp_path)
