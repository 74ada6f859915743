"""package-lock.json (and npm-shrinkwrap.json), lockfileVersion 1 to 3: every package with a strong `integrity`.

Format: https://docs.npmjs.com/cli/v10/configuring-npm/package-lock-json. Of version 2
and 3 only `packages` is read; the `dependencies` of version 2 repeat it for older tools.
"""

import re
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, Source, convert, find_integrity, load_json, merge_pin
from lotmark.supply._readers.npm1 import Package1, read_tree
from lotmark.supply.models import Pin

_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*\{')
_FOLDER = "node_modules/"


class _Package(msgspec.Struct, rename="camel"):
    name: str = ""
    version: str = ""
    resolved: str | bool | None = None
    integrity: str | None = None
    link: bool = False
    dev: bool = False
    in_bundle: bool = False
    license: Any = None
    dependencies: dict[str, str] = {}
    optional_dependencies: dict[str, str] = {}
    dev_dependencies: dict[str, str] = {}
    peer_dependencies: dict[str, str] = {}


class _Lock(msgspec.Struct, rename="camel"):
    lockfile_version: int = 0
    packages: dict[str, _Package] | None = None
    dependencies: Any = None


def read_npm(source: Source) -> Reading:
    """Read a package-lock.json; see the module for what is refused."""
    reading = Reading()
    lock, found = load_json(source, _Lock, reading)
    if lock is None:
        return reading
    if lock.lockfile_version == 1:
        tree = convert({} if lock.dependencies is None else lock.dependencies, dict[str, Package1], source.name, lambda _: 0, reading)
        lines = _lines(found.text)
        read_tree(source.name, tree or {}, lambda key: lines.get(key, 0), reading)
        reading.files.append((source.name, source.data, len(reading.pins)))
        return reading
    if lock.lockfile_version not in (2, 3) or lock.packages is None or "" not in lock.packages:
        reading.refuse(
            "LM-SUP-004",
            f"{source.name} has lockfileVersion {lock.lockfile_version}"
            + ("" if lock.lockfile_version not in (2, 3) else " but no `packages` with the root in it"),
            Location(source.name, 1),
            cure="write the lock file with npm 7 or newer (`npm install --package-lock-only`)",
        )
        return reading
    _Tree(source.name, lock.packages, _lines(found.text), reading).read()
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _lines(text: str) -> dict[str, int]:
    """The line of the first object of each key; keys of `packages` hold ``node_modules/``, so the first is the one."""
    lines: dict[str, int] = {}
    line, position = 1, 0
    for match in _KEY.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        lines.setdefault(match[1], line)
    return lines


class _Tree:
    """The tree of installed packages that the lock describes."""

    def __init__(self, name: str, packages: dict[str, _Package], lines: dict[str, int], reading: Reading) -> None:
        self.name = name
        self.packages = packages
        self.lines = lines
        self.reading = reading
        self.own = {key for key in packages if _FOLDER not in key}
        self.direct = {found for key in self.own for wanted in _wanted(packages[key], dev=True) if (found := self._find(key, wanted))}
        self.pins: dict[tuple[str, str], Pin] = {}

    def read(self) -> None:
        for key, package in self.packages.items():
            place = Location(self.name, self.lines.get(key, 0))
            if key.startswith("..") or "/../" in key:
                self.reading.refuse("LM-SUP-007", f"{key} lies outside the repository", place, key)
            elif package.link:
                target = package.resolved if isinstance(package.resolved, str) else ""
                if not target or target not in self.own:
                    self.reading.refuse("LM-SUP-007", f"{key} is a link to {target or 'nowhere'}, which is no workspace of this repository", place, key)
            elif key not in self.own:
                self._pin(key, package, place)
        self.reading.pins = list(self.pins.values())

    def _pin(self, key: str, package: _Package, place: Location) -> None:
        name = package.name or key.rpartition(_FOLDER)[2]
        resolved = package.resolved if isinstance(package.resolved, str) else ""
        if resolved and not resolved.startswith(("https://", "http://")):
            self.reading.refuse("LM-SUP-007", f"{name} comes from {resolved.partition(':')[0]}, no registry", place, name)
            return
        if not package.version:
            self.reading.refuse("LM-SUP-005", f"{name} has no version", place, name)
            return
        hashes = find_integrity(package.integrity or "")
        if not hashes and not (package.in_bundle and self._is_bundled(key)):
            what = "only a weak or malformed `integrity`" if package.integrity else "no `integrity`"
            self.reading.refuse("LM-SUP-006", f"{name} {package.version} has {what}", place, name)
            return
        requires = {
            (target.name or found.rpartition(_FOLDER)[2], target.version)
            for wanted in _wanted(package, dev=False)
            if (found := self._find(key, wanted)) and found not in self.own and (target := self.packages[found]).version
        }
        pin = Pin(
            "npm",
            name,
            package.version,
            hashes,
            place,
            "test" if package.dev else "runtime",
            True,
            "",
            key in self.direct,
            _licence(package.license),
            tuple(sorted(requires)),
        )
        known = self.pins.get((name, package.version))
        # The same package at two places of the tree is one component.
        self.pins[name, package.version] = merge_pin(known, pin) if known else pin

    def _is_bundled(self, key: str) -> bool:
        """Whether the package lies in the tarball of one above it, whose hash then covers it."""
        while (key := key.rpartition("/" + _FOLDER)[0]) in self.packages:
            if find_integrity(self.packages[key].integrity or ""):
                return True
        return False

    def _find(self, key: str, wanted: str) -> str | None:
        """The key of the package that `wanted` means when asked for by `key`: the nearest node_modules upwards."""
        while True:
            candidate = f"{key}/{_FOLDER}{wanted}" if key else f"{_FOLDER}{wanted}"
            if candidate in self.packages:
                package = self.packages[candidate]
                return package.resolved if package.link and isinstance(package.resolved, str) and package.resolved in self.packages else candidate
            if not key:
                return None
            key = key.rpartition("/" + _FOLDER)[0] if "/" + _FOLDER in key else ""


def _wanted(package: _Package, *, dev: bool) -> set[str]:
    wanted = {*package.dependencies, *package.optional_dependencies, *package.peer_dependencies}
    return wanted | {*package.dev_dependencies} if dev else wanted


def _licence(value: Any) -> str:
    """The `license` of a package.json: an expression, or the older ``{"type": ...}`` alone or in a list (any of them)."""
    if isinstance(value, str):
        return value
    entries = value if isinstance(value, list) else [value]
    types = [entry.get("type") if isinstance(entry, dict) else entry for entry in entries]
    words = [each for each in types if isinstance(each, str)]
    return " OR ".join(words) if words and len(words) == len(types) else ""
