"""Bring the catalogues of the reports' texts up to date: templates/catalogues/LANGUAGE.po, and .mo, which ships.

    python docs/make_catalogues.py

Texts that are new or have changed come out empty in the .po; translate them and run it again. A new language is a new
.po with nothing in it. A test asks that every text is translated, with the same placeholders.
"""

import ast
from collections.abc import Iterator
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
from forensic.storage.shipped import shipped
from forensic.validation.breakdown import ALL, BINNED, UNKNOWN, class_names
from forensic.validation.labelled import REASONS
from forensic.validation.measures import MEASURES

ROOT = Path(__file__).resolve().parents[1]
CATALOGUES = shipped("templates") / "catalogues"

_CALLS = ("_", "N_", "ngettext")


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
    yield from (ALL, UNKNOWN, *REASONS, *MEASURES.values(), SAME_SOURCE, SAME_SESSION, SEED)
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
