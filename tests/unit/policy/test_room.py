"""What the room publishes: schemas, kinds and rule codes."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

import lotmark.policy
from lotmark.policy._cel_syntax import FUNCTIONS, MACROS, METHODS
from lotmark.policy._cel_types import ListOf, ObjectOf, types_of_schema
from lotmark.policy._facts_model import facts_schema
from lotmark.policy.api import DEFAULT_POLICY, SCHEMAS, default_policy, schema_bytes
from lotmark.policy.predicates import KINDS
from lotmark.policy.rules import RULES

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_published_schema_is_the_one_of_the_type(name):
    assert files("lotmark.policy").joinpath("schemas", name).read_bytes() == schema_bytes(name)


def test_no_other_schema_lies_there():
    assert {path.name for path in files("lotmark.policy").joinpath("schemas").iterdir()} == set(SCHEMAS)


def test_the_shipped_policy_satisfies_its_schema():
    jsonschema = pytest.importorskip("jsonschema")
    import yaml

    schema = json.loads(schema_bytes("policy.v1.json"))
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(DEFAULT_POLICY.read_text()))) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_names_its_clause_and_whether_part_11_applies(kind):
    assert "Part 11 applies" in kind.clause
    assert kind.signers == ({"root"} if kind.name == "policy-adoption" else {"pipeline"})
    assert kind.schema is None or kind.schema in SCHEMAS


def test_every_code_of_the_room_has_its_rule():
    used = {code for path in Path(lotmark.policy.__file__).parent.glob("_*.py") for code in re.findall(r"LM-POL-\d{3}", path.read_text())}
    codes = [rule.code for rule in RULES]
    assert used <= set(codes)
    assert len(codes) == len(set(codes))
    assert all(rule.title and rule.story and rule.cure for rule in RULES)


REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "policy.md"


def _paths(kind, path: str):
    if isinstance(kind, ObjectOf):
        for name, field in kind.fields:
            yield from _paths(field, f"{path}.{name}")
    else:
        yield path
        if isinstance(kind, ListOf) and isinstance(kind.item, ObjectOf):
            yield from (name for name, _ in kind.item.fields)


def test_the_reference_page_names_every_fact_criterion_and_function():
    page = REFERENCE.read_text()
    facts = {path for name, kind in types_of_schema(facts_schema()).items() for path in _paths(kind, name)}
    criteria = {criterion.id for criterion in default_policy().value.criteria}
    assert [name for name in sorted(facts | criteria) if f"`{name}`" not in page] == []
    assert [name for name in sorted(FUNCTIONS | METHODS | MACROS) if f"{name}(" not in page] == []


def test_the_spec_page_names_every_field_of_a_decision():
    page = (REFERENCE.parents[1] / "spec" / "decision.md").read_text()
    fields = json.loads(schema_bytes("decision.v1.json"))["$defs"]["DecisionBody"]["properties"]
    assert [name for name in fields if f"`{name}`" not in page] == []
