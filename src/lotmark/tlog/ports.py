"""What the room needs from outside: stored tree nodes and somebody who signs."""

from typing import Protocol


class NodeReader(Protocol):
    """Gives the hash of a complete subtree.

    `level` 0 is the leaves; node (level, position) covers the leaves from ``position << level`` on, ``1 << level`` of
    them. Asked only for nodes that are complete in the tree at hand.
    """

    def __call__(self, level: int, position: int) -> bytes: ...


class NoteSigner(Protocol):
    """Signs notes under one key, Ed25519 unless it is said otherwise (`cosign`)."""

    @property
    def name(self) -> str:
        """The key's name; for a log's own key its origin."""
        ...

    @property
    def public_key(self) -> bytes:
        """The raw bytes: 32, or the 1,312 of ML-DSA-44."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: 64 bytes, or the 2,420 of ML-DSA-44."""
        ...
