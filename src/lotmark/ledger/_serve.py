"""The sequencer as a service: it takes what others put into the inbox and answers in the transaction that records it."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import psycopg

from lotmark.base.errors import LotmarkError
from lotmark.ledger._group_commit import MAX_GROUP
from lotmark.ledger._inbox_wire import decode_batch, encode_outcome
from lotmark.ledger._postgres import PostgresTables, connect, meaning
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._sequencer import Job
from lotmark.ledger._urls import redact
from lotmark.ledger._writer import Writer

_LOOK: Final = 0.5
"""Seconds after which the inbox is looked into though nobody rang."""
_SWEEP: Final = 1000
"""Groups after which answers that nobody needs any more are thrown away."""


class InboxServer:
    """Serves the inbox of one log with the writer of this process."""

    def __init__(self, url: str, tables: PostgresTables, writer: Writer) -> None:
        """A server that works through `tables`, beside what this process appends itself."""
        self._url = url
        self._tables = tables
        self._writer = writer

    def serve(self, stop: threading.Event, *, served: Callable[[int], None] = lambda _: None) -> None:
        """Until `stop` is set or something fails that only a new opening can mend; `served` is told how many batches each group had.

        Raises:
            EnvironmentLacksError: LM-LED-004, -005, -006, -020.
        """
        groups = 0
        with connect(self._url, name="inbox") as connection:
            try:
                connection.execute("LISTEN lotmark_inbox")
                while not stop.is_set():
                    rows = self._look(connection)
                    if rows:
                        self._record(rows)
                        served(len(rows))
                        groups += 1
                        if groups % _SWEEP == 1:
                            connection.execute("DELETE FROM answer WHERE at < now() - interval '10 minutes'")
                    else:
                        for _ in connection.notifies(timeout=_LOOK, stop_after=1):
                            pass
            except psycopg.Error as error:
                raise meaning(error, redact(self._url)) from error

    def _look(self, connection: "psycopg.Connection[Any]") -> list[tuple[int, bytes]]:
        return connection.cursor(binary=True).execute("SELECT id, batch FROM inbox ORDER BY id LIMIT %s", (MAX_GROUP,)).fetchall()

    def _record(self, rows: Sequence[tuple[int, bytes]]) -> None:
        jobs: dict[int, Job] = {}
        refused: dict[int, bytes] = {}
        for number, data in rows:
            try:
                jobs[number] = Job([Prepared(submission) for submission in decode_batch(data)])
            except LotmarkError as error:
                refused[number] = encode_outcome((), error)
        self._writer.record(list(jobs.values()), partial(self._answer, jobs, refused))

    def _answer(self, jobs: dict[int, Job], refused: dict[int, bytes], _: Sequence[Job]) -> None:
        outcomes = {number: encode_outcome(job.receipts, job.error) for number, job in jobs.items()} | refused
        numbers = list(outcomes)
        self._tables.execute("DELETE FROM inbox WHERE id = ANY(?)", (numbers,))
        self._tables.execute("INSERT INTO answer (id, outcome) SELECT * FROM unnest(?::bigint[], ?::bytea[])", (numbers, list(outcomes.values())))
        self._tables.execute("SELECT pg_notify('lotmark_answer', '')", ())
