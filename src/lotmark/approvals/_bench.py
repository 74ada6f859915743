"""What signatures are judged against: the decision, the people, the rules, the delegations and withdrawals of the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from lotmark.approvals._documents import emails_of, find_person, normal_email
from lotmark.approvals._roles import RoleBook
from lotmark.approvals._tiers import compute_tier, required_approvals
from lotmark.approvals.models import TIERS, ApprovalsFile, Duty, PeopleFile, Person, RequiredSignature, TierResult
from lotmark.approvals.predicates import DelegationBody, WithdrawalBody
from lotmark.attest.models import Verified
from lotmark.base.clock import parse_instant
from lotmark.policy.api import REQUIRED_KINDS, evidence_root

CLOCK_TOLERANCE = timedelta(minutes=5)
_JUDGED = frozenset({*REQUIRED_KINDS, "test-run"})


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a signature does not count, or may not be made."""

    code: str
    reason: str


@dataclass(frozen=True)
class Bench:
    """One decision with everything that its signatures are judged against.

    `entries` are the verified entries of the run and, from the product's scope, the delegations and their withdrawals.
    """

    decision: Verified
    entries: Sequence[Verified]
    people: PeopleFile
    rules: ApprovalsFile
    roles: RoleBook = field(default_factory=RoleBook)

    @property
    def predicate(self) -> dict[str, Any]:
        return self.decision.statement.predicate

    @property
    def payload(self) -> str:
        return self.decision.envelope.payload_digest.hex

    @cached_property
    def tier(self) -> TierResult:
        """The tier by the rules, not by what the decision's maker says of it."""
        return compute_tier(self.predicate["facts"], self.rules)

    @cached_property
    def required(self) -> tuple[RequiredSignature, ...]:
        return required_approvals(self.tier.name, self.rules)

    @cached_property
    def decided_at(self) -> datetime:
        return parse_instant(self.predicate["evaluatedAt"])

    def problems(self) -> tuple[Objection, ...]:
        """What keeps this decision from being approved by anybody."""
        found: list[Objection] = []
        predicate = self.predicate
        if predicate["verdict"] != "accepted" or not predicate["completeness"]["complete"]:
            found.append(Objection("LM-APR-013", "the decision is a refusal: there is nothing to approve"))
        if predicate["tier"] != self.tier.to_wire() or predicate["required"] != [item.to_wire() for item in self.required]:
            found.append(Objection("LM-APR-022", f"the decision does not ask for the signatures of tier {self.tier.name} that the rules ask for"))
        own = [entry for entry in self.entries if entry.statement.predicate.get("run", predicate["run"]) == predicate["run"]]
        newer = [entry.index for entry in own if entry.kind == "decision" and entry.index > self.decision.index]
        if newer:
            found.append(Objection("LM-APR-005", f"a newer decision stands at entry {max(newer)}"))
        later = [entry for entry in own if entry.kind in _JUDGED and entry.index > self.decision.index]
        if later:
            found.append(Objection("LM-APR-005", f"evidence was added after the decision ({later[0].kind} at entry {later[0].index})"))
        if evidence_root([entry for entry in own if entry.index < self.decision.index]) != predicate["evidenceRoot"]:
            found.append(Objection("LM-APR-005", "the evidence is not the one that was decided on"))
        return tuple(found)

    def find_delegation(self, payload: str) -> Verified | None:
        return next((entry for entry in self.entries if entry.kind == "delegation" and entry.envelope.payload_digest.hex == payload), None)

    def withdrawal_of(self, entry: Verified, *, before: int | None = None) -> Verified | None:
        """The withdrawal of an entry by the person who signed it (another person's withdraws nothing), up to a log index."""
        payload = entry.envelope.payload_digest.hex
        for candidate in self.entries:
            if candidate.kind != "approval-withdrawal" or candidate.index <= entry.index or (before is not None and candidate.index >= before):
                continue
            body = read_body(candidate, WithdrawalBody)
            if body is not None and body.approval == payload and candidate.key.person == entry.key.person == body.signer.person:
                return candidate
        return None

    def find_conflict(self, person: Person, *, email: str = "") -> str:
        """The duty that keeps the person from approving this change ("author"), or nothing."""
        mine = {*emails_of(person), *((normal_email(email),) if email else ())}
        # Names of people.yaml stand in the facts by id, others as commitments; equal commitments are equal addresses.
        known = {person.id, email} - {""}
        facts = self.predicate["facts"]
        held: dict[Duty, list[str]] = {
            "author": [*facts["source"]["authors"], *(commit["author"] for commit in facts["source"]["commits"])],
            "committer": facts["source"]["committers"],
            "last-pusher": [facts["source"]["lastPusher"]],
            "requester": [facts["run"]["operator"]],
        }
        for duty in self.rules.tier(self.tier.name).may_not:
            if any(name in known or ("@" in name and normal_email(name) in mine) for name in held[duty]):
                return duty.replace("-", " ")
        return ""

    def object_to_person(self, person_id: str, on: date) -> Objection | None:
        """Whether the person may sign anything at all that day."""
        person = find_person(self.people, person_id)
        if person is None or not person.active:
            return Objection("LM-APR-015", f"{person_id!r} is not an active person of this product")
        for policy in self.rules.training_required:
            until = max((record.until for record in person.training if record.policy == policy), default="")
            if until < on.isoformat():
                lapsed = f"ended on {until}" if until else "is not recorded"
                return Objection("LM-APR-010", f"the training of {person.name} on {policy} {lapsed}")
        return None

    def object_to_separation(self, person_id: str, meaning: str, *, email: str = "") -> Objection | None:
        """Separation of duties. Signing one's own authorship, or rejecting, needs no distance."""
        if meaning in {"authorship", "rejection"}:
            return None
        person = find_person(self.people, person_id)
        duty = self.find_conflict(person, email=email) if person else ""
        return Objection("LM-APR-001", f"{person.name} is {duty} of this change and cannot approve it") if person and duty else None

    def object_to_role(self, person_id: str, role: str, index: int) -> Objection | None:
        """Whether the person holds the role, by people.yaml, and by the ledger at that index where it keeps roles."""
        person = find_person(self.people, person_id)
        if person is None or role not in person.roles:
            return Objection("LM-APR-002", f"{person.name if person else person_id} does not hold the role {role!r}")
        if not self.roles.allows(person_id, role, index):
            return Objection("LM-APR-033", f"ROLE_CHANGE_UNAPPROVED: the ledger gave {person.name} no role {role!r} before entry {index}")
        return None

    def object_to_delegation(self, payload: str, *, delegator: str, delegate: str, role: str, at: datetime, index: int | None) -> Objection | None:
        """Whether the delegation covers a signature of `delegate` in `role` at that time (and, once logged, index)."""
        entry = self.find_delegation(payload)
        body = read_body(entry, DelegationBody) if entry is not None else None
        if entry is None or body is None:
            return Objection("LM-APR-009", "the delegation is not in the log")
        reason = self._delegation_fault(entry, body, delegator, delegate, role, at, index)
        return Objection("LM-APR-009", f"delegation {body.delegation}: {reason}") if reason else None

    def _delegation_fault(self, entry: Verified, body: DelegationBody, delegator: str, delegate: str, role: str, at: datetime, index: int | None) -> str:
        begin, until = parse_instant(body.begin), parse_instant(body.until)
        if entry.key.kind != "person" or entry.key.person != body.delegator or body.delegator != delegator:
            return "not signed by the delegator's own key"
        if body.delegate != delegate or delegate == delegator:
            return f"made for {body.delegate}, not for {delegate}" if body.delegate != delegate else "nobody delegates to himself"
        if body.product != self.predicate["product"] or body.role != role:
            return f"made for the role {body.role} of {body.product}"
        # A delegator without the role would pass on what was only delegated to him: no chains.
        holder = find_person(self.people, delegator)
        if holder is None or not holder.active or role not in holder.roles or not self.roles.allows(delegator, role, entry.index if index is None else index):
            return f"{delegator} does not hold the role {role!r} to delegate"
        limit, allowed = TIERS.index(body.tier_limit), self.rules.delegation.up_to
        if TIERS.index(self.tier.name) > limit or allowed == "none" or TIERS.index(self.tier.name) > TIERS.index(allowed):
            return f"does not reach a change of tier {self.tier.name}"
        if not begin <= at <= until or until - begin > timedelta(days=self.rules.delegation.max_days):
            return f"holds from {body.begin} to {body.until}, at most {self.rules.delegation.max_days} days"
        if index is not None and entry.index >= index:
            return "made after the signature"
        if self.withdrawal_of(entry, before=index) is not None:
            return "withdrawn"
        return ""


def read_body(entry: Verified, body: type[Any]) -> Any | None:
    """The predicate as its type; None where it does not have the published shape."""
    try:
        return msgspec.convert(entry.statement.predicate, body, strict=True)
    except msgspec.ValidationError:
        return None
