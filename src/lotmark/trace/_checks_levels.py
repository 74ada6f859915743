"""What must lie above and below: origins of requirements, implementation of controls, tests and their layers."""

from collections.abc import Collection, Mapping

from lotmark.base.findings import Finding, Severity
from lotmark.trace._declared import find_unreached
from lotmark.trace._graph import find_below, top_sets
from lotmark.trace.models import Item, TraceGraph

UPWARD = ("derives", "refines", "implements")


def check_levels(graph: TraceGraph) -> list[Finding]:
    """Orphans, missing levels, controls without requirement, requirements without test, layers without test."""
    findings: list[Finding] = []
    tops = [item.id for item in graph.of_type("user-need", "hazard")]
    reach = top_sets(graph, tops)
    # Tests that only the results know may still come to verify what an entry of markers.yaml names.
    layer_of = {test.id: test.layer for test in graph.sources.tests}
    promised = frozenset() if graph.results_known else frozenset(item_id for entry, _ in find_unreached(graph) for item_id in entry.ids)
    for item in graph.items.values():
        if item.obsolete:
            continue
        if item.type == "requirement":
            findings.extend(_requirement(graph, item, reach, promised))
        elif item.type == "risk-control":
            findings.extend(_control(graph, item))
        elif item.type == "user-need" and not graph.below(item.id, "requirement", "user-need"):
            findings.append(
                _say(item, "LM-TRC-031", "no requirement derives from the user need", f"write 'derives: [{item.id}]' into the requirement that fulfils it")
            )
        if item.layers:
            findings.extend(_layers(graph, item, layer_of))
    return findings


def _requirement(graph: TraceGraph, item: Item, reach: dict[str, int], promised: Collection[str]) -> list[Finding]:
    findings: list[Finding] = []
    above = item.targets(*UPWARD)
    if not above:
        findings.append(
            _say(
                item,
                "LM-TRC-030",
                "the requirement has no origin: it derives from, refines and implements nothing",
                "link it: derives: [UN-..], refines: [REQ-..] or implements: [RC-..]",
            )
        )
    elif not reach[item.id] and all(target in graph.items for target in above):
        findings.append(
            _say(item, "LM-TRC-031", f"no link of {', '.join(above)} leads on to a user need or a hazard", "complete the chain above it", key=_first_link(item))
        )
    if not graph.verified_by.get(item.id) and item.id not in promised and not graph.below(item.id, "test-case", "requirement"):
        findings.append(
            _say(
                item,
                "LM-TRC-035",
                "no test verifies the requirement",
                f'mark a test: @pytest.mark.verifies("{item.id}"), or /* @verifies {item.id} */ above it',
            )
        )
    return findings


def _control(graph: TraceGraph, item: Item) -> list[Finding]:
    findings: list[Finding] = []
    if not graph.below(item.id, "requirement"):
        findings.append(
            _say(item, "LM-TRC-033", "no requirement implements the risk control", f"write 'implements: [{item.id}]' into the requirement that does")
        )
    if not item.targets("mitigates"):
        findings.append(_say(item, "LM-TRC-034", "the risk control mitigates no hazard", "write 'mitigates: [HAZ-..]'"))
    return findings


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


def _first_link(item: Item) -> str:
    return next(link.type for link in item.links if link.type in UPWARD)


def _say(item: Item, code: str, message: str, cure: str, *, key: str = "id") -> Finding:
    return Finding(code, f"{item.id}: {message}", Severity.ERROR, item.where(key), item.id, cure)
