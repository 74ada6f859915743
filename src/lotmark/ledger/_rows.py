"""The rows of one ledger, whatever database holds them: what the reader, fsck and the sequencer ask of a store.

The tables are the same in every store (``docs/spec/ledger.md``, section 3), and so are the queries: SQL that SQLite and
PostgreSQL both understand, with ``?`` for values. What differs stands behind these two ports.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError
from lotmark.ledger._prepared import Prepared

Row = tuple[Any, ...]


class Rows(Protocol):
    """Reading rows; threads may share one. What the database raises comes out as the room's own errors."""

    place: str
    """How errors name the store; no password is in it."""
    header: str
    """The SQL expression of a header's bytes in a row of `entry`."""

    def read(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """The rows of a query, each of its own moment unless inside `snapshot`."""
        ...

    def scan(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query without holding them all; only inside `snapshot`."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """All reading inside is of one moment."""
        ...

    def write(self, query: str, values: Sequence[object]) -> None:
        """One durable statement.

        Raises:
            EnvironmentLacksError: LM-LED-009 if the rows were opened for reading only.
        """
        ...

    def check_schema(self) -> None:
        """Return if tables, indices and triggers are those of this format: another definition could hide entries from queries.

        Raises:
            IntegrityError: LM-LED-114 naming the first that differs.
        """
        ...

    def faults(self) -> Iterator[IntegrityError]:
        """What the database's own checks find, for fsck."""
        ...

    def close(self, reason: str = "it is closed") -> None:
        """Let go of the database; `reason` is what later calls are told."""
        ...


class DuplicateError(Exception):
    """An entry of that identity or slot stands in the log already; the transaction has to be rolled back."""


def head_moved() -> EnvironmentLacksError:
    """The error for a head that is not where this sequencer left it."""
    return EnvironmentLacksError(
        "LM-LED-005",
        "another program moved the head of the log; nothing was recorded",
        solution="stop that program, then open the ledger again",
    )


class Tables(Protocol):
    """Writing, for the one sequencer: one transaction at a time. What the database raises comes out as it is; `fault` explains it.

    A store may keep what is to be done until `commit`, and raise there what it would raise before.
    """

    def begin(self) -> None: ...

    def find(self, query: str, values: Sequence[object]) -> Row | None:
        """The first row of a query, as it was before the transaction."""
        ...

    def move_head(self, old: int, new: int) -> bool:
        """The compare-and-swap; whether the head was at `old`."""
        ...

    def insert(self, start: int, entries: Sequence[Prepared], headers: Sequence[str], nodes: Sequence[bytes]) -> None:
        """Entries from index `start` on, with their envelopes and lists of blobs.

        Raises:
            DuplicateError: if one is there already.
        """
        ...

    def execute(self, query: str, values: Sequence[object]) -> None: ...

    def commit(self) -> None:
        """Durable once it returns."""
        ...

    def rollback(self) -> None: ...

    def fault(self, error: Exception) -> tuple[LotmarkError, bool] | None:
        """What an error of the database means, and whether nobody knows any more what the disk holds; None for another's error."""
        ...

    def close(self) -> None: ...
