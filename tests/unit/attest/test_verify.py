"""The nine steps of verification: each one refuses, and in this order."""

import base64
import json
from dataclasses import replace

import msgspec
import pytest

from fakes.keyring import KeyLog, signer
from lotmark.attest import _verify
from lotmark.attest.api import build_payload, pae, parse_envelope, sign_payload, verify_envelope, verify_signature
from lotmark.attest.models import PAYLOAD_TYPE, Evidence, PredicateKind, Registry, Subject, Trust
from lotmark.base.errors import ExitCode, IntegrityError

pytestmark = pytest.mark.verifies("REQ-003", "RC-001", "HAZ-001")


class Body(msgspec.Struct, forbid_unknown_fields=True):
    count: int


REGISTRY = Registry(
    [
        PredicateKind("test-run", "urn:test-run", "", "", frozenset({"pipeline"})),
        PredicateKind("approval", "urn:approval", "", "", frozenset({"person"})),
        PredicateKind("typed", "urn:typed", "", "", frozenset({"pipeline"}), body=Body),
    ]
)
SUBJECT = Subject("app.whl", {"sha256": "ab" * 32})


@pytest.fixture(scope="module")
def trust():
    log = KeyLog()
    log.add("enrol", "pipeline", "pipeline")  # 1: counts from 2
    log.add("enrol", "quinn", "person")  # 2: counts from 3
    log.add("revoke", "pipeline", "pipeline", at=9)  # counts to before 9
    return log.trust


def _envelope(kind="test-run", by="pipeline", predicate=None):
    return sign_payload(build_payload(Evidence(kind, (SUBJECT,), {"count": 1} if predicate is None else predicate), REGISTRY), signer(by))


def _refusal(trust, envelope, kind="test-run", index=5, registry=REGISTRY):
    with pytest.raises(IntegrityError) as caught:
        verify_envelope(envelope, kind=kind, index=index, trust=trust, registry=registry)
    assert caught.value.exit_code is ExitCode.INTEGRITY
    assert caught.value.where == f"log entry {index}"
    assert caught.value.solution
    return caught.value.code


def test_good_evidence_is_verified(trust):
    envelope = _envelope()
    verified = verify_envelope(envelope, kind="test-run", index=5, trust=trust, registry=REGISTRY)
    assert verified.index == 5
    assert verified.kind == "test-run"
    assert verified.key.kind == "pipeline"
    assert verified.key.person == ""
    assert verified.statement.subject == (SUBJECT,)
    assert verified.statement.predicate == {"count": 1}
    assert verified.envelope is envelope


def test_a_person_signs_as_a_person(trust):
    verified = verify_envelope(_envelope("approval", "quinn"), kind="approval", index=3, trust=trust, registry=REGISTRY)
    assert (verified.key.person, verified.key.name, verified.key.email) == ("quinn", "Quinn Example", "quinn@example.org")


def test_1_an_unknown_kind_never_counts(trust):
    assert _refusal(trust, _envelope(), kind="from-the-future") == "LM-ATT-019"


def test_2_a_signer_that_nobody_enrolled_is_refused(trust):
    assert _refusal(trust, _envelope(by="mallory")) == "LM-ATT-020"
    assert _refusal(Trust(), _envelope()) == "LM-ATT-020"


@pytest.mark.attack("E08")
@pytest.mark.parametrize(("index", "valid"), [(0, False), (1, False), (2, True), (8, True), (9, False), (10**6, False)])
def test_3_a_key_counts_by_log_index_alone(trust, index, valid):
    if valid:
        verify_envelope(_envelope(), kind="test-run", index=index, trust=trust, registry=REGISTRY)
    else:
        assert _refusal(trust, _envelope(), index=index) == "LM-ATT-021"


def test_3_the_message_for_a_key_without_end_says_so(trust):
    with pytest.raises(IntegrityError, match="Quinn Example counts from entry 3, not here"):
        verify_envelope(_envelope("approval", "quinn"), kind="approval", index=2, trust=trust, registry=REGISTRY)


def test_4_every_changed_bit_of_payload_or_signature_is_seen(trust):
    envelope = _envelope()
    for field in ("payload", "signature"):
        good = getattr(envelope, field)
        for position in range(len(good)):
            bad = bytearray(good)
            bad[position] ^= 1 << position % 8
            assert _refusal(trust, replace(envelope, **{field: bytes(bad)})) == "LM-ATT-022"


def test_4_the_key_id_is_a_hint_and_proves_nothing(trust):
    assert _refusal(trust, replace(_envelope(by="mallory"), key_id=signer("pipeline").key_id)) == "LM-ATT-022"


@pytest.mark.attack("E03")
def test_4_a_changed_payload_type_breaks_the_signature(trust):
    assert _refusal(trust, replace(_envelope(), payload_type="text/plain")) == "LM-ATT-022"


@pytest.mark.attack("E03")
def test_5_another_payload_type_is_refused_though_signed(trust):
    payload = _envelope().payload
    signature = signer("pipeline").sign(pae("text/plain", payload))
    assert _refusal(trust, replace(_envelope(), payload_type="text/plain", signature=signature)) == "LM-ATT-013"


@pytest.mark.attack("E03")
@pytest.mark.attack("A03")
def test_6_a_machine_cannot_approve_and_a_person_cannot_measure(trust):
    assert _refusal(trust, _envelope("approval", "pipeline"), kind="approval") == "LM-ATT-023"
    assert _refusal(trust, _envelope("test-run", "quinn")) == "LM-ATT-023"


@pytest.mark.attack("E13")
def test_7_the_bytes_that_were_verified_are_parsed_and_once(trust, monkeypatch):
    verified_bytes, parsed = [], []

    def verify(public_key, signature, message):
        verified_bytes.append(message)
        return verify_signature(public_key, signature, message)

    def parse(payload):
        parsed.append(payload)
        return original(payload)

    original = _verify.parse_statement
    monkeypatch.setattr(_verify, "verify_signature", verify)
    monkeypatch.setattr(_verify, "parse_statement", parse)
    envelope = _envelope()
    verify_envelope(envelope, kind="test-run", index=5, trust=trust, registry=REGISTRY)
    assert len(verified_bytes) == len(parsed) == 1
    assert parsed[0] is envelope.payload
    assert verified_bytes[0] == pae(PAYLOAD_TYPE, envelope.payload)


@pytest.mark.attack("E13")
def test_7_nothing_is_parsed_before_the_signature_held(trust, monkeypatch):
    def parse(payload):
        pytest.fail("parsed unverified bytes")

    monkeypatch.setattr(_verify, "parse_statement", parse)
    assert _refusal(trust, replace(_envelope(), payload=b"{")) == "LM-ATT-022"


def test_7_a_signed_text_that_is_no_statement_is_refused_at_its_place(trust):
    assert _refusal(trust, sign_payload(b'{"a":1,"a":2}', signer("pipeline"))) == "LM-INT-002"
    assert _refusal(trust, sign_payload(b"{}", signer("pipeline"))) == "LM-ATT-014"


@pytest.mark.attack("E03")
def test_8_evidence_counts_only_as_what_it_was_signed_as(trust):
    assert _refusal(trust, _envelope("typed"), kind="test-run") == "LM-ATT-017"


def test_8_a_foreign_predicate_type_is_refused(trust):
    tree = json.loads(_envelope().payload)
    tree["predicateType"] = "urn:unheard-of"
    assert _refusal(trust, sign_payload(json.dumps(tree).encode(), signer("pipeline"))) == "LM-ATT-017"


def test_9_a_predicate_that_is_not_of_its_type_is_refused(trust):
    tree = json.loads(_envelope("typed").payload)
    tree["predicate"] = {"count": "many"}
    assert _refusal(trust, sign_payload(json.dumps(tree).encode(), signer("pipeline")), kind="typed") == "LM-ATT-018"


def test_an_envelope_from_storage_verifies_as_the_one_that_was_signed(trust):
    envelope = parse_envelope(_envelope().raw)
    assert verify_envelope(envelope, kind="test-run", index=5, trust=trust, registry=REGISTRY).envelope == envelope


def test_another_payload_under_an_old_signature_is_refused(trust):
    tree = json.loads(_envelope().raw)
    tree["payload"] = base64.b64encode(_envelope(predicate={"count": 2}).payload).decode()
    assert _refusal(trust, parse_envelope(json.dumps(tree).encode())) == "LM-ATT-022"
