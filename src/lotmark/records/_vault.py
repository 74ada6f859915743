"""The vault: the clear values behind the commitments that stand in signed records, in a file of its own beside the log.

A commitment is ``commitment:`` and the unpadded base64url of SHA-256(salt, value): a random salt of 32 bytes before the
UTF-8 bytes of the value. Who has salt and value can show that a record speaks of that value; who has the record alone
cannot find it by trying names. Within one vault a value has one commitment, so that records of one person can be seen
to be of one person; once erased, the same value would get another.

Durability: `seal` returns only when the value is on the disk, so a record never speaks of a value that was lost.
Erasing overwrites the bytes (SQLite ``secure_delete``, rollback journal truncated); copies elsewhere, backups above all,
are not reached.
"""

import base64
import hashlib
import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError

VAULT: Final = "vault.db"
PREFIX: Final = "commitment:"
COMMITMENT: Final = re.compile(r"commitment:[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
SALT: Final = 32
MAX_VALUE: Final = 1000
APPLICATION_ID: Final = 0x4C544D56
"""``LTMV``."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A commitment opened: anybody can recompute it."""

    commitment: str
    salt: bytes
    value: str

    @property
    def holds(self) -> bool:
        """Whether salt and value are those of the commitment."""
        return commit(self.salt, self.value) == self.commitment

    def check(self) -> None:
        """Return if salt and value are those of the commitment.

        Raises:
            IntegrityError: LM-REC-011.
        """
        if not self.holds:
            raise IntegrityError(
                "LM-REC-011",
                f"COMMITMENT_MISMATCH: {self.value[:80]!r} is not the value of {self.commitment}",
                where=self.commitment,
                solution="take the value from another copy of the vault; the record itself is not touched",
            )


def commit(salt: bytes, value: str) -> str:
    """The commitment to a value under a salt of 32 bytes."""
    raw = hashlib.sha256(salt + value.encode("utf-8")).digest()
    return PREFIX + base64.urlsafe_b64encode(raw).decode("ascii")[:43]


class Vault:
    """The clear values of one ledger. Threads may share one vault; so may processes."""

    def __init__(self, path: Path) -> None:
        """The vault in the file `path`, which is made when a first value is sealed."""
        self._path = path
        self._mutex = threading.Lock()

    @property
    def path(self) -> Path:
        """Where the values lie."""
        return self._path

    def seal(self, value: str) -> str:
        """The commitment that stands for `value`, durably kept; a commitment, or nothing, stays what it is.

        Raises:
            UsageError: LM-REC-012 for a value that is too long or no text that could be signed.
            EnvironmentLacksError: LM-REC-010 if the vault cannot be written.
        """
        if not value or COMMITMENT.fullmatch(value):
            return value
        if len(value) > MAX_VALUE or any(0xD800 <= ord(char) < 0xE000 for char in value):
            raise UsageError("LM-REC-012", f"{value[:40]!r} cannot be sealed: too long, or no text", solution="shorten the name or address")
        with self._mutex:
            rows = self._rows("SELECT token FROM value WHERE clear = ?", (value,))
            return str(rows[0][0]) if rows else self._seal(value)

    def find(self, commitment: str) -> Disclosure | None:
        """What stands behind the commitment, checked; None if this vault does not hold it.

        Raises:
            IntegrityError: LM-REC-011 if the stored value is another one.
        """
        return next(iter(self.disclosures([commitment])), None)

    def find_value(self, value: str) -> Disclosure | None:
        """The commitment to a value, letter for letter or but for the case; None if it was never sealed."""
        rows = self._rows("SELECT token, salt, clear FROM value WHERE clear = ?1 OR lower(clear) = lower(?1) ORDER BY clear = ?1 DESC LIMIT 1", (value,))
        return _checked(rows[0]) if rows else None

    def disclosures(self, commitments: Iterable[str] | None = None) -> list[Disclosure]:
        """Those of the commitments that the vault holds (default: all), sorted, each checked.

        Raises:
            IntegrityError: LM-REC-011.
        """
        if commitments is None:
            return [_checked(row) for row in self._rows("SELECT token, salt, clear FROM value ORDER BY token", ())]
        found = []
        for token in sorted(set(commitments)):
            found += [_checked(row) for row in self._rows("SELECT token, salt, clear FROM value WHERE token = ?", (token,))]
        return found

    def erase(self, commitments: Iterable[str]) -> int:
        """Overwrite the values and salts of the commitments; gives how many were there. Again is no error."""
        if not self._path.is_file():
            return 0
        with self._mutex, self._connection(writable=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            gone = sum(connection.execute("DELETE FROM value WHERE token = ?", (token,)).rowcount for token in set(commitments))
            connection.execute("COMMIT")
            return gone

    def copy_to(self, path: Path) -> bool:
        """Write a consistent copy of the file; False if nothing was ever sealed."""
        if not self._path.is_file():
            return False
        with self._connection(writable=False) as connection:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            target = sqlite3.connect(path)
            try:
                connection.backup(target)
            finally:
                target.close()
        return True

    def _seal(self, value: str) -> str:
        with self._connection(writable=True) as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute("SELECT token FROM value WHERE clear = ?", (value,)).fetchone()
            if row is None:
                salt = secrets.token_bytes(SALT)
                row = (commit(salt, value),)
                connection.execute("INSERT INTO value VALUES (?, ?, ?)", (row[0], salt, value))
            connection.execute("COMMIT")
            return str(row[0])

    def _rows(self, query: str, values: tuple[str, ...]) -> list[tuple[Any, ...]]:
        if not self._path.is_file():
            return []
        with self._connection(writable=False) as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _connection(self, *, writable: bool) -> Iterator[sqlite3.Connection]:
        try:
            if writable and not self._path.exists():
                self._path.touch(mode=0o600)
            connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode={'rw' if writable else 'ro'}", uri=True, timeout=10, isolation_level=None)
            try:
                if writable:
                    _settle(connection)
                yield connection
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise EnvironmentLacksError(
                "LM-REC-010",
                f"the vault of clear names cannot be used: {error}",
                where=str(self._path),
                solution="mend the file's permissions or its disk, or restore it from a backup; the log holds without it",
            ) from error


def _settle(connection: sqlite3.Connection) -> None:
    """The settings on which durability and erasing rest, and the one table."""
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = EXTRA")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("CREATE TABLE IF NOT EXISTS value (token TEXT PRIMARY KEY, salt BLOB NOT NULL, clear TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _checked(row: tuple[Any, ...]) -> Disclosure:
    disclosure = Disclosure(str(row[0]), bytes(row[1]), str(row[2]))
    disclosure.check()
    return disclosure


Reveal = Callable[[str], str]


def find_commitments(texts: Iterable[str]) -> set[str]:
    """Every commitment that stands in the texts."""
    return {match.group() for text in texts for match in COMMITMENT.finditer(text)}
