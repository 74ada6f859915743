# ruff: noqa: PTH101, PTH103, PTH115, PTH118, PTH120, PTH211 (names are bytes here: git allows any, pathlib takes text alone)
"""Sources of one commit: the tracked files alone, straight from git's object store, with a digest of our own.

Nothing of the work tree is read, so what is dirty, ignored or untracked cannot leak in. Raw blobs: no end-of-line
conversion, no ``export-subst``, no filters. Git's replace objects, lazy fetching and the caller's ``GIT_*`` variables
are shut out, for each of them could put other bytes in place of the commit's.
"""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, RefusedError, UsageError
from lotmark.builds.models import SourceEntry, StagedSource

_BLOCK = 1024 * 1024
_LINK, _SUBMODULE, _EXECUTABLE = 0o120000, 0o160000, 0o100755
_Listed = tuple[int, str, bytes]
"""mode, object id, path"""


@dataclass(frozen=True, slots=True)
class ListedSource:
    """What a commit tracks: full commit id, committer's time, files sorted by path, their bytes in all."""

    repo: Path
    commit: str
    committed_at: int
    files: tuple[_Listed, ...]
    size: int


def source_digest(repo: Path, commit: str) -> Digest:
    """The digest of the commit's tracked files: SHA-256 over ``<mode> <sha256 of content> <path> NUL`` sorted by path.

    Raises:
        UsageError: LM-BLD-002 if git does not know the commit.
        RefusedError: LM-BLD-003 submodule, LM-BLD-004 unsafe path.
    """
    return digest_entries(_each(list_source(repo, commit), None))


def list_source(repo: Path, commit: str) -> ListedSource:
    """List the commit's tracked files without reading them.

    Raises:
        As `source_digest`.
    """
    sha, committed_at = resolve_commit(repo, commit)
    files: list[_Listed] = []
    total = 0
    for line in _git(repo, "ls-tree", "-r", "-l", "-z", "--full-tree", sha).split(b"\0")[:-1]:
        head, path = line.split(b"\t", 1)
        mode, _, oid, size = head.split()
        files.append((int(mode, 8), oid.decode(), path))
        # A missing object has no size here; reading it gives the error.
        total += int(size) if size.isdigit() else 0
    files.sort(key=lambda item: item[2])
    _refuse_unsafe(files)
    return ListedSource(repo, sha, committed_at, tuple(files), total)


def stage_source(repo: Path, commit: str, folder: Path) -> StagedSource:
    """Write the commit's tracked files into the new `folder`, sorted, read-only, mtimes at the commit's time.

    Raises:
        UsageError: LM-BLD-002 if git does not know the commit.
        RefusedError: LM-BLD-003 submodule, LM-BLD-004 unsafe path.
    """
    return stage_listed(list_source(repo, commit), folder)


def stage_listed(listed: ListedSource, folder: Path) -> StagedSource:
    """As `stage_source`, of a commit that is listed already."""
    committed_at = listed.committed_at
    folder.mkdir(parents=True)
    entries = tuple(_each(listed, folder))
    for entry in entries:
        target = os.path.join(os.fsencode(folder), entry.path)
        if entry.mode != _LINK:
            os.chmod(target, 0o555 if entry.mode == _EXECUTABLE else 0o444)
        os.utime(target, (committed_at, committed_at), follow_symlinks=False)
    for parent in sorted(parents_of(entries), reverse=True):
        os.utime(os.path.join(os.fsencode(folder), parent), (committed_at, committed_at))
    return StagedSource(folder, listed.commit, committed_at, digest_entries(entries), entries)


def digest_entries(entries: Iterator[SourceEntry] | tuple[SourceEntry, ...]) -> Digest:
    """The source digest of entries that are sorted by path."""
    whole = hashlib.sha256()
    for entry in entries:
        whole.update(b"%06o %s %s\0" % (entry.mode, entry.digest.hex.encode(), entry.path))
    return Digest(whole.hexdigest())


def parents_of(entries: tuple[SourceEntry, ...]) -> set[bytes]:
    """Every folder that holds an entry, at any depth, the root itself not among them."""
    parents: set[bytes] = set()
    for entry in entries:
        parent = os.path.dirname(entry.path)
        while parent and parent not in parents:
            parents.add(parent)
            parent = os.path.dirname(parent)
    return parents


def changed_entries(root: Path, entries: tuple[SourceEntry, ...]) -> tuple[str, ...]:
    """The names of entries whose content, kind or executable bit below `root` is no longer the commit's."""
    base = os.fsencode(root)
    return tuple(entry.name for entry in entries if not _holds(os.path.join(base, entry.path), entry))


def _holds(path: bytes, entry: SourceEntry) -> bool:
    try:
        state = os.lstat(path)
        if entry.mode == _LINK:
            return Digest.of(os.readlink(path)) == entry.digest
        regular = (state.st_mode & 0o170000) == 0o100000
        if not regular or state.st_size != entry.size or bool(state.st_mode & 0o100) != (entry.mode == _EXECUTABLE):
            return False
        with _open_nofollow(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == entry.digest.hex
    except OSError:
        return False


def _open_nofollow(path: bytes) -> BufferedReader:
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


# ---------------------------------------------------------------- git


def resolve_commit(repo: Path, commit: str) -> tuple[str, int]:
    """The full commit id and the committer's time.

    Raises:
        UsageError: LM-BLD-002 if git does not know the commit.
    """
    if commit.startswith("-"):
        raise UsageError("LM-BLD-002", f"{commit!r} names no commit", where=str(repo), solution="give a commit id, a tag or a branch")
    answer = _git(repo, "log", "-1", "--no-show-signature", "--format=%H %ct", f"{commit}^{{commit}}", "--").split()
    return answer[0].decode(), int(answer[1])


def _each(listed: ListedSource, folder: Path | None) -> Iterator[SourceEntry]:
    """Every tracked file in path order; written below `folder` if one is given."""
    base = None if folder is None else os.fsencode(folder)
    made: set[bytes] = set()
    with _objects(listed) as stream:
        for mode, oid, path in listed.files:
            target = None
            if base is not None:
                target = os.path.join(base, path)
                parent = os.path.dirname(target)
                if parent not in made:
                    os.makedirs(parent, exist_ok=True)
                    made.add(parent)
            size, digest = _take(stream, oid, mode, target)
            yield SourceEntry(path, mode, oid, size, digest)


def _refuse_unsafe(listed: list[_Listed]) -> None:
    """A tree object made by hand can hold any name; none of them may lead a writer out of its folder."""
    paths = {path for _, _, path in listed}
    for mode, _, path in listed:
        name = path.decode("utf-8", "backslashreplace")
        if mode == _SUBMODULE:
            raise RefusedError(
                "LM-BLD-003",
                f"the source holds the submodule {name!r}",
                where=name,
                solution="vendor its files, or build it as a product of its own and depend on its release",
            )
        parts = path.split(b"/")
        if any(part in (b"", b".", b"..") or part.lower() == b".git" for part in parts):
            raise RefusedError(
                "LM-BLD-004",
                f"the tracked path {name!r} does not stay in the tree",
                where=name,
                solution="remove it from the repository; `git fsck` names such trees",
            )
        if any(b"/".join(parts[:depth]) in paths for depth in range(1, len(parts))):
            raise RefusedError(
                "LM-BLD-004",
                f"the tracked path {name!r} lies below another tracked file",
                where=name,
                solution="remove it from the repository; `git fsck` names such trees",
            )
    if len(paths) != len(listed):
        raise RefusedError(
            "LM-BLD-004",
            "a tracked path stands twice in the tree",
            where=str(len(listed)),
            solution="remove it from the repository; `git fsck` names such trees",
        )


def _take(stream: IO[bytes], oid: str, mode: int, target: bytes | None) -> tuple[int, Digest]:
    """Read one object of the batch, hash it, and write it to `target`."""
    header = stream.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        raise UsageError(
            "LM-BLD-002",
            f"the object {oid} is missing from the repository",
            solution="fetch the whole history: `git fetch --unshallow` or `git fetch --refetch`",
        )
    size = int(header[2])
    whole = hashlib.sha256()
    sink: IO[bytes] | None = None
    link = bytearray()
    if target is not None and mode != _LINK:
        sink = os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")
    try:
        left = size
        while left:
            block = stream.read(min(left, _BLOCK))
            if not block:
                raise UsageError("LM-BLD-002", f"git ended in the middle of the object {oid}", solution="run `git fsck` in the repository")
            whole.update(block)
            left -= len(block)
            if sink is not None:
                sink.write(block)
            elif mode == _LINK:
                link += block
    finally:
        if sink is not None:
            sink.close()
    stream.read(1)
    if target is not None and mode == _LINK:
        os.symlink(bytes(link), target)
    return size, Digest(whole.hexdigest())


def git_variables() -> dict[str, str]:
    """The environment for git: nothing of the caller's that could lead it to other objects."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}


def _git(repo: Path, *arguments: str) -> bytes:
    try:
        result = subprocess.run(["git", "-C", str(repo), *arguments], capture_output=True, stdin=subprocess.DEVNULL, env=git_variables(), check=False)
    except FileNotFoundError as error:
        raise EnvironmentLacksError("LM-BLD-009", "git is not installed", solution="sudo apt-get install git") from error
    if result.returncode:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines() or ["git failed"]
        owner = (
            f"git config --global --add safe.directory {repo.resolve()}"
            if b"dubious ownership" in result.stderr
            else "check that the folder is a git repository and holds that commit"
        )
        raise UsageError("LM-BLD-002", said[0].removeprefix("fatal: "), where=str(repo), solution=owner)
    return result.stdout


@contextmanager
def _objects(listed: ListedSource) -> Iterator[IO[bytes]]:
    """The contents of the listed objects, in that order, as one stream of ``git cat-file --batch``.

    The ids come from a file, not a pipe: writing and reading two pipes from one thread would deadlock.
    """
    with tempfile.TemporaryFile() as wanted:
        wanted.write("".join(f"{oid}\n" for _, oid, _ in listed.files).encode())
        wanted.seek(0)
        with subprocess.Popen(
            ["git", "-C", str(listed.repo), "cat-file", "--batch", "--buffer"],
            stdin=wanted,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=git_variables(),
            bufsize=_BLOCK,
        ) as process:
            try:
                yield cast("IO[bytes]", process.stdout)
            finally:
                process.kill()
