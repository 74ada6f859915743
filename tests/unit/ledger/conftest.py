"""A sound ledger on disk, and hands that change it behind its back."""

import sqlite3
from contextlib import closing

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, clock, founding, note, policy
from lotmark.ledger import api
from servers.postgres import postgres

__all__ = ["postgres"]


class Vandal:
    """Somebody who can write the folder: changes rows, and leaves the definitions as they were."""

    def __init__(self, folder):
        self.folder = folder
        self.database = folder / "ledger.db"

    def run(self, *statements):
        """Run the statements (text, or text with values) with the append-only triggers away."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            try:
                for statement in statements:
                    text, *values = (statement,) if isinstance(statement, str) else statement
                    connection.execute(text, values)
            finally:
                for _, sql in triggers:
                    connection.execute(sql)

    def value(self, query, *values):
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query, values).fetchone()[0]

    def fsck(self, **options):
        return api.fsck(self.folder, policy(), REGISTRY, **options)

    def found(self, **options):
        """(code, record) of each finding."""
        return [(finding.code, finding.subject) for finding in self.fsck(**options).findings]

    def open_error(self):
        """The error with which the ledger does not open."""
        with pytest.raises(Exception) as caught:
            api.open_ledger(self.folder).close()
        return caught.value.code


@pytest.fixture
def folder(tmp_path):
    """A sound ledger of seven entries in three batches, closed; entry 4 needs two blobs."""
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), clock()) as ledger:
        ledger.append(founding())
        ledger.append([note("two"), note("three", slot="qpcr:RUN-0001/unit/1#note")])
        blobs = tuple(ledger.blobs.put(data) for data in (b"first blob", b"second blob"))
        ledger.append([note("four", blobs=blobs), note("five"), note("six")])
    return tmp_path / "ledger"


@pytest.fixture
def vandal(folder):
    return Vandal(folder)
