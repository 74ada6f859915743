"""A decision that waits for signatures, the people of the example product, and their signatures."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from fakes.release_run import NOON, RUN, ReleaseRun, key, verified
from lotmark.approvals.api import (
    build_approval,
    build_delegation,
    build_withdrawal,
    compute_tier,
    find_person,
    parse_approvals,
    parse_people,
    required_approvals,
)
from lotmark.approvals.models import ApprovalsFile, PeopleDocument, Signing
from lotmark.attest.models import KeyRecord, Trust, Verified
from lotmark.policy.api import build_decision, compute_facts, decide, default_policy, evidence_root

PEOPLE = b"""
people:
  - {id: dana, name: Dana Example, email: dana@example.org, also: [dana@home.example], roles: [developer, quality-owner]}
  - {id: quinn, name: Quinn Example, email: quinn@example.org, roles: [quality-owner, regulatory], training: [{policy: SOP-012, until: "2026-12-31"}]}
  - {id: rene, name: Rene Example, email: rene@example.org, roles: [regulatory]}
  - {id: clio, name: Clio Example, email: clio@example.org, roles: [clinical]}
  - {id: omar, name: Omar Example, email: omar@example.org, roles: [operations]}
  - {id: gone, name: Gone Example, email: gone@example.org, roles: [quality-owner], active: false}
"""
APPROVALS = b"""
approvals: 1
tiers:
  - name: low
    when: {only-paths: ["docs/**", "*.md"]}
    required: [{role: quality-owner}]
  - name: medium
    when: {paths: ["src/**"]}
    required: [{role: quality-owner}, {role: regulatory, meaning: review}]
  - name: high
    when: {paths: ["src/qpcr/calling/**"], safety-classes: [C], dependencies-changed: true}
    required: [{role: quality-owner}, {role: regulatory}, {role: clinical, meaning: risk-acceptance}]
delegation: {up-to: medium, max-days: 30}
"""


@cache
def people() -> PeopleDocument:
    return parse_people(PEOPLE, name="quality/people.yaml")


@cache
def rules() -> ApprovalsFile:
    return parse_approvals(APPROVALS, people(), name="quality/approvals.yaml").value


@cache
def _decided(verdict: str, path: str) -> tuple[tuple[Verified, ...], dict[str, Any]]:
    """Deciding starts a process; the tests share its answers."""
    run = ReleaseRun()
    run.predicate("change-summary")["changedPaths"] = [path]
    if verdict == "refused":
        run.predicate("rebuild").update(verdict="DIFFERENT")
    entries = tuple(run.entries())
    policy = default_policy()
    decision = decide(compute_facts(entries, NOON), policy, policy.digest, 60)
    tier = compute_tier(decision.facts, rules())
    required = [item.to_wire() for item in required_approvals(tier.name, rules())]
    return entries, build_decision(decision, root=evidence_root(entries), tier=tier.to_wire(), required=required).predicate


@dataclass
class Desk:
    """The run with its decision, and whatever is signed after it."""

    verdict: str = "accepted"
    path: str = "src/qpcr/baseline.py"
    later: list[Verified] = field(default_factory=list)
    keys: list[KeyRecord] = field(default_factory=lambda: [key(name) for name in ("dana", "quinn", "rene", "clio", "omar", "gone")])

    def __post_init__(self) -> None:
        run, predicate = _decided(self.verdict, self.path)
        self.run = list(run)
        self.decision = verified("decision", predicate, 60)
        self.entries_before: list[Verified] = []

    @property
    def entries(self) -> list[Verified]:
        return [*self.entries_before, *self.run, self.decision, *self.later]

    @property
    def trust(self) -> Trust:
        return Trust(tuple(self.keys))

    def add(self, kind: str, predicate: dict[str, Any], by: KeyRecord, index: int = 0) -> Verified:
        entry = verified(kind, predicate, index or 61 + len(self.later), by=by)
        self.later.append(entry)
        return entry

    def sign(
        self,
        who: str,
        role: str = "quality-owner",
        meaning: str = "approval",
        *,
        at: datetime = NOON + timedelta(hours=1),
        session: str = "",
        ordinal: int = 1,
        components: tuple[str, ...] = ("key", "passphrase"),
        behalf: Verified | None = None,
        by: KeyRecord | None = None,
        **changes: Any,
    ) -> Verified:
        """`who` signs the decision; `changes` overwrite top-level values of the predicate."""
        person = find_person(people().value, who)
        assert person is not None
        signer = by or key(who)
        evidence = build_approval(
            self.decision,
            person,
            role=role,
            meaning=meaning,  # type: ignore[arg-type]
            reason="Reviewed the evidence",
            key_id=signer.key_id,
            signing=Signing(session or f"session of {who} {len(self.later)}", ordinal, components),
            signed_at=at,
            zone="Europe/Berlin",
            on_behalf_of=behalf,
        )
        return self.add("approval", {**evidence.predicate, **changes}, signer)

    def delegate(
        self, giver: str = "rene", taker: str = "omar", role: str = "regulatory", *, limit: str = "medium", by: KeyRecord | None = None, **changes: Any
    ) -> Verified:
        evidence = build_delegation(
            people(),
            rules(),
            delegation="qpcr:DLG-0001",
            product="qpcr",
            delegator="rene",
            delegate="omar",
            role="regulatory",
            tier_limit="medium",
            begin=NOON - timedelta(days=1),
            until=NOON + timedelta(days=7),
            reason="On leave",
            signed_at=NOON - timedelta(days=1),
        )
        changed = {**evidence.predicate, "delegator": giver, "delegate": taker, "role": role, "tierLimit": limit, **changes}
        entry = verified("delegation", changed, 5 + len(self.entries_before), by=by or key(giver))
        self.entries_before.append(entry)
        return entry

    def withdraw(self, target: Verified, who: str, *, index: int = 0, **changes: Any) -> Verified:
        person = find_person(people().value, target.key.person)
        assert person is not None
        evidence = build_withdrawal(target, person, reason="A mistake", withdrawn_at=NOON + timedelta(hours=2))
        return self.add("approval-withdrawal", {**evidence.predicate, **changes}, key(who), index)


__all__ = ["APPROVALS", "NOON", "PEOPLE", "RUN", "Desk", "key", "people", "rules"]
