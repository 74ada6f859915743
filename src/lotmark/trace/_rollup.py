"""Results roll up: from tests over requirements and risk controls to hazards and user needs. Pure.

Only ``passed`` covers. Whatever else is said of a test (failed, error, skipped, missing, a word nobody knows), and a test
that is not among the results at all, makes what it verifies incomplete, and everything above that.
"""

from collections.abc import Collection, Mapping

from lotmark.trace._graph import components, top_sets
from lotmark.trace._risk import RISK_TYPES, hazard_of
from lotmark.trace._test_ids import base_test_id
from lotmark.trace.models import Coverage, CoverageStatus, CoverageSummary, Item, TraceGraph

PASSED = "passed"
MISSING = "missing"


def roll_up(graph: TraceGraph, statuses: Mapping[str, str], verifies: Mapping[str, Collection[str]] | None = None) -> dict[str, Coverage]:
    """The coverage of every item that is not obsolete, by id, in graph order.

    Args:
        graph: The items, and by its source markers what each test verifies.
        statuses: Test id -> status, of every result received. Parametrised results count for their base id.
        verifies: Test id -> ids that it verifies, as the results say it, beside what the source markers say.
    """
    tests_of = _tests_of(graph, verifies or {})
    by_base: dict[str, list[str]] = {}
    for test in statuses:
        by_base.setdefault(base_test_id(test), []).append(test)
    done: dict[str, Coverage] = {}
    # With the links turned round, each component comes after everything below it.
    for group in components(graph.items, graph.down):
        cyclic = len(group) > 1 or group[0] in graph.down.get(group[0], ())
        for item_id in group:
            item = graph.items[item_id]
            if not item.obsolete:
                results = _results(tests_of.get(item_id, ()), statuses, by_base)
                done[item_id] = _cover(graph, item, results, done, cyclic=cyclic)
    return {item_id: done[item_id] for item_id in graph.items if item_id in done}


def summarise_coverage(graph: TraceGraph, coverage: Mapping[str, Coverage] | None = None) -> CoverageSummary:
    """The numbers over the requirements; without results none is verified."""
    requirements = graph.of_type("requirement")
    tops = [item.id for item in graph.of_type("user-need", "hazard")]
    reach = top_sets(graph, tops)
    tested = find_tested(graph)
    return CoverageSummary(
        requirements=len(requirements),
        with_risk_or_need=sum(1 for item in requirements if reach[item.id]),
        with_test=sum(1 for item in requirements if item.id in tested),
        verified=sum(1 for item in requirements if coverage and item.id in coverage and coverage[item.id].covered),
    )


def find_tested(graph: TraceGraph) -> set[str]:
    """The items for which tests are written: by a marker or a test case, or because everything refining them has tests."""
    tested: set[str] = set()
    for group in components(graph.items, graph.down):
        for item_id in group:
            below = _counting(graph, item_id)
            parts = [item for item in below if item.type != "test-case"]
            if graph.verified_by.get(item_id) or len(parts) < len(below) or (parts and all(item.id in tested for item in parts)):
                tested.add(item_id)
    return tested


def _counting(graph: TraceGraph, item_id: str) -> tuple[Item, ...]:
    """The items directly below whose coverage counts for it: an anomaly or a change that names it is no part of it."""
    types = graph.policy.types
    return tuple(child for child in graph.below(item_id) if child.type not in types or types[child.type].counts)


def _tests_of(graph: TraceGraph, verifies: Mapping[str, Collection[str]]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {item_id: dict.fromkeys(tests) for item_id, tests in graph.verified_by.items()}
    prefix = f"{graph.product}:"
    for test, ids in verifies.items():
        for item_id in ids:
            local = item_id.removeprefix(prefix)
            found.setdefault(graph.aliases.get(local, local), {})[test] = None
    return found


def _results(tests: Collection[str], statuses: Mapping[str, str], by_base: Mapping[str, list[str]]) -> dict[str, str]:
    """Test id -> status of the results of these tests; one that brought no result is missing."""
    found: dict[str, str] = {}
    for test in tests:
        received = [test] if test in statuses else []
        received += [one for one in by_base.get(test, ()) if one != test]
        found.update({one: statuses[one] for one in received} or {test: MISSING})
    return found


def _cover(graph: TraceGraph, item: Item, results: Mapping[str, str], done: Mapping[str, Coverage], *, cyclic: bool) -> Coverage:
    below = _counting(graph, item.id)
    reasons = [f"{test}: {status}" for test, status in results.items() if status != PASSED]
    reasons += [f"{child.id} is incomplete" for child in below if child.id not in done or not done[child.id].covered]
    if cyclic:
        reasons.append("it stands in a cycle of links")
    types = {child.type for child in below}
    if item.type == "risk-control" and "requirement" not in types:
        reasons.append("no requirement implements it")
    elif item.type in RISK_TYPES:
        if not types & {"risk-control", "requirement", "hazardous-situation"} and hazard_of(item, graph.scale).needs_control:
            reasons.append("no risk control mitigates it")
    elif item.type != "risk-control" and not results and not below:
        reasons.append("no requirement stands below it and no test verifies it" if item.type == "user-need" else "no test verifies it")
    status = CoverageStatus.INCOMPLETE if reasons else CoverageStatus.COVERED
    return Coverage(item.id, status, tuple(results.items()), tuple(child.id for child in below), tuple(reasons))
