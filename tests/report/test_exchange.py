"""What other programs read: JSON that fits the schemas that ship, and JSON-LD that fits the CASE and UCO ontologies."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from report_factory import case, without_lr

from forensic.case.audit import append_audit
from forensic.report.case_uco import case_graph
from forensic.report.results_json import case_results
from forensic.storage.inert import json_text
from forensic.storage.tables import SCHEMA_VERSION, write_csv, write_parquet

CHECKOUT = Path(__file__).parents[2]
VALIDATE = "import sys; from case_utils.case_validate import main; sys.exit(main())"
SCHEMAS = CHECKOUT / "forensic" / "report" / "schemas"


def fits(value, name):
    """Raise unless a value fits a schema that ships."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, jsonschema.Draft202012Validator)


def test_the_schemas_are_up_to_date():
    place = importlib.util.spec_from_file_location("make_schemas", CHECKOUT / "docs" / "make_schemas.py")
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    for name, text in module.schemas().items():
        assert (SCHEMAS / name).read_text() == text, "run: python docs/make_schemas.py"


@pytest.mark.parametrize("made", [case, lambda: without_lr(case())])
def test_results_of_a_comparison_fit_their_schema(made):
    results = json.loads(json_text(case_results(made())))
    fits(results, "comparison")
    for key in ("comparisons", "schema_version"):
        with pytest.raises(jsonschema.ValidationError):
            fits({name: value for name, value in results.items() if name != key}, "comparison")
    results["comparisons"][0]["log10_lr"] = "high"
    with pytest.raises(jsonschema.ValidationError):
        fits(results, "comparison")


def test_a_line_of_the_log_fits_its_schema(tmp_path):
    append_audit(tmp_path / "audit.jsonl", "scan", {"files": 1})
    fits(json.loads((tmp_path / "audit.jsonl").read_text()), "audit-line")


def test_csv_and_parquet_state_the_version_of_their_schema(tmp_path):
    table = pl.DataFrame({"suspect": ["Anna"]})
    write_csv(table, tmp_path / "t.csv")
    write_parquet(table, tmp_path / "t.parquet")
    assert (tmp_path / "t.csv").read_text() == f"suspect,schema_version\nAnna,{SCHEMA_VERSION}\n"
    assert pl.read_parquet_metadata(tmp_path / "t.parquet")["forensic.schema_version"] == str(SCHEMA_VERSION)


@pytest.mark.parametrize("made", [case, lambda: without_lr(case())])
def test_the_json_ld_conforms_to_the_ontologies(made, tmp_path):
    """By their SHACL shapes, as case-utils ships them; no concept of theirs is made up."""
    pytest.importorskip("case_utils")
    file = tmp_path / "results.jsonld"
    file.write_text(json_text(case_graph(made())))
    command = [sys.executable, "-c", VALIDATE, "--allow-info", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "Conforms: True" in done.stdout, done.stdout + done.stderr
    assert "NonExistentCDOConceptWarning" not in done.stderr


def test_a_wrong_graph_does_not_conform(tmp_path):
    pytest.importorskip("case_utils")
    graph = case_graph(case())
    for node in graph["@graph"]:
        for facet in node.get("uco-core:hasFacet", []):
            if "uco-observable:sizeInBytes" in facet:
                facet["uco-observable:sizeInBytes"] = "large"
    file = tmp_path / "results.jsonld"
    file.write_text(json_text(graph))
    command = [sys.executable, "-c", VALIDATE, str(file)]
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0
