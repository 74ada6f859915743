"""A git repository that behaves the same on every machine."""

import os
import subprocess
from pathlib import Path


class Repository:
    """A work tree; each commit is a second later than the one before."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        self.seconds = 1_700_000_000
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *options)

    def git(self, *arguments: str, data: bytes | None = None, **environment: str) -> str:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        stamp = f"{self.seconds} +0130"
        identity = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Dana Okafor",
            "GIT_AUTHOR_EMAIL": "dana@example.org",
            "GIT_COMMITTER_NAME": "Omar Nasser",
            "GIT_COMMITTER_EMAIL": "omar@example.org",
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
        }
        done = subprocess.run(["git", *arguments], cwd=self.root, input=data, capture_output=True, env=plain | identity | environment)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "replace").strip()

    def write(self, name: str | bytes, content: str | bytes = "x\n") -> Path:
        path = self.root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def commit(self, message: str | bytes = "Change", *options: str, **environment: str) -> str:
        self.seconds += 1
        self.git("add", "-A")
        data = message if isinstance(message, bytes) else message.encode()
        self.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", *options, data=data, **environment)
        return self.git("rev-parse", "HEAD")
