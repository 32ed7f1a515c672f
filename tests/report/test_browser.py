"""The HTML report in a browser: sorting, filtering, folding, playing, and how it looks on a telephone.

Driven by playwright in a browser that is installed: Chromium or Chrome on the path.
"""

import base64
import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest
from links_factory import links_of
from report_factory import case, large_case
from validation_factory import of_recordings

from forensic.audio.wav import opus_bytes
from forensic.report.case.build import build_report
from forensic.report.case.render import render_case_html
from forensic.report.links.render import render_links
from forensic.report.shared.catalogue import speaking
from forensic.report.validation.build import build_validation_report
from forensic.report.validation.render import render_validation_html

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")


@pytest.fixture(scope="module")
def browser():
    """One for all tests."""
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A report that plays the speech of its pages."""
    inputs = case()
    seconds = np.arange(3 * 16_000) / 16_000
    address = (
        "data:audio/ogg;base64," + base64.b64encode(opus_bytes(np.sin(2500 * seconds).astype(np.float32))).decode()
    )
    audio = {(sha256, channel, 0): address for sha256, channel in inputs.quality.select("sha256", "channel").rows()}
    written = tmp_path_factory.mktemp("report") / "report.html"
    report = build_report(replace(inputs, audio=audio))
    written.write_text(render_case_html(report), encoding="utf-8")
    return written


@pytest.fixture
def page(browser, path):
    """The report, opened; a message in the console or a request to anywhere fails the test."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    faults = []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url)
    )
    opened.goto(path.as_uri())
    yield opened
    opened.close()
    assert faults == []


def column(page, number):
    """The cells of a column of the results, as they stand on the page."""
    cells = page.locator(f"table.results tbody tr:not([hidden]) > :nth-child({number})")
    return cells.all_inner_texts()


def test_a_click_on_a_head_sorts_by_number_and_another_turns_it_round(page):
    """Rows without a number come last."""
    head = page.locator("table.results thead button", has_text="log10 LR")
    for way, turn in (("ascending", False), ("descending", True)):
        head.click()
        assert page.locator("table.results th[aria-sort=" + way + "]").count() == 1
        texts = [text for text in column(page, 3) if text[:1] in "+\N{MINUS SIGN}0"]
        values = [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]
        assert len(values) > 10
        assert values == sorted(values, reverse=turn)
        assert "No LR issued" in column(page, 3)[-1]


def test_numbers_sort_as_numbers_in_german_too(browser, tmp_path):
    """Its decimal sign is a comma; LRs are fractions, and some are bounds."""
    with speaking("de"):
        (tmp_path / "de.html").write_text(render_case_html(build_report(case())), encoding="utf-8")
    opened = browser.new_page()
    opened.goto((tmp_path / "de.html").as_uri())
    assert opened.locator("html").get_attribute("lang") == "de"
    columns = {"log10 LR": (3, float), "LR": (4, _of_german_lr)}
    for head, (place, value) in columns.items():
        opened.locator("table.results thead button").get_by_text(head, exact=True).click()
        texts = [text for text in column(opened, place) if not text.startswith("Kein LR")]
        values = [value(text.replace("\N{MINUS SIGN}", "-").replace(".", "").replace(",", ".")) for text in texts]
        assert len(values) > 10
        assert values == sorted(values)
    opened.close()


def _of_german_lr(text):
    number = text.removeprefix("mindestens ").removeprefix("höchstens ")
    return 1 / float(number[2:]) if number.startswith("1/") else float(number)


def test_sorting_works_from_the_keyboard(page):
    """Heads are buttons."""
    page.locator("table.results thead button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("table.results th[aria-sort=ascending]").count() == 1


def test_a_filter_leaves_the_rows_that_hold_its_words(page):
    """And says how many; empty, it shows all again."""
    rows = len(column(page, 2))
    box = page.locator("table.results").locator("xpath=preceding-sibling::label[1]").locator("input")
    box.fill("NOVAK support")
    shown = column(page, 2)
    assert 0 < len(shown) < rows
    assert {text.strip() for text in shown} == {"S1 Novak"}
    assert page.locator("label.filter output").first.inner_text() == f"{len(shown)} / {rows}"
    box.fill("")
    assert len(column(page, 2)) == rows


def test_a_chapter_folds_and_a_link_into_it_opens_it(page):
    """The contents stay; the button says its state."""
    section = page.locator("section", has=page.locator("#glossary"))
    button = section.locator(".fold")
    button.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert not section.locator("dl").is_visible()
    page.locator("nav.contents a[href='#glossary']").click()
    page.wait_for_function("!document.querySelector('#glossary').closest('section').classList.contains('folded')")
    assert section.locator("dl").is_visible()


def test_the_picture_leads_to_the_page_of_a_comparison(page):
    """Its labels are links."""
    link = page.locator("svg#forest a[*|href^='#comparison']").first
    target = link.evaluate("a => a.getAttribute('xlink:href')")
    link.click()
    page.wait_for_function(f"location.hash === '{target}'")
    assert page.locator(f"article{target}").is_visible()


def test_the_speech_that_was_used_plays(page):
    """Opus, from inside the page."""
    player = page.locator("audio").first
    assert player.get_attribute("aria-label").startswith("Speech used of Q")
    length = player.evaluate(
        "audio => new Promise((done, fail) => {"
        " audio.muted = true; audio.ontimeupdate = () => audio.currentTime > 0 && done(audio.duration);"
        " audio.onerror = () => fail(audio.error.message); audio.play().catch(fail); })"
    )
    assert 2.9 < length < 3.2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_nothing_runs_off_the_page(browser, path, width, scheme):
    """On a telephone wide tables scroll by themselves; the page does not. Text is darker or lighter than its ground."""
    opened = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    opened.goto(path.as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    ink = opened.evaluate("getComputedStyle(document.querySelector('p.lead')).color")
    paper = opened.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
    opened.close()
    assert contrast(ink, paper) > 7.0


@pytest.mark.parametrize("width", [360, 390, 800])
def test_the_picture_of_all_lrs_is_read_on_a_telephone_without_scrolling(browser, path, width):
    """One is shown of two; its letters are 11 pixels high or more, and its names lead to the pages as well."""
    opened = browser.new_page(viewport={"width": width, "height": 844})
    opened.goto(path.as_uri())
    assert not opened.locator("#forest").is_visible()
    narrow = opened.locator("#forest-narrow")
    figure = opened.locator("figure", has=narrow)
    assert figure.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert narrow.bounding_box()["x"] + narrow.bounding_box()["width"] <= width
    sizes = narrow.evaluate(
        "svg => [...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize)"
        " * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"
    )
    assert len(sizes) > 12
    assert min(sizes) >= (11.0 if width >= 390 else 10.5)
    narrow.locator("a[*|href^='#comparison']").first.click()
    assert opened.evaluate("document.querySelector(location.hash).matches('article')")
    opened.close()


def test_paper_and_wide_screens_have_the_wide_picture_alone(page):
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        assert page.locator("#forest").is_visible()
        assert not page.locator("#forest-narrow").is_visible()


@pytest.mark.parametrize("kind", ["links", "validation"])
def test_reports_of_links_and_validations_fit_a_telephone_too(browser, tmp_path, kind):
    """Long hashes and names break, wide tables scroll."""
    if kind == "links":
        html = render_links(links_of(case(), 12))
    else:
        html = render_validation_html(build_validation_report(of_recordings()))
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    opened.goto((tmp_path / "page.html").as_uri())
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    opened.close()


def contrast(one, other):
    """Of two colours "rgb(r, g, b)", as WCAG 2 defines it: 1 to 21."""

    def luminance(colour):
        parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_what_a_browser_prints_has_no_fields_buttons_or_players(page):
    """A folded chapter is printed all the same."""
    page.locator(".fold").first.click()
    page.emulate_media(media="print")
    for each in (".filter", ".fold", "audio"):
        assert page.locator(each).count()
        assert not page.locator(f"{each}:visible").count(), each
    assert page.locator("section.folded > *:visible").count() > 1
    assert page.locator(".sort").first.evaluate("button => getComputedStyle(button).borderTopStyle") == "none"


def test_headings_do_not_skip_a_level_and_every_picture_has_words(page):
    """As a screen reader needs it."""
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.evaluate(
        "[...document.querySelectorAll('main svg')].every(svg => svg.querySelector('title').textContent)"
    )
    assert page.locator("html[lang]").count() == 1


def test_a_large_case_is_on_one_page_and_filters_at_once(browser, tmp_path):
    """1,200 comparisons, each a row on the screen."""
    written = tmp_path / "large.html"
    written.write_text(render_case_html(build_report(large_case(60, 20))), encoding="utf-8")
    opened = browser.new_page()
    opened.goto(written.as_uri())
    box = opened.locator("label.filter input").first
    box.fill("S8 Suspect")
    assert len([text for text in column(opened, 2) if "Suspect 07" in text]) == len(column(opened, 2)) > 50
    opened.close()


def test_a_script_that_somebody_put_into_the_page_does_not_run(browser, path, tmp_path):
    """The policy of the page knows its own script by its hash, and nothing else."""
    forged = tmp_path / "forged.html"
    hostile = "<script>window.ran = 1</script><img src='data:,' onerror='window.ran = 2'><a href='javascript:1'>a</a>"
    forged.write_text(path.read_text(encoding="utf-8").replace("</main>", f"{hostile}</main>"), encoding="utf-8")
    opened = browser.new_page()
    opened.goto(forged.as_uri())
    assert opened.evaluate("window.ran") is None
    assert opened.locator(".fold").count() > 0  # its own script ran
    opened.close()
