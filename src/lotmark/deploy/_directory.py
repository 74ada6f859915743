"""The `directory` driver: versions side by side under ``versions/``, ``current`` a link that is replaced atomically.

site/current -> versions/1.2.0-3f9a0c12d4e5
site/versions/1.2.0-3f9a0c12d4e5/{release.json, <artifact>}

A version lies at the target if its descriptor says so and its artifact, a plain file, has the digest that the
descriptor names; anything else is not known and never switched to. A damaged copy is left as it is, since it may be
what runs, and a new one is laid beside it (``1.2.0-3f9a0c12d4e5.2``). What a killed process leaves behind begins with
a dot and is cleared away by the next one.
"""

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lotmark.attest.api import parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, RefusedError
from lotmark.base.limits import Limits
from lotmark.deploy.models import Deployed

_DESCRIPTOR = "release.json"
_OURS = re.compile(r"[^.].*-[0-9a-f]{12}(\.[0-9]+)?\Z")
_DESCRIPTOR_LIMITS = Limits(max_bytes=64 * 1024, max_depth=8, max_items=200)


class _Descriptor(msgspec.Struct, frozen=True):
    version: str
    artifact: str
    sha256: str


class DirectoryDriver:
    """A folder on this machine as a target; `keep` versions stay besides the running one, the one before it among them.

    Raises:
        EnvironmentLacksError: LM-DEP-004 if the folder cannot be written, the disk is full or another deployment works there.
        RefusedError: LM-DEP-007 if a version or artifact has a name that is no file name.
    """

    def __init__(self, root: Path, *, keep: int = 3) -> None:
        self._root = root
        self._versions = root / "versions"
        self._current = root / "current"
        self._keep = keep

    def current(self) -> Deployed | None:
        return _describe(self._current) if os.path.lexists(self._current) else None

    def install(self, release: Deployed, artifact: Path, descriptor: bytes) -> None:
        _check_names(release)
        if not artifact.is_file():
            raise IntegrityError("LM-DEP-002", "the artifact to deploy is not there", where=str(artifact), solution="`lotmark log fsck` names what is missing")
        with self._writing():
            if self._find(release) is not None:
                return
            scratch = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self._versions))
            try:
                shutil.copyfile(artifact, scratch / release.artifact)
                if Digest.of_file(scratch / release.artifact) != release.digest:
                    raise IntegrityError("LM-DEP-002", "the copied artifact has another digest", where=str(scratch), solution="check the disk and deploy again")
                (scratch / _DESCRIPTOR).write_bytes(descriptor)
                if _describe(scratch) != release:
                    raise IntegrityError("LM-DEP-002", "the descriptor is not that of the release", where=str(scratch), solution="deploy it from its release")
                for name in (release.artifact, _DESCRIPTOR):
                    _sync(scratch / name)
                scratch.chmod(0o755)
                _sync(scratch)
                scratch.rename(self._free_place(release))
                _sync(self._versions)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def switch(self, release: Deployed) -> None:
        _check_names(release)
        with self._writing():
            place = self._find(release)
            if place is None:
                raise RefusedError(
                    "LM-DEP-003",
                    f"version {release.version} does not lie at the target",
                    where=str(self._root),
                    solution="deploy it again from its release",
                )
            before = self._current.resolve() if self._current.is_symlink() else None
            link = self._root / ".current"
            link.symlink_to(place.relative_to(self._root))
            link.replace(self._current)
            _sync(self._root)
            os.utime(place)  # the order of `installed` is that of the last use
            self._prune(release, place, before)

    def installed(self) -> tuple[Deployed, ...]:
        found = [release for place in self._places() if (release := _describe(place)) is not None]
        return tuple(dict.fromkeys(found))

    def read_back(self) -> tuple[Digest, int] | None:
        current = self.current()
        path = self._current / current.artifact if current else None
        return (Digest.of_file(path), path.stat().st_size) if path is not None and _is_plain(path) else None

    def artifact_path(self) -> Path:
        current = self.current()
        if current is None:
            raise RefusedError("LM-DEP-003", "nothing is deployed at the target", where=str(self._root), solution="`lotmark run` deploys an approved release")
        return self._current.resolve() / current.artifact

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone at the target, with what dead processes left cleared away; what the system refuses is said in our words."""
        try:
            if not self._versions.is_dir():
                self._versions.mkdir(parents=True)
                with contextlib.suppress(PermissionError):  # a parent that may be written need not be readable
                    _sync(self._root.parent)
            handle = os.open(self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._clear()
                yield
            finally:
                os.close(handle)
        except BlockingIOError as error:
            raise EnvironmentLacksError(
                "LM-DEP-004", "another deployment works at the target", where=str(self._root), solution="wait until it ends, then deploy again"
            ) from error
        except OSError as error:
            raise EnvironmentLacksError(
                "LM-DEP-004",
                f"cannot write to the target: {error.strerror}",
                where=str(self._root),
                solution="give this user the folder and room on its disk, or name another path",
            ) from error

    def _clear(self) -> None:
        (self._root / ".current").unlink(missing_ok=True)
        for left in self._versions.glob(".*"):
            shutil.rmtree(left, ignore_errors=True)

    def _places(self) -> list[Path]:
        """The folders of versions, the one used last at the end."""
        places = [place for place in self._versions.glob("*") if _OURS.match(place.name) and place.is_dir() and not place.is_symlink()]
        return sorted(places, key=lambda place: (place.stat().st_mtime_ns, place.name))

    def _find(self, release: Deployed) -> Path | None:
        """Where that version lies whole."""
        for place in self._places():
            path = place / release.artifact
            if _describe(place) == release and _is_plain(path) and Digest.of_file(path) == release.digest:
                return place
        return None

    def _free_place(self, release: Deployed) -> Path:
        name = f"{release.version}-{release.digest.short()}"
        number, place = 1, self._versions / name
        while os.path.lexists(place):  # a damaged copy that may be what runs
            number += 1
            place = self._versions / f"{name}.{number}"
        return place

    def _prune(self, release: Deployed, running: Path, before: Path | None) -> None:
        """Remove what nobody needs: damaged or second copies, then the least recently used; the one that ran before last."""
        others = {place: _describe(place) for place in self._places() if place != running}
        wanted = [place for place, found in others.items() if found not in {None, release}]
        wanted.sort(key=lambda place: place.resolve() == before)
        for place in others.keys() - wanted[-self._keep :]:
            leaving = self._versions / f".outgoing-{place.name}"
            place.rename(leaving)  # gone at once: a half-removed version is never seen
            shutil.rmtree(leaving, ignore_errors=True)


def format_descriptor(release: Deployed, *, target: str, environment: str, run: str) -> bytes:
    """The deployment descriptor of one target: the artifact is the same for all, this is not."""
    content = {"artifact": release.artifact, "environment": environment, "run": run, "sha256": release.digest.hex, "target": target, "version": release.version}
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def _describe(place: Path) -> Deployed | None:
    """The descriptor of a version, None where it is missing or unreadable: then nothing known lies there."""
    path = place / _DESCRIPTOR
    try:
        if not _is_plain(path) or path.stat().st_size > _DESCRIPTOR_LIMITS.max_bytes:
            return None
        descriptor = msgspec.convert(parse_json(path.read_bytes(), _DESCRIPTOR_LIMITS), _Descriptor)
        release = Deployed(descriptor.version, Digest(descriptor.sha256), descriptor.artifact)
        _check_names(release)
    except (OSError, ValueError, LotmarkError, msgspec.ValidationError):
        return None
    return release


def _check_names(release: Deployed) -> None:
    """Version and artifact become names of files; foreign ones could lead elsewhere."""
    for name in (release.version, release.artifact):
        if not name.isprintable() or "/" in name or name.startswith(".") or name in {"", _DESCRIPTOR} or len(name.encode("utf-8", "replace")) > 200:
            raise RefusedError("LM-DEP-007", f"{name[:80]!r} is no name of a file", solution="give version and artifact plain names")


def _is_plain(path: Path) -> bool:
    """Whether a file lies there itself; a link could lead to other bytes tomorrow."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
