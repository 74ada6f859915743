"""Trust in keys by log index."""

import base64
import json

import pytest

from fakes.keyring import NOON, KeyLog, person, signer
from lotmark.attest.api import apply_key_event, build_payload, key_event, replay_trust, sign_payload, verify_envelope
from lotmark.attest.models import Person, Subject, Trust
from lotmark.base.errors import IntegrityError, UsageError

pytestmark = pytest.mark.verifies("REQ-004", "RC-002", "HAZ-003")


ADA = signer("ada").public_key


def _refusal(log):
    with pytest.raises(IntegrityError) as caught:
        _ = log.trust
    assert caught.value.solution
    return caught.value


def _evidence(event="enrol", name="pipeline", kind="pipeline", holder=None, **changes):
    arguments = {"public_key": signer(name).public_key, "kind": kind, "person": holder, "reason": "because", "at": NOON, **changes}
    return key_event(event, **arguments)


def _forged(change, *, by="ada", event="enrol", name="pipeline", kind="pipeline", holder=None):
    """An event whose predicate or subject was changed before a real key signed it."""
    tree = json.loads(build_payload(_evidence(event, name, kind, holder), KeyLog().registry))
    change(tree)
    return sign_payload(json.dumps(tree).encode(), signer(by))


def test_a_log_without_key_events_trusts_nobody():
    assert replay_trust([], [ADA]) == Trust()


def test_the_genesis_counts_from_entry_zero():
    log = KeyLog()
    (root,) = log.trust.keys
    assert (root.kind, root.person, root.name, root.email) == ("root", "ada", "Ada Example", "ada@example.org")
    assert (root.valid_from, root.valid_until) == (0, None)
    assert verify_envelope(log.events[0][1], kind="key-event", index=0, trust=log.trust, registry=log.registry).key == root


def test_a_key_counts_from_the_entry_after_its_enrolment_until_before_its_revocation():
    log = KeyLog()
    log.add("enrol", "pipeline", "pipeline", at=4)
    log.add("revoke", "pipeline", "pipeline", at=9)
    record = log.trust.find(signer("pipeline").key_id)
    assert (record.valid_from, record.valid_until) == (5, 9)
    assert (record.person, record.name, record.email) == ("", "pipeline", "")


def test_every_event_of_a_replayed_log_verifies_under_the_trust_that_came_of_it():
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "pipeline", "pipeline")
    log.add("enrol", "quinn", "person", by="beth")
    log.add("revoke", "ada", "root", by="beth")
    trust = log.trust
    for index, envelope in log.events:
        assert verify_envelope(envelope, kind="key-event", index=index, trust=trust, registry=log.registry).index == index


def test_events_may_be_tried_before_they_are_appended():
    log = KeyLog()
    envelope = sign_payload(build_payload(_evidence(), log.registry), signer("ada"))
    trust = apply_key_event(log.trust, 7, envelope, log.roots)
    assert trust.find(signer("pipeline").key_id).valid_from == 8
    assert log.trust.find(signer("pipeline").key_id) is None


@pytest.mark.attack("L08")
def test_a_log_whose_root_the_caller_does_not_hold_is_refused():
    log = KeyLog("mallory")
    log.roots = (ADA, signer("beth").public_key)
    assert _refusal(log).code == "LM-ATT-040"
    log.roots = ()
    assert _refusal(log).code == "LM-ATT-040"


def test_one_of_several_roots_may_open_the_log():
    log = KeyLog("beth")
    log.roots = (ADA, signer("beth").public_key)
    assert log.trust.keys[0].person == "beth"


@pytest.mark.parametrize("index", [1, 5])
def test_a_log_that_does_not_begin_with_its_genesis_is_refused(index):
    log = KeyLog()
    log.events = [(index, log.events[0][1])]
    assert _refusal(log).code == "LM-ATT-040"


def test_the_first_event_must_be_a_genesis():
    log = KeyLog()
    log.events = [(0, sign_payload(build_payload(_evidence(), log.registry), signer("ada")))]
    assert _refusal(log).code == "LM-ATT-041"


def test_a_genesis_speaks_for_the_key_that_signed_it():
    log = KeyLog()
    log.events = [(0, sign_payload(build_payload(_evidence("genesis", "mallory", "root", person("mallory")), log.registry), signer("ada")))]
    assert _refusal(log).code == "LM-ATT-041"


def test_a_forged_genesis_is_refused():
    log = KeyLog()
    genesis = log.events[0][1]
    forged = sign_payload(genesis.payload, signer("mallory"))
    log.events = [(0, type(genesis)(genesis.payload, genesis.payload_type, genesis.key_id, forged.signature, forged.raw))]
    assert _refusal(log).code == "LM-ATT-022"


def test_a_log_has_one_genesis_only():
    log = KeyLog()
    log.add("genesis", "beth", "root")
    assert "one genesis only" in _refusal(log).reason


@pytest.mark.attack("E09")
@pytest.mark.parametrize("kind", ["pipeline", "person", "log"])
def test_only_root_keys_enrol(kind):
    log = KeyLog()
    log.add("enrol", "other", kind)
    log.add("enrol", "mallory", "root", by="other")
    refusal = _refusal(log)
    assert refusal.code == "LM-ATT-023"
    assert refusal.where == "log entry 2"


@pytest.mark.attack("E09")
def test_nobody_enrols_himself():
    log = KeyLog()
    log.add("enrol", "mallory", "root", by="mallory")
    assert _refusal(log).code == "LM-ATT-020"


def test_an_enrolled_root_enrols_and_a_revoked_one_does_not():
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "pipeline", "pipeline", by="beth")
    log.add("revoke", "beth", "root")
    assert len(log.trust.keys) == 3
    log.add("enrol", "quinn", "person", by="beth")
    assert _refusal(log).code == "LM-ATT-021"


@pytest.mark.attack("E05")
@pytest.mark.parametrize("revoked", [False, True], ids=["valid key", "revoked key"])
@pytest.mark.parametrize("kind", ["person", "root"])
def test_a_key_is_enrolled_once_for_ever(revoked, kind):
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    if revoked:
        log.add("revoke", "quinn", "person")
    log.add("enrol", "quinn", kind)
    refusal = _refusal(log)
    assert refusal.code == "LM-ATT-041"
    assert "enrolled once" in refusal.reason


@pytest.mark.attack("E05")
def test_one_public_key_cannot_have_two_ids():
    log = KeyLog()
    log.append(_forged(lambda tree: (tree["predicate"]["key"].update(id="ab" * 32), tree["subject"][0].update(name="ab" * 32, digest={"sha256": "ab" * 32}))))
    assert "not that of the public key" in _refusal(log).reason


@pytest.mark.attack("E06")
def test_one_person_with_two_keys_stays_one_person():
    log = KeyLog()
    for name in ("quinn", "quinn-laptop"):
        evidence = _evidence(name=name, kind="person", holder=person("quinn"))
        log.append(sign_payload(build_payload(evidence, log.registry), signer("ada")))
    assert [key.person for key in log.trust.keys] == ["ada", "quinn", "quinn"]


def test_a_key_that_was_never_enrolled_is_not_revoked():
    log = KeyLog()
    log.add("revoke", "quinn", "person")
    assert "never enrolled" in _refusal(log).reason


def test_a_key_is_revoked_once():
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("revoke", "quinn", "person")
    log.add("revoke", "quinn", "person")
    assert "revoked before, at entry 2" in _refusal(log).reason


def test_a_revocation_names_the_key_as_it_was_enrolled():
    log = KeyLog()
    log.add("enrol", "pipeline", "pipeline")
    log.add("revoke", "pipeline", "log")
    assert "another purpose" in _refusal(log).reason


def test_a_root_does_not_revoke_itself():
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("revoke", "ada", "root")
    assert "another root key" in _refusal(log).reason


@pytest.mark.parametrize("second", [0, 3])
def test_events_come_in_log_order(second):
    log = KeyLog()
    log.add("enrol", "pipeline", "pipeline", at=3)
    log.add("enrol", "quinn", "person", at=second)
    assert _refusal(log).code == "LM-ATT-042"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda tree: tree["predicate"].update(event="grant"), "LM-ATT-018", id="unknown event"),
        pytest.param(lambda tree: tree["predicate"].update(more=1), "LM-ATT-018", id="unknown field"),
        pytest.param(lambda tree: tree["predicate"]["key"].update(algorithm="none"), "LM-ATT-025", id="algorithm none", marks=pytest.mark.attack("E10")),
        pytest.param(lambda tree: tree["predicate"]["key"].update(publicKey=base64.b64encode(b"x" * 31).decode()), "LM-ATT-018", id="key of 31 bytes"),
        pytest.param(lambda tree: tree["predicate"]["key"].update(kind="god"), "LM-ATT-018", id="unknown kind of key"),
        pytest.param(lambda tree: tree["predicate"].update(at="2026-13-01T00:00:00Z"), "LM-ATT-041", id="no such month"),
        pytest.param(
            lambda tree: tree["predicate"]["key"].update(publicKey=tree["predicate"]["key"]["publicKey"][:42] + "/="), "LM-ATT-041", id="other public key"
        ),
        pytest.param(lambda tree: tree["predicate"]["key"].update(publicKey="AQ" + "A" * 41 + "="), "LM-ATT-041", id="key of small order"),
        pytest.param(lambda tree: tree["predicate"].update(person={"id": "bob", "name": "Bob", "email": ""}), "LM-ATT-041", id="a machine's person"),
        pytest.param(lambda tree: tree["predicate"]["key"].update(kind="person"), "LM-ATT-041", id="nobody's personal key"),
        pytest.param(lambda tree: tree["predicate"].update(event="genesis"), "LM-ATT-041", id="genesis of a machine"),
        pytest.param(lambda tree: tree["predicate"].update(reason=" "), "LM-ATT-041", id="empty reason"),
        pytest.param(lambda tree: tree["subject"][0].update(name="somebody else's key"), "LM-ATT-041", id="other subject name"),
        pytest.param(lambda tree: tree["subject"][0].update(digest={"sha256": "ab" * 32}), "LM-ATT-041", id="other subject digest"),
    ],
)
def test_an_event_that_contradicts_itself_is_refused_though_a_root_signed_it(change, code):
    log = KeyLog()
    log.append(_forged(change))
    assert _refusal(log).code == code


@pytest.mark.attack("P11")
@pytest.mark.parametrize("field", ["name", "email"])
def test_control_characters_in_a_signed_name_are_refused(field):
    log = KeyLog()
    log.append(_forged(lambda tree: tree["predicate"]["person"].update({field: "Quinn\u202egnimmoD"}), name="quinn", kind="person", holder=person("quinn")))
    assert "control characters" in _refusal(log).reason


def test_an_event_says_what_it_is_about():
    evidence = _evidence("enrol", "quinn", "person", Person("quinn", "Quinn"))
    key_id = signer("quinn").key_id
    assert evidence.kind == "key-event"
    assert evidence.subjects == (Subject(key_id, {"sha256": key_id}),)
    assert evidence.name == f"enrol-{key_id[:12]}"
    assert evidence.predicate == {
        "event": "enrol",
        "key": {"id": key_id, "algorithm": "ed25519", "publicKey": base64.b64encode(signer("quinn").public_key).decode(), "kind": "person"},
        "person": {"id": "quinn", "name": "Quinn", "email": ""},
        "reason": "because",
        "at": "2026-11-23T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"public_key": b"x"}, "LM-ATT-037"),
        ({"public_key": bytes(32)}, "LM-ATT-037"),
        ({"reason": ""}, "LM-ATT-041"),
        ({"reason": "a\nb"}, "LM-ATT-041"),
        ({"event": "genesis"}, "LM-ATT-041"),
        ({"kind": "person"}, "LM-ATT-041"),
        ({"holder": person("quinn")}, "LM-ATT-041"),
        ({"kind": "person", "holder": Person("Quinn", "Quinn")}, "LM-ATT-041"),
        ({"kind": "person", "holder": Person("quinn\n", "Quinn")}, "LM-ATT-041"),
        ({"kind": "person", "holder": Person("quinn", "")}, "LM-ATT-041"),
        ({"kind": "person", "holder": Person("quinn", "Quinn\0")}, "LM-ATT-041"),
        ({"kind": "person", "holder": Person("quinn", "Quinn", "a\nb")}, "LM-ATT-041"),
    ],
)
def test_an_event_that_would_be_refused_is_not_made(changes, code):
    with pytest.raises(UsageError) as caught:
        _evidence(**changes)
    assert caught.value.code == code
