"""Natural group commit: whatever arrives while one group is being written is the next group.

There is no thread of its own. The first submitter writes his own group; who comes meanwhile queues up, and the first of
the queue, woken when the disk is free, writes for all of them. So one submitter pays one fsync, and sixty-four share it.

Who was alone waits for nobody. Where several were answered at once, most come back with their next batch within a
moment. With some patience the next group waits for them: else the first to come back would write alone, and all others
would wait for that. It pays where a group costs a round trip to a server, whatever is in it. SQLite needs none: there
the threads make their batches ready while a group is being written, and that is worth more than fewer groups.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from lotmark.base.errors import EnvironmentLacksError
from lotmark.ledger._prepared import Prepared
from lotmark.ledger._sequencer import Job
from lotmark.ledger.models import Receipt, Submission

MAX_GROUP: Final = 1024
"""Entries in one group; a single batch may be longer, for it is never split."""
PATIENT: Final = 0.25
"""The patience for a server; a first value (ADR 340)."""
_PAUSE: Final = 0.0002
"""Seconds between two looks at who has come back."""


class GroupCommit:
    """Lets threads share the writing of their batches. `write` gets each group, one at a time."""

    def __init__(self, write: Callable[[Sequence[Job]], None], *, patience: float = 0.0) -> None:
        """A group waits for those who were just answered at most `patience` times as long as writing the last group took."""
        self._write = write
        self._patience = patience
        self._mutex = threading.Lock()
        self._queue: deque[_Waiting] = deque()
        self._is_writing = False
        self._idle = threading.Condition(self._mutex)
        self._closed = ""
        self._company = 0
        """How many submitters there were when the last group was written: those of the group and those who waited."""
        self._took = 0.0
        """Seconds that writing it took."""

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """The receipts of the batch, once it is durable. What the writing of it raised is raised here."""
        waiting = _Waiting(Job([Prepared(submission) for submission in submissions]))
        with self._mutex:
            if self._closed:
                raise _closed(self._closed)
            self._queue.append(waiting)
            leads, self._is_writing = not self._is_writing, True
        if not leads:
            leads = self._wait(waiting)
        if leads:
            self._lead()
        if waiting.job.error is not None:
            raise waiting.job.error
        return waiting.job.receipts

    def refuse(self, reason: str) -> None:
        """Take nothing more."""
        with self._mutex:
            self._closed = self._closed or reason

    def close(self) -> None:
        """Take nothing more, and return once what is under way is written; again is no error."""
        self.refuse("it is closed")
        with self._mutex:
            while self._is_writing:
                self._idle.wait()

    def _wait(self, waiting: "_Waiting") -> bool:
        try:
            return waiting.wait()
        except BaseException:
            # An interrupted submitter leaves the queue, and the turn to write with it if it had it.
            with self._mutex:
                if waiting in self._queue:
                    self._queue.remove(waiting)
                    if waiting.leads:
                        self._hand_on()
            raise

    def _lead(self) -> None:
        """Write one group, wake its submitters, and hand on to the next."""
        self._gather()
        with self._mutex:
            group = self._take()
        began = time.monotonic()
        try:
            self._write([waiting.job for waiting in group])
        except BaseException as error:
            for waiting in group:
                waiting.job.error = waiting.job.error or (error if isinstance(error, Exception) else _closed("its process is being stopped"))
            if not isinstance(error, Exception):
                raise
        finally:
            self._took = time.monotonic() - began
            with self._mutex:
                self._company = len(group) + len(self._queue)
                self._hand_on()
            for waiting in group:
                waiting.wake()

    def _gather(self) -> None:
        """Wait until as many are there as there were, or patience ends."""
        end = time.monotonic() + self._patience * self._took
        while len(self._queue) < self._company and time.monotonic() < end:
            time.sleep(_PAUSE)

    def _hand_on(self) -> None:
        """The turn to write goes to the first of the queue, if there is one."""
        if self._queue:
            self._queue[0].leads = True
            self._queue[0].wake()
        else:
            self._is_writing = False
            self._idle.notify_all()

    def _take(self) -> "list[_Waiting]":
        group = [self._queue.popleft()]
        entries = len(group[0].job.batch)
        while self._queue and entries + len(self._queue[0].job.batch) <= MAX_GROUP:
            group.append(self._queue.popleft())
            entries += len(group[-1].job.batch)
        return group


class _Waiting:
    """A submitter in the queue. A bare lock is the cheapest thing to wait on."""

    __slots__ = ("_door", "job", "leads")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.leads = False
        """Whether it is this submitter's turn to write."""
        self._door = threading.Lock()
        self._door.acquire()

    def wait(self) -> bool:
        """Until the job is done or it is this submitter's turn to write; whether it is the latter."""
        self._door.acquire()
        return self.leads

    def wake(self) -> None:
        self._door.release()


def _closed(reason: str) -> EnvironmentLacksError:
    return EnvironmentLacksError("LM-LED-006", f"the ledger is stopped: {reason}", solution="open it again: what was acknowledged is there")
