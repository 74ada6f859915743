"""Strict configuration documents: YAML in, one msgspec type out, every complaint with file, line and column.

What is YAML here is said in `lotmark.base.strict_yaml`; unknown keys are refused with a suggestion. The JSON Schema of a
document is generated from the same type, so the schema and the reader cannot disagree.
"""

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from lotmark.base import strict_yaml
from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.base.limits import Limits
from lotmark.base.strict_yaml import KEY

T = TypeVar("T")

DOCUMENT_LIMITS = Limits(max_bytes=4 * 1024 * 1024, max_depth=32, max_items=200_000)
_Path = strict_yaml.Path


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
    solution = "create it with `lotmark init`, or point --config at the folder that holds it"
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for ever
            raise UsageError("LM-CFG-001", f"cannot read {shown}: it is not a file", where=shown, solution=solution)
        with path.open("rb") as stream:
            data = stream.read(limits.max_bytes + 1)
    except OSError as error:
        raise UsageError("LM-CFG-001", f"cannot read {shown}: {error.strerror}", where=shown, solution=solution) from error
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
        UsageError: LM-CFG-002, LM-CFG-003 or, for a number that is out of range, LM-CFG-005.
    """
    return strict_yaml.parse_yaml(data, name=name, limits=limits)


_AT = re.compile(r"^(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `(?P<field>.*)`")
_WANTS_QUOTES = re.compile(r"Expected `[^`]*\bstr\b[^`]*`, got `(int|float|bool)`")


def _located(error: msgspec.ValidationError, tree: Any, places: dict[_Path, Location], kind: type, name: str) -> UsageError:
    match = _AT.match(str(error))
    what, dotted, at_key = (match["what"], match["path"] or "", match["key"] is not None) if match else (str(error), "", False)
    path = _resolve(tree, dotted, at_key, lambda: _complains(tree, kind, str(error)))
    unknown = _UNKNOWN.search(what)
    if unknown:
        field = unknown["field"]
        known = sorted(_known_keys(kind, path))
        close = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"remove it; here stand: {', '.join(known)}"
        place = places.get((*path, field, KEY), places[path])
        return UsageError("LM-CFG-004", f"unknown key {field!r} in {name}", where=str(place), solution=hint)
    dotted = ".".join(str(step) for step in path if step != KEY) or "the document"
    solution = "put the value in quotes" if _WANTS_QUOTES.search(what) else "see the JSON Schema of this file for the allowed values"
    what = what.replace("Object", "Mapping").replace("`object`", "`mapping`").replace("`array`", "`list`").replace("`", "'")
    return UsageError("LM-CFG-005", f"{dotted}: {what}", where=str(places[path]), solution=solution)


def _complains(tree: Any, kind: type, text: str) -> bool:
    """Whether the tree is refused with exactly this message."""
    try:
        msgspec.convert(tree, kind, strict=True)
    except msgspec.ValidationError as error:
        return str(error) == text
    return False


def _resolve(tree: Any, dotted: str, at_key: bool, complains: Callable[[], bool]) -> _Path:
    """An error path of msgspec (``.targets[0].name``) -> a path into the tree.

    msgspec writes ``[...]`` for any entry of a mapping; which one it was is found by leaving others out.
    """
    path: list[str | int] = []
    current = tree
    for field, position in _STEP.findall(dotted):
        step: str | int | None = field or position
        if position == "...":
            step = _guilty(current, complains)
        elif position:
            step = int(position)
        if step is None:
            return tuple(path)
        current = current[step]
        path.append(step)
    guilty = _guilty(current, complains) if at_key else None
    return (*path, guilty, KEY) if guilty is not None else tuple(path)


def _guilty(mapping: Any, complains: Callable[[], bool]) -> str | None:
    """The key without whose entry the complaint would be another; halves the mapping in place and puts it back."""
    if not isinstance(mapping, dict):
        return None
    whole = dict(mapping)
    keys = list(whole)

    def complains_of(some: list[str]) -> bool:
        mapping.clear()
        mapping.update({key: whole[key] for key in some})
        return complains()

    while len(keys) > 1:
        half = keys[: len(keys) // 2]
        keys = half if complains_of(half) else keys[len(keys) // 2 :]
    found = bool(keys) and complains_of(keys)
    mapping.clear()
    mapping.update(whole)
    return keys[0] if found else None


def _known_keys(kind: type, path: _Path) -> set[str]:
    """The wire keys that may stand in the mapping at `path`, by the type's own schema."""
    schema = msgspec.json.schema(kind)
    options = [schema]
    for step in path:
        options = [below for option in options for found in _unfold(option, schema) for below in _below(found, step)]
    return {name for option in options for found in _unfold(option, schema) for name in found.get("properties", {})}


def _unfold(option: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema with references followed and alternatives side by side."""
    if "$ref" in option:
        yield from _unfold(schema["$defs"][option["$ref"].rpartition("/")[2]], schema)
    elif "anyOf" in option:
        for alternative in option["anyOf"]:
            yield from _unfold(alternative, schema)
    else:
        yield option


def _below(option: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    found = option.get("items") if isinstance(step, int) else option.get("properties", {}).get(step, option.get("additionalProperties"))
    if isinstance(found, dict):
        yield found


def document_schema(kind: type, *, title: str, identifier: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document type, for editors."""
    schema = msgspec.json.schema(kind)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identifier, "title": title, **schema}
