"""The JSON Schemas of this room, generated from the types that read the documents."""

import json
from collections.abc import Callable
from typing import Any

import msgspec

from lotmark.base.documents import document_schema
from lotmark.policy._facts_model import facts_schema
from lotmark.policy.models import PolicyFile
from lotmark.policy.predicates import POLICY_ADOPTION, AdoptionBody, DecisionBody


def _decision_schema() -> dict[str, Any]:
    schema = msgspec.json.schema(DecisionBody)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://lotmark.dev/schemas/decision.v1.json",
        "title": "Release decision",
        **schema,
    }


def _policy_schema() -> dict[str, Any]:
    return document_schema(PolicyFile, title="quality/policy.yaml: the criteria of a release", identifier="https://lotmark.dev/schemas/policy.v1.json")


def _adoption_schema() -> dict[str, Any]:
    return document_schema(AdoptionBody, title=POLICY_ADOPTION.title, identifier="https://lotmark.dev/schemas/policy-adoption.v1.json")


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "policy.v1.json": _policy_schema,
    "facts.v1.json": facts_schema,
    "decision.v1.json": _decision_schema,
    "policy-adoption.v1.json": _adoption_schema,
}
"""File name in ``schemas/`` -> the schema."""


def schema_bytes(name: str) -> bytes:
    """The published file of that name."""
    return (json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n").encode()
