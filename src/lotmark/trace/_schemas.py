"""The published JSON Schemas, generated from the types that read and write: they cannot disagree.

Written anew with ``python -m lotmark.trace._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path
from typing import Any

from lotmark.base.documents import document_schema
from lotmark.trace._documents import AnomalyFile, MarkerFile, RiskFile
from lotmark.trace._mapping import MappingFile
from lotmark.trace._model_file import ModelFile
from lotmark.trace._policy import COMMON_KEYS, CONTROL_KINDS, DEFAULT_POLICY, SAFETY_CLASSES
from lotmark.trace.models import TracePolicy
from lotmark.trace.predicates import KINDS

_VALUE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "object", "additionalProperties": {"type": "string"}}]}
FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    found: dict[str, tuple[type, str]] = {
        "anomalies.v1.json": (AnomalyFile, "Lotmark known anomalies (quality/anomalies.yaml)"),
        "trace.v1.json": (ModelFile, "Lotmark item model (quality/trace.yaml)"),
        "import.v1.json": (MappingFile, "Lotmark mapping of an import (quality/import/*.yaml)"),
        "markers.v1.json": (MarkerFile, "Lotmark markers of tests from outside their sources (quality/markers.yaml)"),
        "risks.v1.json": (RiskFile, "Lotmark risks (quality/risks/*.yaml)"),
    }
    found |= {kind.schema: (kind.body, kind.title) for kind in KINDS if kind.schema is not None and kind.body is not None}
    schemas = {name: document_schema(kind, title=title, identifier=f"https://lotmark.dev/schemas/{name}") for name, (kind, title) in found.items()}
    schemas["item.v1.json"] = item_schema(DEFAULT_POLICY)
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in schemas.items()}


def item_schema(policy: TracePolicy) -> dict[str, Any]:
    """The front matter of an item (``quality/requirements/*.md``, ``quality/risks/*.md``), from the policy's types and links."""
    variants = []
    for kind in policy.types.values():
        links = [link.name for link in policy.links.values() if kind.name in link.sources]
        words: dict[str, Any] = {"pattern": f"^(?:[a-z][a-z0-9]*-)?{kind.name}$"} if kind.category_suffix else {"const": kind.name}
        properties: dict[str, Any] = {key: {"type": "string"} for key in sorted(COMMON_KEYS)}
        properties |= {"type": {"type": "string", **words}, "status": {"enum": sorted(kind.states or policy.states)}}
        properties |= {"safety-class": {"enum": list(SAFETY_CLASSES)}, "aliases": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}}
        properties |= dict.fromkeys(sorted(kind.keys), _VALUE)
        properties |= {name: {"type": "array", "items": {"type": "string"}, "uniqueItems": True} for name in links}
        if kind.name == "risk-control":
            properties["kind"] = {"enum": list(CONTROL_KINDS)}
        required = ["id", "status", "title", "type", *(() if kind.detailed_by else sorted(kind.required))]
        variants.append(
            {
                "title": kind.title,
                "type": "object",
                "properties": properties,
                "patternProperties": {"^x-": _VALUE},
                "required": required,
                "additionalProperties": False,
            }
        )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://lotmark.dev/schemas/item.v1.json",
        "title": "Lotmark item: front matter of an item of the default model",
        "oneOf": variants,
    }


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
