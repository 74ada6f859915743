"""Appending to the ledger against bare SQLite commits of the same bytes on the same disk in the same run.

The reference keeps what SQLite alone would keep: the header, the envelope and their unique key, one fsync a commit. Ours
adds the leaf hash, the tree nodes, an Ed25519 signature over the new root, and the receipts with their proofs.
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import Row
from lotmark.attest.api import KeySigner, format_json, generate_key, sign_payload
from lotmark.ledger.api import create_ledger, verify_receipt
from lotmark.ledger.models import Submission
from lotmark.tlog import api as tlog

ORIGIN = "example.org/lotmark/bench"
ROUNDS = 5
SINGLE = 200
GROUPED = 2000
READS = 2000

_BARE = """
CREATE TABLE entry (idx INTEGER PRIMARY KEY, header TEXT NOT NULL, envelope BLOB NOT NULL, payload BLOB NOT NULL, slot TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX once ON entry (payload);
CREATE UNIQUE INDEX slot ON entry (slot);
"""


def submissions(start: int, count: int) -> list[Submission]:
    """Evidence of the size that a stage result has (about 2 kB)."""
    signer = KeySigner(generate_key())
    made = []
    for number in range(start, start + count):
        payload = format_json({"run": "qpcr:RUN-0001", "number": number, "text": "x" * 1000})
        slot = f"qpcr:RUN-0001/unit/{number}#stage-result"
        made.append(Submission(sign_payload(payload, signer), "stage-result", "run:qpcr:RUN-0001", slot=slot, submitter="pipeline"))
    return made


def bare(path: Path) -> sqlite3.Connection:
    """A database with the settings of the ledger and none of its work."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_BARE)
    return connection


def rate(action: Callable[[], object], count: int) -> float:
    """How many of `count` the action does in a second."""
    begin = time.perf_counter()
    action()
    return count / (time.perf_counter() - begin)


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def run() -> list[Row]:
    """Single appends, grouped appends, and reading proofs back."""
    single: list[tuple[float, float]] = []
    grouped: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-", dir=".") as name:
        folder = Path(name)
        log = KeySigner(generate_key())
        connection = bare(folder / "bare.db")
        with create_ledger(folder / "ledger", ORIGIN, log) as ledger:
            for turn in range(ROUNDS):
                ones = submissions(turn * 100_000, SINGLE)
                many = submissions(turn * 100_000 + 50_000, GROUPED)
                ours = rate(lambda ones=ones: [ledger.append([one]) for one in ones], SINGLE)
                rows = [_row(ledger.entry(ledger.size - SINGLE + offset).header_bytes, one) for offset, one in enumerate(ones)]
                single.append((ours, rate(lambda rows=rows: [_insert(connection, [row]) for row in rows], SINGLE)))
                ours = rate(lambda many=many: ledger.append(many), GROUPED)
                rows = [_row(ledger.entry(ledger.size - GROUPED + offset).header_bytes, one) for offset, one in enumerate(many)]
                grouped.append((ours, rate(lambda rows=rows: _insert(connection, rows), GROUPED)))
            step = max(1, ledger.size // READS)
            indices = range(0, ledger.size, step)
            receipts = [ledger.receipt(index) for index in indices]
            reading = rate(lambda: [ledger.receipt(index) for index in indices], len(indices))
            key = tlog.format_vkey(tlog.make_key(ORIGIN, log.public_key))
            checking = rate(lambda: [verify_receipt(receipt, [key]) for receipt in receipts], len(receipts))
        connection.close()
    return [
        Row("append, one a commit", *_medians(single), aim=0.25, better="higher", unit="entries/s", against="bare SQLite commit of the same bytes"),
        Row(f"append, {GROUPED} a commit", *_medians(grouped), aim=0.1, better="higher", unit="entries/s", against="bare SQLite commit of the same bytes"),
        Row("receipt read back", reading, None, aim=2000, better="higher", unit="receipts/s"),
        Row("receipt verified", checking, None, aim=1000, better="higher", unit="receipts/s"),
    ]


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median([ours for ours, _ in pairs]), median([reference for _, reference in pairs])


def _row(header: bytes, submission: Submission) -> tuple[str, bytes, bytes, str]:
    return header.decode(), submission.envelope.raw, submission.envelope.payload_digest.raw, submission.slot


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes, bytes, str]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO entry (header, envelope, payload, slot) VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
