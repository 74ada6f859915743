"""Somebody who changes a ledger in SQLite behind its back."""

import sqlite3
from contextlib import closing

import pytest

from fakes.ledger import REGISTRY, policy
from lotmark.ledger import api


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
