"""The published JSON Schema of `quality/lint.yaml`; written anew with ``python -m lotmark.lint._schemas``."""

import json
from pathlib import Path

from lotmark.base.documents import document_schema
from lotmark.lint._declared import LintFile

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    schema = document_schema(LintFile, title="Lotmark lint declarations (quality/lint.yaml)", identifier="https://lotmark.dev/schemas/lint.v1.json")
    return {"lint.v1.json": (json.dumps(schema, indent=2) + "\n").encode()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
