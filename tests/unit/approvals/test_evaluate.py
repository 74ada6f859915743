"""Which signatures count. Behaviours T1-T20 and attacks A01-A11 are named where a test answers them."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from fakes.release_run import verified
from fakes.signing import NOON, RUN, Desk, key, people, rules
from lotmark.approvals.api import evaluate_approvals
from lotmark.approvals.models import ApprovalStatus, Person

pytestmark = pytest.mark.verifies("REQ-017", "RC-012", "HAZ-003")


replace_struct = msgspec.structs.replace
LATER = NOON + timedelta(days=2)


def status(desk: Desk, *, at=LATER, people_file=None, rules_file=None) -> ApprovalStatus:
    return evaluate_approvals(desk.decision, desk.entries, people_file or people().value, rules_file or rules(), desk.trust, at)


def reasons(desk: Desk, **given) -> list[tuple[str, str]]:
    return [(item.code, item.reason) for item in status(desk, **given).ignored]


def approved(desk: Desk) -> Desk:
    desk.sign("quinn")
    desk.sign("rene", "regulatory", "review")
    return desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nothing_signed_misses_everything(desk):
    found = status(desk)
    assert not found.complete
    assert [(item.role, item.meaning, item.count, item.have) for item in found.missing] == [("quality-owner", "approval", 1, 0), ("regulatory", "review", 1, 0)]
    assert found.problems == ()


def test_all_required_signatures_complete_it(desk):
    found = status(approved(desk))
    assert found.complete
    assert found.missing == ()
    assert found.ignored == ()
    assert [(item.name, item.role, item.meaning, item.counted) for item in found.accepted] == [
        ("Quinn Example", "quality-owner", "approval", True),
        ("Rene Example", "regulatory", "review", True),
    ]


def test_the_state_has_a_wire_form(desk):
    desk.sign("quinn")
    desk.sign("dana")
    desk.sign("clio", "clinical", "rejection")
    wire = status(desk).to_wire()
    assert wire["complete"] is False
    assert wire["rejected"] is True
    assert wire["missing"] == [{"role": "regulatory", "meaning": "review", "count": 1, "have": 0}]
    assert wire["accepted"][0]["signedAt"] == "2026-11-23T13:00:00.000Z"
    assert wire["accepted"][0]["zone"] == "Europe/Berlin"
    assert wire["accepted"][0]["onBehalfOf"] is None
    assert wire["ignored"][0]["code"] == "LM-APR-001"
    assert wire["rejections"][0]["person"] == "clio"
    assert wire["problems"] == []


@pytest.mark.attack("A02")
def test_an_author_does_not_approve(desk):
    """T11."""
    desk.sign("dana")
    assert reasons(desk) == [("LM-APR-001", "Dana Example is author of this change and cannot approve it")]


@pytest.mark.attack("A02")
@pytest.mark.parametrize(
    ("section", "name", "value", "duty"),
    [
        ("source", "authors", ["Quinn@Example.org"], "author"),
        ("source", "authors", ["quinn+git@example.org"], "author"),
        ("source", "committers", ["quinn@example.org"], "committer"),
        ("source", "lastPusher", "quinn@example.org", "last pusher"),
        ("source", "lastPusher", "quinn", "last pusher"),
        ("run", "operator", "quinn", "requester"),
        ("run", "operator", "quinn@example.org", "requester"),
    ],
)
def test_who_had_a_hand_in_it_does_not_approve(desk, section, name, value, duty):
    facts = {**desk.decision.statement.predicate["facts"]}
    facts[section] = {**facts[section], name: value}
    desk.decision = verified("decision", {**desk.decision.statement.predicate, "facts": facts}, 60)
    desk.sign("quinn")
    assert reasons(desk) == [("LM-APR-001", f"Quinn Example is {duty} of this change and cannot approve it")]


def test_an_author_under_another_address_does_not_approve(desk):
    facts = {**desk.decision.statement.predicate["facts"]}
    facts["source"] = {**facts["source"], "authors": ["dana@home.example"], "committers": [], "lastPusher": "", "commits": []}
    desk.decision = verified("decision", {**desk.decision.statement.predicate, "facts": facts}, 60)
    desk.sign("dana")
    assert [code for code, _ in reasons(desk)] == ["LM-APR-001"]


def test_the_address_in_the_signature_counts_too(desk):
    desk.sign("quinn", signer={"person": "quinn", "name": "Quinn Example", "email": "dana@example.org"})
    assert [code for code, _ in reasons(desk)] == ["LM-APR-001"]


def test_an_author_may_sign_his_authorship(desk):
    desk.sign("dana", "developer", "authorship")
    found = status(desk)
    assert [(item.person, item.counted) for item in found.accepted] == [("dana", False)]
    assert not found.complete


def test_a_duty_that_the_rules_leave_out_keeps_nobody_away(desk):
    tiers = [*rules().tiers]
    tiers[1] = replace_struct(tiers[1], may_not=["author"])
    facts = {**desk.decision.statement.predicate["facts"]}
    facts["run"] = {**facts["run"], "operator": "quinn"}
    desk.decision = verified("decision", {**desk.decision.statement.predicate, "facts": facts}, 60)
    desk.sign("quinn")
    assert reasons(desk, rules_file=replace_struct(rules(), tiers=tiers)) == []


@pytest.mark.attack("A01")
def test_a_role_that_is_not_held_does_not_count(desk):
    desk.sign("omar")
    assert reasons(desk) == [("LM-APR-002", "Omar Example does not hold the role 'quality-owner'")]


@pytest.mark.attack("A03")
@pytest.mark.parametrize("kind", ["pipeline", "root", "log"])
def test_only_a_persons_key_signs(desk, kind):
    forger = key("quinn", kind)
    desk.keys.append(forger)
    desk.sign("quinn", by=forger)
    assert [code for code, _ in reasons(desk)] == ["LM-APR-003"]


@pytest.mark.attack("A04")
@pytest.mark.parametrize(
    "changes",
    [
        {"signer": {"person": "quinn", "name": "Quinn Example", "email": ""}},
        {"authenticator": {"type": "passphrase-key", "keyId": "00" * 32, "components": ["key", "passphrase"]}},
        {"signer": {"person": "rene", "name": "Quinn Example", "email": ""}},
    ],
    ids=["another's id", "another key", "another's name"],
)
def test_a_signature_names_its_own_signer_and_key(desk, changes):
    desk.sign("rene", "regulatory", "review", **changes)
    assert [code for code, _ in reasons(desk)] == ["LM-APR-004"]


def test_a_renamed_person_has_signed_under_the_old_name(desk):
    """T4."""
    approved(desk)
    renamed = [Person(id=p.id, name="Quinn Newname" if p.id == "quinn" else p.name, email=p.email, roles=p.roles) for p in people().value.people]
    found = status(desk, people_file=replace_struct(people().value, people=renamed))
    assert found.complete
    assert found.accepted[0].name == "Quinn Example"


def test_a_name_as_of_today_is_the_signers_too(desk):
    desk.keys = [replace(item, name="Old Name") for item in desk.keys]
    desk.sign("quinn", by=replace(key("quinn"), name="Old Name"))
    assert reasons(desk) == []


def test_a_stranger_with_a_key_is_nobody_here(desk):
    stranger = key("mallory")
    desk.keys.append(stranger)
    body = {"person": "mallory", "name": "Mallory Example", "email": ""}
    desk.sign("quinn", by=stranger, signer=body)
    assert reasons(desk) == [("LM-APR-015", "'mallory' is not an active person of this product")]


def test_who_has_left_does_not_sign(desk):
    desk.sign("gone")
    assert [code for code, _ in reasons(desk)] == ["LM-APR-015"]


@pytest.mark.attack("A06")
@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"evidenceRoot": "00" * 32}, "evidence"),
        ({"policySha256": "00" * 32}, "policy"),
        ({"logSize": 59}, "log size"),
        ({"artifact": {"name": "qpcr-1.4.0.whl", "sha256": "dd" * 32}}, "artifact"),
        ({"version": "1.3.0"}, "version"),
        ({"record": {"kind": "decision", "payload": "00" * 32}}, "decision"),
        ({"evidenceRoot": "00" * 32, "policySha256": "00" * 32, "record": {"kind": "decision", "payload": "00" * 32}}, "evidence, policy"),
    ],
)
def test_a_signature_on_anything_else_is_stale_and_says_what_changed(desk, changes, what):
    """T1, T2."""
    desk.sign("quinn", **changes)
    assert reasons(desk) == [("LM-APR-005", f"stale: {what} changed after it was signed")]


@pytest.mark.parametrize("changes", [{"run": "qpcr:RUN-0002"}, {"product": "pump"}])
def test_a_signature_of_another_run_or_product_does_not_count(desk, changes):
    desk.sign("quinn", **changes)
    assert [code for code, _ in reasons(desk)] == ["LM-APR-006"]


def test_a_signature_before_its_decision_does_not_count(desk):
    made = desk.sign("quinn")
    desk.later = [verified("approval", made.statement.predicate, 3, by=made.key)]
    assert reasons(desk) == [("LM-APR-005", "it stands before the decision in the log")]


@pytest.mark.attack("T03")
@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON - timedelta(minutes=6), ["LM-APR-011"]),
        (NOON - timedelta(minutes=4), []),
        (LATER + timedelta(minutes=4), []),
        (LATER + timedelta(minutes=6), ["LM-APR-011"]),
    ],
)
def test_a_claimed_time_lies_between_decision_and_now(desk, at, code):
    desk.sign("quinn", at=at)
    assert [found for found, _ in reasons(desk)] == code


def test_the_first_signing_of_a_session_takes_both_components(desk):
    """T5."""
    desk.sign("quinn", components=("key",))
    assert [code for code, _ in reasons(desk)] == ["LM-APR-012"]


def test_a_later_signing_of_the_session_takes_one(desk):
    """T6: each record its own signature, each signature its own number."""
    desk.sign("quinn", session="s", ordinal=1, evidenceRoot="00" * 32)
    desk.sign("quinn", session="s", ordinal=2, components=("key",))
    assert [code for code, _ in reasons(desk)] == ["LM-APR-005"]
    assert [item.person for item in status(desk).accepted] == ["quinn"]


@pytest.mark.parametrize(("session", "ordinal", "who"), [("t", 2, "quinn"), ("s", 3, "quinn"), ("s", 2, "rene")])
def test_one_component_needs_the_signing_before_it(desk, session, ordinal, who):
    desk.sign("quinn", session="s", ordinal=1)
    role, meaning = ("quality-owner", "approval") if who == "quinn" else ("regulatory", "review")
    desk.sign(who, role, meaning, session=session, ordinal=ordinal, components=("key",))
    assert [code for code, _ in reasons(desk)] == ["LM-APR-012"]


def test_a_number_of_a_session_is_used_once(desk):
    desk.sign("quinn", session="s", ordinal=1, evidenceRoot="00" * 32)
    desk.sign("quinn", session="s", ordinal=1)
    assert reasons(desk)[1] == ("LM-APR-012", "the signing 1 of session s was used already")


@pytest.mark.parametrize(("until", "valid_from"), [(61, 0), (None, 62), (50, 0)])
def test_a_key_counts_between_enrolment_and_revocation(desk, until, valid_from):
    """T16."""
    desk.keys = [key("quinn", valid_from=valid_from, valid_until=until)]
    desk.sign("quinn")
    assert [code for code, _ in reasons(desk)] == ["LM-APR-016"]


def test_a_key_that_is_revoked_later_has_signed(desk):
    desk.keys = [key("quinn", valid_until=62)]
    desk.sign("quinn")
    assert reasons(desk) == []


def test_a_key_that_the_trust_does_not_know_does_not_count(desk):
    desk.keys = [replace(key("quinn"), public_key=b"?" * 32)]
    desk.sign("quinn")
    assert [code for code, _ in reasons(desk)] == ["LM-APR-016"]


def test_a_record_of_another_shape_does_not_count(desk):
    desk.sign("quinn", reason=5)
    assert reasons(desk) == [("LM-APR-017", "it does not have the published shape")]


@pytest.mark.parametrize(
    ("policies", "person", "code"),
    [
        (["SOP-012"], "quinn", []),
        (["SOP-012"], "rene", ["LM-APR-010"]),
        (["SOP-012", "SOP-013"], "quinn", ["LM-APR-010"]),
    ],
)
def test_lapsed_training_suspends_signing(desk, policies, person, code):
    """T10."""
    desk.sign(person, *(("quality-owner", "approval") if person == "quinn" else ("regulatory", "review")))
    found = reasons(desk, rules_file=replace_struct(rules(), training_required=policies))
    assert [item for item, _ in found] == code


def test_training_ends_with_its_last_day(desk):
    desk.sign("quinn", at=NOON.replace(month=12, day=31))
    strict = replace_struct(rules(), training_required=["SOP-012"])
    assert reasons(desk, at=NOON.replace(year=2027), rules_file=strict) == []
    desk.later.clear()
    desk.sign("quinn", at=NOON.replace(year=2027, month=1, day=1))
    assert reasons(desk, at=NOON.replace(year=2027, month=2), rules_file=strict) == [
        ("LM-APR-010", "the training of Quinn Example on SOP-012 ended on 2026-12-31")
    ]


# ---- persons are counted ------------------------------------------------------------------------------------------


@pytest.mark.attack("E06")
def test_one_person_with_two_roles_fills_one_signature(desk):
    desk.sign("quinn")
    desk.sign("quinn", "regulatory", "review")
    found = status(desk)
    assert not found.complete
    assert [item.have for item in found.missing] == [0]
    assert [item.code for item in found.ignored] == ["LM-APR-008"]


def test_who_can_fill_two_places_leaves_the_other_to_others(desk):
    """Quinn signed first as regulatory; Rene can only be regulatory, so Quinn has to count as quality owner."""
    desk.sign("quinn", "regulatory", "review")
    desk.sign("quinn")
    desk.sign("rene", "regulatory", "review")
    found = status(desk)
    assert found.complete
    assert [(item.person, item.role) for item in found.accepted if item.counted] == [("quinn", "quality-owner"), ("rene", "regulatory")]


@pytest.mark.attack("E06")
def test_one_person_with_two_keys_is_one(desk):
    second = key("quinn", seed="2")
    desk.keys.append(second)
    desk.sign("quinn")
    desk.sign("quinn", "regulatory", "review", by=second)
    assert not status(desk).complete


@pytest.mark.attack("E05")
def test_one_key_of_two_persons_is_one(desk):
    shared = replace(key("rene"), public_key=key("quinn").public_key)
    desk.keys = [key("quinn"), shared]
    desk.sign("quinn")
    desk.sign("rene", "regulatory", "review", by=shared)
    assert not status(desk).complete


def test_a_second_signature_of_the_same_kind_is_shown_as_such(desk):
    approved(desk)
    desk.sign("quinn")
    found = status(desk)
    assert found.complete
    assert [(item.code, item.person) for item in found.ignored] == [("LM-APR-008", "quinn")]


def test_more_signatures_than_needed_are_shown(desk):
    approved(desk)
    desk.sign("clio", "clinical", "responsibility")
    found = status(desk)
    assert [(item.person, item.counted) for item in found.accepted] == [("quinn", True), ("rene", True), ("clio", False)]


# ---- the decision itself ------------------------------------------------------------------------------------------


def test_a_refused_decision_cannot_be_approved():
    """T12."""
    desk = approved(Desk(verdict="refused"))
    found = status(desk)
    assert not found.complete
    assert found.problems == ("LM-APR-013: the decision is a refusal: there is nothing to approve",)


@pytest.mark.attack("A09")
def test_a_newer_decision_makes_the_older_stale(desk):
    approved(desk)
    desk.add("decision", desk.decision.statement.predicate, desk.decision.key)
    assert status(desk).problems == ("LM-APR-005: a newer decision stands at entry 63",)


@pytest.mark.attack("A06")
def test_evidence_that_was_added_makes_it_stale(desk):
    approved(desk)
    desk.add("rebuild", {"run": RUN, "verdict": "DIFFERENT"}, desk.decision.key)
    assert status(desk).problems == ("LM-APR-005: evidence was added after the decision (rebuild at entry 63)",)


@pytest.mark.attack("A06")
def test_evidence_that_was_exchanged_makes_it_stale(desk):
    approved(desk)
    desk.run = desk.run[:-1]
    assert status(desk).problems == ("LM-APR-005: the evidence is not the one that was decided on",)


def test_entries_of_another_run_play_no_part(desk):
    approved(desk)
    desk.add("rebuild", {"run": "qpcr:RUN-0002"}, desk.decision.key)
    desk.add("decision", {"run": "qpcr:RUN-0002"}, desk.decision.key)
    assert status(desk).complete


@pytest.mark.parametrize("changes", [{"tier": {"name": "low", "reasons": ["because"]}}, {"required": []}])
def test_a_decision_that_asks_for_too_little_is_not_approved(desk, changes):
    desk.decision = verified("decision", {**desk.decision.statement.predicate, **changes}, 60)
    approved(desk)
    found = status(desk)
    assert not found.complete
    assert found.problems == ("LM-APR-022: the decision does not ask for the signatures of tier medium that the rules ask for",)


def test_the_highest_tier_asks_for_three():
    desk = Desk(path="src/qpcr/calling/ct.py")
    desk.sign("quinn")
    desk.sign("rene", "regulatory")
    assert [(item.role, item.meaning) for item in status(desk).missing] == [("clinical", "risk-acceptance")]
    desk.sign("clio", "clinical", "risk-acceptance")
    assert status(desk).complete


# ---- withdrawal and rejection --------------------------------------------------------------------------------------


def test_a_withdrawn_signature_does_not_count(desk):
    approved(desk)
    desk.withdraw(desk.later[0], "quinn")
    found = status(desk)
    assert not found.complete
    assert [(item.code, item.reason) for item in found.ignored] == [("LM-APR-007", "withdrawn at entry 63")]


@pytest.mark.parametrize(
    ("who", "index", "changes"),
    [
        ("rene", 0, {}),
        ("quinn", 61, {}),
        ("quinn", 0, {"approval": "00" * 32}),
        ("quinn", 0, {"reason": 5}),
        ("quinn", 0, {"signer": {"person": "rene", "name": "Rene Example", "email": ""}}),
    ],
    ids=["by another", "before it", "of another", "another shape", "in another's name"],
)
def test_what_is_no_withdrawal_withdraws_nothing(desk, who, index, changes):
    approved(desk)
    desk.withdraw(desk.later[0], who, index=index, **changes)
    assert status(desk).complete


def test_who_withdrew_may_sign_again(desk):
    approved(desk)
    desk.withdraw(desk.later[0], "quinn")
    desk.sign("quinn")
    assert status(desk).complete


def test_a_rejection_closes_whatever_others_sign(desk):
    desk.sign("clio", "clinical", "rejection")
    found = status(approved(desk))
    assert found.rejected
    assert not found.complete
    assert found.missing == ()
    assert found.rejections[0].reason == "Reviewed the evidence"


def test_a_rejection_of_an_earlier_decision_of_the_run_still_closes(desk):
    desk.sign("clio", "clinical", "rejection", record={"kind": "decision", "payload": "00" * 32}, evidenceRoot="00" * 32, logSize=20)
    assert status(approved(desk)).rejected


def test_a_rejection_of_another_run_does_not(desk):
    desk.sign("clio", "clinical", "rejection", run="qpcr:RUN-0002")
    assert status(approved(desk)).complete


def test_a_rejection_can_be_withdrawn(desk):
    rejection = desk.sign("clio", "clinical", "rejection")
    desk.withdraw(rejection, "clio")
    assert status(approved(desk)).complete


def test_an_author_may_reject_his_own_change(desk):
    desk.sign("dana", "developer", "rejection")
    assert status(desk).rejected


def test_a_rejection_of_a_stranger_closes_nothing(desk):
    desk.sign("gone", "quality-owner", "rejection")
    assert not status(desk).rejected


# ---- delegation ----------------------------------------------------------------------------------------------------


def test_a_delegate_signs_as_himself_on_behalf(desk):
    delegation = desk.delegate()
    desk.sign("quinn")
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    found = status(desk)
    assert found.complete
    assert (found.accepted[1].name, found.accepted[1].on_behalf_of) == ("Omar Example", "rene")


@pytest.mark.attack("A11")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda desk: desk.delegate(by=key("omar")), "not signed by the delegator's own key"),
        (lambda desk: desk.delegate(by=key("rene", "root")), "not signed by the delegator's own key"),
        (lambda desk: desk.delegate(taker="clio"), "made for clio, not for omar"),
        (lambda desk: desk.delegate(role="quality-owner"), "made for the role quality-owner of qpcr"),
        (lambda desk: desk.delegate(product="pump"), "made for the role regulatory of pump"),
        (lambda desk: desk.delegate(limit="low"), "does not reach a change of tier medium"),
        (lambda desk: desk.delegate(until="2026-11-23T12:30:00.000Z"), "holds from 2026-11-22T12:00:00.000Z to 2026-11-23T12:30:00.000Z"),
        (lambda desk: desk.delegate(**{"from": "2026-11-23T14:00:00.000Z"}), "holds from 2026-11-23T14:00:00.000Z"),
        (lambda desk: desk.delegate(until="2027-11-23T12:30:00.000Z"), "at most 30 days"),
        (lambda desk: desk.delegate(giver="clio"), "clio does not hold the role 'regulatory' to delegate"),
    ],
)
def test_a_delegation_that_does_not_cover_it_does_not_count(desk, make, reason):
    delegation = make(desk)
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    ((code, text),) = reasons(desk)
    assert code == "LM-APR-009"
    assert reason in text


def test_nobody_signs_on_his_own_behalf(desk):
    delegation = desk.delegate(taker="rene")
    desk.sign("rene", "regulatory", "review", behalf=delegation)
    assert reasons(desk) == [("LM-APR-009", "delegation qpcr:DLG-0001: nobody delegates to himself")]


def test_a_delegation_of_somebody_else_does_not_count(desk):
    delegation = desk.delegate()
    desk.sign("omar", "regulatory", "review", onBehalfOf={"person": "quinn", "delegation": delegation.envelope.payload_digest.hex})
    assert reasons(desk) == [("LM-APR-009", "delegation qpcr:DLG-0001: not signed by the delegator's own key")]


def test_a_delegated_role_cannot_be_passed_on(desk):
    desk.delegate(taker="omar")
    second = desk.delegate(giver="omar", taker="clio")
    desk.sign("clio", "regulatory", "review", behalf=second)
    assert "omar does not hold the role 'regulatory' to delegate" in reasons(desk)[0][1]


@pytest.mark.parametrize("changes", [{"reason": 5}, {"tierLimit": "highest"}])
def test_a_delegation_of_another_shape_is_none(desk, changes):
    delegation = desk.delegate(**changes)
    desk.sign("omar", "regulatory", "review", onBehalfOf={"person": "rene", "delegation": delegation.envelope.payload_digest.hex})
    assert reasons(desk) == [("LM-APR-009", "the delegation is not in the log")]


def test_a_delegation_that_is_not_in_the_log_is_none(desk):
    desk.sign("omar", "regulatory", "review", onBehalfOf={"person": "rene", "delegation": "00" * 32})
    assert reasons(desk) == [("LM-APR-009", "the delegation is not in the log")]


def test_a_delegation_made_after_the_signature_does_not_count(desk):
    delegation = desk.delegate()
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    desk.entries_before = [verified("delegation", delegation.statement.predicate, 80, by=delegation.key)]
    assert "made after the signature" in reasons(desk)[0][1]


@pytest.mark.parametrize(("index", "complete"), [(6, False), (70, True)], ids=["before the signature", "after it"])
def test_a_delegation_ends_with_its_withdrawal(desk, index, complete):
    delegation = desk.delegate()
    desk.sign("quinn")
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    desk.withdraw(delegation, "rene", index=index, run="")
    assert status(desk).complete is complete


def test_an_author_does_not_approve_through_a_delegate(desk):
    delegation = desk.delegate(giver="dana", role="quality-owner")
    desk.sign("omar", "quality-owner", behalf=delegation)
    assert reasons(desk) == [("LM-APR-001", "Dana Example is author of this change and cannot approve it")]


def test_an_author_does_not_approve_as_a_delegate(desk):
    delegation = desk.delegate(taker="dana")
    desk.sign("dana", "regulatory", "review", behalf=delegation)
    assert reasons(desk) == [("LM-APR-001", "Dana Example is author of this change and cannot approve it")]


def test_delegator_and_delegate_are_not_two(desk):
    """Quinn signs, and Omar signs for Quinn: one authority."""
    delegation = desk.delegate(giver="quinn")
    desk.sign("quinn")
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    assert not status(desk).complete


def test_delegation_ends_below_the_highest_tier():
    desk = Desk(path="src/qpcr/calling/ct.py")
    delegation = desk.delegate(limit="high")
    desk.sign("omar", "regulatory", behalf=delegation)
    assert "does not reach a change of tier high" in reasons(desk)[0][1]


def test_rules_may_forbid_delegation(desk):
    delegation = desk.delegate()
    desk.sign("omar", "regulatory", "review", behalf=delegation)
    forbidding = replace_struct(rules(), delegation=replace_struct(rules().delegation, up_to="none"))
    assert "does not reach a change of tier medium" in reasons(desk, rules_file=forbidding)[0][1]
