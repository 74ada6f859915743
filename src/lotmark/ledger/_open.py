"""Making and opening ledgers."""

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
from lotmark.ledger._reader import SqliteLedger
from lotmark.ledger._state import State, check_seen, load_state
from lotmark.ledger._writer import LogSigner, SqliteWriter
from lotmark.ledger.ports import BlobOpener, BlobStore
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint

LOCK: Final = "ledger.lock"
BLOBS: Final = "blobs"
WAIT: Final = 10.0
"""Seconds to wait for another writer."""
_MAX_ORIGIN: Final = 255


def create_ledger(
    folder: Path, origin: str, log_signer: Signer, clock: Clock | None = None, *, wait: float = WAIT, blobs: BlobOpener | None = None
) -> SqliteWriter:
    """A new, empty ledger in `folder` (made if need be), open for appending; `blobs` as in `open_ledger`.

    Raises:
        UsageError: LM-LED-002 if there is one already, LM-LED-015 if no log can be called `origin`.
        EnvironmentLacksError: LM-LED-003 or LM-LED-004.
    """
    if not (tlog.is_origin(origin) and origin.isascii() and len(origin) <= _MAX_ORIGIN):
        raise UsageError(
            "LM-LED-015", f"a log cannot be called {origin[:80]!r}", solution="use a name without spaces and plus signs, such as example.com/lotmark/qpcr"
        )
    folder = folder.absolute()
    signer = LogSigner(origin, log_signer)
    note = tlog.sign_checkpoint(Checkpoint(origin, 0, tlog.EMPTY_ROOT), signer)
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
    return _open_writer(folder, log_signer, clock, wait, (), blobs or folder_blobs(folder))


def open_ledger(
    folder: Path,
    log_signer: Signer | None = None,
    clock: Clock | None = None,
    *,
    beside: Sequence[Signer] = (),
    wait: float = WAIT,
    seen: Sequence[bytes] = (),
    attaching: bool = False,
    blobs: BlobOpener | None = None,
) -> SqliteLedger:
    """The ledger in `folder`, its right edge checked against its signed checkpoint.

    Args:
        folder: That of ``ledger.db``.
        log_signer: The log's key, to append; without it the ledger is read-only, takes no lock and never writes.
        clock: For the time of receipt of new entries.
        beside: The log keys that sign each checkpoint too, while one follows the other.
        wait: Seconds to wait for another writer to finish.
        seen: Signed checkpoints of this log that the caller kept outside the folder. The log must continue each, so that
            a backup that was put back is noticed before anything is appended to it.
        attaching: Whether something may be attached to checkpoints. With the log's key it always may.
        blobs: Opens the blob store; without it, that is the folder ``blobs`` beside the database.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is no ledger.
        EnvironmentLacksError: LM-LED-003 naming the pid of the other writer, LM-LED-004, LM-LED-011 for the wrong log key.
        IntegrityError: LM-LED-101 to -104, -111, -112, -114 if it is not what its checkpoint says, LM-LED-115 or -116 if it does not
            continue what was seen.
        UsageError: LM-LED-014 for a file of another program or format.
    """
    folder = folder.absolute()
    opener = blobs or folder_blobs(folder)
    return (
        _open_reader(folder, seen, opener, attaching=attaching) if log_signer is None else _open_writer(folder, log_signer, clock, wait, seen, opener, beside)
    )


def folder_blobs(folder: Path) -> BlobOpener:
    """Opens the blob store in the folder of a ledger; a writer sweeps away what a killed one left."""

    def opener(writable: bool) -> BlobStore:
        store = BlobFolder(folder / BLOBS, writable=writable)
        if writable:
            store.sweep()
        return store

    return opener


def _open_reader(folder: Path, seen: Sequence[bytes], blobs: BlobOpener, *, attaching: bool) -> SqliteLedger:
    connection = _database.connect(folder, writable=attaching)
    try:
        state = _load(connection, folder, [], seen)
        store = blobs(False)
    except BaseException:
        connection.close()
        raise
    return SqliteLedger(folder, connection, state.origin, store, attaching=attaching)


def _open_writer(
    folder: Path, log_signer: Signer, clock: Clock | None, wait: float, seen: Sequence[bytes], blobs: BlobOpener, beside: Sequence[Signer] = ()
) -> SqliteWriter:
    _database.require(folder)
    lock = WriterLock(folder / LOCK, wait=wait)
    connection: sqlite3.Connection | None = None
    try:
        connection = _database.connect(folder, writable=True)
        state = _load(connection, folder, [signer.public_key for signer in (log_signer, *beside)], seen)
        # What a failed fsync or a power cut left in the write-ahead log is written out and synced before anything relies on it.
        with _database.translate(folder):
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        store = blobs(True)
    except BaseException:
        if connection is not None:
            connection.close()
        lock.release()
        raise
    return SqliteWriter(folder, connection, state, store, signer=LogSigner(state.origin, log_signer, beside), clock=clock or SystemClock(), lock=lock)


def _load(connection: sqlite3.Connection, folder: Path, log_keys: Sequence[bytes], seen: Sequence[bytes]) -> State:
    """The checked state, of one moment."""
    with _database.translate(folder):
        connection.execute("BEGIN")
        try:
            _database.check_schema(connection)
            state = load_state(connection, log_keys)
            for note in seen:
                check_seen(connection, state, note)
            return state
        finally:
            connection.execute("ROLLBACK")
