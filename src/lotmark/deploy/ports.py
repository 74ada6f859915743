"""What a deployment needs from outside: a target that can be switched, and a place to run a probe."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lotmark.base.digest import Digest
from lotmark.deploy.models import Deployed, Probe


class TargetDriver(Protocol):
    """A place that runs one version at a time and keeps earlier ones.

    `install` is idempotent and does not change what runs; `switch` is atomic: after a crash at any moment the target
    runs the old version or the new one, whole. Everything is durable once a call returns.
    """

    def current(self) -> Deployed | None: ...

    def install(self, release: Deployed, artifact: Path, descriptor: bytes) -> None: ...

    def switch(self, release: Deployed) -> None: ...

    def installed(self) -> tuple[Deployed, ...]: ...

    def read_back(self) -> tuple[Digest, int] | None:
        """Digest and size in bytes of the artifact that really lies at the running place, None where none does."""
        ...

    def artifact_path(self) -> Path:
        """Where the running artifact lies."""
        ...


class ProbeRunner(Protocol):
    """Runs a probe without network, capabilities or keys; `readable` are the folders that it may read."""

    def __call__(self, command: Sequence[str], readable: Sequence[Path]) -> Probe: ...
