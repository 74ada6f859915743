"""pdm.lock, lock_version 4: every package from an index with a strong hash for each file.

Format: https://pdm-project.org/latest/usage/lockfile/. Older versions keep the hashes under `metadata.files`.
"""

from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import format_purl, normalise_name
from lotmark.supply._readers._reading import Reading, Source, find_hash, group_scope, load_toml, strongest
from lotmark.supply.models import LeftOut, Pin

_ELSEWHERE = ("git", "hg", "svn", "bzr", "path", "url", "editable")


class _File(msgspec.Struct):
    hash: str = ""


class _Package(msgspec.Struct):
    name: str
    version: str = ""
    groups: list[str] = []
    marker: str = ""
    files: list[_File] = []
    dependencies: list[str] = []
    git: str = ""
    hg: str = ""
    svn: str = ""
    bzr: str = ""
    path: str = ""
    url: str = ""
    editable: bool = False


class _Metadata(msgspec.Struct):
    lock_version: str = ""
    files: dict[str, list[_File]] = {}


class _Lock(msgspec.Struct):
    metadata: _Metadata
    package: list[_Package] = []


def read_pdm(source: Source) -> Reading:
    """Read a pdm.lock: the group `default` is shipped, `dev` is for tests, others are installed on request only."""
    reading = Reading()
    lock, lines = load_toml(source, _Lock, "package", reading)
    if lock is None:
        return reading
    if not lock.metadata.lock_version.startswith("4"):
        message = f"{source.name} has lock_version {lock.metadata.lock_version!r}; only 4 is known"
        reading.refuse("LM-SUP-004", message, Location(source.name), cure="write the lock file with PDM 2.5 or newer (`pdm lock`)")
        return reading
    versions = {normalise_name("PyPI", package.name): package.version for package in lock.package}
    for index, package in enumerate(lock.package):
        place = Location(source.name, lines[index] if index < len(lines) else 0)
        try:
            _pin(package, lock, versions, source, reading, place)
        except ValueError as error:
            reading.refuse("LM-SUP-004", str(error), place, package.name)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _pin(package: _Package, lock: _Lock, versions: dict[str, str], source: Source, reading: Reading, place: Location) -> None:
    name = normalise_name("PyPI", package.name)
    elsewhere = next((kind for kind in _ELSEWHERE if getattr(package, kind)), None)
    files = package.files or lock.metadata.files.get(f"{package.name} {package.version}", [])
    hashes = [find_hash(each.hash) for each in files]
    if elsewhere:
        reading.refuse("LM-SUP-007", f"{package.name} comes from {elsewhere}, no registry", place, package.name)
    elif not package.version:
        reading.refuse("LM-SUP-005", f"{package.name} has no version", place, package.name)
    elif not hashes or None in hashes:
        reading.refuse("LM-SUP-006", f"{package.name} {package.version} has a file without a strong hash", place, package.name)
    elif not source.markers.holds(package.marker):
        reading.left_out.append(LeftOut(format_purl("PyPI", name, package.version), f"its marker does not hold here: {package.marker}"))
    else:
        groups = package.groups or ["default"]
        needed = "default" in groups or "dev" in groups
        scope = strongest("runtime" if group == "default" else group_scope(group) for group in groups)
        group = "" if needed else f"group {groups[0]}"
        wanted = {normalise_name("PyPI", _requirement_name(text)) for text in package.dependencies}
        requires = tuple(sorted((each, versions[each]) for each in wanted if each in versions))
        strong = tuple(sorted({each for each in hashes if each}))
        reading.pins.append(Pin("PyPI", name, package.version, strong, place, scope, needed, group, requires=requires))


def _requirement_name(text: str) -> Any:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text).name
    except InvalidRequirement as error:
        raise ValueError(f"not a requirement: {text[:100]!r}") from error
