"""The kind of evidence that this room owns, ``key-event/v1``: keys begin to count, follow one another and end.

Each event has a shape of its own, told apart by ``event``. What an event does to the keys is `_trust`'s duty.
"""

from typing import Annotated, Final

import msgspec

from lotmark.attest._algorithms import ALGORITHMS
from lotmark.attest.models import KeyKind, PredicateKind, lotmark_uri

# `$` alone would let a line feed through at the end: Python's `$` matches before it, ECMA's does not.
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
PersonId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
KeyId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$(?!\n)")]
# A text and not a closed list in the type, so that an algorithm which is not allowed has a refusal of its own.
Algorithm = Annotated[str, msgspec.Meta(max_length=40, extra_json_schema={"enum": sorted(ALGORITHMS)})]
LogIndex = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
MAX_OVERLAP: Final = 2**32
MAX_THRESHOLD: Final = 9


class KeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A public key; `id` is the SHA-256 of its DER SubjectPublicKeyInfo."""

    id: KeyId
    algorithm: Algorithm
    public_key: Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9+/]{43}|[A-Za-z0-9+/]{87})=$(?!\n)")]
    """Base64 of the raw bytes: 32 of an Ed25519 key, the 65 of the uncompressed point of a P-256 key."""
    kind: KeyKind


class PersonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who holds it."""

    id: PersonId
    name: Text
    email: Annotated[str, msgspec.Meta(max_length=254)]


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="event"):
    """Base of every event."""


class _KeyEvent(_Event, frozen=True):
    """Base of the events about one key; `person` is None for a machine's key."""

    key: KeyBody
    person: PersonBody | None


class Genesis(_KeyEvent, frozen=True, tag="genesis"):
    """A root key opens the log."""

    reason: Text
    at: Instant


class Enrolment(_KeyEvent, frozen=True, tag="enrol"):
    """The key counts from the next entry on."""

    reason: Text
    at: Instant


class Rotation(_KeyEvent, frozen=True, tag="rotate"):
    """`successor`, of the same kind and person, counts from the next entry on; `key` for `overlap` entries more."""

    successor: KeyBody
    overlap: Annotated[int, msgspec.Meta(ge=0, le=MAX_OVERLAP)]
    reason: Text
    at: Instant


class Revocation(_KeyEvent, frozen=True, tag="revoke"):
    """The key counts no longer; what it signed before stays."""

    reason: Text
    at: Instant


class Loss(_KeyEvent, frozen=True, tag="lost"):
    """Nobody has the key any more, so nobody can sign with it; what it signed before stays."""

    reason: Text
    at: Instant


class Compromise(_KeyEvent, frozen=True, tag="compromised"):
    """Somebody else may have the key: from entry `counts_before` on nothing that it signed counts, nor what it gave rise to."""

    counts_before: LogIndex
    reason: Text
    at: Instant


class Threshold(_Event, frozen=True, tag="threshold"):
    """So many root persons must sign each later event; `keys` are the ids of all keys that count then, sorted."""

    threshold: Annotated[int, msgspec.Meta(ge=1, le=MAX_THRESHOLD)]
    keys: Annotated[list[KeyId], msgspec.Meta(min_length=1, max_length=10_000)]
    reason: Text
    at: Instant


KeyEvent = Genesis | Enrolment | Rotation | Revocation | Loss | Compromise | Threshold
"""The predicate of ``key-event/v1``."""
Ending = Revocation | Loss | Compromise
"""The events after which a key counts no longer."""

KEY_EVENT: Final = PredicateKind(
    name="key-event",
    uri=lotmark_uri("key-event"),
    clause="21 CFR 11.10(d), 11.10(g), 11.100(a), 11.300(b)-(c)",
    retention="permanent",
    signers=frozenset({"root"}),
    schema="key-event.v1.json",
    title="Key event",
    body=KeyEvent,
)

KINDS: Final[tuple[PredicateKind, ...]] = (KEY_EVENT,)
