"""Cargo.lock, versions 1 to 4: every crate from a registry with its SHA-256.

Format: https://doc.rust-lang.org/cargo/reference/ (cargo writes it; versions 1 and 2 keep checksums under `metadata`).
A package without `source` is one of the workspace.
"""

from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, find_hash, load_toml
from lotmark.supply.models import Pin


class _Crate(msgspec.Struct):
    name: str
    version: str
    source: str = ""
    checksum: str = ""
    dependencies: list[str] = []


class _Lock(msgspec.Struct):
    version: int = 1
    package: list[_Crate] = []
    metadata: dict[str, Any] = {}


def read_cargo(source: Source) -> Reading:
    """Read a Cargo.lock. It does not tell what only builds or tests need, so everything counts as shipped."""
    reading = Reading()
    lock, lines = load_toml(source, _Lock, "package", reading)
    if lock is None:
        return reading
    if lock.version not in range(1, 5):
        reading.refuse("LM-SUP-004", f"{source.name} has version {lock.version}; 1 to 4 are known", Location(source.name, 1))
        return reading
    versions: dict[str, list[str]] = {}
    for crate in lock.package:
        versions.setdefault(crate.name, []).append(crate.version)
    roots = {target for crate in lock.package if not crate.source for target in _edges(crate, versions)}
    foreign = {(crate.name, crate.version) for crate in lock.package if crate.source}
    for index, crate in enumerate(lock.package):
        if not crate.source:
            continue
        place = Location(source.name, lines[index] if index < len(lines) else 0)
        checksum = crate.checksum or lock.metadata.get(f"checksum {crate.name} {crate.version} ({crate.source})", "")
        strong = find_hash(f"sha256:{checksum}")
        if not crate.source.startswith(("registry+", "sparse+")):
            reading.refuse("LM-SUP-007", f"{crate.name} comes from {crate.source[:100]}, no registry", place, crate.name)
        elif strong is None:
            reading.refuse("LM-SUP-006", f"{crate.name} {crate.version} has no `checksum`", place, crate.name)
        else:
            requires = tuple(sorted(set(_edges(crate, versions)) & foreign))
            direct = (crate.name, crate.version) in roots or not roots
            reading.pins.append(Pin("crates.io", crate.name, crate.version, (strong,), place, direct=direct, requires=requires))
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _edges(crate: _Crate, versions: dict[str, list[str]]) -> list[tuple[str, str]]:
    """What a crate needs; the lock leaves the version out where there is only one."""
    edges = []
    for each in crate.dependencies:
        name, _, rest = each.partition(" ")
        version = rest.partition(" ")[0]
        edges += [(name, known) for known in versions.get(name, []) if not version or known == version]
    return edges
