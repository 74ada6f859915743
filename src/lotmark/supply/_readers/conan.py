"""conan.lock, Conan 1 (`graph_lock`) and Conan 2: references with recipe revisions.

Format: https://docs.conan.io/2/tutorial/versioning/lockfiles.html. A revision is an MD5 or a commit of the recipe and says nothing of the
sources or binaries, so a conan.lock alone is refused for want of strong hashes; its components are listed nonetheless.
"""

import re
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, load_json
from lotmark.supply.models import Pin, Scope

_REFERENCE = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_+.-]*)/(?P<version>[^@#\s]+)(?:@(?P<user>[^#\s]*))?(?:#(?P<revision>\S*))?\Z")
_CURE = "Conan has only MD5 revisions: declare the packages with their SHA-256 in a CycloneDX file (`kind: cyclonedx`) in place of conan.lock"


class _Lock(msgspec.Struct):
    version: str = ""
    requires: list[str] = []
    build_requires: list[str] = []
    python_requires: list[str] = []
    config_requires: list[str] = []
    graph_lock: dict[str, Any] | None = None


def read_conan(source: Source) -> Reading:
    """Read a conan.lock; each component is listed and refused (LM-SUP-006)."""
    reading = Reading()
    lock, lines = load_json(source, _Lock, reading)
    if lock is None:
        return reading
    sections: tuple[tuple[list[str], Scope], ...] = (
        (lock.requires, "runtime"),
        (lock.build_requires, "build"),
        (lock.python_requires, "build"),
        (lock.config_requires, "build"),
    )
    references = [(text, scope) for texts, scope in sections for text in texts]
    if lock.graph_lock is not None:
        references += [(text, "runtime") for text in _nodes(lock.graph_lock)]
    elif not lock.version:
        reading.refuse("LM-SUP-004", f"{source.name} has neither `version` nor `graph_lock`", Location(source.name, 1))
    for text, scope in references:
        _pin(text, scope, Location(source.name, lines.find(f'"{text}"')), reading)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _nodes(graph: dict[str, Any]) -> list[str]:
    nodes = graph.get("nodes")
    found = [node.get("ref") for node in nodes.values() if isinstance(node, dict)] if isinstance(nodes, dict) else []
    # The consumer itself has a path in place of a version, or no version.
    return [ref for ref in found if isinstance(ref, str) and "/" in ref and not ref.startswith("conanfile")]


def _pin(text: str, scope: Scope, place: Location, reading: Reading) -> None:
    match = _REFERENCE.match(text)
    if match is None:
        reading.refuse("LM-SUP-004", f"{text[:100]!r} is not `name/version#revision`", place)
        return
    name, version = match["name"].lower(), match["version"]
    if version.startswith("["):
        reading.refuse("LM-SUP-005", f"{name} is locked as the range {version}", place, name)
        return
    reading.refuse("LM-SUP-006", f"{name} {version} has only the revision {(match['revision'] or 'none').partition('%')[0][:40]}", place, name, cure=_CURE)
    reading.pins.append(Pin("ConanCenter", name, version, (), place, scope))
