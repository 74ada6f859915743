"""Appending in the process that holds the log's key: group commit in front of the sequencer."""

import threading
from collections.abc import Callable, Sequence

from lotmark.ledger._group_commit import GroupCommit
from lotmark.ledger._sequencer import STOPPED, Job, Sequencer
from lotmark.ledger.models import Receipt, Submission


class Writer:
    """Appends for the threads of this process; it holds the log's lock until it is closed."""

    def __init__(self, sequencer: Sequencer, release: Callable[[str], None], *, patience: float = 0.0) -> None:
        """A writer in front of a sequencer; `release` lets go of tables and lock, with the reason, once; `patience` is that of `GroupCommit`."""
        self._sequencer = sequencer
        self._release: Callable[[str], None] | None = release
        self._turn = threading.Lock()
        self._commits = GroupCommit(self._write, patience=patience)

    def append(self, submissions: Sequence[Submission]) -> tuple[Receipt, ...]:
        """See `Ledger`."""
        return self._commits.append(submissions)

    def record(self, jobs: Sequence[Job], also: Callable[[Sequence[Job]], None]) -> None:
        """Record jobs that came another way, with what else belongs into their transaction; waits for its turn."""
        self._write(jobs, also)

    def close(self) -> None:
        """Write what is under way, then let go."""
        self._commits.close()
        with self._turn:
            self._end("it is closed")

    def _write(self, jobs: Sequence[Job], also: Callable[[Sequence[Job]], None] | None = None) -> None:
        with self._turn:
            try:
                self._sequencer.record(jobs, also)
            finally:
                if self._sequencer.stopped is not None:
                    # The lock is free at once: whoever opens the ledger again reads what is really there.
                    self._commits.refuse(STOPPED)
                    self._end(STOPPED)

    def _end(self, reason: str) -> None:
        release, self._release = self._release, None
        if release is not None:
            release(reason)
