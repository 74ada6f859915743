"""pip requirements files in which every line is pinned with ``==`` and carries a strong ``--hash``.

Format: https://pip.pypa.io/en/stable/reference/requirements-file-format/. Joining of continued lines and comments
follows pip, so that what is read here is what pip installs.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.supply._names import format_purl, normalise_name
from lotmark.supply._readers._reading import Reading, Source, decode_text, find_hash, group_scope
from lotmark.supply.models import LeftOut, Pin, Scope

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_COMMENT = re.compile(r"(^|\s)#.*$")
_OPTION = re.compile(r"(?:^|(?<=\s))-")
# These say where to look or how to choose a file; the hash decides what is accepted. The second set takes no value.
_WITH_VALUE = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-binary", "--only-binary", "--trusted-host", "--use-feature", "-c", "--constraint"}
)
_BARE = frozenset({"--no-index", "--prefer-binary", "--require-hashes", "--pre"})
_MAX_FILES = 64
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz")


def read_pip(source: Source) -> Reading:
    """Read the requirements file and those that it includes; see the module for what is refused."""
    reading = Reading()
    _File(source, reading, source.name, source.data, []).read()
    return reading


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with continuations joined and comments removed, each with the number of its first physical line."""
    first, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        is_comment = line.lstrip().startswith("#")
        first = first or number
        if line.endswith("\\") and not is_comment:
            parts.append(line.rstrip("\\"))
            continue
        # A comment line ends a continued line; the blank keeps its "#" from being glued to the word before.
        parts.append(f" {line}" if is_comment else line)
        joined = _COMMENT.sub("", "".join(parts)).strip()
        if joined:
            yield first, joined
        first, parts = 0, []
    joined = _COMMENT.sub("", "".join(parts)).strip()
    if joined:
        yield first, joined


class _File:
    """One requirements file being read."""

    def __init__(self, source: Source, reading: Reading, name: str, data: bytes, chain: list[str]) -> None:
        self.source = source
        self.reading = reading
        self.name = name
        self.data = data
        self.chain = [*chain, name]
        self.scope = _file_scope(name)
        self.pins = 0

    def read(self) -> None:
        text = decode_text(self.data, self.name, self.reading)
        for number, line in logical_lines(text or ""):
            place = Location(self.name, number)
            try:
                self._line(line, place)
            except (ValueError, RecursionError) as error:
                self.reading.refuse("LM-SUP-004", f"the line cannot be read: {error}", place)
        self.reading.files.append((self.name, self.data, self.pins))

    def _line(self, line: str, place: Location) -> None:
        if line.startswith("-"):
            self._option(shlex.split(line), place)
            return
        at = _OPTION.search(line)
        text, options = (line[: at.start()].strip(), shlex.split(line[at.start() :])) if at else (line, [])
        requirement = self._requirement(text, place)
        if requirement is None:
            return
        version = self._version(requirement, place)
        hashes = self._hashes(requirement.name, options, place)
        if version is None or hashes is None:
            return
        name = normalise_name("PyPI", requirement.name)
        marker = str(requirement.marker or "")
        if not self.source.markers.holds(marker):
            self.reading.left_out.append(LeftOut(format_purl("PyPI", name, version), f"its marker does not hold here: {marker}"))
            return
        self.pins += 1
        self.reading.pins.append(Pin("PyPI", name, version, hashes, place, scope=self.scope))

    def _option(self, words: list[str], place: Location) -> None:
        option, equals, value = words[0].partition("=")
        if option[:2] in ("-r", "-c", "-e", "-i", "-f") and not option.startswith("--") and len(option) > 2:
            option, equals, value = words[0][:2], "=", words[0][2:]
        rest = [value] if equals else words[1:2]
        if option in ("-e", "--editable"):
            shown = _without_secret(" ".join(rest)) or "a dependency"
            self.reading.refuse("LM-SUP-007", f"{shown} is installed editable, so its code is whatever lies there", place, shown)
        elif option in ("-r", "--requirement"):
            self._include(rest[0] if rest else "", place)
        elif option not in _BARE and not (option in _WITH_VALUE and rest):
            self.reading.refuse(
                "LM-SUP-004", f"the option {option} is not known in a lock file", place, cure="remove the option, or write the lock file again with its tool"
            )

    def _include(self, target: str, place: Location) -> None:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), target))
        if "://" in target:
            self.reading.refuse(
                "LM-SUP-007", "a requirements file is included from a URL", place, _without_secret(target), cure="commit the file and include it by its path"
            )
        elif name in self.chain:
            self.reading.refuse("LM-SUP-004", f"{name} includes itself", place, cure="remove one of the -r lines")
        elif not any(name == seen for seen, _, _ in self.reading.files):
            if len(self.reading.files) + len(self.chain) > _MAX_FILES:
                self.reading.refuse("LM-SUP-004", f"more than {_MAX_FILES} files are included", place, cure="use fewer files")
                return
            try:
                data = self.source.read(name)
            except (OSError, UsageError) as error:
                self.reading.refuse("LM-SUP-002", f"the included file {target!r} cannot be read: {getattr(error, 'strerror', None) or error}", place)
                return
            _File(self.source, self.reading, name, data, self.chain).read()

    def _requirement(self, text: str, place: Location) -> "Requirement | None":
        from packaging.requirements import InvalidRequirement, Requirement

        shown = _without_secret(text)
        try:
            # pip takes what ends like an archive for a file, although it may be a name by the grammar.
            requirement = None if text.lower().endswith(_ARCHIVES) else Requirement(text)
        except InvalidRequirement:
            if "/" not in text and not text.startswith("."):
                raise ValueError(f"{shown!r} is no requirement") from None
            requirement = None
        if requirement is None:
            self.reading.refuse("LM-SUP-007", f"{shown} is a path or URL, no release of a registry", place, shown)
            return None
        if requirement.url:
            self.reading.refuse("LM-SUP-007", f"{requirement.name} comes from a URL, no release of a registry", place, requirement.name)
            return None
        return requirement

    def _version(self, requirement: "Requirement", place: Location) -> str | None:
        from packaging.version import InvalidVersion, Version

        specifiers = list(requirement.specifier)
        if len(specifiers) == 1 and specifiers[0].operator in ("==", "===") and not specifiers[0].version.endswith(".*"):
            try:
                return str(Version(specifiers[0].version))
            except InvalidVersion:
                raise ValueError(f"{specifiers[0].version!r} is no version (PEP 440)") from None
        said = f"`{requirement.specifier}`" if specifiers else "no version"
        self.reading.refuse("LM-SUP-005", f"{requirement.name} is not pinned: it has {said}", place, requirement.name)
        return None

    def _hashes(self, name: str, options: list[str], place: Location) -> tuple[tuple[str, str], ...] | None:
        found: set[tuple[str, str]] = set()
        words = iter(options)
        for word in words:
            option, equals, value = word.partition("=")
            if option in ("--config-settings", "--config-setting", "--global-option", "-C"):
                value = value if equals else next(words, "")
                continue
            if option != "--hash":
                raise ValueError(f"unknown option {option} after {name}")
            value = value if equals else next(words, "")
            strong = find_hash(value)
            if strong is None:
                self.reading.refuse("LM-SUP-006", f"the hash {value[:24]!r} of {name} is not a well-formed SHA-256, SHA-384 or SHA-512", place, name)
                return None
            found.add(strong)
        if not found:
            self.reading.refuse("LM-SUP-006", f"{name} has no hash", place, name)
            return None
        return tuple(sorted(found))


def _without_secret(text: str) -> str:
    """The text without user names and passwords in its URLs."""
    return re.sub(r"//[^/@\s]*@", "//", text)


def _file_scope(name: str) -> Scope:
    """What a requirements file is for, as far as its name tells; a plain one is for running the product."""
    words = set(re.split(r"[^a-z]+", name.rpartition("/")[2].lower()))
    if words & {"dev", "develop", "development", "test", "tests", "testing", "lint", "docs", "ci"}:
        return "test"
    return group_scope("build") if "build" in words else "runtime"
