"""The rows and tables of a ledger in SQLite. Reading and writing have a connection each, so that neither waits for the other."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError
from lotmark.ledger._database import DATABASE, check_schema, meaning, translate
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._records import RESTORE
from lotmark.ledger._rows import DuplicateError, Row

_AT_ONCE: Final = (64, 16, 4, 1)
"""How many rows one statement inserts; more than 64 make it no faster."""


class SqliteRows:
    """`Rows` over one connection, shared by threads under a mutex."""

    header = "CAST(header AS BLOB)"

    def __init__(self, folder: Path, connection: sqlite3.Connection, *, writable: bool) -> None:
        """Rows over an open, checked connection, which they own."""
        self.place = str(folder / DATABASE)
        self._connection: sqlite3.Connection | None = connection
        self._writable = writable
        self._mutex = threading.RLock()
        self._closed_by = "it is closed"

    def read(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """See `Rows`."""
        with self._mutex, translate(Path(self.place)):
            return self._live().execute(query, values).fetchall()

    def scan(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """See `Rows`."""
        with translate(Path(self.place)):
            yield from self._live().execute(query, values)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Rows`."""
        with self._mutex:
            with translate(Path(self.place)):
                self._live().execute("BEGIN")
            try:
                yield
            finally:
                with translate(Path(self.place)):
                    self._live().execute("ROLLBACK")

    def write(self, query: str, values: Sequence[object]) -> None:
        """See `Rows`. It is a transaction beside those of the sequencer, and waits for one that is under way."""
        with self._mutex:
            connection = self._live()
            if not self._writable:
                raise EnvironmentLacksError("LM-LED-009", "the ledger was opened for reading only", solution="open it for attaching, or with its log key")
            try:
                connection.execute(query, values)
            except sqlite3.Error as error:
                if is_failed_write(error):
                    self.close("a write to its disk failed")
                raise meaning(error, Path(self.place)) from error

    def check_schema(self) -> None:
        """See `Rows`."""
        with translate(Path(self.place)):
            check_schema(self._live())

    def faults(self) -> Iterator[IntegrityError]:
        """See `Rows`: pages, indices against rows, rows that belong to nothing."""
        for row in self.read("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                yield IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: {row[0]}", where=DATABASE, solution=RESTORE)
        for table, key, parent, _ in self.read("PRAGMA foreign_key_check"):
            yield IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: a row of {table} ({key}) belongs to no {parent}", where=DATABASE, solution=RESTORE)

    def close(self, reason: str = "it is closed") -> None:
        """See `Rows`."""
        with self._mutex:
            if self._connection is not None:
                self._closed_by = reason
                self._connection.close()
                self._connection = None

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise EnvironmentLacksError(
                "LM-LED-006", f"the ledger is stopped: {self._closed_by}", where=self.place, solution="open it again: what was acknowledged is there"
            )
        return self._connection


class SqliteTables:
    """`Tables` over one connection; the folder's writer lock is held by whoever made it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Tables over an open, checked, writable connection, which they own."""
        self._path = folder / DATABASE
        self._connection = connection

    def begin(self) -> None:
        """See `Tables`."""
        self._connection.execute("BEGIN IMMEDIATE")

    def find(self, query: str, values: Sequence[object]) -> Row | None:
        """See `Tables`."""
        row: Row | None = self._connection.execute(query, values).fetchone()
        return row

    def move_head(self, old: int, new: int) -> bool:
        """See `Tables`."""
        return self._connection.execute("UPDATE head SET size = ? WHERE size = ?", (new, old)).rowcount == 1

    def insert(self, start: int, entries: Sequence[Prepared], headers: Sequence[str], nodes: Sequence[bytes]) -> None:
        """See `Tables`."""
        places = range(start, start + len(entries))
        try:
            self._insert("entry (idx, header, nodes)", zip(places, headers, nodes, strict=True))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise DuplicateError from error
            raise
        self._insert("body", [(place, prepared.raw) for place, prepared in zip(places, entries, strict=True)])
        self._insert("entry_blob", [(place, blob.raw) for place, prepared in zip(places, entries, strict=True) for blob in prepared.blobs])

    def _insert(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows, many by one statement.

        Python gives up its lock for each statement and has to win it back: row by row, the writing of a group would wait
        behind the submitters of the next one as often as it has rows.
        """
        waiting = list(rows)
        done = 0
        for many in _AT_ONCE:
            while len(waiting) - done >= many:
                self._connection.execute(_statement(table, len(waiting[0]), many), list(chain.from_iterable(waiting[done : done + many])))
                done += many

    def execute(self, query: str, values: Sequence[object]) -> None:
        """See `Tables`."""
        self._connection.execute(query, values)

    def commit(self) -> None:
        """See `Tables`."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """See `Tables`."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def fault(self, error: Exception) -> tuple[LotmarkError, bool] | None:
        """See `Tables`."""
        if not isinstance(error, sqlite3.Error):
            return None
        return meaning(error, self._path), is_failed_write(error)

    def close(self) -> None:
        """See `Tables`."""
        self._connection.close()


@cache
def _statement(table: str, columns: int, rows: int) -> str:
    """The insertion of so many rows. There are few such texts, so that SQLite's statements for them stay prepared."""
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * rows)}"  # noqa: S608 - a table of this room and marks


def is_failed_write(error: sqlite3.Error) -> bool:
    """Whether the disk failed, so that nobody knows what it holds."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR
