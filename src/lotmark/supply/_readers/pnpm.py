"""pnpm-lock.yaml, versions 5, 6 and 9: every package with a strong `integrity`.

Format: https://github.com/pnpm/spec/tree/master/lockfile. `dev` (5, 6) or the walk from `importers` (9) tells what is
needed for development alone.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, find_integrity, load_yaml, reach
from lotmark.supply.models import Pin, Scope

_SECTIONS = ("dependencies", "optionalDependencies")


class _Package(msgspec.Struct, rename="camel"):
    resolution: dict[str, Any] = {}
    name: str = ""
    version: Any = ""
    dev: bool | None = None
    dependencies: dict[str, Any] = {}
    optional_dependencies: dict[str, Any] = {}


class _Lock(msgspec.Struct, rename="camel"):
    lockfile_version: Any = ""
    importers: dict[str, dict[str, Any]] = {}
    packages: dict[str, _Package] = {}
    snapshots: dict[str, _Package] = {}
    dependencies: dict[str, Any] = {}
    optional_dependencies: dict[str, Any] = {}
    dev_dependencies: dict[str, Any] = {}


def read_pnpm(source: Source) -> Reading:
    """Read a pnpm-lock.yaml; see the module for what is refused."""
    reading = Reading()
    lock, line_of = load_yaml(source, _Lock, reading)
    if lock is None:
        return reading
    version = str(lock.lockfile_version).partition(".")[0]
    if version not in {"5", "6", "9"}:
        message = f"{source.name} has lockfileVersion {lock.lockfile_version!r}; 5, 6 and 9 are known"
        reading.refuse("LM-SUP-004", message, Location(source.name, line_of("lockfileVersion")), cure="write the lock file with pnpm 7, 8, 9 or 10")
        return reading
    _Walk(source, reading, lock, int(version)).run(line_of)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def split_key(key: str, generation: int) -> tuple[str, str]:
    """The name and version that a key of `packages` means: ``/a/1.0.0_peer`` (5), ``/a@1.0.0(peer)`` (6), ``a@1.0.0`` (9)."""
    base = key.partition("(")[0].removeprefix("/")
    if generation == 5:
        name, _, version = base.rpartition("/")
        return name, version.partition("_")[0]
    name, _, version = base[1:].partition("@")
    return base[:1] + name, version


class _Walk:
    """The packages of one lock, and the edges between them."""

    def __init__(self, source: Source, reading: Reading, lock: _Lock, generation: int) -> None:
        self.source = source
        self.reading = reading
        self.lock = lock
        self.generation = generation
        nodes = lock.snapshots or lock.packages
        self.edges = {key: list(self._targets({**node.dependencies, **node.optional_dependencies}, nodes)) for key, node in nodes.items()}
        importers = lock.importers or {
            ".": {"dependencies": lock.dependencies, "optionalDependencies": lock.optional_dependencies, "devDependencies": lock.dev_dependencies}
        }
        shipped = {key for importer in importers.values() for section in _SECTIONS for key in self._targets(importer.get(section), nodes)}
        dev = {key for importer in importers.values() for key in self._targets(importer.get("devDependencies"), nodes)}
        self.direct = {self._base(key) for key in shipped | dev}
        self.runtime = {self._base(key) for key in reach(shipped, self.edges)}

    def _base(self, key: str) -> str:
        """The key without the peers that it was resolved with."""
        return key.partition("(")[0] if self.generation > 5 else key

    def _targets(self, wanted: Any, nodes: dict[str, _Package]) -> Iterator[str]:
        """The keys that a section of dependencies means."""
        for name, value in (wanted if isinstance(wanted, dict) else {}).items():
            version = str(value.get("version", "") if isinstance(value, dict) else value)
            if version.startswith("link:"):
                continue  # a package of this workspace
            forms = (version, f"/{name}/{version}") if self.generation == 5 else (f"{name}@{version}", f"/{name}@{version}", version)
            found = next((form for form in forms if form in nodes), None)
            if found is not None:
                yield found

    def run(self, line_of: Any) -> None:
        requires: dict[str, set[tuple[str, str]]] = {}
        for key, targets in self.edges.items():
            requires.setdefault(self._base(key), set()).update(split_key(target, self.generation) for target in targets)
        for key, package in self.lock.packages.items():
            self._pin(key, package, Location(self.source.name, line_of("packages", key)), requires.get(self._base(key), set()))

    def _pin(self, key: str, package: _Package, place: Location, requires: set[tuple[str, str]]) -> None:
        name, version = split_key(key, self.generation)
        name, version = package.name or name, str(package.version or version)
        foreign = next((what for what in ("type", "repo", "directory", "tarball") if what in package.resolution), None)
        hashes = find_integrity(str(package.resolution.get("integrity", "")))
        if "://" in key or ":" in version or foreign in {"type", "repo", "directory"} or (foreign == "tarball" and not hashes):
            where = package.resolution.get("repo") or package.resolution.get("directory") or package.resolution.get("tarball") or key
            self.reading.refuse("LM-SUP-007", f"{name or key} comes from {str(where)[:100]}, no registry", place, name or key)
        elif not name or not version:
            self.reading.refuse("LM-SUP-005", f"{key} names no package and version", place, key)
        elif not hashes:
            what = "only a weak or malformed `integrity`" if package.resolution.get("integrity") else "no `integrity`"
            self.reading.refuse("LM-SUP-006", f"{name} {version} has {what}", place, name)
        else:
            base = self._base(key)
            # Generation 9 has no `dev`; without any importer nothing tells, and everything counts as shipped.
            dev = base not in self.runtime and bool(self.direct) if package.dev is None else package.dev
            scope: Scope = "test" if dev else "runtime"
            direct = base in self.direct or not self.direct
            self.reading.pins.append(Pin("npm", name, version, hashes, place, scope, direct=direct, requires=tuple(sorted(requires))))
