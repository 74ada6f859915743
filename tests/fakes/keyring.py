"""Keys that are the same in every run, and a small log of key events: for every test that needs somebody to sign."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.attest.api import KeySigner, build_payload, key_event, replay_trust, sign_payload, threshold_event
from lotmark.attest.models import Envelope, KeyKind, KeyRecord, Person, Registry, Trust
from lotmark.attest.predicates import KINDS

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def private_key(name: str) -> Ed25519PrivateKey:
    """The private key that belongs to the name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"test key of {name}".encode()).digest())


def signer(name: str) -> KeySigner:
    """The signer that belongs to the name."""
    return KeySigner(private_key(name))


def person(name: str) -> Person:
    return Person(name, f"{name.capitalize()} Example", f"{name}@example.org")


class KeyLog:
    """A log that holds key events alone; `ada` opens it. An index may be skipped to stand for other entries."""

    def __init__(self, root: str = "ada") -> None:
        self.registry = Registry(KINDS)
        self.roots = (signer(root).public_key,)
        self.events: list[tuple[int, Envelope]] = []
        self.size = 0
        self.add("genesis", root, "root", by=root)

    def add(self, event: str, name: str, kind: KeyKind, *, by: str = "ada", at: int | None = None, **more: Any) -> int:
        """Append the event, signed by each of `by` (names, with spaces between), and return the last index."""
        return self.sign(self.event(event, name, kind, **more), by, at=at)

    def event(self, event: str, name: str, kind: KeyKind, *, holder: str | None = None, next_key: str = "", **more: Any) -> bytes:
        """The payload of an event; `next_key` names the successor, `holder` another person than the key is named after."""
        owner = person(holder or name) if kind in {"person", "root"} else None
        if next_key:
            more["successor"] = signer(next_key).public_key
        made = key_event(event, public_key=signer(name).public_key, kind=kind, person=owner, reason=f"{event} {name} at {self.size}", at=NOON, **more)  # type: ignore[arg-type]
        return build_payload(made, self.registry)

    def threshold(self, value: int, *, by: str = "ada") -> int:
        """Append a threshold event that confirms every key that counts now."""
        return self.sign(self.threshold_event(value), by)

    def threshold_event(self, value: int) -> bytes:
        return build_payload(threshold_event(value, self.trust.valid_at(self.size), reason=f"{value} at {self.size}", at=NOON), self.registry)

    def sign(self, payload: bytes, by: str, *, at: int | None = None) -> int:
        """Append the payload once for each signer, at consecutive indices."""
        for name in by.split():
            index = self.append(sign_payload(payload, signer(name)), at=at)
            at = None
        return index

    def key(self, name: str) -> KeyRecord:
        """The key of the name, as the log tells."""
        found = self.trust.find(signer(name).key_id)
        assert found is not None, name
        return found

    def span(self, name: str) -> tuple[int, int | None]:
        """From where to where the key of the name counts."""
        return self.key(name).valid_from, self.key(name).valid_until

    def append(self, envelope: Envelope, *, at: int | None = None) -> int:
        index = self.size if at is None else at
        self.events.append((index, envelope))
        self.size = index + 1
        return index

    @property
    def trust(self) -> Trust:
        return replay_trust(self.events, self.roots)
