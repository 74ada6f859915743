"""Schemas of kinds of evidence: made from the types that records must fit."""

import json
from dataclasses import replace

import msgspec
import pytest

from lotmark.attest.api import kind_schemas
from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.attest.predicates import KEY_EVENT

pytestmark = pytest.mark.verifies("REQ-003")


class Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    """What a record holds."""

    printed_name: str
    count: int = 0


KIND = PredicateKind("sample", lotmark_uri("sample"), "clause", "permanent", frozenset({"pipeline"}), "sample.v1.json", "Sample", Body)


def test_a_schema_has_the_name_of_its_file_and_the_fields_of_its_type():
    [(name, data)] = kind_schemas([KIND]).items()
    schema = json.loads(data)
    assert name == "sample.v1.json"
    assert schema["$id"] == "https://lotmark.dev/schemas/sample.v1.json"
    assert schema["title"] == "Sample"
    body = schema["$defs"]["Body"]
    assert set(body["properties"]) == {"printedName", "count"}
    assert body["required"] == ["printedName"]
    assert body["additionalProperties"] is False


def test_the_bytes_are_the_same_each_time_and_end_with_a_line_feed():
    first, second = (kind_schemas([KEY_EVENT, KIND]) for _ in range(2))
    assert first == second
    assert list(first) == ["key-event.v1.json", "sample.v1.json"]
    assert all(data.endswith(b"}\n") and not data.endswith(b"\n\n") for data in first.values())


@pytest.mark.parametrize("missing", [{"schema": None}, {"body": None}], ids=["a foreign predicate", "no type of its own"])
def test_a_kind_without_a_schema_or_a_type_gives_none(missing):
    assert kind_schemas([replace(KIND, **missing)]) == {}
