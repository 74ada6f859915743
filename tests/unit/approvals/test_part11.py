"""Behaviours that an electronic signature must show (21 CFR Part 11), each under its number, with real keys and real bytes."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from fakes.keyring import KeyLog, signer
from fakes.release_run import verified
from fakes.signing import NOON, PEOPLE, RUN, Desk, key, people, rules
from lotmark.approvals.api import (
    Tick,
    build_approval,
    check_may_sign,
    evaluate_approvals,
    find_person,
    next_signing,
    open_session,
    parse_people,
)
from lotmark.approvals.models import ApprovalStatus, Signing
from lotmark.approvals.predicates import APPROVAL, KINDS
from lotmark.attest.api import build_payload, format_json, parse_envelope, sign_payload, verify_envelope
from lotmark.attest.models import Envelope, Registry, Trust, Verified
from lotmark.base.clock import format_instant
from lotmark.base.errors import IntegrityError, LotmarkError, UsageError

pytestmark = pytest.mark.verifies("REQ-016", "REQ-017", "RC-002", "RC-012", "HAZ-003")

REGISTRY = Registry(KINDS)
LATER = NOON + timedelta(days=2)
AT = 61


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="module")
def keys() -> Trust:
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("enrol", "rene", "person")
    log.add("enrol", "pipeline", "pipeline")
    log.add("revoke", "quinn", "person", at=80)
    return log.trust


def judge(desk: Desk, *, trust: Trust | None = None, people_file=None, rules_file=None, at=LATER) -> ApprovalStatus:
    return evaluate_approvals(desk.decision, desk.entries, people_file or people().value, rules_file or rules(), trust or desk.trust, at)


def ignored(found: ApprovalStatus) -> list[str]:
    return [item.code for item in found.ignored]


def signed(desk: Desk, who: str = "quinn", *, role: str = "quality-owner", meaning: str = "approval", ordinal: int = 1) -> Envelope:
    """The real envelope of an approval, as the person's key makes it."""
    person = find_person(people().value, who)
    evidence = build_approval(
        desk.decision,
        person,
        role=role,
        meaning=meaning,
        reason="Reviewed the evidence",
        key_id=signer(who).key_id,
        signing=Signing(f"session of {who}", ordinal, ("key", "passphrase")),
        signed_at=NOON + timedelta(hours=1),
        zone="Europe/Berlin",
    )
    return sign_payload(build_payload(evidence, REGISTRY), signer(who))


def checked(envelope: Envelope, keys: Trust, index: int = AT) -> Verified:
    return verify_envelope(envelope, kind="approval", index=index, trust=keys, registry=REGISTRY)


def forged(envelope: Envelope, **changes) -> Envelope:
    """Other words above the old signature."""
    statement = json.loads(envelope.payload)
    statement["predicate"].update(changes)
    return replace(envelope, payload=format_json(statement))


# ---- T1: one byte


def test_t01_each_byte_of_what_was_signed_counts(desk, keys):
    envelope = signed(desk)
    checked(envelope, keys)
    for position in range(len(envelope.payload)):
        payload = bytearray(envelope.payload)
        payload[position] ^= 1
        with pytest.raises(IntegrityError) as caught:
            checked(replace(envelope, payload=bytes(payload)), keys)
        assert (caught.value.code, caught.value.where) == ("LM-ATT-022", f"log entry {AT}"), position


def test_t01_each_bit_of_the_signature_counts(desk, keys):
    envelope = signed(desk)
    for bit in range(len(envelope.signature) * 8):
        signature = bytearray(envelope.signature)
        signature[bit // 8] ^= 1 << bit % 8
        with pytest.raises(IntegrityError) as caught:
            checked(replace(envelope, signature=bytes(signature)), keys)
        assert caught.value.code == "LM-ATT-022", bit


@pytest.mark.attack("E13")
def test_t01_the_stored_form_is_read_once_and_says_the_same(desk, keys):
    envelope = signed(desk)
    again = checked(parse_envelope(envelope.raw), keys)
    assert again == checked(envelope, keys)
    wire = json.loads(envelope.raw)
    wire["payload"] = base64.b64encode(envelope.payload + b" ").decode()
    with pytest.raises(IntegrityError) as caught:
        checked(parse_envelope(json.dumps(wire).encode()), keys)
    assert caught.value.code == "LM-ATT-022"


# ---- T2: copied


@pytest.mark.parametrize(
    "changes",
    [
        {"meaning": "responsibility"},
        {"role": "regulatory"},
        {"version": "1.4.1"},
        {"run": "qpcr:RUN-0002"},
        {"product": "pump"},
        {"signedAt": "2026-11-23T13:00:00.001Z"},
        {"zone": "Europe/London"},
        {"reason": "Did not look"},
        {"record": {"kind": "decision", "payload": "00" * 32}},
        {"artifact": {"name": "qpcr-1.4.0.whl", "sha256": "bb" * 32}},
        {"evidenceRoot": "00" * 32},
        {"policySha256": "00" * 32},
        {"logSize": 0},
        {"session": {"id": "other", "ordinal": 1}},
        {"onBehalfOf": {"person": "rene", "delegation": "00" * 32}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_t02_a_signature_covers_every_value_that_was_shown(desk, keys, changes):
    with pytest.raises(IntegrityError) as caught:
        checked(forged(signed(desk), **changes), keys)
    assert caught.value.code == "LM-ATT-022"


@pytest.mark.attack("E03")
def test_t02_a_signature_is_not_evidence_of_another_kind(desk, keys):
    for kind in ("approval-withdrawal", "delegation"):
        with pytest.raises(IntegrityError) as caught:
            verify_envelope(signed(desk), kind=kind, index=AT, trust=keys, registry=REGISTRY)
        assert caught.value.code == "LM-ATT-017"


def test_t02_a_signature_is_not_another_persons(desk, keys):
    envelope = replace(signed(desk), key_id=signer("rene").key_id)
    with pytest.raises(IntegrityError) as caught:
        checked(envelope, keys)
    assert caught.value.code == "LM-ATT-022"


def test_t02_a_true_signature_on_one_decision_does_not_count_for_the_next(desk):
    old = Desk(path="docs/index.md")
    made = old.sign("quinn")
    desk.add("approval", made.statement.predicate, made.key)
    found = judge(desk)
    assert ignored(found) == ["LM-APR-005"]
    assert found.accepted == ()


# ---- T3: what every rendering needs


@pytest.mark.parametrize("field", ["name", "signedAt", "zone", "meaning", "role", "reason"])
def test_t03_the_state_of_the_approvals_shows_name_time_zone_and_meaning(desk, field):
    desk.sign("quinn")
    (shown,) = judge(desk).to_wire()["accepted"]
    assert shown[field] == {
        "name": "Quinn Example",
        "signedAt": "2026-11-23T13:00:00.000Z",
        "zone": "Europe/Berlin",
        "meaning": "approval",
        "role": "quality-owner",
        "reason": "Reviewed the evidence",
    }[field]  # fmt: skip


@pytest.mark.parametrize("field", APPROVAL.body.__struct_encode_fields__)
def test_t03_a_signature_that_lacks_something_shown_never_counts(desk, field):
    made = desk.sign("quinn")
    predicate = {name: value for name, value in made.statement.predicate.items() if name != field}
    desk.later = [verified("approval", predicate, AT, by=made.key)]
    found = judge(desk)
    assert ignored(found) == ["LM-APR-017"]
    assert [item.have for item in found.missing] == [0, 0]


# ---- T4: renamed


def test_t04_an_old_signature_keeps_the_old_name_a_new_one_takes_the_new(desk):
    desk.sign("quinn")
    renamed = parse_people(PEOPLE.replace(b"Quinn Example", b"Quinn Newname"), name="people.yaml").value
    newname = {"person": "quinn", "name": "Quinn Newname", "email": "quinn@example.org"}
    desk.sign("quinn", "regulatory", "review", signer=newname)
    found = judge(desk, people_file=renamed)
    shown = {item.name for item in found.accepted} | {item.reason for item in found.ignored}
    assert "Quinn Example" in {item.name for item in found.accepted}
    assert ignored(found) == ["LM-APR-008"], shown


def test_t04_a_third_name_is_nobodys(desk):
    desk.sign("quinn", signer={"person": "quinn", "name": "Quinn Former", "email": "quinn@example.org"})
    assert ignored(judge(desk)) == ["LM-APR-004"]


# ---- T5: both components, and after what again

OPEN = {"person": "quinn", "key_id": "ab" * 32, "roles": ("quality-owner",)}


def _session():
    fresh = open_session("s", "quinn", "ab" * 32, ("quality-owner",), Tick(NOON, 1000))
    used, _ = next_signing(fresh, **OPEN, components=("key", "passphrase"), now=Tick(NOON, 1000))
    return used


@pytest.mark.parametrize(
    ("wall", "steady", "holds"),
    [
        (900, 900, True),
        (900.5, 900.5, False),
        (60, 55, True),
        (60, 54.9, False),
        (55, 60, True),
        (54.9, 60, False),
        (0, 0, True),
        (0, -0.1, False),
        (-0.1, -0.1, False),
        (3600, 60, False),
    ],
    ids=["idle to the second", "idle over", "jump at limit", "jump over", "back at limit", "back over", "at once", "restart", "both back", "clock set"],
)
def test_t05_the_limits_of_a_session_to_the_second(wall, steady, holds):
    now = Tick(NOON + timedelta(seconds=wall), 1000 + steady)
    if holds:
        _, made = next_signing(_session(), **OPEN, components=("key",), now=now)
        assert made == Signing("s", 2, ("key",))
        return
    with pytest.raises(LotmarkError) as caught:
        next_signing(_session(), **OPEN, components=("key", "passphrase"), now=now)
    assert caught.value.code == "LM-APR-021"


@pytest.mark.parametrize(("seconds", "holds"), [(8 * 3600, True), (8 * 3600 + 1, False)], ids=["eight hours", "a second more"])
def test_t05_a_session_lasts_eight_hours_at_most(seconds, holds):
    session = _session()
    for passed in range(600, seconds, 600):
        session, _ = next_signing(session, **OPEN, components=("key",), now=Tick(NOON + timedelta(seconds=passed), 1000 + passed))
    last = Tick(NOON + timedelta(seconds=seconds), 1000 + seconds)
    if holds:
        next_signing(session, **OPEN, components=("key",), now=last)
    else:
        with pytest.raises(LotmarkError, match="over"):
            next_signing(session, **OPEN, components=("key",), now=last)


def test_t05_the_log_is_the_judge_not_the_page(desk):
    """A client that skips the session and signs with the key alone gains nothing."""
    desk.sign("quinn", session="s", ordinal=2, components=("key",))
    desk.sign("rene", "regulatory", "review", session="s", ordinal=1, components=("passphrase",))
    assert ignored(judge(desk)) == ["LM-APR-012", "LM-APR-012"]


@pytest.mark.parametrize("components", [("key", "key"), ("passphrase", "passphrase")])
def test_t05_one_component_given_twice_is_one(desk, components):
    desk.sign("quinn", components=components)
    assert ignored(judge(desk)) == ["LM-APR-012"]


# ---- T6: two records, two signatures


def test_t06_two_acts_of_one_session_are_two_entries_with_their_own_numbers(desk):
    first = desk.sign("quinn", session="s", ordinal=1)
    second = desk.sign("quinn", "regulatory", "review", session="s", ordinal=2, components=("key",))
    assert first.index != second.index
    assert first.envelope.payload_digest != second.envelope.payload_digest
    assert ignored(judge(desk)) == ["LM-APR-008"], "both hold; one person fills one place"


def test_t06_a_signature_names_the_one_record_that_was_displayed(desk):
    made = desk.sign("quinn")
    assert made.statement.predicate["record"] == {"kind": "decision", "payload": desk.decision.envelope.payload_digest.hex}
    several = {**made.statement.predicate, "record": [made.statement.predicate["record"]] * 2}
    desk.later = [verified("approval", several, AT, by=made.key)]
    assert ignored(judge(desk)) == ["LM-APR-017"]


# ---- T8: an id is given once


@pytest.mark.parametrize("state", [b"", b", active: false"], ids=["active", "deactivated"])
def test_t08_the_id_of_who_has_left_is_not_given_again(state):
    line = b"  - {id: gone, name: Somebody Else, email: else@example.org, roles: [quality-owner]" + state + b"}\n"
    with pytest.raises(UsageError) as caught:
        parse_people(PEOPLE + line, name="people.yaml")
    assert caught.value.code == "LM-APR-030"
    assert "'gone'" in caught.value.reason


@pytest.mark.parametrize("address", [b"quinn@example.org", b"QUINN@Example.Org", b"quinn+2@example.org", b"dana@home.example"])
def test_t08_an_address_belongs_to_one_individual(address):
    line = b"  - {id: other, name: Other Example, email: " + address + b", roles: [regulatory]}\n"
    with pytest.raises(UsageError) as caught:
        parse_people(PEOPLE + line, name="people.yaml")
    assert caught.value.code == "LM-APR-030"


# ---- T10: lapsed training


def _ends(day: str) -> bytes:
    return PEOPLE.replace(b"2026-12-31", day.encode())


@pytest.mark.parametrize(("day", "code"), [("2026-11-22", "LM-APR-010"), ("2026-11-23", None), ("2026-11-24", None)])
def test_t10_training_ends_with_its_day_for_signing_and_for_counting(desk, day, code):
    trained = parse_people(_ends(day), name="people.yaml").value
    strict = msgspec.structs.replace(rules(), training_required=["SOP-012"])
    asked = {"person": "quinn", "role": "quality-owner", "meaning": "approval", "at": NOON + timedelta(hours=1)}
    if code:
        with pytest.raises(LotmarkError) as caught:
            check_may_sign(desk.decision, desk.entries, trained, strict, **asked)
        assert (caught.value.code, int(caught.value.exit_code)) == (code, 4)
    else:
        check_may_sign(desk.decision, desk.entries, trained, strict, **asked)
    desk.sign("quinn")
    assert ignored(judge(desk, people_file=trained, rules_file=strict)) == ([code] if code else [])


def test_t10_without_training_nobody_rejects_either_but_authorship_of_the_untrained_is_refused_alike(desk):
    strict = msgspec.structs.replace(rules(), training_required=["SOP-012"])
    desk.sign("clio", "clinical", "rejection")
    desk.sign("dana", "developer", "authorship")
    found = judge(desk, rules_file=strict)
    assert ignored(found) == ["LM-APR-010", "LM-APR-010"]
    assert not found.rejected


# ---- T11: separated duties


@pytest.mark.attack("A02")
@pytest.mark.parametrize("meaning", ["review", "approval", "responsibility", "risk-acceptance"])
def test_t11_an_author_signs_nothing_but_his_authorship_or_a_rejection(desk, meaning):
    desk.sign("dana", "quality-owner", meaning)
    assert ignored(judge(desk)) == ["LM-APR-001"]


@pytest.mark.parametrize("meaning", ["authorship", "rejection"])
def test_t11_authorship_and_rejection_need_no_distance(desk, meaning):
    desk.sign("dana", "quality-owner", meaning)
    assert ignored(judge(desk)) == []


def test_t11_what_is_refused_before_signing_does_not_count_after_it(desk):
    """The two sides of the rule: told early, and judged from the log."""
    for person, role, meaning in [
        ("dana", "quality-owner", "approval"),
        ("omar", "quality-owner", "approval"),
        ("gone", "quality-owner", "approval"),
        ("clio", "regulatory", "review"),
    ]:
        fresh = Desk()
        with pytest.raises(LotmarkError) as caught:
            check_may_sign(fresh.decision, fresh.entries, people().value, rules(), person=person, role=role, meaning=meaning, at=NOON + timedelta(hours=1))
        fresh.sign(person, role, meaning)
        assert ignored(judge(fresh)) == [caught.value.code], person


# ---- T12: before the evidence is complete


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "refused"},
        {"completeness": {"complete": False, "missing": ["sbom"]}},
        {"verdict": "accepted ", "completeness": {"complete": True, "missing": []}},
    ],
    ids=["refused", "incomplete", "another word"],
)
def test_t12_the_server_refuses_an_approval_before_the_evidence_is_complete(desk, changes):
    desk.decision = verified("decision", {**desk.decision.statement.predicate, **changes}, 60)
    with pytest.raises(LotmarkError) as caught:
        check_may_sign(
            desk.decision, desk.entries, people().value, rules(), person="quinn", role="quality-owner", meaning="approval", at=NOON + timedelta(hours=1)
        )
    assert caught.value.code == "LM-APR-013"
    desk.sign("quinn")
    desk.sign("rene", "regulatory", "review")
    found = judge(desk)
    assert not found.complete
    assert found.missing == ()
    assert [problem[:10] for problem in found.problems] == ["LM-APR-013"]


# ---- T14: the client's time


@pytest.mark.attack("T02")
@pytest.mark.parametrize(
    ("claimed", "now", "code"),
    [
        (NOON - timedelta(minutes=5), LATER, []),
        (NOON - timedelta(minutes=5, milliseconds=1), LATER, ["LM-APR-011"]),
        (LATER + timedelta(minutes=5), LATER, []),
        (LATER + timedelta(minutes=5, milliseconds=1), LATER, ["LM-APR-011"]),
        (NOON + timedelta(days=365), LATER, ["LM-APR-011"]),
    ],
    ids=["five minutes before", "more", "five minutes ahead", "more ahead", "a year ahead"],
)
def test_t14_a_claimed_time_is_held_against_the_log(desk, claimed, now, code):
    desk.sign("quinn", at=claimed)
    assert ignored(judge(desk, at=now)) == code


def test_t14_no_claimed_time_changes_the_order_of_the_log(desk):
    """A withdrawal that claims an earlier time than its signature still withdraws, by its place in the log."""
    made = desk.sign("quinn")
    desk.withdraw(made, "quinn", withdrawnAt=format_instant(NOON - timedelta(days=1)))
    assert ignored(judge(desk)) == ["LM-APR-007"]


# ---- T15: not enrolled


def test_t15_a_key_that_nobody_enrolled_signs_no_approval(desk):
    log = KeyLog()
    log.add("enrol", "rene", "person")
    with pytest.raises(IntegrityError) as caught:
        checked(signed(desk), log.trust)
    assert caught.value.code == "LM-ATT-020"


@pytest.mark.attack("A03")
@pytest.mark.parametrize("kind", ["pipeline", "log"])
def test_t15_a03_a_machine_signs_no_approval(desk, kind):
    log = KeyLog()
    log.add("enrol", "quinn", kind)
    with pytest.raises(IntegrityError) as caught:
        checked(signed(desk), log.trust)
    assert caught.value.code == "LM-ATT-023"


# ---- T16: a lost authenticator


@pytest.mark.attack("E08")
@pytest.mark.parametrize(("index", "counts"), [(1, False), (2, True), (79, True), (80, False), (81, False)])
def test_t16_a_revoked_key_counts_up_to_its_revocation(desk, keys, index, counts):
    envelope = signed(desk)
    if counts:
        assert checked(envelope, keys, index).key.person == "quinn"
        return
    with pytest.raises(IntegrityError) as caught:
        checked(envelope, keys, index)
    assert caught.value.code == "LM-ATT-021"


def test_t16_revoking_one_key_leaves_the_others_and_the_earlier_signatures(desk):
    first = desk.sign("quinn")
    desk.sign("rene", "regulatory", "review")
    desk.keys = [key("quinn", valid_until=first.index + 1), key("rene")]
    assert judge(desk).complete
    desk.sign("quinn", "regulatory", "review")
    assert ignored(judge(desk)) == ["LM-APR-016"]


# ---- T18: superseded, and still as it was


def test_t18_what_a_withdrawn_signature_said_stays_readable(desk):
    made = desk.sign("quinn")
    before = dict(made.statement.predicate)
    desk.withdraw(made, "quinn")
    found = judge(desk)
    (shown,) = found.ignored
    assert (shown.person, shown.index, shown.payload) == ("quinn", made.index, made.envelope.payload_digest.hex)
    kept = next(entry for entry in desk.entries if entry.index == made.index)
    assert kept.statement.predicate == before
    assert before["run"] == RUN
