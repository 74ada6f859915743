"""The published shape of the three records that people sign: each value has its form, and nothing else may stand there."""

from datetime import timedelta

import msgspec
import pytest

from fakes.release_run import verified
from fakes.signing import NOON, Desk, key, people, rules
from lotmark.approvals.api import evaluate_approvals
from lotmark.approvals.models import Meaning
from lotmark.approvals.predicates import APPROVAL, DELEGATION, KINDS, ROLE_EVENT, WITHDRAWAL, ApprovalBody, DelegationBody, RoleBody, WithdrawalBody

pytestmark = pytest.mark.verifies("REQ-016", "RC-002", "HAZ-003")

HEX = "ab" * 32
PERSON = {"person": "quinn", "name": "Quinn Example", "email": "quinn@example.org"}
APPROVAL_WIRE = {
    "run": "qpcr:RUN-0001",
    "product": "qpcr",
    "version": "1.4.0",
    "signer": PERSON,
    "role": "quality-owner",
    "meaning": "approval",
    "signedAt": "2026-11-23T13:00:00.000Z",
    "zone": "Europe/Berlin",
    "reason": "Reviewed",
    "record": {"kind": "decision", "payload": HEX},
    "artifact": {"name": "qpcr.whl", "sha256": HEX},
    "evidenceRoot": HEX,
    "policySha256": HEX,
    "logSize": 60,
    "session": {"id": "s", "ordinal": 1},
    "authenticator": {"type": "passphrase-key", "keyId": HEX, "components": ["key", "passphrase"]},
    "onBehalfOf": None,
}
WITHDRAWAL_WIRE = {"run": "qpcr:RUN-0001", "approval": HEX, "signer": PERSON, "reason": "A mistake", "withdrawnAt": "2026-11-23T14:00:00Z"}
DELEGATION_WIRE = {
    "delegation": "qpcr:DLG-0001",
    "product": "qpcr",
    "delegator": "rene",
    "delegate": "omar",
    "role": "regulatory",
    "tierLimit": "medium",
    "from": "2026-11-22T12:00:00.000Z",
    "until": "2026-11-30T12:00:00.000Z",
    "reason": "On leave",
    "signedAt": "2026-11-22T12:00:00.000Z",
}
BODIES = [(ApprovalBody, APPROVAL_WIRE), (WithdrawalBody, WITHDRAWAL_WIRE), (DelegationBody, DELEGATION_WIRE)]

HEX_WRONG = ["", "ab" * 31, "ab" * 33, "AB" * 32, "g" * 64, HEX + "\n", f"sha256:{HEX}", 5, None]
INSTANT_WRONG = [
    "",
    "2026-11-23",
    "2026-11-23T13:00Z",
    "2026-11-23 13:00:00Z",
    "2026-11-23T13:00:00",
    "2026-11-23T13:00:00+01:00",
    "2026-11-23T13:00:00z",
    "2026-11-23T13:00:00.Z",
    "2026-11-23T13:00:00.1234567Z",
    "2026-11-23T13:00:00Z\n",
    "x2026-11-23T13:00:00Z",
    1_764_000_000,
    None,
]
PERSON_WRONG = ["", "Quinn", "-quinn", ".quinn", "qu inn", "quinn\n", "q" * 65, "quınn", "quinn@example.org", 7, None]
ROLE_WRONG = ["", "Quality", "quality_owner", "quality--owner", "-owner", "owner-", "1owner", "owner\n", "a" * 61, 7, None]
TEXT_WRONG = ["", "x" * 2001, 5, None]


def put(tree, path: str, value):
    """A copy of the tree with another value at the dotted path."""
    head, _, rest = path.partition(".")
    return {**tree, head: put(tree[head], rest, value) if rest else value}


def table(**wrong):
    return [pytest.param(path.replace("__", "."), value, id=f"{path}={value!r:.24}") for path, values in wrong.items() for value in values]


def read(body, wire):
    return msgspec.convert(wire, body, strict=True)


@pytest.mark.parametrize(("body", "wire"), BODIES)
def test_the_published_shape_is_read_and_written_unchanged(body, wire):
    assert msgspec.to_builtins(read(body, wire)) == wire


@pytest.mark.parametrize(("body", "wire"), BODIES)
def test_every_field_must_stand_there_and_no_other(body, wire):
    for name in wire:
        with pytest.raises(msgspec.ValidationError, match="missing required field"):
            read(body, {key: value for key, value in wire.items() if key != name})
    for other in ("note", "signed_at", "signature", "_type"):
        with pytest.raises(msgspec.ValidationError, match="unknown field"):
            read(body, {**wire, other: "x"})


@pytest.mark.parametrize("place", ["signer", "record", "artifact", "session", "authenticator"])
def test_every_inner_field_must_stand_there_and_no_other(place):
    inner = APPROVAL_WIRE[place]
    for name in inner:
        with pytest.raises(msgspec.ValidationError, match="missing required field"):
            read(ApprovalBody, put(APPROVAL_WIRE, place, {key: value for key, value in inner.items() if key != name}))
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        read(ApprovalBody, put(APPROVAL_WIRE, f"{place}.also", "x"))
    for value in (None, [], "x"):
        with pytest.raises(msgspec.ValidationError):
            read(ApprovalBody, put(APPROVAL_WIRE, place, value))


@pytest.mark.parametrize(
    ("path", "value"),
    table(
        run=TEXT_WRONG,
        product=TEXT_WRONG,
        version=[1.4, None],
        signer__person=PERSON_WRONG,
        signer__name=TEXT_WRONG,
        signer__email=["x" * 255, None],
        role=ROLE_WRONG,
        meaning=["", "Approval", "approved", "approval ", "witness", None, ["approval"]],
        signedAt=INSTANT_WRONG,
        zone=TEXT_WRONG,
        reason=TEXT_WRONG,
        record__kind=["approval", "release-manifest", "", None],
        record__payload=HEX_WRONG,
        artifact__sha256=[5, None],
        evidenceRoot=HEX_WRONG,
        policySha256=HEX_WRONG,
        logSize=[-1, "60", 60.5, True, None],
        session__id=TEXT_WRONG,
        session__ordinal=[0, -1, "1", 1.5, None],
        authenticator__type=["passkey", "password", "", None],
        authenticator__keyId=HEX_WRONG,
        authenticator__components=[[], ["finger"], ["key", "passphrase", "key"], "key", None, [None]],
        onBehalfOf=[{}, {"person": "rene"}, {"delegation": HEX}, {"person": "Rene", "delegation": HEX}, {"person": "rene", "delegation": "x"}, "rene", False],
    ),
)
def test_an_approval_of_another_form_never_counts(path, value):
    wire = put(APPROVAL_WIRE, path, value)
    with pytest.raises(msgspec.ValidationError):
        read(ApprovalBody, wire)
    desk = Desk()
    entry = verified("approval", wire, 61, by=key("quinn"))
    desk.later.append(entry)
    found = evaluate_approvals(desk.decision, desk.entries, people().value, rules(), desk.trust, NOON + timedelta(days=2))
    assert [(item.code, item.index, item.person) for item in found.ignored] == [("LM-APR-017", 61, "quinn")]
    assert found.accepted == found.rejections == ()


@pytest.mark.parametrize(
    ("path", "value"),
    table(
        run=[None, 5],
        approval=HEX_WRONG,
        signer__person=PERSON_WRONG,
        reason=TEXT_WRONG,
        withdrawnAt=INSTANT_WRONG,
    ),
)
def test_a_withdrawal_of_another_form_withdraws_nothing(path, value):
    with pytest.raises(msgspec.ValidationError):
        read(WithdrawalBody, put(WITHDRAWAL_WIRE, path, value))
    desk = Desk()
    made = desk.sign("quinn")
    good = {**WITHDRAWAL_WIRE, "approval": made.envelope.payload_digest.hex}
    desk.later.append(verified("approval-withdrawal", put(good, path, value), 62, by=key("quinn")))
    found = evaluate_approvals(desk.decision, desk.entries, people().value, rules(), desk.trust, NOON + timedelta(days=2))
    assert [item.person for item in found.accepted] == ["quinn"]
    desk.later[-1] = verified("approval-withdrawal", good, 62, by=key("quinn"))
    found = evaluate_approvals(desk.decision, desk.entries, people().value, rules(), desk.trust, NOON + timedelta(days=2))
    assert [item.code for item in found.ignored] == ["LM-APR-007"], "the form alone made the difference"


@pytest.mark.parametrize(
    ("path", "value"),
    table(
        delegation=[
            "",
            "DLG-0001",
            "qpcr:DLG-",
            "qpcr:DLG-1234567890",
            "Qpcr:DLG-1",
            "qpcr:WVR-0001",
            "qpcr:DLG-0001\n",
            "1q:DLG-1",
            "q" * 41 + ":DLG-1",
            None,
        ],
        product=TEXT_WRONG,
        delegator=PERSON_WRONG,
        delegate=PERSON_WRONG,
        role=ROLE_WRONG,
        tierLimit=["", "none", "Low", "highest", None],
        until=INSTANT_WRONG,
        reason=TEXT_WRONG,
        signedAt=INSTANT_WRONG,
    )
    + [pytest.param("from", value, id=f"from={value!r}") for value in INSTANT_WRONG],
)
def test_a_delegation_of_another_form_is_none(path, value):
    with pytest.raises(msgspec.ValidationError):
        read(DelegationBody, put(DELEGATION_WIRE, path, value))
    desk = Desk()
    entry = verified("delegation", put(DELEGATION_WIRE, path, value), 5, by=key("rene"))
    desk.entries_before.append(entry)
    desk.sign("omar", "regulatory", "review", onBehalfOf={"person": "rene", "delegation": entry.envelope.payload_digest.hex})
    found = evaluate_approvals(desk.decision, desk.entries, people().value, rules(), desk.trust, NOON + timedelta(days=2))
    assert [(item.code, item.reason) for item in found.ignored] == [("LM-APR-009", "the delegation is not in the log")]


@pytest.mark.parametrize(
    ("body", "wire", "path", "value"),
    [
        (ApprovalBody, APPROVAL_WIRE, "reason", "x" * 2000),
        (ApprovalBody, APPROVAL_WIRE, "signer.person", "q" * 64),
        (ApprovalBody, APPROVAL_WIRE, "signer.person", "0.a_b-c"),
        (ApprovalBody, APPROVAL_WIRE, "signer.email", ""),
        (ApprovalBody, APPROVAL_WIRE, "role", "a" * 60),
        (ApprovalBody, APPROVAL_WIRE, "logSize", 0),
        (ApprovalBody, APPROVAL_WIRE, "signedAt", "2026-11-23T13:00:00.123456Z"),
        (ApprovalBody, APPROVAL_WIRE, "authenticator.components", ["passphrase"]),
        (WithdrawalBody, WITHDRAWAL_WIRE, "run", ""),
        (DelegationBody, DELEGATION_WIRE, "delegation", "q" * 40 + ":DLG-123456789"),
    ],
)
def test_the_edges_of_the_form_are_inside(body, wire, path, value):
    assert msgspec.to_builtins(read(body, put(wire, path, value))) == put(wire, path, value)


def test_every_meaning_of_a_signature_can_be_written():
    for meaning in Meaning.__args__:
        assert read(ApprovalBody, {**APPROVAL_WIRE, "meaning": meaning}).meaning == meaning


def test_people_sign_three_kinds_and_root_persons_the_fourth():
    assert KINDS == (APPROVAL, WITHDRAWAL, DELEGATION, ROLE_EVENT)
    assert [kind.signers for kind in KINDS] == [*[frozenset({"person"})] * 3, frozenset({"root"})]
    assert [(kind.name, kind.body) for kind in KINDS] == [
        ("approval", ApprovalBody),
        ("approval-withdrawal", WithdrawalBody),
        ("delegation", DelegationBody),
        ("role-event", RoleBody),
    ]
    assert [kind.retention for kind in KINDS] == ["device-record", "device-record", "permanent", "permanent"], (
        "a delegation outlives the release that it served"
    )
