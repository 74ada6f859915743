"""The memory of a check: the answer for a work tree, used again only where every byte that was read then is the same.

An entry holds the names of everything in the work tree, the names and one digest of every file that the check read, and its
findings. To use it, all of these files are read and hashed again. Whoever can write into the state folder could put a
false entry there, as he could put false files into the work tree; so a release never asks here, and CI that starts from a
fresh clone has no entry.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FORMAT = 1
_BLOCK = 1 << 16
_PASSED_OVER = frozenset({".git", ".hg", ".svn", ".lotmark", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox"})


class Recorder:
    """Notes what a check reads, in order; `complete` is False once something could not be read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.complete = True
        self._seen: set[str] = set()
        self._state = hashlib.sha256()

    def __call__(self, name: str, data: bytes | None) -> None:
        """Take note of a file (relative to the work tree) as it was read; None: it could not be."""
        if data is None:
            self.complete = False
        elif name not in self._seen:
            self._seen.add(name)
            self.names.append(name)
            _add(self._state, name, data)

    def hexdigest(self) -> str:
        return self._state.hexdigest()


def _add(state: Any, name: str, data: bytes) -> None:
    state.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
    state.update(data)


def cache_key(*parts: object) -> str:
    """The name of an entry: the arguments of the check, and the code that answers."""
    return hashlib.sha256(json.dumps([FORMAT, _code_stamp(), *parts]).encode()).hexdigest()[:32]


def find_answer(folder: Path, key: str, root: Path) -> Mapping[str, Any] | None:
    """What was answered for this work tree, if every byte is as it was; None otherwise, whatever lies in the folder."""
    try:
        entry = json.loads((folder / f"{key}.json").read_bytes())
        names: list[str] = entry["names"]
        if entry["format"] != FORMAT or entry["tree"] != tree_digest(root):
            return None
        state = hashlib.sha256()
        prefix = f"{root}/"
        for name in names:
            _add(state, name, _read(prefix + name))
        answer = entry["answer"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return answer if state.hexdigest() == entry["digest"] and isinstance(answer, dict) else None


def keep_answer(folder: Path, key: str, tree: str, recorder: Recorder, answer: Mapping[str, Any]) -> None:
    """Keep the answer, in place of older ones; where that fails, nothing is kept and nothing is said.

    `tree` is the digest of the names before anything was read: a file that came while the check ran changes it.
    """
    if not recorder.complete:
        return
    entry = {"format": FORMAT, "tree": tree, "names": recorder.names, "digest": recorder.hexdigest(), "answer": answer}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
        for old in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-3]:
            old.unlink()
        descriptor, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(entry, stream)
        Path(name).replace(folder / f"{key}.json")


def tree_digest(root: Path) -> str:
    """Digest of the names of everything in the work tree, and of what is a link; without caches, environments and git."""
    state = hashlib.sha256()
    for name in _names(str(root)):
        state.update(name.encode("utf-8", "surrogateescape") + b"\0")
    return state.hexdigest()


def _names(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _PASSED_OVER:
                yield f"{entry.name}/"
                yield from _names(entry.path)
                yield ".."
        else:
            yield f"{entry.name}@" if entry.is_symlink() else entry.name


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        data = os.read(descriptor, _BLOCK)
        while len(data) % _BLOCK == 0 and (more := os.read(descriptor, _BLOCK)):
            data += more
        return data
    finally:
        os.close(descriptor)


def _code_stamp() -> str:
    """What tells this code from another version of it: names, sizes and times of its files."""
    package = str(Path(__file__).parents[1])
    return hashlib.sha256("".join(_stamps(package)).encode()).hexdigest()


def _stamps(folder: str) -> Iterable[str]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            if entry.name != "__pycache__":
                yield from _stamps(entry.path)
        elif entry.name.endswith(".py"):
            state = entry.stat()
            yield f"{entry.name} {state.st_size} {state.st_mtime_ns}\n"
