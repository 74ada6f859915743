"""What the room needs from outside: stored tree nodes and somebody who signs."""

from typing import Protocol


class NodeReader(Protocol):
    """Gives the hash of a complete subtree.

    `level` 0 is the leaves; node (level, position) covers the leaves from ``position << level`` on, ``1 << level`` of
    them. Asked only for nodes that are complete in the tree at hand.
    """

    def __call__(self, level: int, position: int) -> bytes: ...


class NoteSigner(Protocol):
    """Signs notes under one Ed25519 key."""

    @property
    def name(self) -> str:
        """The key's name; for a log's own key its origin."""
        ...

    @property
    def public_key(self) -> bytes:
        """The 32 raw bytes."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of the Ed25519 signature over `data`."""
        ...
