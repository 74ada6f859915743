"""The room's door, its kinds and their published schemas."""

import json

import pytest

import lotmark.records.api as door
from lotmark.records import _schemas
from lotmark.records.predicates import AUDIT_EVENT, KINDS, LOG_EPOCH, RETENTION_EVENT

pytestmark = pytest.mark.verifies("REQ-090", "REQ-025")


def test_the_schema_files_are_current_and_there_are_no_others():
    assert {path.name: path.read_bytes() for path in _schemas.FOLDER.iterdir()} == _schemas.all_schemas(), "python -m lotmark.records._schemas"


def test_everything_that_the_door_names_is_there():
    for name in door.__all__:
        assert getattr(door, name) is not None
    with pytest.raises(AttributeError):
        door.unknown  # noqa: B018 - the access is the test


def test_who_signs_which_kind():
    assert RETENTION_EVENT.signers == {"person", "pipeline"}
    assert AUDIT_EVENT.signers == {"pipeline"}
    assert LOG_EPOCH.signers == {"root"}


def test_each_kind_has_a_schema_that_refuses_the_unknown():
    for kind in KINDS:
        schema = json.loads((_schemas.FOLDER / kind.schema).read_text(encoding="utf-8"))
        assert all(part.get("additionalProperties") is False for part in schema["$defs"].values() if part["type"] == "object"), kind.name
