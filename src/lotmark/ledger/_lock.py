"""The writer lock: one process at a time may append. It is liveness; the compare-and-swap on `head` is the safety."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError

_PAUSE: Final = 0.05


class WriterLock:
    """An advisory lock (flock) on a file that holds the pid of its owner; the kernel lets go of it when the owner dies."""

    def __init__(self, path: Path, *, wait: float) -> None:
        """Take the lock, waiting up to `wait` seconds.

        Raises:
            EnvironmentLacksError: LM-LED-003 naming the pid that holds it, LM-LED-004 if the file cannot be made.
        """
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            self._wait(path, time.monotonic() + wait, wait)
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise _unusable(path, error) from error
        except EnvironmentLacksError:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Let go of the lock."""
        os.close(self._descriptor)

    def _wait(self, path: Path, deadline: float, wait: float) -> None:
        while not self._try():
            if time.monotonic() >= deadline:
                holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
                raise EnvironmentLacksError(
                    "LM-LED-003",
                    f"another process writes to this ledger: pid {holder} (waited {wait:g} s)",
                    where=str(path),
                    solution=f"wait until process {holder} has finished, or look at it with `ps -p {holder}`",
                )
            time.sleep(min(_PAUSE, wait))

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _unusable(path: Path, error: OSError) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        "LM-LED-004",
        f"the writer lock cannot be made: {error.strerror}",
        where=str(path),
        solution="make the folder writable for this user, and room on its disk",
    )
