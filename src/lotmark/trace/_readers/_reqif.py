"""ReqIF 1.2 (OMG formal/16-07-01) in ``.reqif`` and ``.reqifz``: objects with all their attributes, relations, hierarchy.

Everything comes in through the hardened reader of `intake`. Formatted text (XHTML) becomes plain text with paragraphs,
lists and tables; what a text cannot hold (pictures, embedded files) is named. `lotmark.trace._reqif_out` writes what this
reads, so that what the model holds survives the way out and back.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.base.limits import Limits
from lotmark.intake.models import XmlElement
from lotmark.trace._foreign import Defaults, ForeignDocument, ForeignItem, ForeignLink, Text, note, refuse

LIMITS = Limits(max_bytes=256 * 1024 * 1024, max_depth=256, max_items=5_000_000)
NAMESPACE = "http://www.omg.org/spec/ReqIF/20110401/reqif.xsd"
XHTML = "http://www.w3.org/1999/xhtml"
LIST, MAPPING = "Lotmark list", "Lotmark mapping"
"""Names of the datatypes under which our own export writes several values, one a line."""
DEFAULTS = Defaults(
    title=("ReqIF.Name", "ReqIF.ChapterName", "Title", "Name"),
    text=("ReqIF.Text", "Object Text", "Text", "Description", "Requirement"),
    sections={"Rationale": "rationale", "Verification": "verification", "Notes": "notes"},
    status="Status",
    ignore=("ReqIF.ForeignID", "ReqIF.ChapterName", "ReqIF.Prefix", "ReqIF.ForeignCreatedBy", "ReqIF.ForeignCreatedOn", "ReqIF.ForeignModifiedBy", "ReqIF.ForeignModifiedOn"),
)  # fmt: skip
_ID_NAMES = ("ReqIF.ForeignID", "IE PUID", "Object Identifier", "ID", "Id", "UID", "Identifier")
_BLOCKS = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "ul", "ol", "table", "dl"})
_PRESERVE = "{http://www.w3.org/XML/1998/namespace}space"


def read_reqif(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """A ReqIF document. Option ``id``: the attribute that holds the ids people use; by default the usual ones, then the identifier."""
    from lotmark.intake.api import parse_xml

    root = parse_xml(data, LIMITS, what=path, error=UsageError, root=frozenset({"REQ-IF"}))
    reader = _ReqIf(path, [root], options)
    return ForeignDocument(path, "reqif", tuple(reader.items()), reader.title, tuple(reader.findings), DEFAULTS)


def read_reqifz(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """The ReqIF documents of an archive as one, since they refer to each other; files beside them are named, not carried over."""
    from lotmark.intake.api import open_zip, parse_xml

    with open_zip(data, what=path, error=UsageError) as archive:
        names = [member.name for member in archive.members]
        documents = [name for name in names if name.lower().endswith((".reqif", ".xml"))]
        if not documents:
            raise refuse(path, 0, "it holds no .reqif", "name the right archive")
        kind = frozenset({"REQ-IF"})
        roots = [parse_xml(archive.read(name), LIMITS, what=f"{path}!{name}", error=UsageError, root=kind) for name in documents]
    reader = _ReqIf(path, roots, options)
    items = tuple(reader.items())
    lost = [name for name in names if name not in documents]
    cure = "keep it in the repository and refer to it"
    findings = [*reader.findings, *(note(path, 0, f"the attachment {name} was not carried over", cure, severity=Severity.WARNING) for name in lost)]
    return ForeignDocument(path, "reqifz", items, reader.title, tuple(findings), DEFAULTS)


@dataclass(slots=True)
class _Attribute:
    name: str
    datatype: str = ""
    default: Text | None = None


@dataclass(slots=True)
class _Object:
    element: XmlElement
    kind: str
    fields: dict[str, Text] = field(default_factory=dict)
    id: str = ""


class _ReqIf:
    """Tables of one document: datatypes, attributes, objects; then items in the order of the hierarchy."""

    def __init__(self, path: str, roots: Sequence[XmlElement], options: Mapping[str, str]) -> None:
        self.findings: list[Finding] = []
        self._path = path
        self._wanted = options.get("id", "")
        headers = [element for root in roots for element in root.walk() if element.name == "REQ-IF-HEADER"]
        self.title = next((title for title in (_child_text(header, "TITLE") for header in headers) if title), "")
        contents = [element for root in roots for element in root.walk() if element.name == "REQ-IF-CONTENT"]
        if not contents:
            raise refuse(path, roots[0].line, "it has no REQ-IF-CONTENT", "export it again")
        self._sections: dict[str, list[XmlElement]] = {}
        for section in (section for content in contents for section in content.children):
            self._sections.setdefault(section.name, []).extend(section.children)
        self._datatypes = {element.attributes.get("IDENTIFIER", ""): element.attributes.get("LONG-NAME", "") for element in self._below("DATATYPES")}
        self._words = {
            value.attributes.get("IDENTIFIER", ""): _name(value) for kind in self._below("DATATYPES") for value in kind.walk() if value.name == "ENUM-VALUE"
        }
        self._types: dict[str, str] = {}
        self._attributes: dict[str, _Attribute] = {}
        self._of_type: dict[str, list[_Attribute]] = {}
        self._read_types()
        self._objects: dict[str, _Object] = {}
        for element in self._below("SPEC-OBJECTS"):
            identifier = element.attributes.get("IDENTIFIER", "")
            if identifier in self._objects:
                self._say(element, f"the identifier {identifier!r} stands twice", code="LM-TRC-053")
                continue
            kind = _reference(element, "TYPE")
            self._objects[identifier] = _Object(element, self._types.get(kind, kind), self._values(element, kind))
        self._name_objects()

    def items(self) -> Iterator[ForeignItem]:
        """The objects in the order of the hierarchy, then those that stand in none."""
        links: dict[str, list[ForeignLink]] = {}
        for element in self._below("SPEC-RELATIONS"):
            self._relation(element, links)
        done: set[str] = set()
        for specification in self._below("SPECIFICATIONS"):
            for identifier, chapter in self._hierarchy(specification):
                if identifier in self._objects and identifier not in done:
                    done.add(identifier)
                    yield self._item(identifier, links, chapter)
        for identifier in self._objects:
            if identifier not in done:
                yield self._item(identifier, links, ())

    def _item(self, identifier: str, links: Mapping[str, list[ForeignLink]], chapter: tuple[str, ...]) -> ForeignItem:
        found = self._objects[identifier]
        return ForeignItem(found.id, found.kind, found.fields, found.element.line, tuple(links.get(identifier, ())), chapter)

    def _below(self, name: str) -> list[XmlElement]:
        return self._sections.get(name, [])

    def _read_types(self) -> None:
        for kind in self._below("SPEC-TYPES"):
            identifier = kind.attributes.get("IDENTIFIER", "")
            self._types[identifier] = _name(kind) or identifier
            attributes = kind.find("SPEC-ATTRIBUTES")
            for element in attributes.children if attributes else ():
                attribute = _Attribute(_name(element) or element.attributes.get("IDENTIFIER", ""), self._datatypes.get(_reference(element, "TYPE"), ""))
                default = element.find("DEFAULT-VALUE")
                if default and default.children:
                    attribute.default = self._value(default.children[0], attribute)
                self._attributes[element.attributes.get("IDENTIFIER", "")] = attribute
                self._of_type.setdefault(identifier, []).append(attribute)

    def _values(self, element: XmlElement, kind: str) -> dict[str, Text]:
        fields: dict[str, Text] = {attribute.name: attribute.default for attribute in self._of_type.get(kind, ()) if attribute.default is not None}
        description = element.attributes.get("DESC")
        if description:
            fields["DESC"] = description
        values = element.find("VALUES")
        for value in values.children if values else ():
            key = _reference(value, "DEFINITION")
            attribute = self._attributes.get(key)
            if attribute is None:
                self._say(value, f"a value refers to the attribute {key!r}, which is not defined; it is kept under that name")
                attribute = _Attribute(key or "unknown")
            fields[attribute.name] = self._value(value, attribute)
        return fields

    def _value(self, value: XmlElement, attribute: _Attribute) -> Text:
        if value.name.endswith("-XHTML"):
            found = value.find("THE-ORIGINAL-VALUE") or value.find("THE-VALUE")
            return self._xhtml(found) if found else ""
        if value.name.endswith("-ENUMERATION"):
            references = value.find("VALUES")
            words = [reference.text.strip() for reference in references.children] if references else []
            unknown = next((word for word in words if word not in self._words), None)
            if unknown is not None:
                self._say(value, f"the value {unknown!r} is not defined")
            found_words = tuple(self._words.get(word, word) for word in words)
            return found_words[0] if len(found_words) == 1 else found_words
        plain = value.attributes.get("THE-VALUE")
        if plain is None:
            element = value.find("THE-VALUE")
            plain = element.all_text() if element else ""
        if attribute.datatype in {LIST, MAPPING}:
            return tuple(line for line in plain.split("\n") if line)
        return plain

    def _xhtml(self, element: XmlElement) -> str:
        lost = sorted({found.name for found in element.walk() if found.name in {"object", "img"}})
        if lost:
            names = [found.attributes.get("data") or found.attributes.get("src", "") for found in element.walk() if found.name in {"object", "img"}]
            self._say(element, f"an embedded {' and '.join(lost)} was left out: {', '.join(name for name in names if name)[:100]}", severity=Severity.WARNING)
        return xhtml_text(element)

    def _name_objects(self) -> None:
        """The ids that people use: of an attribute that every object fills differently, or the identifiers of the file."""
        names = (self._wanted,) if self._wanted else _ID_NAMES
        taken: dict[str, str] = {}
        for identifier, found in self._objects.items():
            value = next((found.fields[name] for name in names if found.fields.get(name)), "")
            text = " ".join((value if isinstance(value, str) else " ".join(value)).split())
            if text and text not in taken:
                found.id = taken.setdefault(text, text)
            elif text:
                found.id = identifier
                self._say(found.element, f"the id {text!r} stands twice; this object is called by its identifier {identifier}")
            else:
                found.id = identifier

    def _relation(self, element: XmlElement, links: dict[str, list[ForeignLink]]) -> None:
        source, target = _reference(element, "SOURCE"), _reference(element, "TARGET")
        kind = _reference(element, "TYPE")
        role = self._types.get(kind, kind)
        if source not in self._objects:
            self._say(element, f"a relation {role!r} starts at {source!r}, which is not in the file", code="LM-TRC-054")
            return
        links.setdefault(source, []).append(ForeignLink(role, self._objects[target].id if target in self._objects else target))
        values = element.find("VALUES")
        if values and values.children:
            self._say(element, f"the relation {role!r} from {self._objects[source].id} has attributes, which links do not hold", severity=Severity.WARNING)

    def _hierarchy(self, specification: XmlElement) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(object, chapters above it), depth first, without recursion."""
        start = (_name(specification),) if len(self._below("SPECIFICATIONS")) > 1 and _name(specification) else ()
        waiting = [(child, start) for child in reversed(_children(specification))]
        while waiting:
            element, chapter = waiting.pop()
            identifier = _reference(element, "OBJECT")
            yield identifier, chapter
            below = _children(element)
            if below:
                title = self._chapter(identifier, element)
                waiting.extend((child, (*chapter, title) if title else chapter) for child in reversed(below))

    def _chapter(self, identifier: str, element: XmlElement) -> str:
        found = self._objects.get(identifier)
        for name in ("ReqIF.ChapterName", "ReqIF.Name", "Title"):
            value = found.fields.get(name) if found else None
            if isinstance(value, str) and value:
                return " ".join(value.split())
        return _name(element)

    def _say(self, element: XmlElement, message: str, *, code: str = "LM-TRC-052", severity: Severity = Severity.ERROR) -> None:
        self.findings.append(note(self._path, element.line, message, "mend the export, or carry it over by hand", code=code, severity=severity))


def _name(element: XmlElement) -> str:
    return element.attributes.get("LONG-NAME", "")


def _child_text(element: XmlElement, name: str) -> str:
    child = element.find(name)
    return child.all_text().strip() if child else ""


def _reference(element: XmlElement, name: str) -> str:
    child = element.find(name)
    return child.all_text().strip() if child else ""


def _children(element: XmlElement) -> list[XmlElement]:
    children = element.find("CHILDREN")
    return children.find_all("SPEC-HIERARCHY") if children else []


# ---- formatted text


def xhtml_text(element: XmlElement) -> str:
    """XHTML -> text: paragraphs apart by an empty line, breaks, list marks, table rows with bars; other marks fall away.

    Below ``xml:space="preserve"`` every character counts, as in our own export.
    """
    div = element.children[0] if len(element.children) == 1 else element
    if div.attributes.get(_PRESERVE) == "preserve":
        return "\n\n".join(_exact(child) for child in div.children) if div.children else div.text
    blocks: list[str] = []
    _blocks(element, blocks, "")
    return "\n\n".join(block for block in blocks if block)


def _exact(element: XmlElement) -> str:
    return element.text + "".join(("\n" if child.name == "br" else _exact(child)) + child.tail for child in element.children)


def _blocks(element: XmlElement, blocks: list[str], prefix: str) -> None:
    line = _squeeze(element.text)
    for child in element.children:
        if child.name in _BLOCKS:
            blocks.append(_tidy(line))
            line = ""
            if child.name in {"ul", "ol"}:
                blocks.append("\n".join(_list(child, prefix)))
            elif child.name == "table":
                blocks.append("\n".join(_rows(child)))
            elif child.name == "pre":
                blocks.append(child.all_text().strip("\n"))
            else:
                _blocks(child, blocks, prefix)
        else:
            line += _inline(child)
        line += _squeeze(child.tail)
    blocks.append(_tidy(line))


def _tidy(line: str) -> str:
    return re.sub(r" *\n *", "\n", line).strip()


def _inline(element: XmlElement) -> str:
    if element.name == "br":
        return "\n"
    return _squeeze(element.text) + "".join(_inline(child) + _squeeze(child.tail) for child in element.children)


def _list(element: XmlElement, prefix: str) -> Iterator[str]:
    for number, child in enumerate(element.find_all("li"), 1):
        mark = f"{number}." if element.name == "ol" else "-"
        plain = _squeeze(child.text)
        nested: list[str] = []
        for inner in child.children:
            if inner.name in {"ul", "ol"}:
                nested.extend(_list(inner, prefix + "  "))
            else:
                plain += _inline(inner)
            plain += _squeeze(inner.tail)
        yield f"{prefix}{mark} {' '.join(plain.split())}"
        yield from nested


def _rows(element: XmlElement) -> Iterator[str]:
    for row in element.walk():
        if row.name == "tr":
            yield f"| {' | '.join(' '.join(_inline(cell).split()) for cell in row.children if cell.name in {'td', 'th'})} |"


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text)
