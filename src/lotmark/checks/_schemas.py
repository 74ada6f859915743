"""The published JSON Schemas, generated from the types that read and write: they cannot disagree.

Written anew with ``python -m lotmark.checks._schemas``; a test holds that the files are current.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from lotmark.base.documents import document_schema
from lotmark.checks._exception_file import ExceptionFile
from lotmark.checks.predicates import KINDS

FOLDER = Path(__file__).parent / "schemas"
Count = Annotated[int, msgspec.Meta(ge=0)]


class Counts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many findings of each severity."""

    error: Count
    warning: Count
    info: Count


class OutputFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding; its place stands as one text and in its parts, `line` and `column` 0 where unknown."""

    code: Annotated[str, msgspec.Meta(pattern=r"^LM-[A-Z]{3}-[0-9]{3}$(?!\n)")]
    severity: Literal["error", "warning", "info"]
    message: str
    location: str | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET
    line: Count | msgspec.UnsetType = msgspec.UNSET
    column: Count | msgspec.UnsetType = msgspec.UNSET
    subject: str | msgspec.UnsetType = msgspec.UNSET
    help: str | msgspec.UnsetType = msgspec.UNSET


class FindingsOutput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``lotmark --format json check`` prints."""

    schema: Literal["https://lotmark.dev/schemas/findings.v1.json"]
    counts: Counts
    findings: list[OutputFinding]


def all_schemas() -> dict[str, bytes]:
    """File name -> bytes of every schema of this room."""
    found: dict[str, tuple[Any, str]] = {
        "exceptions.v1.json": (ExceptionFile, "Lotmark justified exceptions (quality/exceptions.yaml)"),
        "findings.v1.json": (FindingsOutput, "Lotmark findings (lotmark --format json check)"),
    }
    found |= {kind.schema: (kind.body, kind.title) for kind in KINDS if kind.schema is not None and kind.body is not None}
    schemas = {name: document_schema(kind, title=title, identifier=f"https://lotmark.dev/schemas/{name}") for name, (kind, title) in found.items()}
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in schemas.items()}


if __name__ == "__main__":  # pragma: no cover -- a developer's command
    for _name, _data in all_schemas().items():
        (FOLDER / _name).write_bytes(_data)
