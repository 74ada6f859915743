"""The index over a log of whole releases: rebuilding it, and the five answers from a digest.

``LOTMARK_BENCH_ENTRIES`` says how long the log is for the answers (default 100,000; 1,000,000 takes a quarter of an hour to
make). Every release is one of the test suite's: signed evidence of every kind, some 35 entries.
"""

import os
import sys
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench import Row
from bench.ledger import ORIGIN, scratch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fakes.index_world import REGISTRY, IndexWorld
from fakes.keyring import signer
from fakes.ledger import policy
from lotmark.base.digest import Digest
from lotmark.index.api import VerifiedReader, answer_question
from lotmark.ledger.api import create_ledger, format_header, select_headers
from lotmark.ledger.models import Header
from lotmark.tlog.api import Frontier, leaf_hash
from lotmark.tlog.models import Checkpoint

ENTRIES = int(os.environ.get("LOTMARK_BENCH_ENTRIES", "100000"))
HEADERS = int(os.environ.get("LOTMARK_BENCH_HEADERS", "100000"))
REBUILT = 4000
ROUNDS = 3
QUESTIONS = 200


class Gathering:
    """A ledger that takes single submissions and hands them on by the thousand."""

    def __init__(self, ledger: Any) -> None:
        self.ledger = ledger
        self.size = ledger.size
        self._waiting: list[Any] = []

    def append(self, submissions: list[Any]) -> list[Any]:
        self._waiting += submissions
        self.size += len(submissions)
        if len(self._waiting) >= 1000:
            self.flush()
        return [SimpleNamespace(index=self.size - 1)]

    def flush(self) -> None:
        self.ledger.append(self._waiting)
        self._waiting = []


def releases(ledger: Any, entries: int) -> list[str]:
    """Fill the ledger with releases up to so many entries; the digests of their artifacts."""
    gathering = Gathering(ledger)
    world = IndexWorld(ledger=gathering).found()
    digests = []
    number = 0
    while gathering.size < entries:
        number += 1
        digests.append(world.release(number, f"1.{number}.0").sha256)
    gathering.flush()
    return digests


def index_of(ledger: Any, folder: Path) -> Any:
    world = IndexWorld(ledger=ledger)
    return world.index(folder, policy=policy(origin=ORIGIN))


def rebuilding() -> Row:
    """Dropping and computing every row again, against reading, verifying and parsing the same entries without making rows."""
    pairs = []
    with scratch() as folder, create_ledger(folder / "ledger", ORIGIN, signer("log")) as ledger:
        releases(ledger, REBUILT)
        with index_of(ledger, folder) as index:
            index.refresh()
            before = index.dump()
            for _ in range(ROUNDS):
                begin = time.process_time()
                index.rebuild()
                ours = ledger.size / (time.process_time() - begin)
                begin = time.process_time()
                reader = VerifiedReader(ledger, policy(origin=ORIGIN), REGISTRY)
                for entry in ledger.entries():
                    reader.find(entry, keep=False)
                pairs.append((ours, ledger.size / (time.process_time() - begin)))
            if index.dump() != before:
                raise RuntimeError("rebuilding gave other rows")
    ours, reference = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
    return Row("index rebuilt", ours, reference, aim=0.45, better="higher", unit="entries/s of CPU", against="the same entries read, verified and parsed")


def answering() -> list[Row]:
    """The five answers from the digest of an artifact, the log being up to date."""
    with scratch() as folder, create_ledger(folder / "ledger", ORIGIN, signer("log")) as ledger:
        digests = releases(ledger, ENTRIES)
        today = datetime.now(UTC).date()
        with index_of(ledger, folder) as index:
            begin = time.perf_counter()
            index.refresh()
            speed = ledger.size / (time.perf_counter() - begin)
            step = max(1, len(digests) // QUESTIONS)
            taken = []
            for digest in digests[::step]:
                begin = time.perf_counter()
                index.refresh()
                answer_question(index, digest, today)
                taken.append((time.perf_counter() - begin) * 1000)
            size = ledger.size
    taken.sort()
    p99 = taken[min(len(taken) - 1, int(len(taken) * 0.99))]
    return [
        Row(f"index made, {size} entries", speed, None, aim=None, better="higher", unit="entries/s"),
        Row(f"five answers from a digest, p99, {size} entries", p99, None, aim=50, better="lower", unit="ms"),
    ]


def streaming() -> Row:
    """What `verify --complete` holds in memory for a log of ten times as many headers, beyond the headers' own bytes."""
    peaks = []
    for length in (HEADERS // 10, HEADERS):
        lines, frontier = [], Frontier()
        for number in range(length):
            header = Header(
                "note", Digest.of(b"%d" % number), 2000, Digest.of(b"p%d" % number), ("ab" * 32,), f"run:qpcr:RUN-{number}", "2026-11-23T12:00:00.000Z"
            )
            lines.append(format_header(header))
            frontier.append(leaf_hash(lines[-1]))
        data = memoryview(b"".join(line + b"\n" for line in lines))
        del lines
        checkpoint = Checkpoint(ORIGIN, length, frontier.root())
        tracemalloc.start()
        found = select_headers(data, checkpoint, lambda entry: entry.header.scope == "run:qpcr:RUN-7")
        peaks.append(tracemalloc.get_traced_memory()[1] / 1000)
        tracemalloc.stop()
        if len(found) != 1:
            raise RuntimeError("the entry was not found")
    name = f"memory of verify, {HEADERS} headers"
    return Row(name, peaks[1], peaks[0], aim=1.5, better="lower", unit="kB", against="a tenth of the headers")


def run() -> list[Row]:
    """Every measurement of the index."""
    return [rebuilding(), streaming(), *answering()]
