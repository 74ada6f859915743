# ruff: noqa: PTH101, PTH102, PTH115, PTH118, PTH120, PTH208, PTH211 (names are bytes here: git allows any, pathlib takes text alone)
"""One lane: a private writable copy of the staged source, the command in the sandbox on it, what it left.

The staged original is not mounted at all. The copy is checked afterwards against the commit: a build that rewrites its
own sources no longer builds what the commit says.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lotmark.base.errors import UsageError
from lotmark.builds._conditions import Conditions
from lotmark.builds._layout import Layout, base_variables, write_accounts
from lotmark.builds._source import changed_entries, parents_of
from lotmark.builds.models import DEFAULT_QUOTA, TOLD, Capabilities, Mount, Quota, SandboxSpec, StagedSource

_OBSERVED_FOLDERS = 256
_UNREAD = 1
"""The access time of a staged file, in seconds since 1970: the first read moves it (relatime does so for one that is so old)."""


@dataclass(frozen=True, slots=True)
class PreparedLane:
    """A lane that is ready to run: the folder of its copy, its spec, and the order in which its folders list their names."""

    folder: Path
    spec: SandboxSpec
    staged: StagedSource | None
    order: tuple[tuple[str, ...], ...]
    replaced: frozenset[str] = frozenset()

    def read_sources(self) -> tuple[str, ...] | None:
        """Tracked files that were read since the copy was made; None where the file system keeps no access times.

        To be asked before anything else reads the copy.
        """
        if self.staged is None or not _keeps_access_times(self.folder):
            return None
        base = os.fsencode(self.folder)
        return tuple(entry.name for entry in self.staged.entries if _was_read(os.path.join(base, entry.path)))

    def changed_sources(self) -> tuple[str, ...]:
        """Tracked files that are no longer the commit's in the lane's copy; those that the caller put in place do not count."""
        if self.staged is None:
            return ()
        return tuple(name for name in changed_entries(self.folder, self.staged.entries) if name not in self.replaced)


def prepare_lane(
    place: Path,
    staged: StagedSource | None,
    layout: Layout,
    conditions: Conditions,
    capabilities: Capabilities,
    *,
    command: tuple[str, ...],
    working_directory: str = ".",
    timeout: float = 900.0,
    network: bool = False,
    quota: Quota = DEFAULT_QUOTA,
    merge_output: bool = True,
    extra_files: Mapping[str, Path] | None = None,
) -> PreparedLane:
    """Make the lane's copy below the new folder `place` and the specification of its run.

    Raises:
        UsageError: LM-BLD-008 if the working directory is not a folder of the source, LM-BLD-031 for an unsafe name.
    """
    sealed = capabilities.relocates
    folder = place / "src"
    folder.mkdir(parents=True, mode=0o755)
    if staged is not None:
        copy_source(staged, folder, conditions)
    for name, path in (extra_files or {}).items():
        _put(folder, name, path, conditions.umask)
    _check_working_directory(folder, working_directory)
    if capabilities.owner is not None:
        give_to(folder, conditions.uid if capabilities.owner == TOLD else capabilities.owner)
    source = conditions.source if sealed else os.fspath(folder)
    home = conditions.home if sealed else os.fspath(place / "home")
    variables = base_variables(layout, source=source, staged=staged) | conditions.variables() | {"HOME": home}
    variables["PYTHONHASHSEED"] = layout.variables.get("PYTHONHASHSEED", conditions.hash_seed)
    accounts: tuple[Mount, ...] = ()
    scratch: tuple[str, ...] = ("/tmp", conditions.home)  # noqa: S108 (a path inside the sandbox)
    if sealed:
        accounts = write_accounts(place / "etc", conditions.user, conditions.uid, conditions.gid, conditions.home, conditions.hostname)
    else:
        temporary = place / "tmp"
        for folder_of_lane in (Path(home), temporary):
            folder_of_lane.mkdir()
        variables["TMPDIR"] = os.fspath(temporary)
        scratch = (home, os.fspath(temporary))
    mounts = {mount.target: mount for mount in (*accounts, *layout.mounts, Mount(folder, source, writable=True))}
    spec = SandboxSpec(
        command=command,
        working_directory=os.path.normpath(f"{source}/{working_directory}"),
        variables=variables,
        mounts=tuple(mounts.values()),
        links=layout.links,
        scratch=scratch,
        hostname=conditions.hostname,
        uid=conditions.uid,
        gid=conditions.gid,
        umask=conditions.umask,
        cpus=conditions.cpus,
        network=network,
        timeout=timeout,
        quota=quota,
        merge_output=merge_output,
    )
    return PreparedLane(folder, spec, staged, _observe_order(folder, staged), frozenset(extra_files or {}))


def _was_read(path: bytes) -> bool:
    try:
        return int(os.lstat(path).st_atime) != _UNREAD
    except OSError:
        return True  # replaced or removed: the command had its hands on it


def _keeps_access_times(folder: Path) -> bool:
    """Try it on a file of our own beside the copy."""
    mark = folder.parent / ".read"
    mark.write_bytes(b"x")
    os.utime(mark, (_UNREAD, _UNREAD))
    mark.read_bytes()
    return int(mark.stat().st_atime) != _UNREAD


def copy_source(staged: StagedSource, folder: Path, conditions: Conditions) -> None:
    """Copy the staged files into `folder` in the lane's order, with its modes and mtimes."""
    base, origin = os.fsencode(folder), os.fsencode(staged.root)
    when = staged.committed_at + conditions.mtime_shift
    entries = reversed(staged.entries) if conditions.reverse else iter(staged.entries)
    made = {base}
    for entry in entries:
        target = os.path.join(base, entry.path)
        _make_parents(os.path.dirname(target), made, 0o777 & ~conditions.umask)
        if entry.mode == 0o120000:
            os.symlink(os.readlink(os.path.join(origin, entry.path)), target)
        else:
            shutil.copyfile(os.path.join(origin, entry.path), target)
            os.chmod(target, (0o777 if entry.mode == 0o100755 else 0o666) & ~conditions.umask)
        os.utime(target, (_UNREAD, when), follow_symlinks=False)
    for parent in sorted(parents_of(staged.entries), reverse=True):
        os.utime(os.path.join(base, parent), (when, when))
    os.utime(base, (when, when))


def _make_parents(folder: bytes, made: set[bytes], mode: int) -> None:
    if folder in made:
        return
    _make_parents(os.path.dirname(folder), made, mode)
    os.mkdir(folder)
    os.chmod(folder, mode)
    made.add(folder)


def _put(folder: Path, name: str, path: Path, umask: int) -> None:
    """Put a built output into the copy, in place of a tracked file of that name if there is one."""
    parts = name.split("/")
    if not name or name.startswith("/") or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise UsageError("LM-BLD-031", f"the file name {name!r} does not stay in the source tree", solution="use the relative name of a build output")
    target = folder
    for part in parts[:-1]:
        target /= part
        if target.is_symlink():
            raise UsageError("LM-BLD-031", f"the file {name!r} would be written through the link {part!r}", solution="remove the link from the repository")
        target.mkdir(exist_ok=True)
    target /= parts[-1]
    target.unlink(missing_ok=True)
    shutil.copyfile(path, target)
    target.chmod((0o777 if os.access(path, os.X_OK) and path.stat().st_mode & 0o100 else 0o666) & ~umask)


def _check_working_directory(folder: Path, name: str) -> None:
    wanted = folder / name
    if Path(name).is_absolute() or not wanted.resolve().is_relative_to(folder.resolve()) or not wanted.is_dir():
        raise UsageError(
            "LM-BLD-008",
            f"the working directory {name!r} is not a folder of the source",
            where="working-directory",
            solution="name a tracked folder, relative to the source root",
        )


def give_to(folder: Path, owner: int) -> None:
    """Hand the whole copy to the sandbox's user; links themselves, never what they lead to."""
    base = os.fsencode(folder)
    os.lchown(base, owner, owner)
    for place, folders, files in os.walk(base):
        for name in (*folders, *files):
            os.lchown(os.path.join(place, name), owner, owner)


def _observe_order(folder: Path, staged: StagedSource | None) -> tuple[tuple[str, ...], ...]:
    """How the first folders list their names: what `directory-order` truly is on this file system."""
    if staged is None:
        return ()
    base = os.fsencode(folder)
    parents = sorted(parents_of(staged.entries))[:_OBSERVED_FOLDERS]
    return tuple(tuple(os.fsdecode(name) for name in os.listdir(os.path.join(base, parent))) for parent in (b"", *parents))
