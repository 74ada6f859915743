"""Durable appends in PostgreSQL by 64 submitters, against 64 clients that commit the same rows themselves."""

import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
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
        own, through = _pairs(folder, server)
    against = "64 clients, one commit each for the same rows"
    return [
        Row("PostgreSQL, 64 submitters, sequencer in their process", *own, aim=1.5, better="higher", unit="entries/s", against=against),
        Row("PostgreSQL, 64 submitters, through the inbox", *through, aim=1.5, better="higher", unit="entries/s", against=against),
    ]


def _pairs(folder: Path, server: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    count = SUBMITTERS * EACH
    own, through = [], []
    for turn in range(ROUNDS):
        url, blobs, log = server.database(), folder_blobs(folder), KeySigner(generate_key())
        made = [submissions((2 * turn + half) * 100_000, count) for half in (0, 1)]
        with create_ledger(url, ORIGIN, log, blobs=blobs) as ledger:
            ours = count / _timed(lambda ledger=ledger, made=made: together(ledger.append, made[0]))
        with _serving(url, log, folder), open_ledger(url, submitting=True, wait=60, blobs=blobs) as client:
            inbox = count / _timed(lambda client=client, made=made: together(client.append, made[1]))
        bare = count / _bare(server, url, count)
        own.append((ours, bare))
        through.append((inbox, bare))
    return _middle(own), _middle(through)


class _serving:  # noqa: N801 - a context
    """The log's sequencer in a process of its own."""

    def __init__(self, url: str, log: KeySigner, folder: Path) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=serve, args=(url, log, folder), daemon=True)

    def __enter__(self) -> None:
        self._process.start()
        time.sleep(0.5)

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.join()


def serve(url: str, log: KeySigner, folder: Path) -> None:
    with open_ledger(url, log, blobs=folder_blobs(folder)) as ledger:
        ledger.serve(threading.Event())


def _bare(server: Any, url: str, count: int) -> float:
    """Seconds in which 64 clients commit the rows that the ledger holds, one entry a commit."""
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

    seconds = _timed(run)
    for connection in connections:
        connection.close()
    return seconds


def _timed(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _middle(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
