"""Trust in keys, replayed from the log's key events.

Nothing in the log is trusted by itself: entry 0 is a genesis, signed by a root key that the caller already holds. From
there on root keys enrol and revoke. A key counts from the entry after its enrolment until before its revocation; clocks
play no part. One public key is enrolled at most once, for ever; a root key is revoked by another one, so one stays.
Spec: ``docs/spec/keys-and-trust.md``.
"""

import base64
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

import msgspec

from lotmark.attest._keys import check_public_key, key_id_of
from lotmark.attest._statement import is_plain_text
from lotmark.attest._verify import verify_envelope
from lotmark.attest.models import Envelope, Evidence, KeyKind, KeyRecord, Person, Registry, Subject, Trust
from lotmark.attest.predicates import KEY_EVENT, KINDS, KeyBody, KeyEvent, PersonBody
from lotmark.base.clock import format_instant, parse_instant
from lotmark.base.errors import IntegrityError, UsageError

_REGISTRY: Final = Registry(KINDS)
_PERSONAL: Final = frozenset({"person", "root"})


def key_event(event: Literal["genesis", "enrol", "revoke"], *, public_key: bytes, kind: KeyKind, person: Person | None, reason: str, at: datetime) -> Evidence:
    """The evidence that a key begins or ends to count, to be signed by a root key (the genesis by the key itself).

    Raises:
        UsageError: LM-ATT-037 unusable public key, LM-ATT-041 the event contradicts itself.
    """
    check_public_key(public_key)
    key_id = key_id_of(public_key)
    body = KeyEvent(
        event=event,
        key=KeyBody(id=key_id, algorithm="ed25519", public_key=base64.b64encode(public_key).decode("ascii"), kind=kind),
        person=None if person is None else PersonBody(id=person.id, name=person.name, email=person.email),
        reason=reason,
        at=format_instant(at),
    )
    predicate = msgspec.to_builtins(body)
    try:
        fault = _find_fault(msgspec.convert(predicate, KeyEvent, strict=True))
    except msgspec.ValidationError as error:
        fault = str(error)
    if fault:
        raise UsageError("LM-ATT-041", f"no key event: {fault}", solution="see docs/spec/keys-and-trust.md")
    return Evidence(KEY_EVENT.name, (Subject(key_id, {"sha256": key_id}),), predicate, name=f"{event}-{key_id[:12]}")


def replay_trust(events: Iterable[tuple[int, Envelope]], roots: Collection[bytes]) -> Trust:
    """Every key event of a log, in log order, with its index -> Trust. `roots` are the caller's own raw public keys.

    A log without key events trusts nobody.

    Raises:
        IntegrityError: as `verify_envelope`; LM-ATT-040 no genesis at entry 0 by one of the roots, -041 an event that
            contradicts itself, the keys before it or its own subject, -042 events out of order.
    """
    trust = Trust()
    last = -1
    for index, envelope in events:
        if index <= last:
            raise IntegrityError(
                "LM-ATT-042", f"the key event at entry {index} comes after entry {last}", where=f"log entry {index}", solution="give the events in log order"
            )
        trust = apply_key_event(trust, index, envelope, roots)
        last = index
    return trust


def apply_key_event(trust: Trust, index: int, envelope: Envelope, roots: Collection[bytes]) -> Trust:
    """`trust` after the key event that stands at `index`; so a caller may try an event before appending it.

    Raises:
        IntegrityError: as `replay_trust`.
    """
    if not trust.keys:
        return _apply_genesis(index, envelope, roots)
    verified = verify_envelope(envelope, kind=KEY_EVENT.name, index=index, trust=trust, registry=_REGISTRY)
    event = _read_event(verified.statement.predicate, verified.statement.subject, index)
    record = _record(event, index + 1)
    known = trust.find(record.key_id)
    if event.event == "genesis":
        raise _contradiction(index, "a log has one genesis only")
    if event.event == "enrol":
        if known is not None:
            raise _contradiction(index, f"the key {record.key_id[:12]} was enrolled before; a key is enrolled once, and a revoked one stays revoked")
        return Trust((*trust.keys, record))
    if known is None:
        raise _contradiction(index, f"the key {record.key_id[:12]} was never enrolled")
    if known.valid_until is not None:
        raise _contradiction(index, f"the key {record.key_id[:12]} was revoked before, at entry {known.valid_until}")
    if (known.kind, known.person) != (record.kind, record.person):
        raise _contradiction(index, f"the key {record.key_id[:12]} was enrolled for another purpose or person")
    if verified.key.key_id == known.key_id:
        raise _contradiction(index, "a root key is revoked by another root key, so that one stays")
    return Trust(tuple(replace(key, valid_until=index) if key.key_id == known.key_id else key for key in trust.keys))


def _apply_genesis(index: int, envelope: Envelope, roots: Collection[bytes]) -> Trust:
    root = next((key for key in roots if key_id_of(key) == envelope.key_id), None)
    if index != 0 or root is None:
        raise IntegrityError(
            "LM-ATT-040",
            "the log does not begin with a genesis by a root key that you trust",
            where=f"log entry {index}",
            solution="give the trust file of this very log with --trust, from somebody you trust, not from the bundle",
        )
    # The key comes from the caller, not from the entry: what the entry says of itself is read only once it is verified.
    caller = KeyRecord(envelope.key_id, "ed25519", root, "root", "", "the root key", 0, None)
    verified = verify_envelope(envelope, kind=KEY_EVENT.name, index=index, trust=Trust((caller,)), registry=_REGISTRY)
    event = _read_event(verified.statement.predicate, verified.statement.subject, index)
    if event.event != "genesis" or event.key.id != envelope.key_id:
        raise _contradiction(index, "the first event is not the genesis of the key that signed it")
    return Trust((_record(event, 0),))


def _read_event(predicate: dict[str, object], subjects: tuple[Subject, ...], index: int) -> KeyEvent:
    event = msgspec.convert(predicate, KeyEvent, strict=True)
    fault = _find_fault(event)
    if fault:
        raise _contradiction(index, fault)
    if subjects != (Subject(event.key.id, {"sha256": event.key.id}),):
        raise _contradiction(index, "the subject is not the key")
    return event


def _find_fault(event: KeyEvent) -> str | None:
    """What in the event contradicts itself, if anything."""
    public_key = base64.b64decode(event.key.public_key)
    try:
        check_public_key(public_key)
        parse_instant(event.at)
    except (UsageError, ValueError) as error:
        return str(error)
    if key_id_of(public_key) != event.key.id or base64.b64encode(public_key).decode("ascii") != event.key.public_key:
        return "the key id is not that of the public key"
    if (event.person is not None) != (event.key.kind in _PERSONAL):
        return f"a {event.key.kind} key belongs to a {'person' if event.key.kind in _PERSONAL else 'machine'}"
    if event.event == "genesis" and event.key.kind != "root":
        return "the genesis is that of a root key"
    texts = [event.reason]
    if event.person is not None:
        texts += [event.person.name, event.person.email or "-"]
    return None if all(map(is_plain_text, texts)) else "a name, e-mail or reason is empty or holds control characters"


def _record(event: KeyEvent, valid_from: int) -> KeyRecord:
    person = event.person
    return KeyRecord(
        key_id=event.key.id,
        algorithm="ed25519",
        public_key=base64.b64decode(event.key.public_key),
        kind=event.key.kind,
        person="" if person is None else person.id,
        name=event.key.kind if person is None else person.name,
        valid_from=valid_from,
        valid_until=None,
        email="" if person is None else person.email,
    )


def _contradiction(index: int, reason: str) -> IntegrityError:
    return IntegrityError(
        "LM-ATT-041",
        f"this key event cannot stand: {reason}",
        where=f"log entry {index}",
        solution="do not use this log before an administrator has explained the entry",
    )
