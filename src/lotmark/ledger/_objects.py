"""The object store as a folder: what an export writes, where any web server can serve it.

An object appears whole or not at all (temporary file, fsync, rename, fsync of the folder), and `put_new` never touches what is there.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.ledger._blobs import sync_folder

MAX_NAME: Final = 512
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""No part starts with a dot: so none is ``..``, and temporary files are no objects."""
_TEMPORARY: Final = ".tmp-"


def check_object_name(name: str) -> str:
    """The name, if an object may have it.

    Raises:
        UsageError: LM-LED-030.
    """
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise UsageError(
            "LM-LED-030",
            f"an object cannot be called {name[:80]!r}",
            solution="use relative names of letters, digits and ._-/ in which no part starts with a dot",
        )
    return name


def object_differs(name: str, where: str) -> IntegrityError:
    """The refusal to change an object that never changes."""
    return IntegrityError(
        "LM-LED-130",
        f"OBJECT_DIFFERS: the object {name} is there with other bytes; it was left as it is",
        where=where,
        solution="keep it, find out who wrote it, and export to an empty place; two histories under one name are a fork or a changed file",
    )


class ObjectFolder:
    """An `ObjectStore` in a folder, which is made with the first object."""

    def __init__(self, root: Path, *, fsync: Callable[[int], None] = os.fsync) -> None:
        """The objects below `root`; `fsync` makes a file descriptor durable (a test lets it fail)."""
        self._root = root
        self._fsync = fsync

    def put_new(self, name: str, data: bytes) -> None:
        """See `ObjectStore`."""
        path = self._path(name)
        try:
            if path.exists():
                if path.read_bytes() != data:
                    raise object_differs(name, str(path))
                sync_folder(path.parent, self._fsync)  # whoever stored it may have been killed before the folder was synced
                return
            self._write(path, data)
        except OSError as error:
            raise self._failed(name, error) from error

    def replace(self, name: str, data: bytes) -> None:
        """See `ObjectStore`."""
        path = self._path(name)
        try:
            self._write(path, data)
        except OSError as error:
            raise self._failed(name, error) from error

    def get(self, name: str) -> bytes:
        """See `ObjectStore`."""
        path = self._path(name)
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise object_missing(name, str(path)) from error
        except OSError as error:
            raise self._failed(name, error) from error

    def exists(self, name: str) -> bool:
        """See `ObjectStore`."""
        return self._path(name).is_file()

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `ObjectStore`."""
        found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
        yield from sorted(name for name in found if name.startswith(prefix) and _NAME.fullmatch(name))

    def _path(self, name: str) -> Path:
        return self._root / check_object_name(name)

    def _write(self, path: Path, data: bytes) -> None:
        self._make_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(data)
                target.flush()
                os.fchmod(target.fileno(), 0o644)  # strangers read it: a web server under another user, too
                self._fsync(target.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(path.parent, self._fsync)

    def _make_folder(self, folder: Path) -> None:
        """The folder, each new name on the way to it durable."""
        missing_ones = [folder] if not folder.is_dir() else []
        while missing_ones and not missing_ones[-1].parent.is_dir():
            missing_ones.append(missing_ones[-1].parent)
        for new in reversed(missing_ones):
            new.mkdir(exist_ok=True)
            sync_folder(new.parent, self._fsync)

    def _failed(self, name: str, error: OSError) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-LED-004",
            f"the object {name} cannot be read or stored: {error.strerror}",
            where=str(self._root),
            solution="free space on the disk, or mend it or its permissions, then run the command again",
        )


def object_missing(name: str, where: str) -> NothingToJudgeError:
    """There is no such object."""
    return NothingToJudgeError("LM-LED-031", f"there is no object {name}", where=where, solution="name the place that the export was written to")
