"""Appending to a ledger: one transaction per batch, a signed checkpoint in it, receipts only after it is on disk."""

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from lotmark.attest.api import parse_envelope
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, RefusedError, UsageError
from lotmark.ledger._database import meaning
from lotmark.ledger._headers import format_header, text_form
from lotmark.ledger._lock import WriterLock
from lotmark.ledger._reader import SqliteLedger
from lotmark.ledger._records import blobs_root
from lotmark.ledger._state import State
from lotmark.ledger.models import Header, Receipt, Submission, blob_list
from lotmark.ledger.ports import BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint, Note

MAX_ENVELOPE: Final = 64 * 1024 * 1024
_Prepared = tuple[Submission, Header, bytes]


class LogSigner:
    """The log's `attest` signer as a tlog `NoteSigner` whose name is the origin.

    During the overlap of a rotation `beside` holds the other log key, and a checkpoint carries the signatures of both.
    """

    def __init__(self, origin: str, signer: Signer, beside: Sequence[Signer] = ()) -> None:
        self.name = origin
        self._signer = signer
        self._beside = tuple(LogSigner(origin, other) for other in beside)

    @property
    def public_key(self) -> bytes:
        """See `NoteSigner`."""
        return self._signer.public_key

    def sign(self, data: bytes) -> bytes:
        """See `NoteSigner`."""
        return self._signer.sign(data)

    def sign_checkpoint(self, checkpoint: Checkpoint) -> bytes:
        """The signed note of a checkpoint, one line for each key."""
        notes = [tlog.sign_checkpoint(checkpoint, signer) for signer in (self, *self._beside)]
        lines = tuple(line for note in notes for line in tlog.parse_note(note).signatures)
        return tlog.format_note(Note(tlog.format_checkpoint(checkpoint), lines))


def prepare(submission: Submission, received_at: str) -> _Prepared:
    """The header of a submission and its bytes.

    Raises:
        UsageError: LM-LED-007 if it is not well formed.
    """
    envelope = submission.envelope
    try:
        same = len(envelope.raw) <= MAX_ENVELOPE and parse_envelope(envelope.raw) == envelope
    except LotmarkError:
        same = False
    if not same:
        raise UsageError(
            "LM-LED-007",
            f"the submission ({submission.kind}) cannot be recorded: its envelope's bytes are not its values",
            solution="make envelopes with lotmark.attest",
        )
    header = Header(
        kind=submission.kind,
        envelope=envelope.digest,
        size=len(envelope.raw),
        payload=envelope.payload_digest,
        keys=(envelope.key_id,),
        scope=submission.scope,
        slot=submission.slot,
        received_at=received_at,
        submitter=submission.submitter,
        blobs=blobs_root(submission.blobs),
    )
    return submission, header, format_header(header)


class SqliteWriter(SqliteLedger):
    """A `Ledger` in SQLite, open for appending. It holds the writer lock until it is closed."""

    def __init__(
        self, folder: Path, connection: sqlite3.Connection, state: State, blobs: BlobStore, *, signer: LogSigner, clock: Clock, lock: WriterLock
    ) -> None:
        """A ledger over an open, checked connection, which it owns with the lock."""
        super().__init__(folder, connection, state.origin, blobs, attaching=True)
        self._frontier = state.frontier
        self._signer = signer
        self._clock = clock
        self._lock: WriterLock | None = lock

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """See `Ledger`."""
        with self._mutex:
            connection = self._live()
            received_at = format_instant(self._clock.now())
            prepared = [prepare(submission, received_at) for submission in submissions]
            try:
                indices = self._record(connection, prepared)
            except BaseException as error:
                self._undo(connection, error)
                if isinstance(error, sqlite3.Error):
                    raise meaning(error, self._path) from error
                raise
            node = lru_cache(maxsize=None)(self._node)  # the receipts of a batch share most nodes
            return tuple(self._receipt(index, node) for index in indices)

    def close(self) -> None:
        """See `Ledger`."""
        with self._mutex:
            super().close()
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def _record(self, connection: sqlite3.Connection, prepared: Sequence[_Prepared]) -> list[int]:
        """Record what is new, in one transaction; the result is the index of each."""
        connection.execute("BEGIN IMMEDIATE")
        frontier = self._frontier.copy()
        indices: list[int] = []
        for submission, header, data in prepared:
            index = _find(connection, header)
            if index is None:
                index = frontier.size
                self._insert(connection, index, submission, data, frontier.append(tlog.leaf_hash(data)))
            indices.append(index)
        if frontier.size > self._frontier.size:
            note = self._signer.sign_checkpoint(Checkpoint(self._origin, frontier.size, frontier.root()))
            connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (frontier.size, note))
        connection.execute("COMMIT")
        self._frontier = frontier
        return indices

    def _insert(self, connection: sqlite3.Connection, index: int, submission: Submission, header: bytes, nodes: Sequence[bytes]) -> None:
        blobs = blob_list(submission.blobs)
        for blob in blobs:
            if not self._blobs.has(blob):
                raise UsageError(
                    "LM-LED-008",
                    f"the submission ({submission.kind}) needs the blob {blob}, which is not in the blob store",
                    solution="put the blob first, then append",
                )
        # The compare-and-swap, not the writer lock, is what keeps two writers from making two histories.
        if connection.execute("UPDATE head SET size = ? WHERE size = ?", (index + 1, index)).rowcount != 1:
            raise EnvironmentLacksError(
                "LM-LED-005",
                f"another program moved the head of the log past {index}; nothing was recorded",
                where=str(self._path),
                solution="stop that program, then open the ledger again",
            )
        connection.execute("INSERT INTO entry (idx, header, nodes) VALUES (?, ?, ?)", (index, header.decode("ascii"), b"".join(nodes)))
        connection.execute("INSERT INTO body VALUES (?, ?)", (index, submission.envelope.raw))
        connection.executemany("INSERT INTO entry_blob VALUES (?, ?)", [(index, blob.raw) for blob in blobs])

    def _undo(self, connection: sqlite3.Connection, error: BaseException) -> None:
        """Roll back, and stop if that or what came before it was a failed write."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._stop()
        self._stop_after(error)


def _find(connection: sqlite3.Connection, header: Header) -> int | None:
    """The index of the entry that a submission repeats, if any.

    Raises:
        RefusedError: LM-LED-012 if its slot is taken by something of another kind or scope.
    """
    if header.slot:
        row = connection.execute("SELECT idx, kind, scope FROM entry WHERE slot = ?", (header.slot,)).fetchone()
        if row is not None:
            if (row[1], row[2]) != (header.kind, header.scope):
                raise RefusedError(
                    "LM-LED-012",
                    f"the slot {header.slot} is taken by entry {row[0]}, a {row[1]} of {row[2]}; this is a {header.kind} of {header.scope}",
                    where=f"entry {row[0]}",
                    solution="use another slot",
                )
            return int(row[0])
    signers = f'["{text_form(Digest(header.keys[0]))}"]'
    row = connection.execute(
        "SELECT idx FROM entry WHERE scope = ? AND kind = ? AND payload = ? AND signers = ?", (header.scope, header.kind, text_form(header.payload), signers)
    ).fetchone()
    return None if row is None else int(row[0])
