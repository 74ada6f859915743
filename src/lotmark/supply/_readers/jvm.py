"""Gradle and Maven: gradle.lockfile with Gradle's verification metadata, and the lock of the maven-lockfile plugin.

Formats: https://docs.gradle.org/current/userguide/dependency_locking.html and dependency_verification.html;
https://github.com/chains-project/maven-lockfile. A gradle.lockfile has versions alone; the hashes stand in
``gradle/verification-metadata.xml``. A pom.xml is no lock.
"""

import posixpath
import re

import msgspec

from lotmark.base.errors import LotmarkError
from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, beside, decode_text, find_hash, load_json, merge_pin, number_lines
from lotmark.supply.models import Pin, Scope

_COORDINATES = re.compile(r"([^:=\s]+):([^:=\s]+):([^:=\s]+)=(\S*)\Z")
_METADATA = "gradle/verification-metadata.xml"
_BUILD = re.compile(r"annotationprocessor|compileonly|kapt|ksp|^classpath$|plugin", re.IGNORECASE)
_SCOPES: dict[str, Scope] = {"test": "test", "provided": "build"}


def read_gradle(source: Source) -> Reading:
    """Read a gradle.lockfile, with the hashes of the verification metadata beside it or at the repository's root."""
    reading = Reading()
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return reading
    hashes = _read_metadata(source, reading)
    for number, line in number_lines(text):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "empty=")):
            continue
        place = Location(source.name, number)
        match = _COORDINATES.match(stripped)
        if match is None:
            reading.refuse("LM-SUP-004", f"{source.name}: the line is not `group:artifact:version=configurations`", place)
            continue
        name, version = f"{match[1]}:{match[2]}", match[3]
        if re.search(r"[\[\](+,]|SNAPSHOT|^latest\.", version):
            reading.refuse("LM-SUP-005", f"{name} is locked as {version}, which is not one version", place, name)
        elif not hashes.get((name, version)):
            cure = "write the hashes with `gradle --write-verification-metadata sha256 help`"
            reading.refuse("LM-SUP-006", f"{name} {version} has no strong hash in {_METADATA}", place, name, cure=cure)
        else:
            reading.pins.append(Pin("Maven", name, version, hashes[name, version], place, _gradle_scope(match[4])))
    reading.files.insert(0, (source.name, source.data, len(reading.pins)))
    return reading


def _gradle_scope(text: str) -> Scope:
    """What the configurations are for: tests alone, the build alone, or the product."""
    names = [name for name in text.split(",") if name]
    if names and all("test" in name.lower() for name in names):
        return "test"
    return "build" if names and all("test" in name.lower() or _BUILD.search(name) for name in names) else "runtime"


def _read_metadata(source: Source, reading: Reading) -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """(group:artifact, version) -> the strong hashes of its artifacts."""
    from lotmark.intake.api import parse_xml

    near = posixpath.join(posixpath.dirname(source.name), _METADATA)
    name, data = near, beside(source, _METADATA)
    if data is None and near != _METADATA:
        try:
            name, data = _METADATA, source.read(_METADATA)
        except (OSError, LotmarkError):
            data = None
    if data is None:
        return {}
    reading.files.append((name, data, 0))
    try:
        root = parse_xml(data, what=name)
    except LotmarkError as error:
        reading.refuse("LM-SUP-004", error.reason, Location(name))
        return {}
    found: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for component in (each for each in root.walk() if each.name == "component"):
        sums = {
            strong
            for each in component.walk()
            if each.name in {"sha256", "sha512"} and (strong := find_hash(f"{each.name}:{each.attributes.get('value', '')}")) is not None
        }
        told = component.attributes
        key = (f"{told.get('group', '')}:{told.get('name', '')}", told.get("version", ""))
        found[key] = tuple(sorted({*found.get(key, ()), *sums}))
    return found


class _Artifact(msgspec.Struct, rename="camel"):
    group_id: str
    artifact_id: str
    version: str = ""
    selected_version: str = ""
    checksum_algorithm: str = ""
    checksum: str = ""
    scope: str = "compile"
    included: bool = True
    children: list["_Artifact"] = []


class _Lock(msgspec.Struct, rename="camel"):
    dependencies: list[_Artifact]
    lock_file_version: int | None = None
    lockfile_version: int | None = None
    maven_plugins: list[_Artifact] = []


def read_maven(source: Source) -> Reading:
    """Read a lockfile.json of maven-lockfile; plugins are what the build needs."""
    reading = Reading()
    lock, lines = load_json(source, _Lock, reading)
    if lock is None:
        return reading
    pins: dict[tuple[str, str], Pin] = {}
    stack = [(artifact, True, _SCOPES.get(artifact.scope, "runtime")) for artifact in lock.dependencies]
    stack += [(artifact, True, "build") for artifact in lock.maven_plugins]
    while stack:
        artifact, direct, scope = stack.pop()
        stack += [(child, False, scope) for child in artifact.children]
        name, version = f"{artifact.group_id}:{artifact.artifact_id}", artifact.selected_version or artifact.version
        place = Location(source.name, lines.find(f'"{artifact.checksum}"' if artifact.checksum else "", f'"{artifact.artifact_id}"'))
        strong = find_hash(f"{artifact.checksum_algorithm.replace('-', '').lower()}:{artifact.checksum}")
        if not artifact.included:
            continue  # another version was selected; it stands where it was
        if not version or version.endswith("-SNAPSHOT"):
            reading.refuse("LM-SUP-005", f"{name} is locked as {version or 'nothing'}, which is not one version", place, name)
        elif strong is None:
            reading.refuse("LM-SUP-006", f"{name} {version} has no strong checksum", place, name)
        else:
            requires = sorted({(f"{each.group_id}:{each.artifact_id}", each.selected_version or each.version) for each in artifact.children})
            pin = Pin("Maven", name, version, (strong,), place, scope, direct=direct, requires=tuple(requires))
            pins[name, version] = merge_pin(pins[name, version], pin) if (name, version) in pins else pin
    reading.pins += [pins[key] for key in sorted(pins)]
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading
