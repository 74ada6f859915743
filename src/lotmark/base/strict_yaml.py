"""Strict YAML: the part of YAML on which readers agree, within limits, with the place of every value.

Read event by event, so depth and size are refused before anything is built, and no input reaches the recursion limit.

Refused, since two readers could see two different files or a reviewer something else than the machine: duplicate keys,
keys that are no text, merge keys, tags, directives, several documents, aliases that expand beyond the limits, lone
carriage returns and Unicode line ends (YAML 1.1 breaks lines there, 1.2 does not), invisible characters that reorder
text, control characters, also as escapes. A leading byte order mark is skipped.

Plain scalars are those of the YAML 1.2 core schema with decimal numbers alone: ``no``, ``on``, ``1:30``, ``0o17``,
``012``, ``1_000``, ``.inf`` and ``2026-11-23`` are text.
"""

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from lotmark.base.errors import UsageError
from lotmark.base.findings import Location
from lotmark.base.limits import Limits

Path = tuple[str | int, ...]
"""Where a value stands in the tree: keys and positions from the top."""

KEY = "\0key"
"""Last step of the path under which the place of a key, not of its value, stands; no key can hold NUL."""

_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
_UNSEEN_IN_FILE = re.compile(f"[{_UNSEEN}]|\r(?!\n)")
_UNSEEN_IN_VALUE = re.compile(f"[{_UNSEEN}\r\ud800-\udfff]")

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MAX_INT = 2**53 - 1


def parse_yaml(data: bytes, *, name: str, limits: Limits) -> tuple[Any, dict[Path, Location]]:
    """Strict YAML -> plain values and the Location of each; None for a file without a document.

    Raises:
        UsageError: LM-CFG-002 not strict YAML or beyond the limits, -003 duplicate key, -005 a number out of range.
    """
    import yaml  # a command that reads no configuration does not pay for it

    if len(data) > limits.max_bytes:
        raise UsageError("LM-CFG-002", f"{name} has more than {limits.max_bytes} bytes", where=name, solution="split the file")
    text = _decode(data, name)
    composer = _Composer(name, limits)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            composer.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise UsageError("LM-CFG-002", f"{name} is not YAML: {problem}", where=where, solution="mend the YAML at that place") from error
    if composer.root is None:
        return None, {(): Location(name, 1, 1)}
    expansion = _Expansion(name, limits)
    return expansion.build(composer.root, ()), expansion.places


def _decode(data: bytes, name: str) -> str:
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UsageError("LM-CFG-002", f"{name} is not UTF-8 at byte {error.start}", where=name, solution="save the file as UTF-8") from error
    unseen = _UNSEEN_IN_FILE.search(text)
    if unseen:
        line = text.count("\n", 0, unseen.start()) + 1
        column = unseen.start() - text.rfind("\n", 0, unseen.start())
        _refuse(f"the character U+{ord(unseen[0][0]):04X} cannot be seen and is not allowed", Location(name, line, column), "remove it")
    return text


@dataclass(slots=True)
class _Node:
    """A value as it was written: a scalar, a list of nodes, or key -> (place of the key, node)."""

    place: Location
    value: Any
    is_scalar: bool = False


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; `key` is the mapping's key that waits for its value."""

    node: _Node
    anchor: str | None
    key: tuple[str, Location] | None = None


class _Composer:
    """Takes YAML events one by one and builds the nodes; an alias stands for the node itself."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.root: _Node | None = None
        self._name = name
        self._limits = limits
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node] = {}
        self._count = 0

    def take(self, event: Any) -> None:
        kind = type(event).__name__
        place = Location(self._name, event.start_mark.line + 1, event.start_mark.column + 1)
        if kind == "DocumentStartEvent":
            if self.root is not None:
                _refuse("the file holds several documents", place, "keep one document in a file; remove the line ---")
            if event.version or event.tags:
                _refuse("YAML directives are not allowed", place, "remove the line that begins with %")
        elif kind == "AliasEvent":
            self._add(self._known(event.anchor, place))
        elif kind == "ScalarEvent":
            self._scalar(event, place)
        elif kind in {"SequenceStartEvent", "MappingStartEvent"}:
            self._begin(event, place, [] if kind == "SequenceStartEvent" else {})
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            done = self._open.pop()
            self._remember(done.anchor, done.node)
            self._add(done.node)

    def _known(self, anchor: str, place: Location) -> _Node:
        if self._wants_key():
            _refuse("a mapping key must be a plain text, not an alias", place, "write the key out")
        if anchor not in self._anchors:
            _refuse(f"the alias *{anchor} names nothing that ended before it", place, "define the anchor first, or write the value out")
        return self._anchors[anchor]

    def _scalar(self, event: Any, place: Location) -> None:
        self._check(event, place)
        text: str = event.value
        plain = event.style in {None, ""}
        unseen = _UNSEEN_IN_VALUE.search(text)
        if unseen:
            _refuse(f"the character U+{ord(unseen[0]):04X} cannot be seen and is not allowed", place, "remove the escape")
        if self._wants_key():
            self._key(text, place, plain=plain)
            return
        node = _Node(place, plain_scalar(text, place) if plain else text, is_scalar=True)
        self._remember(event.anchor, node)
        self._add(node)

    def _key(self, text: str, place: Location, *, plain: bool) -> None:
        mapping = self._open[-1]
        if plain and text == "<<":
            _refuse("the merge key << is not allowed", place, "write the entries out; other YAML readers do not know it")
        if plain and not isinstance(plain_scalar(text, place), str):
            _refuse(f"a mapping key must be a plain text; {text!r} is read as another type", place, "put the key in quotes")
        if text in mapping.node.value:
            raise UsageError(
                "LM-CFG-003", f"the key {text!r} stands twice", where=str(place), solution="remove one of them; the reader never guesses which one holds"
            )
        mapping.key = (text, place)

    def _begin(self, event: Any, place: Location, empty: Any) -> None:
        self._check(event, place)
        if self._wants_key():
            _refuse("a mapping key must be a plain text", place, "use a plain key")
        if len(self._open) >= self._limits.max_depth:
            _too_much(self._name, self._limits, place)
        self._open.append(_Open(_Node(place, empty), event.anchor))

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].node.value, dict) and self._open[-1].key is None

    def _check(self, event: Any, place: Location) -> None:
        if event.tag is not None:
            _refuse(f"the YAML tag {event.tag!r} is not allowed", place, "remove the tag; quotes make a text of a number")
        self._count += 1
        if self._count > self._limits.max_items:
            _too_much(self._name, self._limits, place)

    def _remember(self, anchor: str | None, node: _Node) -> None:
        if anchor is None:
            return
        if anchor in self._anchors:
            _refuse(f"the anchor &{anchor} is defined twice", node.place, "give each anchor its own name")
        self._anchors[anchor] = node

    def _add(self, node: _Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.key is None:
            parent.node.value.append(node)
            return
        key, place = parent.key
        parent.node.value[key] = (place, node)
        parent.key = None


class _Expansion:
    """Makes plain values of nodes, aliases written out: what they stand for counts each time towards the limits."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.places: dict[Path, Location] = {}
        self._name = name
        self._limits = limits
        self._count = 0

    def build(self, node: _Node, path: Path) -> Any:
        self._count += 1
        if len(path) > self._limits.max_depth or self._count > self._limits.max_items:
            _too_much(self._name, self._limits, node.place)
        self.places[path] = node.place
        if node.is_scalar:
            return node.value
        if isinstance(node.value, list):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        result: dict[str, Any] = {}
        for key, (place, value) in node.value.items():
            self.places[(*path, key, KEY)] = place
            result[key] = self.build(value, (*path, key))
        return result


def plain_scalar(text: str, place: Location) -> Any:
    """What a plain (unquoted) scalar means.

    Raises:
        UsageError: LM-CFG-005 for a number that other readers would round or refuse.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text):
        if len(text) > 17 or abs(int(text)) > _MAX_INT:
            raise UsageError("LM-CFG-005", f"the number {text[:40]} is beyond 2^53", where=str(place), solution="put it in quotes if it is a text")
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        if number in {float("inf"), float("-inf")}:
            raise UsageError("LM-CFG-005", f"the number {text[:40]} is out of range", where=str(place), solution="put it in quotes if it is a text")
        return number
    return text


def _too_much(name: str, limits: Limits, place: Location) -> NoReturn:
    _refuse(
        f"{name} is nested deeper than {limits.max_depth} or holds more than {limits.max_items} values", place, "simplify the file; do not nest YAML aliases"
    )


def _refuse(reason: str, place: Location, solution: str) -> NoReturn:
    raise UsageError("LM-CFG-002", reason, where=str(place), solution=solution)
