"""A git repository of another team as a witness: it keeps every checkpoint that it was shown, a commit each, and only grows.

It signs nothing. What it gives is a second memory that the log's owner cannot rewrite: the branch is only ever pushed as a
fast-forward, and each new checkpoint must continue every one that lies there.
"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.ledger.api import check_continues, cosigned_checkpoint
from lotmark.ledger.ports import CheckpointVerifier, Ledger
from lotmark.tlog.api import parse_checkpoint, parse_note

_SECONDS: Final = 120
_ATTEMPTS: Final = 3
_NAME: Final = "lotmark"
_NO_PROMPTS: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "/bin/false", "SSH_ASKPASS": "/bin/false", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}


class GitWitness:
    """A branch of a repository in which checkpoints are kept: ``<hash of the origin>/<size>``, files that never change."""

    def __init__(self, repository: str, branch: str, verify: CheckpointVerifier) -> None:
        """The branch of a repository that this user may push to; `verify` is which checkpoints of the log he trusts."""
        self._repository = repository
        self._branch = branch
        self._verify = verify

    def record(self, ledger: Ledger) -> int:
        """Add the newest checkpoint, once it continues every one that lies there; gives the size up to which it is kept now.

        Raises:
            IntegrityError: LM-LED-115 or -116 if the log is shorter than, or not the one that the repository knows, LM-LED-111 if
                a file there is not a checkpoint of this log. Nothing is pushed then.
            EnvironmentLacksError: LM-ITG-011 if the repository cannot be read or does not take the commit.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            with tempfile.TemporaryDirectory(prefix="lotmark-git-") as folder:
                work = Path(folder) / "work"
                self._fetch(work)
                self._compare(ledger, work)
                note = cosigned_checkpoint(ledger)
                size = parse_checkpoint(parse_note(note).text).size
                path = work / _folder_of(ledger.origin) / f"{size:020d}"
                if path.exists():
                    return size
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(note)
                self._git(work, "add", "--", str(path.relative_to(work)))
                self._git(work, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "-m", f"{ledger.origin}: checkpoint of size {size}")
                # No force: the remote refuses what is no fast-forward, and then somebody else was faster.
                pushed = self._run(work, "push", "--quiet", "origin", f"HEAD:refs/heads/{self._branch}")
                if pushed.returncode == 0:
                    return size
                if attempt == _ATTEMPTS or not any(word in pushed.stderr for word in ("fetch first", "non-fast-forward", "cannot lock ref")):
                    raise self._failed("push", pushed.stderr)
        raise AssertionError

    def notes(self, origin: str) -> tuple[bytes, ...]:
        """Every checkpoint of the log that lies there, by size; nothing is verified.

        Raises:
            EnvironmentLacksError: LM-ITG-011.
        """
        with tempfile.TemporaryDirectory(prefix="lotmark-git-") as folder:
            work = Path(folder) / "work"
            self._fetch(work)
            return tuple(path.read_bytes() for path in sorted((work / _folder_of(origin)).glob("*")))

    def _compare(self, ledger: Ledger, work: Path) -> None:
        """Return if the ledger continues every checkpoint that lies there and none of them was ever changed or removed."""
        folder = _folder_of(ledger.origin)
        for path in sorted((work / folder).glob("*")):
            kept = self._verify(path.read_bytes())
            if path.name != f"{kept.size:020d}" or path.is_symlink():
                raise IntegrityError(
                    "LM-LED-111", f"CHECKPOINT_MALFORMED: {path.name} in the repository is of size {kept.size}", where=str(path.name), solution=_WHO
                )
            check_continues(ledger, kept)
        if self._run(work, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
            return  # the branch is new
        changed = self._git(work, "log", "--format=", "--name-status", "--no-renames", "--diff-filter=MDT", "HEAD", "--", folder)
        if changed.strip():
            raise IntegrityError(
                "LM-LED-116",
                f"FORK: the history of the repository changes or removes checkpoints: {changed.split()[1]}",
                where=self._repository,
                solution=_WHO,
            )

    def _fetch(self, work: Path) -> None:
        self._git(None, "init", "--quiet", "--initial-branch", self._branch, str(work))
        self._git(work, "remote", "add", "origin", "--", self._repository)
        listed = self._git(work, "ls-remote", "origin", f"refs/heads/{self._branch}")
        if listed.strip():
            self._git(work, "fetch", "--quiet", "--no-tags", "origin", f"refs/heads/{self._branch}")
            self._git(work, "reset", "--quiet", "--hard", "FETCH_HEAD")

    def _git(self, work: Path | None, *arguments: str) -> str:
        done = self._run(work, *arguments)
        if done.returncode != 0:
            raise self._failed(arguments[0], done.stderr)
        return done.stdout

    def _run(self, work: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
        identity = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", _NAME), ("EMAIL", f"{_NAME}@localhost"))}
        command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", *(["-C", str(work)] if work else []), *arguments]
        try:
            return subprocess.run(
                command,
                env={**os.environ, **_NO_PROMPTS, **identity},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_SECONDS,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failed(arguments[0], str(error)) from error

    def _failed(self, what: str, told: str) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-ITG-011",
            f"the repository does not serve as a witness: git {what}: {told.strip()[-300:]}",
            where=self._repository,
            solution="see that you may read it and push to the branch; the branch must refuse forced pushes",
        )


_WHO: Final = "find out who changed the repository; its team has the older clones"


def _folder_of(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()
