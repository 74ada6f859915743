"""Keys that are the same in every run, and a small log of key events: for every test that needs somebody to sign."""

import hashlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.attest.api import KeySigner, build_payload, key_event, replay_trust, sign_payload
from lotmark.attest.models import Envelope, KeyKind, Person, Registry, Trust
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

    def add(self, event: str, name: str, kind: KeyKind, *, by: str = "ada", at: int | None = None) -> int:
        """Append the event, signed by `by`, and return its index."""
        holder = person(name) if kind in {"person", "root"} else None
        evidence = key_event(event, public_key=signer(name).public_key, kind=kind, person=holder, reason=f"{event} {name} at {self.size}", at=NOON)  # type: ignore[arg-type]
        return self.append(sign_payload(build_payload(evidence, self.registry), signer(by)), at=at)

    def append(self, envelope: Envelope, *, at: int | None = None) -> int:
        index = self.size if at is None else at
        self.events.append((index, envelope))
        self.size = index + 1
        return index

    @property
    def trust(self) -> Trust:
        return replay_trust(self.events, self.roots)
