"""What a person knows about a case and no program can measure: ``case.toml``.

The file is written once, with every key blank or at a sensible default and a comment beside it, and edited by
hand. A blank value is no error: the report shows a line to fill in with a pen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forensic.errors import CaseError
from forensic.likelihood_ratio.relevant import PopulationChoice
from forensic.storage import toml
from forensic.storage.atomic import written_whole
from forensic.storage.shipped import languages
from forensic.storage.table_file import read_table

CASE_FILE = "case.toml"

DEFAULT_TITLE = "Forensic voice comparison"
DEFAULT_H1 = "The questioned speaker is the known speaker with whom the recording is compared."
DEFAULT_H2 = (
    "The questioned speaker is not that known speaker, but someone else, unrelated to them, of the relevant population."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that was asked, and which comparisons answer it.

    Attributes:
        text: the question.
        questioned: names, paths, exhibit numbers or globs of the questioned recordings; empty takes all.
        known: names or globs of the known speakers; empty takes all.
        answer: in the examiner's words; empty: the report states what the comparisons gave.
    """

    text: str
    questioned: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CaseDetails:
    """The administrative facts of a case, its questions and its propositions; "" and None are filled in by hand.

    Attributes:
        reference: the laboratory's case reference.
        title: title of the report.
        laboratory: name and address of the laboratory.
        customer: who asked for the examination.
        examiner: who examined.
        reviewer: who checked the examination.
        received: when the items came in.
        issued: when the report was issued.
        questions: the questions asked, each a text, or a table of text, questioned, known and answer.
        information_received: what the laboratory was told about the case and the recordings.
        h1: the first proposition in full.
        h2: its alternative in full.
        relevant_population: the population that H2 speaks of: whom the case is weighed against, and why.
        assumptions: what the examination takes for granted, one each.
        remarks: anything else that the report should say.
        declaration: what the examiner declares above the signature; empty takes the report's own words.
        templates: a folder, relative to this file, whose files replace the program's templates, texts, style and scale;
            empty for none.
        language: of the report: "en" or "de".
        exhibits: exhibit numbers by name or path of a file, or a CSV file of them (path, exhibit) beside this one.
    """

    reference: str = ""
    title: str = DEFAULT_TITLE
    laboratory: str = ""
    customer: str = ""
    examiner: str = ""
    reviewer: str = ""
    received: date | None = None
    issued: date | None = None
    questions: tuple[Question, ...] = ()
    information_received: str = ""
    h1: str = DEFAULT_H1
    h2: str = DEFAULT_H2
    relevant_population: PopulationChoice = field(default_factory=PopulationChoice)
    assumptions: tuple[str, ...] = ()
    remarks: str = ""
    declaration: str = ""
    templates: str = ""
    language: str = "en"
    exhibits: Mapping[str, str] = field(default_factory=dict)


_TEMPLATE = f'''\
# The case, in your words. The report prints what stands here; what is left blank becomes a line to fill in.
# Text of several lines stands between three quotation marks, as under "information_received".

reference = ""              # your case reference
title = "{DEFAULT_TITLE}"
laboratory = ""             # name and address
customer = ""               # who asked for the examination
examiner = ""
reviewer = ""
received = ""               # date of receipt of the items, such as 2026-03-31
issued = ""                 # date of issue of the report

# The questions asked. The first page of the report states each with what the comparisons gave. A question about some of
# the recordings or suspects names them; an answer of your own is printed before the figures:
# questions = [
#     "Is the speaker of the threatening call one of the suspects?",
#     {{text = "Does Adler speak in the calls?", questioned = ["call*.wav"], known = ["Adler"], answer = "Probably."}},
# ]
questions = []

# What you were told about the case and the recordings.
information_received = """
"""

# The two propositions. They must exclude each other; the likelihood ratio weighs one against the other.
h1 = "{DEFAULT_H1}"
h2 = "{DEFAULT_H2}"

# What the examination takes for granted, one string each:
# assumptions = ["Each channel of a recording holds the speech of one person."]
assumptions = []

# Anything else that the report should say.
remarks = """
"""

# What you declare above your signature; blank: a sentence that the report brings.
declaration = """
"""

# A folder, relative to this file, with templates of your own in place of the program's: any of case_report.html.j2 and
# the others, report.css, scale.toml (verbal equivalents), logo.png (on the first page), en.po or de.po (texts).
templates = ""

# The language of the report: "en" or "de". What you write here is printed as it is.
language = "en"

# Your exhibit numbers, by the name or path of a file; or a CSV file of them beside this one (columns path, exhibit):
# exhibits = {{"call 15 April.wav" = "JSM/3", "call 16 April.wav" = "JSM/4"}}
# exhibits = "exhibits.csv"
exhibits = ""

# The population that H2 speaks of: whom of the reference population the case is weighed against. What is blank leaves
# nobody out, except that children are left out unless age is "child" or "any".
[relevant_population]
description = """
"""                         # who they are, and why they are the relevant ones here
sex = ""                    # "female" or "male"; leaves out people whose sex the corpora do not state
age = ""                    # "adult", "child" or "any"
language = ""               # of their recordings, such as "en"
accent = ""                 # such as "en-british"
corpora = []                # only people of these corpora, such as ["speechocean762"]
'''


def create_case_toml(folder: Path) -> Path:
    """Write a commented ``case.toml`` to fill in; one that is there stays as it is.

    Raises:
        CaseError: if it cannot be written.
    """
    path = folder / CASE_FILE
    if path.exists():
        return path
    try:
        with written_whole(path) as file:
            file.write(_TEMPLATE.encode())
    except OSError as error:
        raise CaseError(
            f"Cannot write {path}: {error.strerror}.",
            "Check that the case folder exists and that you may write to it.",
        ) from error
    return path


def load_case_details(folder: Path) -> CaseDetails:
    """Read ``case.toml``; what it does not name keeps its default.

    Raises:
        CaseError: if the file is missing or unreadable, is no TOML, or has an unknown key or a wrong value.
    """
    path = folder / CASE_FILE
    if not path.exists():
        raise CaseError(
            f"There is no {CASE_FILE} in {folder}.",
            "Check the path of the case, or start the case with a scan.",
        )
    blame = toml.Blame(CaseError)
    content = {key: _tidied(value) for key, value in toml.read(path, dict[str, Any], blame).items()}
    if isinstance(content.get("questions"), list):
        content["questions"] = [{"text": each} if isinstance(each, str) else each for each in content["questions"]]
    if isinstance(content.get("exhibits"), str):
        content["exhibits"] = _exhibits(folder / content["exhibits"]) if content["exhibits"] else {}
    if content.get("templates"):
        content["templates"] = str(_templates(folder / str(content["templates"])))
    if content.get("language") not in {None, "", *languages()}:
        raise CaseError(
            f'There are no texts in the language "{content["language"]}".',
            f"Set language in {CASE_FILE} to one of {', '.join(languages())}.",
        )
    for day in ("received", "issued"):
        if content.get(day) == "":  # as in a new file
            del content[day]
    if isinstance(described := content.get("relevant_population"), str):  # as in older files
        content["relevant_population"] = {"description": described}
    return toml.convert(content, CaseDetails, str(path), blame)


def _templates(folder: Path) -> Path:
    if not folder.is_dir():
        raise CaseError(
            f"There is no folder of templates at {folder}.", f"Correct templates in {CASE_FILE}, or leave it blank."
        )
    return folder.absolute()


def _exhibits(path: Path) -> dict[str, str]:
    """Exhibit numbers by file, from a CSV file."""
    table = read_table(path, ("path", "exhibit"), (), CaseError)
    return dict(zip(table.column("path"), table.column("exhibit"), strict=True))


def blank_details(details: CaseDetails) -> tuple[str, ...]:
    """What a report cannot do without and ``case.toml`` does not say yet, by its keys."""
    wanted = ("reference", "examiner", "questions", "relevant_population")
    return tuple(name for name in wanted if getattr(details, name) in ("", (), PopulationChoice()))


def _tidied(value: Any) -> Any:
    """Text without the space around it, lists without blank texts."""
    if isinstance(value, list):
        return [tidied for item in value if (tidied := _tidied(item)) != ""]
    if isinstance(value, dict):
        return {key: _tidied(item) for key, item in value.items()}
    return value.strip() if isinstance(value, str) else value
