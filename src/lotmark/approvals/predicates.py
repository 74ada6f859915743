"""The evidence kinds of this room: ``approval/v1``, ``approval-withdrawal/v1``, ``delegation/v1``, which people sign, and ``role-event/v1``, which root persons sign."""

from typing import Annotated, Literal

import msgspec

from lotmark.approvals.models import Meaning, PersonId, RoleName, TierName
from lotmark.attest.models import PredicateKind, lotmark_uri

PERSONS = frozenset({"person"})

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$(?!\n)")]
Component = Literal["key", "passphrase"]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class SignerBody(Body, frozen=True):
    """Who signed; the printed name is a snapshot and stays when the person is renamed."""

    person: PersonId
    name: Text
    email: Annotated[str, msgspec.Meta(max_length=254)]


class RecordBody(Body, frozen=True):
    """The record that was shown and signed, by the digest of its signed bytes."""

    kind: Literal["decision"]
    payload: Hex


class ArtifactBody(Body, frozen=True):
    name: str
    sha256: str


class SessionBody(Body, frozen=True):
    """Which signing of which continuous session (21 CFR 11.200(a)(1)(i))."""

    id: Text
    ordinal: Annotated[int, msgspec.Meta(ge=1)]


class AuthenticatorBody(Body, frozen=True):
    """How the person was recognised for this signature."""

    type: Literal["passphrase-key"]
    key_id: Hex
    components: Annotated[list[Component], msgspec.Meta(min_length=1, max_length=2)]


class OnBehalfOfBody(Body, frozen=True):
    """Whose authority the signer used, by which delegation."""

    person: PersonId
    delegation: Hex


class ApprovalBody(Body, frozen=True):
    """The predicate of ``approval/v1``: exactly what was shown, who signed it, when, and what it means."""

    run: Text
    product: Text
    version: str
    signer: SignerBody
    role: RoleName
    meaning: Meaning
    signed_at: Instant
    zone: Text
    """IANA name of the signer's time zone."""
    reason: Text
    record: RecordBody
    artifact: ArtifactBody
    evidence_root: Hex
    policy_sha256: Hex
    log_size: Annotated[int, msgspec.Meta(ge=0)]
    session: SessionBody
    authenticator: AuthenticatorBody
    on_behalf_of: OnBehalfOfBody | None


class WithdrawalBody(Body, frozen=True):
    """The predicate of ``approval-withdrawal/v1``: the signer of an approval (or delegation) takes it back."""

    run: str
    """Empty for a delegation, which belongs to the product."""
    approval: Hex
    signer: SignerBody
    reason: Text
    withdrawn_at: Instant


class DelegationBody(Body, frozen=True):
    """The predicate of ``delegation/v1``: authority, never a credential, for a time and up to a tier."""

    delegation: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}:DLG-[0-9]{1,9}$(?!\n)")]
    product: Text
    delegator: PersonId
    delegate: PersonId
    role: RoleName
    tier_limit: TierName
    begin: Instant = msgspec.field(name="from")
    until: Instant
    reason: Text
    signed_at: Instant


class RoleBody(Body, frozen=True):
    """The predicate of ``role-event/v1``: a person is given a role of the product, or loses it."""

    event: Literal["grant", "withdraw"]
    product: Text
    person: PersonId
    role: RoleName
    reason: Text
    at: Instant


APPROVAL = PredicateKind(
    name="approval",
    uri=lotmark_uri("approval"),
    clause="IEC 62304:2006+A1:2015, 5.8.6; ISO 13485:2016, 7.3.7 and 4.2.5 by 21 CFR 820.10; 21 CFR 11.50, 11.70, 11.100, 11.200: 21 CFR Part 11 applies",
    retention="device-record",
    signers=PERSONS,
    schema="approval.v1.json",
    title="Electronic signature on a release decision",
    body=ApprovalBody,
)
WITHDRAWAL = PredicateKind(
    name="approval-withdrawal",
    uri=lotmark_uri("approval-withdrawal"),
    clause="ISO 13485:2016, 4.2.5 by 21 CFR 820.10; 21 CFR 11.10(e), nothing is deleted: 21 CFR Part 11 applies",
    retention="device-record",
    signers=PERSONS,
    schema="approval-withdrawal.v1.json",
    title="Withdrawal of a signature or delegation",
    body=WithdrawalBody,
)
DELEGATION = PredicateKind(
    name="delegation",
    uri=lotmark_uri("delegation"),
    clause="ISO 13485:2016, 5.5.1 by 21 CFR 820.10; 21 CFR 11.10(g), 11.200(a)(2): 21 CFR Part 11 applies",
    retention="permanent",
    signers=PERSONS,
    schema="delegation.v1.json",
    title="Delegation of authority to sign",
    body=DelegationBody,
)
ROLE_EVENT = PredicateKind(
    name="role-event",
    uri=lotmark_uri("role-event"),
    clause="ISO 13485:2016, 5.5.1 by 21 CFR 820.10; 21 CFR 11.10(d), 11.10(g): 21 CFR Part 11 applies",
    retention="permanent",
    signers=frozenset({"root"}),
    schema="role-event.v1.json",
    title="Role granted or withdrawn",
    body=RoleBody,
)
KINDS: tuple[PredicateKind, ...] = (APPROVAL, WITHDRAWAL, DELEGATION, ROLE_EVENT)
