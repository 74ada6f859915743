"""The kind of evidence that this room owns: ``key-event/v1``, a key's genesis, enrolment or revocation."""

from typing import Annotated, Final, Literal

import msgspec

from lotmark.attest.models import KeyKind, PredicateKind, lotmark_uri

# `$` alone would let a line feed through at the end: Python's `$` matches before it, ECMA's does not.
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
PersonId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]


class KeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The key that the event is about; `id` is the SHA-256 of its DER SubjectPublicKeyInfo."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    algorithm: Literal["ed25519"]
    public_key: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9+/]{43}=$(?!\n)")]
    """Base64 of the 32 raw bytes."""
    kind: KeyKind


class PersonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who holds it."""

    id: PersonId
    name: Text
    email: Annotated[str, msgspec.Meta(max_length=254)]


class KeyEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The predicate of ``key-event/v1``."""

    event: Literal["genesis", "enrol", "revoke"]
    key: KeyBody
    person: PersonBody | None
    """None for a machine's key."""
    reason: Text
    at: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$(?!\n)")]


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
