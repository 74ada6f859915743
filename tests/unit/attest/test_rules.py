"""Rule codes and predicate kinds of the room, held against its source."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lotmark.attest
from lotmark.attest.predicates import KEY_EVENT, KINDS
from lotmark.attest.rules import RULES
from lotmark.base.documents import document_schema

pytestmark = pytest.mark.verifies("REQ-025")


ROOM = Path(lotmark.attest.__file__).parent


def test_every_code_in_the_source_is_explained_once_and_no_other():
    used = {code for path in ROOM.glob("*.py") if path.name != "rules.py" for code in re.findall(r'"(LM-ATT-\d{3})"', path.read_text())}
    codes = [rule.code for rule in RULES]
    assert sorted(codes) == codes
    assert set(codes) == used
    assert len(set(codes)) == len(codes)


def test_every_rule_tells_its_story():
    assert all(rule.title and rule.story.endswith(".") and rule.cure.endswith(".") for rule in RULES)


def test_the_schema_of_each_own_kind_is_that_of_its_type():
    for kind in KINDS:
        expected = document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
        assert json.loads((ROOM / "schemas" / kind.schema).read_text()) == expected


def test_only_roots_sign_key_events():
    assert KEY_EVENT.signers == {"root"}
    assert KEY_EVENT.uri == "https://lotmark.dev/attestation/key-event/v1"
    assert "11.100" in KEY_EVENT.clause


def test_the_door_imports_nothing_heavy():
    script = "import sys, lotmark.attest.api; print('\\n'.join(sys.modules))"
    # An empty environment, so that a coverage measurement does not start inside and import what it likes.
    modules = subprocess.run([sys.executable, "-c", script], env={}, capture_output=True, text=True, check=True).stdout.split()
    assert "lotmark.attest.api" in modules
    heavy = {"yaml", "rich", "click", "securesystemslib", "cryptography.x509", "cryptography.hazmat.primitives.serialization", "sqlite3", "dbos"}
    assert not heavy & set(modules)
