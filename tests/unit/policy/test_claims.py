"""What the matrix and the stages claim, held against the tests of the run: both the honest and the false."""

import pytest

from fakes.release_run import NOON, ReleaseRun, verified
from lotmark.policy.api import compute_facts, decide, default_policy

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")

POLICY = default_policy()
WAIVER = "qpcr:WVR-0001"
RED = ["failed", "error", "skipped", "missing", "PASSED", ""]


@pytest.fixture
def run() -> ReleaseRun:
    return ReleaseRun()


def facts(run: ReleaseRun) -> dict:
    return compute_facts(run.entries(), NOON)


def accepted(run: ReleaseRun) -> bool:
    return decide(facts(run), POLICY, POLICY.digest, 40).accepted


def contradictions(run: ReleaseRun, stage: str) -> list[str]:
    (found,) = [item for item in facts(run)["stages"] if item["stage"] == stage]
    assert found["outcome"] == ("inconsistent" if found["contradictions"] else run.outcomes[stage])
    return found["contradictions"]


def row(run: ReleaseRun, number: int = 0) -> dict:
    return run.predicate("matrix-evaluation")["rows"][number]["required"][0]


def statuses(run: ReleaseRun) -> dict[str, str]:
    return {item["subject"]: item["status"] for item in facts(run)["matrix"]["unsatisfied"]}


def panel(run: ReleaseRun, status: str, **required: object) -> None:
    """The waived test ran all the same, and matrix and test run agree on it."""
    run.record_test("validation", "t_panel", status)
    row(run, 1)["tests"][0]["status"] = status
    row(run, 1).update(required)


# ---- rows


def test_a_whole_run_contradicts_itself_nowhere(run):
    assert [stage["contradictions"] for stage in facts(run)["stages"]] == [[]] * 7
    assert statuses(run) == {"HAZ-001": "waived"}


@pytest.mark.parametrize("status", RED)
def test_a_pass_in_the_matrix_that_the_test_run_does_not_know_is_inconsistent(run, status):
    run.record_test("unit", "t_ct", status)
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert f"REQ-001, unit: t_ct is passed in the matrix and {status} in the unit tests" in contradictions(run, "validation")
    assert facts(run)["matrix"]["critical"][0]["status"] == status
    assert not accepted(run)


def test_a_test_that_the_test_run_does_not_mention_has_not_passed(run):
    run.predicate("test-run", "unit")["tests"][0]["id"] = "t_other"
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert facts(run)["matrix"]["critical"][0]["status"] == "missing"
    assert not accepted(run)


def test_a_test_of_an_absent_layer_has_not_passed(run):
    run.drop("test-run", "unit")
    assert statuses(run)["REQ-001"] == "inconsistent"


@pytest.mark.parametrize("status", ["failed", "error", "skipped", "missing"])
def test_a_failure_that_matrix_and_test_run_agree_on_is_no_contradiction(run, status):
    run.record_test("unit", "t_ct", status)
    row(run).update(status="failed" if status in {"failed", "error"} else "incomplete")
    row(run)["tests"][0]["status"] = status
    run.outcomes |= {"unit": "refused", "validation": "refused"}
    assert statuses(run)["REQ-001"] == row(run)["status"]
    assert contradictions(run, "validation") == contradictions(run, "unit") == []
    assert not accepted(run)


def test_a_failure_in_the_matrix_that_passed_in_the_test_run_is_inconsistent_too(run):
    row(run).update(status="failed")
    row(run)["tests"][0]["status"] = "failed"
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert facts(run)["matrix"]["critical"][0]["status"] == "failed"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda run: row(run).update(tests=[]), "the category is passed without a test"),
        (lambda run: row(run).update(status="waived"), "the category is waived and no waiver covers it"),
        (lambda run: row(run).update(category="smoke"), "the category is not listed, or more than once"),
        (lambda run: run.predicate("matrix-evaluation")["categories"].append({"id": "unit", "layer": "unit", "gating": "blocking"}), "the category is not"),
        (lambda run: row(run).update(gating="informational"), "the category is blocking in the list and informational in the row"),
        (lambda run: row(run)["tests"][0].update(layer="integration"), "t_ct (integration) does not belong to the category"),
        (lambda run: run.predicate("matrix-evaluation")["categories"][0].update(tests=["t_curve"]), "t_ct (unit) does not belong to the category"),
        (
            lambda run: run.record_test("unit", "t_ct", "passed", redThenGreen=True),
            "the category is passed although t_ct was red and then green, and nobody says why",
        ),
        (
            lambda run: (run.record_test("unit", "t_ct", "failed"), row(run)["tests"][0].update(status="failed")),
            "the category is passed although t_ct is failed",
        ),
        (lambda run: run.record_test("unit", "t_curve", "passed", verifies=["REQ-001"]), "t_curve verifies it and does not stand in the row"),
        (lambda run: run.record_test("unit", "t_curve", "skipped", verifies=["REQ-001"]), "t_curve verifies it and does not stand in the row"),
    ],
)
def test_each_way_in_which_a_row_is_contradicted(run, spoil, why):
    spoil(run)
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert any(text.partition(": ")[2].startswith(why) for text in contradictions(run, "validation"))
    assert not accepted(run)


@pytest.mark.parametrize(
    "spare",
    [
        lambda run: run.record_test("unit", "t_ct", "passed", redThenGreen=True, reason="the machine was restarted"),
        lambda run: run.record_test("unit", "t_curve", "passed", verifies=["REQ-002"]),
        lambda run: (run.record_test("unit", "t_curve", "passed", verifies=["REQ-001"]), row(run)["tests"].append({**row(run)["tests"][0], "id": "t_curve"})),
        lambda run: run.record_test("integration", "t_flow", "passed", verifies=["REQ-001"]),
        lambda run: run.record_test("validation", "t_trend", "failed", verifies=["REQ-001", "HAZ-001"]),
        lambda run: run.predicate("matrix-evaluation")["categories"][0].update(tests=["t_c*"]),
    ],
)
def test_what_is_no_contradiction(run, spare):
    spare(run)
    assert contradictions(run, "validation") == []
    assert accepted(run)


def test_what_was_left_out_and_did_not_run_need_not_stand_in_its_row(run):
    run.record_test("unit", "t_nightly", "missing", verifies=["REQ-001"])
    assert statuses(run) == {"HAZ-001": "waived"}
    run.predicate("matrix-evaluation")["leftOut"] = []
    assert statuses(run)["REQ-001"] == "inconsistent"


# ---- waived rows


@pytest.mark.parametrize("status", ["failed", "error", "skipped", "missing"])
def test_a_waived_test_may_end_in_any_way(run, status):
    panel(run, status)
    assert statuses(run) == {"HAZ-001": "waived"}
    assert contradictions(run, "validation") == []
    assert accepted(run)


def test_a_waived_test_may_be_red_and_then_green_for_the_row_but_not_for_the_stage(run):
    panel(run, "passed")
    run.record_test("validation", "t_panel", "passed", redThenGreen=True)
    assert statuses(run) == {"HAZ-001": "waived"}
    assert contradictions(run, "validation") == ["t_panel was red and then green, and nobody says why"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda run: row(run, 1)["tests"][0].update(waiver=None), "the category is waived although t_panel is missing"),
        (lambda run: row(run, 1)["tests"][0].update(waiver="qpcr:WVR-0009"), "the category is waived although t_panel is missing"),
        (lambda run: run.predicate("matrix-evaluation")["waivers"][0].update(scope={"tests": ["t_x"]}), "the category is waived although t_panel is missing"),
        (lambda run: row(run, 1).update(tests=[]), "the category is waived and no waiver covers it"),
        (lambda run: panel(run, "passed", tests=[{**row(run, 1)["tests"][0], "waiver": None, "status": "passed"}]), "the category is waived and no waiver"),
        (lambda run: run.record_test("validation", "t_panel", "failed"), "t_panel is missing in the matrix and failed in the validation tests"),
    ],
)
def test_each_way_in_which_a_waived_row_is_contradicted(run, spoil, why):
    spoil(run)
    assert statuses(run)["HAZ-001"] == "inconsistent"
    assert any(why in text for text in contradictions(run, "validation"))
    assert not accepted(run)


def test_one_of_two_tests_may_be_waived(run):
    run.predicate("matrix-evaluation")["categories"][3]["tests"] = ["t_panel", "t_second"]
    run.record_test("validation", "t_second", "passed")
    row(run, 1)["tests"].append({"id": "t_second", "status": "passed", "layer": "validation", "waiver": None})
    assert statuses(run) == {"HAZ-001": "waived"}
    assert accepted(run)


# ---- stages


@pytest.mark.parametrize("status", ["failed", "error", "missing", "PASSED", ""])
@pytest.mark.parametrize(("layer", "test"), [("unit", "t_curve"), ("integration", "t_flow"), ("validation", "t_reference"), ("validation", "t_of_no_category")])
def test_a_stage_with_a_red_test_of_a_blocking_category_was_not_accepted(run, layer, test, status):
    run.record_test(layer, test, status)
    assert f"{test} is {status}" in contradictions(run, layer)
    assert not accepted(run)


@pytest.mark.parametrize("status", ["failed", "error"])
def test_an_informational_test_may_be_red(run, status):
    run.record_test("validation", "t_trend", status)
    assert contradictions(run, "validation") == []
    assert accepted(run)


@pytest.mark.parametrize("status", ["", "PASSED", "quarantined"])
def test_a_status_that_nobody_knows_is_tolerated_nowhere(run, status):
    run.record_test("validation", "t_trend", status)
    assert contradictions(run, "validation") == [f"t_trend is {status}"]


@pytest.mark.parametrize(
    ("change", "tolerated"),
    [
        ({}, True),
        ({"scope": {"hazards": ["HAZ-001"]}}, True),
        ({"scope": {"hazards": ["HAZ-009"]}}, False),
        ({"expires": "2026-11-22"}, False),
        ({"reason": " "}, False),
        ({"scope": {"tests": ["t_x"]}}, False),
    ],
)
def test_a_waivable_test_may_be_red_under_a_waiver_in_force(run, change, tolerated):
    panel(run, "failed")
    run.record_test("validation", "t_panel", "failed", verifies=["HAZ-001"])
    run.predicate("matrix-evaluation")["waivers"][0].update(change)
    assert ("t_panel is failed" not in contradictions(run, "validation")) is tolerated
    assert accepted(run) is tolerated


def test_no_waiver_reaches_a_blocking_test(run):
    run.predicate("matrix-evaluation")["waivers"][0]["scope"] = {"tests": ["t_panel", "t_curve"]}
    run.record_test("unit", "t_curve", "failed")
    assert contradictions(run, "unit") == ["t_curve is failed"]


def test_a_test_in_a_blocking_category_too_is_blocking(run):
    run.predicate("matrix-evaluation")["categories"].append({"id": "all", "layer": "validation", "gating": "blocking", "tests": []})
    panel(run, "failed")
    assert contradictions(run, "validation") == ["t_panel is failed"]


def test_without_a_matrix_every_red_test_blocks(run):
    run.record_test("validation", "t_trend", "failed")
    run.drop("matrix-evaluation")
    assert contradictions(run, "validation") == ["t_trend is failed"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda unit: unit["counts"].update(passed=3), ["3 tests are said to be passed, 2 are"]),
        (lambda unit: unit["counts"].update(error=1), ["1 tests are said to be error, 0 are"]),
        (lambda unit: unit.update(received=3), ["3 tests are said to have given a result, 2 did"]),
        (lambda unit: unit.update(missing=["t_gone"]), ["t_gone is said to be missing"]),
        (lambda unit: unit.update(exitCode=1), ["the command ended with 1 although no test failed"]),
        (
            lambda unit: (unit["tests"].append(unit["tests"][0]), unit["counts"].update(passed=3), unit.update(received=3)),
            ["t_ct stands 2 times"],
        ),
        (
            lambda unit: unit["tests"].append({"id": "t_x", "status": "missing"}),
            ["0 tests are said to be missing, 1 are", "t_x is not said to be missing", "t_x is missing"],
        ),
    ],
)
def test_a_test_run_that_contradicts_itself(run, spoil, why):
    spoil(run.predicate("test-run", "unit"))
    assert contradictions(run, "unit") == why
    assert not accepted(run)


@pytest.mark.parametrize("order", [["failed", "passed"], ["passed", "failed"]])
def test_of_two_results_of_one_test_the_red_one_holds(run, order):
    run.predicate("test-run", "unit")["tests"] = [{"id": "t_ct", "status": status} for status in order]
    assert facts(run)["matrix"]["critical"][0]["status"] == "failed"


@pytest.mark.parametrize(("stage", "found"), [("source", ["LM-X-001: no"]), ("package", ["LM-X-001: no"]), ("validation", ["LM-X-001: no"]), ("build", [])])
def test_an_error_among_the_findings_contradicts_acceptance_except_in_the_build(run, stage, found):
    run.findings[stage] = [{"code": "LM-X-001", "severity": "error", "message": "no"}, {"code": "LM-X-002", "severity": "warning", "message": "hm"}]
    assert contradictions(run, stage) == found
    assert accepted(run) is not bool(found)


def test_a_stage_that_was_not_accepted_is_left_as_it_is(run):
    run.outcomes["unit"] = "refused"
    run.record_test("unit", "t_ct", "failed")
    assert contradictions(run, "unit") == []


# ---- which test run speaks


def test_a_greener_test_run_of_another_stage_does_not_count(run):
    green = dict(run.predicate("test-run", "unit"))
    run.record_test("unit", "t_ct", "failed")
    run.stages["validation"].append(("test-run", "again", green))
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert contradictions(run, "unit") == ["t_ct is failed"]
    assert not accepted(run)


def test_two_test_runs_in_one_stage_contradict_its_acceptance(run):
    run.stages["unit"].append(("test-run", "again", {**run.predicate("test-run", "unit"), "command": ["pytest", "--lf"]}))
    assert contradictions(run, "unit") == ["there are 2 test runs"]
    assert not accepted(run)


def test_the_latest_attempt_of_the_stage_speaks(run):
    """A red second attempt is what counts, though the matrix was evaluated on the green first one."""

    def again(log):
        red = {**run.predicate("test-run", "unit"), "tests": [{"id": "t_ct", "status": "failed"}, {"id": "t_curve", "status": "passed"}]}
        entry = verified("test-run", red, 80)
        result = verified("stage-result", run.result("unit", 2, [("test-run", "unit", entry), ("test-result", "unit", made(log))], "accepted"), 81)
        return [*log, entry, result]

    def made(log):
        return next(entry for entry in log if entry.kind == "test-result")

    found = compute_facts(run.entries(again), NOON)
    assert found["matrix"]["unsatisfied"][0]["status"] == "inconsistent"
    assert found["stages"][3]["outcome"] == "inconsistent"


# ---- quarantine


def test_a_quarantine_that_the_test_run_does_not_know_is_inconsistent(run):
    row(run)["tests"][0]["quarantined"] = True
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert "REQ-001, unit: t_ct is in quarantine in the matrix, and the unit tests say otherwise" in contradictions(run, "validation")
    assert not accepted(run)


def test_a_quarantine_that_the_matrix_keeps_silent_is_inconsistent_and_does_not_refuse_its_stage(run):
    run.predicate("test-run", "unit")["tests"][0]["quarantined"] = "qpcr:QRT-0001"
    assert statuses(run)["REQ-001"] == "inconsistent"
    assert "REQ-001, unit: t_ct is not in quarantine in the matrix, and the unit tests say otherwise" in contradictions(run, "validation")
    assert contradictions(run, "unit") == []
    assert not accepted(run)
