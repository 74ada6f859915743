"""The facts of the matrix, the waivers and the trace."""

from datetime import timedelta

import pytest

from fakes.release_run import NOON, ReleaseRun
from lotmark.policy._claims import Claims
from lotmark.policy._facts_matrix import excused_tests, trace_fact, waivers_fact
from lotmark.policy._selection import Selection, select
from lotmark.policy.api import compute_facts

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


@pytest.fixture
def run() -> ReleaseRun:
    return ReleaseRun()


def facts(run: ReleaseRun) -> dict:
    return compute_facts(run.entries(), NOON)


def required(run: ReleaseRun, row: int = 0) -> dict:
    return run.predicate("matrix-evaluation")["rows"][row]["required"][0]


def waiver(run: ReleaseRun) -> dict:
    return run.predicate("matrix-evaluation")["waivers"][0]


def test_a_satisfied_row_is_not_listed(run):
    found = facts(run)["matrix"]
    assert [(row["subject"], row["status"]) for row in found["unsatisfied"]] == [("HAZ-001", "waived")]
    assert found["critical"] == [{"id": "t_ct", "subject": "REQ-001", "category": "unit", "layer": "unit", "status": "passed", "unstable": False}]
    assert found["blocking"] == {"required": 1, "passed": 1, "failed": 0, "missing": 0, "incomplete": 0, "waived": 0}


def test_the_sums_are_counted_anew_from_the_rows(run):
    run.predicate("matrix-evaluation")["summary"]["blocking"].update(required=9, passed=9)
    run.record_test("unit", "t_ct", "failed")
    found = facts(run)["matrix"]
    assert found["blocking"] == {"required": 1, "passed": 0, "failed": 0, "missing": 0, "incomplete": 0, "waived": 0}
    assert found["waivable"] == {"required": 1, "passed": 0, "failed": 0, "missing": 0, "incomplete": 0, "waived": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda required: required.update(tests=[]),
        lambda required: required["tests"][0].update(status="skipped"),
        lambda required: required["tests"].append({"id": "t_x", "status": "failed", "layer": "unit", "waiver": None}),
        lambda required: required.update(status="waived"),
    ],
    ids=["no test", "skipped", "one failed", "waived by nobody"],
)
def test_a_claim_that_its_tests_do_not_bear_out_is_inconsistent(run, spoil):
    spoil(required(run))
    assert facts(run)["matrix"]["unsatisfied"][0]["status"] == "inconsistent"


@pytest.mark.parametrize("scope", ["requirements", "hazards", "riskControls"])
def test_a_row_without_tests_may_be_waived_as_a_whole(run, scope):
    required(run, 1)["tests"] = []
    waiver(run)["scope"] = {"tests": [], "requirements": [], "hazards": [], "riskControls": [], scope: ["HAZ-001"]}
    assert facts(run)["matrix"]["unsatisfied"][0]["status"] == "waived"
    assert facts(run)["waivers"]["items"][0]["wellFormed"] is True


@pytest.mark.parametrize(
    ("change", "well_formed", "expired"),
    [
        ({}, True, False),
        ({"expires": "2026-11-23"}, True, False),
        ({"expires": "2026-11-22"}, True, True),
        ({"expires": "next year"}, False, True),
        ({"reason": " "}, False, False),
        ({"residualRisk": ""}, False, False),
        ({"owner": ""}, False, False),
        ({"id": "pump:WVR-0001"}, False, False),
        ({"scope": {"tests": []}}, False, False),
    ],
)
def test_a_waiver_is_whole_of_this_product_and_in_its_time(run, change, well_formed, expired):
    waiver(run).update(change)
    (found,) = facts(run)["waivers"]["items"]
    assert (found["wellFormed"], found["expired"]) == (well_formed, expired)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({"tests": ["t_panel"]}, True),
        ({"hazards": ["HAZ-001"]}, True),
        ({"tests": ["t_other"]}, False),
        ({"hazards": ["HAZ-002"]}, False),
        ({"requirements": ["t_panel"]}, False),
    ],
)
def test_a_waiver_covers_its_scope_and_no_more(run, scope, covered):
    waiver(run)["scope"] = scope
    assert facts(run)["waivers"]["uses"] == [{"waiver": "qpcr:WVR-0001", "test": "t_panel", "subject": "HAZ-001", "covered": covered}]


def test_a_waiver_that_is_not_listed_covers_nothing(run):
    run.predicate("matrix-evaluation")["waivers"] = []
    assert facts(run)["waivers"]["uses"][0]["covered"] is False


def test_the_name_of_a_parametrised_test_stands_for_its_cases(run):
    required(run, 1)["tests"][0]["id"] = "t_panel[a-b]"
    assert facts(run)["waivers"]["uses"][0]["covered"] is True


@pytest.mark.parametrize(
    ("test", "change", "excused"),
    [
        ("t_panel", lambda run: None, True),
        ("t_panel", lambda run: waiver(run).update(expires="2026-11-22"), False),
        ("t_panel", lambda run: waiver(run).update(reason=""), False),
        ("t_panel", lambda run: waiver(run).update(scope={"tests": ["t_other"]}), False),
        ("t_panel", lambda run: run.predicate("matrix-evaluation").update(rows=[]), True),
        ("t_nightly", lambda run: None, True),
        ("t_nightly", lambda run: run.predicate("matrix-evaluation")["leftOut"][0].update(reason=" "), False),
        ("t_forgotten", lambda run: None, False),
    ],
)
def test_a_missing_test_is_excused_by_a_waiver_in_force_or_a_reason(run, test, change, excused):
    change(run)
    run.predicate("test-run", "validation").update(missing=[test], expected=2)
    assert facts(run)["tests"]["layers"][2]["unexcused"] == ([] if excused else [test])


def test_without_a_matrix_nothing_is_excused(run):
    run.drop("matrix-evaluation")
    selection = select(run.entries())
    assert excused_tests(selection, Claims(selection, NOON.date()), ["t_panel"]) == set()
    assert facts(run)["trace"]["gaps"] == [{"id": "REQ-001", "title": "Correct the baseline", "lacks": "a required test"}]


def test_a_waiver_without_a_run_is_of_no_product(run):
    selection = select(run.entries())
    selection.run = None
    assert waivers_fact(selection, NOON.date()).items[0].well_formed is False
    assert trace_fact(selection).changed_classes == [""]


def test_the_class_of_a_changed_item_is_its_own_or_the_products(run):
    assert facts(run)["trace"]["changedClasses"] == ["B"]
    run.predicate("trace-snapshot")["items"][0]["safetyClass"] = "C"
    assert facts(run)["trace"]["changedClasses"] == ["C"]
    run.predicate("trace-snapshot")["items"][0]["safetyClass"] = None
    assert facts(run)["trace"]["changedClasses"] == ["B"]


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        ({}, []),
        ({"links": []}, ["a link to a need, a risk control or a higher requirement"]),
        ({"id": "REQ-002"}, []),
        ({"links": [], "status": "obsolete"}, []),
        ({"links": [], "type": "hazard"}, []),
        ({"links": [], "type": "software-requirement"}, ["a link to a need, a risk control or a higher requirement"]),
    ],
)
def test_a_changed_requirement_has_a_link_up(run, change, lacks):
    run.predicate("trace-snapshot")["items"][0].update(change)
    assert [gap["lacks"] for gap in facts(run)["trace"]["gaps"]] == lacks


@pytest.mark.parametrize(
    "spoil", [lambda row: row.update(subject="REQ-009"), lambda row: row["required"][0].update(tests=[]), lambda row: row.update(required=[])]
)
def test_a_changed_requirement_has_a_required_test(run, spoil):
    spoil(run.predicate("matrix-evaluation")["rows"][0])
    assert [gap["lacks"] for gap in facts(run)["trace"]["gaps"]] == ["a required test"]


def test_a_waived_row_is_for_the_waiver_to_answer(run):
    run.predicate("matrix-evaluation")["rows"][0]["required"][0].update(tests=[], status="waived")
    assert facts(run)["trace"]["gaps"] == []


def test_errors_of_the_trace_stand_in_the_facts(run):
    run.predicate("trace-snapshot")["findings"] += [
        {"code": "LM-TRC-001", "severity": "error", "message": "broken", "subject": "REQ-001"},
        {"code": "LM-TRC-002", "severity": "error", "message": "odd"},
    ]
    assert facts(run)["trace"]["errors"] == [
        {"code": "LM-TRC-001", "message": "broken", "subject": "REQ-001"},
        {"code": "LM-TRC-002", "message": "odd", "subject": ""},
    ]


def test_the_day_after_the_end_a_waiver_is_over(run):
    last = NOON.replace(month=12, day=31, hour=23)
    assert compute_facts(run.entries(), last)["waivers"]["items"][0]["expired"] is False
    assert compute_facts(run.entries(), last + timedelta(hours=2))["waivers"]["items"][0]["expired"] is True


def test_a_test_of_an_absent_layer_is_stable(run):
    run.predicate("test-run", "unit")["tests"][0]["redThenGreen"] = True
    log = run.entries(lambda log: [entry for entry in log if not (entry.kind == "test-run" and entry.statement.predicate["layer"] == "unit")])
    assert compute_facts(log, NOON)["matrix"]["critical"][0]["unstable"] is False


def test_an_empty_selection_finds_no_layer():
    assert Selection().find_layer("unit") is None
