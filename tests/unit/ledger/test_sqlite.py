"""The rows of SQLite: batches of every size are written whole, and opening reads a few rows however long the log is."""

import sqlite3
from contextlib import closing

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, note
from lotmark.base.digest import Digest
from lotmark.ledger import _state
from lotmark.ledger._open import open_rows
from lotmark.ledger._sqlite import _statement
from lotmark.ledger.api import create_ledger, open_ledger
from lotmark.ledger.models import Submission

pytestmark = pytest.mark.verifies("REQ-006", "RC-004")

LOG = signer("log")


class Counted:
    """`Rows` that count what they give."""

    def __init__(self, rows):
        self._rows = rows
        self.header = rows.header
        self.place = rows.place
        self.given = 0

    def read(self, query, values=()):
        found = self._rows.read(query, values)
        self.given += len(found)
        return found


def rows_read_at_opening(folder):
    rows = open_rows(folder)
    try:
        counted = Counted(rows)
        state = _state.load_state(counted, [LOG.public_key])
    finally:
        rows.close()
    return counted.given, state.frontier.size


@pytest.mark.parametrize("size", [1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 84, 85, 149, 213])
def test_a_batch_of_any_size_is_written_whole_and_in_order(tmp_path, size):
    with create_ledger(tmp_path / "log", ORIGIN, LOG) as ledger:
        batch = [note(f"{number}") for number in range(size)]
        receipts = ledger.append(batch)
        assert [receipt.index for receipt in receipts] == list(range(size))
        assert [ledger.envelope(entry).raw for entry in ledger.entries()] == [one.envelope.raw for one in batch]


def test_the_blobs_of_a_large_batch_stand_with_their_entries(tmp_path):
    with create_ledger(tmp_path / "log", ORIGIN, LOG) as ledger:
        blobs = [ledger.blobs.put(b"%d" % number) for number in range(5)]
        batch = []
        for number in range(70):
            plain = note(f"{number}")
            batch.append(Submission(plain.envelope, plain.kind, plain.scope, blobs=tuple(blobs[: number % 6])))
        ledger.append(batch)
    with closing(sqlite3.connect(tmp_path / "log" / "ledger.db")) as connection:
        stored = connection.execute("SELECT idx, digest FROM entry_blob ORDER BY idx, digest").fetchall()
    assert [(index, Digest(raw.hex())) for index, raw in stored] == [(number, blob) for number, one in enumerate(batch) for blob in sorted(one.blobs)]


def test_a_batch_of_which_one_stands_in_the_log_already_adds_the_others_alone(tmp_path):
    with create_ledger(tmp_path / "log", ORIGIN, LOG) as ledger:
        first = ledger.append([note("40")])[0]
        receipts = ledger.append([note(f"{number}") for number in range(80)])
        assert receipts[40].index == first.index
        assert ledger.size == 80
        assert sorted(receipt.index for receipt in receipts) == list(range(80))


def test_there_are_few_statements_however_many_sizes_of_batches():
    before = _statement.cache_info().currsize
    for _ in range(3):
        assert _statement("body", 2, 3) == "INSERT INTO body VALUES (?, ?), (?, ?), (?, ?)"
    assert _statement.cache_info().currsize <= before + 1


def test_opening_reads_a_few_rows_and_the_edge_of_the_tree_however_long_the_log_is(tmp_path):
    """Restart takes no longer for a log that grew: head, origin, end, last entry, and one row for each bit of the size."""
    with create_ledger(tmp_path / "log", ORIGIN, LOG) as ledger:
        for grown in (1, 9, 118, 895):
            ledger.append([note(f"{ledger.size} {number}") for number in range(grown)])
            given, size = rows_read_at_opening(tmp_path / "log")
            assert size == ledger.size
            assert given <= 4 + size.bit_count()


def test_a_log_that_was_closed_without_warning_opens_as_it_was(tmp_path):
    ledger = create_ledger(tmp_path / "log", ORIGIN, LOG)
    ledger.append([note(f"{number}") for number in range(100)])
    root = ledger.checkpoint()
    ledger.close()
    with open_ledger(tmp_path / "log", LOG) as again:
        assert (again.size, again.checkpoint()) == (100, root)
