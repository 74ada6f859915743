"""Changes to the keys: made as events, signed by root persons here or offline, tried and then appended.

An event is one Statement. Each root person signs the same bytes in an envelope of his own; it takes effect at the entry
at which as many persons as the ledger's threshold asks for have signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lotmark.attest.api import (
    apply_key_event,
    build_payload,
    find_effect,
    key_event,
    parse_envelope,
    parse_key_event,
    sign_payload,
    threshold_event,
    verify_envelope,
)
from lotmark.attest.models import Envelope, Evidence, KeyKind, KeyRecord, Person, Trust
from lotmark.attest.ports import Signer
from lotmark.attest.predicates import KeyEvent
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, NothingToJudgeError, UsageError
from lotmark.bootstrap._machine_keys import MachineKind, add_machine_key, drop_machine_key
from lotmark.bootstrap._own_trust import advise, follow_log_key
from lotmark.bootstrap._workspace import Workspace
from lotmark.ledger.models import Submission

KEY_EVENT = "key-event"
ADMINISTRATION = frozenset({KEY_EVENT, "role-event", "policy-adoption"})
"""The kinds that root persons sign together."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What became of an event: where its newest signature stands, and whether it took effect."""

    index: int
    payload: Digest
    signed: tuple[str, ...]
    """Persons who have signed."""
    needed: int
    effective: bool
    advice: str = ""
    """What others have to do, if the event gave the log another key to be known by."""


def enrol_key(workspace: Workspace, *, public_key: bytes, kind: KeyKind, person: Person | None, reason: str, root: Signer) -> KeyChange:
    """A key's enrolment, signed by a root key.

    Raises:
        IntegrityError: if the event does not fit the keys before it, or the signer is no valid root key.
    """
    return change_keys(
        workspace, key_event("enrol", public_key=public_key, kind=kind, person=seal_person(workspace, person), reason=reason, at=workspace.clock.now()), root
    )


def seal_person(workspace: Workspace, person: Person | None) -> Person | None:
    """The person with the address as a commitment; the printed name stays in clear."""
    return person and Person(person.id, person.name, workspace.vault.seal(person.email))


def change_keys(workspace: Workspace, event: Evidence, root: Signer) -> KeyChange:
    """Sign the event with a root key and append it; it waits if the threshold asks for more persons.

    Raises:
        IntegrityError: if the event cannot stand; nothing is appended then.
    """
    return append_signatures(workspace, [sign_payload(build_payload(event, workspace.registry), root)])


def append_signatures(workspace: Workspace, envelopes: Sequence[Envelope]) -> KeyChange:
    """Append the signatures of root persons under one event, all or none.

    Raises:
        UsageError: LM-CLI-024 if they are not all under the same event.
        IntegrityError: if one of them cannot stand; nothing is appended then.
    """
    payloads = {envelope.payload_digest for envelope in envelopes}
    if len(payloads) != 1:
        raise UsageError("LM-CLI-024", f"these are signatures under {len(payloads)} events, not one", solution="combine the signatures of one event at a time")
    (payload,) = payloads
    with workspace.writer(coming_keys=True) as ledger:
        # Tried before it is appended, at the very indices that it will have: an event that does not verify would make every later reading fail.
        trust = workspace.reader.trust()
        for number, envelope in enumerate(envelopes):
            trust = apply_key_event(trust, ledger.size + number, envelope, workspace.trust_policy.roots)
        scope = f"product:{workspace.product.id}"
        receipts = ledger.append([Submission(envelope, KEY_EVENT, scope, submitter=workspace.submitter()) for envelope in envelopes])
    # By the word of the roots, which is in the log now, this installation goes on with the newest log key.
    return replace(key_change(trust, payload, receipts[-1].index), advice=advise(workspace) if follow_log_key(workspace) else "")


def key_change(trust: Trust, payload: Digest, index: int) -> KeyChange:
    """Where the event of that payload stands."""
    proposal = trust.find_proposal(payload)
    grant = next((grant for grant in trust.grants if grant.payload == payload), None)
    signers = proposal.signers if proposal is not None else grant.signers if grant is not None else ()
    needed = grant.needed if grant is not None else trust.root_threshold
    persons = tuple(dict.fromkeys(key.person for key in map(trust.find, signers) if key is not None))
    return KeyChange(index, payload, persons, needed, proposal is None)


def countersign(workspace: Workspace, index: int, root: Signer) -> KeyChange:
    """Sign what root persons sign together (keys, roles, adopted files) and of which a signature stands at `index`; append that.

    Raises:
        NothingToJudgeError: LM-CLI-025 if nothing of the kind stands there.
        IntegrityError: as `append_signatures`.
    """
    entry = workspace.ledger.entry(index)
    if entry.header.kind not in ADMINISTRATION:
        raise NothingToJudgeError("LM-CLI-025", f"entry {index} is no key event", where=f"log entry {index}", solution="`lotmark key root` lists what waits")
    envelope = sign_payload(workspace.ledger.envelope(entry).payload, root)
    return append_signatures(workspace, [envelope]) if entry.header.kind == KEY_EVENT else append_record(workspace, entry.header.kind, envelope)


def sign_record(workspace: Workspace, record: Evidence, root: Signer) -> KeyChange:
    """Sign a role event or an adoption with a root key and append it; it waits if the threshold asks for more persons.

    Raises:
        IntegrityError: if the signer is no valid root key; nothing is appended then.
    """
    return append_record(workspace, record.kind, sign_payload(build_payload(record, workspace.registry), root))


def append_record(workspace: Workspace, kind: str, envelope: Envelope) -> KeyChange:
    """Append one root person's signature under a role event or an adoption."""
    with workspace.writer() as ledger:
        verify_envelope(envelope, kind=kind, index=ledger.size, trust=workspace.reader.trust(), registry=workspace.registry)
        (receipt,) = ledger.append([Submission(envelope, kind, f"product:{workspace.product.id}", submitter=workspace.submitter())])
    trust, payload = workspace.reader.trust(), envelope.payload_digest
    signatures = [entry for entry in workspace.reader.entries(kind=kind) if entry.envelope.payload_digest == payload]
    told = signatures[0].statement.predicate
    favoured = told["person"] if kind == "role-event" and told["event"] == "grant" else ""
    effect = find_effect(signatures, trust, without=favoured)
    persons = tuple(dict.fromkeys(entry.key.person for entry in signatures if entry.key.person != favoured))
    return KeyChange(receipt.index, payload, persons, trust.root_threshold, effect is not None)


def end_key(workspace: Workspace, key: KeyRecord, *, event: str, reason: str, counts_before: int = 0, successor: bytes = b"", overlap: int = 0) -> Evidence:
    """The event that ends an enrolled key or lets another follow it: ``rotate``, ``revoke``, ``lost`` or ``compromised``."""
    person = Person(key.person, key.name, key.email) if key.person else None
    at: datetime = workspace.clock.now()
    return key_event(
        event,  # type: ignore[arg-type]
        public_key=key.public_key,
        kind=key.kind,
        person=person,
        reason=reason,
        at=at,
        counts_before=counts_before,
        successor=successor,
        overlap=overlap,
    )


def set_threshold(workspace: Workspace, threshold: int, reason: str) -> Evidence:
    """The event that asks for so many root persons from now on, and confirms every key that counts now."""
    return threshold_event(threshold, workspace.reader.trust().valid_at(workspace.ledger.size), reason=reason, at=workspace.clock.now())


def rotate_machine_key(workspace: Workspace, kind: MachineKind, *, uri: str | None, overlap: int, reason: str, root: Signer) -> tuple[KeyChange, Signer]:
    """A fresh log or pipeline key (or the one behind `uri`) follows the newest of its kind; both count for `overlap` entries.

    Raises:
        NothingToJudgeError: LM-CLI-025 if no key of the kind counts now; enrol one then.
        IntegrityError, UsageError, EnvironmentLacksError: nothing is appended and no key is left here then.
    """
    valid = [key for key in workspace.reader.trust().valid_at(workspace.ledger.size, kind) if key.valid_until is None]
    if not valid:
        raise NothingToJudgeError("LM-CLI-025", f"no {kind} key counts now", solution=f"`lotmark key enrol --kind {kind} --public FILE`")
    signer = add_machine_key(workspace.state, kind, uri)
    try:
        event = end_key(workspace, valid[-1], event="rotate", successor=signer.public_key, overlap=overlap, reason=reason)
        return change_keys(workspace, event, root), signer
    except BaseException:
        if workspace.reader.trust().find(signer.key_id) is None:
            drop_machine_key(workspace.state, kind, signer)
        raise


def propose(workspace: Workspace, event: Evidence) -> bytes:
    """The event as the Statement bytes that each root person signs, to be carried to where the root keys are."""
    return build_payload(event, workspace.registry)


def read_proposal(data: bytes) -> KeyEvent:
    """What a root person is asked to sign, read strictly; it must be a key event and nothing else.

    Raises:
        UsageError: LM-CLI-024 if it is none.
    """
    try:
        return parse_key_event(data)
    except IntegrityError as error:
        raise UsageError("LM-CLI-024", f"this is no proposal of a key event: {error.reason}", solution="make it with --propose FILE") from error


def read_signature(data: bytes) -> Envelope:
    """A signature file, not verified yet."""
    return parse_envelope(data)
