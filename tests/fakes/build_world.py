"""A git repository, an environment and specifications for tests of the builds room."""

import datetime as dt
import subprocess
from pathlib import Path

from lotmark.base.clock import SteppingClock
from lotmark.builds._layout import make_layout
from lotmark.builds.models import SandboxSpec
from lotmark.product.models import BuildSection, EnvironmentSection

COMMITTED_AT = 1_760_000_000
TODAY = dt.date(2026, 11, 23)
NO_PYTHON = EnvironmentSection(python="none")


def make_clock() -> SteppingClock:
    return SteppingClock(dt.datetime(2026, 11, 23, 6, 30, tzinfo=dt.UTC), dt.timedelta(seconds=1))


def git(repo: Path, *arguments: str, data: bytes | None = None) -> str:
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(repo), "GIT_CONFIG_NOSYSTEM": "1"}
    for who in ("AUTHOR", "COMMITTER"):
        variables |= {f"GIT_{who}_NAME": "Dana", f"GIT_{who}_EMAIL": "dana@example.test", f"GIT_{who}_DATE": f"{COMMITTED_AT} +0100"}
    result = subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True, input=data, env=variables)
    return result.stdout.decode().strip()


def make_repo(folder: Path, files: dict[str, str | bytes], *, executable: tuple[str, ...] = (), links: dict[str, str] | None = None) -> Path:
    """A repository with one commit that tracks `files` and `links`."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if name in executable:
            path.chmod(0o755)
    for name, target in (links or {}).items():
        (folder / name).symlink_to(target)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "files")
    return folder


def commit_tree(repo: Path, entries: list[tuple[str, str, str, str]]) -> str:
    """A commit of a tree made by hand, of (mode, kind, object id, name): git add would refuse such names."""
    tree = git(repo, "mktree", "--missing", "-z", data=b"".join(f"{mode} {kind} {oid}\t{name}\0".encode() for mode, kind, oid, name in entries))
    return git(repo, "commit-tree", tree, "-m", "by hand")


def shell(script: str, **options: object) -> BuildSection:
    """A build that is a shell script."""
    return BuildSection(command=["/bin/sh", "-euc", script], **{"outputs": ["out/**"], "timeout": 60, **options})  # type: ignore[arg-type]


def spec_for(command: list[str], **options: object) -> SandboxSpec:
    """A run of a command on the plain layout, with nothing to write to but tmpfs."""
    layout = make_layout(NO_PYTHON, None)
    values: dict[str, object] = {
        "command": tuple(command),
        "working_directory": "/tmp",
        "variables": {"PATH": layout.path, "LC_ALL": "C.UTF-8"},
        "mounts": layout.mounts,
        "links": layout.links,
        "timeout": 30.0,
        **options,
    }
    return SandboxSpec(**values)  # type: ignore[arg-type]
