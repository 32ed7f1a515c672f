"""A report made again says the same, with what case.toml says now; nothing is compared."""

import base64
import dataclasses
import re
import sys

import docx
import pytest
from docx.oxml.ns import qn
from factories import write_wav
from spoken import spoken

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.comparison.outcomes import CaseOutcome
from forensic.comparison.request import ComparisonRequest
from forensic.errors import CaseError, ReleaseError, ReportError
from forensic.report.shared.stored import OUTCOME, stored
from forensic.settings import ComparisonSettings, Settings
from forensic.storage.archive import write_archive
from forensic.storage.shipped import shipped
from forensic.workflows import report as workflow
from forensic.workflows.audit import audit
from forensic.workflows.compare import compare
from forensic.workflows.link import LinkRequest, link
from forensic.workflows.report import ReportRequest, report
from forensic.workflows.verify import verify

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = Settings(comparison=ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0))


@pytest.fixture
def request_of(tmp_path, population_folder):
    """A reference set of one suspect."""
    (tmp_path / "suspects").mkdir()
    write_wav(tmp_path / "suspects" / "Anna.wav", spoken("carver", 16.0, start_s=10.0))
    return ComparisonRequest(tmp_path / "suspects", population_folder, _SETTINGS, workers=1)


@pytest.fixture
def compared(tmp_path, recordings, run_scan, request_of):
    """A case with a comparison."""
    run_scan(recordings)
    with open_case(tmp_path / "case", create=False) as case:
        return compare(case, request_of, lambda _: None, lambda _: None)


def _again(path, wanted="", **request):
    return report(path, ReportRequest(wanted, **request), lambda _: None)


def _without_head(page, version=""):
    """A page without its version, and the end of the audit log that it states."""
    text = page.read_text(encoding="utf-8").replace(version, "")
    found = re.search(r"Audit log before this report, SHA-256.*?([0-9a-f]{64})", text, re.DOTALL)[1]
    return text.replace(found, ""), found


def test_the_report_comes_out_the_same_but_for_its_version(tmp_path, compared):
    """Plots and all, from what is stored."""
    made = _again(tmp_path / "case")
    assert made.html == compared.folder / "report-2.html"
    assert made.html.read_text(encoding="utf-8").count(", version 2") >= 2
    (first, before), (again, now) = _without_head(compared.html), _without_head(made.html, ", version 2")
    assert again == first
    assert now != before
    assert made.pdf.exists()


def test_the_report_says_what_case_toml_says_now_and_the_first_one_stays(tmp_path, compared):
    """An examiner writes the case down after the comparison."""
    first = compared.html.read_bytes()
    case_toml = tmp_path / "case" / "case.toml"
    text = case_toml.read_text(encoding="utf-8")
    case_toml.write_text(text.replace('examiner = ""', 'examiner = "Dr A. Examiner"'), encoding="utf-8")
    assert "Dr A. Examiner" in _again(tmp_path / "case").html.read_text(encoding="utf-8")
    assert _again(tmp_path / "case", compared.folder.name).version == 3
    assert compared.html.read_bytes() == first


def test_the_audit_log_notes_it(tmp_path, compared):
    """With the hashes of what went in and came out."""
    made = _again(tmp_path / "case")
    log = tmp_path / "case" / "audit.jsonl"
    trail = read_audit(log)
    facts = trail.lines[-1].facts
    assert trail.lines[-1].action == "report"
    assert (facts["of"], facts["id"]) == ("comparisons", compared.folder.name)
    assert set(facts["outputs_sha256"]) == {made.html.name, made.pdf.name}
    assert trail.problems == ()
    assert audit(tmp_path / "case").is_right


def test_nothing_is_computed_again(tmp_path, compared, monkeypatch):
    """No model is loaded, and the recordings may be gone."""

    def refuse(*_args, **_options):
        raise AssertionError("a model was asked for")

    monkeypatch.setattr("forensic.speaker.extractor.load_model", refuse)
    for path in (tmp_path / "recordings").rglob("*.wav"):
        path.unlink()
    assert _again(tmp_path / "case").html.exists()


def test_a_linking_can_be_reported_again(tmp_path, recordings, run_scan, population_folder):
    """By its id."""
    run_scan(recordings)
    with open_case(tmp_path / "case", create=False) as case:
        linked = link(case, LinkRequest(population_folder, _SETTINGS, -100.0), lambda _: None)
    made = _again(tmp_path / "case", linked.folder.name)
    assert _without_head(made.html, ", version 2")[0] == _without_head(linked.html)[0]


def test_the_report_of_a_verification_can_be_made_again(tmp_path, recordings, request_of):
    """Its folder has no case around it."""
    question = recordings / "a.wav"
    answer = verify(question, tmp_path / "suspects" / "Anna.wav", request_of, tmp_path / "out", lambda _: None)
    assert _again(tmp_path / "out").html.read_text().replace(", version 2", "") == answer.published.html.read_text()


def test_an_unknown_comparison_names_those_that_there_are(tmp_path, compared):
    """Two sentences."""
    with pytest.raises(CaseError, match=re.escape(f"Use one of {compared.folder.name}.")):
        _again(tmp_path / "case", "20200101-000000-aaaaaa")
    with pytest.raises(CaseError, match="There is no comparison or linking"):
        _again(tmp_path / "case", "../case")


def test_a_case_without_a_comparison_says_what_to_run(tmp_path, recordings, run_scan):
    """First things first."""
    run_scan(recordings)
    with pytest.raises(CaseError, match="Run `forensic compare` first"):
        _again(tmp_path / "case")


def test_a_replaced_outcome_gives_no_report(tmp_path, compared):
    """It must be the one that the log names: it holds the likelihood ratios."""
    (compared.folder / OUTCOME).write_bytes(b"PK")
    with pytest.raises(CaseError, match="is not what the log says was written"):
        _again(tmp_path / "case")


def test_replaced_results_are_not_attached_to_a_new_report(tmp_path, compared):
    results = compared.folder / "results.json"
    results.write_text(results.read_text().replace("log10_lr", "log10_LR"))
    with pytest.raises(CaseError, match=r"results\.json is not what the log says"):
        _again(tmp_path / "case")


def test_a_release_that_was_changed_makes_no_report(tmp_path, compared, monkeypatch):
    def changed():
        raise ReleaseError("A template is not as it was released.", "Install the program again.")

    monkeypatch.setattr(workflow, "check_release", changed)
    with pytest.raises(ReleaseError):
        _again(tmp_path / "case")
    assert not list(compared.folder.glob("report-2*"))


def test_templates_of_ones_own_that_changed_since_the_last_report_stop_until_they_are_accepted(tmp_path, compared):
    own = tmp_path / "case" / "ours"
    own.mkdir()
    (own / "report.css").write_text((shipped("templates") / "report.css").read_text())
    case_toml = tmp_path / "case" / "case.toml"
    case_toml.write_text(case_toml.read_text().replace('templates = ""', 'templates = "ours"'))
    assert _again(tmp_path / "case").version == 2
    (own / "report.css").write_text("p { color: white }")
    with pytest.raises(CaseError, match=r"report\.css was changed.*last right at"):
        _again(tmp_path / "case")
    assert _again(tmp_path / "case", accepts_changed=True).version == 3
    assert _again(tmp_path / "case").version == 4


def test_an_outcome_of_an_earlier_version_lacks_what_it_did_not_know(compared):
    """It had no second opinion: its columns are there, and empty."""
    outcome = stored(compared.folder, CaseOutcome)
    later = ["fused_score", "first_log10_lr", "second_log10_lr"]
    write_archive(compared.folder / OUTCOME, dataclasses.replace(outcome, comparisons=outcome.comparisons.drop(later)))
    comparisons = stored(compared.folder, CaseOutcome).comparisons
    assert comparisons.select(later).null_count().row(0) == (comparisons.height,) * 3
    assert comparisons.select(outcome.comparisons.columns).equals(outcome.comparisons)


def test_a_damaged_outcome_without_a_case_is_an_error(tmp_path, recordings, request_of):
    """Not a report with less in it."""
    verify(recordings / "a.wav", tmp_path / "suspects" / "Anna.wav", request_of, tmp_path / "out", lambda _: None)
    (tmp_path / "out" / OUTCOME).write_bytes(b"PK")
    with pytest.raises(ReportError, match="Run the comparison or linking again"):
        _again(tmp_path / "out")


def test_a_report_whose_command_was_killed_is_settled(tmp_path, compared, killed_before_its_name):
    """Between its line in the log and its name: finished by the next command, and nothing differs."""
    killed_before_its_name(_again, tmp_path / "case")
    assert not (compared.folder / "report-2.pdf").exists()
    assert audit(tmp_path / "case").is_right
    with open_case(tmp_path / "case", create=False):
        pass
    assert (compared.folder / "report-2.pdf").exists()
    assert audit(tmp_path / "case").is_right


def test_a_word_document_has_the_words_tables_and_plots_of_the_page(tmp_path, compared):
    """Headings as headings, so that Word's own contents work; an examiner can edit all of it."""
    docx = pytest.importorskip("docx")
    document = docx.Document(str(_again(tmp_path / "case", is_word=True).docx))
    headings = [each.text for each in document.paragraphs if each.style.name.startswith("Heading")]
    assert {"Questions and answers", "Results", "Limitations", "Declaration"} <= set(headings)
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert {"S1 Anna", "In words", "Examiner"} <= cells
    assert len(document.inline_shapes) >= 4
    text = " ".join(each.text for each in document.paragraphs)
    assert "is not the probability that the speaker is the known speaker" in text
    assert "Fold" not in text
    assert "querySelector" not in text
    results = next(each for each in document.tables if "95 % interval" in {cell.text for cell in each.rows[0].cells})
    heads = {cell.text: cell.width.cm for cell in results.rows[0].cells}
    assert "Page" not in heads  # Word numbers pages anew
    assert heads["In words"] > 2 * heads["Cal."]
    assert results.rows[0]._tr.trPr.xpath("w:tblHeader")
    facts = next(each for each in document.tables if each.cell(0, 0).text == "Software")
    assert facts._tblPr.xpath("w:tblLook")[0].get(qn("w:firstRow")) == "0"  # it has no head


def test_without_python_docx_a_word_document_names_what_to_install(tmp_path, compared, monkeypatch):
    """An extra."""
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(ReportError, match=re.escape("pip install 'forensic[docx]'")):
        _again(tmp_path / "case", is_word=True)


def test_the_page_plays_the_speech_that_was_used_if_it_is_asked_to(tmp_path, compared):
    """And names the recordings that it could not play."""
    made = _again(tmp_path / "case", has_audio=True)
    assert made.html.read_text(encoding="utf-8").count('src="data:audio/ogg;base64,') >= 2
    assert made.unheard == ()
    (tmp_path / "suspects" / "Anna.wav").write_bytes(b"another")
    made = _again(tmp_path / "case", has_audio=True)
    assert made.unheard == (str(tmp_path / "suspects" / "Anna.wav"),)


def test_speech_is_exported_to_listen_to_questioned_known_and_in_turn(tmp_path, compared):
    """A folder for each comparison that is explained, the highest LR first."""
    _again(tmp_path / "case", listening=tmp_path / "listen")
    folders = sorted((tmp_path / "listen").iterdir())
    assert folders
    assert all(re.fullmatch(r"\d\d_.+_Anna", each.name) for each in folders)
    for each in folders:
        assert sorted(path.name for path in each.iterdir()) == ["in turn.wav", "known.wav", "questioned.wav"]
        assert all(path.stat().st_size > 32_000 for path in each.iterdir())
    with pytest.raises(CaseError, match="is there already"):
        _again(tmp_path / "case", listening=tmp_path / "listen")


def test_a_laboratorys_own_templates_scale_and_logo_replace_the_programs(tmp_path, compared):
    """From a folder that case.toml names; what is not in it stays the program's."""
    own = tmp_path / "case" / "ours"
    own.mkdir()
    (own / "_macros.html.j2").write_text(
        (shipped("templates") / "_macros.html.j2").read_text().replace("Place, date", "Ort, Datum")
    )
    (own / "logo.png").write_bytes(wordless_png())
    (own / "scale.toml").write_text(
        'name = "Ours"\ncitation = "Us"\n[[steps]]\nlow_lr = 1\nhigh_lr = 1.1\nterm = "nothing"\nneutral = true\n'
        '[[steps]]\nlow_lr = 1.1\nterm = "ample support"\n'
    )
    case_toml = tmp_path / "case" / "case.toml"
    case_toml.write_text(case_toml.read_text().replace('templates = ""', 'templates = "ours"'))
    text = _again(tmp_path / "case").html.read_text(encoding="utf-8")
    assert "Ort, Datum" in text
    assert 'class="logo" src="data:image/png;base64,' in text
    assert "ample support" in text
    (own / "_macros.html.j2").write_text("{% broken")
    with pytest.raises(ReportError, match=r"A template in .*ours cannot be used"):
        _again(tmp_path / "case", accepts_changed=True)
    case_toml.write_text(case_toml.read_text().replace('templates = "ours"', 'templates = "missing"'))
    with pytest.raises(CaseError, match="no folder of templates"):
        _again(tmp_path / "case")


def test_a_laboratorys_own_texts_replace_the_programs(tmp_path, compared):
    """In the language that is spoken; a text that is not the program's, or lacks what it names, is an error."""
    own = tmp_path / "case" / "ours"
    own.mkdir()
    case_toml = tmp_path / "case" / "case.toml"
    case_toml.write_text(case_toml.read_text().replace('templates = ""', 'templates = "ours"'))
    texts = own / "en.po"
    texts.write_text(
        'msgid "Limitations"\nmsgstr "Known limits"\n\n'
        'msgid "{n} comparison"\nmsgid_plural "{n} comparisons"\nmsgstr[0] "{n} pair"\nmsgstr[1] "{n} pairs"\n'
    )
    text = _again(tmp_path / "case").html.read_text(encoding="utf-8")
    assert "Known limits" in text
    assert re.search(r"\d pairs?\.", text)
    assert "Questions and answers" in text
    assert "Known limits" not in _again(tmp_path / "case", language="de").html.read_text(encoding="utf-8")
    for broken, problem in [
        ('msgid "Limittions"\nmsgstr "Limits"\n', "No report has this text.*'Limittions'"),
        ('msgid "{number} of {all}"\nmsgstr "{count} of {all}"\n', "other placeholders"),
        ("Limitations = Limits\n", "is not a catalogue of texts"),
    ]:
        texts.write_text(broken)
        with pytest.raises(ReportError, match=problem):
            _again(tmp_path / "case")


def test_the_report_comes_in_another_language_too(tmp_path, compared):
    """As asked for, or as case.toml says; the numbers are the same ones."""
    first = compared.html.read_text(encoding="utf-8")
    german = _again(tmp_path / "case", language="de", is_word=True)
    text = german.html.read_text(encoding="utf-8")
    assert '<html lang="de">' in text
    assert ">Ergebnisse</a>" in text
    numbers = re.compile(r'<td class="number">([+\N{MINUS SIGN}]\d[.,]\d\d)</td>')
    found = [value.replace(",", ".") for value in numbers.findall(text)]
    assert found
    assert found == numbers.findall(first)
    assert "Ergebnisse" in {paragraph.text for paragraph in docx.Document(german.docx).paragraphs}
    case_toml = tmp_path / "case" / "case.toml"
    case_toml.write_text(case_toml.read_text().replace('language = "en"', 'language = "de"'))
    assert '<html lang="de">' in _again(tmp_path / "case").html.read_text(encoding="utf-8")
    assert '<html lang="en">' in _again(tmp_path / "case", language="en").html.read_text(encoding="utf-8")


def test_a_language_that_nobody_translated_leaves_no_report(tmp_path, compared):
    """It is refused before anything is written."""
    before = sorted(compared.folder.iterdir())
    with pytest.raises(ReportError, match='no texts in the language "xx"'):
        _again(tmp_path / "case", language="xx")
    assert sorted(compared.folder.iterdir()) == before


def test_voices_are_described_beside_the_lrs_which_stay(tmp_path, compared):
    """From the recordings, of both sides; what is gone is not described."""
    pytest.importorskip("parselmouth", reason="praat-parselmouth is not installed")
    plain = _again(tmp_path / "case").html.read_text(encoding="utf-8")
    assert "Description of the voices" not in plain
    made = _again(tmp_path / "case", has_phonetics=True)
    text = made.html.read_text(encoding="utf-8")
    table = re.search(r'<table class="described.*?</table>', text, re.DOTALL)[0]
    rows = re.findall(r'<th scope="row">(\w+).*?</th>((?:<td class="number">.*?</td>)+)', table)
    assert {row[0][0] for row in rows} == {"Q", "K"}
    for _label, cells in rows:
        f0_hz = float(re.search(r"(\d+) \((\d+) to (\d+)\)", cells)[1])
        assert 60 < f0_hz < 400
    numbers = re.compile(r'<td class="number"><b>(.*?)</b></td>')
    assert numbers.findall(text) == numbers.findall(plain)
    for path in (tmp_path / "suspects").glob("*.wav"):
        path.unlink()
    gone = _again(tmp_path / "case", has_phonetics=True)
    assert gone.unheard == (str(tmp_path / "suspects" / "Anna.wav"),)


def wordless_png():
    """A picture of one pixel."""
    return base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
