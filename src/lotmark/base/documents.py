"""Strict configuration documents: YAML in, one msgspec type out, every complaint with file, line and column.

Refused: duplicate keys, unknown keys (with a suggestion), tags other than the YAML core scalars, several documents,
anchors that expand without end, files over the limit, bytes that are not UTF-8. The JSON Schema of a document is
generated from the same type, so the schema and the reader cannot disagree.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.base.limits import Limits

T = TypeVar("T")

DOCUMENT_LIMITS = Limits(max_bytes=4 * 1024 * 1024, max_depth=32, max_items=200_000)
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document(Generic[T]):
    """A parsed document with the place of each of its values.

    `where(("targets", 0, "name"))` is the Location of that value (or of the nearest enclosing one).
    """

    value: T
    digest: Digest
    path: str
    places: dict[_Path, Location]

    def where(self, path: _Path = ()) -> Location:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Location(self.path))


def read_document(path: Path, kind: type[T], *, name: str | None = None, limits: Limits = DOCUMENT_LIMITS) -> Document[T]:
    """Read the YAML (or JSON) file as `kind`, a msgspec Struct with ``forbid_unknown_fields=True``.

    `name` is how messages call the file (default: the path as given).

    Raises:
        UsageError: LM-CFG-001 unreadable, -002 not YAML, -003 duplicate key, -004 unknown key, -005 wrong value.
    """
    shown = name or str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            "LM-CFG-001",
            f"cannot read {shown}: {error.strerror}",
            where=shown,
            solution="create it with `lotmark init`, or point --config at the folder that holds it",
        ) from error
    return parse_document(data, kind, name=shown, limits=limits)


def parse_document(data: bytes, kind: type[T], *, name: str, limits: Limits = DOCUMENT_LIMITS) -> Document[T]:
    """As `read_document`, from bytes."""
    tree, places = parse_yaml(data, name=name, limits=limits)
    try:
        value = msgspec.convert(tree, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _located(error, tree, places, kind, name) from error
    return Document(value, Digest.of(data), name, places)


def parse_yaml(data: bytes, *, name: str, limits: Limits = DOCUMENT_LIMITS) -> tuple[Any, dict[_Path, Location]]:
    """Strict YAML -> plain values and the Location of each.

    Raises:
        UsageError: LM-CFG-002 or LM-CFG-003.
    """
    import yaml  # a command that reads no configuration does not pay for it

    if len(data) > limits.max_bytes:
        raise UsageError("LM-CFG-002", f"{name} has {len(data)} bytes, more than {limits.max_bytes}", where=name, solution="split the file")
    try:
        text = data.decode("utf-8")
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise UsageError("LM-CFG-002", f"{name} is not UTF-8 at byte {error.start}", where=name, solution="save the file as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise UsageError(
            "LM-CFG-002", f"{name} is not YAML: {getattr(error, 'problem', None) or error}", where=where, solution="mend the YAML at that place"
        ) from error
    places: dict[_Path, Location] = {}
    if node is None:
        return None, {(): Location(name, 1, 1)}
    return _construct(node, (), name, places, limits), places


def _construct(node: Any, path: _Path, name: str, places: dict[_Path, Location], limits: Limits) -> Any:
    location = Location(name, node.start_mark.line + 1, node.start_mark.column + 1)
    places[path] = location
    if len(path) > limits.max_depth or len(places) > limits.max_items:
        raise UsageError(
            "LM-CFG-002",
            f"{name} is nested deeper than {limits.max_depth} or holds more than {limits.max_items} values",
            where=str(location),
            solution="simplify the file; do not use nested YAML aliases",
        )
    if node.id == "scalar":
        return _scalar(node, location)
    if node.id == "sequence":
        return [_construct(item, (*path, i), name, places, limits) for i, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_place = Location(name, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key_node.id != "scalar":
            raise UsageError("LM-CFG-002", "a mapping key must be a plain text", where=str(key_place), solution="use a plain key")
        key = key_node.value
        if key in result:
            raise UsageError(
                "LM-CFG-003", f"the key {key!r} stands twice", where=str(key_place), solution="remove one of them; the reader never guesses which one holds"
            )
        result[key] = _construct(value_node, (*path, key), name, places, limits)
        places[(*path, key, "\0key")] = key_place
    return result


# The YAML 1.2 core schema, not PyYAML's 1.1: there `no` is false, `1:30` is ninety and `2026-11-23` a date object.
_QUOTED = frozenset("'\"|>")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


def _scalar(node: Any, location: Location) -> Any:
    if node.tag not in _TAGS:
        raise UsageError("LM-CFG-002", f"the YAML tag {node.tag!r} is not allowed", where=str(location), solution="remove the tag")
    text: str = node.value
    if node.style in _QUOTED:  # the C parser says '' where the Python one says None for a plain scalar
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value"))
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?P<key>key in )?\$?(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(?P<field>.*)`")


def _located(error: msgspec.ValidationError, tree: Any, places: dict[_Path, Location], kind: type, name: str) -> UsageError:
    match = _AT.match(str(error))
    what = match["what"] if match else str(error)
    path = _resolve(tree, match["path"] or "" if match else "")
    unknown = _UNKNOWN.search(what)
    if unknown:
        field = unknown["field"]
        place = _key_place(places, path, field) or places.get(path, Location(name))
        known = sorted(_field_names(kind))
        close = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "remove it; the allowed keys are in the JSON Schema of this file"
        return UsageError("LM-CFG-004", f"unknown key {field!r} in {name}", where=str(place), solution=hint)
    while path and path not in places:
        path = path[:-1]
    dotted = ".".join(str(p) for p in path) or "the document"
    what = what.replace("Object", "Mapping").replace("`", "'")
    return UsageError(
        "LM-CFG-005", f"{dotted}: {what}", where=str(places.get(path, Location(name))), solution="see the JSON Schema of this file for the allowed values"
    )


def _key_place(places: dict[_Path, Location], below: _Path, field: str) -> Location | None:
    """Where the key `field` stands at or below a path (msgspec does not say which entry of a mapping it meant)."""
    found = [place for path, place in places.items() if path[-2:] == (field, "\0key") and path[: len(below)] == below]
    return found[0] if found else None


def _resolve(tree: Any, dotted: str) -> _Path:
    """An error path of msgspec (``.targets[0].name``, ``[...]`` for any mapping value) -> a path into the tree."""
    path: list[str | int] = []
    current = tree
    for step in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", dotted):
        key: str | int = step[0] or step[1]
        if step[1] == "...":
            return tuple(path)
        if step[1]:
            key = int(step[1])
        try:
            current = current[key]
        except (KeyError, IndexError, TypeError):
            return tuple(path)
        path.append(key)
    return tuple(path)


def _field_names(kind: type) -> Iterator[str]:
    """Every wire key of `kind` and of the Structs below it."""
    schema = msgspec.json.schema(kind)
    for definition in schema.get("$defs", {}).values():
        yield from definition.get("properties", {})


def document_schema(kind: type, *, title: str, identifier: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document type, for editors."""
    schema = msgspec.json.schema(kind)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identifier, "title": title, **schema}
