"""What every reader of a lock file gives back, and the small helpers that the readers share."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from lotmark.base.findings import Finding, Location
from lotmark.supply._findings import make_finding
from lotmark.supply._markers import Markers
from lotmark.supply.models import LeftOut, LockKind, Pin, Scope

T = TypeVar("T")

MAX_LOCK_BYTES = 32 * 1024 * 1024
STRONG: dict[str, int] = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The hash algorithms that count, with the number of their hex digits."""

_HEX = re.compile(r"[0-9a-f]+\Z")
_SCOPE_ORDER: tuple[Scope, ...] = ("runtime", "build", "test")


@dataclass(slots=True)
class Reading:
    """The yield of one lock file: pins, what was left out, findings, and the further files that it includes."""

    pins: list[Pin] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: list[tuple[str, bytes, int]] = field(default_factory=list)
    """Name, bytes and number of pins of every file that was read."""

    def refuse(self, code: str, message: str, location: Location, subject: str | None = None, cure: str | None = None) -> None:
        """Note a finding that refuses the lock file."""
        self.findings.append(make_finding(code, message, location, subject=subject, cure=cure))


@dataclass(frozen=True, slots=True)
class Source:
    """What a reader is given: the file's name as declared and its bytes, how to read included files, the markers."""

    name: str
    data: bytes
    read: Callable[[str], bytes]
    markers: Markers


Reader = Callable[[Source], Reading]
KINDS: tuple[LockKind, ...] = ("pip", "uv", "npm", "poetry", "pylock")


def decode_text(data: bytes, name: str, reading: Reading) -> str | None:
    """UTF-8 (a byte order mark is allowed) -> text; None after a refusal."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reading.refuse("LM-SUP-002", f"{name} is not UTF-8 at byte {error.start}", Location(name), cure="save the lock file as UTF-8")
        return None


def convert(tree: Any, kind: type[T], name: str, lines: Callable[[str], int], reading: Reading) -> T | None:
    """A parsed tree as a msgspec type; None after a refusal at the line that `lines` finds for msgspec's error path."""
    try:
        return msgspec.convert(tree, kind, strict=True)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `")
        path = path.rstrip("`")
        what = what.replace("`", "'")
        reading.refuse("LM-SUP-004", f"{name}: {what}" + (f" at {path}" if path else ""), Location(name, lines(path)))
        return None


def find_hash(text: str) -> tuple[str, str] | None:
    """``sha256:<hex>`` -> algorithm and lower-case hex; None unless it is strong and well-formed."""
    algorithm, _, digits = text.partition(":")
    digits = digits.lower()
    if len(digits) != STRONG.get(algorithm) or not _HEX.match(digits):
        return None
    return algorithm, digits


def find_integrity(text: str) -> tuple[tuple[str, str], ...]:
    """The strong hashes of a Subresource Integrity value (``sha512-<base64>``, several apart by spaces) as hex."""
    found = []
    for part in text.split():
        algorithm, _, encoded = part.partition("?")[0].partition("-")
        try:
            digits = base64.b64decode(encoded, validate=True).hex()
        except (binascii.Error, ValueError):
            continue
        if len(digits) == STRONG.get(algorithm):
            found.append((algorithm, digits))
    return tuple(sorted(found))


def strongest(scopes: Iterable[Scope]) -> Scope:
    """The scope that holds for something needed for several ends: runtime before build before test."""
    return min(scopes, key=_SCOPE_ORDER.index)


def group_scope(name: str) -> Scope:
    """The scope of an optional group, as its name tells: build groups build, all others are for tests and development."""
    return "build" if "build" in re.split(r"[^a-z]+", name.lower()) else "test"


def load_toml(source: Source, kind: type[T], table: str, reading: Reading) -> tuple[T | None, list[int]]:
    """A TOML lock file as a msgspec type, with the line of each ``[[table]]``; None after a refusal."""
    import tomllib

    text = decode_text(source.data, source.name, reading)
    if text is None:
        return None, []
    lines = _header_lines(text, table)
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        reading.refuse("LM-SUP-004", f"{source.name} is not TOML: {error}", Location(source.name, int(line[1]) if line else 0))
        return None, []

    def line_of(path: str) -> int:
        index = re.search(rf"{table}\[(\d+)\]", path)
        return lines[int(index[1])] if index and int(index[1]) < len(lines) else 0

    return convert(tree, kind, source.name, line_of, reading), lines


def _header_lines(text: str, table: str) -> list[int]:
    """The line of each ``[[table]]``; the tools write no multi-line string that looks like one."""
    lines, line, position = [], 1, 0
    for match in re.finditer(rf"^\[\[{table}\]\]", text, re.MULTILINE):
        line += text.count("\n", position, match.start())
        position = match.start()
        lines.append(line)
    return lines
