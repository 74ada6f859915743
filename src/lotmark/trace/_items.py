"""One file's fields -> one item, with a finding for each field that does not hold."""

import difflib
import re
from collections.abc import Collection, Mapping

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._fingerprint import fingerprint
from lotmark.trace._lines import Fields, parse_file
from lotmark.trace._local import local_id
from lotmark.trace._policy import COMMON_KEYS, CONTROL_KINDS, EXTENSION, EXTENSION_SECTION, SAFETY_CLASSES, SECTIONS
from lotmark.trace.models import Item, ItemType, Link, TracePolicy, Value

_HEADING = re.compile(r"##[ \t]+(\S.*)$")
_HEADINGS = re.compile(r"^##[ \t]+(\S.*)$", re.MULTILINE)
_MAX_SAID = 20
"""Unknown sections that are named one by one."""
_WORD = re.compile(r"[a-z][a-z0-9-]*\Z")
_CATEGORY_SUFFIX = "-requirement"


def parse_item(path: str, data: bytes, product: str, policy: TracePolicy, findings: list[Finding]) -> Item | None:
    """The item of a file; None (with findings) only where the file has no readable front matter."""
    fields = parse_file(path, data, findings)
    return None if fields is None else ItemReader(path, fields, product, policy, findings).item()


class ItemReader:
    """Turns fields into an item; a wrong field is said and left out, the item stays in the graph."""

    __slots__ = ("_fields", "_findings", "_path", "_policy", "_product", "_stem")

    def __init__(self, path: str, fields: Fields, product: str, policy: TracePolicy, findings: list[Finding], *, named_by_file: bool = True) -> None:
        self._path = path
        self._stem = path.rpartition("/")[2].removesuffix(".md") if named_by_file else ""
        self._fields = fields
        self._product = product
        self._policy = policy
        self._findings = findings

    def item(self) -> Item:
        fields = self._fields
        item_id = self._id()
        kind, category = self._type()
        spec = self._policy.types.get(kind)
        links: list[Link] = []
        attributes: dict[str, Value] = {}
        for key, value in fields.values.items():
            if key in COMMON_KEYS:
                continue
            if key in self._policy.links:
                self._links(key, value, links)
            elif spec is None or key in spec.keys or key == "safety-class" or key.startswith(EXTENSION):
                attributes[key] = value
            else:
                self._unknown(key, value, spec)
        category = self._category(category, attributes)
        text, sections = self._body()
        title = self._scalar("title")
        if spec is not None:
            self._check(spec, title, text, attributes)
        safety_class = self._one_of("safety-class", SAFETY_CLASSES)
        states = spec.states if spec is not None and spec.states else self._policy.states
        status = self._one_of("status", states) or ("draft" if "draft" in states else next(iter(states), ""))
        mark = fingerprint(kind, category, title, text, attributes)
        return Item(
            item_id,
            kind,
            category,
            title,
            status,
            safety_class,
            text,
            tuple(links),
            attributes,
            sections,
            self._path,
            fields.places.get("id", (1, 1))[0],
            mark,
            fields.places,
            self._aliases(item_id) if "aliases" in fields.values else (),
        )

    def _id(self) -> str:
        """The id as it stands there: also a wrong one names the item, so that one mistake is one finding."""
        written = self._scalar("id")
        if not written:
            return self._stem
        found = local_id(written, self._product)
        if found is None or ":" in found:
            reason = "belongs to another product" if found else "is no identifier (PREFIX-001: capitals and digits, parts joined by '-', the last part digits)"
            self._say("LM-TRC-010", f"{written!r} {reason}", "id", "give the item an id of this product, and the file its name")
            return written
        if self._stem and found != self._stem:
            self._say(
                "LM-TRC-013",
                f"the file is named {self._stem!r} and holds {found}",
                "id",
                f"rename the file to {found}.md, so that two items with one id collide in git",
                subject=found,
            )
        return found

    def _type(self) -> tuple[str, str]:
        written = self._scalar("type")
        if not written or written in self._policy.types:
            return written, ""
        if written.endswith(_CATEGORY_SUFFIX):
            base = self._policy.types.get(_CATEGORY_SUFFIX[1:])
            if base is not None and base.category_suffix and _WORD.match(written):
                return base.name, written.removesuffix(_CATEGORY_SUFFIX)
        self._say("LM-TRC-020", f"unknown type {written!r}", "type", _suggest(written, self._policy.types))
        return written, ""

    def _category(self, category: str, attributes: dict[str, Value]) -> str:
        written = attributes.pop("category", category)
        if not isinstance(written, str) or (written and not _WORD.match(written)):
            self._say("LM-TRC-006", "category must be one lower-case word", "category", "for instance: system, software, security")
            return category
        if category and written != category:
            self._say("LM-TRC-006", f"category {written!r} contradicts the type", "category", "keep one of the two")
        return written

    def _links(self, key: str, value: Value, links: list[Link]) -> None:
        line, column = self._fields.places[key]
        if isinstance(value, str):
            value = (value,) if value else ()
        if isinstance(value, Mapping):
            self._say("LM-TRC-006", f"{key} must be a list of ids", key, f"write {key}: [ID, ID]")
            return
        for target in value:
            found = local_id(target, self._product)
            if found is None:
                self._say("LM-TRC-010", f"{target!r} in {key} is no identifier", key, "write ids as PREFIX-001, or product:PREFIX-001 for another product")
            elif any(link.target == found and link.type == key for link in links):
                self._say("LM-TRC-006", f"{key} names {found} twice", key, "remove one of them", Severity.WARNING)
            else:
                links.append(Link(key, found, line, column))

    def _aliases(self, item_id: str) -> tuple[str, ...]:
        """Other names, any text: those of other tools follow their own grammar."""
        value = self._fields.values["aliases"]
        if isinstance(value, Mapping):
            self._say("LM-TRC-006", "aliases must be a list of texts", "aliases", 'write aliases: [OLD-001, "their id"]')
            return ()
        written = (value,) if isinstance(value, str) else value
        found = tuple(local_id(text, self._product) or text for text in dict.fromkeys(written) if text.strip())
        if item_id in found:
            self._say("LM-TRC-016", f"{item_id} is given as an alias of itself", "aliases", "remove it", Severity.WARNING)
        return tuple(alias for alias in found if alias != item_id)

    def _unknown(self, key: str, value: Value, spec: ItemType) -> None:
        values = (value,) if isinstance(value, str) else tuple(value)
        if values and not isinstance(value, Mapping) and all(local_id(text, self._product) for text in values):
            self._say("LM-TRC-021", f"unknown link {key!r}", key, _suggest(key, self._policy.links))
            return
        known = {*COMMON_KEYS, "safety-class", *spec.keys, *(link.name for link in self._policy.links.values() if spec.name in link.sources)}
        self._say("LM-TRC-005", f"unknown key {key!r} in a {spec.title}", key, _suggest(key, known))

    def _check(self, spec: ItemType, title: str, text: str, attributes: Mapping[str, Value]) -> None:
        # What items below it may hold in its place is asked for when these are known: in the checks.
        required = () if spec.detailed_by else sorted(spec.required)
        missing = [key for key in ("title", *required) if key not in self._fields.places]
        for key in missing:
            self._say("LM-TRC-006", f"the {spec.title} has no {key!r}", "id", f"write '{key}: ...' into the front matter")
        if "title" in self._fields.values and not title:
            self._say("LM-TRC-006", "the title is empty", "title", "write a short title")
        if spec.needs_text and not text:
            place = Location(self._path, self._fields.body_line, 1)
            self._findings.append(
                Finding(
                    "LM-TRC-009",
                    f"the {spec.title} says nothing: the body is empty",
                    Severity.ERROR,
                    place,
                    self._subject(),
                    "write the normative statement below the front matter",
                )
            )
        kind = attributes.get("kind")
        if kind is not None and spec.name == "risk-control" and kind not in CONTROL_KINDS:
            self._say("LM-TRC-006", f"unknown kind of risk control: {kind!r}", "kind", f"one of: {', '.join(CONTROL_KINDS)} (ISO 14971:2019, 7.1)")
        if "layers" in attributes:
            self._check_layers(attributes["layers"])
        layer = attributes.get("layer")
        if layer is not None and spec.name == "test-case" and layer not in self._policy.layers:
            self._say("LM-TRC-006", f"unknown test layer: {layer!r}", "layer", f"one of: {', '.join(self._policy.layers)}")

    def _check_layers(self, value: Value) -> None:
        if not isinstance(value, tuple):
            self._say("LM-TRC-006", "layers must be a list", "layers", "write layers: [unit, validation]")
            return
        for layer in value:
            if layer not in self._policy.layers:
                self._say("LM-TRC-006", f"unknown test layer: {layer!r}", "layers", f"any of: {', '.join(self._policy.layers)}")

    def _body(self) -> tuple[str, dict[str, str]]:
        """The normative text and the informative sections; an unknown section stays normative, so it cannot hide."""
        body = self._fields.body
        if "##" not in body:
            return clean_text(body), {}
        normative: list[str] = []
        sections: dict[str, str] = {}
        said = 0
        for number, heading, text in _split_sections(body):
            name = heading.lower()
            if name in SECTIONS and name not in sections:
                sections[name] = clean_text(text)
                continue
            if name.startswith(EXTENSION_SECTION) and name not in sections:
                sections[heading] = clean_text(text)
                continue
            if heading and said < _MAX_SAID:
                said += 1
                line = self._fields.body_line + number
                reason = (
                    f"the section {heading!r} stands twice" if name in SECTIONS else f"unknown section {heading!r}; it counts as part of the normative text"
                )
                cure = _suggest(name, SECTIONS) if name not in SECTIONS else "join the two"
                self._findings.append(Finding("LM-TRC-008", reason, Severity.WARNING, Location(self._path, line, 1), self._subject(), cure))
            if heading:
                normative.append(f"## {heading}")
            normative.append(text)
        return clean_text("\n".join(normative)), sections

    def _scalar(self, key: str) -> str:
        """A text field; empty (and said, where it must be there or is of another form) otherwise."""
        value = self._fields.values.get(key)
        if value and isinstance(value, str):
            return value
        if value:
            self._say("LM-TRC-006", f"{key} must be a plain text", key, f"write '{key}: text'")
        elif key in {"id", "type"} and (key not in self._fields.places or value is not None):
            self._say("LM-TRC-006", f"the item has no {key!r}", key, f"write '{key}: ...' into the front matter")
        return ""

    def _one_of(self, key: str, words: Collection[str]) -> str:
        value = self._scalar(key)
        if value and value not in words:
            self._say("LM-TRC-006", f"unknown {key} {value!r}", key, f"one of: {', '.join(sorted(words))}")
            return ""
        return value

    def _subject(self) -> str:
        value = self._fields.values.get("id")
        return value if isinstance(value, str) and value else self._path

    def _say(self, code: str, message: str, key: str, cure: str, severity: Severity = Severity.ERROR, subject: str = "") -> None:
        line, column = self._fields.places.get(key, (1, 1))
        self._findings.append(Finding(code, message, severity, Location(self._path, line, column), subject or self._subject(), cure))


def clean_text(text: str) -> str:
    """Trailing spaces and outer blank lines do not change what a text says."""
    text = text.strip()
    return "\n".join([line.rstrip() for line in text.split("\n")]) if "\n" in text else text


def _split_sections(body: str) -> list[tuple[int, str, str]]:
    """(line, heading, text) per level-2 section; the first has no heading. Headings inside code fences are text."""
    if "```" in body or "~~~" in body:
        return _split_fenced(body)
    found: list[tuple[int, str, str]] = []
    at = counted = number = 0
    heading = ""
    for match in _HEADINGS.finditer(body):
        found.append((number, heading, body[at : max(at, match.start() - 1)]))
        number += body.count("\n", counted, match.start())
        counted, at, heading = match.start(), match.end() + 1, _title(match[1])
    found.append((number, heading, body[at:]))
    return found


def _title(text: str) -> str:
    """A heading's text without the closing ``##`` that Markdown allows."""
    text = text.rstrip()
    bare = text.rstrip("#")
    return bare.rstrip() if bare.endswith((" ", "\t")) else text


def _split_fenced(body: str) -> list[tuple[int, str, str]]:
    """The same, line by line."""
    found: list[tuple[int, str, str]] = []
    heading, heading_line, fence = "", 0, ""
    text: list[str] = []
    for number, line in enumerate(body.split("\n")):
        mark = line.lstrip(" ")[:3]
        if mark in {"```", "~~~"} and fence in {"", mark}:
            fence = "" if fence else mark
        match = None if fence else _HEADING.match(line)
        if match is None:
            text.append(line)
            continue
        found.append((heading_line, heading, "\n".join(text)))
        heading, heading_line, text = _title(match[1]), number, []
    found.append((heading_line, heading, "\n".join(text)))
    return found


def _suggest(word: str, known: object) -> str:
    names = sorted(str(name) for name in known)  # type: ignore[attr-defined]
    close = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(names)}"
