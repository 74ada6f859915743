"""Outlines: `quality/documents/*.md` give items their chapters and order; people read them, items stay where they are.

An outline is Markdown. A list line that is only an id, or a link named by an id, stands for the item in full; a comment
``<!-- items: type=hazard -->`` for all items that fit, ``<!-- table: hazards -->`` for a table. Everything else is text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._lines import decode_text, parse_file
from lotmark.trace._local import local_id
from lotmark.trace.models import Item, TraceGraph

_FOLDER = "documents/"
TABLES = ("hazards", "controls", "requirements", "tests", "anomalies", "soup")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_ENTRY = re.compile(r"^[ \t]*[-*+][ \t]+(?:\[([^\]]+)\]\([^)]*\)|\[\[([^\]]+)\]\]|(\S+))[ \t]*$")
_QUERY = re.compile(r"^[ \t]*<!--[ \t]*(items|table):[ \t]*(.*?)[ \t]*-->[ \t]*$")
_PAIR = re.compile(r"([a-z-]+)=(\S+)")
_FILTERS = ("type", "category", "status", "safety-class", "prefix")
_ID = re.compile(r"(?:[a-z][a-z0-9-]*:)?[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*-[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of an outline: ``heading`` (text, level), ``text``, ``item`` (an id), ``items`` (filters) or ``table`` (its name)."""

    kind: str
    text: str
    line: int
    level: int = 0
    filters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """One document as it is written; `covers` are types whose every item must stand in it."""

    name: str
    """The file's name without ``.md``."""
    path: str
    title: str
    covers: tuple[str, ...]
    blocks: tuple[Block, ...]


def parse_outline(path: str, data: bytes, product: str, findings: list[Finding]) -> Outline | None:
    """The outline of a file; None, and a finding, where it is no text."""
    title, start = "", 0
    covers: tuple[str, ...] = ()
    if data.startswith(b"---\n"):
        fields = parse_file(path, data, findings)
        if fields is None:
            return None
        written, named = fields.values.get("title", ""), fields.values.get("covers", ())
        title = written if isinstance(written, str) else ""
        covers = named if isinstance(named, tuple) else (named,) if isinstance(named, str) and named else ()
        text, start = fields.body, fields.body_line - 1
        findings += [
            _say(path, "LM-TRC-005", f"unknown key {key!r} in an outline", "the keys are title and covers", fields.places[key][0])
            for key in fields.values
            if key not in {"title", "covers"}
        ]
    else:
        decoded = decode_text(path, data, findings)
        if decoded is None:
            return None
        text = decoded
    blocks = tuple(_blocks(path, text, start, product, findings))
    first = next((block.text for block in blocks if block.kind == "heading"), "")
    name = path.rpartition("/")[2].removesuffix(".md")
    return Outline(name, path, title or first or name, covers, blocks)


def _blocks(path: str, text: str, start: int, product: str, findings: list[Finding]) -> Iterable[Block]:
    prose: list[str] = []
    begun, fence = 0, ""
    for number, line in enumerate(text.split("\n"), start + 1):
        mark = line.lstrip(" ")[:3]
        if mark in {"```", "~~~"} and fence in {"", mark}:
            fence = "" if fence else mark
        block = None if fence else _block(path, line, number, product, findings)
        if block is None:
            begun = begun or number
            prose.append(line)
            continue
        if any(part.strip() for part in prose):
            yield Block("text", "\n".join(prose).strip("\n"), begun)
        prose, begun = [], 0
        yield block
    if any(part.strip() for part in prose):
        yield Block("text", "\n".join(prose).strip("\n"), begun)


def _block(path: str, line: str, number: int, product: str, findings: list[Finding]) -> Block | None:
    heading = _HEADING.match(line)
    if heading:
        return Block("heading", heading[2], number, len(heading[1]))
    entry = _ENTRY.match(line)
    if entry:
        written = entry[1] or entry[2] or entry[3]
        found = local_id(written, product) if _ID.match(written) else None
        return Block("item", found, number) if found else None
    query = _QUERY.match(line)
    if query is None:
        return None
    if query[1] == "table":
        if query[2] not in TABLES:
            findings.append(_say(path, "LM-TRC-060", f"there is no table {query[2]!r}", f"one of: {', '.join(TABLES)}", number))
            return None
        return Block("table", query[2], number)
    pairs = tuple(_PAIR.findall(query[2]))
    wrong = next((key for key, _ in pairs if key not in _FILTERS), None) if pairs else query[2]
    if wrong is not None:
        findings.append(_say(path, "LM-TRC-060", f"items cannot be chosen by {wrong!r}", f"write key=value with: {', '.join(_FILTERS)}", number))
        return None
    return Block("items", query[2], number, filters=pairs)


def read_outlines(files: Mapping[str, bytes], graph: TraceGraph, findings: list[Finding]) -> list[Outline]:
    """The outlines among the quality files, in the order of their names, and what is wrong with them."""
    written = sorted(path for path in files if path.endswith(".md") and (path.startswith(f"quality/{_FOLDER}") or f"/quality/{_FOLDER}" in path))
    outlines = [outline for path in written if (outline := parse_outline(path, files[path], graph.product, findings)) is not None]
    findings.extend(check_outlines(outlines, graph))
    return outlines


def select_items(graph: TraceGraph, filters: Iterable[tuple[str, str]]) -> tuple[Item, ...]:
    """The items, not obsolete, that fit all filters, in graph order."""
    wanted = tuple(filters)
    return tuple(item for item in graph.items.values() if not item.obsolete and all(_fits(item, key, value) for key, value in wanted))


def outline_items(outline: Outline, graph: TraceGraph) -> tuple[Item, ...]:
    """The items that the outline shows, each once, in its order."""
    found: dict[str, Item] = {}
    for block in outline.blocks:
        if block.kind == "items":
            found.update({item.id: item for item in select_items(graph, block.filters) if item.id not in found})
        elif block.kind == "item" and (item := graph.items.get(graph.aliases.get(block.text, block.text))) is not None:
            found.setdefault(item.id, item)
    return tuple(found.values())


def _fits(item: Item, key: str, value: str) -> bool:
    if key == "type":
        return value in {item.type, f"{item.category}-{item.type}"}
    if key == "prefix":
        return item.id.startswith(f"{value}-")
    return value == {"category": item.category, "status": item.status, "safety-class": item.safety_class}[key]


def check_outlines(outlines: Sequence[Outline], graph: TraceGraph) -> list[Finding]:
    """Entries that name no item or an obsolete one, items twice in a document, items of covered types that stand in none."""
    findings: list[Finding] = []
    for outline in outlines:
        seen: dict[str, int] = {}
        for block in outline.blocks:
            if block.kind == "items":
                seen.update({item.id: block.line for item in select_items(graph, block.filters) if item.id not in seen})
            if block.kind != "item":
                continue
            item_id = graph.aliases.get(block.text, block.text)
            item = graph.items.get(item_id)
            if item is None:
                findings.append(
                    _say(outline.path, "LM-TRC-060", f"the outline names {item_id}, which does not exist", "correct or remove the line", block.line)
                )
            elif item.obsolete:
                findings.append(
                    _say(outline.path, "LM-TRC-025", f"the outline names {item_id}, which is obsolete", "remove the line", block.line, Severity.WARNING)
                )
            if item_id in seen:
                findings.append(
                    _say(outline.path, "LM-TRC-060", f"{item_id} stands twice, first on line {seen[item_id]}", "keep one", block.line, Severity.WARNING)
                )
            seen.setdefault(item_id, block.line)
        for name in outline.covers:
            missing = [item.id for item in select_items(graph, (("type", name),)) if item.id not in seen]
            if missing:
                shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
                findings.append(
                    _say(
                        outline.path,
                        "LM-TRC-061",
                        f"the document covers {name} and leaves out {shown}",
                        "add a line for each, or a line <!-- items: ... -->",
                        1,
                    )
                )
    return findings


def format_outline(title: str, entries: Iterable[tuple[tuple[str, ...], str]]) -> bytes:
    """An outline of these (chapters, id), in order."""
    lines = [f"# {title}", ""]
    current: tuple[str, ...] = ()
    for chapter, item_id in entries:
        if chapter != current:
            common = 0
            while common < min(len(chapter), len(current)) and chapter[common] == current[common]:
                common += 1
            if lines[-1]:
                lines.append("")
            for depth in range(common, len(chapter)):
                lines.extend((f"{'#' * min(depth + 2, 6)} {' '.join(chapter[depth].split())}", ""))
            current = chapter
        lines.append(f"- {item_id}")
    return ("\n".join(lines).rstrip("\n") + "\n").encode()


def _say(path: str, code: str, message: str, cure: str, line: int, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code, message, severity, Location(path, line), path, cure)
