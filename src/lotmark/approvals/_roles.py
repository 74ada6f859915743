"""Roles as ledger events: granted and withdrawn by root persons, held from one log index to another.

While the ledger holds no role event for a product, `quality/people.yaml` alone says who holds which role. From the first
one on a role counts only where the ledger gives it too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from lotmark.approvals.predicates import ROLE_EVENT, RoleBody
from lotmark.attest.api import find_effect, group_signatures
from lotmark.attest.models import Evidence, Subject, Trust, Verified
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest


@dataclass(frozen=True, slots=True)
class RoleBook:
    """The role events that took effect, as (index, grant or withdraw, person, role), in log order."""

    events: tuple[tuple[int, str, str, str], ...] = ()

    def is_kept(self, index: int) -> bool:
        """Whether the ledger gives the roles at that entry."""
        return any(event[0] < index for event in self.events)

    def holds(self, person: str, role: str, index: int) -> bool:
        """Whether the person held the role at that entry, as the ledger says."""
        held = False
        for at, act, who, what in self.events:
            if at < index and (who, what) == (person, role):
                held = act == "grant"
        return held

    def allows(self, person: str, role: str, index: int) -> bool:
        """Whether the ledger has nothing against it that the person acts in the role at that entry."""
        return not self.is_kept(index) or self.holds(person, role, index)


def role_evidence(act: Literal["grant", "withdraw"], *, product: str, person: str, role: str, reason: str, at: datetime) -> Evidence:
    """The evidence that a person is given a role, or loses it, to be signed by root persons other than that one."""
    body = RoleBody(event=act, product=product, person=person, role=role, reason=reason, at=format_instant(at))
    name = f"{product}/{person}/{role}"
    return Evidence(ROLE_EVENT.name, (Subject(name, {"sha256": Digest.of(name.encode()).hex}),), msgspec.to_builtins(body), name=name)


def read_roles(entries: Iterable[Verified], trust: Trust, *, product: str) -> RoleBook:
    """The role events of the product that took effect: signed by as many root persons as the ledger asked for, the person himself not counted."""
    events = []
    for signatures in group_signatures(entries, ROLE_EVENT.name):
        body = msgspec.convert(signatures[0].statement.predicate, RoleBody)
        index = find_effect(signatures, trust, without=body.person if body.event == "grant" else "")
        if body.product == product and index is not None:
            events.append((index, body.event, body.person, body.role))
    return RoleBook(tuple(sorted(events)))
