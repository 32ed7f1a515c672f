"""Fill the tables of docs/case-folder.md: names and types from the code's schemas, meanings from docs/columns.toml.

    python docs/make_case_folder.py

Names, types and the attributes of records come from the code, so the page cannot name a column that does not exist. A
column without a meaning is an error, and so is a meaning without a column.
"""

import ast
import inspect
import re
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import polars as pl

from forensic.case import audit
from forensic.case.calibrations import CALIBRATIONS_SCHEMA
from forensic.case.details import CaseDetails
from forensic.case.store import SCHEMAS
from forensic.comparison.tables import COMPARISONS_SCHEMA, LINKS_SCHEMA, PAIRS_SCHEMA, VOICES_SCHEMA
from forensic.likelihood_ratio.population import ROWS_SCHEMA, PopulationCard
from forensic.likelihood_ratio.score_list import COLUMNS
from forensic.quantities import LIMITED, QUANTITIES, Measured
from forensic.records import ROLES
from forensic.report import results_json
from forensic.validation.tables import LRS_SCHEMA
from forensic.workflows import calibrate

HERE = Path(__file__).parent
PAGE, MEANINGS = HERE / "case-folder.md", HERE / "columns.toml"

TABLES: Mapping[str, Mapping[str, object]] = {
    **{f"evidence/{name}.parquet": schema for name, schema in SCHEMAS.items()},
    "calibrations/*.parquet": CALIBRATIONS_SCHEMA,
    "comparisons.parquet": COMPARISONS_SCHEMA,
    "voices.parquet": VOICES_SCHEMA,
    "links.parquet": LINKS_SCHEMA,
    "pairs.parquet": PAIRS_SCHEMA,
    "lrs.parquet": LRS_SCHEMA,
    "population.parquet": {**ROWS_SCHEMA, "embedding": pl.Binary},
    "scores.parquet": {name: LRS_SCHEMA[name] for name in COLUMNS},
}
"""Columns and their types, by file."""

OBJECTS: Mapping[str, tuple[ModuleType, str]] = {
    "results.json of a comparison": (results_json, "comparison_id"),
    "results.json of a linking": (results_json, "link_id"),
    "validation.json": (results_json, "report_id"),
    "summary.json": (calibrate, "score_identity"),
    "audit.jsonl": (audit, "previous_sha256"),
}
"""JSON objects: the module that writes each, and a key that no other object of the module has."""

RECORDS: Mapping[str, type] = {"case.toml": CaseDetails, "envelope.toml": Measured, "population.toml": PopulationCard}
"""Files whose keys are attributes of a record; its docstring has their meanings."""

KEYS = {"envelope.toml": {quantity.name for quantity in LIMITED}}
"""The attributes that are keys, if not all are."""

UNITS = {
    "_s": "s",
    "_db": "dB",
    "_dbfs": "dB re full scale",
    "_hz": "Hz",
    "_ns": "ns",
    "_bytes": "bytes",
    "_rate": "bit/s",
    "share": "0 to 1",
    "share_of_draws": "0 to 1",
    "probability": "0 to 1",
    "probabilities": "0 to 1",
    "distance": "steps",
}
"""Unit by the end of a column's name."""

_KINDS = {"String": "text", "Boolean": "true or false", "Binary": "bytes", "Datetime": "time"}
_BLOCK = re.compile(r"<!-- table: (?P<name>[^>]+?) -->\n.*?<!-- end -->", re.DOTALL)


def page(text: str, meanings: Mapping[str, Mapping[str, str]]) -> str:
    """The page with each of its tables filled in.

    Args:
        text: the page as it is.
        meanings: of columns, by table; under "every" those that many tables share.

    Raises:
        KeyError: if the page names a table that does not exist.
    """
    return _BLOCK.sub(
        lambda block: f"<!-- table: {block['name']} -->\n{table(block['name'], meanings)}\n<!-- end -->", text
    )


def table(name: str, meanings: Mapping[str, Mapping[str, str]]) -> str:
    """One table of the page, in Markdown."""
    if name in RECORDS:
        found = attributes(RECORDS[name])
        rows = [f"| `{key}` | {found[key]} |" for key in found if key in KEYS.get(name, found)]
        return "\n".join(("| Key | Meaning |", "|---|---|", *rows))
    own = {**measured(), **meanings["every"], **meanings[name]}
    about = f"**`{name.partition(' ')[0]}`** {own['about']}"
    if name in OBJECTS:
        rows = [f"| `{key}` | {own[key]} |" for key in keys(*OBJECTS[name])]
        return "\n".join((about, "", "| Key | Meaning |", "|---|---|", *rows))
    rows = [f"| `{key}` | {shown(kind)} | {unit(key)} | {own[key]} |" for key, kind in TABLES[name].items()]
    return "\n".join((about, "", "| Column | Type | Unit | Meaning |", "|---|---|---|---|", *rows))


def measured() -> dict[str, str]:
    """What the columns of measured conditions mean, alone and in tables of both sides."""
    found: dict[str, str] = {}
    stated = attributes(Measured)
    for quantity in QUANTITIES:
        meaning = stated[quantity.name]
        found[quantity.name] = meaning
        found |= {quantity.of_side(side): f"{meaning.removesuffix('.')} ({side} side)." for side in ROLES}
    return found


def shown(kind: object) -> str:
    """A column's type, for a reader who does not know polars."""
    if isinstance(kind, pl.List):
        return f"list of {shown(kind.inner)}"
    name = str(kind).partition("(")[0]
    return _KINDS.get(name) or re.sub(r"(Int|Float)(\d+)", lambda m: f"{m[1].lower()} {m[2]}", name)


def unit(column: str) -> str:
    """The unit that a column's name ends with; empty without one."""
    return next((text for end, text in UNITS.items() if column.endswith(end)), "")


def keys(module: ModuleType, one: str) -> list[str]:
    """The keys, written out, of the one dictionary in a module that has a certain key.

    Raises:
        LookupError: if none has it.
    """
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if one in names:
                return [str(name) for name in names]
    raise LookupError(f"No dictionary of {module.__name__} has the key {one}.")


def attributes(record: type) -> dict[str, str]:
    """What the docstring of a record says of each attribute.

    Raises:
        LookupError: if it has no such section.
    """
    docstring = inspect.getdoc(record) or ""
    if "Attributes:\n" not in docstring:
        raise LookupError(f"{record.__name__} does not describe its attributes.")
    entries = textwrap.dedent(docstring.partition("Attributes:\n")[2])
    found: dict[str, str] = {}
    for names, meaning in re.findall(r"^(\w+(?:, \w+)*): (.+(?:\n +.+)*)", entries, re.MULTILINE):
        text = " ".join(meaning.split())
        found |= dict.fromkeys(names.split(", "), text[0].upper() + text[1:])
    return found


def unused(meanings: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Meanings that no column has, as "table: column"."""
    columns = {name: set(kinds) for name, kinds in TABLES.items()} | {
        name: set(keys(*of)) for name, of in OBJECTS.items()
    }
    left = [
        f"{name}: {key}"
        for name, own in meanings.items()
        if name != "every"
        for key in own
        if key not in columns.get(name, ())
    ]
    shared = {key for name, there in columns.items() for key in there if key not in meanings.get(name, {})}
    left += [f"every: {key}" for key in meanings["every"] if key not in shared]
    return [each for each in left if not each.endswith(": about")]


def main() -> None:
    """Write the page."""
    meanings = tomllib.loads(MEANINGS.read_text(encoding="utf-8"))
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), meanings), encoding="utf-8")


if __name__ == "__main__":
    main()
