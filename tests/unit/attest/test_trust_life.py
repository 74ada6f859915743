"""A key's whole life: rotation with overlap, loss, compromise, and what several root persons must sign together."""

import json

import pytest

from fakes.keyring import NOON, KeyLog, person, signer
from lotmark.attest.api import (
    apply_key_event,
    build_payload,
    key_event,
    key_id_of,
    log_keys_at,
    parse_key_event,
    replay_trust,
    sign_payload,
    threshold_event,
    verify_envelope,
)
from lotmark.attest.models import Evidence, KeyRecord, PredicateKind, Registry, Subject, Trust, count_signers
from lotmark.attest.predicates import Rotation
from lotmark.base.errors import IntegrityError, UsageError

pytestmark = pytest.mark.verifies("REQ-330", "REQ-331", "RC-330", "RC-331", "REQ-004", "RC-002", "HAZ-003")


def refusal(log, words=""):
    with pytest.raises(IntegrityError) as caught:
        _ = log.trust
    assert words in caught.value.reason
    assert caught.value.solution
    return caught.value


def counts(log, name):
    """The indices up to the log's end, and a little beyond, at which the key counts."""
    return [index for index in range(log.size + 9) if log.key(name).is_valid_at(index)]


@pytest.fixture
def trio():
    """ada, beth and carl are root persons and two of them must sign."""
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "carl", "root")
    log.threshold(2)
    return log


# ---- rotation


@pytest.mark.parametrize("overlap", [0, 1, 7])
@pytest.mark.parametrize(("name", "kind"), [("quinn", "person"), ("p1", "pipeline"), ("log", "log"), ("beth", "root")])
def test_a_key_is_followed_by_another_and_both_count_for_the_overlap(name, kind, overlap):
    log = KeyLog()
    log.add("enrol", name, kind)
    index = log.add("rotate", name, kind, next_key="next", overlap=overlap)
    assert log.span(name) == (2, index + 1 + overlap)
    assert log.span("next") == (index + 1, None)
    assert (log.key("next").kind, log.key("next").person) == (kind, log.key(name).person)
    assert log.key(name).ended_by == "rotate"
    both = set(counts(log, name)) & set(counts(log, "next"))
    assert len(both) == overlap


def test_a_root_rotates_its_own_key():
    log = KeyLog()
    index = log.add("rotate", "ada", "root", next_key="ada2")
    log.add("enrol", "quinn", "person", by="ada2")
    assert log.span("ada") == (0, index + 1)
    log.add("enrol", "rene", "person", by="ada")
    assert refusal(log).code == "LM-ATT-021"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"next_key": "p2"}, "enrolled once"),
        ({"next_key": "ada"}, "enrolled once"),
    ],
)
def test_a_successor_is_a_fresh_key(more, words):
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("enrol", "p2", "pipeline")
    log.add("rotate", "p1", "pipeline", **more)
    refusal(log, words)


@pytest.mark.parametrize("first", ["rotate", "revoke", "lost"])
def test_a_key_that_ends_is_not_rotated(first):
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add(first, "p1", "pipeline", **({"next_key": "p2", "overlap": 100} if first == "rotate" else {}))
    log.add("rotate", "p1", "pipeline", next_key="p3")
    refusal(log, "rotated or ended before")


def test_a_rotated_key_may_be_revoked_before_its_overlap_is_over():
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("rotate", "p1", "pipeline", next_key="p2", overlap=50)
    index = log.add("revoke", "p1", "pipeline")
    assert (log.span("p1"), log.key("p1").ended_by) == ((2, index), "revoke")


def test_a_revocation_after_the_overlap_contradicts_the_log():
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("rotate", "p1", "pipeline", next_key="p2", overlap=2)
    log.add("revoke", "p1", "pipeline", at=20)
    refusal(log, "revoked before, at entry 5")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"successor": b""}, id="no key"),
        pytest.param({"successor": bytes(32)}, id="small order"),
        pytest.param({"successor": signer("p1").public_key}, id="itself"),
        pytest.param({"successor": signer("p2").public_key, "overlap": -1}, id="negative overlap"),
        pytest.param({"successor": signer("p2").public_key, "overlap": 2**33}, id="endless overlap"),
    ],
)
def test_a_rotation_that_would_be_refused_is_not_made(change):
    with pytest.raises(UsageError) as caught:
        key_event("rotate", public_key=signer("p1").public_key, kind="pipeline", person=None, reason="x", at=NOON, **change)
    assert caught.value.code in {"LM-ATT-037", "LM-ATT-041"}


def test_a_rotation_speaks_of_both_keys():
    evidence = key_event("rotate", public_key=signer("p1").public_key, kind="pipeline", person=None, reason="x", at=NOON, successor=signer("p2").public_key)
    assert [subject.name for subject in evidence.subjects] == [signer("p1").key_id, signer("p2").key_id]


@pytest.mark.parametrize("change", ["one subject", "swapped", "other kind"])
def test_a_rotation_that_contradicts_itself_is_refused_though_a_root_signed_it(change):
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    tree = json.loads(log.event("rotate", "p1", "pipeline", next_key="p2"))
    if change == "one subject":
        tree["subject"].pop()
    elif change == "swapped":
        tree["subject"].reverse()
    else:
        tree["predicate"]["successor"]["kind"] = "log"
    log.append(sign_payload(json.dumps(tree).encode(), signer("ada")))
    assert refusal(log).code == "LM-ATT-041"


# ---- loss and compromise


def test_a_lost_key_counts_until_it_is_reported():
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    index = log.add("lost", "quinn", "person", at=9)
    assert (log.span("quinn"), log.key("quinn").ended_by, log.key("quinn").disowned) == ((2, index), "lost", None)


@pytest.mark.parametrize(("counts_before", "span", "disowned"), [(0, (2, 2), (2, 9)), (2, (2, 2), (2, 9)), (5, (2, 5), (5, 9)), (9, (2, 9), None)])
def test_a_compromised_key_counts_before_the_index_that_is_named(counts_before, span, disowned):
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("compromised", "quinn", "person", at=9, counts_before=counts_before)
    key = log.key("quinn")
    assert (log.span("quinn"), key.disowned, key.ended_by) == (span, disowned, "compromised")
    assert [index for index in range(12) if log.trust.is_disowned(key.key_id, index)] == list(range(*disowned) if disowned else [])


def test_a_compromise_may_be_found_out_after_the_key_was_revoked():
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("revoke", "quinn", "person", at=9)
    log.add("compromised", "quinn", "person", at=15, counts_before=4)
    assert (log.span("quinn"), log.key("quinn").disowned) == ((2, 4), (4, 9))
    log.add("compromised", "quinn", "person", counts_before=3)
    assert (log.span("quinn"), log.key("quinn").disowned) == ((2, 3), (3, 9))


@pytest.mark.parametrize("counts_before", [4, 5, 9, 20])
def test_a_compromise_never_lets_a_key_count_longer(counts_before):
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("compromised", "quinn", "person", at=15, counts_before=4)
    log.add("compromised", "quinn", "person", at=16, counts_before=counts_before)
    refusal(log)


def test_what_a_stolen_root_gave_falls_and_what_it_took_stays():
    """mallory had beth's key from entry 5 on: she enrolled a person, and revoked quinn. The person falls, quinn stays revoked."""
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "quinn", "person", by="beth")
    log.add("enrol", "rene", "person")
    assert log.size == 4
    log.add("enrol", "mallory", "root", by="beth", at=5)
    log.add("enrol", "eve", "person", by="mallory")
    log.add("revoke", "quinn", "person", by="beth")
    log.add("rotate", "rene", "person", by="beth", next_key="rene2")
    end = log.add("compromised", "beth", "root", counts_before=5)
    assert log.span("beth") == (2, 5)
    assert log.span("mallory") == (6, 6)
    assert log.span("eve") == (7, 7)
    assert log.key("eve").disowned == (7, end)
    assert log.span("rene2") == (9, 9)
    assert log.span("quinn") == (3, 7), "what was taken away stays taken away"
    assert log.span("rene") == (4, 9)


def test_what_honest_roots_signed_too_does_not_fall(trio):
    trio.add("enrol", "quinn", "person", by="ada beth")
    late = trio.event("enrol", "rene", "person")
    trio.sign(late, "beth carl")
    trio.sign(late, "ada")  # a third person stands behind it after it took effect
    trio.add("compromised", "beth", "root", by="ada carl", counts_before=0)
    assert trio.span("rene")[1] is None
    assert trio.span("quinn")[0] == trio.span("quinn")[1]


def test_a_compromise_needs_signers_who_outlive_it():
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("compromised", "ada", "root", by="beth", counts_before=0)
    refusal(log, "its own signature does not count")


@pytest.mark.parametrize("event", ["revoke", "lost", "compromised"])
def test_nobody_ends_the_key_he_signs_with(event):
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add(event, "beth", "root", by="beth", **({"counts_before": 2} if event == "compromised" else {}))
    refusal(log, "another root key")


@pytest.mark.parametrize("event", ["revoke", "lost"])
def test_the_last_log_key_stays(event):
    log = KeyLog()
    log.add("enrol", "log", "log")
    log.add(event, "log", "log")
    refusal(log, "no log key would be left")


def test_a_disowned_signature_is_told_apart_from_one_that_never_counted():
    kind = PredicateKind("thing", "urn:thing", "", "", frozenset({"pipeline"}))
    registry = Registry([kind])
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    log.add("compromised", "p1", "pipeline", at=9, counts_before=4)
    envelope = sign_payload(build_payload(Evidence("thing", (Subject("a", {"sha256": "ab" * 32}),), {}), registry), signer("p1"))
    assert verify_envelope(envelope, kind="thing", index=3, trust=log.trust, registry=registry)
    for index, words in ((1, "counts from entry 2"), (4, "was disowned from entry 4"), (8, "was disowned"), (9, "to before 4")):
        with pytest.raises(IntegrityError, match=words) as caught:
            verify_envelope(envelope, kind="thing", index=index, trust=log.trust, registry=registry)
        assert caught.value.code == "LM-ATT-021"


# ---- thresholds


def test_an_event_takes_effect_at_the_entry_of_its_last_needed_signature(trio):
    payload = trio.event("enrol", "quinn", "person")
    first = trio.sign(payload, "ada")
    assert trio.trust.find(signer("quinn").key_id) is None
    (waiting,) = trio.trust.proposals
    assert (waiting.index, waiting.signers) == (first, (signer("ada").key_id,))
    trio.add("enrol", "rene", "person", by="beth carl")
    index = trio.sign(payload, "carl")
    assert trio.span("quinn") == (index + 1, None)
    assert trio.trust.proposals == ()


@pytest.mark.attack("E06")
def test_e06_two_keys_of_one_person_are_one_signature():
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "ada2", "root", holder="ada")
    log.threshold(2)
    payload = log.event("enrol", "quinn", "person")
    log.sign(payload, "ada ada2")
    assert log.trust.find(signer("quinn").key_id) is None
    log.sign(payload, "beth")
    assert log.key("quinn")


@pytest.mark.attack("E05")
def test_e05_thresholds_count_public_keys_and_persons():
    def key(public, who, key_id):
        return KeyRecord(key_id, "ed25519", public, "root", who, who, 0, None)

    one, two = signer("a").public_key, signer("b").public_key
    assert count_signers([key(one, "ada", "1"), key(one, "ada", "2")]) == 1
    assert count_signers([key(one, "ada", "1"), key(one, "beth", "2")]) == 1
    assert count_signers([key(one, "ada", "1"), key(two, "ada", "2")]) == 1
    assert count_signers([key(one, "ada", "1"), key(two, "beth", "2")]) == 2
    assert count_signers([key(one, "", "1"), key(two, "beth", "2")]) == 1, "a machine is nobody"
    assert count_signers([]) == 0


def test_a_signer_who_was_ended_meanwhile_does_not_count(trio):
    payload = trio.event("enrol", "quinn", "person")
    trio.sign(payload, "ada")
    trio.add("rotate", "ada", "root", by="beth carl", next_key="ada2")
    trio.sign(payload, "beth")
    assert trio.trust.find(signer("quinn").key_id) is None
    trio.sign(payload, "carl")
    assert trio.key("quinn")


def test_nobody_signs_one_event_twice(trio):
    payload = trio.event("enrol", "quinn", "person")
    trio.sign(payload, "ada ada")
    refusal(trio, "signed this very event before")


def test_a_threshold_is_not_raised_beyond_those_who_are_there(trio):
    trio.threshold(3, by="ada beth")
    assert trio.trust.root_threshold == 3
    trio.sign(trio.threshold_event(4), "ada beth carl")
    refusal(trio, "fewer than the 4 root persons")


def test_nobody_leaves_fewer_root_persons_than_an_event_needs(trio):
    trio.add("revoke", "carl", "root", by="ada beth")
    assert trio.trust.root_threshold == 2
    trio.add("lost", "beth", "root", by="ada beth")
    refusal(trio)


def test_a_lower_threshold_is_agreed_under_the_higher_one(trio):
    payload = trio.threshold_event(1)
    trio.sign(payload, "ada")
    assert trio.trust.root_threshold == 2
    trio.sign(trio.threshold_event(1), "beth carl")
    assert trio.trust.root_threshold == 1


def test_two_of_three_replace_a_lost_root(trio):
    trio.add("lost", "ada", "root", by="beth carl")
    trio.add("enrol", "ada2", "root", by="beth carl", holder="ada")
    trio.add("enrol", "quinn", "person", by="ada2 beth")
    assert trio.key("quinn").valid_until is None


def test_a_threshold_that_a_stolen_root_set_falls_with_it_but_not_by_fewer_than_it_asks_for():
    """Under a threshold of one the thief may ask for two; then one honest person alone cannot undo it."""
    log = KeyLog()
    log.add("enrol", "beth", "root")
    log.add("enrol", "mallory", "root", by="beth")
    log.threshold(2, by="beth")
    log.add("compromised", "beth", "root", by="ada", counts_before=2)
    assert log.trust.root_threshold == 2
    assert len(log.trust.proposals) == 1
    log.sign(log.event("compromised", "beth", "root", counts_before=2), "ada mallory")
    refusal(log, "its own signature does not count")


@pytest.mark.parametrize("change", ["one key too few", "one too many", "not sorted", "none"])
def test_a_threshold_event_names_exactly_the_keys_that_count(change):
    log = KeyLog()
    log.add("enrol", "beth", "root")
    tree = json.loads(log.threshold_event(2))
    keys = {
        "one key too few": tree["predicate"]["keys"][:1],
        "one too many": sorted([*tree["predicate"]["keys"], signer("mallory").key_id]),
        "not sorted": tree["predicate"]["keys"][::-1],
        "none": [],
    }[change]
    tree["predicate"]["keys"] = keys
    tree["subject"] = [{"name": key, "digest": {"sha256": key}} for key in keys]
    log.append(sign_payload(json.dumps(tree).encode(), signer("ada")))
    assert refusal(log).code in {"LM-ATT-041", "LM-ATT-018", "LM-ATT-015"}


@pytest.mark.parametrize("value", [0, 10, -1])
def test_a_threshold_is_between_one_and_nine(value):
    with pytest.raises(UsageError) as caught:
        threshold_event(value, KeyLog().trust.keys, reason="x", at=NOON)
    assert caught.value.code == "LM-ATT-041"


def test_a_caller_may_ask_for_several_of_his_roots(trio):
    """One stolen root key opens another log; it does not bring a second root person behind it."""
    roots = [signer(name).public_key for name in ("ada", "beth", "carl")]
    with pytest.raises(IntegrityError) as caught:
        replay_trust(trio.events, roots, root_threshold=2)
    assert (caught.value.code, "THRESHOLD: 1 of the 2" in caught.value.reason) == ("LM-ATT-043", True)
    trio.sign(trio.threshold_event(2), "beth carl")
    assert replay_trust(trio.events, roots, root_threshold=2).root_threshold == 2
    trio.threshold(3, by="beth carl ada")
    assert replay_trust(trio.events, roots, root_threshold=3).root_threshold == 3
    trio.sign(trio.threshold_event(1), "beth carl ada")
    for mine, wanted in ((roots[:2], 2), (roots, 3), (roots, 2)):
        with pytest.raises(IntegrityError):
            replay_trust(trio.events, mine, root_threshold=wanted)
    assert replay_trust([], roots, root_threshold=2) == Trust()


# ---- log keys, algorithms, what is read before it is signed


def test_the_callers_log_key_counts_until_it_is_followed():
    own = signer("log").public_key
    log = KeyLog()
    assert log_keys_at(log.trust, 5, own) == (own,)
    assert log_keys_at(Trust(), 0, own) == (own,)
    log.add("enrol", "log", "log", at=3)
    index = log.add("rotate", "log", "log", next_key="log2", overlap=2, at=10)
    new = signer("log2").public_key
    told = {size: log_keys_at(log.trust, size, own) for size in range(15)}
    assert told == {**dict.fromkeys(range(11), (own,)), index + 1: (own, new), index + 2: (own, new), index + 3: (new,), index + 4: (new,)}
    assert log_keys_at(log.trust, 14, signer("other").public_key) == (signer("other").public_key, new)


@pytest.mark.verifies("REQ-351")
def test_who_holds_a_later_log_key_learns_of_the_first_one_from_the_roots():
    """The checkpoints up to its enrolment are the first key's, and those between are by who counted there."""
    log = KeyLog()
    log.add("enrol", "log", "log", at=3)
    index = log.add("rotate", "log", "log", next_key="log2", overlap=0, at=10)
    first, later = signer("log").public_key, signer("log2").public_key
    told = {size: log_keys_at(log.trust, size, later) for size in range(13)}
    assert told == {**dict.fromkeys(range(index + 1), (later, first)), index + 1: (later,), index + 2: (later,)}


@pytest.mark.verifies("REQ-351")
def test_a_first_log_key_that_was_somebody_elses_from_its_beginning_on_counts_nowhere():
    log = KeyLog()
    start = log.add("enrol", "log", "log", at=3)
    log.add("enrol", "log2", "log", at=5)
    log.add("compromised", "log", "log", counts_before=start, at=8)
    later = signer("log2").public_key
    assert log_keys_at(log.trust, 0, later) == (later,)


def test_a_log_key_is_ed25519():
    from fakes.key_services import p256_key
    from lotmark.attest.api import KeySigner

    public = KeySigner(p256_key("log")).public_key
    with pytest.raises(UsageError, match="a log key is Ed25519"):
        key_event("enrol", public_key=public, kind="log", person=None, reason="x", at=NOON)
    evidence = key_event("enrol", public_key=public, kind="pipeline", person=None, reason="x", at=NOON)
    assert evidence.predicate["key"]["algorithm"] == "ecdsa-p256-sha256"


@pytest.mark.attack("E10")
@pytest.mark.parametrize("algorithm", ["none", "rsa", "ecdsa-p256-sha256", "ED25519", ""])
def test_e10_a_key_of_another_algorithm_than_it_says_is_refused(algorithm):
    log = KeyLog()
    tree = json.loads(log.event("enrol", "p1", "pipeline"))
    tree["predicate"]["key"]["algorithm"] = algorithm
    log.append(sign_payload(json.dumps(tree).encode(), signer("ada")))
    assert refusal(log).code == ("LM-ATT-041" if algorithm.startswith("ecdsa") else "LM-ATT-025")


def test_what_is_to_be_signed_is_read_strictly():
    log = KeyLog()
    log.add("enrol", "p1", "pipeline")
    payload = log.event("rotate", "p1", "pipeline", next_key="p2", overlap=3)
    event = parse_key_event(payload)
    assert isinstance(event, Rotation)
    assert (event.key.id, event.successor.id, event.overlap) == (signer("p1").key_id, signer("p2").key_id, 3)
    other = json.loads(payload)
    other["predicateType"] = "urn:thing"
    for bad in (b"", b"{}", json.dumps(other).encode(), payload.replace(b'"overlap":3', b'"overlap":-3')):
        with pytest.raises(IntegrityError):
            parse_key_event(bad)


def test_events_may_be_tried_without_being_kept(trio):
    before = trio.trust
    envelope = sign_payload(trio.event("enrol", "quinn", "person"), signer("ada"))
    after = apply_key_event(before, trio.size, envelope, trio.roots)
    assert len(after.proposals) == 1
    assert trio.trust == before
    assert after.find_proposal(envelope.payload_digest) is not None
    assert before.find_proposal(envelope.payload_digest) is None


def test_the_keys_of_a_kind_are_found(trio):
    assert {key.person for key in trio.trust.valid_at(trio.size, "root")} == {"ada", "beth", "carl"}
    assert trio.trust.valid_at(trio.size, "log") == ()
    assert not trio.trust.is_disowned("00" * 32, 1)
    assert key_id_of(signer("ada").public_key) == trio.trust.keys[0].key_id
    assert person("ada").id == "ada"
