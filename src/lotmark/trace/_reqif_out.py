"""A graph as ReqIF 1.2: every item with everything that the model holds of it, links as relations, the order of an outline.

What `_readers._reqif` reads back is the same: id, type, title, status, text, sections, links, aliases and all fields. The
bytes depend on the graph alone: identifiers are derived from ids, and the time is given.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from xml.sax.saxutils import escape, quoteattr

from lotmark.base.clock import format_instant
from lotmark.trace._mapping import OWN_MAPPING, OWN_SECTION
from lotmark.trace._mapping import OWN_PREFIX as PREFIX
from lotmark.trace._outline import Outline, outline_items
from lotmark.trace._readers._reqif import LIST, MAPPING, NAMESPACE, XHTML
from lotmark.trace.models import Item, TraceGraph, TracePolicy, Value


def format_reqif(graph: TraceGraph, *, at: datetime, outline: Outline | None = None, items: Sequence[Item] | None = None) -> bytes:
    """The items (all of the graph, or these) as a ReqIF document; `outline` gives chapters and order."""
    chosen = list(items if items is not None else graph.items.values())
    names = dict.fromkeys(name for item in chosen for name, _ in _fields(item, graph.policy))
    when = format_instant(at)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<REQ-IF xmlns="{NAMESPACE}" xmlns:xhtml="{XHTML}">']
    title = escape(outline.title if outline else graph.product)
    header = f'<REQ-IF-HEADER IDENTIFIER="{_key("header", graph.product)}"><CREATION-TIME>{when}</CREATION-TIME><REQ-IF-TOOL-ID>Lotmark</REQ-IF-TOOL-ID>'
    lines += [
        f"<THE-HEADER>{header}<REQ-IF-VERSION>1.0</REQ-IF-VERSION><SOURCE-TOOL-ID>Lotmark</SOURCE-TOOL-ID><TITLE>{title}</TITLE></REQ-IF-HEADER></THE-HEADER>",
        "<CORE-CONTENT><REQ-IF-CONTENT>",
    ]
    lines += [
        *_datatypes(when),
        *_types(names, graph, when),
        *_objects(chosen, graph.policy, when),
        *_relations(chosen, when),
        *_hierarchy(chosen, graph, outline, when),
    ]
    lines += ["</REQ-IF-CONTENT></CORE-CONTENT>", "</REQ-IF>"]
    return ("\n".join(lines) + "\n").encode()


def _key(*parts: str) -> str:
    """An xsd:ID, the same for the same thing in every export."""
    return "_" + sha256("\0".join(parts).encode()).hexdigest()[:32]


def _fields(item: Item, policy: TracePolicy) -> Iterator[tuple[str, Value]]:
    """Attribute name -> value, in a fixed order; the text comes under the name that every ReqIF tool knows."""
    yield "ReqIF.ForeignID", item.id
    yield "ReqIF.Name", item.title
    yield "ReqIF.Text", item.text
    kind = policy.types.get(item.type)
    joined = item.category and kind is not None and kind.category_suffix
    yield f"{PREFIX}type", f"{item.category}-{item.type}" if joined else item.type
    if item.category and not joined:
        yield f"{PREFIX}category", item.category
    yield f"{PREFIX}status", item.status
    if item.safety_class:
        yield f"{PREFIX}safety-class", item.safety_class
    if item.aliases:
        yield f"{PREFIX}aliases", item.aliases
    for key, value in item.attributes.items():
        if key not in {"safety-class", "x-import"}:
            yield f"{PREFIX}{key}{OWN_MAPPING if isinstance(value, Mapping) and key.startswith('x-') else ''}", value
    for name, text in item.sections.items():
        yield f"{OWN_SECTION}{name}", text


_KINDS = {"text": ("XHTML", "Lotmark formatted text"), "string": ("STRING", "Lotmark text"), "list": ("STRING", LIST), "mapping": ("STRING", MAPPING)}


def _kind(name: str, value: Value) -> str:
    if name == "ReqIF.Text" or name.startswith(OWN_SECTION):
        return "text"
    return "string" if isinstance(value, str) else "list" if isinstance(value, tuple) else "mapping"


def _datatypes(when: str) -> Iterator[str]:
    yield "<DATATYPES>"
    for kind, (form, name) in _KINDS.items():
        size = ' MAX-LENGTH="1000000"' if form == "STRING" else ""
        yield f'<DATATYPE-DEFINITION-{form} IDENTIFIER="{_key("datatype", kind)}" LAST-CHANGE="{when}" LONG-NAME="{name}"{size}/>'
    yield "</DATATYPES>"


def _types(names: Iterable[str], graph: TraceGraph, when: str) -> Iterator[str]:
    yield "<SPEC-TYPES>"
    yield f'<SPEC-OBJECT-TYPE IDENTIFIER="{_key("object-type")}" LAST-CHANGE="{when}" LONG-NAME="Lotmark item"><SPEC-ATTRIBUTES>'
    for name in names:
        for kind, (form, _) in _KINDS.items():
            # A field may be a text in one item and a list in another: one definition for each form, under one name.
            yield (
                f'<ATTRIBUTE-DEFINITION-{form} IDENTIFIER="{_key("attribute", name, kind)}" LAST-CHANGE="{when}" LONG-NAME={quoteattr(name)}>'
                f"<TYPE><DATATYPE-DEFINITION-{form}-REF>{_key('datatype', kind)}</DATATYPE-DEFINITION-{form}-REF></TYPE></ATTRIBUTE-DEFINITION-{form}>"
            )
    yield "</SPEC-ATTRIBUTES></SPEC-OBJECT-TYPE>"
    for link in graph.policy.links:
        yield f'<SPEC-RELATION-TYPE IDENTIFIER="{_key("relation-type", link)}" LAST-CHANGE="{when}" LONG-NAME={quoteattr(link)}/>'
    yield f'<SPECIFICATION-TYPE IDENTIFIER="{_key("specification-type")}" LAST-CHANGE="{when}" LONG-NAME="Lotmark document"/>'
    yield "</SPEC-TYPES>"


def _objects(items: Iterable[Item], policy: TracePolicy, when: str) -> Iterator[str]:
    yield "<SPEC-OBJECTS>"
    for item in items:
        yield f'<SPEC-OBJECT IDENTIFIER="{_key("item", item.id)}" LAST-CHANGE="{when}" LONG-NAME={quoteattr(item.id)}><VALUES>'
        for name, value in _fields(item, policy):
            yield _value(name, value)
        yield f"</VALUES><TYPE><SPEC-OBJECT-TYPE-REF>{_key('object-type')}</SPEC-OBJECT-TYPE-REF></TYPE></SPEC-OBJECT>"
    yield "</SPEC-OBJECTS>"


def _value(name: str, value: Value) -> str:
    kind = _kind(name, value)
    form = _KINDS[kind][0]
    definition = f"<DEFINITION><ATTRIBUTE-DEFINITION-{form}-REF>{_key('attribute', name, kind)}</ATTRIBUTE-DEFINITION-{form}-REF></DEFINITION>"
    if kind == "text":
        return f"<ATTRIBUTE-VALUE-XHTML>{definition}<THE-VALUE>{_xhtml(str(value))}</THE-VALUE></ATTRIBUTE-VALUE-XHTML>"
    lines = value if isinstance(value, str) else "\n".join(value) if isinstance(value, tuple) else "\n".join(f"{key}: {inner}" for key, inner in value.items())
    return f"<ATTRIBUTE-VALUE-STRING THE-VALUE={_attribute(lines)}>{definition}</ATTRIBUTE-VALUE-STRING>"


def _attribute(text: str) -> str:
    """Quoted for an attribute; line ends as references, for a parser makes blanks of plain ones (XML 1.0, 3.3.3)."""
    return quoteattr(text, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})


def _xhtml(text: str) -> str:
    paragraphs = "".join(f"<xhtml:p>{escape(part).replace(chr(10), '<xhtml:br/>')}</xhtml:p>" for part in text.split("\n\n"))
    return f'<xhtml:div xml:space="preserve">{paragraphs}</xhtml:div>'


def _relations(items: Sequence[Item], when: str) -> Iterator[str]:
    known = {item.id for item in items}
    yield "<SPEC-RELATIONS>"
    for item in items:
        for link in item.links:
            # A target outside the document is named by its id: the reader takes what it cannot resolve as it stands.
            target = _key("item", link.target) if link.target in known else link.target
            yield (
                f'<SPEC-RELATION IDENTIFIER="{_key("relation", item.id, link.type, link.target)}" LAST-CHANGE="{when}">'
                f"<TARGET><SPEC-OBJECT-REF>{escape(target)}</SPEC-OBJECT-REF></TARGET><SOURCE><SPEC-OBJECT-REF>{_key('item', item.id)}</SPEC-OBJECT-REF></SOURCE>"
                f"<TYPE><SPEC-RELATION-TYPE-REF>{_key('relation-type', link.type)}</SPEC-RELATION-TYPE-REF></TYPE></SPEC-RELATION>"
            )
    yield "</SPEC-RELATIONS>"


def _hierarchy(items: Sequence[Item], graph: TraceGraph, outline: Outline | None, when: str) -> Iterator[str]:
    name = outline.title if outline else graph.product
    yield f'<SPECIFICATIONS><SPECIFICATION IDENTIFIER="{_key("specification", name)}" LAST-CHANGE="{when}" LONG-NAME={quoteattr(name)}>'
    yield f"<VALUES/><TYPE><SPECIFICATION-TYPE-REF>{_key('specification-type')}</SPECIFICATION-TYPE-REF></TYPE><CHILDREN>"
    order = [item.id for item in items]
    if outline is not None:
        placed = [item.id for item in outline_items(outline, graph)]
        known = set(order)
        order = list(dict.fromkeys((*(item_id for item_id in placed if item_id in known), *order)))
    for item_id in order:
        yield f'<SPEC-HIERARCHY IDENTIFIER="{_key("hierarchy", item_id)}" LAST-CHANGE="{when}"><OBJECT><SPEC-OBJECT-REF>{_key("item", item_id)}</SPEC-OBJECT-REF></OBJECT></SPEC-HIERARCHY>'
    yield "</CHILDREN></SPECIFICATION></SPECIFICATIONS>"
