"""An import as a plan: what would be written, what is as it was, what was changed on both sides. Planning never writes.

Each imported item records, below ``x-import``, which of its keys came from outside and a digest of what they were. So a
second import tells three things apart: the source changed, the item was edited here, or both. Edits made here stay; what
both changed is a conflict that a person decides.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._carry import Carried, NativeItem, carry
from lotmark.trace._foreign import ForeignDocument
from lotmark.trace._items import ItemReader, clean_text
from lotmark.trace._lines import parse_file
from lotmark.trace._mapping import MappingFile, find_mistakes
from lotmark.trace._outline import format_outline
from lotmark.trace._writer import format_item
from lotmark.trace.models import TraceGraph, Value

RECORD = "x-import"
_NOT_CONTENT = frozenset({"id", "aliases", RECORD})


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the plan: its path (``quality/...``), what stands there, and what would."""

    path: str
    item: str
    state: str
    """``new``, ``changed``, ``unchanged`` or ``conflict``."""
    before: bytes | None
    after: bytes

    @property
    def diff(self) -> str:
        """A unified diff; empty where nothing changes."""
        old = (self.before or b"").decode("utf-8", "replace").splitlines(keepends=True)
        new = self.after.decode("utf-8", "replace").splitlines(keepends=True)
        return "".join(unified_diff(old, new, f"a/{self.path}" if self.before is not None else "/dev/null", f"b/{self.path}"))


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do. `files` are in the order of the source, the outline last."""

    name: str
    mapping: MappingFile
    files: tuple[PlannedFile, ...]
    carried: Carried
    findings: tuple[Finding, ...]
    read: int
    """Items in the source."""
    gone: tuple[str, ...] = ()
    """Items of an earlier import that the source no longer has."""
    counts: Mapping[str, int] = field(default_factory=dict)

    def to_write(self, *, theirs: bool = False) -> tuple[PlannedFile, ...]:
        """The files that writing would touch; with `theirs`, the source wins where both sides changed."""
        states = {"new", "changed", "conflict"} if theirs else {"new", "changed"}
        return tuple(planned for planned in self.files if planned.state in states)


def plan_import(documents: Sequence[ForeignDocument], mapping: MappingFile, graph: TraceGraph, files: Mapping[str, bytes], name: str) -> ImportPlan:
    """What importing these documents under `name` would do to the quality files (path -> content) of `graph`.

    Every file of the plan is read back and compared with what it should say: a plan that would lose something is refused
    item by item (LM-TRC-053).
    """
    findings = [finding for document in documents for finding in document.findings]
    findings += [
        _say("", "LM-TRC-059", f"the mapping {name!r}: {text}", "correct quality/import/" + name + ".yaml") for text in find_mistakes(mapping, graph.policy)
    ]
    carried = carry(documents, mapping, graph, name)
    findings += carried.findings
    planned: list[PlannedFile] = []
    for native in carried.items:
        made = _plan_item(native, graph, files, mapping, name, findings)
        if made is not None:
            planned.append(made)
    read = sum(len(document.items) for document in documents)
    if not read:
        paths = ", ".join(document.path for document in documents)[:200]
        findings.append(_say(paths, "LM-TRC-051", f"{paths} holds no item that can be read", "name the right file, reader or options; nothing is imported"))
    gone = _gone(carried, graph, name)
    cure = "make it obsolete, or remove the x-import line if it lives on here"
    findings += [
        Finding("LM-TRC-056", f"{item_id} came from {name} and is no longer there", Severity.WARNING, graph.items[item_id].where("id"), item_id, cure)
        for item_id in gone
    ]
    if mapping.document and carried.items:
        planned.extend(_plan_outline(carried, documents, files, name))
    counts = {state: sum(one.state == state for one in planned) for state in ("new", "changed", "unchanged", "conflict")}
    return ImportPlan(name, mapping, tuple(planned), carried, tuple(findings), read, gone, counts)


def _plan_item(
    native: NativeItem, graph: TraceGraph, files: Mapping[str, bytes], mapping: MappingFile, name: str, findings: list[Finding]
) -> PlannedFile | None:
    existing = graph.items.get(native.id)
    if existing is None:
        path = f"quality/{mapping.folder or native.kind.folder}/{native.id}.md"
        after = _record(native, name)
        return PlannedFile(path, native.id, "new", None, after) if _holds(native, path, after, graph, findings) else None
    data = files.get(existing.path, b"")
    fields = parse_file(existing.path, data, []) if data else None
    if fields is None:
        findings.append(_at(native, "LM-TRC-057", f"{native.id} stands in {existing.path}, which holds several items", "run `lotmark trace split` on it first"))
        return None
    record = fields.values.get(RECORD)
    if not isinstance(record, Mapping) or record.get("from") != name:
        findings.append(
            _at(
                native,
                "LM-TRC-057",
                f"{native.id} is an item of its own here, not one of {name}",
                "give one of them another id, or add the foreign id to its aliases",
            )
        )
        return None
    keys = record.get("keys", "").split()
    held = _content(fields.values, existing.text, existing.sections, keys)
    wanted = _content(native.values, clean_text(native.text), {key: clean_text(text) for key, text in native.sections.items()}, _keys(native))
    if record.get("digest") == _digest(wanted):
        return PlannedFile(existing.path, native.id, "unchanged", data, data)
    edited = record.get("digest") != _digest(held)
    merged = _merge(native, fields.values, existing.text, existing.sections, keys)
    after = _record(merged, name, _keys(native), _digest(wanted))
    if not _holds(merged, existing.path, after, graph, findings):
        return None
    if edited:
        findings.append(
            _at(
                native,
                "LM-TRC-057",
                f"{native.id} was changed here and in the source since the last import",
                "take over one of them by hand, or write with --theirs",
            )
        )
    return PlannedFile(existing.path, native.id, "conflict" if edited else "changed", data, after)


def _record(native: NativeItem, name: str, keys: Sequence[str] = (), digest: str = "") -> bytes:
    """The file of an item, with what the next import must know."""
    keys = keys or _keys(native)
    content = _content(native.values, clean_text(native.text), {key: clean_text(text) for key, text in native.sections.items()}, keys)
    record: Value = {"from": name, "digest": digest or _digest(content), "keys": " ".join(keys)}
    return format_item({**native.values, RECORD: record}, native.text, native.sections)


def _keys(native: NativeItem) -> list[str]:
    """What came from outside: front matter keys, ``#`` for the text, ``#name`` for sections (blanks written as ``_``)."""
    return [key for key in native.values if key not in _NOT_CONTENT] + ["#"] + [f"#{name.replace(' ', '_').lower()}" for name in native.sections]


def _content(values: Mapping[str, Value], text: str, sections: Mapping[str, str], keys: Sequence[str]) -> dict[str, Value]:
    by_name = {f"#{name.replace(' ', '_').lower()}": body for name, body in sections.items()}
    found: dict[str, Value] = {}
    for key in keys:
        found[key] = text if key == "#" else by_name.get(key, "") if key.startswith("#") else values.get(key, "")
    return found


def _digest(content: Mapping[str, Value]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()[:32]


def _merge(native: NativeItem, values: Mapping[str, Value], text: str, sections: Mapping[str, str], keys: Sequence[str]) -> NativeItem:
    """The source's keys over those of the last import; what was added here stays."""
    kept = {key: value for key, value in values.items() if key not in keys and key != RECORD}
    merged = {**kept, **native.values}
    old, new = values.get("aliases", ()), native.values.get("aliases", ())
    if isinstance(old, tuple) and isinstance(new, tuple) and (old or new):
        merged["aliases"] = tuple(dict.fromkeys((*old, *new)))
    own = {name: body for name, body in sections.items() if f"#{name.replace(' ', '_').lower()}" not in keys}
    lower = {name.lower() for name in native.sections}
    body = native.text or text
    return NativeItem(
        native.id, native.foreign_id, native.kind, native.path, native.line, merged, body,
        {**native.sections, **{name: body for name, body in own.items() if name.lower() not in lower}}, native.chapter,
    )  # fmt: skip


def _holds(native: NativeItem, path: str, after: bytes, graph: TraceGraph, findings: list[Finding]) -> bool:
    """Whether the file says, when read, exactly what was meant."""
    said: list[Finding] = []
    fields = parse_file(path, after, said)
    item = None if fields is None else ItemReader(path, fields, graph.product, graph.policy, said).item()
    if fields is not None and item is not None:
        values = {key: value for key, value in fields.values.items() if key != RECORD}
        meant = {key: value for key, value in native.values.items() if key != RECORD}
        sections = {name.lower(): clean_text(body) for name, body in native.sections.items() if clean_text(body)}
        if values == meant and item.text == clean_text(native.text) and {name.lower(): body for name, body in item.sections.items()} == sections:
            findings += [finding for finding in said if finding.code != "LM-TRC-008" and finding.severity is Severity.ERROR]
            return True
    reason = f": {said[0].message}" if said else ""
    findings.append(
        _at(native, "LM-TRC-053", f"{native.foreign_id} cannot be written without loss{reason}", "mend its text in the source; it was not carried over")
    )
    return False


def _gone(carried: Carried, graph: TraceGraph, name: str) -> tuple[str, ...]:
    here = {native.id for native in carried.items}
    found = []
    for item in graph.items.values():
        record = item.attributes.get(RECORD)
        if isinstance(record, Mapping) and record.get("from") == name and item.id not in here and not item.obsolete:
            found.append(item.id)
    return tuple(found)


def _plan_outline(carried: Carried, documents: Sequence[ForeignDocument], files: Mapping[str, bytes], name: str) -> list[PlannedFile]:
    """The chapters and the order of the source, as an outline; one that stands there already belongs to its readers."""
    path = f"quality/documents/{name}.md"
    if path in files:
        return []
    titles = {document.title for document in documents if document.title}
    title = titles.pop() if len(titles) == 1 else name
    entries = [(native.chapter, native.id) for native in carried.items]
    if all(chapter[:1] == (title,) for chapter, _ in entries):
        entries = [(chapter[1:], item_id) for chapter, item_id in entries]
    return [PlannedFile(path, "", "new", None, format_outline(title, entries))]


def _at(native: NativeItem, code: str, message: str, cure: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code, message, severity, Location(native.path, native.line), native.foreign_id, cure)


def _say(path: str, code: str, message: str, cure: str) -> Finding:
    return Finding(code, message, Severity.ERROR, Location(path) if path else None, path, cure)
