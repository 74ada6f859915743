"""Key events as evidence: making them, and what in one contradicts itself. Spec: ``docs/spec/keys-and-trust.md``."""

import base64
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from lotmark.attest import _ed25519
from lotmark.attest._algorithms import ALGORITHMS
from lotmark.attest._keys import algorithm_of, check_public_key, key_id_of
from lotmark.attest._statement import is_plain_text
from lotmark.attest.models import Evidence, KeyKind, KeyRecord, Person, Subject
from lotmark.attest.predicates import KEY_EVENT, Compromise, Enrolment, Genesis, KeyBody, KeyEvent, Loss, PersonBody, Revocation, Rotation, Threshold
from lotmark.base.clock import format_instant, parse_instant
from lotmark.base.errors import UsageError

EventName = Literal["genesis", "enrol", "rotate", "revoke", "lost", "compromised"]
_PERSONAL: Final = frozenset({"person", "root"})
_PLAIN: Final[Mapping[str, type[Genesis | Enrolment | Revocation | Loss]]] = {"genesis": Genesis, "enrol": Enrolment, "revoke": Revocation, "lost": Loss}


def key_event(
    event: EventName,
    *,
    public_key: bytes,
    kind: KeyKind,
    person: Person | None,
    reason: str,
    at: datetime,
    successor: bytes = b"",
    overlap: int = 0,
    counts_before: int = 0,
) -> Evidence:
    """The evidence that a key begins or ends to count, to be signed by root keys (the genesis by the key itself).

    Args:
        event: What happens to the key.
        public_key: Raw bytes of the key that the event is about.
        kind: What the key is, or was enrolled, for.
        person: Who holds it; None for a machine.
        reason: Why, in words.
        at: When, as the signers claim; it decides nothing.
        successor: For ``rotate``: raw bytes of the key that follows.
        overlap: For ``rotate``: for how many entries after the event both count.
        counts_before: For ``compromised``: the log index from which nothing that the key signed counts.

    Raises:
        UsageError: LM-ATT-037 unusable public key, LM-ATT-041 the event contradicts itself.
    """
    key = _key_body(public_key, kind)
    holder = None if person is None else PersonBody(id=person.id, name=person.name, email=person.email)
    when = format_instant(at)
    body: KeyEvent
    if event == "rotate":
        body = Rotation(key=key, person=holder, successor=_key_body(successor, kind), overlap=overlap, reason=reason, at=when)
    elif event == "compromised":
        body = Compromise(key=key, person=holder, counts_before=counts_before, reason=reason, at=when)
    else:
        body = _PLAIN[event](key=key, person=holder, reason=reason, at=when)
    return _evidence(body, event)


def threshold_event(threshold: int, keys: Collection[KeyRecord], *, reason: str, at: datetime) -> Evidence:
    """The evidence that from now on `threshold` root persons must sign each key event; `keys` are all that count now.

    Raises:
        UsageError: LM-ATT-041 the event contradicts itself.
    """
    return _evidence(Threshold(threshold=threshold, keys=sorted(key.key_id for key in keys), reason=reason, at=format_instant(at)), "threshold")


def _evidence(body: KeyEvent, name: str) -> Evidence:
    predicate: dict[str, Any] = msgspec.to_builtins(body)
    try:
        fault = find_fault(msgspec.convert(predicate, KeyEvent, strict=True))
    except (msgspec.ValidationError, UsageError) as error:
        fault = str(error)
    if fault:
        raise UsageError("LM-ATT-041", f"no key event: {fault}", solution="see docs/spec/keys-and-trust.md")
    subjects = subjects_of(body)
    return Evidence(KEY_EVENT.name, subjects, predicate, name=f"{name}-{subjects[0].name[:12]}")


def _key_body(public_key: bytes, kind: KeyKind) -> KeyBody:
    check_public_key(public_key)
    return KeyBody(id=key_id_of(public_key), algorithm=algorithm_of(public_key), public_key=base64.b64encode(public_key).decode("ascii"), kind=kind)


def subjects_of(event: KeyEvent) -> tuple[Subject, ...]:
    """The keys that the event is about: its own, a rotation's successor too; all that a threshold confirms."""
    match event:
        case Threshold():
            ids = tuple(event.keys)
        case Rotation():
            ids = (event.key.id, event.successor.id)
        case _:
            ids = (event.key.id,)
    return tuple(Subject(key_id, {"sha256": key_id}) for key_id in ids)


def find_fault(event: KeyEvent) -> str | None:
    """What in the event contradicts itself, if anything.

    Raises:
        UsageError: LM-ATT-025 if the algorithm of a key is not allowed.
    """
    try:
        parse_instant(event.at)
    except ValueError as error:
        return str(error)
    texts = [event.reason]
    if isinstance(event, Threshold):
        if event.keys != sorted(set(event.keys)):
            return "the keys are not sorted, or one stands twice"
    else:
        bodies = [event.key, event.successor] if isinstance(event, Rotation) else [event.key]
        for body in bodies:
            fault = _find_key_fault(body)
            if fault:
                return fault
        if isinstance(event, Rotation) and event.successor.kind != event.key.kind:
            return "the successor is for another purpose"
        if isinstance(event, Rotation) and event.successor.id == event.key.id:
            return "a key does not follow itself"
        if (event.person is not None) != (event.key.kind in _PERSONAL):
            return f"a {event.key.kind} key belongs to a {'person' if event.key.kind in _PERSONAL else 'machine'}"
        if isinstance(event, Genesis) and event.key.kind != "root":
            return "the genesis is that of a root key"
        if event.person is not None:
            texts += [event.person.name, event.person.email or "-"]
    return None if all(map(is_plain_text, texts)) else "a name, e-mail or reason is empty or holds control characters"


def _find_key_fault(body: KeyBody) -> str | None:
    if body.algorithm not in ALGORITHMS:
        raise UsageError(
            "LM-ATT-025",
            f"ALGORITHM_NOT_ALLOWED: {body.algorithm[:40]!r} is not among {', '.join(ALGORITHMS)}",
            solution="make a key with `lotmark key generate`, or a P-256 key in your HSM or key service",
        )
    public_key = base64.b64decode(body.public_key)
    try:
        check_public_key(public_key)
    except UsageError as error:
        return str(error)
    if algorithm_of(public_key) != body.algorithm:
        return f"the public key is not one of {body.algorithm}"
    if key_id_of(public_key) != body.id or base64.b64encode(public_key).decode("ascii") != body.public_key:
        return "the key id is not that of the public key"
    if body.kind == "log" and body.algorithm != _ed25519.NAME:
        return "a log key is Ed25519 (https://c2sp.org/signed-note)"
    return None
