"""The ledger against the raw limit of the same database on the same disk, both sides in one run.

The bare side writes the very rows that the ledger wrote, into the same tables with the same indices, in commits of the
same sizes and as durable. It does not hash, sign, prove or look for repeats: what is left of the ratio is what those cost.

The machine may be busy. What the disk does is measured in turns (one append of ours, one commit of theirs) and by the
middle one of many; what the processor does, by CPU time. The rows of the floor say what parts of an append cost that no
ledger can leave out: hashing what the header names, and comparing the envelope's bytes with its values.
"""

import hashlib
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench import Row
from lotmark.attest.api import KeySigner, build_payload, generate_key, is_canonical, key_event, pae, parse_envelope, sign_payload, verify_signature
from lotmark.attest.models import Evidence, Person, PredicateKind, Registry, Subject, TrustPolicy, lotmark_uri
from lotmark.attest.predicates import KINDS
from lotmark.intake.api import format_json
from lotmark.ledger import _database
from lotmark.ledger.api import create_ledger, fsck, open_ledger, verify_receipt
from lotmark.ledger.models import Submission
from lotmark.ledger.ports import Ledger
from lotmark.tlog import api as tlog

ORIGIN = "example.org/lotmark/bench"
ROUNDS = 5
SINGLE = 100
SUBMITTERS = 64
EACH = 20
BULK = 2000
READS = 1000
OPENED = 40_000
VERIFIED = 1000
BLOCK = 50
"""Envelopes that are ingested, then verified, by turns."""
CHECKED = 60
BLOB = 512 * 1024
_TABLES = ("entry", "body", "checkpoint")
_COLUMNS = {"entry": "idx, header, nodes", "body": "idx, envelope", "checkpoint": "size, note"}


def submissions(start: int, count: int, signer: KeySigner | None = None) -> list[Submission]:
    """Evidence of the size that a stage result has (about 2 kB)."""
    signer = signer or KeySigner(generate_key())
    made = []
    for number in range(start, start + count):
        payload = format_json({"run": "qpcr:RUN-0001", "number": number, "text": "x" * 1000})
        slot = f"qpcr:RUN-0001/unit/{number}#stage-result"
        made.append(Submission(sign_payload(payload, signer), "stage-result", "run:qpcr:RUN-0001", slot=slot, submitter="pipeline"))
    return made


class Bare:
    """A database with the tables of the ledger, filled by nothing but INSERT."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        _database.create(folder, ORIGIN, b"empty").close()
        self.connection = _database.connect(folder, writable=True)

    def commit(self, rows: dict[str, list[tuple[Any, ...]]], old: int, new: int) -> None:
        """One commit of the rows."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.execute("UPDATE head SET size = ? WHERE size = ?", (new, old))
        for table in _TABLES:
            marks = ", ".join("?" * len(rows[table][0]))
            self.connection.executemany(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", rows[table])
        self.connection.execute("COMMIT")


def commits_of(folder: Path, start: int) -> list[tuple[dict[str, list[tuple[Any, ...]]], int, int]]:
    """What the ledger in `folder` wrote from entry `start` on, commit by commit."""
    with closing(sqlite3.connect(folder / "ledger.db")) as connection:
        sizes = [row[0] for row in connection.execute("SELECT size FROM checkpoint WHERE size >= ? ORDER BY size", (start,))]
        found = []
        for old, new in pairwise(sizes):
            rows = {
                table: connection.execute(f"SELECT {_COLUMNS[table]} FROM {table} WHERE {key} ORDER BY 1", (old, new)).fetchall()
                for table, key in (("entry", "idx >= ? AND idx < ?"), ("body", "idx >= ? AND idx < ?"), ("checkpoint", "size > ? AND size <= ?"))
            }
            found.append((rows, old, new))
    return found


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the action."""
    begin = clock()
    action()
    return clock() - begin


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def together(append: Callable[[list[Submission]], object], made: list[Submission]) -> None:
    """Append each alone, from 64 threads."""

    def work(mine: list[Submission]) -> None:
        for one in mine:
            append([one])

    threads = [threading.Thread(target=work, args=(made[number::SUBMITTERS],)) for number in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on this disk."""
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-", dir=os.environ.get("LOTMARK_BENCH_DISK", ".")) as name:
        yield Path(name)


def appending() -> list[Row]:
    """Durable appends in SQLite: one submitter, 64 of them, one large batch."""
    pairs: dict[str, list[tuple[float, float]]] = {"single": [], "together": [], "bulk": []}
    with scratch() as folder:
        log = KeySigner(generate_key())
        bare = Bare(folder / "bare")
        with create_ledger(folder / "ledger", ORIGIN, log) as ledger:
            plans: list[tuple[str, int, Callable[[list[Submission]], object], Callable[[], float]]] = [
                ("together", SUBMITTERS * EACH, lambda made: together(ledger.append, made), time.perf_counter),
                ("bulk", BULK, ledger.append, time.process_time),
            ]
            for turn in range(ROUNDS):
                pairs["single"].append(in_turns(ledger, folder / "ledger", bare, submissions(turn * 1000 + 50_000_000, SINGLE)))
                for place, (name, count, action, clock) in enumerate(plans):
                    start = ledger.size
                    made = submissions((turn * len(plans) + place) * 100_000, count)
                    ours = timed(lambda action=action, made=made: action(made), clock)
                    commits = commits_of(folder / "ledger", start)
                    reference = timed(lambda commits=commits: [bare.commit(*one) for one in commits], clock)
                    pairs[name].append((count / ours, count / reference))
        bare.connection.close()
    against = "bare SQLite, the same rows in the same commits"
    return [
        Row("append, 1 submitter", *_medians(pairs["single"]), aim=0.5, better="higher", unit="entries/s", against=against),
        Row("append, 64 submitters", *_medians(pairs["together"]), aim=0.9, better="higher", unit="entries/s", against=against),
        Row(f"append, {BULK} in one batch", *_medians(pairs["bulk"]), aim=0.65, better="higher", unit="entries/s of CPU", against=against),
    ]


def in_turns(ledger: Ledger, folder: Path, bare: Bare, made: list[Submission]) -> tuple[float, float]:
    """Appends and bare commits a second, by the middle one of each: every append is followed by the commit of its rows."""
    ours, reference = [], []
    for one in made:
        start = ledger.size
        ours.append(timed(lambda one=one: ledger.append([one])))
        commits = commits_of(folder, start)
        reference.append(timed(lambda commits=commits: [bare.commit(*commit) for commit in commits]))
    return 1 / median(ours), 1 / median(reference)


def flooring() -> list[Row]:
    """What of the CPU time of an append no ledger can leave out, in microseconds an entry."""
    made = submissions(0, BULK)
    headers = [bytes(one.envelope.raw[:343]) for one in made]
    pairs = bytes(64)

    def hashing() -> None:
        for one, header in zip(made, headers, strict=True):
            hashlib.sha256(one.envelope.raw).digest()
            hashlib.sha256(one.envelope.payload).digest()
            hashlib.sha256(header).digest()
            hashlib.sha256(pairs).digest()

    def comparing() -> None:
        for one in made:
            is_canonical(one.envelope)

    parts = (("hashes of envelope, payload, leaf and node", hashing), ("an envelope's bytes against its values", comparing))
    return [
        Row(
            f"floor of an append: {name}",
            median([timed(part, time.process_time) for _ in range(ROUNDS)]) / BULK * 1e6,
            None,
            aim=None,
            better="lower",
            unit="us of CPU",
        )
        for name, part in parts
    ]


def restarting() -> Row:
    """Opening a log to write, against one of a twentieth of its length: the time must not follow the length."""
    with scratch() as folder:
        log = KeySigner(generate_key())
        for name, length in (("short", OPENED // 20), ("long", OPENED)):
            with create_ledger(folder / name, ORIGIN, log) as ledger:
                for start in range(0, length, BULK):
                    ledger.append(submissions(start, min(BULK, length - start)))
        taken: dict[str, list[float]] = {"long": [], "short": []}
        for _ in range(20 * ROUNDS):
            for name, times in taken.items():
                times.append(timed(lambda name=name: open_ledger(folder / name, log).close(), time.process_time) * 1000)
    name = f"opened to write, {OPENED} entries"
    return Row(name, median(taken["long"]), median(taken["short"]), aim=1.3, better="lower", unit="ms of CPU", against="a twentieth of the entries")


def reading() -> list[Row]:
    """Receipts read back and verified."""
    with scratch() as folder:
        log = KeySigner(generate_key())
        with create_ledger(folder / "ledger", ORIGIN, log) as ledger:
            ledger.append(submissions(0, 10_000))
            indices = range(0, ledger.size, ledger.size // READS)
            receipts = [ledger.receipt(index) for index in indices]
            back = len(indices) / timed(lambda: [ledger.receipt(index) for index in indices], time.process_time)
            key = tlog.format_vkey(tlog.make_key(ORIGIN, log.public_key))
            checked = len(receipts) / timed(lambda: [verify_receipt(receipt, [key]) for receipt in receipts], time.process_time)
    return [
        Row("receipt read back", back, None, aim=2000, better="higher", unit="receipts/s of CPU"),
        Row("receipt verified", checked, None, aim=1000, better="higher", unit="receipts/s of CPU"),
    ]


def ingesting() -> Row:
    """Envelopes read and their signatures verified, against verifying the same signatures."""
    signer = KeySigner(generate_key())
    raws = [one.envelope.raw for one in submissions(0, VERIFIED, signer)]
    key = Ed25519PublicKey.from_public_bytes(signer.public_key)
    messages = [(envelope.signature, pae(envelope.payload_type, envelope.payload)) for envelope in map(parse_envelope, raws)]

    def ingest(block: slice) -> None:
        for raw in raws[block]:
            envelope = parse_envelope(raw)
            if not verify_signature(signer.public_key, envelope.signature, pae(envelope.payload_type, envelope.payload)):
                raise RuntimeError

    def verify(block: slice) -> None:
        for signature, message in messages[block]:
            key.verify(signature, message)

    # In small blocks by turns: the speed of a shared processor changes from one tenth of a second to the next.
    blocks = [slice(start, start + BLOCK) for start in range(0, VERIFIED, BLOCK)] * ROUNDS
    pairs = [
        (BLOCK / timed(lambda block=block: ingest(block), time.process_time), BLOCK / timed(lambda block=block: verify(block), time.process_time))
        for block in blocks
    ]
    return Row("DSSE envelopes read and verified", *_medians(pairs), aim=0.8, better="higher", unit="envelopes/s of CPU", against="raw Ed25519 verify")


def checking() -> Row:
    """A full fsck, against hashing the same bodies. As in a real log, most bytes are blobs: artifacts, logs, test results."""
    with scratch() as folder:
        log, root, pipeline = (KeySigner(generate_key()) for _ in range(3))
        kind = PredicateKind("note", lotmark_uri("note"), "none", "short", frozenset({"pipeline"}), title="Note")
        registry = Registry((*KINDS, kind))
        policy = TrustPolicy(ORIGIN, tlog.format_vkey(tlog.make_key(ORIGIN, log.public_key)), (root.public_key,))
        with create_ledger(folder / "ledger", ORIGIN, log) as ledger:
            now = datetime.now(UTC)
            events = [
                key_event("genesis", public_key=root.public_key, kind="root", person=Person("ada", "Ada"), reason="opens it", at=now),
                key_event("enrol", public_key=pipeline.public_key, kind="pipeline", person=None, reason="works", at=now),
            ]
            ledger.append([Submission(sign_payload(build_payload(event, registry), root), "key-event", "product:qpcr") for event in events])
            for number in range(CHECKED):
                blob = ledger.blobs.put(os.urandom(BLOB))
                evidence = Evidence("note", (Subject("source", {"sha256": "5c" * 32}),), {"number": number, "text": "x" * 1000})
                ledger.append([Submission(sign_payload(build_payload(evidence, registry), pipeline), "note", "run:qpcr:RUN-0001", blobs=(blob,))])
            bodies = [ledger.envelope(entry).raw for entry in ledger.entries()] + [ledger.blobs.get(blob) for blob in ledger.blobs]
            megabytes = sum(map(len, bodies)) / 1e6
            pairs = []
            for _ in range(ROUNDS):
                ours = megabytes / timed(lambda: fsck(ledger, policy, registry), time.process_time)
                pairs.append((ours, megabytes / timed(lambda: [hashlib.sha256(body).digest() for body in bodies], time.process_time)))
            report = fsck(ledger, policy, registry)
            if report.findings:
                raise RuntimeError(report.findings)
    return Row("fsck", *_medians(pairs), aim=0.3, better="higher", unit="MB/s of CPU", against="hashlib over the same bodies")


def run() -> list[Row]:
    """Every measurement of the ledger."""
    from bench import _postgres

    return [*appending(), *flooring(), *_postgres.appending(), ingesting(), checking(), restarting(), *reading()]


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The pair of rates whose ratio is the middle one: both were measured next to each other."""
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
