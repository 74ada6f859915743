"""What a witness remembers, in SQLite: the logs that it watches and the last checkpoint that it cosigned of each."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import VerifierKey
from lotmark.witness.models import WatchedLog

DATABASE: Final = "witness.db"
_APPLICATION_ID: Final = 0x4C545749
"""``LTWI``: tells this file from any other SQLite file."""
_SCHEMA: Final = """
CREATE TABLE log (origin TEXT NOT NULL, vkey TEXT NOT NULL, PRIMARY KEY (origin, vkey)) STRICT, WITHOUT ROWID;
CREATE TABLE cosigned (origin TEXT PRIMARY KEY, note BLOB NOT NULL) STRICT;
"""


class WitnessStore:
    """The witness's database. Threads share it; `advance` is the only way to move a log's checkpoint."""

    def __init__(self, folder: Path) -> None:
        """The store in `folder`, made if there is none.

        Raises:
            EnvironmentLacksError: LM-WIT-001 if it cannot be used.
        """
        self._path = folder / DATABASE
        self._mutex = threading.Lock()
        with self._translated():
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._open()

    def _open(self) -> None:
        connection = self._connection
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        if application != _APPLICATION_ID:
            if application or connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise sqlite3.DatabaseError("it belongs to another program")
            connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID}; COMMIT;")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA busy_timeout = 10000")

    def watch(self, vkey: str) -> WatchedLog:
        """Watch a log, named by its verifier key; a further key of a log that is watched may sign its checkpoints too.

        Raises:
            UsageError: LM-WIT-002 if it is no verifier key.
            EnvironmentLacksError: LM-WIT-001.
        """
        try:
            key = tlog.parse_vkey(vkey)
        except TlogError as error:
            raise UsageError("LM-WIT-002", f"not the key of a log: {error}", solution="give the log's verifier key: logKey in its trust.json") from error
        with self._mutex, self._translated():
            self._connection.execute("INSERT OR IGNORE INTO log VALUES (?, ?)", (key.name, vkey))
        return next(log for log in self.logs() if log.origin == key.name)

    def logs(self) -> tuple[WatchedLog, ...]:
        """Every log that is watched, by origin."""
        with self._mutex, self._translated():
            keys: dict[str, list[str]] = {}
            for origin, vkey in self._connection.execute("SELECT origin, vkey FROM log ORDER BY origin, vkey"):
                keys.setdefault(origin, []).append(vkey)
            notes = dict(self._connection.execute("SELECT origin, note FROM cosigned").fetchall())
        return tuple(WatchedLog(origin, tuple(found), size_of(notes[origin]) if origin in notes else None) for origin, found in keys.items())

    def keys(self, origin: str) -> tuple[VerifierKey, ...]:
        """The keys that may sign the log's checkpoints; none for a log that is not watched."""
        with self._mutex, self._translated():
            rows = self._connection.execute("SELECT vkey FROM log WHERE origin = ? ORDER BY vkey", (origin,)).fetchall()
        return tuple(tlog.parse_vkey(row[0]) for row in rows)

    def cosigned(self, origin: str) -> bytes | None:
        """The last checkpoint of the log that was cosigned, as a note with both signatures."""
        with self._mutex, self._translated():
            row = self._connection.execute("SELECT note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else bytes(row[0])

    def advance(self, origin: str, judge: Callable[[bytes | None], bytes]) -> bytes:
        """Put what `judge` makes of the last cosigned checkpoint in its place, in one transaction; it is durable on return.

        Raises:
            EnvironmentLacksError: LM-WIT-001; nothing has changed then.
            Whatever `judge` raises; nothing has changed then.
        """
        with self._mutex, self._translated():
            # The lock is taken before the read: of two requests that race, the second sees what the first one stored.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                row = self._connection.execute("SELECT note FROM cosigned WHERE origin = ?", (origin,)).fetchone()
                note = judge(None if row is None else bytes(row[0]))
                self._connection.execute("INSERT OR REPLACE INTO cosigned VALUES (?, ?)", (origin, note))
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # after some errors SQLite has rolled back already
                    self._connection.execute("ROLLBACK")
                raise
        return note

    def close(self) -> None:
        """Let go of the file; again is no error."""
        with self._mutex:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise EnvironmentLacksError(
                "LM-WIT-001",
                f"the witness's database cannot be used: {error}",
                where=str(self._path),
                solution="free space, or mend the disk or its permissions; a witness that cannot store does not cosign",
            ) from error


def size_of(note: bytes) -> int:
    """The size of a checkpoint that this witness stored."""
    return tlog.parse_checkpoint(tlog.parse_note(note).text, allow_extension=True).size
