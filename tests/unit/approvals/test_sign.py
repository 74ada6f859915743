"""What is refused before a signature is made, and what a person signs."""

from datetime import timedelta

import msgspec
import pytest

from fakes.release_run import WHEEL
from fakes.signing import NOON, RUN, Desk, key, people, rules
from lotmark.approvals.api import build_approval, build_delegation, build_withdrawal, check_may_sign, evaluate_approvals, find_person, get_person
from lotmark.approvals.models import Signing
from lotmark.approvals.predicates import KINDS
from lotmark.attest.api import build_payload, parse_json
from lotmark.attest.models import Registry
from lotmark.base.errors import EnvironmentLacksError, ExitCode, LotmarkError, RefusedError, UsageError

pytestmark = pytest.mark.verifies("REQ-016", "RC-002", "HAZ-003")


REGISTRY = Registry(KINDS)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def check(desk: Desk, person="quinn", role="quality-owner", meaning="approval", *, at=LATER, rules_file=None, behalf=None) -> None:
    check_may_sign(desk.decision, desk.entries, people().value, rules_file or rules(), person=person, role=role, meaning=meaning, at=at, on_behalf_of=behalf)


def refusal(desk: Desk, *args, **given) -> LotmarkError:
    with pytest.raises(LotmarkError) as caught:
        check(desk, *args, **given)
    assert caught.value.solution
    return caught.value


def test_who_may_sign_may(desk):
    check(desk)
    check(desk, "rene", "regulatory", "review")
    check(desk, "dana", "developer", "authorship")
    check(desk, "clio", "clinical", "rejection")


@pytest.mark.parametrize(
    ("person", "role", "meaning", "code", "exit_code"),
    [
        ("dana", "quality-owner", "approval", "LM-APR-001", ExitCode.REFUSED),
        ("omar", "quality-owner", "approval", "LM-APR-002", ExitCode.ENVIRONMENT),
        ("gone", "quality-owner", "approval", "LM-APR-015", ExitCode.ENVIRONMENT),
        ("nobody", "quality-owner", "approval", "LM-APR-015", ExitCode.ENVIRONMENT),
        ("quinn", "quality-owner", "review", "LM-APR-018", ExitCode.USAGE),
        ("clio", "clinical", "approval", "LM-APR-018", ExitCode.USAGE),
        ("quinn", "quality-owner", "blessing", "LM-APR-018", ExitCode.USAGE),
        ("omar", "clinical", "rejection", "LM-APR-002", ExitCode.ENVIRONMENT),
    ],
)
def test_who_may_not_sign_is_told_why(desk, person, role, meaning, code, exit_code):
    error = refusal(desk, person, role, meaning)
    assert (error.code, error.exit_code) == (code, exit_code)


def test_lapsed_training_is_told(desk):
    """T10."""
    strict = msgspec.structs.replace(rules(), training_required=["SOP-012"])
    check(desk, rules_file=strict)
    error = refusal(desk, "rene", "regulatory", "review", rules_file=strict)
    assert (error.code, error.exit_code) == ("LM-APR-010", ExitCode.ENVIRONMENT)
    assert refusal(desk, at=NOON.replace(year=2027), rules_file=strict).code == "LM-APR-010"


def test_a_refused_decision_can_be_rejected_only():
    """T12."""
    desk = Desk(verdict="refused")
    assert refusal(desk).code == "LM-APR-013"
    check(desk, meaning="rejection")


def test_an_old_decision_is_not_signed(desk):
    desk.add("decision", desk.decision.statement.predicate, desk.decision.key)
    assert refusal(desk).code == "LM-APR-005"


def test_a_decision_by_other_rules_is_not_signed(desk):
    other = msgspec.structs.replace(
        rules(), tiers=[rules().tiers[0], msgspec.structs.replace(rules().tiers[1], required=rules().tiers[0].required), rules().tiers[2]]
    )
    assert refusal(desk, rules_file=other).code == "LM-APR-022"


def test_what_was_signed_is_not_signed_again(desk):
    signature = desk.sign("quinn")
    error = refusal(desk)
    assert (error.code, error.exit_code) == ("LM-APR-008", ExitCode.REFUSED)
    desk.withdraw(signature, "quinn")
    check(desk)


def test_another_run_or_decision_was_signed_plays_no_part(desk):
    desk.sign("quinn", run="qpcr:RUN-0002")
    desk.sign("quinn", record={"kind": "decision", "payload": "00" * 32})
    desk.sign("quinn", reason=5)
    check(desk)


def test_after_a_rejection_nothing_is_signed(desk):
    rejection = desk.sign("clio", "clinical", "rejection")
    error = refusal(desk)
    assert (error.code, error.exit_code) == ("LM-APR-014", ExitCode.REFUSED)
    check(desk, "rene", "regulatory", "rejection")
    desk.withdraw(rejection, "clio")
    check(desk)


def test_a_delegate_may_sign(desk):
    check(desk, "omar", "regulatory", "review", behalf=desk.delegate())


def test_a_delegate_may_not_sign_beyond_the_delegation(desk):
    delegation = desk.delegate()
    error = refusal(desk, "omar", "regulatory", "review", at=NOON + timedelta(days=8), behalf=delegation)
    assert (error.code, error.exit_code) == ("LM-APR-009", ExitCode.ENVIRONMENT)
    assert refusal(desk, "clio", "regulatory", "review", behalf=delegation).code == "LM-APR-009"
    assert refusal(desk, "omar", "regulatory", "review", behalf=desk.delegate(giver="dana")).code == "LM-APR-009"


def test_an_author_may_not_sign_through_a_delegate(desk):
    assert refusal(desk, "omar", behalf=desk.delegate(giver="dana", role="quality-owner")).code == "LM-APR-001"
    assert refusal(desk, "dana", "regulatory", "review", behalf=desk.delegate(taker="dana")).code == "LM-APR-001"


def test_only_a_delegation_is_used_as_one(desk):
    error = refusal(desk, "omar", "regulatory", "review", behalf=desk.decision)
    assert (error.code, error.exit_code) == ("LM-APR-009", ExitCode.USAGE)


def approval(desk: Desk, **changes):
    given = {"role": "quality-owner", "meaning": "approval", "reason": " Reviewed ", "zone": "Europe/Berlin", **changes}
    return build_approval(
        desk.decision, find_person(people().value, "quinn"), key_id=key("quinn").key_id, signing=Signing("s-1", 2, ("key",)), signed_at=LATER, **given
    )


def test_the_signed_bytes_hold_everything_that_was_shown(desk):
    """T3: printed name, time with zone, meaning; and what it is for."""
    evidence = approval(desk)
    payload = parse_json(build_payload(evidence, REGISTRY))
    decision = desk.decision.statement.predicate
    assert payload["subject"] == [{"name": "qpcr-1.4.0.whl", "digest": {"sha256": WHEEL}}]
    assert payload["predicate"] == {
        "run": RUN,
        "product": "qpcr",
        "version": "1.4.0",
        "signer": {"person": "quinn", "name": "Quinn Example", "email": "quinn@example.org"},
        "role": "quality-owner",
        "meaning": "approval",
        "signedAt": "2026-11-23T13:00:00.000Z",
        "zone": "Europe/Berlin",
        "reason": "Reviewed",
        "record": {"kind": "decision", "payload": desk.decision.envelope.payload_digest.hex},
        "artifact": {"name": "qpcr-1.4.0.whl", "sha256": WHEEL},
        "evidenceRoot": decision["evidenceRoot"],
        "policySha256": decision["policySha256"],
        "logSize": 60,
        "session": {"id": "s-1", "ordinal": 2},
        "authenticator": {"type": "passphrase-key", "keyId": key("quinn").key_id, "components": ["key"]},
        "onBehalfOf": None,
    }
    assert evidence.name == "quinn-quality-owner-approval"


@pytest.mark.parametrize(
    "missing", ["signer", "signedAt", "zone", "meaning", "record", "artifact", "evidenceRoot", "policySha256", "logSize", "session", "authenticator"]
)
def test_a_signature_that_lacks_anything_cannot_be_made(desk, missing):
    """T3: removing any one breaks a test."""
    evidence = approval(desk)
    del evidence.predicate[missing]
    with pytest.raises(UsageError):
        build_payload(evidence, REGISTRY)


@pytest.mark.parametrize("changes", [{"zone": "Mars/Base"}, {"zone": ""}, {"zone": "../etc/passwd"}, {"reason": "  "}])
def test_a_signature_says_something_in_each_field(desk, changes):
    with pytest.raises(UsageError) as caught:
        approval(desk, **changes)
    assert caught.value.code == "LM-APR-020"


@pytest.mark.parametrize("meaning", ["blessing", "Approval", ""])
def test_a_meaning_outside_the_list_cannot_be_signed(desk, meaning):
    with pytest.raises(UsageError):
        build_payload(approval(desk, meaning=meaning), REGISTRY)


def test_a_signature_on_behalf_names_the_delegation(desk):
    delegation = desk.delegate()
    evidence = build_approval(
        desk.decision,
        get_person(people().value, "omar"),
        role="regulatory",
        meaning="review",
        reason="r",
        key_id=key("omar").key_id,
        signing=Signing("s", 1, ("key", "passphrase")),
        signed_at=LATER,
        zone="UTC",
        on_behalf_of=delegation,
    )
    assert evidence.predicate["onBehalfOf"] == {"person": "rene", "delegation": delegation.envelope.payload_digest.hex}
    assert evidence.predicate["signer"]["person"] == "omar"


def test_a_withdrawal_is_a_record_of_its_own(desk):
    signature = desk.sign("quinn")
    evidence = build_withdrawal(signature, get_person(people().value, "quinn"), reason="A mistake", withdrawn_at=LATER)
    predicate = parse_json(build_payload(evidence, REGISTRY))["predicate"]
    assert predicate["approval"] == signature.envelope.payload_digest.hex
    assert predicate["run"] == RUN


def test_a_withdrawal_of_a_delegation_belongs_to_no_run(desk):
    evidence = build_withdrawal(desk.delegate(), get_person(people().value, "rene"), reason="Back again", withdrawn_at=LATER)
    assert parse_json(build_payload(evidence, REGISTRY))["predicate"]["run"] == ""


def test_only_the_signer_withdraws(desk):
    with pytest.raises(RefusedError) as caught:
        build_withdrawal(desk.sign("quinn"), get_person(people().value, "rene"), reason="r", withdrawn_at=LATER)
    assert caught.value.code == "LM-APR-023"


def test_a_decision_cannot_be_withdrawn(desk):
    with pytest.raises(UsageError) as caught:
        build_withdrawal(desk.decision, get_person(people().value, "rene"), reason="r", withdrawn_at=LATER)
    assert caught.value.code == "LM-APR-020"


def test_nobody_is_no_person():
    with pytest.raises(EnvironmentLacksError):
        get_person(people().value, "nobody")


def delegation(rules_file=None, **changes):
    given = {
        "delegation": "qpcr:DLG-0002",
        "product": "qpcr",
        "delegator": "rene",
        "delegate": "omar",
        "role": "regulatory",
        "tier_limit": "medium",
        "begin": NOON,
        "until": NOON + timedelta(days=30),
        "reason": "On leave",
        "signed_at": NOON,
        **changes,
    }
    return build_delegation(people(), rules_file or rules(), **given)


def test_a_delegation_is_authority_for_a_time_up_to_a_tier(desk):
    evidence = delegation()
    payload = parse_json(build_payload(evidence, REGISTRY))
    assert payload["subject"] == [{"name": "quality/people.yaml", "digest": {"sha256": people().digest.hex}}]
    assert payload["predicate"]["from"] == "2026-11-23T12:00:00.000Z"
    assert payload["predicate"]["tierLimit"] == "medium"
    entry = desk.add("delegation", evidence.predicate, key("rene"), 5)
    desk.later.clear()
    desk.entries_before.append(entry)
    desk.sign("quinn")
    desk.sign("omar", "regulatory", "review", behalf=entry)
    assert evaluate_approvals(desk.decision, desk.entries, people().value, rules(), desk.trust, LATER).complete


@pytest.mark.parametrize(
    ("changes", "code", "exit_code"),
    [
        ({"delegator": "omar", "delegate": "rene"}, "LM-APR-002", ExitCode.ENVIRONMENT),
        ({"delegate": "gone"}, "LM-APR-015", ExitCode.ENVIRONMENT),
        ({"delegator": "nobody"}, "LM-APR-015", ExitCode.ENVIRONMENT),
        ({"delegate": "rene"}, "LM-APR-009", ExitCode.REFUSED),
        ({"tier_limit": "high"}, "LM-APR-009", ExitCode.REFUSED),
        ({"tier_limit": "extreme"}, "LM-APR-020", ExitCode.USAGE),
        ({"until": NOON}, "LM-APR-009", ExitCode.REFUSED),
        ({"until": NOON + timedelta(days=31)}, "LM-APR-009", ExitCode.REFUSED),
        ({"reason": ""}, "LM-APR-020", ExitCode.USAGE),
    ],
)
def test_a_delegation_that_would_not_hold_is_not_made(changes, code, exit_code):
    with pytest.raises(LotmarkError) as caught:
        delegation(**changes)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code)


def test_rules_may_forbid_delegation():
    forbidding = msgspec.structs.replace(rules(), delegation=msgspec.structs.replace(rules().delegation, up_to="none"))
    with pytest.raises(RefusedError):
        delegation(forbidding)
