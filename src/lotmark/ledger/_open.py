"""Making and opening ledgers in a folder: SQLite, the writer lock beside it, blobs in a folder unless another store is given."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, SystemClock
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.ledger import _database
from lotmark.ledger._blobs import BlobFolder, sync_folder
from lotmark.ledger._lock import WriterLock
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._rows import Rows
from lotmark.ledger._sequencer import LogSigner, Sequencer
from lotmark.ledger._sqlite import SqliteRows, SqliteTables
from lotmark.ledger._state import State, check_seen, load_state
from lotmark.ledger._writer import Writer
from lotmark.ledger.ports import BlobOpener, BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint

LOCK: Final = "ledger.lock"
BLOBS: Final = "blobs"
WAIT: Final = 10.0
"""Seconds to wait for another writer."""
_MAX_ORIGIN: Final = 255


def create_in_folder(folder: Path, origin: str, log_signer: Signer, clock: Clock | None, *, wait: float, blobs: BlobOpener) -> StoredLedger:
    """See `create_ledger`."""
    note = first_checkpoint(origin, log_signer)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentLacksError(
            "LM-LED-004", f"the folder cannot be made: {error.strerror}", where=str(folder), solution="make the parent folder writable"
        ) from error
    lock = WriterLock(folder / LOCK, wait=wait)
    try:
        _database.create(folder, origin, note).close()
        sync_folder(folder)
    finally:
        lock.release()
    return open_writer(folder, log_signer, clock, wait=wait, seen=(), blobs=blobs)


def first_checkpoint(origin: str, log_signer: Signer) -> bytes:
    """The signed checkpoint of the empty log.

    Raises:
        UsageError: LM-LED-015 if no log can be called `origin`.
    """
    if not (tlog.is_origin(origin) and origin.isascii() and len(origin) <= _MAX_ORIGIN):
        raise UsageError(
            "LM-LED-015", f"a log cannot be called {origin[:80]!r}", solution="use a name without spaces and plus signs, such as example.com/lotmark/qpcr"
        )
    return LogSigner(origin, log_signer).sign_checkpoint(Checkpoint(origin, 0, tlog.EMPTY_ROOT))


def folder_blobs(folder: Path) -> BlobOpener:
    """Opens the blob store in the folder of a ledger; a writer sweeps away what a killed one left."""

    def opener(writable: bool) -> BlobStore:
        store = BlobFolder(folder / BLOBS, writable=writable)
        if writable:
            store.sweep()
        return store

    return opener


def open_reader(folder: Path, *, seen: Sequence[bytes], attaching: bool, blobs: BlobOpener) -> StoredLedger:
    """The ledger in `folder`, for reading and perhaps attaching."""
    rows = SqliteRows(folder, _database.connect(folder, writable=attaching), writable=attaching)
    try:
        state = load_checked(rows, (), seen)
        store = blobs(False)
    except BaseException:
        rows.close()
        raise
    return StoredLedger(rows, state.origin, store, folder=folder)


def open_writer(
    folder: Path,
    log_signer: Signer,
    clock: Clock | None,
    *,
    wait: float,
    seen: Sequence[bytes],
    blobs: BlobOpener,
    beside: Sequence[Signer] = (),
) -> StoredLedger:
    """The ledger in `folder`, for appending; it holds the writer lock until it is closed."""
    _database.require(folder)
    lock = WriterLock(folder / LOCK, wait=wait)
    connections: list[sqlite3.Connection] = []
    try:
        connections += [_database.connect(folder, writable=True), _database.connect(folder, writable=True)]
        rows, tables = SqliteRows(folder, connections[0], writable=True), SqliteTables(folder, connections[1])
        state = load_checked(rows, [signer.public_key for signer in (log_signer, *beside)], seen)
        # What a failed fsync or a power cut left in the write-ahead log is written out and synced before anything relies on it.
        rows.read("PRAGMA wal_checkpoint(PASSIVE)")
        store = blobs(True)
    except BaseException:
        for connection in connections:
            connection.close()
        lock.release()
        raise

    def release(reason: str) -> None:
        tables.close()
        rows.close(reason)
        lock.release()

    reader = StoredLedger(rows, state.origin, store, folder=folder)
    sequencer = Sequencer(tables, state, store, LogSigner(state.origin, log_signer, beside), clock or SystemClock(), reader.receipt)
    return StoredLedger(rows, state.origin, store, folder=folder, appender=Writer(sequencer, release))


def open_rows(folder: Path) -> SqliteRows:
    """The rows of the ledger in `folder` for reading, whatever state it is in.

    Raises:
        As `open_reader`, but nothing is compared with the checkpoint.
    """
    return SqliteRows(folder, _database.connect(folder, writable=False), writable=False)


def load_checked(rows: Rows, log_keys: Sequence[bytes], seen: Sequence[bytes]) -> State:
    """The checked state, of one moment."""
    with rows.snapshot():
        rows.check_schema()
        state = load_state(rows, log_keys)
        for note in seen:
            check_seen(rows, state, note)
        return state
