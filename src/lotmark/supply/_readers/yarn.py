"""yarn.lock, classic (version 1) and berry (yarn 2 and later): every package with a strong hash.

Formats: https://classic.yarnpkg.com/lang/en/docs/yarn-lock/, https://yarnpkg.com/features/plugnplay (the lock is plain YAML).
Classic locks the tarball by `integrity`; berry the archive that it makes of it, by `checksum`. `resolved` is not
trusted and may be missing. What is a development dependency only the package.json beside the lock tells; without it
everything counts as shipped.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import format_purl
from lotmark.supply._readers._reading import Reading, Source, beside, decode_text, find_integrity, load_yaml, number_lines, reach
from lotmark.supply.models import LeftOut, Pin

_CLASSIC = re.compile(r"^# yarn lockfile v1\s*$", re.MULTILINE)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,:"][^\s,"]*?(?=:?$|,|\s)')
_CHECKSUM = re.compile(r"(?:(\d+[a-z]\d+|\d+)/)?([0-9a-f]{128})\Z")
_DEPENDENCIES = ("dependencies", "optionalDependencies")


@dataclass(slots=True)
class _Entry:
    """One block of the lock: the descriptors that it answers, its fields and the line where it stands."""

    descriptors: tuple[str, ...]
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    wants: list[str] = field(default_factory=list)


def read_yarn(source: Source) -> Reading:
    """Read a yarn.lock of either generation; see the module for what is refused."""
    reading = Reading()
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return reading
    if _CLASSIC.search(text):
        _read_classic(source, text, reading)
    else:
        _read_berry(source, reading)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def split_descriptor(text: str) -> tuple[str, str]:
    """``@scope/name@range`` -> name and range."""
    name, _, wanted = text[1:].partition("@")
    return text[:1] + name, wanted


def _is_foreign(wanted: str) -> bool:
    """Whether a range names a place instead of versions of a registry: a URL, a git host, a folder."""
    return "://" in wanted or wanted.startswith(("git", "file:", "link:", "portal:", "exec:", ".", "/")) or bool(re.fullmatch(r"[\w.-]+/[\w.#-]+", wanted))


def _read_classic(source: Source, text: str, reading: Reading) -> None:
    try:
        entries = list(_blocks(text))
    except ValueError as error:
        line = error.args[1] if len(error.args) > 1 else 0
        reading.refuse("LM-SUP-004", f"{source.name}: {error.args[0]}", Location(source.name, line))
        return
    keys = {descriptor: f"{index}" for index, entry in enumerate(entries) for descriptor in entry.descriptors}
    scopes = _Scopes(source, keys, {f"{index}": entry.wants for index, entry in enumerate(entries)})
    for index, entry in enumerate(entries):
        name, wanted = split_descriptor(entry.descriptors[0])
        if wanted.startswith("npm:"):
            # An alias: what is installed is the package that the range names.
            name, wanted = split_descriptor(wanted.removeprefix("npm:")) if "@" in wanted[5:] else (name, wanted)
        place = Location(source.name, entry.line)
        version = entry.fields.get("version", "")
        resolved = entry.fields.get("resolved", "")
        hashes = find_integrity(entry.fields.get("integrity", ""))
        if _is_foreign(wanted) or (resolved and not resolved.startswith(("https://", "http://"))):
            reading.refuse("LM-SUP-007", f"{name} comes from {(wanted if _is_foreign(wanted) else resolved)[:100]}, no registry", place, name)
        elif not version:
            reading.refuse("LM-SUP-005", f"{name} has no version", place, name)
        elif not hashes:
            what = "only the SHA-1 behind its address" if re.search(r"#[0-9a-f]{40}\Z", resolved) else "no `integrity`"
            reading.refuse("LM-SUP-006", f"{name} {version} has {what}", place, name)
        else:
            requires = {
                (split_descriptor(entries[int(key)].descriptors[0])[0], entries[int(key)].fields.get("version", ""))
                for each in entry.wants
                if (key := keys.get(each)) is not None
            }
            scope, direct = scopes.of(f"{index}")
            reading.pins.append(Pin("npm", name, version, hashes, place, scope, direct=direct, requires=tuple(sorted(requires))))


def _blocks(text: str) -> Iterator[_Entry]:
    """The blocks of a classic lock.

    Raises:
        ValueError: the reason and the line, if a line follows no rule of the format.
    """
    entry: _Entry | None = None
    seen: set[str] = set()
    section = ""
    for number, line in number_lines(text):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip(" "))
        words = [_unquote(word, number) for word in _WORD.findall(stripped)]
        if indent == 0:
            if not stripped.endswith(":") or not words or any("@" not in word[1:] for word in words):
                raise ValueError("a line that is neither a package nor a field of one", number)
            twice = next((word for word in words if word in seen), None)
            if twice is not None:
                raise ValueError(f"{twice[:100]} stands twice", number)
            seen.update(words)
            if entry:
                yield entry
            entry, section = _Entry(tuple(words), number), ""
        elif entry is None or indent not in {2, 4} or not words or len(words) > 2:
            raise ValueError("a line that is neither a package nor a field of one", number)
        elif indent == 2:
            section = words[0] if len(words) == 1 and stripped.endswith(":") else ""
            if len(words) == 2 and entry.fields.setdefault(words[0], words[1]) != words[1]:
                raise ValueError(f"the field {words[0][:100]} stands twice", number)
        elif section in _DEPENDENCIES and len(words) == 2:
            entry.wants.append("@".join(words))
    if entry:
        yield entry


def _unquote(word: str, number: int) -> str:
    if not word.startswith('"'):
        return word
    try:
        return str(json.loads(word))
    except ValueError:
        raise ValueError(f"{word[:60]} is no quoted text", number) from None


class _Scopes:
    """What package.json beside the lock says of each entry: shipped or for development, asked for or pulled in."""

    def __init__(self, source: Source, keys: Mapping[str, str], wants: Mapping[str, list[str]]) -> None:
        data = beside(source, "package.json")
        self._direct: set[str] | None = None
        self._runtime: set[str] | None = None
        manifest = _manifest(data)
        if manifest is None or manifest.get("workspaces"):
            return
        edges = {key: [keys[each] for each in wanted if each in keys] for key, wanted in wants.items()}

        def roots(*sections: str) -> set[str]:
            wanted = [(name, text) for section in sections for name, text in (manifest.get(section) or {}).items()]
            return {key for name, text in wanted for form in (f"{name}@{text}", f"{name}@npm:{text}") if (key := keys.get(form)) is not None}

        try:
            shipped = roots("dependencies", "optionalDependencies")
            direct = shipped | roots("devDependencies")
        except AttributeError:
            return  # a package.json of another shape tells nothing
        if direct:
            self._direct, self._runtime = direct, reach(shipped, edges)

    def of(self, key: str) -> tuple[Any, bool]:
        """Scope, and whether it is direct."""
        return "runtime" if self._runtime is None or key in self._runtime else "test", self._direct is None or key in self._direct


def _manifest(data: bytes | None) -> dict[str, Any] | None:
    try:
        tree = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


class _Berry(msgspec.Struct, rename="camel"):
    version: Any = ""
    resolution: str = ""
    checksum: str = ""
    link_type: str = "hard"
    dependencies: dict[str, str] = {}


def _read_berry(source: Source, reading: Reading) -> None:
    lock, line_of = load_yaml(source, dict[str, Any], reading)
    if lock is None:
        return
    if not isinstance(lock.pop("__metadata", None), dict):
        reading.refuse("LM-SUP-004", f"{source.name} has neither the mark of yarn 1 nor the `__metadata` of later ones", Location(source.name, 1))
        return
    entries: dict[str, _Berry] = {}
    for key, value in lock.items():
        try:
            entries[key] = msgspec.convert(value, _Berry)
        except msgspec.ValidationError as error:
            reading.refuse("LM-SUP-004", f"{source.name}: {key}: {error}".replace("`", "'"), Location(source.name, line_of(key)))
    keys = {descriptor.strip(): key for key in entries for descriptor in key.split(",")}
    # Inside the lock an edge is written without the protocol that the key carries.
    keys |= {re.sub(r"@npm:(?=[^@]*\Z)", "@", descriptor): key for descriptor, key in keys.items()}
    own = {key for key, entry in entries.items() if entry.resolution.partition("@workspace:")[1]}
    edges = {key: [f"{name}@{wanted}" for name, wanted in entry.dependencies.items()] for key, entry in entries.items()}
    scopes = _Scopes(source, keys, edges)
    for key in [key for key in entries if key not in own]:
        entry, place = entries[key], Location(source.name, line_of(key))
        name, origin = split_descriptor(entry.resolution or key)
        version = str(entry.version)
        found = _CHECKSUM.match(entry.checksum)
        if origin.startswith("patch:"):
            reading.left_out.append(
                LeftOut(format_purl("npm", name, version), f"the entry is a patch of this repository over the package itself: {origin[:80]}")
            )
        elif not origin.startswith("npm:"):
            reading.refuse("LM-SUP-007", f"{name} comes from {origin[:100] or 'nowhere'}, no registry", place, name)
        elif not version or version == "None":
            reading.refuse("LM-SUP-005", f"{name} has no version", place, name)
        elif found is None:
            what = "a malformed `checksum`" if entry.checksum else "no `checksum`"
            reading.refuse("LM-SUP-006", f"{name} {version} has {what}", place, name)
        else:
            targets = (keys.get(each) for each in edges[key])
            requires = {(split_descriptor(entries[each].resolution)[0], str(entries[each].version)) for each in targets if each and each not in own}
            scope, direct = scopes.of(key)
            reading.pins.append(Pin("npm", name, version, (("berry", found[2]),), place, scope, direct=direct, requires=tuple(sorted(requires))))
