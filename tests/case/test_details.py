"""case.toml: what a person writes about a case."""

from datetime import date

import pytest

from forensic.case.details import CASE_FILE, DEFAULT_H1, CaseDetails, Question, create_case_toml, load_case_details
from forensic.errors import CaseError
from forensic.likelihood_ratio.relevant import PopulationChoice


def _write(folder, text):
    (folder / CASE_FILE).write_text(text, encoding="utf-8")
    return folder


def test_a_new_file_reads_back_as_the_defaults(tmp_path):
    """An untouched case.toml changes nothing."""
    create_case_toml(tmp_path)
    assert load_case_details(tmp_path) == CaseDetails()
    assert [path.name for path in tmp_path.iterdir()] == [CASE_FILE]  # nothing temporary stays


def test_a_new_file_names_every_key(tmp_path):
    """The examiner sees each key that may be filled in."""
    text = create_case_toml(tmp_path).read_text(encoding="utf-8")
    for key in CaseDetails.__dataclass_fields__:
        assert f"\n{key} = " in text or f"\n[{key}]\n" in text
    for key in PopulationChoice.__dataclass_fields__:
        assert f"\n{key} = " in text


def test_an_edited_file_is_never_overwritten(tmp_path):
    """Creating it again keeps what a person wrote."""
    _write(tmp_path, 'reference = "2026/17"')
    create_case_toml(tmp_path)
    assert load_case_details(tmp_path).reference == "2026/17"


def test_what_is_written_is_read(tmp_path):
    """Text, dates as TOML dates or text, lists; blank entries drop out."""
    _write(
        tmp_path,
        """
        reference = "2026/17"
        received = 2026-03-01
        issued = "2026-03-31"
        questions = ["Who speaks?", " "]
        information_received = '''
        Two calls.

        One suspect.'''
        """,
    )
    details = load_case_details(tmp_path)
    assert details.received == date(2026, 3, 1)
    assert details.issued == date(2026, 3, 31)
    assert details.questions == (Question("Who speaks?"),)
    assert details.information_received.startswith("Two calls.")
    assert details.h1 == DEFAULT_H1


def test_a_question_may_name_the_recordings_and_suspects_that_it_is_about(tmp_path):
    """And bring an answer; texts and tables may be mixed."""
    _write(
        tmp_path, 'questions = ["Who?", {text = "Adler?", questioned = ["call*"], known = ["Adler"], answer = "No."}]'
    )
    assert load_case_details(tmp_path).questions == (
        Question("Who?"),
        Question("Adler?", ("call*",), ("Adler",), "No."),
    )


def test_exhibit_numbers_come_from_a_table_or_a_csv_file(tmp_path):
    """The same either way."""
    _write(tmp_path, 'exhibits = {"a.wav" = "JSM/3"}')
    assert load_case_details(tmp_path).exhibits == {"a.wav": "JSM/3"}
    (tmp_path / "numbers.csv").write_text("path;exhibit\na.wav;JSM/3\n")
    _write(tmp_path, 'exhibits = "numbers.csv"')
    assert load_case_details(tmp_path).exhibits == {"a.wav": "JSM/3"}
    _write(tmp_path, 'exhibits = "missing.csv"')
    with pytest.raises(CaseError):
        load_case_details(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path):
    """Some editors put one."""
    (tmp_path / CASE_FILE).write_text('reference = "1"', encoding="utf-8-sig")
    assert load_case_details(tmp_path).reference == "1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reference = 17", "reference = 17 is not allowed"),
        ("received = 17", "received = 17 is not allowed"),
        ('received = "31.3.2026"', "received"),
        ("received = 2026-03-01T10:00:00Z", "received"),
        ('questions = "Who?"', 'questions = "Who'),
        ("questions = [1]", r"questions = \[1\] is not allowed"),
        ('refernce = "17"', "key refernce is unknown"),
        ("reference = ", "not valid TOML"),
        ("[case]\nreference = '17'", "key case is unknown"),
    ],
)
def test_a_wrong_file_is_refused_with_a_remedy(tmp_path, text, problem):
    """Each mistake is named, with what to write instead."""
    _write(tmp_path, text)
    with pytest.raises(CaseError, match=problem) as refused:
        load_case_details(tmp_path)
    assert refused.value.remedy


def test_a_missing_file_is_refused_with_a_remedy(tmp_path):
    """A folder without case.toml is no case."""
    with pytest.raises(CaseError, match=r"There is no case\.toml"):
        load_case_details(tmp_path)


def test_bytes_that_are_no_utf8_are_refused(tmp_path):
    """Text in another encoding is never guessed at."""
    (tmp_path / CASE_FILE).write_bytes(b'reference = "\xff"')
    with pytest.raises(CaseError, match="not UTF-8"):
        load_case_details(tmp_path)


def test_a_folder_that_is_missing_is_refused(tmp_path):
    """The case folder comes first."""
    with pytest.raises(CaseError, match="Cannot write"):
        create_case_toml(tmp_path / "missing")
