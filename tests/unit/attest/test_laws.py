"""Laws of keys and envelopes: a model of who counts where, and every field of every form."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.keyring import NOON, KeyLog, person, signer
from lotmark.attest.api import (
    apply_key_event,
    build_payload,
    format_json,
    format_trust_policy,
    key_event,
    pae,
    parse_envelope,
    parse_json,
    parse_trust_policy,
    sign_payload,
    verify_envelope,
)
from lotmark.attest.models import PAYLOAD_TYPE, Evidence, PredicateKind, Registry, Subject, Trust, TrustPolicy
from lotmark.base.errors import IntegrityError, LotmarkError, UsageError
from lotmark.tlog.api import format_vkey, make_key

pytestmark = pytest.mark.verifies("REQ-002", "REQ-003", "REQ-004", "RC-001", "RC-002", "HAZ-001")

KIND = PredicateKind("test-run", "urn:test-run", "", "", frozenset({"pipeline"}))
REGISTRY = Registry([KIND])
SUBJECT = Subject("app.whl", {"sha256": "ab" * 32})
NAMES = ("p1", "p2", "beth", "quinn")
KINDS = {"p1": "pipeline", "p2": "pipeline", "beth": "root", "quinn": "person"}


def evidence(by: str = "p1", kind: str = "test-run", predicate=None):
    return sign_payload(build_payload(Evidence(kind, (SUBJECT,), {"count": 1} if predicate is None else predicate), REGISTRY), signer(by))


# ---- keys: a model


EVENTS = st.lists(st.tuples(st.sampled_from(["enrol", "revoke"]), st.sampled_from(NAMES), st.sampled_from(["ada", "beth", "quinn", "p1"])), max_size=8)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_keys_count_as_a_simple_model_says(events):
    """The model: a table of who counts from where to where. Each event is tried; the log and the model agree on whether it may stand."""
    log = KeyLog()
    trust = log.trust
    spans: dict[str, list] = {"ada": [0, None]}
    index = 0
    for event, name, by in events:
        index += 1
        holder = person(name) if KINDS[name] in {"person", "root"} else None
        made = key_event(event, public_key=signer(name).public_key, kind=KINDS[name], person=holder, reason=f"model {index}", at=NOON)
        envelope = sign_payload(build_payload(made, log.registry), signer(by))
        is_root = by in {"ada", "beth"}
        counts = is_root and by in spans and spans[by][0] <= index and (spans[by][1] is None or index < spans[by][1])
        fits = name not in spans if event == "enrol" else (name in spans and spans[name][1] is None and name != by)
        if not (counts and fits):
            with pytest.raises(IntegrityError) as caught:
                apply_key_event(trust, index, envelope, log.roots)
            assert caught.value.where == f"log entry {index}"
            continue
        trust = apply_key_event(trust, index, envelope, log.roots)
        if event == "enrol":
            spans[name] = [index + 1, None]
        else:
            spans[name][1] = index
    for at in range(index + 3):
        expected = {signer(name).key_id for name, (begin, end) in spans.items() if begin <= at and (end is None or at < end)}
        assert {key.key_id for key in trust.valid_at(at)} == expected


@pytest.mark.attack("E08")
@pytest.mark.parametrize(
    ("index", "code"), [(0, "LM-ATT-021"), (1, "LM-ATT-021"), (2, None), (5, None), (6, "LM-ATT-021"), (7, "LM-ATT-021"), (10**9, "LM-ATT-021")]
)
def test_e08_a_key_counts_after_its_enrolment_and_before_its_revocation(index, code):
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("revoke", "p1", "pipeline", at=6)
    if code is None:
        assert verify_envelope(evidence(), kind="test-run", index=index, trust=log.trust, registry=REGISTRY).index == index
        return
    with pytest.raises(IntegrityError) as caught:
        verify_envelope(evidence(), kind="test-run", index=index, trust=log.trust, registry=REGISTRY)
    assert (caught.value.code, caught.value.where) == (code, f"log entry {index}")


# ---- envelopes


@pytest.fixture(scope="module")
def trust() -> Trust:
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("enrol", "p2", "pipeline")
    return log.trust


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_p12_no_byte_of_a_stored_envelope_can_change(trust, data):
    raw = evidence().raw
    position = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:position] + bytes([raw[position] ^ (1 << data.draw(st.integers(0, 7)))]) + raw[position + 1 :]
    with pytest.raises(LotmarkError) as caught:
        verify_envelope(parse_envelope(changed), kind="test-run", index=5, trust=trust, registry=REGISTRY)
    assert caught.value.code.startswith(("LM-ATT-0", "LM-INT-0"))


WIRE = json.loads(evidence().raw)
SIGNATURE = WIRE["signatures"][0]
RAW_SIGNATURE = base64.b64decode(SIGNATURE["sig"])
FORMS = {
    "no payload": ({name: value for name, value in WIRE.items() if name != "payload"}, "LM-ATT-011"),
    "no payload type": ({name: value for name, value in WIRE.items() if name != "payloadType"}, "LM-ATT-011"),
    "no list of signatures": ({name: value for name, value in WIRE.items() if name != "signatures"}, "LM-ATT-011"),
    "one field more": ({**WIRE, "note": ""}, "LM-ATT-011"),
    "a list": ([WIRE], "LM-ATT-011"),
    "a text": ("envelope", "LM-ATT-011"),
    "null": (None, "LM-ATT-011"),
    "payload is null": ({**WIRE, "payload": None}, "LM-ATT-011"),
    "payload is an object": ({**WIRE, "payload": {}}, "LM-ATT-011"),
    "payload type is a number": ({**WIRE, "payloadType": 1}, "LM-ATT-011"),
    "signatures is an object": ({**WIRE, "signatures": SIGNATURE}, "LM-ATT-011"),
    "no signature": ({**WIRE, "signatures": []}, "LM-ATT-012"),
    "the same signature twice": ({**WIRE, "signatures": [SIGNATURE] * 2}, "LM-ATT-012"),
    "two signers": ({**WIRE, "signatures": [SIGNATURE, json.loads(evidence("p2").raw)["signatures"][0]]}, "LM-ATT-012"),
    "a signature that is a text": ({**WIRE, "signatures": [SIGNATURE["sig"]]}, "LM-ATT-011"),
    "no key id": ({**WIRE, "signatures": [{"sig": SIGNATURE["sig"]}]}, "LM-ATT-011"),
    "an empty key id": ({**WIRE, "signatures": [{**SIGNATURE, "keyid": ""}]}, "LM-ATT-011"),
    "a key id in capitals": ({**WIRE, "signatures": [{**SIGNATURE, "keyid": SIGNATURE["keyid"].upper()}]}, "LM-ATT-011"),
    "a key id with a prefix": ({**WIRE, "signatures": [{**SIGNATURE, "keyid": "sha256:" + SIGNATURE["keyid"]}]}, "LM-ATT-011"),
    "a key id with a line end": ({**WIRE, "signatures": [{**SIGNATURE, "keyid": SIGNATURE["keyid"] + "\n"}]}, "LM-ATT-011"),
    "a certificate beside it": ({**WIRE, "signatures": [{**SIGNATURE, "cert": ""}]}, "LM-ATT-011"),
    "a signature of 63 bytes": ({**WIRE, "signatures": [{**SIGNATURE, "sig": base64.b64encode(RAW_SIGNATURE[:63]).decode()}]}, "LM-ATT-011"),
    "a signature of 65 bytes": ({**WIRE, "signatures": [{**SIGNATURE, "sig": base64.b64encode(RAW_SIGNATURE + b"0").decode()}]}, "LM-ATT-011"),
    "an empty signature": ({**WIRE, "signatures": [{**SIGNATURE, "sig": ""}]}, "LM-ATT-011"),
    "a signature without padding": ({**WIRE, "signatures": [{**SIGNATURE, "sig": SIGNATURE["sig"].rstrip("=")}]}, "LM-ATT-011"),
    "a signature in hex": ({**WIRE, "signatures": [{**SIGNATURE, "sig": RAW_SIGNATURE.hex()}]}, "LM-ATT-011"),
    "payload with a line end": ({**WIRE, "payload": WIRE["payload"] + "\n"}, "LM-ATT-011"),
    "payload in the other alphabet": ({**WIRE, "payload": "-_" + WIRE["payload"][2:]}, "LM-ATT-011"),
    "payload that is no base64": ({**WIRE, "payload": "é"}, "LM-ATT-011"),
}


@pytest.mark.attack("E04")
@pytest.mark.attack("E07")
@pytest.mark.parametrize(("tree", "code"), FORMS.values(), ids=FORMS)
def test_e04_e07_an_envelope_has_one_form(tree, code):
    with pytest.raises(IntegrityError) as caught:
        parse_envelope(json.dumps(tree).encode())
    assert caught.value.code == code
    assert caught.value.where == "the envelope"
    assert caught.value.solution


@pytest.mark.attack("E07")
@pytest.mark.parametrize("order", [7, 2 * 7])
def test_e07_a_signature_has_no_second_form(trust, order):
    """Ed25519 with s + L verifies in careless libraries: one act, two envelopes."""
    group = 2**252 + 27742317777372353535851937790883648493
    envelope = evidence()
    scalar = int.from_bytes(envelope.signature[32:], "little") + group * (order // 7)
    if scalar >= 2**256:
        pytest.skip("does not fit")
    again = replace(envelope, signature=envelope.signature[:32] + scalar.to_bytes(32, "little"))
    with pytest.raises(IntegrityError) as caught:
        verify_envelope(again, kind="test-run", index=5, trust=trust, registry=REGISTRY)
    assert caught.value.code == "LM-ATT-022"


@pytest.mark.parametrize(
    ("kind", "payload", "encoded"),
    [
        ("", b"", b"DSSEv1 0  0 "),
        ("http://example.com/HelloWorld", b"hello world", b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"),
        ("é", b"\0\xff", b"DSSEv1 2 \xc3\xa9 2 \0\xff"),
        (PAYLOAD_TYPE, b"{}", b"DSSEv1 28 application/vnd.in-toto+json 2 {}"),
    ],
)
def test_what_is_signed_is_the_encoding_of_dsse(kind, payload, encoded):
    assert pae(kind, payload) == encoded


@given(st.tuples(st.text(max_size=6), st.binary(max_size=6)), st.tuples(st.text(max_size=6), st.binary(max_size=6)))
def test_e03_no_two_payloads_are_signed_as_the_same_bytes(first, second):
    assert (pae(*first) == pae(*second)) == (first == second)


# ---- strict JSON

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same(value):
    data = format_json(value)
    assert parse_json(data) == value
    assert format_json(parse_json(data)) == data
    assert data.isascii()


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='{}[],:"\\u0123de.-+truefalsn \n\t', max_size=24))
def test_p01_it_reads_nothing_that_another_reader_does_not(text):
    """Stricter than `json`: whatever is read here is read there, as the same value."""
    try:
        value = parse_json(text.encode())
    except IntegrityError as error:
        assert error.code in {f"LM-INT-00{number}" for number in range(1, 7)}  # noqa: PT017
        return
    assert json.loads(text) == value


@pytest.mark.attack("P04")
@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1, 0, 1e308, 5e-324, -0.5])
def test_p04_numbers_up_to_the_limits_are_read(number):
    assert parse_json(json.dumps(number).encode()) == number


@pytest.mark.attack("P04")
@pytest.mark.parametrize("text", [str(2**53 + 1), str(-(2**53) - 1), "1e309", "-1e309", "NaN", "Infinity", "-Infinity", "9" * 400])
def test_p04_numbers_beyond_the_limits_are_not(text):
    for wrapped in (text, f"[{text}]", f'{{"a": {text}}}'):
        with pytest.raises(IntegrityError) as caught:
            parse_json(wrapped.encode())
        assert caught.value.code == "LM-INT-003", wrapped


# ---- trust policies


def vkey(name: str, key: str, *, hash_: str | None = None) -> str:
    text = format_vkey(make_key(name, signer(key).public_key))
    return text if hash_ is None else "+".join([name, hash_, text.split("+", 2)[2]])


GOOD = TrustPolicy("log.example/a", vkey("log.example/a", "log"), (signer("ada").public_key,), (vkey("w1.example", "w1"), vkey("w2.example", "w2")), 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"origin": "o" * 256, "log_key": vkey("o" * 255, "log")}, "origin must be"),
        ({"origin": "log.example/b"}, "the origin as its name"),
        ({"origin": "log.example"}, "the origin as its name"),
        ({"log_key": "log.example/a"}, "not a verifier key"),
        ({"log_key": vkey("log.example/a", "log", hash_="0A0A0A0A")}, "not a verifier key"),
        ({"log_key": vkey("log.example/a", "log", hash_="0a0a0a")}, "not a verifier key"),
        ({"log_key": vkey("log.example/a", "log") + "\n"}, "not a verifier key"),
        ({"witnesses": ("nonsense",)}, "not a verifier key"),
        ({"witnesses": (vkey("w1.example", "log"),)}, "WITNESS_NOT_INDEPENDENT: the witness w1.example has the key of the log"),
        ({"witnesses": (vkey("w1.example", "ada"),)}, "WITNESS_NOT_INDEPENDENT: the witness w1.example has the key of a root"),
        ({"witnesses": (vkey("w1.example", "w1"), vkey("w2.example", "w1"))}, "a key of its own"),
        ({"roots": (signer("ada").public_key,) * 2}, "a root stands twice"),
        ({"quorum": 3}, "a quorum of 3 cannot be reached with 2"),
        ({"quorum": 1, "witnesses": ()}, "a quorum of 1 cannot be reached with 0"),
    ],
)
@pytest.mark.attack("W03")
def test_w03_a_trust_policy_that_would_not_hold_is_not_written(change, words):
    with pytest.raises(UsageError) as caught:
        format_trust_policy(replace(GOOD, **change))
    assert caught.value.code == ("LM-ATT-090" if words.startswith("WITNESS_NOT_INDEPENDENT") else "LM-ATT-050")
    assert words in caught.value.reason
    assert caught.value.solution


@pytest.mark.parametrize("change", [{"quorum": 2}, {"quorum": 0}, {"witnesses": (), "quorum": 0}, {"origin": "o" * 255, "log_key": vkey("o" * 255, "log")}])
def test_a_trust_policy_at_its_limits_is_written_and_read(change):
    policy = replace(GOOD, **change)
    assert parse_trust_policy(format_trust_policy(policy)) == policy


@pytest.mark.parametrize(
    ("kind", "holder", "words"),
    [
        ("pipeline", person("ada"), "a pipeline key belongs to a machine"),
        ("person", None, "a person key belongs to a person"),
        ("root", None, "a root key belongs to a person"),
    ],
)
def test_a_key_belongs_to_a_person_or_to_a_machine(kind, holder, words):
    with pytest.raises(UsageError) as caught:
        key_event("enrol", public_key=signer("x").public_key, kind=kind, person=holder, reason="r", at=NOON)
    assert caught.value.code == "LM-ATT-041"
    assert words in caught.value.reason
