"""What must lie above and below, as the types say it: origins, implementation of controls, tests and their layers."""

from collections.abc import Collection, Iterable, Mapping

from lotmark.base.findings import Finding, Severity
from lotmark.trace._declared import find_unreached
from lotmark.trace._graph import find_below, top_sets
from lotmark.trace.models import Item, ItemType, Level, TraceGraph, TracePolicy


def check_levels(graph: TraceGraph) -> list[Finding]:
    """Orphans, missing levels, controls without requirement, requirements without test, layers without test."""
    findings: list[Finding] = []
    types = graph.policy.types
    reach = _reach(graph)
    # Tests that only the results know may still come to verify what an entry of markers.yaml names.
    layer_of = {test.id: test.layer for test in graph.sources.tests}
    promised = frozenset() if graph.results_known else frozenset(item_id for entry, _ in find_unreached(graph) for item_id in entry.ids)
    for item in graph.items.values():
        if item.obsolete:
            continue
        kind = types.get(item.type)
        if kind is not None:
            findings.extend(_above(graph, item, kind, reach))
            if kind.below:
                findings.extend(_below(graph, item, kind))
            if kind.needs_test and not graph.verified_by.get(item.id) and item.id not in promised and not graph.below(item.id, "test-case", item.type):
                findings.append(_untested(item, kind))
        if item.layers:
            findings.extend(_layers(graph, item, layer_of))
    return findings


def _reach(graph: TraceGraph) -> dict[frozenset[str], Mapping[str, int]]:
    """For each set of types that some type must reach: item -> bitset of those that it reaches."""
    wanted = {kind.reaches for kind in graph.policy.types.values() if kind.reaches}
    return {types: top_sets(graph, [item.id for item in graph.of_type(*types)]) for types in wanted}


def _above(graph: TraceGraph, item: Item, kind: ItemType, reach: Mapping[frozenset[str], Mapping[str, int]]) -> list[Finding]:
    findings = [_missing(item, kind, level, graph.policy, above=True) for level in kind.above if not _has_above(graph, item, level)]
    if findings or not kind.reaches or reach[kind.reaches][item.id]:
        return findings
    links = {name for level in kind.above for name in level.links}
    above = item.targets(*links) if links else item.targets()
    if all(target in graph.items for target in above):
        tops = _or(graph.policy.types[name].title for name in sorted(kind.reaches, key=list(graph.policy.types).index) if name in graph.policy.types)
        text = f"no link of {', '.join(above)} leads on to a {tops}" if above else f"no link leads to a {tops}"
        key = next((link.type for link in item.links if not links or link.type in links), "id")
        findings.append(_say(item, "LM-TRC-031", text, "complete the chain above it", key=key))
    return findings


def _has_above(graph: TraceGraph, item: Item, level: Level) -> bool:
    """A link that leads nowhere satisfies the level: that it does is a finding of its own."""
    for link in item.links:
        if not level.links or link.type in level.links:
            target = graph.items.get(link.target) if level.types else None
            if target is None or target.type in level.types:
                return True
    return False


def _below(graph: TraceGraph, item: Item, kind: ItemType) -> list[Finding]:
    return [_missing(item, kind, level, graph.policy, above=False) for level in kind.below if not _has_below(graph, item, level)]


def _has_below(graph: TraceGraph, item: Item, level: Level) -> bool:
    for child in graph.below(item.id, *level.types):
        if not level.links or any(link.target == item.id and link.type in level.links for link in child.links):
            return True
    return False


def _missing(item: Item, kind: ItemType, level: Level, policy: TracePolicy, *, above: bool) -> Finding:
    names = [policy.types[name].title if name in policy.types else name for name in level.types]
    if level.says:
        text, cure = level.says, level.cure.replace("{id}", item.id)
    elif above:
        to = f" to a {_or(names)}" if names else ""
        text, cure = f"the {kind.title} has none of the links that it needs{to}: {_or(level.links)}", f"write '{(level.links or ('...',))[0]}: [..]'"
    else:
        by = f" by {_or(level.links)}" if level.links else ""
        text, cure = f"no {_or(names) or 'item'} links to the {kind.title}{by}", f"write the item that does, with a link to {item.id}"
    return _say(item, level.code, text, cure)


def _untested(item: Item, kind: ItemType) -> Finding:
    cure = f'mark a test: @pytest.mark.verifies("{item.id}"), or /* @verifies {item.id} */ above it'
    return _say(item, "LM-TRC-035", f"no test verifies the {kind.title}", cure)


def _layers(graph: TraceGraph, item: Item, layer_of: Mapping[str, str]) -> list[Finding]:
    """Layers that the item asks for, of those that can be known by now, and in which no test verifies it or anything below it."""
    members = (item.id, *find_below(graph, item.id))
    found = _layers_of(graph, members, layer_of)
    if "" in found and not graph.results_known:
        # The path of a test does not tell its layer; the layer that runs it will.
        return []
    cure = "mark a test in a folder of that layer"
    return [_say(item, "LM-TRC-036", f"no test of the layer '{layer}' verifies it", cure, key="layers") for layer in item.layers if layer not in found]


def _layers_of(graph: TraceGraph, members: Collection[str], layer_of: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for member in members:
        for test in graph.verified_by.get(member, ()):
            found.update(graph.ran_in.get(test) or {layer_of.get(test, "")})
    for member in members:
        layer = graph.items[member].attributes.get("layer", "")
        if isinstance(layer, str) and layer:
            found.add(layer)
    return found


def _or(names: Iterable[str]) -> str:
    words = list(names)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else ""


def _say(item: Item, code: str, message: str, cure: str, *, key: str = "id") -> Finding:
    return Finding(code, f"{item.id}: {message}", Severity.ERROR, item.where(key), item.id, cure)
