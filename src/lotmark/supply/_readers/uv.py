"""uv.lock, version 1: every package from a registry with a hash for each file, scopes from groups.

The lock holds every platform and group at once; which packages belong to this environment is found by walking the
dependency edges whose markers hold, from the workspace's own packages.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import format_purl, normalise_name
from lotmark.supply._readers._reading import Reading, Source, find_hash, group_scope, load_toml, strongest
from lotmark.supply.models import LeftOut, Pin, Scope


class _Edge(msgspec.Struct):
    name: str
    version: str = ""
    marker: str = ""
    extra: list[str] = []


class _File(msgspec.Struct):
    hash: str = ""
    url: str = ""
    path: str = ""


class _Package(msgspec.Struct, rename="kebab"):
    name: str
    version: str = ""
    source: dict[str, Any] = {}
    dependencies: list[_Edge] = []
    optional_dependencies: dict[str, list[_Edge]] = {}
    dev_dependencies: dict[str, list[_Edge]] = {}
    sdist: _File | None = None
    wheels: list[_File] = []


class _Manifest(msgspec.Struct, rename="kebab"):
    members: list[str] = []
    requirements: list[_Edge] = []
    dependency_groups: dict[str, list[_Edge]] = {}


class _Lock(msgspec.Struct):
    version: int
    package: list[_Package] = []
    manifest: _Manifest = msgspec.field(default_factory=_Manifest)


@dataclass(slots=True)
class _Reached:
    """How a package was reached: for which ends, from which group, and whether every environment of the lock holds it."""

    scopes: set[Scope]
    needed: bool
    group: str
    direct: bool


def read_uv(source: Source) -> Reading:
    """Read a uv.lock; see the module for what is refused."""
    reading = Reading()
    lock, lines = load_toml(source, _Lock, "package", reading)
    if lock is None:
        return reading
    if lock.version != 1:
        reading.refuse(
            "LM-SUP-004",
            f"{source.name} has version {lock.version}; only version 1 is known",
            Location(source.name, 1),
            cure="write the lock file with a uv that writes version 1",
        )
        return reading
    _Walk(source, reading, lock, lines).run()
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


class _Walk:
    """From the workspace's packages along the edges that hold."""

    def __init__(self, source: Source, reading: Reading, lock: _Lock, lines: list[int]) -> None:
        self.source = source
        self.reading = reading
        self.lock = lock
        self.places = [Location(source.name, lines[i] if i < len(lines) else 0) for i in range(len(lock.package))]
        self.by_name: dict[str, list[int]] = {}
        for index, package in enumerate(lock.package):
            self.by_name.setdefault(normalise_name("PyPI", package.name), []).append(index)
        self.own = {index for index, package in enumerate(lock.package) if self._is_own(package)}
        self.reached: dict[int, _Reached] = {}

    def _is_own(self, package: _Package) -> bool:
        """Whether it is a package of this repository: the root, or a member of the workspace."""
        path = next((package.source[kind] for kind in ("editable", "virtual", "directory") if kind in package.source), None)
        return path == "." or (path is not None and package.name in self.lock.manifest.members)

    def run(self) -> None:
        try:
            self._walk_all()
        except ValueError as error:
            self.reading.refuse("LM-SUP-004", str(error), Location(self.source.name))
            return
        for index, package in enumerate(self.lock.package):
            if index in self.own:
                continue
            try:
                self._pin(index, package)
            except ValueError as error:
                self.reading.refuse("LM-SUP-004", str(error), self.places[index], package.name)

    def _walk_all(self) -> None:
        manifest = self.lock.manifest
        if not self.own and not manifest.requirements and not manifest.dependency_groups:
            # A lock without a root (a tool's or a script's): everything in it belongs to the environment.
            self.reached = {index: _Reached({"runtime"}, True, "", True) for index in range(len(self.lock.package))}
            return
        self._walk(manifest.requirements, "runtime", True, "")
        for index in sorted(self.own):
            package = self.lock.package[index]
            self._walk(package.dependencies, "runtime", True, "")
            for name, edges in package.optional_dependencies.items():
                self._walk(edges, "runtime", False, f"extra {name}")
            self._walk_groups(package.dev_dependencies)
        self._walk_groups(manifest.dependency_groups)

    def _walk_groups(self, groups: dict[str, list[_Edge]]) -> None:
        for name, edges in groups.items():
            # `dev` is what uv installs by default; other groups are installed on request only.
            self._walk(edges, group_scope(name), name == "dev", f"group {name}")

    def _walk(self, edges: list[_Edge], scope: Scope, needed: bool, group: str) -> None:
        seen: set[tuple[int, str]] = set()
        queue: list[tuple[_Edge, bool]] = [(edge, True) for edge in edges]
        while queue:
            edge, direct = queue.pop()
            for index in self._targets(edge):
                for extra in ("", *edge.extra):
                    if (index, extra) in seen:
                        continue
                    seen.add((index, extra))
                    package = self.lock.package[index]
                    following = package.optional_dependencies.get(extra, []) if extra else package.dependencies
                    queue += [(each, index in self.own) for each in following]
                self._note(index, scope, needed, group, direct)

    def _note(self, index: int, scope: Scope, needed: bool, group: str, direct: bool) -> None:
        known = self.reached.setdefault(index, _Reached({scope}, needed, group, direct))
        known.scopes.add(scope)
        known.direct |= direct
        if needed and not known.needed:
            known.needed, known.group = True, group

    def _targets(self, edge: _Edge) -> Iterator[int]:
        """The packages that an edge means, if its marker holds here."""
        if not self.source.markers.holds(edge.marker):
            return
        indices = self.by_name.get(normalise_name("PyPI", edge.name), [])
        chosen = [index for index in indices if not edge.version or self.lock.package[index].version == edge.version]
        if not chosen:
            raise ValueError(f"{self.source.name} needs {edge.name} {edge.version}".rstrip() + " but does not lock it")
        yield from chosen

    def _pin(self, index: int, package: _Package) -> None:
        place = self.places[index]
        if "registry" not in package.source:
            kind = next(iter(package.source), "nothing")
            self.reading.refuse("LM-SUP-007", f"{package.name} comes from {kind}, no registry", place, package.name)
            return
        if not package.version:
            self.reading.refuse("LM-SUP-005", f"{package.name} has no version", place, package.name)
            return
        files = [*package.wheels, *([package.sdist] if package.sdist else [])]
        hashes = [find_hash(each.hash) for each in files]
        if not files or None in hashes:
            bare = next((each for each, strong in zip(files, hashes, strict=True) if strong is None), None)
            what = f"the file {(bare.url or bare.path).rpartition('/')[2] or '(unnamed)'}" if bare else "any file"
            self.reading.refuse("LM-SUP-006", f"{package.name} {package.version} has no strong hash for {what}", place, package.name)
            return
        name = normalise_name("PyPI", package.name)
        reached = self.reached.get(index)
        if reached is None:
            self.reading.left_out.append(LeftOut(format_purl("PyPI", name, package.version), "nothing that holds in this environment needs it"))
            return
        requires = {
            (normalise_name("PyPI", self.lock.package[i].name), self.lock.package[i].version) for edge in package.dependencies for i in self._targets(edge)
        }
        strong = tuple(sorted({each for each in hashes if each is not None}))
        group = "" if reached.needed else reached.group
        self.reading.pins.append(
            Pin(
                "PyPI", name, package.version, strong, place, strongest(reached.scopes), reached.needed, group, reached.direct, requires=tuple(sorted(requires))
            )
        )
