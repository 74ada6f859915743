"""Every kind of evidence of ours has a type, a published schema, a clause, a retention class, a signer and a row in the spec."""

import json
from pathlib import Path

import pytest

import lotmark
from lotmark.attest.models import lotmark_uri
from lotmark.base.documents import document_schema
from lotmark.bootstrap.api import registry, schemas
from lotmark.deploy import _schemas as deploying
from lotmark.pipeline import _schemas as piping
from lotmark.pipeline.models import EXPECTED
from lotmark.releases import _schemas as releasing

pytestmark = pytest.mark.verifies("REQ-025")

SOURCE = Path(lotmark.__file__).parent
ALL = tuple(registry())
OWN = [kind for kind in ALL if kind.uri.startswith("https://lotmark.dev/")]
FOREIGN = [kind for kind in ALL if kind not in OWN]
PUBLISHED = {name: json.loads(data) for name, data in schemas()}
RETENTION = {"device-record", "permanent"}
name_of = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
own = pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)


@name_of
def test_a_kind_says_what_it_is_why_it_must_be_and_how_long_it_is_kept(kind):
    assert kind.title
    assert any(word in kind.clause for word in ("CFR", "IEC 62304", "ISO 1", "SLSA", "FD&C"))
    assert kind.retention in RETENTION
    assert kind.signers


@name_of
def test_a_kind_stands_in_the_spec(kind):
    page = SOURCE.parents[1] / "docs" / "spec" / "predicates.md"
    assert f"`{kind.name}`" in page.read_text(encoding="utf-8")
    assert f"`{kind.uri}`" in page.read_text(encoding="utf-8")


@own
def test_a_kind_of_ours_has_a_type_and_one_name_everywhere(kind):
    assert kind.body is not None
    assert kind.uri == lotmark_uri(kind.name)
    assert kind.schema == f"{kind.name}.v1.json"


@own
def test_its_published_schema_is_that_of_its_type(kind):
    schema = document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
    assert PUBLISHED[kind.schema] == json.loads(json.dumps(schema))


@own
def test_its_type_refuses_what_it_does_not_know(kind):
    schema = PUBLISHED[kind.schema]
    for name, definition in schema["$defs"].items():
        if definition.get("type") == "object" and "properties" in definition:
            assert definition.get("additionalProperties") is False or name in FREE.get(kind.name, ()), name


FREE: dict[str, tuple[str, ...]] = {}
"""Parts of a record in which anything may stand, by kind."""


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.name)
def test_a_foreign_kind_keeps_the_uri_of_its_standard_and_has_no_schema_of_ours(kind):
    assert kind.schema is None
    assert "lotmark.dev" not in kind.uri


@pytest.mark.parametrize("room", [deploying, piping, releasing], ids=lambda room: room.__name__.split(".")[1])
def test_the_files_of_a_room_are_those_that_it_would_write_and_no_others(room):
    assert {path.name: path.read_bytes() for path in room.FOLDER.iterdir()} == room.all_schemas(), f"write them anew: python -m {room.__name__}"


def test_what_a_stage_must_leave_is_known():
    assert {name for names in EXPECTED.values() for name in names} <= {kind.name for kind in ALL}


def test_every_published_schema_names_itself_and_is_a_schema():
    jsonschema = pytest.importorskip("jsonschema")
    assert len(PUBLISHED) == len(list(schemas())), "two rooms publish a schema of one name"
    for name, schema in PUBLISHED.items():
        assert schema["$id"] in {f"https://lotmark.dev/schemas/{name}", f"https://lotmark.dev/output/{name.removesuffix('.v1.json')}/v1"}
        assert schema["title"], name
        jsonschema.Draft202012Validator.check_schema(schema)
