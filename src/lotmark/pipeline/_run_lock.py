"""The run lock: one `lotmark run` at a time in a state folder, or any number of single stages beside each other."""

import fcntl
import os
import time
from pathlib import Path

from lotmark.base.errors import EnvironmentLacksError

_PAUSE = 0.05


class RunLock:
    """An advisory lock on a file; the kernel lets go of it when its owner dies.

    `shared` lets others in that share it too: stages that somebody else's CI runs side by side.
    """

    def __init__(self, path: Path, *, shared: bool = False, wait_seconds: float = 10.0) -> None:
        """Take the lock, waiting up to `wait_seconds`.

        Raises:
            EnvironmentLacksError: LM-PIP-001 naming the process that holds it.
        """
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + wait_seconds
        wanted = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        while True:
            try:
                fcntl.flock(self._handle, wanted)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise self._held(path) from None
                time.sleep(_PAUSE)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next one in; again is no error."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _held(self, path: Path) -> EnvironmentLacksError:
        owner = os.pread(self._handle, 32, 0).decode(errors="replace").strip() or "unknown"
        self.release()
        return EnvironmentLacksError(
            "LM-PIP-001", f"another `lotmark run` works here (process {owner})", where=str(path), solution="wait until it ends, or stop that process"
        )
