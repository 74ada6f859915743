"""The published JSON Schema, generated from the type that reads: they cannot disagree.

Written anew with ``python -m lotmark.product._schemas``; a test holds that the file is current.
"""

import json
from pathlib import Path

from lotmark.product.api import product_schema

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    return {"lotmark.v1.json": (json.dumps(product_schema(), indent=2, ensure_ascii=False) + "\n").encode()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
