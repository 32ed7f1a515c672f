"""Bring the catalogues of the reports' texts up to date: templates/catalogues/LANGUAGE.po, and .mo, which ships.

    python docs/make_catalogues.py

Texts that are new or have changed come out empty in the .po; translate them and run it again. A new language is a new
.po with nothing in it. A test asks that every text is translated, with the same placeholders.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from forensic.case.details import DEFAULT_H1, DEFAULT_H2, DEFAULT_TITLE
from forensic.comparison.independence import SAME_SESSION, SAME_SOURCE
from forensic.comparison.method import SEED
from forensic.language.names import names
from forensic.likelihood_ratio.scale import NO_SUPPORT, load_scale
from forensic.quantities import QUANTITIES
from forensic.report.shared.glossary import ENTRIES
from forensic.report.shared.noted import NOTED
from forensic.storage.shipped import shipped
from forensic.validation.breakdown import ALL, BINNED, OTHER_LINE, SAME_LINE, UNKNOWN, class_names
from forensic.validation.labelled import REASONS
from forensic.validation.measures import MEASURES

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = shipped("templates") / "catalogues"

_CALLS = ("_", "N_", "ngettext")

STATING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *(f"audio/{name}.py" for name in ("channels", "decode", "decoding", "headerless", "kinds", "phonetics")),
            *(f"audio/{name}.py" for name in ("reading", "source", "structure", "timeline")),
            *(f"examination/{name}.py" for name in ("bank", "examine", "scan", "second")),
            *(f"case/{name}.py" for name in ("discovery", "labels")),
            "comparison/method.py",
            "speaker/precision.py",
        ),
        (),
    ),
    "speaker/backend.py": ("description", "facts"),
    "validation/bank_envelope.py": ("_basis",),
    "workflows/validate.py": ("_found_envelope",),
}
"""Files whose texts are stored with their values in them, in English, and the functions that have them; () for all."""

CALIBRATING = tuple(
    f"likelihood_ratio/{name}.py"
    for name in ("calibration", "calibrators", "conditions", "fit", "joint", "uncertainty")
)
"""Files whose errors say why there is no calibration."""

WORDS = (
    *("read", "decode", "speech", "examine", "labels", "find"),
    *("clean", "room", "small room", "large room", "clipped", "clipped lightly", "clipped hard", "{0} dB noise"),
    *("telephone cellphone", "telephone landlinephone", "telephone speakerphone"),
    *("not stated {0}", "male {0}", "female {0}", "adult {0}", "child {0}", "others {0}"),
    *("cosine", "centred", "projected ({0})", "with {0}"),
    *("recording {0}", "track {0}", "channel {0}", "{0} is {1}"),
    *("once", "{0} times", "at {0} s", "{0} at {1} s", "{0} s at {1} s"),
)
"""What ``_WORDS`` does not find: steps, conditions of populations, groups of people, parts of a sentence."""

_WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]* .*[A-Za-z]{2,}", re.DOTALL)
_CODE = re.compile(r"[|\\<]|NDArray")
_ELSEWHERE = (
    "SettingsError",
    "ModelError",
    "TrainingError",
    "ReportError",
    "CaseError",
    "ForensicError",
    "ValidationError",
    "PermissionError",
    "OSError",
    "re.compile",
)


def extracted() -> Catalog:
    """Every text that a report can show in another language, with the file that has it."""
    catalog = Catalog(fuzzy=False)
    for path in sorted((ROOT / "forensic" / "report").rglob("*.py")):
        for text in _of_python(path.read_text(encoding="utf-8")):
            catalog.add(text, locations=[(str(path.relative_to(ROOT)), 0)])
    for path in sorted((ROOT / "templates").glob("*.html.j2")):
        with path.open("rb") as file:
            for _line, _name, text, _comments in babel_extract(file, _CALLS, (), {}):
                literal = text if isinstance(text, str) else text[0]
                catalog.add(literal, locations=[(str(path.relative_to(ROOT)), 0)])
    for text in filter(None, _of_data()):
        catalog.add(text, locations=[("data", 0)])
    for name, text in _noted():
        catalog.add(text, context=NOTED, locations=[(name, 0)])
    return catalog


def _of_python(source: str) -> Iterator[str | tuple[str, ...]]:
    """Texts of all calls; Babel's own extraction passes over those inside an f-string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if texts:
                yield tuple(texts) if node.func.id == "ngettext" else texts[0]


def _of_data() -> Iterator[str]:
    """Texts that are declared as data below the rooms of reports."""
    yield from (DEFAULT_TITLE, DEFAULT_H1, DEFAULT_H2, NO_SUPPORT, "no notable difference")
    yield from ("too little speech", "none of these", "not covered")
    yield from ENTRIES.values()
    yield from (ALL, UNKNOWN, SAME_LINE, OTHER_LINE, *REASONS, *MEASURES.values(), SAME_SOURCE, SAME_SESSION, SEED)
    for by in BINNED:
        yield from class_names(by)
    for quantity in QUANTITIES:
        yield from (quantity.noun, quantity.label, quantity.scale, *quantity.comparatives, quantity.shortfall)
        yield from (quantity.amount, quantity.limit, quantity.brief, quantity.none_brief, quantity.none_reads)
        yield quantity.remedy
    scale = load_scale()
    yield from (scale.name, scale.citation)
    for step in scale.steps:
        yield from (step.term, step.term.removesuffix(" support"))
    yield from names()
    for path in sorted(shipped("models").glob("*/card.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        if "architecture" in card or (path.parent / "population.toml").exists():
            yield from (card.get(key, "") for key in ("data", "started_from", "teachers"))


def _noted() -> Iterator[tuple[str, str]]:
    """Patterns of what the program states of recordings, models and populations, each with the file that has it."""
    yield from (("data", text) for text in WORDS)
    for name, functions in STATING.items():
        tree = ast.parse((ROOT / "forensic" / name).read_text(encoding="utf-8"))
        parts = [node for node in ast.walk(tree) if getattr(node, "name", "") in functions] if functions else [tree]
        for text in (text for part in parts for text in _literals(part)):
            if _WORDS.search(text) and not _CODE.search(text):
                yield f"forensic/{name}", text
    for name in CALIBRATING:
        tree = ast.parse((ROOT / "forensic" / name).read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if _name(node) == "CalibrationError"):
            yield from ((f"forensic/{name}", text) for text in _literals(call))


def _literals(node: ast.AST) -> Iterator[str]:
    """Texts below a node, the values of an f-string as numbered placeholders; no docstrings or other errors."""
    for child in ast.iter_child_nodes(node):
        if (isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)) or _name(child) in _ELSEWHERE:
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value
        elif isinstance(child, ast.JoinedStr):
            numbers = count()
            yield "".join(
                each.value if isinstance(each, ast.Constant) else f"{{{next(numbers)}}}" for each in child.values
            )
            yield from (
                text for each in child.values if isinstance(each, ast.FormattedValue) for text in _literals(each)
            )
        else:
            yield from _literals(child)


def _name(node: ast.AST) -> str:
    """What a call calls; "" for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def main() -> None:
    """Update every catalogue, and compile it."""
    template = extracted()
    for path in sorted(CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.stem)
        template.creation_date = catalog.creation_date  # so that only texts change
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        with path.open("wb") as file:
            write_po(file, catalog, width=120, sort_output=True, omit_header=False)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)


if __name__ == "__main__":
    main()
