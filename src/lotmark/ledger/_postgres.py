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
from lotmark.ledger._rows import DuplicateError, Row, head_moved
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
    """`Tables` over one connection that holds the sequencer's advisory lock.

    What a transaction does is gathered and sent at its end, in one go (libpq's pipeline mode): the server is asked once for
    each group, however much is in it. A statement that fails makes the rest fail with it.
    """

    def __init__(self, url: str, connection: "psycopg.Connection[Any]") -> None:
        """Tables over an open connection, which they own."""
        self._place = redact(url)
        self._connection = connection
        self._statements: list[tuple[str, Sequence[object]]] = []

    def begin(self) -> None:
        """See `Tables`."""
        self._statements = []

    def find(self, query: str, values: Sequence[object]) -> Row | None:
        """See `Tables`. It reads before the transaction: only this sequencer writes, or the compare-and-swap fails."""
        return self._connection.cursor(binary=True).execute(marked(query), values).fetchone()

    def move_head(self, old: int, new: int) -> bool:
        """See `Tables`. A head that was moved shows at `commit`: a sequencer that came past the lock waits there for the other, and then fails."""
        self.execute(_MOVE, (new, old))
        return True

    def insert(self, start: int, entries: Sequence[Prepared], headers: Sequence[str], nodes: Sequence[bytes]) -> None:
        """See `Tables`. That one is there already shows at `commit`."""
        places = list(range(start, start + len(entries)))
        self.execute("INSERT INTO entry (idx, header, nodes) SELECT * FROM unnest(?::bigint[], ?::text[], ?::bytea[])", (places, list(headers), list(nodes)))
        self.execute("INSERT INTO body SELECT * FROM unnest(?::bigint[], ?::bytea[])", (places, [prepared.raw for prepared in entries]))
        blobs = [(start + offset, blob.raw) for offset, prepared in enumerate(entries) for blob in prepared.blobs]
        if blobs:
            self.execute("INSERT INTO entry_blob SELECT * FROM unnest(?::bigint[], ?::bytea[])", ([row[0] for row in blobs], [row[1] for row in blobs]))

    def execute(self, query: str, values: Sequence[object]) -> None:
        """See `Tables`."""
        self._statements.append((query, values))

    def commit(self) -> None:
        """See `Tables`.

        Raises:
            DuplicateError: as `insert`.
            EnvironmentLacksError: LM-LED-005 if the head was moved.
        """
        statements, self._statements = self._statements, []
        try:
            # Never prepared: the server skips what follows an error in a pipeline, so psycopg would count on a statement that is not there.
            with self._connection.pipeline():
                self._connection.execute("BEGIN", prepare=False)
                for query, values in statements:
                    self._connection.execute(marked(query), values, prepare=False)
                self._connection.execute("COMMIT", prepare=False)
        except errors.UniqueViolation as error:
            if error.diag.table_name == "entry":
                raise DuplicateError from error
            raise
        except errors.DivisionByZero as error:
            raise head_moved() from error

    def rollback(self) -> None:
        """See `Tables`."""
        self._statements = []
        if self._connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self._connection.execute("ROLLBACK")

    def fault(self, error: Exception) -> tuple[LotmarkError, bool] | None:
        """See `Tables`. With the connection the answer to a COMMIT is lost, and the lock with it."""
        if not isinstance(error, psycopg.Error):
            return None
        return meaning(error, self._place), bool(self._connection.closed) or isinstance(error, errors.IoError)

    def close(self) -> None:
        """See `Tables`; the lock goes with the connection."""
        self._connection.close()


_MOVE: Final = "WITH moved AS (UPDATE head SET size = ? WHERE size = ? RETURNING size) SELECT 1 / count(*) FROM moved"
"""The compare-and-swap as a statement that fails if the head is elsewhere."""


def marked(query: str) -> LiteralString:
    """A query of the room in psycopg's form; none holds a question mark or a percent sign of its own.

    Arrays travel in binary form: as text each element would be escaped, quoted and parsed.
    """
    for kind in ("bytea[]", "text[]", "bigint[]"):
        query = query.replace(f"?::{kind}", f"%b::{kind}")
    return query.replace("?", "%s")
