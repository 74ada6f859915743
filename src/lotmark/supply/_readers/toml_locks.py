"""poetry.lock (formats 1 and 2) and pylock.toml (PEP 751), read for products that keep one of them."""

from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import format_purl, normalise_name
from lotmark.supply._readers._reading import Reading, Source, find_hash, load_toml, strongest
from lotmark.supply.models import LeftOut, Pin, Scope


class _PoetryFile(msgspec.Struct):
    file: str = ""
    hash: str = ""


class _PoetryPackage(msgspec.Struct):
    name: str
    version: str
    category: str = "main"
    groups: list[str] = []
    optional: bool = False
    files: list[_PoetryFile] = []
    source: dict[str, Any] = {}
    dependencies: dict[str, Any] = {}


class _PoetryMetadata(msgspec.Struct, rename="kebab"):
    lock_version: str = ""
    files: dict[str, list[_PoetryFile]] = {}


class _PoetryLock(msgspec.Struct):
    metadata: _PoetryMetadata
    package: list[_PoetryPackage] = []


def read_poetry(source: Source) -> Reading:
    """Read a poetry.lock.

    The lock does not name the product's own dependencies. A package that others need only where a marker does not hold
    is therefore compared when it is installed and left out when it is not.
    """
    reading = Reading()
    lock, lines = load_toml(source, _PoetryLock, "package", reading)
    if lock is None:
        return reading
    if lock.metadata.lock_version.partition(".")[0] not in ("1", "2"):
        reading.refuse("LM-SUP-004", f"{source.name} has lock-version {lock.metadata.lock_version!r}; 1 and 2 are known", Location(source.name))
        return reading
    versions = {normalise_name("PyPI", package.name): package.version for package in lock.package}
    try:
        edges = {package.name: _poetry_edges(package, source) for package in lock.package}
    except ValueError as error:
        reading.refuse("LM-SUP-004", str(error), Location(source.name))
        return reading
    wanted = {name for each in edges.values() for name, holds in each.items() if holds}
    unwanted = {name for each in edges.values() for name in each} - wanted
    for index, package in enumerate(lock.package):
        name = normalise_name("PyPI", package.name)
        place = Location(source.name, lines[index] if index < len(lines) else 0)
        kind = package.source.get("type", "legacy")
        if kind not in ("legacy", "pypi"):
            reading.refuse("LM-SUP-007", f"{package.name} comes from {kind}, no registry", place, package.name)
            continue
        hashes = [find_hash(each.hash) for each in package.files or lock.metadata.files.get(package.name, [])]
        strong = tuple(sorted({each for each in hashes if each}))
        if not hashes or None in hashes:
            reading.refuse("LM-SUP-006", f"{package.name} {package.version} has a file without a strong hash", place, package.name)
            continue
        group = "optional packages" if package.optional else "packages of other platforms" if name in unwanted else ""
        requires = tuple(sorted((target, versions[target]) for target, holds in edges[package.name].items() if holds and target in versions))
        reading.pins.append(Pin("PyPI", name, package.version, strong, place, _poetry_scope(package), not group, group, name not in wanted, requires=requires))
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _poetry_scope(package: _PoetryPackage) -> Scope:
    groups = package.groups or [package.category]
    return strongest("runtime" if group == "main" else "test" for group in groups)


def _poetry_edges(package: _PoetryPackage, source: Source) -> dict[str, bool]:
    """The names that a package needs, each with whether it needs it here."""
    edges: dict[str, bool] = {}
    for name, constraint in package.dependencies.items():
        forms = constraint if isinstance(constraint, list) else [constraint]
        holds = False
        for form in forms:
            details = form if isinstance(form, dict) else {}
            holds |= not details.get("optional", False) and source.markers.holds(str(details.get("markers", "")))
        edges[normalise_name("PyPI", name)] = holds
    return edges


class _PylockFile(msgspec.Struct):
    hashes: dict[str, str] = {}


class _PylockPackage(msgspec.Struct):
    name: str
    version: str = ""
    marker: str = ""
    wheels: list[_PylockFile] = []
    sdist: _PylockFile | None = None
    vcs: dict[str, Any] | None = None
    directory: dict[str, Any] | None = None
    archive: dict[str, Any] | None = None


class _Pylock(msgspec.Struct, rename="kebab"):
    lock_version: str
    packages: list[_PylockPackage]


def read_pylock(source: Source) -> Reading:
    """Read a pylock.toml: what an installer would install by default, without extras and further groups."""
    reading = Reading()
    lock, lines = load_toml(source, _Pylock, "packages", reading)
    if lock is None:
        return reading
    if lock.lock_version.partition(".")[0] != "1":
        reading.refuse("LM-SUP-004", f"{source.name} has lock-version {lock.lock_version!r}; only 1 is known", Location(source.name))
        return reading
    for index, package in enumerate(lock.packages):
        place = Location(source.name, lines[index] if index < len(lines) else 0)
        name = normalise_name("PyPI", package.name)
        elsewhere = next((kind for kind in ("vcs", "directory", "archive") if getattr(package, kind) is not None), None)
        files = [*package.wheels, *([package.sdist] if package.sdist else [])]
        strong = [[each for item in file.hashes.items() if (each := find_hash(":".join(item)))] for file in files]
        if elsewhere:
            reading.refuse("LM-SUP-007", f"{package.name} comes from {elsewhere}, no registry", place, package.name)
        elif not package.version:
            reading.refuse("LM-SUP-005", f"{package.name} has no version", place, package.name)
        elif not files or not all(strong):
            reading.refuse("LM-SUP-006", f"{package.name} {package.version} has a file without a strong hash", place, package.name)
        elif not _pylock_holds(package, source, reading, place):
            reading.left_out.append(LeftOut(format_purl("PyPI", name, package.version), f"its marker does not hold here: {package.marker}"))
        else:
            reading.pins.append(Pin("PyPI", name, package.version, tuple(sorted({each for file in strong for each in file})), place))
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _pylock_holds(package: _PylockPackage, source: Source, reading: Reading, place: Location) -> bool:
    try:
        return source.markers.holds(package.marker)
    except ValueError as error:
        reading.refuse("LM-SUP-004", str(error), place)
        return True
