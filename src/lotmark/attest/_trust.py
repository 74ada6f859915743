"""Trust in keys, replayed from the log's key events.

Nothing in the log is trusted by itself: entry 0 is a genesis, signed by a root key that the caller already holds. From
there on root persons enrol, rotate and end keys. An event is one Statement; each root person signs it in an envelope of
his own, and it takes effect at the entry at which as many persons as the threshold asks for have signed. A key counts
from the entry after its enrolment until before its end; clocks play no part. What was taken away stays taken away: no
event brings a key back. What was given falls with those who gave it, if their keys turn out to be compromised.
Spec: ``docs/spec/keys-and-trust.md``.
"""

import base64
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

import msgspec

from lotmark.attest._events import find_fault, subjects_of
from lotmark.attest._keys import algorithm_of, key_id_of
from lotmark.attest._statement import check_body, parse_statement
from lotmark.attest._verify import verify_envelope
from lotmark.attest.models import Envelope, Grant, KeyRecord, Proposal, Registry, Subject, Trust, count_signers
from lotmark.attest.predicates import KEY_EVENT, KINDS, Compromise, Ending, Enrolment, Genesis, KeyBody, KeyEvent, PersonBody, Rotation, Threshold
from lotmark.base.errors import IntegrityError, UsageError

_REGISTRY: Final = Registry(KINDS)


def replay_trust(events: Iterable[tuple[int, Envelope]], roots: Collection[bytes], *, root_threshold: int = 1) -> Trust:
    """Every key event of a log, in log order, with its index -> Trust. `roots` are the caller's own raw public keys.

    A log without key events trusts nobody. With a `root_threshold` above 1 so many of the caller's roots must have
    signed the log's threshold event, and so have confirmed every key that counted then.

    Raises:
        IntegrityError: as `verify_envelope`; LM-ATT-025 an algorithm that is not allowed, -040 no genesis at entry 0 by
            one of the roots, -041 an event that contradicts itself, the keys before it or its own subject, -042 events
            out of order, -043 too few of the caller's roots stand behind the log.
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
    if trust.keys and root_threshold > 1:
        _check_confirmed(trust, roots, root_threshold)
    return trust


def apply_key_event(trust: Trust, index: int, envelope: Envelope, roots: Collection[bytes]) -> Trust:
    """`trust` after the key event that stands at `index`; so a caller may try an event before appending it.

    An event that too few root persons have signed so far stands in `Trust.proposals` and changes nothing.

    Raises:
        IntegrityError: as `replay_trust`.
    """
    if not trust.keys:
        return _apply_genesis(index, envelope, roots)
    verified = verify_envelope(envelope, kind=KEY_EVENT.name, index=index, trust=trust, registry=_REGISTRY)
    event = _read_event(verified.statement.predicate, verified.statement.subject, index)
    payload, signer = envelope.payload_digest, verified.key.key_id
    done = next((grant for grant in trust.grants if grant.payload == payload), None)
    if done is not None:
        # One more person stands behind what took effect already.
        behind = replace(done, signers=_with(done.signers, signer, index))
        return replace(trust, grants=tuple(behind if grant is done else grant for grant in trust.grants))
    proposal = trust.find_proposal(payload) or Proposal(payload, index, ())
    others = tuple(other for other in trust.proposals if other.payload != payload)
    signers = _with(proposal.signers, signer, index)
    needed = trust.root_threshold
    if _count(trust, signers, index) < needed:
        return replace(trust, proposals=(*others, replace(proposal, signers=signers)))
    after = _take_effect(replace(trust, proposals=others), event, Grant(payload, index, signers, needed))
    _check_standing(trust, after, event, index, signers)
    return after


def _with(signers: tuple[str, ...], signer: str, index: int) -> tuple[str, ...]:
    if signer in signers:
        raise _contradiction(index, f"the key {signer[:12]} signed this very event before")
    return (*signers, signer)


def _take_effect(trust: Trust, event: KeyEvent, grant: Grant) -> Trust:
    """`trust` after the event, which enough root persons have signed."""
    index = grant.index
    match event:
        case Genesis():
            raise _contradiction(index, "a log has one genesis only")
        case Enrolment():
            return _add(trust, event.key, event.person, grant)
        case Rotation():
            known = _get_known(trust, event.key, event.person, index)
            if known.valid_until is not None:
                raise _contradiction(index, f"the key {known.key_id[:12]} was rotated or ended before")
            until = index + 1 + event.overlap
            return _add(_put(trust, replace(known, valid_until=until, ended_by="rotate")), event.successor, event.person, grant)
        case Threshold():
            if event.keys != sorted(key.key_id for key in trust.valid_at(index + 1)):
                raise _contradiction(index, "the threshold event does not name the keys that count now")
            return replace(trust, grants=(*trust.grants, replace(grant, threshold=event.threshold)))
        case Compromise():
            return _disown(trust, event, grant)
        case _:
            known = _get_known(trust, event.key, event.person, index)
            if known.valid_until is not None and known.valid_until <= index:
                raise _contradiction(index, f"the key {known.key_id[:12]} was revoked before, at entry {known.valid_until}")
            name = str(event.__struct_config__.tag)
            return _put(replace(trust, grants=(*trust.grants, grant)), replace(known, valid_until=index, ended_by=name))


def _add(trust: Trust, key: KeyBody, person: PersonBody | None, grant: Grant) -> Trust:
    if trust.find(key.id) is not None:
        raise _contradiction(grant.index, f"the key {key.id[:12]} was enrolled before; a key is enrolled once, and a revoked one stays revoked")
    record = _record(key, person, grant.index + 1)
    return replace(trust, keys=(*trust.keys, record), grants=(*trust.grants, replace(grant, keys=(key.id,))))


def _get_known(trust: Trust, key: KeyBody, person: PersonBody | None, index: int) -> KeyRecord:
    known = trust.find(key.id)
    if known is None:
        raise _contradiction(index, f"the key {key.id[:12]} was never enrolled")
    if (known.kind, known.person) != (key.kind, "" if person is None else person.id):
        raise _contradiction(index, f"the key {key.id[:12]} was enrolled for another purpose or person")
    return known


def _put(trust: Trust, record: KeyRecord) -> Trust:
    return replace(trust, keys=tuple(record if key.key_id == record.key_id else key for key in trust.keys))


def _disown(trust: Trust, event: Compromise, grant: Grant) -> Trust:
    """The key, and what it gave rise to, counts only before the index that the event names."""
    index = grant.index
    known = _get_known(trust, event.key, event.person, index)
    if event.counts_before > index:
        raise _contradiction(index, "a compromise speaks of what was signed before it")
    if known.valid_until is not None and known.valid_until <= event.counts_before:
        raise _contradiction(index, f"the key {known.key_id[:12]} counted only until before entry {known.valid_until} already")
    trust = _put(replace(trust, grants=(*trust.grants, grant)), _cut(known, event.counts_before, index))
    for given in trust.grants:  # in log order, so that what falls takes along what it gave in turn
        if not given.fallen and _count(trust, given.signers, given.index) < given.needed:
            fallen = replace(given, fallen=True)
            trust = replace(trust, grants=tuple(fallen if each.payload == given.payload else each for each in trust.grants))
            for record in [key for key in trust.keys if key.key_id in given.keys]:
                trust = _put(trust, _cut(record, 0, index))
    return trust


def _cut(key: KeyRecord, counts_before: int, index: int) -> KeyRecord:
    """The key, counting before `counts_before` only; what it signed from there to `index` was good until now."""
    begin = max(counts_before, key.valid_from)
    end = index if key.valid_until is None else min(key.valid_until, index)
    if key.disowned is not None:
        end = max(end, key.disowned[1])
    return replace(key, valid_until=begin, ended_by="compromised", disowned=(begin, end) if begin < end else key.disowned)


def _check_standing(before: Trust, after: Trust, event: KeyEvent, index: int, signers: Collection[str]) -> None:
    """Nobody ends the keys that he signs with, and nobody leaves a log that no one can go on with."""
    if _count(after, signers, index) < max(before.root_threshold, after.root_threshold if isinstance(event, Ending) else 1):
        raise _contradiction(index, "a root key is revoked by another root key, so that one stays; its own signature does not count")
    if count_signers(after.valid_at(index + 1, "root")) < after.root_threshold:
        raise _contradiction(index, f"fewer than the {after.root_threshold} root persons whom an event needs would be left")
    if before.valid_at(index, "log") and not after.valid_at(index + 1, "log"):
        raise _contradiction(index, "no log key would be left, so nothing more could be recorded; enrol its successor first")


def _check_confirmed(trust: Trust, roots: Collection[bytes], root_threshold: int) -> None:
    """So many of the caller's roots signed a threshold event, and every change of keys since took as many persons."""
    own = {key_id_of(root) for root in roots}
    confirmed, most = False, 1
    for grant in trust.grants:
        if grant.threshold is None or grant.fallen:
            continue
        behind = _count(trust, [signer for signer in grant.signers if signer in own], grant.index)
        most = max(most, behind)
        confirmed = grant.threshold >= root_threshold and (confirmed or behind >= root_threshold)
    if not confirmed:
        raise IntegrityError(
            "LM-ATT-043",
            f"THRESHOLD: {most} of the {root_threshold} root persons whom you ask for stand behind this log",
            where="the threshold event",
            solution="have so many of your roots sign the log's threshold event (`lotmark key root sign`)",
        )


def parse_key_event(payload: bytes) -> KeyEvent:
    """The Statement bytes of a key event, unsigned, -> the event: what a root person reads before he signs it.

    Raises:
        IntegrityError: LM-ATT-041 or what `parse_statement` raises if it is no key event that could stand.
    """
    statement = parse_statement(payload)
    if statement.predicate_type != KEY_EVENT.uri:
        raise IntegrityError("LM-ATT-017", f"the Statement is a {statement.predicate_type[:120]!r}, no key event", solution="make it with `--propose FILE`")
    check_body(KEY_EVENT, statement.predicate, IntegrityError)
    return _read_event(statement.predicate, statement.subject, 0)


def log_keys_at(trust: Trust, size: int, own: bytes) -> tuple[bytes, ...]:
    """The raw public keys by which a checkpoint of `size` entries counts.

    `own` is the log key that the caller holds. It counts until root keys end it, and its successors by rotation or
    enrolment count from there on. The first log key that the roots enrolled counts before its enrolment too: somebody
    signed the checkpoints up to there, and who holds a later key learns of it from the roots alone.
    """
    known, logs = trust.find(key_id_of(own)), [key for key in trust.keys if key.kind == "log"]
    keys = [key.public_key for key in trust.valid_at(size, "log")]
    if known is None or size < known.valid_from:
        keys.insert(0, own)
    first = min(logs, key=lambda key: key.valid_from, default=None)
    if first is not None and size < first.valid_from and (first.valid_until is None or first.valid_until > first.valid_from):
        keys.append(first.public_key)
    return tuple(dict.fromkeys(keys))


def _count(trust: Trust, signers: Collection[str], index: int) -> int:
    """How many root persons these key ids are, of those whose key counts at `index`."""
    keys = (trust.find(key_id) for key_id in signers)
    return count_signers(key for key in keys if key is not None and key.kind == "root" and key.is_valid_at(index))


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
    caller = KeyRecord(envelope.key_id, algorithm_of(root), root, "root", "", "the root key", 0, None)
    verified = verify_envelope(envelope, kind=KEY_EVENT.name, index=index, trust=Trust((caller,)), registry=_REGISTRY)
    event = _read_event(verified.statement.predicate, verified.statement.subject, index)
    if not isinstance(event, Genesis) or event.key.id != envelope.key_id:
        raise _contradiction(index, "the first event is not the genesis of the key that signed it")
    return Trust((_record(event.key, event.person, 0),))


def _read_event(predicate: dict[str, object], subjects: tuple[Subject, ...], index: int) -> KeyEvent:
    event: KeyEvent = msgspec.convert(predicate, KeyEvent, strict=True)
    try:
        fault = find_fault(event)
    except UsageError as error:
        raise IntegrityError(error.code, error.reason, where=f"log entry {index}", solution=error.solution) from error
    if fault:
        raise _contradiction(index, fault)
    if subjects != subjects_of(event):
        raise _contradiction(index, "the subject is not the key")
    return event


def _record(key: KeyBody, person: PersonBody | None, valid_from: int) -> KeyRecord:
    return KeyRecord(
        key_id=key.id,
        algorithm=key.algorithm,
        public_key=base64.b64decode(key.public_key),
        kind=key.kind,
        person="" if person is None else person.id,
        name=key.kind if person is None else person.name,
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
