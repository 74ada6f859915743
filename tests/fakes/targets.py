"""A target in memory, with the behaviour that the port promises; held by the same tests as the real one."""

from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, RefusedError
from lotmark.deploy.models import Deployed


class MemoryTarget:
    """Keeps versions in a dictionary; `tamper` and `lose` do to it what people do to a folder."""

    def __init__(self, *, keep: int = 3) -> None:
        self._keep = keep
        self._held: dict[Deployed, bytes] = {}
        self._running: Deployed | None = None
        self._broken = False

    def current(self) -> Deployed | None:
        return self._running if self._running in self._held and not self._broken else None

    def install(self, release: Deployed, artifact: Path, descriptor: bytes) -> None:
        if "/" in release.artifact or release.artifact.startswith(".") or "/" in release.version or release.version.startswith("."):
            raise RefusedError("LM-DEP-007", "no name of a file")
        data = artifact.read_bytes() if artifact.is_file() else b""
        if Digest.of(data) != release.digest or release.version.encode() not in descriptor:
            raise IntegrityError("LM-DEP-002", "other bytes")
        if self._held.get(release) != data:
            self._held.pop(release, None)
            self._held[release] = data

    def switch(self, release: Deployed) -> None:
        data = self._held.get(release)
        if data is None or Digest.of(data) != release.digest:
            raise RefusedError("LM-DEP-003", f"version {release.version} does not lie at the target")
        before, self._running, self._broken = self._running, release, False
        self._held[release] = self._held.pop(release)  # used last
        others = sorted((held for held in self._held if held != release), key=lambda held: held == before)
        for held in others[: -self._keep]:
            del self._held[held]

    def installed(self) -> tuple[Deployed, ...]:
        return tuple(self._held)

    def read_back(self) -> tuple[Digest, int] | None:
        current = self.current()
        return (Digest.of(self._held[current]), len(self._held[current])) if current else None

    def artifact_path(self) -> Path:
        current = self.current()
        if current is None:
            raise RefusedError("LM-DEP-003", "nothing is deployed at the target")
        return Path("/memory") / current.version / current.artifact

    def tamper(self, data: bytes) -> None:
        """Other bytes under the running version's name."""
        assert self._running
        self._held[self._running] = data

    def lose(self) -> None:
        """The running version's descriptor is gone."""
        self._broken = True
