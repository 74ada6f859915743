"""go.mod and go.sum: the modules that go.mod requires, each with its ``h1:`` hash from go.sum.

Formats: https://go.dev/ref/mod. Since Go 1.17 go.mod lists every module of the build, go.sum also older ones that were only
looked at; so go.mod says what is a component and go.sum what its bytes are. ``h1`` is a SHA-256 over the hashes of the
module's files, not of an archive.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from lotmark.base.findings import Location
from lotmark.supply._names import format_purl
from lotmark.supply._readers._reading import Reading, Source, beside, decode_text, number_lines
from lotmark.supply.models import LeftOut, Pin

_VERSION = re.compile(r"v\d+\.\d+\.\d+\S*\Z")
_BLOCKS = frozenset({"require", "replace", "exclude", "retract", "tool", "godebug", "ignore"})
_SINGLE = frozenset({"module", "go", "toolchain"})


@dataclass(slots=True)
class _Mod:
    """What go.mod says: required modules (version, line, whether direct) and replacements."""

    go: tuple[int, ...] = (1, 16)
    required: dict[str, tuple[str, int, bool]] = field(default_factory=dict)
    replaced: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)


def read_go(source: Source) -> Reading:
    """Read a go.sum with the go.mod beside it; see the module for what is refused."""
    reading = Reading()
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return reading
    place = source.name.removesuffix("go.sum") + "go.mod"
    data = beside(source, "go.mod")
    if data is None:
        reading.refuse("LM-SUP-002", f"{source.name} says nothing without {place}, which cannot be read", Location(source.name), cure="commit go.mod beside it")
        return reading
    sums = _read_sum(text, source.name, reading)
    mod = _read_mod(decode_text(data, place, reading) or "", place, reading)
    if mod.go < (1, 17) and mod.required:
        cure = "run `go mod tidy -go=1.17` or newer"
        reading.refuse("LM-SUP-004", f"{place} is of a Go before 1.17 and does not list every module of the build", Location(place, 1), cure=cure)
    for path, (version, line, direct) in mod.required.items():
        _pin(path, version, Location(place, line), mod, sums, reading, direct=direct)
    reading.files += [(source.name, source.data, len(reading.pins)), (place, data, 0)]
    return reading


def _pin(path: str, version: str, place: Location, mod: _Mod, sums: dict[tuple[str, str], str], reading: Reading, *, direct: bool) -> None:
    replacement = mod.replaced.get((path, version)) or mod.replaced.get((path, ""))
    if replacement is not None and not replacement[1]:
        reading.refuse("LM-SUP-007", f"{path} is replaced by the folder {replacement[0]}, no module of a registry", place, path)
        return
    if replacement is not None:
        reading.left_out.append(LeftOut(format_purl("Go", path, version), f"replaced by {replacement[0]} {replacement[1]}"))
        path, version = replacement
    if not _VERSION.match(version):
        reading.refuse("LM-SUP-005", f"{path} is required as {version!r}, which is no version", place, path)
        return
    digits = sums.get((path, version))
    if digits is None:
        # A module that only the graph needs has no content hash; nothing of it is compiled.
        if sums.get((path, f"{version}/go.mod")) and not direct:
            reading.left_out.append(LeftOut(format_purl("Go", path, version), "go.sum holds only its go.mod: no package of it is built"))
        else:
            reading.refuse("LM-SUP-006", f"{path} {version} has no `h1:` hash in go.sum", place, path, cure="run `go mod tidy` and commit go.sum")
        return
    reading.pins.append(Pin("Go", path, version, (("h1", digits),), place, direct=direct))


def _read_sum(text: str, name: str, reading: Reading) -> dict[tuple[str, str], str]:
    """(module, version or ``version/go.mod``) -> hex digits of the hash."""
    sums: dict[tuple[str, str], str] = {}
    for number, line in number_lines(text):
        words = line.split()
        if not words:
            continue
        digits = _decode(words[2]) if len(words) == 3 else ""
        if not digits:
            reading.refuse("LM-SUP-004", f"{name}: the line is not `module version h1:hash`", Location(name, number))
        elif sums.setdefault((words[0], words[1]), digits) != digits:
            reading.refuse("LM-SUP-013", f"{words[0]} {words[1]} has two different hashes", Location(name, number), words[0])
    return sums


def _decode(text: str) -> str:
    kind, _, encoded = text.partition(":")
    try:
        digits = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return digits.hex() if kind == "h1" and len(digits) == 32 else ""


def _read_mod(text: str, name: str, reading: Reading) -> _Mod:
    mod = _Mod()
    block = ""
    for number, raw in number_lines(text):
        line, _, comment = raw.partition("//")
        words = line.replace("(", " ( ").replace(")", " ) ").split()
        if not words:
            continue
        if block and words == [")"]:
            block = ""
            continue
        if not block and len(words) >= 2 and words[1] == "(" and words[0] in _BLOCKS:
            block = words[0] if words[-1] != ")" else ""
            continue
        directive, rest = (block, words) if block else (words[0], words[1:])
        fault = _take(mod, directive, [word.strip('"`') for word in rest], number, direct="indirect" not in comment)
        if fault:
            reading.refuse("LM-SUP-004", f"{name}: {fault}", Location(name, number))
    return mod


def _take(mod: _Mod, directive: str, words: list[str], line: int, *, direct: bool) -> str:
    """Note one directive; what is wrong with it, "" if nothing is."""
    unknown = "the line is not understood"
    if directive == "require" and len(words) == 2:
        known = mod.required.setdefault(words[0], (words[1], line, direct))
        return "" if known[0] == words[1] else f"{words[0]} is required as {words[1]} here and as {known[0]} at line {known[1]}"
    if directive == "replace" and "=>" in words:
        at = words.index("=>")
        old, new = words[:at], words[at + 1 :]
        if len(old) not in {1, 2} or len(new) not in {1, 2}:
            return unknown
        target = (new[0], new[1] if len(new) == 2 else "")
        known_target = mod.replaced.setdefault((old[0], old[1] if len(old) == 2 else ""), target)
        return "" if known_target == target else f"{old[0]} is replaced twice, by {known_target[0]} and by {target[0]}"
    if directive == "go" and words:
        numbers = re.findall(r"\d+", words[0])
        mod.go = tuple(int(each[:9]) for each in numbers[:2])
        return "" if numbers else unknown
    return "" if directive in (_BLOCKS | _SINGLE) - {"require", "replace"} else unknown
