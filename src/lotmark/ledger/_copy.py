"""A consistent copy of a ledger in one SQLite file, of one moment, while a writer goes on, whatever store it is in."""

import sqlite3
from pathlib import Path
from typing import Final

from lotmark.base.errors import UsageError
from lotmark.ledger import _database
from lotmark.ledger._rows import Rows
from lotmark.ledger._state import read_head
from lotmark.ledger._stores import open_stored_rows

_TABLES: Final = {
    "entry": ("idx, header, nodes", "idx"),
    "body": ("idx, envelope", "idx"),
    "entry_blob": ("idx, digest", "idx, digest"),
    "checkpoint": ("size, note", "size"),
    "attachment": ("size, kind, name, digest, data", "size, kind, name, digest"),
}


def copy_database(place: Path | str, target: Path) -> Path:
    """Copy the database of the ledger in `place` (a folder, or the URL of its database) into the folder `target`; gives the copy's path.

    The copy needs no write-ahead log beside it. From SQLite it is SQLite's own online backup, from PostgreSQL the same rows.

    Raises:
        NothingToJudgeError: LM-LED-001 if there is no ledger.
        UsageError: LM-LED-002 if there is a database already.
        EnvironmentLacksError: LM-LED-004 if it cannot be written.
    """
    path = target / _database.DATABASE
    if path.exists():
        raise UsageError("LM-LED-002", "there is a ledger already", where=str(path), solution="name another folder; a ledger is never overwritten")
    if isinstance(place, str):
        rows = open_stored_rows(place)
        try:
            with rows.snapshot():
                _copy_rows(rows, target)
        finally:
            rows.close()
    else:
        _copy_file(place, path)
    with _database.translate(path):
        copy = sqlite3.connect(path, isolation_level=None)
        try:
            # One file, readable from a medium that cannot be written: nothing waits in a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        finally:
            copy.close()
    return path


def _copy_file(folder: Path, path: Path) -> None:
    source = _database.connect(folder, writable=False)
    try:
        with _database.translate(path):
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                source.backup(copy)
            finally:
                copy.close()
    finally:
        source.close()


def _copy_rows(rows: Rows, target: Path) -> None:
    """The rows of another store, as they are; the first checkpoint comes with the new file."""
    ((origin,),) = rows.read("SELECT value FROM meta WHERE name = ?", ("origin",))
    ((first,),) = rows.read("SELECT note FROM checkpoint WHERE size = ?", (0,))
    size, _ = read_head(rows)
    copy = _database.create(target, origin, bytes(first))
    try:
        with _database.translate(target / _database.DATABASE):
            copy.execute("BEGIN IMMEDIATE")
            for table, (columns, order) in _TABLES.items():
                places = ", ".join("?" * (columns.count(",") + 1))
                found = rows.scan(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608 - names of this module
                values = (tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in found)
                copy.executemany(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})", values)  # noqa: S608
            copy.execute("UPDATE head SET size = ?", (size,))
            copy.execute("COMMIT")
    finally:
        copy.close()
