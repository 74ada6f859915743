"""The graph for other tools: Graphviz DOT, Mermaid, JSON."""

import json
import re
from collections.abc import Collection
from typing import Any

from lotmark.trace.models import TraceGraph

_SHAPES = {"user-need": "house", "hazard": "octagon", "risk-control": "hexagon", "requirement": "box", "test-case": "ellipse"}


def select_items(graph: TraceGraph, around: Collection[str]) -> tuple[str, ...]:
    """The items that are connected with these by links, up and down; every item where none is named. In graph order."""
    if not around:
        return tuple(item_id for item_id, item in graph.items.items() if not item.obsolete)
    seen: set[str] = set()
    for edges in (graph.up, graph.down):
        waiting = [item_id for item_id in around if item_id in graph.items]
        reached = set(waiting)
        while waiting:
            for other in edges.get(waiting.pop(), ()):
                if other not in reached:
                    reached.add(other)
                    waiting.append(other)
        seen |= reached
    return tuple(item_id for item_id in graph.items if item_id in seen)


def format_dot(graph: TraceGraph, items: Collection[str]) -> str:
    """A digraph whose edges point up."""
    lines = ["digraph trace {", "  rankdir=BT;", '  node [fontname="sans-serif"];']
    for item_id in items:
        item = graph.items[item_id]
        label = _quote(item_id + "\n" + item.title)
        lines.append(f"  {_quote(item_id)} [label={label}, shape={_SHAPES.get(item.type, 'box')}];")
    for source, kind, target in _edges(graph, items):
        lines.append(f"  {_quote(source)} -> {_quote(target)} [label={_quote(kind)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "") + '"'


def format_mermaid(graph: TraceGraph, items: Collection[str]) -> str:
    """A flowchart; GitHub and GitLab draw it in Markdown."""
    name = {item_id: f"n{number}" for number, item_id in enumerate(items)}
    lines = ["flowchart BT"]
    lines += [f'  {name[item_id]}["{_mermaid(f"{item_id} {graph.items[item_id].title}")}"]' for item_id in items]
    lines += [f"  {name[source]} -- {kind} --> {name[target]}" for source, kind, target in _edges(graph, items)]
    return "\n".join(lines) + "\n"


def _mermaid(text: str) -> str:
    """Text inside quotes: everything that is markup there becomes an entity code."""
    return re.sub(r"[^\w .,:()/-]", lambda match: f"#{ord(match[0])};", text)


def format_graph_json(graph: TraceGraph, items: Collection[str]) -> str:
    """Nodes and links as JSON."""
    nodes: list[dict[str, Any]] = [
        {"id": item.id, "type": item.type, "category": item.category, "title": item.title, "status": item.status, "fingerprint": item.fingerprint}
        for item in (graph.items[item_id] for item_id in items)
    ]
    links = [{"source": source, "type": kind, "target": target} for source, kind, target in _edges(graph, items)]
    tests = {item_id: list(graph.verified_by[item_id]) for item_id in items if item_id in graph.verified_by}
    value = {"schema": "https://lotmark.dev/output/trace-graph/v1", "product": graph.product, "nodes": nodes, "links": links, "verifiedBy": tests}
    return json.dumps(value, indent=2) + "\n"


def _edges(graph: TraceGraph, items: Collection[str]) -> list[tuple[str, str, str]]:
    chosen = set(items)
    return [(item_id, link.type, link.target) for item_id in items for link in graph.items[item_id].links if link.target in chosen]
