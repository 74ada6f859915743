"""The published JSON Schemas, generated from the types that read and write: they cannot disagree.

Written anew with ``python -m lotmark.trace._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path

from lotmark.base.documents import document_schema
from lotmark.trace._documents import AnomalyFile, MarkerFile, RiskFile
from lotmark.trace.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    found: dict[str, tuple[type, str]] = {
        "anomalies.v1.json": (AnomalyFile, "Lotmark known anomalies (quality/anomalies.yaml)"),
        "markers.v1.json": (MarkerFile, "Lotmark markers of tests from outside their sources (quality/markers.yaml)"),
        "risks.v1.json": (RiskFile, "Lotmark risks (quality/risks/*.yaml)"),
    }
    found |= {kind.schema: (kind.body, kind.title) for kind in KINDS if kind.schema is not None and kind.body is not None}
    schemas = {name: document_schema(kind, title=title, identifier=f"https://lotmark.dev/schemas/{name}") for name, (kind, title) in found.items()}
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in schemas.items()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
