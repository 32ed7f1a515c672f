"""Make the JSON Schemas that ship, from the code and from docs/columns.toml.

    python docs/make_schemas.py

The keys of each object come from the code that writes it, the columns of its tables from their schemas, and the
meanings from docs/columns.toml; ``TYPES`` adds what kind of value a key has.
"""

import dataclasses
import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from make_case_folder import MEANINGS, OBJECTS, keys, measured

from forensic.comparison.method import Method
from forensic.comparison.tables import COMPARISONS_SCHEMA, LINKS_SCHEMA, VOICES_SCHEMA
from forensic.storage.tables import SCHEMA_VERSION

FOLDER = Path(__file__).parents[1] / "forensic" / "report" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
OBJECT: Schema = {"type": "object"}
TIME: Schema = {"type": "string", "format": "date-time"}
TEXTS: Schema = {"type": "array", "items": TEXT}
OBJECTS_OF: Schema = {"type": "array", "items": OBJECT}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ANY: Schema = {}


def table(schema: Mapping[str, Any]) -> Schema:
    """Rows of a table, each with every column."""
    columns = {name: column(kind) for name, kind in schema.items()}
    row = {"type": "object", "properties": columns, "required": [*columns], "additionalProperties": False}
    return {"type": "array", "items": row}


def column(kind: Any) -> Schema:
    """A cell of a column, or null."""
    if isinstance(kind, pl.List):
        return {"type": ["array", "null"], "items": column(kind.inner)}
    dtype = kind if isinstance(kind, pl.DataType) else kind()
    if dtype.is_numeric():
        return {"type": ["integer" if dtype.is_integer() else "number", "null"]}
    return {"type": ["boolean" if dtype == pl.Boolean else "string", "null"]}


METHOD: Schema = {
    "type": "object",
    "required": sorted([*(each.name for each in dataclasses.fields(Method)), "envelope_sha256"]),
}

TYPES: dict[str, Schema] = {
    "schema_version": {"const": SCHEMA_VERSION},
    "comparison_id": TEXT,
    "link_id": TEXT,
    "report_id": TEXT,
    "created_utc": TIME,
    "case": OBJECT,
    "method": METHOD,
    "known_speakers": OBJECTS_OF,
    "consistency_warnings": TEXTS,
    "leakage_warnings": TEXTS,
    "language_warnings": TEXTS,
    "warnings": TEXTS,
    "calibrations": OBJECT,
    "comparisons": table(COMPARISONS_SCHEMA),
    "voices": table(VOICES_SCHEMA),
    "links": table(LINKS_SCHEMA),
    "explanations": OBJECTS_OF,
    "failures": OBJECTS_OF,
    "threshold_log10_lr": NUMBER,
    "pairs": COUNT,
    "pairs_with_lr": COUNT,
    "pairs_pruned": COUNT,
    "pruned_because": {"type": ["string", "null"]},
    "expected_by_chance": OBJECTS_OF,
    "no_lr_issued": OBJECTS_OF,
    "clusters": OBJECTS_OF,
    "bootstrap_draws_of_clusters": COUNT,
    "suspicions": OBJECTS_OF,
    "previous_sha256": SHA256,
    "torn_sha256": {"type": ["string", "null"]},
    "line": {"type": "integer", "minimum": 1},
    "time_utc": TIME,
    "action": TEXT,
    "facts": OBJECT,
}
"""What kind of value a key has; one that is not here may have any."""

LISTS = {"summary.json": {"calibrations": OBJECTS_OF}}
"""Keys that are of another kind in one file."""

FILES = {
    "results.json of a comparison": "comparison",
    "results.json of a linking": "linking",
    "validation.json": "validation",
    "summary.json": "calibration",
    "audit.jsonl": "audit-line",
}
"""Name of the schema of each object."""


def schema_of(name: str, meanings: Mapping[str, Mapping[str, str]]) -> Schema:
    """The schema of one kind of object."""
    own = {**measured(), **meanings["every"], **meanings[name]}
    found = keys(*OBJECTS[name])
    types = TYPES | LISTS.get(name, {})
    properties = {key: types.get(key, ANY) | {"description": own[key]} for key in found}
    is_open = name == "validation.json"  # figures of all comparisons, and what depends on the kind of source, follow
    return {
        "$schema": DIALECT,
        "$id": f"urn:forensic:schema:{FILES[name]}:{SCHEMA_VERSION}",
        "title": name,
        "description": own["about"].replace("**", ""),
        "type": "object",
        "properties": properties,
        "required": found,
        "additionalProperties": is_open,
    }


def schemas() -> dict[str, str]:
    """Text of every schema, by file name."""
    meanings = tomllib.loads(MEANINGS.read_text(encoding="utf-8"))
    return {
        f"{short}.schema.json": json.dumps(schema_of(name, meanings), indent=1, ensure_ascii=False) + "\n"
        for name, short in FILES.items()
    }


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
