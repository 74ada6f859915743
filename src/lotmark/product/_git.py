"""What git says: read-only questions to the `git` command.

Shut out is what could put another answer in place of the repository's: the caller's ``GIT_*`` variables, replace objects
and grafts, lazy fetching, file system monitors, configured encodings and separators. What the user has configured as
filters (git-lfs) and personal ignores stays, for without them a clean tree would look dirty. The repository's own
``.git/config`` is trusted as much as the person who names the folder, so its owner may be another user.
"""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from lotmark.base.clock import format_instant
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.product.models import Commit, SourceState

_OPTIONS = (
    "--no-optional-locks",
    "--no-pager",
    "-c", "safe.directory=*",
    "-c", "core.fsmonitor=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "log.showSignature=false",
    "-c", "i18n.logOutputEncoding=UTF-8",
    "-c", "trailer.separators=:",
)  # fmt: skip
_ENVIRONMENT = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1", "GIT_GRAFT_FILE": os.devnull}
_FIELDS = ("%H", "%s", "%an", "%ae", "%cn", "%ce", "%ct", "%B", "%(trailers:only,unfold)")
_CONFIGURATION = ("lotmark.yaml", "quality")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CURE = "run lotmark inside a git work tree with at least one commit"


def git(root: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """Standard output of ``git ARGUMENTS`` in `root`.

    Raises:
        EnvironmentLacksError: LM-PRD-001 if git is missing or the folder may not be entered.
        UsageError: LM-PRD-002 if git refuses.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | _ENVIRONMENT
    try:
        done = subprocess.run(["git", *_OPTIONS, *arguments], cwd=root, input=data, capture_output=True, check=False, env=environment)
    except (FileNotFoundError, NotADirectoryError) as error:
        if not root.is_dir():
            raise UsageError("LM-PRD-002", f"there is no folder {root}", solution="give the path of a git work tree with --product") from error
        raise EnvironmentLacksError("LM-PRD-001", "git is not installed", solution="apt-get install git") from error
    except PermissionError as error:
        raise EnvironmentLacksError(
            "LM-PRD-001", f"git cannot be run in {root}: {error.strerror}", where=str(root), solution="give this user the folder"
        ) from error
    if done.returncode != 0:
        first = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"])[0]
        raise UsageError("LM-PRD-002", f"git {arguments[0]}: {first}", where=str(root), solution=_CURE)
    return done.stdout


def find_root(start: Path) -> Path:
    """The top of the git work tree that holds `start`.

    Raises:
        UsageError: LM-PRD-002 if there is none.
    """
    return Path(os.fsdecode(git(start, "rev-parse", "--show-toplevel").removesuffix(b"\n")))


def read_cleanliness(root: Path) -> tuple[str, tuple[str, ...]]:
    """The commit at HEAD (empty where there is none) and the paths that differ from it, in one call of git.

    What is tracked but hidden from ``git status``, or ignored though it is configuration, only `read_source_state` sees.
    """
    listing = git(root, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none")
    fields = _paths(listing)
    oid = next((field.rpartition(" ")[2] for field in fields if field.startswith("# branch.oid ")), "")
    # `1 XY sub mH mI mW hH hI path`, `u XY sub m1 m2 m3 mW h1 h2 h3 path`, `? path`
    places = {"1": 8, "u": 10, "?": 1}
    changed = {field.split(" ", places[field[0]])[-1] for field in fields if field[0] in places}
    return "" if oid == "(initial)" else oid, tuple(sorted(changed))


def read_source_state(root: Path) -> SourceState:
    """Commit, tree, branch and cleanliness of the work tree at this moment.

    Raises:
        UsageError: LM-PRD-002 if it is no work tree or has no commit yet.
    """
    commit, tree, committed_at = _text(git(root, "show", "-s", "--format=%H%n%T%n%ct", "HEAD", "--")).split("\n")[:3]
    ref = _optional(root, "symbolic-ref", "--quiet", "HEAD") or "HEAD"
    repository = _optional(root, "config", "--get", "remote.origin.url") or root.resolve().as_uri()
    _, dirty = read_cleanliness(root)
    return SourceState(commit, tree, ref, _without_password(repository), _utc(committed_at), tuple(sorted({*dirty, *_hidden(root)})))


def list_commits(root: Path, base: str | None, head: str) -> tuple[Commit, ...]:
    """The commits reachable from `head` but not from `base`, parents before children; all of them where `base` is None.

    Raises:
        UsageError: LM-PRD-005 if the repository holds only a part of its history.
    """
    if _text(git(root, "rev-parse", "--is-shallow-repository")) == "true":
        raise UsageError("LM-PRD-005", "the history is cut off: this is a shallow clone", where=str(root), solution="git fetch --unshallow")
    span = f"{base}..{head}" if base else head
    listing = git(root, "log", "-z", "--topo-order", "--reverse", "--no-color", f"--format={'%x00'.join(_FIELDS)}", "--end-of-options", span, "--")
    fields = listing.decode("utf-8", "replace").split("\0")[:-1]  # no field can hold NUL, whatever a message says
    width = len(_FIELDS)
    return tuple(_commit([field.strip("\n") for field in fields[start : start + width]]) for start in range(0, len(fields), width))


def changed_paths(root: Path, base: str | None, head: str) -> tuple[str, ...]:
    """Paths that differ between two commits (both names of a rename), sorted; every path where `base` is None."""
    if base is None:
        listing = git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", head)
    else:
        listing = git(root, "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--ignore-submodules=none", "--end-of-options", base, head)
    return tuple(sorted(_paths(listing)))


def files_at(root: Path, commit: str, prefix: str) -> dict[str, bytes]:
    """Path -> content of every plain file below `prefix` in that commit; empty where the folder did not exist."""
    listing = _paths(git(root, "ls-tree", "-r", "-z", "--full-tree", commit, "--", prefix))
    entries = [(meta.split(), path) for meta, _, path in (line.partition("\t") for line in listing)]
    blobs = [(meta[2], path) for meta, path in entries if meta[0].startswith("100")]  # no links, no submodules
    if not blobs:
        return {}
    output = git(root, "cat-file", "--batch", data="\n".join(sha for sha, _ in blobs).encode() + b"\n")
    files: dict[str, bytes] = {}
    position = 0
    for sha, path in blobs:
        header, _, _ = output[position : position + 200].partition(b"\n")
        words = header.split()
        if len(words) != 3:  # `<sha> missing`: a partial clone or a damaged one
            raise UsageError(
                "LM-PRD-002", f"git does not hold the object {sha} of {path}", where=str(root), solution="git fetch, or clone the repository again"
            )
        start = position + len(header) + 1
        position = start + int(words[2])
        files[path] = output[start:position]
        position += 1
    return files


def commits_before(root: Path, baseline: str) -> frozenset[str]:
    """The commits before a baseline: a day (``2026-01-01``, UTC; its own commits are not before it), or a commit, itself included.

    Empty where there is no baseline, or it is not known here: nothing is exempt by mistake.
    """
    if not baseline:
        return frozenset()
    span = ["--end-of-options", baseline]
    if _DAY.fullmatch(baseline):
        span = [f"--before={baseline}T00:00:00Z", "--end-of-options", "HEAD"]
    try:
        return frozenset(git(root, "rev-list", *span, "--").decode().split())
    except UsageError:
        return frozenset()


def is_ancestor(root: Path, older: str, newer: str) -> bool:
    """Whether `older` is reachable from `newer`; False where the commit is not in this repository."""
    try:
        git(root, "merge-base", "--is-ancestor", "--end-of-options", older, newer)
    except UsageError:
        return False
    return True


def resolve_commit(root: Path, revision: str) -> str:
    """The full id of the commit that `revision` names.

    Raises:
        UsageError: LM-PRD-002 if there is none.
    """
    commit = _optional(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        raise UsageError("LM-PRD-002", f"no commit is named {revision!r}", where=str(root), solution="name a commit, a tag or a branch of this repository")
    return commit


def _commit(fields: list[str]) -> Commit:
    sha, subject, an, ae, cn, ce, at, body, trailers = fields
    pairs = ((key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in trailers.split("\n")))
    return Commit(sha, subject, an, ae, cn, ce, _utc(at), body, tuple((key, value) for key, value in pairs if value))


def _hidden(root: Path) -> list[str]:
    """Tracked files whose changes the index hides from ``git status``, and configuration that git ignores."""
    tags = [field.partition(" ") for field in _paths(git(root, "ls-files", "-v", "-z"))]
    unseen = [f"{path} (hidden from git status by assume-unchanged or skip-worktree)" for tag, _, path in tags if tag.islower() or tag == "S"]
    ignored = _paths(git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *_CONFIGURATION))
    return unseen + [f"{path} (configuration that git ignores)" for path in ignored]


def _optional(root: Path, *arguments: str) -> str:
    try:
        return _text(git(root, *arguments))
    except UsageError:
        return ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").strip()


def _paths(listing: bytes) -> list[str]:
    """NUL-separated names as text; a byte that is not UTF-8 becomes its escape, since records are text."""
    return [path for path in listing.decode("utf-8", "backslashreplace").split("\0") if path]


def _utc(seconds: str) -> str:
    try:
        return format_instant(datetime.fromtimestamp(int(seconds), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            "LM-PRD-002", f"a commit has the impossible date {seconds[:40]!r}", solution="mend the commit; its date is recorded as evidence"
        ) from error


def _without_password(url: str) -> str:
    """The address without user, password, query and fragment: each of them may hold a secret."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    rest = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = rest.partition("/")
    port = authority.rpartition(":")[2]
    if "@" not in authority and ":" in authority and not port.isdigit() and not authority.endswith("]"):
        return f"{scheme}://{rest.rpartition('@')[2]}"  # a password with a slash in it
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
