"""The rows and tables of a ledger in PostgreSQL: the schema ``lotmark`` of one database holds one log.

The tables are those of SQLite, and the columns by which entries are found are generated from the header here too. Two
unlogged tables more, `inbox` and `answer`, carry batches to the sequencer and its answers back; what is in them is never
evidence, and a crash may empty them: whoever waits submits again and gets the first receipt.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, NothingToJudgeError, UsageError
from lotmark.ledger._postgres_schema import COLUMNS, FORMAT, TRIGGERS
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._records import RESTORE
from lotmark.ledger._rows import DuplicateError, Row
from lotmark.ledger._urls import redact

SCHEMA: Final = "lotmark"
LOCK: Final = 0x4C544D4B4C454447
"""The advisory lock of the sequencer (``LTMKLEDG``)."""
_SETTINGS: Final = "SET search_path TO lotmark, pg_catalog; SET lock_timeout TO '10s'; SET timezone TO 'UTC'"
_WRITING: Final = "; SET synchronous_commit TO on"


def connect(url: str, *, name: str, writable: bool = False) -> "psycopg.Connection[Any]":
    """A connection with its settings made.

    Raises:
        EnvironmentLacksError: LM-LED-020 if the server cannot be reached.
    """
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name=f"lotmark {name}")
        connection.execute(_SETTINGS + (_WRITING if writable else ""))
    except psycopg.Error as error:
        raise unreachable(error, redact(url)) from error
    return connection


def unreachable(error: BaseException, place: str) -> EnvironmentLacksError:
    """The error for a server that does not answer; what libpq says of it names no password."""
    return EnvironmentLacksError(
        "LM-LED-020",
        f"the database cannot be reached: {' '.join(str(error).split())}",
        where=place,
        solution="start the server, or mend the URL; a password belongs into ~/.pgpass or the file that PGPASSFILE names",
    )


def meaning(error: psycopg.Error, place: str) -> LotmarkError:
    """What an error of PostgreSQL means for a ledger."""
    text = " ".join(str(error).split())
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName):
        return no_ledger(place)
    if isinstance(error, errors.LockNotAvailable | errors.SerializationFailure | errors.DeadlockDetected):
        return EnvironmentLacksError("LM-LED-005", f"another program writes to the ledger's tables: {text}", where=place, solution="stop that program")
    state = error.sqlstate or ""
    if state.startswith(("08", "57")) or (isinstance(error, psycopg.OperationalError) and not state):
        return unreachable(error, place)
    if isinstance(error, psycopg.OperationalError | errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction | errors.IoError):
        return EnvironmentLacksError(
            "LM-LED-004",
            f"the ledger cannot be written or read: {text}",
            where=place,
            solution="free space on the server's disk, or mend it or its permissions, then run the command again",
        )
    return IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: {text}", where=place, solution=RESTORE)


def no_ledger(place: str) -> NothingToJudgeError:
    """The error for a database without a ledger."""
    return NothingToJudgeError("LM-LED-001", f"there is no ledger in {place}", where=place, solution="name the right database, or make one with `lotmark init`")


class PostgresRows:
    """`Rows` over one connection, shared by threads under a mutex; a lost connection is made again at the next reading."""

    header = "convert_to(header, 'UTF8')"

    def __init__(self, url: str, *, writable: bool) -> None:
        """Rows of the ledger in the database at `url`.

        Raises:
            EnvironmentLacksError: LM-LED-020 if the server cannot be reached.
        """
        self.place = redact(url)
        self._url = url
        self._writable = writable
        self._mutex = threading.RLock()
        self._connection: psycopg.Connection[Any] | None = connect(url, name="reader", writable=writable)
        self._closed_by = "it is closed"

    def read(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        """See `Rows`."""
        with self._mutex, self._translate():
            return self._live().cursor(binary=True).execute(marked(query), values).fetchall()

    def scan(self, query: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """See `Rows`: a server-side cursor."""
        with self._translate(), self._live().cursor("scan") as cursor:
            cursor.itersize = 500
            cursor.execute(marked(query), values, binary=True)
            yield from cursor

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `Rows`."""
        with self._mutex:
            with self._translate():
                self._live().execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield
            finally:
                with self._translate():
                    if self._connection is not None and not self._connection.closed:
                        self._connection.execute("ROLLBACK")

    def write(self, query: str, values: Sequence[object]) -> None:
        """See `Rows`."""
        with self._mutex, self._translate():
            connection = self._live()
            if not self._writable:
                raise EnvironmentLacksError("LM-LED-009", "the ledger was opened for reading only", solution="open it for attaching, or with its log key")
            connection.execute(marked(query), values)

    def check_schema(self) -> None:
        """See `Rows`: format, columns and append-only triggers."""
        found = self.read("SELECT value FROM meta WHERE name = 'format'")
        if not found or found[0][0] != str(FORMAT):
            raise UsageError(
                "LM-LED-014", f"the database holds no ledger of format {FORMAT}", where=self.place, solution="use the version of Lotmark that wrote it"
            )
        columns = self.read(
            "SELECT table_name, column_name, generation_expression FROM information_schema.columns WHERE table_schema = 'lotmark' ORDER BY 1, ordinal_position"
        )
        triggers = self.read("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O' ORDER BY 1, 2")
        stored = {(table, column, "".join((expression or "").split())) for table, column, expression in columns}
        stored |= {(table, name, "trigger") for table, name in triggers}
        for item in sorted(stored ^ (COLUMNS | TRIGGERS)):
            raise IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: the definition of {item[0]}.{item[1]} has changed", where=self.place, solution=RESTORE)

    def faults(self) -> Iterator[IntegrityError]:
        """See `Rows`: rows that belong to nothing."""
        for table in ("body", "entry_blob"):
            for (index,) in self.read(f"SELECT DISTINCT t.idx FROM {table} t LEFT JOIN entry USING (idx) WHERE header IS NULL ORDER BY 1 LIMIT 20"):  # noqa: S608 - two names
                yield IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: a row of {table} ({index}) belongs to no entry", where=self.place, solution=RESTORE)

    def close(self, reason: str = "it is closed") -> None:
        """See `Rows`."""
        with self._mutex:
            if self._connection is not None:
                self._closed_by = reason
                self._connection.close()
                self._connection = None

    def _live(self) -> "psycopg.Connection[Any]":
        if self._connection is None:
            raise EnvironmentLacksError(
                "LM-LED-006", f"the ledger is stopped: {self._closed_by}", where=self.place, solution="open it again: what was acknowledged is there"
            )
        if self._connection.closed:
            self._connection = connect(self._url, name="reader", writable=self._writable)
        return self._connection

    @contextmanager
    def _translate(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise meaning(error, self.place) from error


class PostgresTables:
    """`Tables` over one connection that holds the sequencer's advisory lock."""

    def __init__(self, url: str, connection: "psycopg.Connection[Any]") -> None:
        """Tables over an open connection, which they own."""
        self._place = redact(url)
        self.connection = connection

    def begin(self) -> None:
        """See `Tables`."""
        self.connection.execute("BEGIN")

    def find(self, query: str, values: Sequence[object]) -> Row | None:
        """See `Tables`."""
        return self.connection.cursor(binary=True).execute(marked(query), values).fetchone()

    def move_head(self, old: int, new: int) -> bool:
        """See `Tables`. A sequencer that came past the lock waits here for the other's commit, and then finds the head moved."""
        return self.connection.execute("UPDATE head SET size = %s WHERE size = %s", (new, old)).rowcount == 1

    def insert(self, start: int, entries: Sequence[Prepared], headers: Sequence[str], nodes: Sequence[bytes]) -> None:
        """See `Tables`."""
        places = range(start, start + len(entries))
        try:
            self._copy("entry (idx, header, nodes)", ("int8", "text", "bytea"), zip(places, headers, nodes, strict=True))
        except errors.UniqueViolation as error:
            raise DuplicateError from error
        self._copy("body (idx, envelope)", ("int8", "bytea"), ((start + offset, prepared.raw) for offset, prepared in enumerate(entries)))
        blobs = [(start + offset, blob.raw) for offset, prepared in enumerate(entries) for blob in prepared.blobs]
        if blobs:
            self._copy("entry_blob (idx, digest)", ("int8", "bytea"), blobs)

    def execute(self, query: str, values: Sequence[object]) -> None:
        """See `Tables`."""
        self.connection.execute(marked(query), values)

    def commit(self) -> None:
        """See `Tables`."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """See `Tables`."""
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.connection.execute("ROLLBACK")

    def fault(self, error: Exception) -> tuple[LotmarkError, bool] | None:
        """See `Tables`. With the connection the answer to a COMMIT is lost, and the lock with it."""
        if not isinstance(error, psycopg.Error):
            return None
        return meaning(error, self._place), bool(self.connection.closed) or isinstance(error, errors.IoError)

    def close(self) -> None:
        """See `Tables`; the lock goes with the connection."""
        self.connection.close()

    def _copy(self, target: LiteralString, types: Sequence[str], rows: Any) -> None:
        with self.connection.cursor().copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def marked(query: str) -> LiteralString:
    """A query of the room in psycopg's form; none holds a question mark or a percent sign of its own."""
    return query.replace("?", "%s")
