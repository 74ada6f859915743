"""The engine: cycles, components, reachability and impact."""

import pytest

from fakes.trace_files import case, control, graph_of, hazard, need, requirement, sound, sources
from lotmark.trace._graph import components, find_below, find_cycles, find_impact, top_sets
from lotmark.trace.api import build_graph

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def chain():
    """UN-001 < REQ-001 < REQ-002 < REQ-003, RC-001 implemented by REQ-002, HAZ-001 mitigated by RC-001, apart: UN-009."""
    return graph_of(
        need("UN-001"),
        need("UN-009"),
        requirement("REQ-001", "derives: [UN-001]"),
        requirement("REQ-002", "refines: [REQ-001]", "implements: [RC-001]"),
        requirement("REQ-003", "refines: [REQ-002]"),
        requirement("REQ-004", "refines: [REQ-001]"),
        hazard("HAZ-001"),
        control("RC-001", "mitigates: [HAZ-001]"),
        scan=sources(
            '@pytest.mark.verifies("REQ-003")',
            "def test_three(): pass",
            '@pytest.mark.verifies("REQ-002", "RC-001")',
            "def test_two(): pass",
            '@pytest.mark.verifies("REQ-004")',
            "def test_four(): pass",
        ),
    )


def test_an_empty_graph_is_a_graph():
    graph = build_graph("qpcr", {})
    assert (find_cycles(graph), find_impact(graph, []).changed, graph.of_type("hazard")) == ((), (), ())


def test_two_links_to_one_target_are_one_edge():
    graph = graph_of(need("UN-001"), requirement("REQ-001", "derives: [UN-001]", "refines: [UN-001]"))
    assert graph.up["REQ-001"] == ("UN-001",)
    assert graph.down["UN-001"] == ("REQ-001",)


def test_a_graph_without_a_circle_has_no_cycles():
    assert find_cycles(chain()) == ()


def test_each_cycle_is_named_once_in_graph_order():
    graph = graph_of(
        requirement("REQ-001", "refines: [REQ-003]"),
        requirement("REQ-002", "refines: [REQ-001]"),
        requirement("REQ-003", "refines: [REQ-002]"),
        requirement("REQ-004", "refines: [REQ-003]"),
        requirement("REQ-005", "refines: [REQ-006]"),
        requirement("REQ-006", "refines: [REQ-005]"),
        requirement("REQ-007", "refines: [REQ-007]"),
    )
    assert find_cycles(graph) == (("REQ-001", "REQ-002", "REQ-003"), ("REQ-005", "REQ-006"), ("REQ-007",))


def test_components_come_after_what_they_point_at():
    edges = {"a": ("b", "c"), "b": ("d",), "c": ("d",), "d": ("e",), "e": ("d",)}
    order = [frozenset(group) for group in components("abcde", edges)]
    assert order[0] == {"d", "e"}
    assert order[-1] == {"a"}
    assert len(order) == 4


def test_a_chain_of_any_length_needs_no_recursion():
    edges = {number: (number + 1,) for number in range(50_000)}
    assert len(components(range(50_001), edges)) == 50_001


def test_top_sets_say_what_each_item_reaches():
    graph = chain()
    reach = top_sets(graph, ["UN-001", "HAZ-001", "UN-009"])
    assert {item: reach[item] for item in ("REQ-001", "REQ-002", "REQ-003", "REQ-004", "RC-001", "UN-009")} == {
        "REQ-001": 0b001,
        "REQ-002": 0b011,
        "REQ-003": 0b011,
        "REQ-004": 0b001,
        "RC-001": 0b010,
        "UN-009": 0b100,
    }


def test_members_of_a_cycle_reach_the_same():
    graph = graph_of(need("UN-001"), requirement("REQ-001", "refines: [REQ-002]"), requirement("REQ-002", "refines: [REQ-001]", "derives: [UN-001]"))
    reach = top_sets(graph, ["UN-001"])
    assert reach["REQ-001"] == reach["REQ-002"] == 1


def test_what_is_reached_over_an_obsolete_item_is_not_reached():
    middle = {path: data.replace(b"approved", b"obsolete") for path, data in requirement("REQ-001", "derives: [UN-001]").items()}
    graph = graph_of(need("UN-001"), middle, requirement("REQ-002", "refines: [REQ-001]"))
    assert top_sets(graph, ["UN-001"]).get("REQ-002") == 0
    assert find_below(graph, "UN-001") == ()


def test_below_is_everything_that_leads_here():
    assert find_below(chain(), "UN-001") == ("REQ-001", "REQ-002", "REQ-004", "REQ-003")
    assert find_below(chain(), "UN-009") == ()


def test_the_impact_of_a_requirement_goes_down_to_its_parts_and_up_to_what_it_serves():
    impact = find_impact(chain(), ["REQ-002"])
    assert impact.changed == ("REQ-002",)
    assert impact.below == ("REQ-003",)
    assert impact.above == ("REQ-001", "UN-001", "HAZ-001", "RC-001")
    assert set(impact.tests) == {"tests/unit/test_it.py::test_three", "tests/unit/test_it.py::test_two"}
    assert impact.unknown == ()


def test_the_impact_of_a_hazard_reaches_its_controls_requirements_and_tests():
    impact = find_impact(chain(), ["HAZ-001"])
    assert impact.below == ("REQ-002", "REQ-003", "RC-001")
    assert "tests/unit/test_it.py::test_four" not in impact.tests


def test_test_cases_pass_the_impact_on_to_their_tests():
    graph = graph_of(sound(), case("TC-001", "verifies: [REQ-001]"), scan=sources('@pytest.mark.verifies("TC-001")', "def test_case(): pass"))
    assert find_impact(graph, ["REQ-001"]).tests == ("tests/unit/test_it.py::test_case",)


def test_unknown_ids_are_named_and_not_dropped():
    impact = find_impact(chain(), ["REQ-404", "UN-009", "REQ-403"])
    assert (impact.unknown, impact.changed) == (("REQ-403", "REQ-404"), ("UN-009",))


def test_the_impact_in_a_cycle_ends():
    graph = graph_of(requirement("REQ-001", "refines: [REQ-002]"), requirement("REQ-002", "refines: [REQ-001]"))
    assert find_impact(graph, ["REQ-001"]).below == ("REQ-002",)
