"""Which lock files there are, declared and found, and reading them all into one set of pins."""

import fnmatch
import hashlib
import importlib
import json
import posixpath
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from lotmark.base.errors import UsageError
from lotmark.base.findings import Location, Severity
from lotmark.base.paths import RootedPath
from lotmark.product.models import DependencySection
from lotmark.supply._files import read_limited
from lotmark.supply._findings import make_finding
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import MAX_LOCK_BYTES, Reader, Reading, Source, merge_pin
from lotmark.supply.models import Lock, LockKind, Pin
from lotmark.supply.ports import Places, SourceFiles

_READERS: dict[LockKind, str] = {
    "pip": "pip:read_pip",
    "uv": "uv:read_uv",
    "npm": "npm:read_npm",
    "poetry": "toml_locks:read_poetry",
    "pylock": "toml_locks:read_pylock",
    "pdm": "pdm:read_pdm",
    "yarn": "yarn:read_yarn",
    "pnpm": "pnpm:read_pnpm",
    "cargo": "cargo:read_cargo",
    "go": "go:read_go",
    "gradle": "jvm:read_gradle",
    "maven": "jvm:read_maven",
    "conan": "conan:read_conan",
    "gem": "gem:read_gem",
    "cyclonedx": "cyclonedx:read_cyclonedx",
    "spdx": "spdx:read_spdx",
}
"""Module and function of each reader; a check loads only those that it needs."""
_BY_NAME: tuple[tuple[str, LockKind], ...] = (
    ("uv.lock", "uv"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("poetry.lock", "poetry"),
    ("pylock.toml", "pylock"),
    ("pylock.*.toml", "pylock"),
    ("*.poetry.lock", "poetry"),
    ("pdm.lock", "pdm"),
    ("*.pdm.lock", "pdm"),
    ("yarn.lock", "yarn"),
    ("pnpm-lock.yaml", "pnpm"),
    ("Cargo.lock", "cargo"),
    ("go.sum", "go"),
    ("*gradle.lockfile", "gradle"),
    ("conan.lock", "conan"),
    ("Gemfile.lock", "gem"),
    ("gems.locked", "gem"),
    ("bom.json", "cyclonedx"),
    ("*.cdx.json", "cyclonedx"),
    ("*.bom.json", "cyclonedx"),
    ("*.spdx.json", "spdx"),
    ("*.spdx", "spdx"),
    ("*requirements*.txt", "pip"),
    ("*requirements*.lock", "pip"),
)
_DESCRIBING = frozenset({"cyclonedx", "spdx"})
"""Kinds of which a repository may hold files for other ends, so that one that is not declared is no finding."""
_FOREIGN = (
    *("bun.lock", "bun.lockb", "deno.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "composer.lock", "packages.lock.json"),
    *("Podfile.lock", "Package.resolved", "mix.lock", "pubspec.lock"),
)
"""Lock files that are recognised so that they are not overlooked, but not read."""
_ONE_FILE = frozenset({"npm", "crates.io", "Go"})
"""Ecosystems in which a version is exactly one file, so that two hashes of one kind contradict each other."""
_ENDINGS = tuple({PurePosixPath(name).suffix for name in (*(pattern for pattern, _ in _BY_NAME), *_FOREIGN)})
_ASIDE = frozenset({"test", "tests", "testing", "testdata", "test-data", "fixtures", "doc", "docs"})
_LIST = "list of requirements"


def find_kind(path: str) -> LockKind | None:
    """The kind of lock file that a file's name tells."""
    name = PurePosixPath(path).name
    for pattern, kind in _BY_NAME:
        if fnmatch.fnmatchcase(name, pattern):
            return kind
    folder = PurePosixPath(path).parent.name
    return "pip" if folder == "requirements" and name.endswith(".txt") else None


def _load_reader(kind: LockKind) -> Reader:
    module, _, name = _READERS[kind].partition(":")
    reader: Reader = getattr(importlib.import_module(f"lotmark.supply._readers.{module}"), name)
    return reader


class LockSet:
    """The lock files of one product, read."""

    def __init__(self, product_root: Path, config_root: Path, declared: DependencySection, files: SourceFiles, markers: Markers, where: Places) -> None:
        self._config_root = config_root
        self._same_root = product_root == config_root
        self._declared = declared
        self._files = files
        self._markers = markers
        self._where = where
        self.reading = Reading()
        self.locks: list[Lock] = []
        self._seen: set[str] = set()
        self._paths: set[str] = set()
        self._empty: list[tuple[str, Location, bool]] = []
        """Locks that pin nothing: path, place of the declaration, and whether no tool writes such a file."""

    def read(self) -> None:
        """Read every declared lock file, look for undeclared ones, and judge the set."""
        for index, lock in enumerate(self._declared.locks):
            place = self._where(("locks", index, "path"))
            path = posixpath.normpath(lock.path)
            self._paths.add(path)
            kind = lock.kind or find_kind(path)
            if kind is None:
                self.reading.refuse("LM-SUP-003", f"the kind of the lock file {path} is not known", place, path)
            else:
                self._read_one(path, kind, place)
        self._check_empty()
        self._check_declaration()
        self._check_tree()
        self._check_conflicts()

    def _read_one(self, path: str, kind: LockKind, place: Location) -> None:
        try:
            data = self._bytes(path)
        except (OSError, UsageError) as error:
            self.reading.refuse("LM-SUP-002", f"the lock file {path} cannot be read: {getattr(error, 'strerror', None) or error}", place, path)
            return
        one = _load_reader(kind)(Source(path, data, self._bytes, self._markers))
        self.reading.pins += one.pins
        self.reading.left_out += one.left_out
        self.reading.findings += one.findings
        if not one.findings and not one.pins and (kind in _DESCRIBING or not one.left_out):
            self._empty.append((path, place, kind in _DESCRIBING or not data.strip()))
        # A file that was refused before anything was read is still a named input of the judgement.
        for name, content, count in one.files or [(path, data, 0)]:
            if name not in self._seen:
                self._seen.add(name)
                self.locks.append(Lock(name, kind, hashlib.sha256(content).hexdigest(), count, content))

    def _bytes(self, path: str) -> bytes:
        """A lock file lies in the product, or beside a configuration that was given from outside."""
        try:
            return self._files.read(path, MAX_LOCK_BYTES)
        except FileNotFoundError:
            if self._same_root:
                raise
            return read_limited(RootedPath(self._config_root).join(path), MAX_LOCK_BYTES)

    def _check_empty(self) -> None:
        """A lock that pins nothing refuses, unless its tool wrote it beside others that do: then it is a part without dependencies."""
        if self._declared.none is not None:
            return
        alone = not self.reading.pins and not self.reading.left_out
        for path, place, is_blank in self._empty:
            severity = Severity.ERROR if alone or is_blank else Severity.WARNING
            self.reading.findings.append(make_finding("LM-SUP-011", f"{path} holds no component", place, subject=path, severity=severity))

    def _check_declaration(self) -> None:
        none, locks = self._declared.none, self._declared.locks
        if none is None and not locks:
            self.reading.refuse("LM-SUP-001", "neither lock files nor `none` are declared", self._where(()))
        if none is not None and self.reading.pins and not self.reading.findings:
            self.reading.refuse("LM-SUP-009", f"`none` is declared, but the lock files pin {len(self.reading.pins)} components", self._where(("none",)))

    def _check_tree(self) -> None:
        """Dependency files that lie in the repository without being declared."""
        names = sorted(self._files.names())
        for name in names:
            what = _describe(name)
            if what is None or name in self._seen or name in self._paths:
                continue
            aside = bool(_ASIDE & {part.lower() for part in PurePosixPath(name).parts[:-1]})
            if self._declared.none is not None:
                self._add("LM-SUP-009", f"`none` is declared, but there is a {what}: {name}", name, aside)
            else:
                self._add("LM-SUP-008", f"there is a {what} that is not declared: {name}", name, aside or what == _LIST)
        if self._declared.none is not None:
            for name in ("pyproject.toml", "package.json"):
                if name in names and self._requires_some(name):
                    self._add("LM-SUP-009", f"`none` is declared, but {name} lists dependencies", name, False)

    def _add(self, code: str, message: str, name: str, mild: bool) -> None:
        severity = Severity.WARNING if mild else Severity.ERROR
        self.reading.findings.append(make_finding(code, message, Location(name), subject=name, severity=severity))

    def _requires_some(self, name: str) -> bool:
        """Whether a manifest lists dependencies; one that cannot be read is taken to."""
        import tomllib

        try:
            text = self._files.read(name, MAX_LOCK_BYTES).decode("utf-8")
            tree: Any = tomllib.loads(text).get("project", {}) if name.endswith(".toml") else json.loads(text)
            return bool(tree.get("dependencies")) or bool(tree.get("optional-dependencies")) or bool(tree.get("optionalDependencies"))
        except (OSError, UsageError, ValueError, RecursionError, AttributeError):
            return True

    def _check_conflicts(self) -> None:
        self._check_hashes()
        if not self._markers.decisive:
            return
        pinned: dict[str, Pin] = {}
        for pin in self.reading.pins:
            if pin.ecosystem != "PyPI" or not pin.needed:
                continue
            first = pinned.setdefault(pin.name, pin)
            if first.version != pin.version:
                self.reading.refuse(
                    "LM-SUP-010", f"{pin.name} is pinned to {pin.version} here and to {first.version} at {first.location}", pin.location, pin.name
                )

    def _check_hashes(self) -> None:
        """Two pins of one version whose hashes exclude each other: one of the lock files was changed by hand, or the registry's file was."""
        seen: dict[tuple[str, str, str, str], tuple[str, Location]] = {}
        for pin in self.reading.pins:
            if pin.ecosystem not in _ONE_FILE:
                continue
            for algorithm, digits in pin.hashes:
                known, place = seen.setdefault((pin.ecosystem, pin.name, pin.version, algorithm), (digits, pin.location))
                if known != digits:
                    self.reading.refuse("LM-SUP-013", f"{pin.name} {pin.version} has another {algorithm} here than at {place}", pin.location, pin.name)


def _describe(name: str) -> str | None:
    """What kind of dependency file a name tells, None for any other file."""
    if not name.endswith(_ENDINGS):
        return None  # nearly every file of a repository
    if PurePosixPath(name).name in _FOREIGN:
        return "lock file"
    kind = find_kind(name)
    if kind is None or kind in _DESCRIBING:
        return None
    return _LIST if kind == "pip" else "lock file"


def merge_pins(pins: Iterable[Pin]) -> list[Pin]:
    """One pin per component: the same name and version in two lock files is the same thing, needed for both ends."""
    merged: dict[tuple[str, str, str], Pin] = {}
    for pin in pins:
        key = (pin.ecosystem, pin.name, pin.version)
        first = merged.get(key)
        merged[key] = merge_pin(first, pin) if first else pin
    return [merged[key] for key in sorted(merged)]
