"""Ports of this room: how the product's files are listed and read."""

from collections.abc import Iterable
from typing import Protocol

from lotmark.base.findings import Location


class SourceFiles(Protocol):
    """The product's files by their POSIX path relative to its root; untrusted content."""

    def names(self) -> Iterable[str]:
        """Every file's name, in any order."""
        ...

    def read(self, name: str, limit: int) -> bytes:
        """The file's bytes.

        Raises:
            OSError: if it cannot be read, or has more than `limit` bytes.
            UsageError: if the name leads outside the root.
        """
        ...


class Places(Protocol):
    """Where a value stands in the product's declaration: `Document.where`, with keys below ``dependencies``."""

    def __call__(self, path: tuple[str | int, ...] = (), /) -> Location: ...
