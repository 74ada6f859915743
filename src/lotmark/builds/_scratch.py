"""Scratch space for lanes: on tmpfs where there is one with room, so that directory order follows creation order.

A scratch folder holds a locked file while its owner lives. Whoever opens a new one removes those whose lock is free:
a killed process leaves nothing behind for longer than until the next run.
"""

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lotmark.base.errors import EnvironmentLacksError

_SHM = Path("/dev/shm")  # noqa: S108 (checked to be ours, private and unguessable before use)
_PREFIX = "lotmark-"
_ROOM = 2 * 2**30


@contextmanager
def open_scratch(work: Path, needed: int = 0) -> Iterator[Path]:
    """A private empty folder, removed at the end; `needed` is the size in bytes of what will surely be put there.

    Raises:
        EnvironmentLacksError: LM-BLD-035 if the disk is full, there or where the caller writes meanwhile.
    """
    work.mkdir(parents=True, exist_ok=True)
    parent = _SHM if _has_room(_SHM, needed) else work
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.geteuid()}-", dir=parent))
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(lock, b"%d\n" % os.getpid())
        yield folder
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise EnvironmentLacksError(
            "LM-BLD-035",
            f"no space is left for the build: {error.strerror}",
            where=error.filename or str(folder),
            solution="free disk space (`df -h`) and run it again",
        ) from error
    finally:
        remove_tree(folder)
        os.close(lock)


def _has_room(folder: Path, needed: int) -> bool:
    """Whether `folder` is a tmpfs that we may write and that can take both lanes with room for what they build."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK) and is_tmpfs(folder) and state.f_bavail * state.f_frsize > _ROOM + 8 * needed


def is_tmpfs(folder: Path) -> bool:
    """Whether the folder lies on a tmpfs."""
    with suppress(OSError):
        device = folder.stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            fields = line.split()
            if fields[2] == wanted:
                return fields[fields.index("-") + 1] == "tmpfs"
    return False


def _sweep(parent: Path) -> None:
    """Remove our own scratch folders whose owner is dead."""
    for folder in parent.glob(f"{_PREFIX}{os.geteuid()}-*"):
        with suppress(OSError):
            state = folder.lstat()
            if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
                continue
            lock = os.open(folder / ".lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                # An empty file is one that its owner has not locked yet.
                if os.fstat(lock).st_size:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove_tree(folder)
            finally:
                os.close(lock)


def remove_tree(folder: Path) -> None:
    """Remove the folder, even one whose content was made unreadable; links are never followed."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        for place, names, _ in os.walk(folder):
            for name in names:
                with suppress(OSError):
                    if not Path(place, name).is_symlink():
                        Path(place, name).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
