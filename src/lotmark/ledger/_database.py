"""The SQLite file of a ledger: schema, opening, and what its errors mean.

One row per entry holds the header and, beside the leaf hash, every interior node of the tree that this leaf completes.
So an append writes O(1) amortised rows, the tree's right edge and any proof are O(log n) reads by primary key, and no
node is ever written twice. The columns by which entries are found are generated from the header, so they cannot
disagree with what the root covers.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, NothingToJudgeError, UsageError
from lotmark.ledger._records import RESTORE

DATABASE: Final = "ledger.db"
APPLICATION_ID: Final = 0x4C544D4B
"""``LTMK``: tells this file from any other SQLite file."""
FORMAT: Final = 2

_SCHEMA: Final = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    idx INTEGER PRIMARY KEY,
    header TEXT NOT NULL,
    nodes BLOB NOT NULL,
    kind TEXT GENERATED ALWAYS AS (json_extract(header, '$.kind')) VIRTUAL,
    scope TEXT GENERATED ALWAYS AS (json_extract(header, '$.scope')) VIRTUAL,
    payload TEXT GENERATED ALWAYS AS (json_extract(header, '$.payload')) VIRTUAL,
    signers TEXT GENERATED ALWAYS AS (json_extract(header, '$.keys')) VIRTUAL,
    slot TEXT GENERATED ALWAYS AS (json_extract(header, '$.slot')) VIRTUAL
) STRICT;
CREATE UNIQUE INDEX entry_once ON entry (scope, kind, payload, signers);
CREATE UNIQUE INDEX entry_slot ON entry (slot) WHERE slot IS NOT NULL;
CREATE INDEX entry_kind ON entry (kind);
CREATE TABLE body (
    idx INTEGER PRIMARY KEY REFERENCES entry (idx),
    envelope BLOB NOT NULL
) STRICT;
CREATE TABLE entry_blob (
    idx INTEGER NOT NULL REFERENCES entry (idx),
    digest BLOB NOT NULL,
    PRIMARY KEY (idx, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    note BLOB NOT NULL
) STRICT;
CREATE TABLE attachment (
    size INTEGER NOT NULL REFERENCES checkpoint (size),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (size, kind, name, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL REFERENCES checkpoint (size) DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TRIGGER entry_stays BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entry_holds BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoint_stays BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER checkpoint_holds BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER attachment_stays BEFORE DELETE ON attachment BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER attachment_holds BEFORE UPDATE ON attachment BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""


def connect(folder: Path, *, writable: bool) -> sqlite3.Connection:
    """The connection to the folder's database, its settings made, its format checked.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is no ledger.
        UsageError: LM-LED-014 if the file is of another program or a newer Lotmark.
        IntegrityError: LM-LED-114 if SQLite cannot read it.
    """
    path = require(folder)
    with translate(path):
        return _open(path, writable=writable)


def require(folder: Path) -> Path:
    """The path of the folder's database.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is none.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise _no_ledger(folder)
    return path


def create(folder: Path, origin: str, note: bytes) -> sqlite3.Connection:
    """The connection to a new database that holds the empty log with its signed checkpoint.

    Raises:
        UsageError: LM-LED-002 if there is a ledger already.
    """
    path = folder / DATABASE
    with translate(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _require_empty(connection, path)
            _settle(connection, writable=True)
            connection.execute("BEGIN IMMEDIATE")
            for statement in _statements(_SCHEMA):
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('origin', ?)", (origin,))
            connection.execute("INSERT INTO checkpoint VALUES (0, ?)", (note,))
            connection.execute("INSERT INTO head VALUES (1, 0)")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
    return connection


def check_schema(connection: sqlite3.Connection) -> None:
    """Return if tables, indices and triggers are those of this format: another definition could hide entries from queries.

    Raises:
        IntegrityError: LM-LED-114 naming the first that differs.
    """
    stored = {row[0]: row[1] for row in connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    expected = {statement.split()[_name_position(statement)]: statement.strip().rstrip(";") for statement in _statements(_SCHEMA)}
    for name in sorted(stored.keys() | expected.keys()):
        if stored.get(name) != expected.get(name):
            raise IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: the definition of {name} has changed", where=DATABASE, solution=RESTORE)


def _name_position(statement: str) -> int:
    """Which word of a CREATE statement is the name."""
    return 3 if statement.split()[1] == "UNIQUE" else 2


@contextmanager
def translate(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside into the room's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise meaning(error, path) from error
    except UnicodeDecodeError as error:  # a text whose bytes were changed on the disk; SQLite gives it out unseen
        raise IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: a text is not UTF-8: {error.reason}", where=str(path), solution=RESTORE) from error


def meaning(error: sqlite3.Error, path: Path) -> LotmarkError:
    """What an error of SQLite means for a ledger."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM}:
        return EnvironmentLacksError(
            "LM-LED-004",
            f"the ledger cannot be written or read: {error}",
            where=str(path),
            solution="free space on the disk, or mend it or its permissions, then run the command again",
        )
    if primary in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return EnvironmentLacksError(
            "LM-LED-005", "another program writes to the ledger's database past the writer lock", where=str(path), solution="stop that program"
        )
    return IntegrityError("LM-LED-114", f"DATABASE_CORRUPT: {error}", where=str(path), solution=RESTORE)


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if (application, version) == (0, 0) and _is_empty(connection):
        raise _no_ledger(path.parent)  # a process died while it made the ledger
    if (application, version) != (APPLICATION_ID, FORMAT):
        raise UsageError(
            "LM-LED-014",
            f"the file is no ledger of format {FORMAT}",
            where=str(path),
            solution="use the version of Lotmark that wrote it, or name the right folder",
        )


def _require_empty(connection: sqlite3.Connection, path: Path) -> None:
    if not _is_empty(connection):
        raise UsageError("LM-LED-002", "there is a ledger already", where=str(path), solution="use it, or name another folder; a ledger is never overwritten")


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0)


def _no_ledger(folder: Path) -> NothingToJudgeError:
    return NothingToJudgeError(
        "LM-LED-001", f"there is no ledger in {folder}", where=str(folder), solution="name the folder that holds `ledger.db`, or make one with `lotmark init`"
    )


def _open(path: Path, *, writable: bool) -> sqlite3.Connection:
    if writable:
        return _try_open(path, "mode=rw")
    try:
        return _try_open(path, "mode=ro")
    except sqlite3.OperationalError:
        # On a read-only medium SQLite cannot make its shared-memory file. It can be done without if nobody can write and
        # no write-ahead log stands beside the database: everything is in the file then.
        if os.access(path.parent, os.W_OK, effective_ids=True) or path.with_name(path.name + "-wal").exists():
            raise
        return _try_open(path, "immutable=1")


def _try_open(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, isolation_level=None, check_same_thread=False)
    try:
        _check_format(connection, path)  # before any setting: a foreign file stays as it is
        _settle(connection, writable=mode == "mode=rw")
    except BaseException:
        connection.close()
        raise
    return connection


def _settle(connection: sqlite3.Connection, *, writable: bool) -> None:
    """The settings on which durability and exactness rest."""
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA foreign_keys = ON")
    if writable:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise EnvironmentLacksError(
                "LM-LED-004", f"the file system does not allow a write-ahead log (journal mode {mode})", solution="put the ledger on a local disk"
            )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what expires is overwritten, not only unlinked
    else:
        connection.execute("PRAGMA query_only = ON")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger holds semicolons itself."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
