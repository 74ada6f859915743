"""The published JSON Schemas, generated from the types that read and write: they cannot disagree.

Written anew with ``python -m lotmark.supply._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path

from lotmark.base.documents import document_schema
from lotmark.supply._soup import SoupFile
from lotmark.supply.predicates import dependencies_schema

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    soup = document_schema(SoupFile, title="Lotmark SOUP list (quality/soup.yaml)", identifier="https://lotmark.dev/schemas/soup.v1.json")
    return {
        name: (json.dumps(schema, indent=2) + "\n").encode() for name, schema in {"dependencies.v1.json": dependencies_schema(), "soup.v1.json": soup}.items()
    }


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
