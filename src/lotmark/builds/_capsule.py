"""Write a capsule: an OCI image layout from which a release can be rebuilt years later with nothing else.

One folder holds the capsules of many releases; what they share (a root file system, a toolchain) is stored once, under
its digest. Every layer is a plain tar without time or owner, so equal content has equal bytes. The configuration of
each manifest is the input lock. Beside it stands ``rebuild-NAME.sh``, which needs a shell, tar, sha256sum and bwrap or
podman, and no Lotmark. Specification: ``docs/spec/capsule.md``; OCI image-spec 1.1.
"""

import hashlib
import io
import json
import os
import re
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.builds._capsule_form import CAPSULE_TYPE, REF, Index, read_part
from lotmark.builds._conditions import pinned
from lotmark.builds._layout import Layout, base_variables
from lotmark.builds._rebuild_script import rebuild_script
from lotmark.builds._rootfs import Package, root_files
from lotmark.builds.models import BuildReport, StagedSource
from lotmark.product.models import BuildSection

LOCK_TYPE = "application/vnd.lotmark.build-lock.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_ROLE = "dev.lotmark.role"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\Z")
_Entry = tuple[str, Path]


@dataclass(frozen=True, slots=True)
class Layer:
    """One tar among the blobs: digest, size, what it is for (``root``, ``mount``, ``source``)."""

    digest: Digest
    size: int
    role: str

    def to_wire(self) -> dict[str, Any]:
        """As an OCI descriptor."""
        return {"mediaType": LAYER_TYPE, "digest": f"sha256:{self.digest.hex}", "size": self.size, "annotations": {_ROLE: self.role}}


def input_lock(
    report: BuildReport, config: BuildSection, variables: Mapping[str, str], layers: Iterable[Layer], packages: Iterable[Package], mounts: Iterable[str]
) -> bytes:
    """``build.lock``: everything that goes into the build and what came out; its SHA-256 is the build key."""
    lock = {
        "lock": 1,
        "source": {"commit": report.commit, "sha256": report.source_digest.hex},
        "recipe": {
            "command": list(config.command),
            "workingDirectory": config.working_directory,
            "outputs": list(config.outputs),
            "timeout": config.timeout,
            "variables": dict(variables),
        },
        "environment": {
            "layers": [{"role": layer.role, "sha256": layer.digest.hex, "size": layer.size} for layer in layers],
            "packages": [{"purl": f"pkg:deb/debian/{each.name}@{each.version}?arch={each.architecture}"} for each in packages],
            "python": list(report.environment.python),
            "tools": [{"name": tool.name, "version": tool.version} for tool in report.tools],
            "mounts": sorted(mounts),
        },
        "comparators": [
            {"pattern": each.pattern, "kind": each.kind, "reason": each.reason, "owner": each.owner, "expires": each.expires} for each in config.comparators
        ],
        "expected": [{"name": each.name, "size": each.size, "sha256": each.digest.hex, "executable": each.executable} for each in report.outputs],
    }
    return json.dumps(lock, sort_keys=True, indent=1, ensure_ascii=True).encode() + b"\n"


def write_capsule(
    folder: Path, name: str, report: BuildReport, staged: StagedSource, config: BuildSection, layout: Layout, packages: tuple[Package, ...]
) -> Digest:
    """Add the capsule of a release to the layout in `folder`, which is made if need be; the build key.

    Raises:
        UsageError: LM-BLD-043 for a name that cannot be a file's.
        IntegrityError: LM-BLD-045 if the index that lies there is damaged.
    """
    _check_name(name)
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    system = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}
    extra = [mount for mount in layout.mounts if mount.target not in system and not mount.target.startswith("/etc/")]
    layers = [_store(blobs, "root", root_files(packages).items())]
    layers += [_store(blobs, "mount", _below(mount.source, mount.target.lstrip("/"))) for mount in extra]
    layers.append(_store(blobs, "source", ((f"build/src/{entry.name}", staged.root / entry.name) for entry in staged.entries), staged.committed_at))
    conditions = pinned()
    variables = base_variables(layout, source=conditions.source, staged=staged) | conditions.variables()
    lock = input_lock(report, config, dict(sorted(variables.items())), layers, packages, (mount.target for mount in extra))
    key = _put(blobs, lock)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "artifactType": CAPSULE_TYPE,
        "config": {"mediaType": LOCK_TYPE, "digest": f"sha256:{key.hex}", "size": len(lock)},
        "layers": [layer.to_wire() for layer in layers],
        "annotations": {REF: name},
    }
    data = json.dumps(manifest, sort_keys=True).encode()
    _add_to_index(folder, name, {"mediaType": _MANIFEST_TYPE, "digest": f"sha256:{_put(blobs, data).hex}", "size": len(data), "annotations": {REF: name}})
    script = folder / f"rebuild-{name}.sh"
    _replace(script, rebuild_script(name, json.loads(lock)).encode())
    script.chmod(0o755)
    return key


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise UsageError("LM-BLD-043", f"a capsule cannot be called {name!r}", solution="use letters, digits, dot, dash and plus, as in 1.4.0")


def _add_to_index(folder: Path, name: str, descriptor: Mapping[str, Any]) -> None:
    path = folder / "index.json"
    others = []
    if path.exists():
        read_part(path, Index, "the index")
        others = [each for each in json.loads(path.read_bytes())["manifests"] if each["annotations"][REF] != name]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [*others, descriptor]}
    _replace(folder / "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    _replace(path, json.dumps(index, sort_keys=True, indent=1).encode() + b"\n")


def _replace(path: Path, data: bytes) -> None:
    """Write the whole file or leave it as it was."""
    temporary = path.with_name(f".new-{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def provisional(folder: Path, name: str) -> Iterator[Callable[[], None]]:
    """What is written of the release inside counts only once the function that is given was called.

    Otherwise, and if anything is raised, index and script are as they were, with an earlier capsule of that name; blobs stay, for
    others may share them.

    Raises:
        UsageError: LM-BLD-043 for a name that cannot be a file's.
    """
    _check_name(name)
    places = (folder / "index.json", folder / f"rebuild-{name}.sh")
    earlier = [(path, path.read_bytes() if path.exists() else None) for path in places]
    kept: list[bool] = []
    try:
        yield lambda: kept.append(True)
    finally:
        if not kept:
            for path, data in earlier:
                if data is None:
                    path.unlink(missing_ok=True)
                else:
                    _replace(path, data)
                    path.chmod(0o755 if path.suffix == ".sh" else 0o644)


def _put(blobs: Path, data: bytes) -> Digest:
    digest = Digest.of(data)
    _replace(blobs / digest.hex, data)
    return digest


class _Hashing(io.RawIOBase):
    """Counts and hashes what is written through it."""

    def __init__(self, sink: IO[bytes]) -> None:
        super().__init__()
        self.sink, self.hash, self.size = sink, hashlib.sha256(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self.sink.write(data)


def _store(blobs: Path, role: str, entries: Iterable[_Entry], when: int = 0) -> Layer:
    """Write the entries as a tar without owner, with one time and the plain modes; under its digest."""
    temporary = blobs / f".new-{os.getpid()}"
    try:
        with temporary.open("wb") as file:
            sink = _Hashing(file)
            with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT, bufsize=2**20) as archive:
                for name, path in entries:
                    _add(archive, name, path, when)
        layer = Layer(Digest(sink.hash.hexdigest()), sink.size, role)
        temporary.replace(blobs / layer.digest.hex)
    finally:
        temporary.unlink(missing_ok=True)
    return layer


def _add(archive: tarfile.TarFile, name: str, path: Path, when: int) -> None:
    state = path.lstat()
    info = tarfile.TarInfo(name)
    info.mtime = when
    if stat.S_ISLNK(state.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, os.fspath(path.readlink()), 0o777
        archive.addfile(info)
    elif stat.S_ISDIR(state.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
    elif stat.S_ISREG(state.st_mode):
        info.size, info.mode = state.st_size, 0o755 if state.st_mode & 0o111 else 0o644
        with path.open("rb") as content:
            archive.addfile(info, content)


def _below(source: Path, target: str) -> Iterator[_Entry]:
    """Every entry below a mounted folder, sorted; caches of compiled Python are made anew by whoever needs them."""
    yield target, source
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if "__pycache__" not in path.parts:
                yield f"{target}/{path.relative_to(source).as_posix()}", path
