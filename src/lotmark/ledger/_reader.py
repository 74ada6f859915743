"""Reading a ledger: entries, envelopes, checkpoints, proofs. Every row is checked against its leaf hash on the way out."""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from lotmark.attest.models import Envelope
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError, UsageError
from lotmark.ledger._attachments import attachment_digest, check_attachment, no_checkpoint
from lotmark.ledger._nodes import with_nodes
from lotmark.ledger._records import check_blob_list, check_envelope, gap, read_entry
from lotmark.ledger._rows import Rows
from lotmark.ledger._state import read_head
from lotmark.ledger.models import Attachment, Entry, Receipt, Submission
from lotmark.ledger.ports import BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError

_PAGE: Final = 256
"""Rows fetched at a time, so that a slow reader holds no long transaction against the writer."""


class Appender(Protocol):
    """How a ledger appends: by the sequencer in this process, or through the inbox of one elsewhere."""

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]: ...

    def close(self) -> None: ...


class Server(Protocol):
    """Records what other processes submit."""

    def serve(self, stop: threading.Event, *, served: Callable[[int], None] = ...) -> None: ...


class StoredLedger:
    """A `Ledger` over the rows of a store; without an appender it only reads."""

    def __init__(
        self, rows: Rows, origin: str, blobs: BlobStore, *, folder: Path | None = None, appender: Appender | None = None, server: Server | None = None
    ) -> None:
        """A ledger over open, checked rows, which it owns. `folder` is where it lies, if it lies in one."""
        self._rows = rows
        self._origin = origin
        self._blobs = blobs
        self._folder = folder
        self._appender = appender
        self._server = server
        self._columns = f"idx, {rows.header}, substr(nodes, 1, 32)"

    @property
    def folder(self) -> Path | None:
        """Where the ledger lies, if it lies in a folder."""
        return self._folder

    @property
    def rows(self) -> Rows:
        """The rows, for fsck."""
        return self._rows

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
        return read_head(self._rows)[0]

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """See `Ledger`; without the log's key and without a sequencer nothing is appended.

        Raises:
            EnvironmentLacksError: LM-LED-009.
        """
        if self._appender is None:
            raise EnvironmentLacksError(
                "LM-LED-009",
                f"{len(submissions)} submissions to a ledger that was opened for reading only",
                where=self._rows.place,
                solution="open it with its log key",
            )
        return self._appender.append(submissions)

    def remove_bodies(self, indices: Collection[int]) -> int:
        """See `Ledger`; without the log's key nothing is removed.

        Raises:
            EnvironmentLacksError: LM-LED-009.
        """
        if self._appender is None:
            raise EnvironmentLacksError(
                "LM-LED-009",
                f"{len(indices)} bodies to be removed from a ledger that was opened for reading only",
                where=self._rows.place,
                solution="open it with its log key",
            )
        there = [index for index in sorted(set(indices)) if self._rows.read("SELECT 1 FROM body WHERE idx = ?", (index,))]
        for index in there:
            self._rows.write("DELETE FROM body WHERE idx = ?", (index,))
        return len(there)

    def serve(self, stop: threading.Event, *, served: Callable[[int], None] = lambda _: None) -> None:
        """Record what other processes submit, until `stop` is set; `served` is told of each group how many batches it had.

        Raises:
            UsageError: LM-LED-022 if this ledger is not the sequencer of a log that others submit to.
            EnvironmentLacksError: LM-LED-004, -005, -006, -020: open the ledger again, nothing that was answered is lost.
        """
        if self._server is None:
            raise UsageError(
                "LM-LED-022",
                "only the sequencer of a ledger in PostgreSQL takes what others submit",
                where=self._rows.place,
                solution="in SQLite each process appends itself, one after the other; for many machines use PostgreSQL",
            )
        self._server.serve(stop, served=served)

    def entries(self, start: int = 0, end: int | None = None, *, kind: str | None = None, scope: str | None = None) -> Iterator[Entry]:
        """See `Ledger`."""
        stop = self.size if end is None else min(end, self.size)
        condition = "idx >= ? AND idx < ?" + (" AND kind = ?" if kind is not None else "") + (" AND scope = ?" if scope is not None else "")
        names = tuple(name for name in (kind, scope) if name is not None)
        position = max(start, 0)
        while position < stop:
            rows = self._rows.read(f"SELECT {self._columns} FROM entry WHERE {condition} ORDER BY idx LIMIT {_PAGE}", (position, stop, *names))  # noqa: S608
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
        rows = self._rows.read(f"SELECT {self._columns} FROM entry WHERE idx = ?", (index,))  # noqa: S608
        if not rows:
            raise gap(index)
        return read_entry(*rows[0])

    def find_slot(self, slot: str) -> Entry | None:
        """See `Ledger`."""
        rows = self._rows.read(f"SELECT {self._columns} FROM entry WHERE slot = ?", (slot,))  # noqa: S608
        return read_entry(*rows[0]) if rows else None

    def envelope(self, entry: Entry | int) -> Envelope:
        """See `Ledger`."""
        record = self.entry(entry) if isinstance(entry, int) else entry
        rows = self._rows.read("SELECT envelope FROM body WHERE idx = ?", (record.index,))
        return check_envelope(record.index, record.header, rows[0][0] if rows else None)

    def entry_blobs(self, entry: Entry | int) -> tuple[Digest, ...]:
        """See `Ledger`."""
        record = self.entry(entry) if isinstance(entry, int) else entry
        rows = self._rows.read("SELECT digest FROM entry_blob WHERE idx = ? ORDER BY digest", (record.index,))
        return check_blob_list(record.index, record.header, [row[0] for row in rows])

    def checkpoint(self, size: int | None = None) -> bytes:
        """See `Ledger`."""
        if size is None:
            return read_head(self._rows)[1]
        rows = self._rows.read("SELECT note FROM checkpoint WHERE size = ?", (size,))
        if not rows:
            raise no_checkpoint(size)
        return bytes(rows[0][0])

    def attach(self, size: int, kind: str, name: str, data: bytes) -> None:
        """See `Ledger`."""
        digest = attachment_digest(Attachment(size, kind, name, data))
        if not self._rows.read("SELECT size FROM checkpoint WHERE size = ?", (size,)):
            raise no_checkpoint(size)
        self._rows.write("INSERT INTO attachment VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (size, kind, name, digest, data))

    def attachments(self, size: int) -> tuple[Attachment, ...]:
        """See `Ledger`."""
        rows = self._rows.read("SELECT size, kind, name, digest, data FROM attachment WHERE size = ?", (size,))
        return tuple(sorted(check_attachment(*row) for row in rows))

    def receipt(self, index: int) -> Receipt:
        """See `Ledger`. It is derived from the oldest checkpoint that covers the entry, so it is always the same."""
        entry = self.entry(index)
        rows = self._rows.read("SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1", (index,))
        size, note = rows[0] if rows else read_head(self._rows)
        return Receipt(index, entry.header_bytes, self._inclusion(index, size), bytes(note))

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """See `Ledger`."""
        return self._inclusion(index, self.size if size is None else self._within(size))

    def consistency_proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """See `Ledger`."""
        self._within(new)
        try:
            return with_nodes(self._rows, lambda node: tlog.consistency_proof(old, new, node))
        except ProofError as error:
            raise NothingToJudgeError("LM-LED-010", str(error), solution="give 1 <= old <= new <= the size of the log") from error

    def close(self) -> None:
        """See `Ledger`."""
        if self._appender is not None:
            self._appender.close()
        self._rows.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        try:
            return with_nodes(self._rows, lambda node: tlog.inclusion_proof(index, size, node))
        except ProofError as error:
            raise NothingToJudgeError("LM-LED-010", str(error), solution="give an index below the size of the log") from error

    def _within(self, size: int) -> int:
        if size > self.size:
            raise NothingToJudgeError("LM-LED-010", f"the log has not {size} entries yet", solution="give a size up to that of the log")
        return size
