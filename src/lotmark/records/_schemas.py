"""The published JSON Schemas, generated from the types that records must fit: they cannot disagree.

Written anew with ``python -m lotmark.records._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path

from lotmark.base.documents import document_schema
from lotmark.records.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    schemas = {
        kind.schema: document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
        for kind in KINDS
        if kind.schema is not None and kind.body is not None
    }
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in schemas.items()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
