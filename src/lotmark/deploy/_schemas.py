"""The published JSON Schemas of this room's own kinds of evidence.

Written anew with ``python -m lotmark.deploy._schemas``; a test holds that the files are current.
"""

from pathlib import Path

from lotmark.attest.api import kind_schemas
from lotmark.deploy.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    return kind_schemas(KINDS)


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
