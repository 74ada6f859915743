"""Appending without the log's key: batches go into the inbox, the sequencer's answers come back.

The threads of one process share one connection, and their batches travel together. A batch that got no answer, because
the server or the sequencer went away, is submitted again until the time is up: it is recorded once, whatever happens.
"""

import time
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import psycopg

from lotmark.base.errors import EnvironmentLacksError
from lotmark.ledger._group_commit import PATIENT, GroupCommit
from lotmark.ledger._inbox_wire import decode_outcome, encode_batch
from lotmark.ledger._postgres import connect, meaning
from lotmark.ledger._sequencer import Job
from lotmark.ledger._urls import redact
from lotmark.ledger.models import Receipt, Submission

_LOOK: Final = 0.25
"""Seconds after which the answer is looked for though nobody rang: a notification is a doorbell, not a promise."""
_AGAIN: Final = 0.1
_LANES: Final = 2
_PUT: Final = "WITH put AS (INSERT INTO inbox (batch) SELECT unnest(%b::bytea[]) RETURNING id) SELECT id, pg_notify('lotmark_inbox', '') FROM put ORDER BY id"


class InboxClient:
    """An `Appender` that submits to the log's sequencer, wherever that runs.

    It has two lanes, each with its own connection: while the batches of one are being recorded, the other gathers.
    """

    def __init__(self, url: str, wait: float) -> None:
        """A client of the database at `url`; an append is given up after `wait` seconds."""
        self._lanes = [_Lane(url, wait) for _ in range(_LANES)]
        self._turn = count()

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """See `Ledger`.

        Raises:
            EnvironmentLacksError: LM-LED-021 if no sequencer answers in time; the batch may be recorded later, so submit it again.
        """
        return self._lanes[next(self._turn) % _LANES].append(submissions)

    def close(self) -> None:
        """See `Ledger`."""
        for lane in self._lanes:
            lane.close()


class _Lane:
    """One connection; the batches that arrive while it waits for answers are its next group."""

    def __init__(self, url: str, wait: float) -> None:
        self._url = url
        self._wait = wait
        self._connection: psycopg.Connection[Any] | None = None
        self._commits = GroupCommit(self._write, patience=PATIENT)

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        return self._commits.append(submissions)

    def close(self) -> None:
        self._commits.close()
        if self._connection is not None:
            self._connection.close()

    def _write(self, jobs: Sequence[Job]) -> None:
        deadline = time.monotonic() + self._wait
        batches = [encode_batch([prepared.submission for prepared in job.batch]) for job in jobs]
        while True:
            try:
                outcomes = self._exchange(batches, deadline)
                break
            except (psycopg.OperationalError, EnvironmentLacksError) as error:
                if isinstance(error, EnvironmentLacksError) and error.code != "LM-LED-020":
                    raise
                if time.monotonic() + _AGAIN >= deadline:
                    raise error if isinstance(error, EnvironmentLacksError) else meaning(error, redact(self._url)) from error
                time.sleep(_AGAIN)
            except psycopg.Error as error:
                raise meaning(error, redact(self._url)) from error
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.receipts, job.error = decode_outcome(outcome)

    def _exchange(self, batches: Sequence[bytes], deadline: float) -> list[bytes]:
        """Put the batches in and wait for the answers, in their order."""
        connection = self._live()
        ids = [row[0] for row in connection.execute(_PUT, (list(batches),))]
        found: dict[int, bytes] = {}
        while len(found) < len(ids):
            left = deadline - time.monotonic()
            if left <= 0:
                connection.execute("DELETE FROM inbox WHERE id = ANY(%s)", (ids,))
                raise EnvironmentLacksError(
                    "LM-LED-021",
                    f"no sequencer answered within {self._wait:g} s",
                    where=redact(self._url),
                    solution="start one where the log's key is: `lotmark log sequence`; then run the command again, nothing is recorded twice",
                )
            for _ in connection.notifies(timeout=min(_LOOK, left), stop_after=1):
                pass
            found |= dict(connection.cursor(binary=True).execute("SELECT id, outcome FROM answer WHERE id = ANY(%s)", (ids,)).fetchall())
            if len(found) < len(ids) and self._is_forgotten(connection, [one for one in ids if one not in found]):
                raise psycopg.OperationalError("the inbox was emptied")
        return [found[one] for one in ids]

    def _is_forgotten(self, connection: "psycopg.Connection[Any]", ids: Sequence[int]) -> bool:
        """Whether neither inbox nor answers hold a batch any more: the server was restarted after a crash, and both are unlogged."""
        row = connection.execute(
            "SELECT count(*) FROM (SELECT id FROM inbox WHERE id = ANY(%s) UNION SELECT id FROM answer WHERE id = ANY(%s)) AS known", (list(ids), list(ids))
        ).fetchone()
        return row is not None and row[0] < len(ids)

    def _live(self) -> "psycopg.Connection[Any]":
        if self._connection is None or self._connection.closed:
            connection = connect(self._url, name="submitter")
            connection.execute("SET synchronous_commit TO off")  # the inbox is scratch: only the sequencer's commit counts
            connection.execute("LISTEN lotmark_answer")
            self._connection = connection
        return self._connection
