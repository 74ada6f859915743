"""StrictDoc: ``.sdoc`` documents line by line, and the JSON that StrictDoc exports.

Format: the StrictDoc User Guide, "Grammar elements". A node is a tag in brackets, fields ``NAME: value`` or ``NAME: >>>``
up to ``<<<``, and ``RELATIONS`` as a list of mappings.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.trace._foreign import Defaults, ForeignDocument, ForeignItem, ForeignLink, Text, decode, note, refuse

DEFAULTS = Defaults(
    title=("TITLE",),
    text=("STATEMENT",),
    sections={"RATIONALE": "rationale", "COMMENT": "notes", "VERIFICATION": "verification"},
    status="STATUS",
    ignore=("UID",),
)
_TAG = re.compile(r"^\[(\[?)(/?)([A-Z][A-Z0-9_]*)\]?\]$")
_FIELD = re.compile(r"^([A-Z][A-Z0-9_]*):(?: (.*))?$")
_NOT_ITEMS = frozenset({"DOCUMENT", "GRAMMAR", "TEXT", "FREETEXT", "SECTION", "DOCUMENT_FROM_FILE", "VIEWS"})
_RELATION = re.compile(r"^- TYPE: (\S+)$")
_DETAIL = re.compile(r"^  (VALUE|ROLE|FORMAT): ?(.*)$")


def read_sdoc(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """A StrictDoc document."""
    reader = _Sdoc(path, decode(path, data, options))
    reader.read()
    return ForeignDocument(path, "sdoc", tuple(reader.items), reader.title, tuple(reader.findings), DEFAULTS)


class _Sdoc:
    """One pass over the lines."""

    def __init__(self, path: str, text: str) -> None:
        self.items: list[ForeignItem] = []
        self.findings: list[Finding] = []
        self.title = ""
        self._path = path
        self._lines = text.split("\n")
        self._at = 0
        self._chapter: list[str] = []
        self._open: list[str] = []
        self._texts = 0

    def read(self) -> None:
        first = next((line for line in self._lines if line.strip()), "")
        if first.strip() not in {"[DOCUMENT]", "[GRAMMAR]"}:
            raise refuse(self._path, 1, f"it is no StrictDoc document; the first line is {first[:40]!r}", "name a .sdoc file")
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip()
            tag = _TAG.match(line)
            if tag is None:
                if line:
                    self._say(f"{line[:40]!r} stands outside a node")
                self._at += 1
            elif tag[2]:
                self._close(tag[3])
                self._at += 1
            else:
                self._node(tag[3], composite=bool(tag[1]))
        if self._texts:
            said = f"{self._texts} texts outside items (FREETEXT, TEXT) were not carried over"
            self.findings.append(note(self._path, 0, said, "write them into the outline of the document", severity=Severity.INFO))

    def _close(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self._say(f"[/{tag}] closes nothing that is open")
            return
        self._open.pop()
        self._chapter.pop()

    def _node(self, tag: str, *, composite: bool) -> None:
        line = self._at + 1
        self._at += 1
        if tag == "GRAMMAR":
            self._skip_to_tag()
            return
        if tag == "FREETEXT":
            self._texts += 1
            while self._at < len(self._lines) and self._lines[self._at].strip() != "[/FREETEXT]":
                self._at += 1
            self._at += 1
            return
        fields, links = self._fields()
        if tag == "DOCUMENT":
            self.title = _one(fields.get("TITLE", ""))
        elif tag == "TEXT":
            self._texts += 1
        elif tag not in _NOT_ITEMS:
            self._item(tag, fields, links, line)
        if composite or tag == "SECTION":
            self._open.append(tag)
            self._chapter.append(_one(fields.get("TITLE", "")) or _one(fields.get("UID", "")))

    def _item(self, tag: str, fields: dict[str, Text], links: tuple[ForeignLink, ...], line: int) -> None:
        uid = _one(fields.get("UID", ""))
        if not uid:
            shown = _one(fields.get("TITLE", "")) or _one(fields.get("STATEMENT", ""))
            self.findings.append(note(self._path, line, f"a {tag} has no UID: {shown[:40]!r}", "give it one there; it was not carried over", code="LM-TRC-053"))
            return
        self.items.append(ForeignItem(uid, tag, fields, line, links, tuple(name for name in self._chapter if name)))

    def _skip_to_tag(self) -> None:
        while self._at < len(self._lines) and not _TAG.match(self._lines[self._at].rstrip()):
            self._at += 1

    def _fields(self) -> tuple[dict[str, Text], tuple[ForeignLink, ...]]:
        fields: dict[str, Text] = {}
        links: tuple[ForeignLink, ...] = ()
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip()
            if _TAG.match(line):
                break
            self._at += 1
            match = _FIELD.match(line)
            if not line:
                continue
            if match is None:
                if not line.startswith(("  ", "- ")):
                    self._at -= 1
                    self._say(f"{line[:40]!r} is no field")
                    self._at += 1
                continue
            name, value = match[1], match[2] or ""
            if name == "RELATIONS":
                links = tuple(self._relations())
                continue
            if value == ">>>":
                value = self._block(name)
            held = fields.get(name)
            fields[name] = (*((held,) if isinstance(held, str) else held), value) if held is not None else value
        return fields, links

    def _block(self, name: str) -> str:
        start = self._at
        while self._at < len(self._lines):
            if self._lines[self._at].rstrip() == "<<<":
                self._at += 1
                return "\n".join(self._lines[start : self._at - 1]).strip("\n")
            self._at += 1
        raise refuse(self._path, start, f"the text of {name} is not closed by '<<<'", "mend the document")

    def _relations(self) -> Iterator[ForeignLink]:
        while self._at < len(self._lines) and (start := _RELATION.match(self._lines[self._at].rstrip())):
            line = self._at + 1
            self._at += 1
            detail: dict[str, str] = {}
            while self._at < len(self._lines) and (match := _DETAIL.match(self._lines[self._at].rstrip())):
                detail[match[1]] = match[2]
                self._at += 1
            target = detail.get("VALUE", "")
            if not target:
                self.findings.append(note(self._path, line, "a relation has no VALUE", "mend the document"))
            elif start[1] == "Child":
                said = f"a relation to a child ({target}) stands here; links are stored on the later item, pointing up"
                self.findings.append(note(self._path, line, said, "write it as Parent of the child"))
            else:
                yield ForeignLink(detail.get("ROLE") or start[1], target)

    def _say(self, message: str) -> None:
        self.findings.append(note(self._path, self._at + 1, message, "mend the document, or report it: this line was not read"))


def _one(value: Text) -> str:
    return value if isinstance(value, str) else " ".join(value)


def read_strictdoc_json(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """The JSON that ``strictdoc export --formats=json`` writes."""
    from lotmark.intake.api import parse_json

    del options
    tree = parse_json(data, what=path, error=UsageError)
    documents = tree.get("DOCUMENTS") if isinstance(tree, dict) else None
    if not isinstance(documents, list):
        raise refuse(path, 1, "it holds no DOCUMENTS", "write it with `strictdoc export --formats=json`")
    items: list[ForeignItem] = []
    findings: list[Finding] = []
    titles: list[str] = []
    for document in documents:
        if isinstance(document, dict):
            titles.append(str(document.get("TITLE", "")))
            _walk(path, document, (titles[-1],) if len(documents) > 1 else (), items, findings)
    return ForeignDocument(path, "strictdoc-json", tuple(items), next(iter(titles), ""), tuple(findings), DEFAULTS)


def _walk(path: str, node: Mapping[str, Any], chapter: tuple[str, ...], items: list[ForeignItem], findings: list[Finding]) -> None:
    for child in node.get("NODES") or ():
        if not isinstance(child, dict):
            findings.append(note(path, 0, "a node is no object", "export it again"))
            continue
        tag = str(child.get("_NODE_TYPE") or child.get("TYPE") or child.get("NODE_TYPE") or "")
        title, uid = str(child.get("TITLE") or ""), str(child.get("UID") or "")
        if tag not in _NOT_ITEMS and uid:
            fields = {
                name: str(value) for name, value in child.items() if name not in {"NODES", "RELATIONS"} and not name.startswith("_") and value is not None
            }
            fields.pop("TYPE", None) if "_NODE_TYPE" not in child else None
            relations = [relation for relation in child.get("RELATIONS") or () if isinstance(relation, dict)]
            links = tuple(
                ForeignLink(str(relation.get("ROLE") or relation.get("TYPE") or "Parent"), str(relation["VALUE"]))
                for relation in relations
                if relation.get("VALUE") and relation.get("TYPE") != "Child"
            )
            items.append(ForeignItem(uid, tag or "REQUIREMENT", fields, 0, links, chapter))
        elif tag not in _NOT_ITEMS:
            findings.append(note(path, 0, f"a {tag or 'node'} has no UID: {title[:40]!r}", "give it one there; it was not carried over", code="LM-TRC-053"))
        _walk(path, child, (*chapter, title) if title and child.get("NODES") else chapter, items, findings)
