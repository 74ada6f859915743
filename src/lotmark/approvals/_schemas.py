"""The JSON Schemas of this room, generated from the types that read the documents."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from lotmark.approvals.models import ApprovalsFile, PeopleFile
from lotmark.approvals.predicates import KINDS
from lotmark.attest.models import PredicateKind
from lotmark.base.documents import document_schema

_BASE = "https://lotmark.dev/schemas"


def _kind_schema(kind: PredicateKind) -> dict[str, Any]:
    schema = msgspec.json.schema(kind.body)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{_BASE}/{kind.name}.v1.json", "title": kind.title, **schema}


def _people() -> dict[str, Any]:
    return document_schema(PeopleFile, title="quality/people.yaml: who may sign", identifier=f"{_BASE}/people.v1.json")


def _approvals() -> dict[str, Any]:
    return document_schema(ApprovalsFile, title="quality/approvals.yaml: who has to sign", identifier=f"{_BASE}/approvals.v1.json")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "people.v1.json": _people,
    "approvals.v1.json": _approvals,
    **{f"{kind.name}.v1.json": partial(_kind_schema, kind) for kind in KINDS},
}
"""File name in ``schemas/`` -> the schema."""


def schema_bytes(name: str) -> bytes:
    """The published file of that name."""
    return (json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n").encode()
