"""Statements: what may stand in signed bytes."""

import json

import msgspec
import pytest

from lotmark.attest._statement import is_plain_text, parse_statement
from lotmark.attest.api import build_payload
from lotmark.attest.models import STATEMENT_TYPE, Evidence, PredicateKind, Registry, Statement, Subject
from lotmark.base.errors import IntegrityError, UsageError

pytestmark = pytest.mark.verifies("REQ-003", "RC-001")


SHA256 = "ab" * 32
ARTIFACT = Subject("app.whl", {"sha256": SHA256})


class Body(msgspec.Struct, forbid_unknown_fields=True):
    count: int


REGISTRY = Registry(
    [
        PredicateKind("free", "urn:free", "", "", frozenset({"pipeline"})),
        PredicateKind("typed", "urn:typed", "", "", frozenset({"pipeline"}), body=Body),
    ]
)


def _payload(**changes):
    tree = {"_type": STATEMENT_TYPE, "subject": [{"name": "a", "digest": {"sha256": SHA256}}], "predicateType": "urn:free", "predicate": {}}
    return json.dumps({key: value for key, value in {**tree, **changes}.items() if value is not ...}).encode()


def test_a_statement_is_built_and_parsed_back():
    source = Subject("source", {"sha256": SHA256, "gitCommit": "c" * 40, "gitTree": "d" * 64, "sha384": "e" * 96, "sha512": "f" * 128})
    payload = build_payload(Evidence("free", (ARTIFACT, source), {"run": "qpcr:RUN-0001", "é": [1]}, name="not signed"), REGISTRY)
    assert parse_statement(payload) == Statement((ARTIFACT, source), "urn:free", {"run": "qpcr:RUN-0001", "é": [1]})
    assert b"not signed" not in payload
    assert json.loads(payload)["_type"] == "https://in-toto.io/Statement/v1"
    assert payload.isascii()


def test_the_same_evidence_has_the_same_bytes():
    one = Evidence("free", (ARTIFACT,), {"a": 1, "b": 2})
    other = Evidence("free", (ARTIFACT,), {"b": 2, "a": 1})
    assert build_payload(one, REGISTRY) == build_payload(other, REGISTRY)


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        (Evidence("unknown", (ARTIFACT,), {}), "LM-ATT-010"),
        (Evidence("free", (), {}), "LM-ATT-015"),
        (Evidence("free", (Subject("a", {"sha1": "a" * 40}),), {}), "LM-ATT-015"),
        (Evidence("free", (Subject("a", {"sha256": "A" * 64}),), {}), "LM-ATT-016"),
        (Evidence("free", (Subject("", {"sha256": SHA256}),), {}), "LM-ATT-024"),
        (Evidence("free", (ARTIFACT,), {"n": float("nan")}), "LM-INT-007"),
        (Evidence("typed", (ARTIFACT,), {}), "LM-ATT-018"),
        (Evidence("typed", (ARTIFACT,), {"count": "1"}), "LM-ATT-018"),
        (Evidence("typed", (ARTIFACT,), {"count": 1, "more": 2}), "LM-ATT-018"),
    ],
)
def test_evidence_that_would_not_count_is_not_built(evidence, code):
    with pytest.raises(UsageError) as caught:
        build_payload(evidence, REGISTRY)
    assert caught.value.code == code


def test_a_predicate_of_its_type_is_built():
    assert parse_statement(build_payload(Evidence("typed", (ARTIFACT,), {"count": 1}), REGISTRY)).predicate == {"count": 1}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"{", "LM-INT-001", id="not JSON"),
        pytest.param(b"[]", "LM-ATT-014", id="no object"),
        pytest.param(_payload(extra=1), "LM-ATT-014", id="unknown field"),
        pytest.param(_payload(predicate=...), "LM-ATT-014", id="no predicate"),
        pytest.param(_payload(_type="https://in-toto.io/Statement/v0.1"), "LM-ATT-014", id="older type"),
        pytest.param(_payload(predicateType=1), "LM-ATT-014", id="predicateType no text"),
        pytest.param(_payload(predicate=[]), "LM-ATT-014", id="predicate no object"),
        pytest.param(_payload(subject={}), "LM-ATT-014", id="subject no list"),
        pytest.param(_payload(subject=[{"digest": {"sha256": SHA256}}]), "LM-ATT-014", id="subject without name"),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"sha256": SHA256}, "uri": "x"}]), "LM-ATT-014", id="unknown field in subject"),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"sha256": 1}}]), "LM-ATT-014", id="digest no text"),
        pytest.param(_payload(subject=[]), "LM-ATT-015", id="no subject", marks=pytest.mark.attack("E12")),
        pytest.param(_payload(subject=[{"name": "a", "digest": {}}]), "LM-ATT-015", id="subject by name only", marks=pytest.mark.attack("E12")),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"md5": "a" * 32}}]), "LM-ATT-015", id="md5 only", marks=pytest.mark.attack("E10")),
        pytest.param(
            _payload(subject=[{"name": "a", "digest": {"sha256": SHA256, "sha1": "a" * 40}}]), "LM-ATT-016", id="sha1 too", marks=pytest.mark.attack("E10")
        ),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"sha256": SHA256 + "\n"}}]), "LM-ATT-016", id="digest with line feed"),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"sha256": SHA256, "gitCommit": "a" * 39}}]), "LM-ATT-016", id="short commit"),
        pytest.param(_payload(subject=[{"name": "a", "digest": {"sha256": SHA256}}] * 2), "LM-ATT-024", id="a name twice"),
        pytest.param(
            _payload(subject=[{"name": "a\n\u2014 sig", "digest": {"sha256": SHA256}}]), "LM-ATT-024", id="line feed in a name", marks=pytest.mark.attack("P11")
        ),
    ],
)
def test_other_bytes_are_no_statement(payload, code):
    with pytest.raises(IntegrityError) as caught:
        parse_statement(payload)
    assert caught.value.code == code
    assert caught.value.solution


@pytest.mark.parametrize("text", ["a", "dist/app 1.0.whl", "Zoë Müller", "李雷", "می‌خواهم"])
def test_plain_text_of_any_script_is_taken(text):
    assert is_plain_text(text)


@pytest.mark.attack("P11")
@pytest.mark.parametrize("text", ["", "  ", "a\nb", "a\r", "a\0", "\x1b[31m", "a\u2028b", "a\u202eb", "\u2066a", "\ud800", "\ue000", "\uffff", "a\x85"])
def test_controls_and_reordering_are_not(text):
    assert not is_plain_text(text)
