"""What the room publishes: schemas, kinds and rule codes."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

import lotmark.approvals
from fakes.signing import APPROVALS, PEOPLE, Desk
from lotmark.approvals.api import SCHEMAS, schema_bytes
from lotmark.approvals.predicates import KINDS
from lotmark.approvals.rules import RULES

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_published_schema_is_the_one_of_the_type(name):
    assert files("lotmark.approvals").joinpath("schemas", name).read_bytes() == schema_bytes(name)


def test_no_other_schema_lies_there():
    assert {path.name for path in files("lotmark.approvals").joinpath("schemas").iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize(("name", "data"), [("people.v1.json", PEOPLE), ("approvals.v1.json", APPROVALS)])
def test_the_example_files_satisfy_their_schema(name, data):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(schema_bytes(name)))
    assert list(validator.iter_errors(yaml.safe_load(data))) == []
    assert list(validator.iter_errors({**yaml.safe_load(data), "more": 1})) != []


def test_records_satisfy_their_schema():
    jsonschema = pytest.importorskip("jsonschema")
    desk = Desk()
    made = [desk.delegate(), desk.sign("quinn")]
    made.append(desk.withdraw(made[1], "quinn"))
    for entry in made:
        schema = json.loads(schema_bytes(f"{entry.kind}.v1.json"))
        assert list(jsonschema.Draft202012Validator(schema).iter_errors(entry.statement.predicate)) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_is_signed_by_people_under_part_11(kind):
    assert "21 CFR Part 11 applies" in kind.clause
    assert kind.signers == ({"root"} if kind.name == "role-event" else {"person"})
    assert kind.schema in SCHEMAS


def test_every_code_of_the_room_has_its_rule():
    used = {code for path in Path(lotmark.approvals.__file__).parent.glob("_*.py") for code in re.findall(r"LM-APR-\d{3}", path.read_text())}
    codes = [rule.code for rule in RULES]
    assert used == set(codes)
    assert len(codes) == len(set(codes))
    assert all(rule.title and rule.story and rule.cure for rule in RULES)


def test_the_spec_page_names_every_field_of_a_signature():
    page = (Path(__file__).parents[3] / "docs" / "spec" / "electronic-signature.md").read_text()
    fields = json.loads(schema_bytes("approval.v1.json"))["$defs"]["ApprovalBody"]["properties"]
    assert [name for name in fields if f"`{name}`" not in page] == []
