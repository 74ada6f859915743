"""Retention events: made, and replayed into what they say together.

An act is signed by one person per record. Acts that cannot be taken back (releasing a hold, expiry, erasure) take effect
at the second signature, by another person with another key, under exactly the same act. A signature counts only if the
statement names the person whose key made it; the order of the log decides which is the second.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

import msgspec

from lotmark.attest.api import format_json
from lotmark.attest.models import Evidence, Subject, Verified
from lotmark.base.clock import format_instant
from lotmark.base.errors import UsageError
from lotmark.records.models import NEEDS_TWO, Hold, Order, RecordApproval, RecordEvent, RecordState
from lotmark.records.predicates import RETENTION_EVENT, ActBody, ApproverBody, RetentionEventBody

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "trigger": ("trigger", "on"),
    "hold": ("scope",),
    "hold-release": ("of",),
    "expiry": ("scope", "on", "retention_class", "entries"),
    "erasure": ("commitments",),
    "carried-out": ("of",),
}
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {**_NEEDED, "trigger": ("trigger", "on", "version"), "expiry": (*_NEEDED["expiry"], "blobs", "version")}


def order_digest(event: RecordEvent, product: str, act: ActBody) -> str:
    """The name of an act: SHA-256 over its event, product and content."""
    return hashlib.sha256(format_json({"event": event, "product": product, "act": msgspec.to_builtins(act)})).hexdigest()


def build_retention_event(event: RecordEvent, *, product: str, act: ActBody, person: str | None, name: str = "", reason: str, at: datetime) -> Evidence:
    """The evidence that a person (None: the pipeline) signs.

    Raises:
        UsageError: LM-REC-003 if the act lacks what its event needs, or holds what it does not.
    """
    fault = _fault(event, act, personal=person is not None)
    if fault or not reason.strip():
        raise UsageError("LM-REC-003", f"no {event}: {fault or 'it gives no reason'}", solution="see docs/spec/records.md")
    digest = order_digest(event, product, act)
    body = RetentionEventBody(
        event=event,
        product=product,
        act=act,
        order=digest,
        approver=None if person is None else ApproverBody(person=person, name=name),
        reason=reason.strip(),
        signed_at=format_instant(at),
    )
    return Evidence(RETENTION_EVENT.name, (Subject(f"{event} order", {"sha256": digest}),), msgspec.to_builtins(body), name=f"{event}-{digest[:12]}")


def replay_events(events: Iterable[Verified]) -> RecordState:
    """The verified retention events of a log, in log order -> what they say together. One that cannot count is left out."""
    orders: dict[str, Order] = {}
    keys: dict[str, set[str]] = {}
    for entry in events:
        body = _read(entry)
        if body is None:
            continue
        approval = RecordApproval(
            entry.index, body.approver.person if body.approver else "", body.approver.name if body.approver else entry.key.kind, body.reason, body.signed_at
        )
        known = orders.get(body.order)
        if known is None:
            orders[body.order] = Order(body.order, body.event, body.product, msgspec.structs.asdict(body.act), (approval,))
            keys[body.order] = {entry.key.public_key.hex()}
        elif _adds(known, approval, entry.key.public_key.hex(), keys[body.order]):
            orders[body.order] = Order(known.digest, known.event, known.product, known.act, (*known.approvals, approval))
            keys[body.order].add(entry.key.public_key.hex())
    return _state(tuple(orders.values()))


def _adds(known: Order, approval: RecordApproval, key: str, keys: set[str]) -> bool:
    """Whether it is the missing second signature: another person, another key, and not more than are needed."""
    return known.event in NEEDS_TWO and not known.is_effective and key not in keys and approval.person not in {each.person for each in known.approvals}


def _state(orders: tuple[Order, ...]) -> RecordState:
    expired: dict[int, Order] = {}
    erased: dict[str, Order] = {}
    releases = {str(order.act["of"]): order for order in orders if order.event == "hold-release"}
    for order in orders:
        if not order.is_effective:
            continue
        if order.event == "expiry" and str(order.act["on"]) < order.approvals[-1].at[:10]:  # ended before it was signed
            expired.update({index: order for index in _list(order.act["entries"]) if index < order.approvals[0].index})
        elif order.event == "erasure":
            erased.update(dict.fromkeys(_list(order.act["commitments"]), order))
    holds = tuple(Hold(order, releases.get(order.digest)) for order in orders if order.event == "hold")
    return RecordState(orders, expired, erased, holds)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(entry: Verified) -> RetentionEventBody | None:
    """The event, if it says one thing and was signed by whom it names."""
    body = msgspec.convert(entry.statement.predicate, RetentionEventBody, strict=True)
    person = body.approver.person if body.approver else None
    if body.order != order_digest(body.event, body.product, body.act) or _fault(body.event, body.act, personal=person is not None):
        return None
    if person is None:
        return body if entry.key.kind == "pipeline" else None
    return body if entry.key.kind == "person" and entry.key.person == person else None


def _fault(event: RecordEvent, act: ActBody, *, personal: bool) -> str:
    """What is wrong with an act, or nothing."""
    if personal == (event == "carried-out"):
        return f"a {event} is signed by {'the pipeline' if personal else 'a person'}"
    given = {name for name, value in msgspec.structs.asdict(act).items() if value}
    missing = sorted(set(_NEEDED[event]) - given)
    if missing:
        return f"it lacks {', '.join(missing)}"
    foreign = sorted(given - set(_ALLOWED[event]))
    if foreign:
        return f"it has no {', '.join(foreign)}"
    if act.on:
        try:
            date.fromisoformat(act.on)
        except ValueError:
            return f"{act.on} is no day"
    if sorted(set(act.entries)) != act.entries or sorted(set(act.blobs)) != act.blobs or sorted(set(act.commitments)) != act.commitments:
        return "its lists are not sorted, each once"
    return ""
