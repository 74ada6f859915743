"""Only a passing result covers; whatever else is said makes everything above incomplete."""

import pytest

from fakes.trace_files import case, control, graph_of, hazard, need, requirement, sound, sources
from lotmark.trace.api import base_test_id, find_tested, roll_up, summarise_coverage
from lotmark.trace.models import CoverageStatus

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


TEST = "tests/unit/test_it.py::test_it"
OTHER = "tests/unit/test_it.py::test_other"


def marked(*ids, name="test_it"):
    return (f"@pytest.mark.verifies({', '.join(repr(one) for one in ids)})", f"def {name}(): pass")


def sound_graph(*more, scan=None):
    return graph_of(sound(), *more, scan=scan or sources(*marked("REQ-001")))


def covered(coverage):
    return {item_id for item_id, one in coverage.items() if one.covered}


def obsolete(files):
    return {path: data.replace(b"status: approved", b"status: obsolete") for path, data in files.items()}


@pytest.mark.parametrize(
    ("test_id", "base"),
    [
        ("tests/a.py::test_x[1]", "tests/a.py::test_x"),
        ("tests/a.py::test_x[a::b]", "tests/a.py::test_x"),
        ("tests/a.py::test_x[[1]]", "tests/a.py::test_x"),
        ("tests/a.py::TestA::test_x[1-2]", "tests/a.py::TestA::test_x"),
        ("tests/a.py::test_x", "tests/a.py::test_x"),
        ("tests/a[1].py::test_x", "tests/a[1].py::test_x"),
        ("tests/a.c::test x [odd", "tests/a.c::test x [odd"),
        ("suite.name[1]", "suite.name[1]"),
        ("::x]", "::x]"),
        ("", ""),
    ],
)
def test_the_base_id_leaves_the_parameters_out(test_id, base):
    assert base_test_id(test_id) == base


def test_a_passing_result_covers_everything_above():
    coverage = roll_up(sound_graph(), {TEST: "passed"})
    assert list(coverage) == ["REQ-001", "UN-001", "HAZ-001", "RC-001"]
    assert covered(coverage) == set(coverage)
    assert coverage["REQ-001"].tests == ((TEST, "passed"),)
    assert coverage["HAZ-001"].below == ("RC-001",)
    assert coverage["HAZ-001"].reasons == ()


@pytest.mark.parametrize("status", ["failed", "error", "skipped", "missing", "quarantined", "PASSED", "", "xpassed"])
def test_any_other_word_makes_everything_above_incomplete(status):
    coverage = roll_up(sound_graph(), {TEST: status})
    assert covered(coverage) == set()
    assert coverage["REQ-001"].status is CoverageStatus.INCOMPLETE
    assert coverage["REQ-001"].reasons == (f"{TEST}: {status}",)
    assert coverage["HAZ-001"].reasons == ("RC-001 is incomplete",)


def test_a_test_that_brought_no_result_is_missing():
    coverage = roll_up(sound_graph(), {OTHER: "passed"})
    assert coverage["REQ-001"].tests == ((TEST, "missing"),)
    assert covered(coverage) == set()


def test_no_results_cover_nothing():
    assert covered(roll_up(sound_graph(), {})) == set()


def test_all_parameter_sets_must_pass():
    results = {f"{TEST}[a]": "passed", f"{TEST}[b]": "passed"}
    assert "REQ-001" in covered(roll_up(sound_graph(), results))
    results[f"{TEST}[c]"] = "failed"
    coverage = roll_up(sound_graph(), results)
    assert covered(coverage) == set()
    assert coverage["REQ-001"].reasons == (f"{TEST}[c]: failed",)


def test_one_failing_test_among_many_is_enough():
    graph = sound_graph(scan=sources(*marked("REQ-001"), *marked("REQ-001", name="test_other")))
    assert covered(roll_up(graph, {TEST: "passed", OTHER: "failed"})) == set()


class TestVerifiesOfResults:
    def test_ids_that_the_results_name_count_too(self):
        graph = graph_of(sound())
        assert covered(roll_up(graph, {TEST: "passed"}, {TEST: ["REQ-001"]})) == {"REQ-001", "UN-001", "HAZ-001", "RC-001"}

    def test_they_never_take_the_place_of_the_source_markers(self):
        assert covered(roll_up(sound_graph(), {TEST: "failed", OTHER: "passed"}, {OTHER: ["REQ-001"]})) == set()

    def test_canonical_ids_of_the_product_are_the_same_ids(self):
        assert "REQ-001" in covered(roll_up(graph_of(sound()), {TEST: "passed"}, {TEST: ["qpcr:REQ-001", "pump:REQ-001"]}))

    def test_a_parameter_set_may_name_its_own(self):
        results = {f"{TEST}[a]": "passed", f"{TEST}[b]": "failed"}
        assert "REQ-001" in covered(roll_up(graph_of(sound()), results, {f"{TEST}[a]": ["REQ-001"]}))


class TestLevels:
    def test_a_parent_needs_all_its_parts_and_its_own_tests(self):
        graph = sound_graph(requirement("REQ-002", "refines: [REQ-001]"), scan=sources(*marked("REQ-001"), *marked("REQ-002", name="test_other")))
        assert covered(roll_up(graph, {TEST: "passed", OTHER: "passed"})) >= {"REQ-001", "REQ-002"}
        assert covered(roll_up(graph, {TEST: "passed", OTHER: "failed"})) == set()
        assert covered(roll_up(graph, {TEST: "failed", OTHER: "passed"})) == {"REQ-002"}

    def test_a_parent_is_covered_through_its_parts_alone(self):
        graph = sound_graph(requirement("REQ-002", "refines: [REQ-001]"), scan=sources(*marked("REQ-002")))
        assert "REQ-001" in covered(roll_up(graph, {TEST: "passed"}))

    def test_a_control_without_a_requirement_is_not_covered_by_its_own_test(self):
        graph = sound_graph(control("RC-002", "mitigates: [HAZ-001]"), scan=sources(*marked("REQ-001", "RC-002")))
        coverage = roll_up(graph, {TEST: "passed"})
        assert coverage["RC-002"].reasons == ("no requirement implements it",)
        assert not coverage["HAZ-001"].covered
        assert coverage["RC-001"].covered

    def test_the_effectiveness_test_of_a_control_counts(self):
        graph = sound_graph(scan=sources(*marked("REQ-001"), *marked("RC-001", name="test_other")))
        coverage = roll_up(graph, {TEST: "passed", OTHER: "failed"})
        assert coverage["REQ-001"].covered
        assert not coverage["RC-001"].covered

    def test_a_hazard_without_control_is_incomplete(self):
        coverage = roll_up(sound_graph(hazard("HAZ-002")), {TEST: "passed"})
        assert coverage["HAZ-002"].reasons == ("no risk control mitigates it",)

    def test_a_low_risk_that_somebody_accepted_needs_no_control(self):
        low = hazard("HAZ-002", "before: {severity: minor, probability: remote}", "after: {severity: minor, probability: remote}")
        assert "HAZ-002" in covered(roll_up(sound_graph(low), {TEST: "passed"}))

    def test_a_need_and_a_requirement_with_nothing_below_are_incomplete(self):
        coverage = roll_up(sound_graph(need("UN-002"), requirement("REQ-002")), {TEST: "passed"})
        assert coverage["UN-002"].reasons == ("no requirement stands below it and no test verifies it",)
        assert coverage["REQ-002"].reasons == ("no test verifies it",)

    def test_a_test_case_needs_results_and_passes_them_up(self):
        graph = graph_of(sound(), case("TC-001", "verifies: [REQ-001]"), scan=sources(*marked("TC-001")))
        assert covered(roll_up(graph, {TEST: "passed"})) >= {"TC-001", "REQ-001"}
        assert covered(roll_up(graph, {TEST: "failed"})) == set()
        manual = roll_up(graph_of(sound(), case("TC-001", "verifies: [REQ-001]")), {})
        assert manual["TC-001"].reasons == ("no test verifies it",)
        assert not manual["REQ-001"].covered

    def test_obsolete_items_neither_count_nor_stand_in_the_way(self):
        graph = sound_graph(obsolete(requirement("REQ-002", "refines: [REQ-001]")))
        coverage = roll_up(graph, {TEST: "passed"})
        assert "REQ-002" not in coverage
        assert coverage["REQ-001"].covered

    def test_members_of_a_cycle_are_incomplete_whatever_passes(self):
        graph = sound_graph(
            requirement("REQ-002", "refines: [REQ-003]"),
            requirement("REQ-003", "refines: [REQ-002, REQ-001]"),
            requirement("REQ-004", "refines: [REQ-004]"),
            scan=sources(*marked("REQ-001", "REQ-002", "REQ-003", "REQ-004")),
        )
        coverage = roll_up(graph, {TEST: "passed"})
        assert covered(coverage) == set()
        for item_id in ("REQ-002", "REQ-003", "REQ-004"):
            assert "it stands in a cycle of links" in coverage[item_id].reasons


class TestSummary:
    def test_counts_the_requirements_that_live(self):
        graph = sound_graph(
            requirement("REQ-002", "refines: [REQ-001]"),
            requirement("REQ-003"),
            obsolete(requirement("REQ-004", "derives: [UN-001]")),
            scan=sources(*marked("REQ-002"), *marked("REQ-003", name="test_other")),
        )
        summary = summarise_coverage(graph, roll_up(graph, {TEST: "passed"}))
        assert (summary.requirements, summary.with_risk_or_need, summary.with_test, summary.verified) == (3, 2, 3, 2)

    def test_without_results_nothing_is_verified(self):
        assert summarise_coverage(sound_graph()).verified == 0

    def test_a_part_without_a_test_leaves_the_parent_without(self):
        graph = graph_of(sound(), requirement("REQ-002", "refines: [REQ-001]"), requirement("REQ-003", "refines: [REQ-001]"), scan=sources(*marked("REQ-002")))
        assert find_tested(graph) == {"REQ-002"}

    def test_a_control_that_mitigates_nothing_is_no_origin(self):
        graph = graph_of(control("RC-002"), requirement("REQ-002", "implements: [RC-002]"))
        assert summarise_coverage(graph).with_risk_or_need == 0
