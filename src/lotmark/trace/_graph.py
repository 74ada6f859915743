"""The engine: adjacency in dictionaries, reachability of tops in integer bitsets, cycles by Tarjan's algorithm. No recursion."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from lotmark.base.findings import Finding
from lotmark.trace._aliases import find_aliases, resolve_aliases
from lotmark.trace._declared import find_verified_by, mark_sources
from lotmark.trace._policy import DEFAULT_POLICY, DEFAULT_SCALE
from lotmark.trace.models import Anomaly, DeclaredMarker, Impact, Item, RiskScale, SourceScan, TraceGraph, TracePolicy


def build_graph(
    product: str,
    items: Mapping[str, Item],
    *,
    anomalies: tuple[Anomaly, ...] | None = None,
    scale: RiskScale = DEFAULT_SCALE,
    sources: SourceScan | None = None,
    findings: Iterable[Finding] = (),
    declared: tuple[DeclaredMarker, ...] = (),
    policy: TracePolicy = DEFAULT_POLICY,
) -> TraceGraph:
    """The graph of these items; links to ids that are not among them are left to the checks. `anomalies` None: no list."""
    sources = sources or SourceScan()
    aliases = find_aliases(items)
    if aliases:
        items, sources, anomalies, declared = resolve_aliases(aliases, items, sources, anomalies, declared)
    up: dict[str, tuple[str, ...]] = {}
    down: dict[str, list[str]] = {}
    for item in items.values():
        targets = [link.target for link in item.links if link.target in items]
        if targets:
            up[item.id] = tuple(dict.fromkeys(targets))
            for target in up[item.id]:
                down.setdefault(target, []).append(item.id)
    sources = mark_sources(sources, declared, [test.id for test in sources.tests])
    return TraceGraph(
        product=product,
        items=items,
        up=up,
        down={key: tuple(below) for key, below in down.items()},
        verified_by=find_verified_by(sources),
        anomalies=anomalies or (),
        anomalies_declared=anomalies is not None,
        scale=scale,
        sources=sources,
        findings=tuple(findings),
        declared=declared,
        policy=policy,
        aliases=aliases,
    )


def find_cycles(graph: TraceGraph) -> tuple[tuple[str, ...], ...]:
    """The groups of items that reach themselves by their links, each in graph order; a self-link is a group of one."""
    order = {item_id: number for number, item_id in enumerate(graph.items)}
    found = [sorted(group, key=order.__getitem__) for group in components(graph.items, graph.up) if len(group) > 1 or group[0] in graph.up.get(group[0], ())]
    return tuple(tuple(group) for group in sorted(found, key=lambda group: order[group[0]]))


def components(nodes: Iterable[str], edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Strongly connected components, each after all that its members point at (Tarjan 1972, with an explicit stack)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    found: list[list[str]] = []
    for root in nodes:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(edges.get(root, ())))]
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(edges.get(target, ()))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    group: list[str] = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    found.append(group)
    return found


def top_sets(graph: TraceGraph, tops: Sequence[str]) -> dict[str, int]:
    """Item -> bitset over `tops` of those that it reaches by links up (bit n is ``tops[n]``).

    Components come after what they point at, so one pass in that order is enough, cycles included. What is reached only
    over an obsolete item is not reached.
    """
    bits = {top: 1 << number for number, top in enumerate(tops)}
    dead = {item.id for item in graph.items.values() if item.obsolete}
    up = {item_id: tuple(target for target in targets if target not in dead) for item_id, targets in graph.up.items()} if dead else graph.up
    reach: dict[str, int] = dict.fromkeys(dead, 0)
    for group in components((item_id for item_id in graph.items if item_id not in dead), up):
        mask = 0
        for item_id in group:
            mask |= bits.get(item_id, 0)
            for target in up.get(item_id, ()):
                mask |= reach.get(target, 0)
        for item_id in group:
            reach[item_id] = mask
    return reach


def find_below(graph: TraceGraph, item_id: str) -> tuple[str, ...]:
    """Everything that reaches this item by links, obsolete items and what lies behind them left out."""
    seen = {item_id: None}
    frontier = [item_id]
    while frontier:
        following = [item.id for current in frontier for item in graph.below(current) if item.id not in seen]
        seen.update(dict.fromkeys(following))
        frontier = list(dict.fromkeys(following))
    return tuple(seen)[1:]


def find_impact(graph: TraceGraph, changed: Collection[str]) -> Impact:
    """What a change of these items touches; ids that the graph does not know are named, not dropped.

    The cost is that of what is touched, not of the graph: a page asks it for one item out of fifty thousand.
    """
    known = {item_id for item_id in changed if item_id in graph.items}
    below = _closure(known, graph.down) - known
    above = _closure(known | below, graph.up) - known - below
    touched = _in_order(graph, known | below | above)
    tests = dict.fromkeys(test for item_id in touched for test in graph.verified_by.get(item_id, ()))
    return Impact(
        changed=_in_order(graph, known),
        below=_in_order(graph, below),
        above=_in_order(graph, above),
        tests=tuple(tests),
        unknown=tuple(sorted({item_id for item_id in changed if item_id not in graph.items})),
    )


def _closure(start: Collection[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    seen = set(start)
    waiting = list(seen)
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


def _in_order(graph: TraceGraph, found: Collection[str]) -> tuple[str, ...]:
    """The items in the order of their places, which is that of the graph."""
    items = graph.items
    return tuple(sorted(found, key=lambda item_id: (items[item_id].path, items[item_id].line, item_id)))
