"""The published JSON Schemas, generated from the types that read and write: they cannot disagree.

Written anew with ``python -m lotmark.matrix._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path
from typing import Any

from lotmark.base.documents import document_schema
from lotmark.matrix._file import MatrixFile
from lotmark.matrix.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"


def matrix_schema() -> dict[str, Any]:
    """The JSON Schema of `quality/matrix.yaml`, for editors."""
    return document_schema(MatrixFile, title="Lotmark test matrix (quality/matrix.yaml)", identifier="https://lotmark.dev/schemas/matrix.v1.json")


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    found = {"matrix.v1.json": matrix_schema()}
    for kind in KINDS:
        if kind.schema is not None and kind.body is not None:
            found[kind.schema] = document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in found.items()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
