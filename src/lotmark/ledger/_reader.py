"""Reading a ledger: entries, envelopes, checkpoints, proofs. Every row is checked against its leaf hash on the way out."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

from lotmark.attest.models import Envelope
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError
from lotmark.ledger._attachments import attachment_digest, check_attachment, no_checkpoint
from lotmark.ledger._database import DATABASE, gap, read_node, translate
from lotmark.ledger._records import check_blob_list, check_envelope, read_entry
from lotmark.ledger._state import read_head
from lotmark.ledger.models import Attachment, Entry, Receipt, Submission
from lotmark.ledger.ports import BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError
from lotmark.tlog.ports import NodeReader

_COLUMNS: Final = "idx, CAST(header AS BLOB), substr(nodes, 1, 32)"
_PAGE: Final = 256
"""Rows fetched at a time, so that a slow reader holds no long transaction against the writer."""


class SqliteLedger:
    """A `Ledger` in SQLite, open for reading. One connection, shared by threads under a mutex."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, origin: str, blobs: BlobStore, *, attaching: bool = False) -> None:
        """A reader over an open, checked connection, which it owns."""
        self._folder = folder
        self._connection: sqlite3.Connection | None = connection
        self._mutex = threading.RLock()
        self._origin = origin
        self._blobs = blobs
        self._closed_by = "it is closed"
        self._attaching = attaching

    @property
    def folder(self) -> Path:
        """Where the ledger lies."""
        return self._folder

    @property
    def origin(self) -> str:
        """See `Ledger`."""
        return self._origin

    @property
    def blobs(self) -> BlobStore:
        """See `Ledger`."""
        return self._blobs

    @property
    def size(self) -> int:
        """See `Ledger`. A reader sees what a writer has committed since."""
        return self._head()[0]

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """See `Ledger`; without the log's key nothing is appended.

        Raises:
            EnvironmentLacksError: LM-LED-009.
        """
        raise EnvironmentLacksError(
            "LM-LED-009",
            f"{len(submissions)} submissions to a ledger that was opened for reading only",
            where=str(self._path),
            solution="open it with its log key",
        )

    def entries(self, start: int = 0, end: int | None = None, *, kind: str | None = None, scope: str | None = None) -> Iterator[Entry]:
        """See `Ledger`."""
        stop = self.size if end is None else min(end, self.size)
        condition = "idx >= ? AND idx < ?" + (" AND kind = ?" if kind is not None else "") + (" AND scope = ?" if scope is not None else "")
        names = tuple(name for name in (kind, scope) if name is not None)
        position = max(start, 0)
        while position < stop:
            rows = self._rows(f"SELECT {_COLUMNS} FROM entry WHERE {condition} ORDER BY idx LIMIT {_PAGE}", (position, stop, *names))  # noqa: S608
            for row in rows:
                if not names and row[0] != position:
                    raise gap(position)
                yield read_entry(*row)
                position = row[0] + 1
            if len(rows) < _PAGE:
                break
        if not names and position < stop:
            raise gap(position)

    def entry(self, index: int) -> Entry:
        """See `Ledger`."""
        size = self.size
        if not 0 <= index < size:
            raise NothingToJudgeError("LM-LED-010", f"there is no entry {index}: the log has {size}", solution="list the entries with `lotmark log search`")
        rows = self._rows(f"SELECT {_COLUMNS} FROM entry WHERE idx = ?", (index,))  # noqa: S608
        if not rows:
            raise gap(index)
        return read_entry(*rows[0])

    def find_slot(self, slot: str) -> Entry | None:
        """See `Ledger`."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM entry WHERE slot = ?", (slot,))  # noqa: S608
        return read_entry(*rows[0]) if rows else None

    def envelope(self, entry: Entry | int) -> Envelope:
        """See `Ledger`."""
        record = self.entry(entry) if isinstance(entry, int) else entry
        rows = self._rows("SELECT envelope FROM body WHERE idx = ?", (record.index,))
        return check_envelope(record.index, record.header, rows[0][0] if rows else None)

    def entry_blobs(self, entry: Entry | int) -> tuple[Digest, ...]:
        """See `Ledger`."""
        record = self.entry(entry) if isinstance(entry, int) else entry
        rows = self._rows("SELECT digest FROM entry_blob WHERE idx = ? ORDER BY digest", (record.index,))
        return check_blob_list(record.index, record.header, [row[0] for row in rows])

    def checkpoint(self, size: int | None = None) -> bytes:
        """See `Ledger`."""
        if size is None:
            return self._head()[1]
        rows = self._rows("SELECT note FROM checkpoint WHERE size = ?", (size,))
        if not rows:
            raise no_checkpoint(size)
        return bytes(rows[0][0])

    def attach(self, size: int, kind: str, name: str, data: bytes) -> None:
        """See `Ledger`. The append is one transaction beside those of the writer, so it waits for one that is under way."""
        digest = attachment_digest(Attachment(size, kind, name, data))
        with self._mutex, translate(self._path):
            connection = self._live()
            if not self._attaching:
                raise EnvironmentLacksError("LM-LED-009", "the ledger was opened for reading only", solution="open it for attaching, or with its log key")
            if connection.execute("SELECT 1 FROM checkpoint WHERE size = ?", (size,)).fetchone() is None:
                raise no_checkpoint(size)
            try:
                connection.execute("INSERT OR IGNORE INTO attachment VALUES (?, ?, ?, ?, ?)", (size, kind, name, digest, data))
            except sqlite3.Error as error:
                self._stop_after(error)
                raise

    def attachments(self, size: int) -> tuple[Attachment, ...]:
        """See `Ledger`."""
        rows = self._rows("SELECT size, kind, name, digest, data FROM attachment WHERE size = ?", (size,))
        return tuple(sorted(check_attachment(*row) for row in rows))

    def receipt(self, index: int) -> Receipt:
        """See `Ledger`. It is derived from the oldest checkpoint that covers the entry, so it is always the same."""
        return self._receipt(index, self._node)

    def _receipt(self, index: int, node: NodeReader) -> Receipt:
        entry = self.entry(index)
        rows = self._rows("SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1", (index,))
        size, note = rows[0] if rows else self._head()
        return Receipt(index, entry.header_bytes, self._inclusion(index, size, node), bytes(note))

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """See `Ledger`."""
        return self._inclusion(index, self.size if size is None else self._within(size), self._node)

    def _inclusion(self, index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
        with self._mutex, translate(self._path):
            try:
                return tlog.inclusion_proof(index, size, node)
            except ProofError as error:
                raise NothingToJudgeError("LM-LED-010", str(error), solution="give an index below the size of the log") from error

    def consistency_proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """See `Ledger`."""
        with self._mutex, translate(self._path):
            try:
                return tlog.consistency_proof(old, self._within(new), self._node)
            except ProofError as error:
                raise NothingToJudgeError("LM-LED-010", str(error), solution="give 1 <= old <= new <= the size of the log") from error

    def close(self) -> None:
        """See `Ledger`."""
        with self._mutex:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _stop_after(self, error: BaseException) -> None:
        """After a failed write or fsync nobody knows what the disk holds: stop, and let the next opening read it.

        https://wiki.postgresql.org/wiki/Fsync_Errors
        """
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF == sqlite3.SQLITE_IOERR:
            self._stop()

    def _stop(self) -> None:
        self._closed_by = "a write to its disk failed"
        self.close()

    @property
    def _path(self) -> Path:
        return self._folder / DATABASE

    def _live(self) -> sqlite3.Connection:
        if self._connection is None:
            raise EnvironmentLacksError(
                "LM-LED-006", f"the ledger is stopped: {self._closed_by}", where=str(self._path), solution="open it again: what was acknowledged is there"
            )
        return self._connection

    def _node(self, level: int, position: int) -> bytes:
        return read_node(self._live(), level, position)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._mutex, translate(self._path):
            return self._live().execute(query, values).fetchall()

    def _head(self) -> tuple[int, bytes]:
        with self._mutex, translate(self._path):
            return read_head(self._live())

    def _within(self, size: int) -> int:
        if size > self.size:
            raise NothingToJudgeError("LM-LED-010", f"the log has not {size} entries yet", solution="give a size up to that of the log")
        return size
