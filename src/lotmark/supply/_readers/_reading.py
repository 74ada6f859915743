"""What every reader of a lock file gives back, and the small helpers that the readers share."""

import base64
import binascii
import bisect
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec

from lotmark.base.documents import parse_yaml
from lotmark.base.errors import IntegrityError, UsageError
from lotmark.base.findings import Finding, Location
from lotmark.base.limits import Limits
from lotmark.base.strict_yaml import KEY
from lotmark.intake.api import parse_json
from lotmark.supply._findings import make_finding
from lotmark.supply._markers import Markers
from lotmark.supply.models import LeftOut, Pin, Scope

T = TypeVar("T")

MAX_LOCK_BYTES = 32 * 1024 * 1024
STRONG: dict[str, int] = {"sha256": 64, "sha384": 96, "sha512": 128}
"""The hash algorithms that count, with the number of their hex digits."""

_HEX = re.compile(r"[0-9a-f]+\Z")
_YAML_LIMITS = Limits(max_bytes=MAX_LOCK_BYTES, max_depth=32, max_items=2_000_000)
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


def decode_text(data: bytes, name: str, reading: Reading) -> str | None:
    """UTF-8 (a byte order mark is allowed) -> text whose lines end with a line feed alone; None after a refusal."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        reading.refuse("LM-SUP-002", f"{name} is not UTF-8 at byte {error.start}", Location(name), cure="save the lock file as UTF-8")
        return None


def number_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines as the tools see them, counted from 1: U+2028 and the like, at which `str.splitlines` breaks, end none."""
    return enumerate(text.split("\n"), start=1)


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


class Lines:
    """The lines of a text, found by what stands in them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def at(self, position: int) -> int:
        """The line of a position in the text, counted from 1."""
        return bisect.bisect_left(self._ends, position) + 1

    def find(self, *words: str) -> int:
        """The line in which the first of the words that occurs stands, 0 if none does."""
        positions = (self.text.find(word) for word in words if word)
        return next((self.at(position) for position in positions if position >= 0), 0)


def load_json(source: Source, kind: type[T], reading: Reading) -> tuple[T | None, Lines]:
    """A JSON lock file as a msgspec type, and the lines of its text; None after a refusal."""
    text = decode_text(source.data, source.name, reading) or ""
    lines = Lines(text)
    if reading.findings:
        return None, lines
    try:
        tree = parse_json(text.encode("utf-8"), what=source.name)
    except IntegrityError as error:
        line = (error.where or "").removeprefix(source.name).strip(":").partition(":")[0]
        reading.refuse("LM-SUP-004", error.reason, Location(source.name, int(line or 0)))
        return None, lines
    return convert(tree, kind, source.name, lambda _: 0, reading), lines


def load_yaml(source: Source, kind: type[T], reading: Reading) -> tuple[T | None, Callable[..., int]]:
    """A YAML lock file as a msgspec type, and the line of a path of keys; None after a refusal."""
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return None, lambda *_: 0
    try:
        tree, places = parse_yaml(text.encode(), name=source.name, limits=_YAML_LIMITS)
    except UsageError as error:
        line = (error.where or "").removeprefix(source.name).strip(":").partition(":")[0]
        reading.refuse("LM-SUP-004", error.reason, Location(source.name, int(line or 0)))
        return None, lambda *_: 0

    def line_of(*path: str) -> int:
        place = places.get((*path, KEY)) or places.get(path)
        return place.line if place else 0

    return convert(tree, kind, source.name, lambda _: 0, reading), line_of


def beside(source: Source, name: str) -> bytes | None:
    """The bytes of another file in the lock's folder; None where there is none."""
    try:
        return source.read(posixpath.join(posixpath.dirname(source.name), name))
    except (OSError, UsageError):
        return None


def reach(roots: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that is reached from the roots along the edges, the roots among it."""
    seen: set[str] = set()
    queue = list(roots)
    while queue:
        key = queue.pop()
        if key not in seen:
            seen.add(key)
            queue += edges.get(key, ())
    return seen


def merge_pin(first: Pin, second: Pin) -> Pin:
    """One pin of two for the same component: needed for both ends, with the hashes and edges of both."""
    needed = first.needed or second.needed
    return replace(
        first,
        hashes=tuple(sorted({*first.hashes, *second.hashes})),
        scope=strongest((first.scope, second.scope)),
        needed=needed,
        group="" if needed else first.group,
        direct=first.direct or second.direct,
        licence=_both(first.licence, second.licence),
        requires=tuple(sorted({*first.requires, *second.requires})),
        supplier=first.supplier or second.supplier,
    )


def _both(first: str, second: str) -> str:
    """What two sources say of one licence: both hold, since nothing says that one may choose."""
    return f"({first}) AND ({second})" if first and second and first != second else first or second
