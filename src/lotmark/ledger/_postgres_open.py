"""Making and opening ledgers in PostgreSQL: to read, to sequence, to submit through the sequencer of another process."""

import os
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import errors

from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, SystemClock
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.ledger._group_commit import PATIENT
from lotmark.ledger._inbox import InboxClient
from lotmark.ledger._open import first_checkpoint, load_checked
from lotmark.ledger._postgres import LOCK, PostgresRows, PostgresTables, connect, meaning
from lotmark.ledger._postgres_schema import STATEMENTS
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._sequencer import LogSigner, Sequencer
from lotmark.ledger._serve import InboxServer
from lotmark.ledger._urls import redact
from lotmark.ledger._writer import Writer
from lotmark.ledger.ports import BlobOpener

_PAUSE: Final = 0.05


def create_in_postgres(url: str, origin: str, log_signer: Signer, clock: Clock | None, *, wait: float, blobs: BlobOpener) -> StoredLedger:
    """See `create_ledger`."""
    note = first_checkpoint(origin, log_signer)
    place = redact(url)
    with connect(url, name="founder", writable=True) as connection:
        try:
            with connection.transaction():
                for statement in STATEMENTS:
                    connection.execute(statement)
                connection.execute("INSERT INTO meta VALUES ('origin', %s)", (origin,))
                connection.execute("INSERT INTO checkpoint VALUES (0, %s)", (note,))
                connection.execute("INSERT INTO head VALUES (1, 0)")
        except (errors.DuplicateSchema, errors.UniqueViolation) as error:
            raise UsageError(
                "LM-LED-002", "there is a ledger already", where=place, solution="use it, or name another database; a ledger is never overwritten"
            ) from error
        except psycopg.Error as error:
            raise meaning(error, place) from error
    return open_sequencer(url, log_signer, clock, wait=wait, seen=(), blobs=blobs)


def open_postgres_reader(url: str, *, seen: Sequence[bytes], attaching: bool, blobs: BlobOpener) -> StoredLedger:
    """The ledger at `url`, for reading and perhaps attaching."""
    rows = PostgresRows(url, writable=attaching)
    try:
        state = load_checked(rows, (), seen)
        return StoredLedger(rows, state.origin, blobs(False))
    except BaseException:
        rows.close()
        raise


def open_submitter(url: str, *, wait: float, seen: Sequence[bytes], blobs: BlobOpener) -> StoredLedger:
    """The ledger at `url`; what is appended goes to its sequencer, and is answered within `wait` seconds."""
    rows = PostgresRows(url, writable=True)
    try:
        state = load_checked(rows, (), seen)
        return StoredLedger(rows, state.origin, blobs(True), appender=InboxClient(url, wait))
    except BaseException:
        rows.close()
        raise


def open_sequencer(
    url: str, log_signer: Signer, clock: Clock | None, *, wait: float, seen: Sequence[bytes], blobs: BlobOpener, beside: Sequence[Signer] = ()
) -> StoredLedger:
    """The ledger at `url`, for appending: this process is its sequencer until the ledger is closed."""
    connection = connect(url, name=f"sequencer {os.getpid()}@{socket.gethostname()}", writable=True)
    rows: PostgresRows | None = None
    try:
        _elect(connection, redact(url), wait)
        rows = PostgresRows(url, writable=True)
        state = load_checked(rows, [signer.public_key for signer in (log_signer, *beside)], seen)
        _require_sync(connection, redact(url))
        store = blobs(True)
    except BaseException:
        if rows is not None:
            rows.close()
        connection.close()
        raise
    tables = PostgresTables(url, connection)
    reader = StoredLedger(rows, state.origin, store)
    sequencer = Sequencer(tables, state, store, LogSigner(state.origin, log_signer, beside), clock or SystemClock(), reader.receipt)

    def release(reason: str) -> None:
        tables.close()
        reader.rows.close(reason)

    writer = Writer(sequencer, release, patience=PATIENT)
    return StoredLedger(rows, state.origin, store, appender=writer, server=InboxServer(url, tables, writer))


def _elect(connection: "psycopg.Connection[Any]", place: str, wait: float) -> None:
    """Take the sequencer's lock, waiting up to `wait` seconds. It is liveness; the compare-and-swap on the head is the safety.

    Raises:
        EnvironmentLacksError: LM-LED-003 naming who holds it.
    """
    deadline = time.monotonic() + wait
    while not _one(connection, "SELECT pg_try_advisory_lock(%s)", (LOCK,)):
        if time.monotonic() >= deadline:
            holder = _one(
                connection,
                "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND granted AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                "AND (classid::bigint << 32 | objid::bigint) = %s",
                (LOCK,),
            )
            raise EnvironmentLacksError(
                "LM-LED-003",
                f"another process writes to this ledger: {holder or 'one that is just leaving'} (waited {wait:g} s)",
                where=place,
                solution="wait until that process has finished, or submit to it: it takes what others submit with `lotmark log sequence`",
            )
        time.sleep(min(_PAUSE, wait))


def _require_sync(connection: "psycopg.Connection[Any]", place: str) -> None:
    """Refuse a server whose commits are not durable."""
    for setting in ("fsync", "full_page_writes"):
        if _one(connection, "SELECT current_setting(%s)", (setting,)) != "on":
            raise EnvironmentLacksError(
                "LM-LED-004", f"the server does not make commits durable ({setting} is off)", where=place, solution=f"set {setting} = on in postgresql.conf"
            )


def _one(connection: "psycopg.Connection[Any]", query: str, values: Sequence[object]) -> Any:
    try:
        row = connection.execute(query, values).fetchone()
    except psycopg.Error as error:
        raise meaning(error, "the sequencer's lock") from error
    return row[0] if row else None
