"""SourceFiles over a folder, for when no listing of the repository is at hand."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lotmark.base.paths import RootedPath
from lotmark.supply.ports import SourceFiles

# Folders that tools make beside the sources; what they hold belongs to somebody else's repository.
_SKIPPED = frozenset({".git", ".hg", ".svn", ".lotmark", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", "site-packages"})


class FolderFiles:
    """The files below a folder, links not followed, without version control, environments and caches."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[str]:
        """Every file's POSIX name relative to the folder."""
        start = len(str(self._root).rstrip("/")) + 1
        for folder, folders, files in os.walk(str(self._root)):
            folders[:] = [name for name in folders if name not in _SKIPPED and not os.path.exists(f"{folder}/{name}/pyvenv.cfg")]  # noqa: PTH110
            prefix = f"{folder[start:]}/" if len(folder) >= start else ""
            for name in files:
                yield prefix + name

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of one file; see `SourceFiles.read`."""
        return read_limited(RootedPath(self._root).join(name), limit)


class SeenFiles:
    """Files of another source, each told to `seen` as it was read; None where it could not be."""

    def __init__(self, files: SourceFiles, seen: Callable[[str, bytes | None], None]) -> None:
        self._files = files
        self._seen = seen

    def names(self) -> Iterable[str]:
        return self._files.names()

    def read(self, name: str, limit: int) -> bytes:
        """As the other source reads it."""
        try:
            data = self._files.read(name, limit)
        except Exception:
            self._seen(name, None)
            raise
        self._seen(name, data)
        return data


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    Raises:
        OSError: if it cannot be read, is no regular file, or is larger.
    """
    if not path.is_file():
        # A FIFO or device would block or never end.
        raise FileNotFoundError(2, "there is no such file", str(path))
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(27, f"it has more than {limit} bytes", str(path))
    return data
