"""Index: the tables beside a ledger, brought up to its signed checkpoint and never further.

Each batch of entries is projected in one transaction, together with the right edge of the log's tree. The root over that
edge must be the root that the log's key signed; so the rows speak of exactly the entries of that checkpoint, and a
ledger that was rolled back or rewritten since shows. The file is a shadow: to drop it costs nothing but time.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from lotmark.attest.models import Registry, Trust, TrustPolicy
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.index._tables import APPLICATION_ID, COLUMNS, FORMAT, column_names, create_tables
from lotmark.ledger.api import verify_by_log_keys
from lotmark.ledger.ports import Ledger
from lotmark.tlog.api import HASH_SIZE, Frontier
from lotmark.tlog.models import Checkpoint

FILE: Final = "index.db"
BATCH: Final = 2000
"""Entries projected in one transaction, or more where one signed batch of the ledger is longer."""
BUSY_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Head:
    """Up to where the index was computed: on what basis, of which log, the right edge of its tree and its signed note."""

    basis: str
    origin: str
    size: int
    edge: bytes
    note: str

    def frontier(self) -> Frontier:
        """The right edge of the tree that was projected."""
        return Frontier(self.size, [self.edge[i : i + HASH_SIZE] for i in range(0, len(self.edge), HASH_SIZE)])


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: the entries [start, size) were projected; the checkpoint is the one that the index now stands on."""

    start: int
    size: int
    root: bytes


class Index:
    """The index of one ledger under one trust policy. Not thread-safe; processes may share the file.

    Where the file cannot be written (a read-only medium) the same tables are computed in memory.
    """

    def __init__(
        self,
        path: Path,
        ledger: Callable[[], Ledger],
        policy: TrustPolicy,
        registry: Callable[[], Registry],
        *,
        program: str,
        busy_seconds: float = BUSY_SECONDS,
        reveal: Callable[[str], str] = str,
    ) -> None:
        """An index in the file `path`, made when first needed.

        `reveal` puts clear names in the place of commitments in what `rows` gives; the file itself never holds a clear name.

        `program` names the program and its version: another one may know other kinds, so its index is computed anew.
        """
        self._path = path
        self._ledger = ledger
        self._policy = policy
        self._registry = registry
        self._basis = Digest.of("\n".join([program, str(FORMAT), policy.origin, policy.log_key, *sorted(root.hex() for root in policy.roots)]).encode()).hex
        self._busy = busy_seconds
        self._reveal = reveal
        self._open_connection: sqlite3.Connection | None = None

    def refresh(self) -> Refreshed:
        """Project what the ledger has and the index has not.

        Raises:
            IntegrityError: LM-IDX-001 for an entry that cannot be projected, LM-IDX-002 if the ledger does not continue what was
                indexed; what `VerifiedReader.verify` and the ledger raise. Nothing of the batch is kept then.
            EnvironmentLacksError: LM-IDX-003.
        """
        head = self._read_head()
        checkpoint = self._checkpoint()
        if head is not None and head.basis == self._basis and head.size == checkpoint.size and head.origin == checkpoint.origin:
            self._continues(head.frontier(), checkpoint)
            return Refreshed(head.size, head.size, checkpoint.root)
        return self._project(anew=False)

    def rebuild(self) -> Refreshed:
        """Drop every row and compute all of them from the ledger as it is now, whatever was indexed before.

        Raises:
            As `refresh`, LM-IDX-002 apart.
        """
        return self._project(anew=True)

    def dump(self, *, until: int | None = None) -> str:
        """The SHA-256 over all rows of all tables (of entries before `until`, if given) in a defined order.

        It is equal for equal ledgers, however they were projected.
        """
        import hashlib
        import json

        hasher = hashlib.sha256()
        for table in sorted(COLUMNS):
            names = column_names(table)
            order = "idx, position" if "position" in names else "idx"
            hasher.update(json.dumps([table, *names]).encode() + b"\n")
            for row in self._stored(f"SELECT {', '.join(names)} FROM {table} WHERE ?1 IS NULL OR idx < ?1 ORDER BY {order}", until):  # noqa: S608 - names of this module
                hasher.update(json.dumps(list(row.values()), ensure_ascii=True).encode() + b"\n")
        return hasher.hexdigest()

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a query as mappings of column to value, names revealed."""
        return [{name: self._reveal(value) if isinstance(value, str) else value for name, value in row.items()} for row in self._stored(query, *values)]

    def _stored(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self._translate():
            cursor = self._connection().execute(query, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def first(self, query: str, *values: object) -> dict[str, Any] | None:
        """The first row of a query, if any."""
        found = self.rows(query, *values)
        return found[0] if found else None

    def differs_from(self, fresh: "Index") -> bool:
        """Whether some row is not the one that `fresh`, an index of the same ledger just rebuilt, has for the entries indexed here.

        An index that was never computed, or by another program, holds nothing that would ever be shown, so it does not differ.
        """
        head = self._read_head()
        return head is not None and head.basis == self._basis and self.dump() != fresh.dump(until=head.size)

    @property
    def head(self) -> Head:
        """Up to where the index was computed.

        Raises:
            IntegrityError: LM-IDX-002 if it was never computed; call `refresh` first.
        """
        head = self._read_head()
        if head is None:
            raise self._broken("the index was never computed")
        return head

    def checkpoint(self) -> Checkpoint:
        """The signed checkpoint on which the index stands."""
        return self._verify(self.head.note.encode())

    def close(self) -> None:
        """Let go of the file; again is no error."""
        if self._open_connection is not None:
            self._open_connection.close()
            self._open_connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _checkpoint(self) -> Checkpoint:
        return self._verify(self._ledger().checkpoint())

    def _project(self, *, anew: bool) -> Refreshed:
        from lotmark.index._project import write_batch
        from lotmark.index._reader import VerifiedReader

        ledger = self._ledger()
        reader = VerifiedReader(ledger, self._policy, self._registry())
        start: int | None = None
        while True:
            with self._transaction() as connection:
                head = None if anew and start is None else self._head(connection)
                checkpoint = self._checkpoint()
                earlier = head if head is not None and head.basis != self._basis else None
                if head is None or earlier is not None:
                    create_tables(connection)
                    head = Head(self._basis, checkpoint.origin, 0, b"", "")
                self._reaches(earlier or head, checkpoint)
                start = head.size if start is None else start
                # A batch ends where the log's key signed: the oldest checkpoint that covers as many entries.
                # After a change of basis everything is one batch, so that what is known of the earlier log is not lost halfway.
                covered = checkpoint if earlier or checkpoint.size - head.size <= BATCH else self._covering(head.size + BATCH - 1)
                frontier = head.frontier()
                for leaf in write_batch(connection, reader, head.size, covered.size):
                    frontier.append(leaf)
                    if earlier is not None and frontier.size == earlier.size:
                        self._same(frontier, earlier.frontier())
                self._continues(frontier, covered)
                self._write_head(connection, frontier, ledger.checkpoint(covered.size))
            if covered.size == checkpoint.size:
                return Refreshed(start, covered.size, covered.root)

    def _covering(self, index: int) -> Checkpoint:
        return self._verify(self._ledger().receipt(index).checkpoint)

    def _verify(self, note: bytes) -> Checkpoint:
        """By the caller's log key; by its successors only if need be, since to know them the log's key events are read."""
        try:
            return verify_by_log_keys(note, self._policy, Trust())
        except IntegrityError:
            from lotmark.index._reader import VerifiedReader

            return verify_by_log_keys(note, self._policy, VerifiedReader(self._ledger(), self._policy, self._registry()).trust())

    def _reaches(self, head: Head, checkpoint: Checkpoint) -> None:
        if head.origin != checkpoint.origin:
            raise self._broken(f"the index is of the log {head.origin}, the ledger is {checkpoint.origin}")
        if head.size > checkpoint.size:
            raise self._broken(f"{head.size} entries were indexed, the ledger has {checkpoint.size}")

    def _same(self, frontier: Frontier, earlier: Frontier) -> None:
        if frontier.root() != earlier.root():
            raise self._broken(f"the first {earlier.size} entries had the root {earlier.root().hex()[:16]}, now {frontier.root().hex()[:16]}")

    def _continues(self, frontier: Frontier, checkpoint: Checkpoint) -> None:
        if frontier.root() != checkpoint.root:
            raise self._broken(
                f"the {checkpoint.size} entries that were indexed have the root {frontier.root().hex()[:16]}, the log signed {checkpoint.root.hex()[:16]}"
            )

    def _broken(self, reason: str) -> IntegrityError:
        return IntegrityError(
            "LM-IDX-002",
            f"the ledger is not the one that was indexed: {reason}",
            where=str(self._path),
            solution=f"run `lotmark log fsck`; if the ledger was replaced on purpose, delete {self._path.name}, it is computed anew",
        )

    def _read_head(self) -> Head | None:
        with self._translate():
            return self._head(self._connection())

    def _head(self, connection: sqlite3.Connection) -> Head | None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            if application or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise EnvironmentLacksError("LM-IDX-003", "the file is no index of Lotmark", where=str(self._path), solution="move it away")
            return None
        row = connection.execute("SELECT basis, origin, size, edge, note FROM head").fetchone()
        return Head(*row) if row else None

    def _write_head(self, connection: sqlite3.Connection, frontier: Frontier, note: bytes) -> None:
        edge = b"".join(frontier.edge)
        connection.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)", (self._basis, self._policy.origin, frontier.size, edge, note.decode()))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translate():
            connection = self._connection()
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(f"PRAGMA user_version = {FORMAT}")  # the first write: only now SQLite says that a file may not be written
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _UNWRITABLE:
                    raise
                self.close()
                connection = self._open_connection = self._connect(":memory:")
                connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        if self._open_connection is None:
            self._open_connection = self._open()
        return self._open_connection

    def _open(self) -> sqlite3.Connection:
        for _ in range(2):
            try:
                connection = self._connect(str(self._path))
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF in _UNWRITABLE:
                    return self._connect(":memory:")
                raise
            except sqlite3.DatabaseError:
                self._path.unlink()  # it is no database any more; nothing is lost with it
                continue
            return connection
        raise EnvironmentLacksError("LM-IDX-003", "the index cannot be made", where=str(self._path), solution="delete the file")

    def _connect(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(name, timeout=self._busy, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA synchronous = NORMAL")  # a shadow need not survive a power cut to the last batch
        return connection

    @contextlib.contextmanager
    def _translate(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise EnvironmentLacksError(
                "LM-IDX-003",
                f"the index cannot be used: {error}",
                where=str(self._path),
                solution=f"wait for the process that uses it, or delete {self._path.name}: it is computed anew from the ledger",
            ) from error


_UNWRITABLE: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
