"""The JSON Schemas of this room's own predicates, generated from their types so that the two cannot disagree.

Written anew with ``python -m lotmark.builds._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path

from lotmark.base.documents import document_schema
from lotmark.builds.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    found = {
        kind.schema: document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
        for kind in KINDS
        if kind.schema is not None and kind.body is not None
    }
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in found.items()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
