"""Foreign items -> native ones, by a mapping: ids, types, links, texts; every field lands somewhere or is said."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lotmark.base.findings import Finding, Location, Severity
from lotmark.ids.api import look_alike_key
from lotmark.trace._foreign import ForeignDocument, ForeignItem, Text
from lotmark.trace._local import local_id
from lotmark.trace._mapping import OWN_MAPPING, OWN_SECTION, MappingFile, has_qualifier, split_targets, type_of
from lotmark.trace._policy import EXTENSION
from lotmark.trace._writer import as_body, find_unwritable, one_line
from lotmark.trace.models import ItemType, TraceGraph, Value

MAX_TITLE = 120
_LETTERS_DIGITS = re.compile(r"([A-Za-z][A-Za-z0-9]{0,14}?)[-_. ]?([0-9]{1,9}(?:[-_.][0-9]{1,9}){0,5})\Z")


@dataclass(slots=True)
class NativeItem:
    """An item as it would be written."""

    id: str
    foreign_id: str
    kind: ItemType
    path: str
    """Of the source, as shown."""
    line: int
    values: dict[str, Value]
    text: str
    sections: dict[str, str]
    chapter: tuple[str, ...] = ()


@dataclass(slots=True)
class Carried:
    """What became of the documents: items, the names that changed, and numbers that must agree with the source."""

    items: list[NativeItem] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    """Foreign id -> id, where they differ."""
    links: int = 0
    dangling: list[tuple[str, str, str]] = field(default_factory=list)
    """(id, link, target) of links that lead to no item here or there."""
    empty: list[str] = field(default_factory=list)
    """Ids of items without a target in any field of links."""
    extensions: dict[str, int] = field(default_factory=dict)
    """Foreign field -> number of items in which it is kept as an extension."""
    findings: list[Finding] = field(default_factory=list)


def carry(documents: Sequence[ForeignDocument], mapping: MappingFile, graph: TraceGraph, name: str) -> Carried:
    """The items of the documents as items of the graph's product; `name` is what the import is called."""
    return _Carrier(documents, mapping, graph, name).run()


class _Carrier:
    def __init__(self, documents: Sequence[ForeignDocument], mapping: MappingFile, graph: TraceGraph, name: str) -> None:
        self._documents = documents
        self._mapping = mapping
        self._graph = graph
        self._name = name
        self._result = Carried()
        self._ids: dict[str, str] = {}
        self._slugs: dict[str, str] = {}
        self._taken = {look_alike_key(item_id) for item_id in graph.items}
        self._numbers: dict[str, int] = {}

    def run(self) -> Carried:
        # Ids that stay as they are come before ids that are made, so that none of these takes the name of one of those.
        own = (local_id(item.id, self._graph.product) for document in self._documents for item in document.items)
        self._taken.update(look_alike_key(item_id) for item_id in own if item_id is not None)
        chosen: list[tuple[str, ForeignItem, str]] = []
        for document in self._documents:
            for item in document.items:
                if item.id in self._ids:
                    self._say(
                        document.path,
                        item,
                        "LM-TRC-011",
                        f"{item.id!r} stands twice in the source; the first was carried over",
                        "give it an id of its own there",
                    )
                    continue
                type_name = self._type(item)
                if type_name == "skip":
                    self._say(document.path, item, "LM-TRC-053", f"{item.id} is left out by the mapping ({item.kind or 'no kind'})", "nothing", Severity.INFO)
                    continue
                kind = type_of(type_name, self._graph.policy)
                if kind is None:
                    self._say(
                        document.path, item, "LM-TRC-059", f"the mapping gives {item.id} the type {type_name!r}, which does not exist", "correct the mapping"
                    )
                    continue
                self._ids[item.id] = self._id(item.id, kind)
                chosen.append((document.path, item, type_name))
        for path, item, type_name in chosen:
            self._carry(path, item, type_name)
        return self._result

    # ---- names

    def _type(self, item: ForeignItem) -> str:
        types = self._mapping.types
        word = _joined(item.fields.get(types.field, "")) if types.field else item.kind
        return types.words.get(word, types.default)

    def _id(self, foreign: str, kind: ItemType) -> str:
        """The id that it has here already; itself; rewritten; or the next number of its prefix."""
        known = self._graph.aliases.get(foreign)
        if known is not None:
            return known
        product = self._graph.product
        own = local_id(foreign, product)
        if own is not None and ":" not in own:
            self._taken.add(look_alike_key(own))
            return own
        ids = self._mapping.ids
        if ids.pattern and (match := re.fullmatch(ids.pattern, foreign)):
            own = local_id(match.expand(ids.to), product)
        elif not ids.prefix and (match := _LETTERS_DIGITS.match(foreign)):
            own = local_id(f"{match[1].upper()}-{re.sub('[_.]', '-', match[2])}", product)
        if own is None or look_alike_key(own) in self._taken:
            own = self._next(ids.prefix or kind.prefix, ids.digits)
        self._taken.add(look_alike_key(own))
        return own

    def _next(self, prefix: str, digits: int) -> str:
        number = self._numbers.get(prefix) or max(
            (
                int(item_id.rpartition("-")[2])
                for item_id in (*self._graph.items, *self._graph.aliases)
                if item_id.rpartition("-")[0] == prefix and item_id.rpartition("-")[2].isdigit()
            ),
            default=0,
        )
        while True:
            number += 1
            found = f"{prefix}-{number:0{digits}d}"
            if look_alike_key(found) not in self._taken:
                self._numbers[prefix] = number
                return found

    # ---- one item

    def _carry(self, path: str, item: ForeignItem, type_name: str) -> None:
        mapping = self._mapping
        kind = type_of(type_name, self._graph.policy)
        assert kind is not None  # noqa: S101 -- `run` has refused the others
        item_id = self._ids[item.id]
        text = self._body(_joined(item.fields.get(mapping.text, ""), "\n\n"))
        title = one_line(_joined(item.fields.get(mapping.title, ""))) or _first_line(text) or item.id
        values: dict[str, Value] = {"id": item_id, "type": type_name, "title": title, "status": self._status(path, item, kind), "source": self._name}
        if item_id != item.id:
            values["aliases"] = (item.id,)
            self._result.aliases[item.id] = item_id
        native = NativeItem(item_id, item.id, kind, path, item.line, values, text, {}, item.chapter)
        self._links(path, item, native)
        for name, value in item.fields.items():
            self._field(path, item, native, name, value)
        if kind.needs_text and not native.text:
            native.text = as_body(title)
            self._say(path, item, "LM-TRC-052", f"{item.id} has no text; its title stands in its place", "write the statement", Severity.WARNING)
        self._writable(path, item, native)
        self._result.items.append(native)

    def _body(self, text: str) -> str:
        return text if self._mapping.verbatim else as_body(text)

    def _status(self, path: str, item: ForeignItem, kind: ItemType) -> str:
        states = kind.states or tuple(sorted(self._graph.policy.states))
        first = "draft" if "draft" in states else states[0]
        word = _joined(item.fields.get(self._mapping.status, "")) if self._mapping.status else ""
        if not word:
            return first
        found = self._mapping.states.get(word)
        if found is None:
            self._say(
                path,
                item,
                "LM-TRC-052",
                f"the mapping does not say what the status {word!r} of {item.id} is; it became {first}",
                "add it to 'states'",
                Severity.WARNING,
            )
        elif found not in states:
            self._say(path, item, "LM-TRC-059", f"{found!r} is no status of a {kind.title}; {item.id} became {first}", "correct 'states' of the mapping")
        return found if found in states else first

    def _links(self, path: str, item: ForeignItem, native: NativeItem) -> None:
        """Links that the format marks, and those of fields that the mapping calls links."""
        pairs = [(link.role, link.target) for link in item.links]
        fields = [name for name in self._mapping.links if name in item.fields]
        for name in fields:
            pairs += [(name, target) for target in split_targets(item.fields[name])]
        asked = fields or any(link.role in self._mapping.links for link in item.links) or item.links
        if not pairs and (asked or self._mapping.links):
            self._result.empty.append(native.id)
        for role, target in pairs:
            link = self._mapping.links.get(role)
            known = self._ids.get(target) or self._graph.aliases.get(target) or local_id(target, self._graph.product)
            if link is None or known is None:
                if link is not None:
                    self._dangling(path, item, native, link, target)
                if not has_qualifier(item.fields.get(role, "")):
                    # With qualifiers, the whole field is kept as it stands.
                    self._extend(native, role, target)
                continue
            held = native.values.get(link, ())
            if isinstance(held, tuple) and known not in held:
                native.values[link] = (*held, known)
                self._result.links += 1
            if target not in self._ids and known not in self._graph.items and ":" not in known:
                self._dangling(path, item, native, link, target)

    def _dangling(self, path: str, item: ForeignItem, native: NativeItem, link: str, target: str) -> None:
        self._result.dangling.append((native.id, link, target))
        self._say(
            path,
            item,
            "LM-TRC-054",
            f"'{link}' of {item.id} leads to {target}, which is neither in the source nor here",
            "import what is missing, or correct it",
            Severity.WARNING,
        )

    def _field(self, path: str, item: ForeignItem, native: NativeItem, name: str, value: Text) -> None:
        """Where a field goes that is no link: a section, a key, an extension; dropped only where the mapping says so."""
        mapping = self._mapping
        if name in {mapping.title, mapping.text, mapping.status} or name in mapping.drop:
            return
        if name == mapping.types.field and value == native.values["type"]:
            return
        if name in mapping.links:
            if has_qualifier(value):
                self._extend(native, name, *((value,) if isinstance(value, str) else value))
            return
        whole = _joined(value, "\n\n")
        if not whole.strip():
            return
        section = mapping.sections.get(name)
        if section is not None:
            held = native.sections.get(section)
            native.sections[section] = f"{held}\n\n{self._body(whole)}" if held else self._body(whole)
            return
        if mapping.verbatim and name.startswith(OWN_SECTION):
            native.sections[name.removeprefix(OWN_SECTION)] = whole
            return
        key = mapping.fields.get(name)
        if mapping.verbatim and key is not None and name.endswith(OWN_MAPPING):
            native.values[key] = _pairs(value)
        elif mapping.verbatim and key is not None and not isinstance(value, str):
            native.values[key] = _pairs(value) if key in {"before", "after", "residual-risk"} else value
        elif key is None or key.startswith(EXTENSION):
            self._extend(native, name, *((value,) if isinstance(value, str) else value), key=key or "")
        elif key in native.kind.keys or key in {"owner", "safety-class", "aliases"}:
            self._own(native, key, value)
        else:
            self._say(
                path, item, "LM-TRC-059", f"a {native.kind.title} has no field {key!r}; {name!r} is kept as an extension", "correct 'fields' of the mapping"
            )
            self._extend(native, name, whole)

    def _own(self, native: NativeItem, key: str, value: Text) -> None:
        """A field of ours: several values are a list, lines ``key: value`` a mapping, as our own exports write them."""
        parts = (value,) if isinstance(value, str) else value
        if key in {"before", "after", "residual-risk"}:
            native.values[key] = _pairs(parts)
        elif key in {"layers", "aliases"}:
            held = native.values.get(key, ())
            native.values[key] = tuple(dict.fromkeys((*(held if isinstance(held, tuple) else ()), *parts)))
        else:
            native.values[key] = one_line(_joined(parts))

    def _extend(self, native: NativeItem, name: str, *parts: str, key: str = "") -> None:
        """Keep a foreign field: short ones in the front matter, texts of several lines as a section."""
        self._result.extensions[name] = self._result.extensions.get(name, 0) + 1
        parts = tuple(part for part in parts if part.strip())
        if any("\n" in part.strip() or len(part) > 500 or find_unwritable(part.strip()) for part in parts):
            heading = f"extension: {one_line(name)[:80].rstrip('#').strip() or 'field'}"
            held = native.sections.get(heading)
            body = as_body("\n\n".join(parts))
            native.sections[heading] = f"{held}\n\n{body}" if held else body
            return
        key = key or self._slug(name)
        found = native.values.get(key, ())
        values = (*((found,) if isinstance(found, str) else found if isinstance(found, tuple) else ()), *(part.strip() for part in parts))
        native.values[key] = values[0] if len(values) == 1 else values

    def _slug(self, name: str) -> str:
        """A key for a foreign name; two names never share one."""
        if name in self._slugs:
            return self._slugs[name]
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "field"
        taken = {*self._slugs.values(), f"{EXTENSION}import"}
        found, number = f"{EXTENSION}{plain}", 2
        while found in taken:
            found, number = f"{EXTENSION}{plain}-{number}", number + 1
        self._slugs[name] = found
        return found

    def _writable(self, path: str, item: ForeignItem, native: NativeItem) -> None:
        """Replace what the native form cannot hold by a mark that is seen, and say so."""
        for key, value in native.values.items():
            if isinstance(value, str) and find_unwritable(value):
                native.values[key] = self._marked(path, item, key, value)
            elif isinstance(value, tuple) and any(find_unwritable(part) for part in value):
                native.values[key] = tuple(self._marked(path, item, key, part) for part in value)
        native.text = self._marked(path, item, "text", native.text, body=True)
        native.sections = {name: self._marked(path, item, name, body, body=True) for name, body in native.sections.items()}

    def _marked(self, path: str, item: ForeignItem, key: str, text: str, *, body: bool = False) -> str:
        while found := find_unwritable(text, body=body):
            char = chr(int(found.replace("U+", "0x"), 0))
            text = text.replace(char, " " if char in "\t\n" else "\ufffd")
            if char not in "\t\n\ufeff":
                self._say(
                    path, item, "LM-TRC-052", f"{key} of {item.id} holds {found}, which no text may; it became U+FFFD", "mend the source", Severity.WARNING
                )
        return text

    def _say(self, path: str, item: ForeignItem, code: str, message: str, cure: str, severity: Severity = Severity.ERROR) -> None:
        self._result.findings.append(Finding(code, message, severity, Location(path, item.line), item.id, cure))


def _pairs(value: Text) -> dict[str, str]:
    """Lines ``key: value`` as a mapping."""
    parts = value.split("\n") if isinstance(value, str) else value
    return {name.strip(): inner.strip() for name, _, inner in (part.partition(":") for part in parts)}


def _joined(value: Text | Iterable[str], mark: str = ", ") -> str:
    return value if isinstance(value, str) else mark.join(value)


def _first_line(text: str) -> str:
    """The start of a text as a title, cut at a word."""
    line = one_line(text.partition("\n")[0]).lstrip("#*->\\ ")
    if len(line) <= MAX_TITLE:
        return line.rstrip(".")
    return line[: MAX_TITLE - 1].rpartition(" ")[0].rstrip(",;:") + "…"
