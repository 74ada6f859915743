"""The `directory` driver: versions side by side under ``versions/``, ``current`` a link that is replaced atomically.

site/current -> versions/1.2.0-3f9a0c12d4e5
site/versions/1.2.0-3f9a0c12d4e5/{release.json, <artifact>}
"""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import msgspec

from lotmark.attest.api import parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, RefusedError
from lotmark.base.paths import RootedPath
from lotmark.deploy.models import Deployed

_DESCRIPTOR = "release.json"


class _Descriptor(msgspec.Struct, frozen=True):
    version: str
    artifact: str
    sha256: str


class DirectoryDriver:
    """A folder on this machine as a target; `keep` versions stay besides the running one.

    Raises:
        EnvironmentLacksError: LM-DEP-004 if the folder cannot be written.
    """

    def __init__(self, root: Path, *, keep: int = 3) -> None:
        self._root = root
        self._keep = keep

    def current(self) -> Deployed | None:
        link = self._root / "current"
        return self._describe(link) if link.is_symlink() or link.exists() else None

    def install(self, release: Deployed, artifact: Path, descriptor: bytes) -> None:
        place = self._place(release)
        if place.is_dir() and self._describe(place) == release and Digest.of_file(place / release.artifact) == release.digest:
            return
        RootedPath(self._root).join(release.artifact)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(prefix=".incoming-", dir=place.parent))
        except OSError as error:
            raise EnvironmentLacksError(
                "LM-DEP-004", f"cannot write to the target: {error.strerror}", where=str(self._root), solution="give this user the folder, or name another path"
            ) from error
        try:
            shutil.copyfile(artifact, scratch / release.artifact)
            if Digest.of_file(scratch / release.artifact) != release.digest:
                raise IntegrityError("LM-DEP-002", "the copied artifact has another digest", where=str(scratch), solution="check the disk and deploy again")
            (scratch / _DESCRIPTOR).write_bytes(descriptor)
            for name in (release.artifact, _DESCRIPTOR):
                _sync(scratch / name)
            scratch.chmod(0o755)
            _sync(scratch)
            if place.exists():
                shutil.rmtree(place)
            scratch.rename(place)
            _sync(place.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def switch(self, release: Deployed) -> None:
        place = self._place(release)
        if self._describe(place) != release:
            raise RefusedError(
                "LM-DEP-003", f"version {release.version} does not lie at the target", where=str(place), solution="deploy it again from its release"
            )
        link = self._root / f".current-{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(place.relative_to(self._root))
        link.replace(self._root / "current")
        _sync(self._root)
        self._prune(release)

    def installed(self) -> tuple[Deployed, ...]:
        found = [self._describe(place) for place in sorted((self._root / "versions").glob("[!.]*"), key=lambda place: place.stat().st_mtime_ns)]
        return tuple(release for release in found if release is not None)

    def read_back(self) -> tuple[Digest, int] | None:
        current = self.current()
        if current is None:
            return None
        path = self._root / "current" / current.artifact
        return (Digest.of_file(path), path.stat().st_size) if path.is_file() else None

    def artifact_path(self) -> Path:
        current = self.current()
        if current is None:
            raise RefusedError("LM-DEP-003", "nothing is deployed at the target", where=str(self._root), solution="`lotmark run` deploys an approved release")
        return (self._root / "current").resolve() / current.artifact

    def _place(self, release: Deployed) -> Path:
        return RootedPath(self._root).join(f"versions/{release.version}-{release.digest.short()}")

    def _describe(self, place: Path) -> Deployed | None:
        """The descriptor of a version, None where it is missing or unreadable: then nothing known lies there."""
        try:
            descriptor = msgspec.convert(parse_json((place / _DESCRIPTOR).read_bytes()), _Descriptor)
            RootedPath(place).join(descriptor.artifact)
            return Deployed(descriptor.version, Digest(descriptor.sha256), descriptor.artifact)
        except (OSError, ValueError, IntegrityError, RefusedError, msgspec.ValidationError):
            return None

    def _prune(self, running: Deployed) -> None:
        others = [release for release in self.installed() if release != running]
        for release in others[: -self._keep]:
            shutil.rmtree(self._place(release), ignore_errors=True)


def format_descriptor(release: Deployed, *, target: str, environment: str, run: str) -> bytes:
    """The deployment descriptor of one target: the artifact is the same for all, this is not."""
    content = {"artifact": release.artifact, "environment": environment, "run": run, "sha256": release.digest.hex, "target": target, "version": release.version}
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
