"""Durable appends in PostgreSQL by 64 submitters, against 64 clients that commit the same rows themselves.

The clients are threads with a connection each and one prepared statement for entry and body: no hashing, no signature, no
checkpoint. On a busy machine the rate says little, for 64 server processes get more of the processor than the few that
write grouped commits; so the CPU time of both sides, submitters, sequencer and server together, has rows of its own.
"""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import Row

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psycopg

from bench.ledger import EACH, ORIGIN, SUBMITTERS, scratch, submissions, together
from lotmark.attest.api import KeySigner, generate_key
from lotmark.ledger.api import create_ledger, folder_blobs, open_ledger
from servers.postgres import missing, run_postgres

ROUNDS = 3
_BARE = (
    "WITH entry AS (INSERT INTO lotmark.entry (idx, header, nodes) VALUES (%s, %s, %s) RETURNING idx) "
    "INSERT INTO lotmark.body (idx, envelope) SELECT idx, %s::bytea FROM entry"
)


def appending() -> list[Row]:
    """Nothing where PostgreSQL is not installed."""
    if missing():
        print(f"bench: {missing()}", file=sys.stderr)
        return []
    with scratch() as folder, run_postgres() as server:
        turns = _turns(folder, server)
    against = "64 clients, one commit each for the same rows"
    ways = {"own": "sequencer in their process", "inbox": "through the inbox"}
    return [
        Row(
            f"PostgreSQL, 64 submitters, {words}",
            *_middle([(getattr(turn[way], rate), getattr(turn["bare"], rate)) for turn in turns]),
            aim=1.5,
            better="higher",
            unit=unit,
            against=against,
        )
        for way, words in ways.items()
        for rate, unit in (("per_second", "entries/s"), ("per_cpu_second", "entries/s of CPU"))
    ]


@dataclass(frozen=True, slots=True)
class _Rates:
    per_second: float
    per_cpu_second: float


def _turns(folder: Path, server: Any) -> list[dict[str, _Rates]]:
    count = SUBMITTERS * EACH
    turns = []
    for turn in range(ROUNDS):
        url, blobs, log = server.database(), folder_blobs(folder), KeySigner(generate_key())
        made = [submissions((2 * turn + half) * 100_000, count) for half in (0, 1)]
        with create_ledger(url, ORIGIN, log, blobs=blobs) as ledger:
            own = _rates(count, lambda ledger=ledger, made=made: together(ledger.append, made[0]), server)
        with _serving(url, log, folder) as sequencer, open_ledger(url, submitting=True, wait=60, blobs=blobs) as client:
            inbox = _rates(count, lambda client=client, made=made: together(client.append, made[1]), server, sequencer)
        turns.append({"own": own, "inbox": inbox, "bare": _bare(server, url, count)})
    return turns


def _rates(count: int, action: Callable[[], object], server: Any, *others: int) -> _Rates:
    """Entries a second, of time and of the CPU time of this process, the server and the other processes."""
    root = int((server.data / "postmaster.pid").read_text().split()[0])
    spent, began = _cpu(root, *others), time.perf_counter()
    action()
    taken = time.perf_counter() - began
    return _Rates(count / taken, count / (_cpu(root, *others) - spent))


def _cpu(root: int, *others: int) -> float:
    """CPU seconds of this process, of the others, and of `root` with the children that it has and had (Linux, proc(5))."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile; its parent has its time
        number, parent = int(place.parent.name), int(fields[1])
        if number == root:
            ticks += sum(map(int, fields[11:15]))
        elif parent == root or number in others:
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


class _serving:  # noqa: N801 - a context
    """The log's sequencer in a process of its own."""

    def __init__(self, url: str, log: KeySigner, folder: Path) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=serve, args=(url, log, folder), daemon=True)

    def __enter__(self) -> int:
        self._process.start()
        time.sleep(0.5)
        if self._process.pid is None:
            raise RuntimeError("the sequencer did not start")
        return self._process.pid

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.join()


def serve(url: str, log: KeySigner, folder: Path) -> None:
    with open_ledger(url, log, blobs=folder_blobs(folder)) as ledger:
        ledger.serve(threading.Event())


def _bare(server: Any, url: str, count: int) -> _Rates:
    """How fast 64 clients commit the rows that the ledger holds, one entry a commit."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT entry.idx, header, nodes, envelope FROM lotmark.entry JOIN lotmark.body USING (idx) ORDER BY idx LIMIT %s", (count,)
        ).fetchall()
    server.database()
    with create_ledger(url, ORIGIN, KeySigner(generate_key()), blobs=folder_blobs(Path("/nonexistent"))):
        pass
    connections = [psycopg.connect(url, autocommit=True) for _ in range(SUBMITTERS)]

    def work(number: int) -> None:
        for row in rows[number::SUBMITTERS]:
            connections[number].execute(_BARE, row)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(SUBMITTERS)]

    def run() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    rates = _rates(count, run, server)
    for connection in connections:
        connection.close()
    return rates


def _middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
