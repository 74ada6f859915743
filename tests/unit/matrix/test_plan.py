"""The plan: what a change must run, and why; what it leaves out, and why."""

import pytest

from fakes.matrix_product import EXPENSIVE, INTEGRATION, MATRIX, UNIT, UNIT_OTHER, VALIDATION, graph, known, matrix
from lotmark.matrix.api import plan_tests
from lotmark.matrix.models import KnownTest, Plan

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


def _plan(*, paths=("README.md",), items=(), text: str = MATRIX, tests=None, of=None, **more) -> Plan:
    return plan_tests(matrix(text), of or graph(), known(matrix(text)) if tests is None else tests, changed_paths=paths, changed_items=items, **more)


def _reasons(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {entry.test: entry.reasons for entry in plan.selected}


def _left_out(plan: Plan) -> dict[str, str]:
    return {entry.test: entry.reason for entry in plan.left_out}


def test_a_release_candidate_runs_everything_but_expensive_tests_that_nothing_asks_for() -> None:
    plan = _plan()
    assert set(_reasons(plan)) == {UNIT, UNIT_OTHER, INTEGRATION, VALIDATION}
    assert _left_out(plan) == {EXPENSIVE: "expensive (45 min: a full plate); nothing that changed asks for it"}
    assert _reasons(plan)[VALIDATION] == ("validation is run for each release candidate",)
    assert _reasons(plan)[INTEGRATION] == ("integration is run on every change", "smoke is run on every change")


def test_an_ordinary_change_leaves_the_release_candidates_tests_out() -> None:
    plan = _plan(occasion="pull-request")
    assert set(_left_out(plan)) == {VALIDATION, EXPENSIVE}
    assert _left_out(plan)[VALIDATION] == "run validation for each release candidate; this is an ordinary change and nothing that changed asks for it"


def test_nightly_tests_run_at_night() -> None:
    text = MATRIX.replace("when: release-candidate", "when: nightly")
    assert VALIDATION in _reasons(_plan(text=text, occasion="nightly"))
    assert "this is an ordinary change" in _left_out(_plan(text=text, occasion="pull-request"))[VALIDATION]


def test_for_a_release_candidate_nightly_tests_run_where_a_hazard_has_no_others() -> None:
    text = MATRIX.replace("when: release-candidate", "when: nightly")
    reasons = _reasons(_plan(text=text))
    assert reasons[VALIDATION] == reasons[EXPENSIVE] == ("HAZ-001 has no other validation test",)


def test_an_expensive_test_runs_where_a_hazard_has_no_other() -> None:
    tests = [test for test in known() if test.id != VALIDATION]
    assert _reasons(_plan(tests=tests))[EXPENSIVE] == ("HAZ-001 has no other validation test",)


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (["src/qpcr/ct_calling.py"], "src/qpcr/ct_calling.py changed: Ct calling decides the result"),
        (["src/ct.py", "src/ct2.py"], "src/ct.py and 1 more changed: Ct calling decides the result"),
        (["tests/validation/test_full.py"], "tests/validation/test_full.py changed"),
    ],
)
def test_changed_paths_call_for_tests(paths: list[str], reason: str) -> None:
    assert _reasons(_plan(paths=paths))[EXPENSIVE] == (reason,)


def test_a_changed_item_sets_off_its_trigger_and_the_tests_that_verify_it() -> None:
    reasons = _reasons(_plan(items=["HAZ-001"]))
    assert reasons[EXPENSIVE] == ("HAZ-001 changed: Ct calling decides the result", "verifies HAZ-001, which changed")
    assert "verifies HAZ-001, which changed" in reasons[UNIT]
    assert "verifies HAZ-001, which changed" not in reasons[UNIT_OTHER]


def test_a_trigger_of_another_category_is_not_set_off() -> None:
    assert not any("decides" in reason for reason in _reasons(_plan(paths=["src/ct.py"]))[UNIT])


@pytest.mark.parametrize(
    ("more", "reason"), [({"first_release": True}, "first release: no earlier result to rely on"), ({"paths": None}, "what changed is not known")]
)
def test_when_nobody_can_say_what_changed_everything_runs(more: dict, reason: str) -> None:
    plan = _plan(**more)
    assert plan.left_out == ()
    assert set(_reasons(plan).values()) == {(reason,)}


def test_a_test_of_no_category_runs() -> None:
    assert _reasons(_plan(tests=[KnownTest("odd.c::odd")]))["odd.c::odd"] == ("belongs to no category",)


def test_a_marker_counts_where_the_known_test_names_nothing() -> None:
    assert "verifies REQ-001, which changed" in _reasons(_plan(tests=[KnownTest(f"{UNIT}[a]", "unit")], items=["REQ-001"]))[f"{UNIT}[a]"]


def test_selected_ids_by_layer() -> None:
    plan = _plan(tests=[KnownTest(UNIT, "unit"), KnownTest(INTEGRATION, "integration"), KnownTest("odd.c::odd")])
    assert plan.selected_ids("unit") == {UNIT}
    assert plan.selected_ids() == {UNIT, INTEGRATION, "odd.c::odd"}


def test_requirements_out_of_scope_ask_for_nothing() -> None:
    text = MATRIX.replace("{of: requirement, categories: [unit]}", "{of: requirement, categories: [validation]}").replace(
        "categories: [integration, smoke]}\n  - {of: hazard, severity: [critical, catastrophic], categories: [validation]}", "categories: [smoke]}"
    )
    tests = [KnownTest(EXPENSIVE, "validation", ("REQ-003",))]
    assert _left_out(_plan(text=text, tests=tests, of=graph({}), items=["REQ-001"]))
    assert _reasons(_plan(text=text, tests=tests, of=graph({}), items=["REQ-003"]))
