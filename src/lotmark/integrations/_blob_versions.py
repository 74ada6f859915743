"""Which version of an object holds a blob: a small table beside the ledger, filled as blobs are stored.

A key in a bucket can be written over; its version cannot. The table is what makes that visible, and what finds the first bytes
again. It proves nothing by itself (bytes are always hashed) and may be lost: then every version of a key is looked at.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError

FILE: Final = "blob-versions.db"
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS version (place TEXT NOT NULL, digest TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (place, digest)) STRICT, WITHOUT ROWID"
)


class BlobVersions:
    """Digest -> version, for one place. Threads may share one."""

    def __init__(self, folder: Path, place: str, *, writable: bool) -> None:
        """The table in `folder`; without `writable` it is only read, and need not be there."""
        self._path = folder / FILE
        self._place = place
        self._writable = writable
        self._mutex = threading.Lock()
        self._known: dict[str, str] | None = None

    def find(self, digest: Digest) -> str | None:
        """The version that was stored, if known."""
        with self._mutex:
            return self._load().get(digest.hex)

    def add(self, digest: Digest, version: str) -> None:
        """Note the version; durable when this returns.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        with self._mutex:
            known = self._load()
            if self._writable and known.get(digest.hex) != version:
                try:
                    with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
                        connection.execute("PRAGMA synchronous=FULL")
                        connection.execute(_SCHEMA)
                        connection.execute("INSERT OR REPLACE INTO version VALUES (?, ?, ?)", (self._place, digest.hex, version))
                except sqlite3.Error as error:
                    raise self._failed(error) from error
                known[digest.hex] = version

    def places(self) -> tuple[str, ...]:
        """Every place of which a version is noted, sorted."""
        try:
            with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
                return tuple(row[0] for row in connection.execute("SELECT DISTINCT place FROM version ORDER BY place"))
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def drop(self, digest: Digest) -> None:
        """Forget the version of a blob that was removed.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        with self._mutex:
            if self._load().pop(digest.hex, None) is not None:
                try:
                    with closing(sqlite3.connect(self._path, timeout=10, isolation_level=None)) as connection:
                        connection.execute("DELETE FROM version WHERE place = ? AND digest = ?", (self._place, digest.hex))
                except sqlite3.Error as error:
                    raise self._failed(error) from error

    def __iter__(self) -> Iterator[Digest]:
        with self._mutex:
            known = sorted(self._load())
        return map(Digest, known)

    def _load(self) -> dict[str, str]:
        if self._known is None:
            self._known = {}
            if self._path.is_file():
                try:
                    with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=10)) as connection:
                        self._known = dict(connection.execute("SELECT digest, version FROM version WHERE place = ?", (self._place,)).fetchall())
                except sqlite3.Error as error:
                    raise self._failed(error) from error
        return self._known

    def _failed(self, error: sqlite3.Error) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-LED-004",
            f"the table of blob versions cannot be used: {error}",
            where=str(self._path),
            solution="mend the disk or its permissions; if the file is broken, set it aside: the versions are found again in the bucket",
        )
