"""Results as JSON-LD of the CASE and UCO ontologies (caseontology.org), for tools that exchange digital evidence.

Recordings, the program, the comparison as an investigative action, and one analytic result for each questioned
recording and suspect. What the ontologies have no word for, the likelihood ratio, is in a facet of our own namespace.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from forensic.case.provenance import software
from forensic.comparison.outcomes import CaseOutcome

NAMESPACE = "urn:forensic:ontology:1:"
"""Of our own facet and its properties."""

_CONTEXT = {
    "kb": "urn:forensic:kb:",
    "forensic": NAMESPACE,
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-analysis": "https://ontology.unifiedcyberontology.org/uco/analysis/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_IDS = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_NUMBERS = ("score", "log10_lr", "log10_lr_low", "log10_lr_high")
_TEXTS = ("suspect", "status", "verbal_equivalent", "reason", "reason_kind", "calibration_id")


def case_graph(outcome: CaseOutcome) -> dict[str, Any]:
    """The outcome of a case as a JSON-LD document; the same outcome gives the same document."""
    sizes = dict(outcome.files.select("sha256", "size_bytes").drop_nulls().iter_rows())
    tool = _node("tool", software(), "uco-tool:Tool")
    tool |= {"uco-core:name": "forensic", "uco-tool:version": outcome.method.software_version}
    paths = dict(outcome.files.filter(outcome.files["sha256"].is_not_null()).select("sha256", "path").iter_rows())
    rows = outcome.comparisons.to_dicts()
    used = {row["questioned_sha256"] for row in rows} | {sha for row in rows for sha in row["known_sha256"] or ()}
    recordings = {sha: _recording(sha, paths.get(sha, ""), sizes.get(sha)) for sha in sorted(used - {None, ""})}
    results = [_result(outcome.comparison_id, row, tool["@id"]) for row in rows]
    action = _node("action", outcome.comparison_id, "case-investigation:InvestigativeAction")
    action |= {
        "uco-core:name": f"Forensic voice comparison {outcome.comparison_id}",
        "uco-action:endTime": _typed("dateTime", outcome.created_utc.isoformat()),
        "uco-action:instrument": {"@id": tool["@id"]},
        "uco-action:object": [{"@id": one["@id"]} for one in recordings.values()],
        "uco-action:result": [{"@id": one["@id"]} for one in results],
    }
    investigation = _node("investigation", outcome.case_details.reference, "case-investigation:Investigation")
    investigation |= {
        "uco-core:name": outcome.case_details.title or outcome.case_details.reference or "Forensic voice comparison",
        "uco-core:object": [{"@id": each["@id"]} for each in (action, *recordings.values(), *results)],
    }
    nodes = [investigation, tool, *recordings.values(), action, *results]
    return {"@context": _CONTEXT, "@graph": [_without_empty(node) for node in nodes]}


def _recording(sha256: str, path: str, size_bytes: int | None) -> dict[str, Any]:
    file = _node("file-facet", sha256, "uco-observable:FileFacet")
    file |= {"uco-observable:fileName": path.rpartition("/")[2], "uco-observable:filePath": path}
    content = _node("content-facet", sha256, "uco-observable:ContentDataFacet")
    digest = _node("hash", sha256, "uco-types:Hash")
    digest |= {
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": _typed("hexBinary", sha256),
    }
    content |= {"uco-observable:hash": digest}
    if size_bytes is not None:
        file |= {"uco-observable:sizeInBytes": _typed("integer", str(size_bytes))}
    recording = _node("recording", sha256, "uco-observable:ObservableObject")
    return recording | {"uco-core:hasFacet": [_without_empty(file), content]}


def _result(comparison_id: str, row: Mapping[str, Any], tool: str) -> dict[str, Any]:
    key = f"{comparison_id}/{row['questioned_path']}/{row['channel']}/{row['turn']}/{row['suspect']}"
    facet = _node("lr-facet", key, "forensic:LikelihoodRatioFacet", "uco-core:Facet")
    facet |= {f"forensic:{name}": _typed("double", repr(row[name])) for name in _NUMBERS if row[name] is not None}
    facet |= {f"forensic:{name}": row[name] for name in _TEXTS if row[name]}
    facet |= {f"forensic:{name}": _typed("integer", str(row[name])) for name in ("channel", "turn") if row[name]}
    facet["forensic:questioned"] = _reference("recording", row["questioned_sha256"])
    facet["forensic:known"] = [_reference("recording", sha256) for sha256 in row["known_sha256"] or ()]
    facet["forensic:tool"] = {"@id": tool}
    return _node("result", key, "uco-analysis:AnalyticResult") | {"uco-core:hasFacet": [_without_empty(facet)]}


def _node(kind: str, key: str, *types: str) -> dict[str, Any]:
    return {"@id": _id(kind, key), "@type": list(types)}


def _reference(kind: str, key: str | None) -> dict[str, str] | None:
    return {"@id": _id(kind, key)} if key else None


def _id(kind: str, key: str) -> str:
    """An identifier that depends on what it stands for alone."""
    name = key.encode("utf-8", "backslashreplace").decode()
    return f"kb:{kind}-{uuid.uuid5(_IDS, f'{kind} {name}')}"


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@type": f"xsd:{kind}", "@value": value}


def _without_empty(node: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value not in (None, "", [])}
