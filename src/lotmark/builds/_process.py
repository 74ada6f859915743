"""Supervise one child process: bounded output, deadline, disk quota, and nothing left behind.

One loop over poll(2): the pipes, a pidfd, and every tenth of a second the quota. No threads, so nothing can hang on a
pipe that a stray grandchild holds open.
"""

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import IO

from lotmark.builds.models import LogCapture, Quota, SandboxResult

_BLOCK = 256 * 1024
_WATCH_SECONDS = 0.1
_DRAIN_SECONDS = 2.0
_ASK_SECONDS = 10.0
_RESERVE = 128 * 2**20
"""A run is ended before a file system has less than this left, so that the ledger can still be written."""


class _Capture:
    """Keeps the first and the last bytes of a stream."""

    def __init__(self, quota: Quota) -> None:
        self._head_left = quota.log_head
        self._tail_limit = quota.log_tail
        self._head: list[bytes] = []
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._total = 0

    def feed(self, data: bytes) -> None:
        self._total += len(data)
        if self._head_left:
            self._head.append(data[: self._head_left])
            data = data[self._head_left :]
            self._head_left -= len(self._head[-1])
        if data:
            self._tail.append(data)
            self._tail_size += len(data)
            while self._tail_size - len(self._tail[0]) >= self._tail_limit:
                self._tail_size -= len(self._tail.popleft())

    def finish(self) -> LogCapture:
        tail = b"".join(self._tail)
        return LogCapture(b"".join(self._head), tail[-self._tail_limit :] if tail else b"", self._total)


class DiskWatch:
    """Tells when writable folders outgrow the quota, cheaply: statvfs first, a walk only if that looks bad.

    A watch that walked each time would cost more than most builds.
    """

    def __init__(self, folders: Sequence[Path], limit: int) -> None:
        self._folders = folders
        self._limit = limit
        self._free = {folder: _free_bytes(folder) for folder in folders}
        self._start = {folder: folder_size(folder) if self._free[folder] < limit + _RESERVE else 0 for folder in folders}

    def exceeded(self) -> bool:
        """Whether a folder holds more than the quota, or its file system is nearly full because of it."""
        for folder in self._folders:
            free = _free_bytes(folder)
            grown = self._free[folder] - free
            if grown > self._limit or free < _RESERVE:
                size = folder_size(folder)
                if size > self._limit or (free < _RESERVE and size - self._start[folder] > _RESERVE // 8):
                    return True
        return False


def _free_bytes(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def folder_size(folder: Path) -> int:
    """The bytes allocated below `folder`, links not followed; what vanishes meanwhile counts nothing."""
    total = 0
    pending = [os.fspath(folder)]
    while pending:
        with suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    return total


def supervise(
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str],
    cwd: Path,
    umask: int,
    timeout: float,
    quota: Quota,
    watched: Sequence[Path],
    merge_output: bool,
    cancel: Event | None = None,
    after: Callable[[int], None] | None = None,
    asks_first: bool = False,
) -> SandboxResult:
    """Run `arguments` to its end and give what it printed.

    `after` is called with the process id when the process has ended or was killed, to clear what it left. With
    `asks_first` it is asked to end by SIGTERM before it is killed: a launcher clears what it started.
    The process has its own session, so that the terminal's signals reach it only through us.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if merge_output else subprocess.PIPE,
        env=dict(variables),
        cwd=cwd,
        umask=umask,
        start_new_session=True,
        bufsize=0,
    )
    captures = {"stdout": _Capture(quota), "stderr": _Capture(quota)}
    stopped = ""
    try:
        stopped = _watch(process, captures, started + timeout, DiskWatch(watched, quota.disk), cancel)
    finally:
        if asks_first:
            _ask(process)
        _end(process)
        if after is not None:
            after(process.pid)
        _drain(process, captures)
    code = process.returncode
    return SandboxResult(
        exit_code=128 - code if code < 0 else code,
        stopped=stopped,
        seconds=time.monotonic() - started,
        stdout=captures["stdout"].finish(),
        stderr=captures["stderr"].finish(),
    )


def _watch(process: subprocess.Popen[bytes], captures: Mapping[str, _Capture], deadline: float, disk: DiskWatch, cancel: Event | None) -> str:
    """Read until the process ends; the reason if it has to be stopped."""
    pidfd = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            _register(selector, process)
            selector.register(pidfd, selectors.EVENT_READ)
            looked = time.monotonic()
            while True:
                now = time.monotonic()
                if now >= deadline:
                    return "timeout"
                if cancel is not None and cancel.is_set():
                    return "cancelled"
                if now - looked >= _WATCH_SECONDS:
                    looked = now
                    if disk.exceeded():
                        return "quota"
                for key, _ in selector.select(min(deadline - now, _WATCH_SECONDS)):
                    if key.fd == pidfd:
                        return ""
                    _read(selector, key, captures)
    finally:
        os.close(pidfd)


def _register(selector: selectors.BaseSelector, process: subprocess.Popen[bytes]) -> None:
    for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
        if stream is not None:
            os.set_blocking(stream.fileno(), False)
            selector.register(stream, selectors.EVENT_READ, name)


def _read(selector: selectors.BaseSelector, key: selectors.SelectorKey, captures: Mapping[str, _Capture]) -> None:
    try:
        data = os.read(key.fd, _BLOCK)
    except BlockingIOError:
        return
    if data:
        captures[key.data].feed(data)
    else:
        selector.unregister(key.fileobj)


def _ask(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and give it a bounded time."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ASK_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process's group; a pid namespace below it dies with its first process."""
    if process.poll() is None:
        process.kill()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _drain(process: subprocess.Popen[bytes], captures: Mapping[str, _Capture]) -> None:
    """Take what is still in the pipes, for a bounded time: a stray that holds a pipe open cannot hold us up."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    with selectors.DefaultSelector() as selector:
        _register(selector, process)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                _read(selector, key, captures)
    streams: tuple[IO[bytes] | None, ...] = (process.stdout, process.stderr)
    for stream in streams:
        if stream is not None:
            stream.close()
