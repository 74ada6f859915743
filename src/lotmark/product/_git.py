"""What git says: read-only questions to the `git` command, with the user's configuration kept out of the answers."""

import os
import subprocess
from datetime import datetime
from pathlib import Path

from lotmark.base.clock import format_instant
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.product.models import Commit, SourceState

_NO_PARENT = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # the empty tree, an object that every repository knows


def git(root: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """Standard output of ``git ARGUMENTS`` in `root`.

    Raises:
        EnvironmentLacksError: LM-PRD-001 if git is missing.
        UsageError: LM-PRD-002 if git refuses.
    """
    command = ["git", "--no-optional-locks", "-c", "core.quotepath=off", "-c", f"safe.directory={root}", "-c", "log.showSignature=false", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(command, cwd=root, input=data, capture_output=True, check=False, env=environment)
    except FileNotFoundError as error:
        if not root.is_dir():
            raise UsageError("LM-PRD-002", f"there is no folder {root}", solution="give the path of a git work tree with --product") from error
        raise EnvironmentLacksError("LM-PRD-001", "git is not installed", solution="apt-get install git") from error
    if done.returncode != 0:
        first = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"])[0]
        raise UsageError("LM-PRD-002", f"git {arguments[0]}: {first}", where=str(root), solution="run lotmark inside a git work tree with at least one commit")
    return done.stdout


def read_source_state(root: Path) -> SourceState:
    """Commit, tree, branch and cleanliness of the work tree at this moment."""
    commit, tree, committed_at = _text(git(root, "show", "-s", "--format=%H%n%T%n%cI", "HEAD")).split("\n")[:3]
    ref = _optional(root, "symbolic-ref", "--quiet", "HEAD") or "HEAD"
    repository = _optional(root, "config", "--get", "remote.origin.url") or f"file://{root}"
    status = git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all")
    dirty = tuple(sorted(_status_paths(status)))
    return SourceState(commit, tree, ref, _without_password(repository), _utc(committed_at), dirty)


def list_commits(root: Path, base: str | None, head: str) -> tuple[Commit, ...]:
    """The commits reachable from `head` but not from `base`, oldest first; all of them where `base` is None."""
    span = f"{base}..{head}" if base else head
    fields = "%x1e%H%x1f%s%x1f%an%x1f%ae%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1f%(trailers:only,unfold,separator=%x1d)"
    listing = git(root, "log", "--reverse", "--no-color", f"--format={fields}", span, "--").decode("utf-8", "replace")
    commits = []
    for record in listing.split("\x1e")[1:]:
        sha, subject, an, ae, cn, ce, at, body, trailers = (part.strip("\n") for part in record.split("\x1f"))
        pairs = tuple((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in trailers.split("\x1d")) if value)
        commits.append(Commit(sha, subject, an, ae, cn, ce, _utc(at), body, pairs))
    return tuple(commits)


def changed_paths(root: Path, base: str | None, head: str) -> tuple[str, ...]:
    """Paths that differ between two commits (both names of a rename), sorted; every path where `base` is None."""
    listing = git(root, "diff", "--name-only", "--no-renames", "-z", base or _NO_PARENT, head, "--")
    return tuple(sorted(path for path in listing.decode("utf-8", "surrogateescape").split("\0") if path))


def files_at(root: Path, commit: str, prefix: str) -> dict[str, bytes]:
    """Path -> content of every file below `prefix` in that commit; empty where the folder did not exist."""
    listing = git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", prefix).decode("utf-8", "surrogateescape")
    entries = [(meta.split(), path) for meta, _, path in (line.partition("\t") for line in listing.split("\0") if line)]
    blobs = [(meta[2], path) for meta, path in entries if meta[1] == "blob"]
    if not blobs:
        return {}
    output = git(root, "cat-file", "--batch", data="\n".join(sha for sha, _ in blobs).encode() + b"\n")
    files: dict[str, bytes] = {}
    position = 0
    for _, path in blobs:
        header_end = output.index(b"\n", position)
        size = int(output[position:header_end].split()[2])
        files[path] = output[header_end + 1 : header_end + 1 + size]
        position = header_end + 1 + size + 1
    return files


def is_ancestor(root: Path, older: str, newer: str) -> bool:
    """Whether `older` is reachable from `newer`; False where the commit is not in this repository."""
    try:
        git(root, "merge-base", "--is-ancestor", older, newer)
    except UsageError:
        return False
    return True


def resolve_commit(root: Path, revision: str) -> str:
    """The full id of the commit that `revision` names.

    Raises:
        UsageError: LM-PRD-002 if there is none.
    """
    return _text(git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"))


def _optional(root: Path, *arguments: str) -> str:
    try:
        return _text(git(root, *arguments))
    except UsageError:
        return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


def _utc(instant: str) -> str:
    return format_instant(datetime.fromisoformat(instant))


def _status_paths(status: bytes) -> list[str]:
    paths = []
    fields = iter(status.decode("utf-8", "surrogateescape").split("\0"))
    for field in fields:
        if not field:
            continue
        paths.append(field[3:])
        if field[0] in "RC":
            paths.append(next(fields))
    return paths


def _without_password(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark or "@" not in rest.split("/", 1)[0]:
        return url
    return f"{scheme}://{rest.split('@', 1)[1]}"
