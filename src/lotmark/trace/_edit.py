"""Changes of the item files as plans: path -> new content, or None where the file goes. Nothing here writes."""

import re
from collections.abc import Iterable, Mapping

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding
from lotmark.ids.api import look_alike_key
from lotmark.trace._items import ItemReader
from lotmark.trace._lines import decode_text, parse_file
from lotmark.trace._local import local_id
from lotmark.trace._multi import find_unjoinable, format_multi, piece_values, split_pieces
from lotmark.trace._outline import Outline
from lotmark.trace._tree import DOCUMENTS, inner_path, is_multi
from lotmark.trace._writer import format_item, format_value
from lotmark.trace.models import TraceGraph

Plan = dict[str, bytes | None]


def split_document(path: str, data: bytes, graph: TraceGraph) -> Plan:
    """A document in the multi-item form -> one file per item, and an outline with its headings, texts and order.

    Raises:
        UsageError: LM-TRC-062 if it holds no items, cannot be read whole, or an item or the outline stands elsewhere already.
    """
    findings: list[Finding] = []
    text = decode_text(path, data, findings)
    if text is None or not is_multi(data):
        raise _refuse(path, "it is no document with items under headings", "name a file whose headings are '## SRS-0001 Title'")
    folder = path.rpartition("/")[0]
    plan: Plan = {path: None}
    outline: list[str] = []
    for piece in split_pieces(text):
        if not piece.id:
            if outline and outline[-1].startswith("- "):
                outline.append("")
            outline.extend(piece.lines)
            continue
        fields = piece_values(path, piece, findings)
        item = ItemReader(path, fields, graph.product, graph.policy, findings, named_by_file=False).item()
        target = f"{folder}/{item.id}.md"
        if target in plan:
            raise _refuse(f"{path}:{piece.line}", f"{item.id} stands twice", "give one of them another id")
        fields.values["id"] = item.id
        plan[target] = format_item(fields.values, item.text, item.sections)
        if outline and outline[-1].strip() and not outline[-1].startswith("- "):
            outline.append("")
        outline.append(f"- {item.id}")
    if findings and any(finding.code in {"LM-TRC-003", "LM-TRC-004"} for finding in findings):
        first = next(finding for finding in findings if finding.code in {"LM-TRC-003", "LM-TRC-004"})
        raise _refuse(str(first.location), first.message, "mend the document first: what is not understood would be lost")
    start = path.find("quality/")
    prefix = path[: start + 8] if start >= 0 else "quality/"
    name = path.rpartition("/")[2]
    plan[f"{prefix}{DOCUMENTS}{name}"] = ("\n".join(outline).strip("\n") + "\n").encode()
    return plan


def join_items(outline: Outline, graph: TraceGraph, files: Mapping[str, bytes]) -> bytes:
    """The items of an outline as one document in the multi-item form, with the outline's headings and texts.

    Raises:
        UsageError: LM-TRC-062 if it names an item that does not exist, or holds a query, which no document can hold.
    """
    parts: list[str] = []
    level = 2
    for block in outline.blocks:
        if block.kind == "heading":
            level = min(block.level + 1, 5)
            parts.append(f"{'#' * block.level} {block.text}\n")
        elif block.kind == "text":
            parts.append(block.text + "\n")
        elif block.kind == "item":
            item = graph.items.get(graph.aliases.get(block.text, block.text))
            if item is None:
                raise _refuse(f"{outline.path}:{block.line}", f"{block.text} does not exist", "correct the line")
            fields = parse_file(item.path, files[item.path], []) if not is_multi(files[item.path]) else None
            if fields is None:
                raise _refuse(f"{outline.path}:{block.line}", f"{item.id} stands in a document already: {item.path}", "split that one first")
            wrong = next((line for text in (item.text, *item.sections.values()) if (line := find_unjoinable(text, level))), "")
            if wrong:
                raise _refuse(
                    f"{outline.path}:{block.line}",
                    f"the heading {wrong[:40]!r} of {item.id} has no place in a document",
                    "use headings of levels 2 to 4 in items",
                )
            parts.append(format_multi(fields.values, item.text, item.sections, level))
        else:
            raise _refuse(
                f"{outline.path}:{block.line}", f"a line '{block.kind}: {block.text}' computes items", "name the items one by one, or render the document"
            )
    return "\n".join(parts).encode()


def next_id(graph: TraceGraph, prefix: str, used: Iterable[str] = (), digits: int = 0) -> str:
    """The id after the highest one that the prefix ever had: in the tree, as an alias, or among `used` (the history).

    Raises:
        UsageError: LM-IDS-001 if the prefix is none.
    """
    numbers: list[int] = []
    widths: list[int] = []
    for name in (*graph.items, *graph.aliases, *(anomaly.id for anomaly in graph.anomalies), *used):
        head, _, number = name.rpartition("-")
        if head == prefix and number.isascii() and number.isdigit():
            numbers.append(int(number))
            if name in graph.items:
                widths.append(len(number))
    width = digits or max(widths, default=3)
    found = f"{prefix}-{max(numbers, default=0) + 1:0{width}d}"
    if local_id(found, graph.product) is None:
        raise UsageError(
            "LM-IDS-001", f"{prefix!r} is no prefix of an identifier", solution="write capitals and digits in parts joined by '-', like SRS or ZEP-SRS-26"
        )
    return found


def rename_item(graph: TraceGraph, files: Mapping[str, bytes], old: str, new: str, *, used: Iterable[str] = ()) -> Plan:
    """The item under a new id, its old one as an alias, and every link in the quality files to the new one.

    Markers in sources, commits and results go on to name it by the alias.

    Raises:
        UsageError: LM-TRC-062 if there is no such item, or the new id is or was another's.
    """
    item = graph.items.get(old)
    wanted = local_id(new, graph.product)
    if item is None:
        raise _refuse(old, f"there is no item {old}", "name an item of this product")
    if wanted is None or ":" in wanted:
        raise _refuse(new, f"{new!r} is no identifier of this product", "write it as PREFIX-001")
    taken = {look_alike_key(name): name for name in (*graph.items, *graph.aliases, *used) if name != old}
    clash = taken.get(look_alike_key(wanted))
    if clash is not None and graph.aliases.get(clash) != old:
        raise _refuse(new, f"{wanted} is or was {clash}; ids are never reused", "take the number that `lotmark id new` gives")
    plan: Plan = {}
    for path, data in files.items():
        changed = _renamed_links(path, data, old, wanted)
        if path == item.path:
            changed = _with_alias(path, _renamed_head(path, changed, old, wanted), graph, wanted, old)
            if path.endswith(f"/{old}.md"):
                plan[path] = None
                path = f"{path.removesuffix(f'{old}.md')}{wanted}.md"  # noqa: PLW2901 -- the file goes where its id says
        if changed != data or path not in files:
            plan[path] = changed
    return plan


def add_alias(graph: TraceGraph, files: Mapping[str, bytes], item_id: str, alias: str) -> Plan:
    """The item with one more name.

    Raises:
        UsageError: LM-TRC-062 if there is no such item, or the name is taken.
    """
    item = graph.items.get(item_id)
    if item is None:
        raise _refuse(item_id, f"there is no item {item_id}", "name an item of this product")
    holder = alias if alias in graph.items else graph.aliases.get(alias)
    if holder is not None:
        raise _refuse(alias, f"{alias!r} names {holder} already", "one name, one item")
    return {item.path: _with_alias(item.path, files[item.path], graph, item_id, alias)}


def _renamed_links(path: str, data: bytes, old: str, new: str) -> bytes:
    """The file with the old id replaced where it is a reference: fields, YAML values, outline entries; never in prose."""
    inner = inner_path(path)
    word = re.compile(rf"(?<![\w:-]){re.escape(old)}(?![\w-])".encode())
    if inner.endswith((".yaml", ".yml")):
        return word.sub(new.encode(), data)
    if not inner.endswith(".md"):
        return data
    if inner.startswith(DOCUMENTS):
        lines = data.split(b"\n")
        return b"\n".join(word.sub(new.encode(), line) if re.match(rb"[ \t]*[-*+][ \t]+\S+[ \t\r]*$", line) else line for line in lines)
    if data.startswith(b"---"):
        head, mark, rest = data.partition(b"\n---")
        lines = [line if line.startswith((b"id:", b"title:", b"aliases:")) else word.sub(new.encode(), line) for line in head.split(b"\n")]
        return b"\n".join(lines) + mark + rest
    lines = data.split(b"\n")
    return b"\n".join(
        word.sub(new.encode(), line) if re.match(rb"[-*][ \t]+[a-z][a-z-]*:[ \t]*\[?[A-Z]", line) and b"aliases:" not in line else line for line in lines
    )


def _renamed_head(path: str, data: bytes, old: str, new: str) -> bytes:
    """The line that gives the item its id."""
    del path
    if data.startswith(b"---"):
        return re.sub(rf"^id:[ ]*[\"']?(?:[a-z0-9-]+:)?{re.escape(old)}[\"']?".encode(), f"id: {new}".encode(), data, count=1, flags=re.MULTILINE)
    return re.sub(rf"^(#{{1,5}}[ \t]+){re.escape(old)}(?![\w-])".encode(), rf"\g<1>{new}".encode(), data, count=1, flags=re.MULTILINE)


def _with_alias(path: str, data: bytes, graph: TraceGraph, item_id: str, alias: str) -> bytes:
    """The file with one more alias of the item."""
    held = next((item.aliases for item in graph.items.values() if item.path == path and item.id in {item_id, alias}), ())
    values = tuple(dict.fromkeys((*(name for name in held if name != item_id), alias)))
    line = f"aliases: {format_value(values)}".encode()
    if data.startswith(b"---"):
        head, mark, rest = data.partition(b"\n---")
        lines = _without_aliases(head.split(b"\n"), b"")
        at = next((number for number, text in enumerate(lines) if text.startswith(b"id:")), 0)
        return b"\n".join([*lines[: at + 1], line, *lines[at + 1 :]]) + mark + rest
    lines = data.split(b"\n")
    heading = re.compile(rf"^#{{1,5}}[ \t]+{re.escape(item_id)}(?![\w-])".encode())
    at = next(number for number, text in enumerate(lines) if heading.match(text))
    end = next((number for number in range(at + 1, len(lines)) if lines[number].strip() and not re.match(rb"[-*][ \t]", lines[number])), len(lines))
    fields = [text for text in lines[at + 1 : end] if text.strip() and not re.match(rb"[-*][ \t]+aliases:", text)]
    return b"\n".join([*lines[: at + 1], b"", b"- " + line, *fields, b"", *lines[end:]])


def _without_aliases(lines: list[bytes], indent: bytes) -> list[bytes]:
    kept: list[bytes] = []
    skipping = False
    for line in lines:
        if line.startswith(indent + b"aliases:"):
            skipping = True
            continue
        if skipping and line[:1] in {b" ", b"-"}:
            continue
        skipping = False
        kept.append(line)
    return kept


def new_item(item_id: str, type_name: str, title: str) -> bytes:
    """The first form of an item, for its author to go on from."""
    return format_item({"id": item_id, "type": type_name, "title": title or "Title", "status": "draft"}, "", {})


def _refuse(where: str, reason: str, cure: str) -> UsageError:
    return UsageError("LM-TRC-062", reason, where=where, solution=cure)
