"""The matrix over the results: only a passing result covers."""

import msgspec
import pytest

from fakes.matrix_product import (
    EXPENSIVE,
    INTEGRATION,
    MATRIX,
    RUN,
    UNIT,
    UNIT_OTHER,
    VALIDATION,
    attempt,
    foreign_graph,
    graph,
    green_runs,
    known,
    matrix,
    quality_files,
    test_run,
)
from lotmark.base.errors import ExitCode, NothingToJudgeError
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import collect_results, evaluate_matrix, plan_tests
from lotmark.matrix.models import KnownTest, MatrixResult, Plan, Row, Waiver, WaiverReview, WaiverScope, WaiverSigner
from lotmark.trace.api import verifies_of

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


GRAPH = graph()


def _evaluate(runs=None, *, items=("REQ-001",), text: str = MATRIX, of=GRAPH, **more) -> MatrixResult:
    return evaluate_matrix(matrix(text), of, green_runs() if runs is None else runs, run=RUN, changed_items=items, **more)


def _rows(result: MatrixResult) -> dict[str, Row]:
    return {row.subject: row for row in result.evaluation.rows}


def _statuses(result: MatrixResult) -> dict[str, str]:
    return {row.subject: row.status for row in result.evaluation.rows}


def _of(result: MatrixResult, subject: str, category: str):
    return next(found for found in _rows(result)[subject].required if found.category == category)


def _errors(result: MatrixResult) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in result.findings if finding.severity is Severity.ERROR]


def _with(result: MatrixResult, code: str) -> list[Finding]:
    return [finding for finding in result.findings if finding.code == code]


def _waiver(number: int = 1, **scope) -> tuple[Waiver, int]:
    waiver = Waiver(
        waiver=f"qpcr:WVR-{number:04}",
        product="qpcr",
        scope=WaiverScope(**scope),
        version=None,
        reason="bench is out of order",
        residual_risk="low",
        owner="quinn",
        signer=WaiverSigner(person="quinn", name="Quinn", role="quality-owner"),
        signed_at="2026-11-20T12:00:00.000Z",
        zone="UTC",
        expires="2026-12-20",
    )
    return waiver, number + 10


def _review(*waivers: tuple[Waiver, int]) -> WaiverReview:
    return WaiverReview(tuple(waivers))


# ---- rows


def test_rows_are_hazards_controls_and_changed_requirements() -> None:
    result = _evaluate()
    assert _statuses(result) == {"HAZ-001": "passed", "HAZ-002": "passed", "RC-001": "passed", "RC-002": "passed", "REQ-001": "passed"}
    assert [(row.kind, row.changed) for row in result.evaluation.rows][-1] == ("requirement", True)
    assert _errors(result) == []
    assert result.evaluation.product == "qpcr"
    assert result.evaluation.run == RUN


def test_a_risk_accepted_without_control_is_no_row_and_that_is_said() -> None:
    assert [finding.subject for finding in _with(_evaluate(), "LM-MTX-045")] == ["HAZ-003"]


def test_a_first_release_asks_for_every_requirement() -> None:
    result = _evaluate(items=(), first_release=True)
    assert {"REQ-001", "REQ-002", "REQ-003"} <= set(_rows(result))
    assert _errors(result) == [("LM-MTX-041", "REQ-003")]


def test_without_risks_and_without_a_change_every_requirement_is_asked_for() -> None:
    files = {path: data for path, data in quality_files().items() if "requirements" in path}
    assert list(_rows(_evaluate(items=(), of=graph(files=files)))) == ["REQ-001", "REQ-002", "REQ-003"]


def test_a_requirement_above_a_changed_one_is_in_scope() -> None:
    files = quality_files()
    files["quality/requirements/REQ-004.md"] = (
        files["quality/requirements/REQ-003.md"].replace(b"REQ-003", b"REQ-004").replace(b"safety-class: C\n", b"safety-class: C\nrefines: [REQ-003]\n")
    )
    result = _evaluate(items=["REQ-004"], of=graph(files=files))
    assert _rows(result)["REQ-004"].changed
    assert not _rows(result)["REQ-003"].changed


def test_obsolete_items_are_no_rows_and_lend_no_tests() -> None:
    files = quality_files()
    files["quality/requirements/REQ-001.md"] = files["quality/requirements/REQ-001.md"].replace(b"approved", b"obsolete")
    result = _evaluate(of=graph(files=files))
    assert "REQ-001" not in _rows(result)
    assert [test.id for test in _of(result, "RC-001", "integration").tests] == []


def test_a_test_counts_for_everything_that_it_verifies_and_all_above() -> None:
    result = _evaluate()
    for subject in ("HAZ-001", "HAZ-002", "RC-001", "RC-002"):
        assert [test.id for test in _of(result, subject, "integration").tests] == [INTEGRATION]
    assert [test.id for test in _of(result, "HAZ-001", "validation").tests] == [EXPENSIVE, VALIDATION]


def test_what_the_results_say_that_they_verify_counts_without_a_marker() -> None:
    runs = [test_run("unit", {"C::t": "passed"}, verifies={"C::t": ["REQ-003"]})]
    assert _of(_evaluate(runs, items=["REQ-003"], of=graph({})), "REQ-003", "unit").status == "passed"


def test_markers_from_outside_count_for_tests_that_only_results_know() -> None:
    declared = '  - {tests: ["Profile::**"], verifies: [REQ-003], reason: r}\n'
    of = foreign_graph(declared)
    for status in ("passed", "failed"):
        runs = [collect_results("unit", [attempt({"Profile::a b": status})], run=RUN, product="qpcr", verifies=verifies_of(of)).test_run]
        assert runs[0].tests[0].verifies == ("REQ-003",)
        assert _of(_evaluate(runs, items=["REQ-003"], of=of), "REQ-003", "unit").status == status


def test_parameter_sets_count_by_the_marker_of_their_base_id() -> None:
    runs = [test_run("unit", {f"{UNIT}[a]": "passed", f"{UNIT}[b]": "failed"})]
    found = _of(_evaluate(runs), "REQ-001", "unit")
    assert found.status == "failed"
    assert [(test.id[-3:], test.status) for test in found.tests] == [("[a]", "passed"), ("[b]", "failed")]


# ---- statuses


@pytest.mark.parametrize(
    ("status", "row", "code"),
    [("failed", "failed", "LM-MTX-040"), ("error", "failed", "LM-MTX-040"), ("skipped", "incomplete", "LM-MTX-042"), ("missing", "missing", "LM-MTX-041")],
)
def test_anything_but_a_pass_leaves_its_subjects_open(status: str, row: str, code: str) -> None:
    result = _evaluate(green_runs(unit=status))
    assert _statuses(result)["REQ-001"] == row
    assert _errors(result) == [(code, "REQ-001")]
    assert _statuses(result)["HAZ-001"] == "passed"


def test_one_failure_reaches_the_control_and_the_hazard() -> None:
    result = _evaluate(green_runs(validation="failed"))
    assert _statuses(result)["HAZ-001"] == "failed"
    assert _statuses(result)["HAZ-002"] == "passed"
    assert "1 of 2 tests did not pass: tests/validation/test_reference.py::test_panel (failed)" in _with(result, "LM-MTX-040")[0].message


def test_some_missing_and_some_passed_is_incomplete() -> None:
    plan = plan_tests(matrix(), GRAPH, known(), changed_paths=None)
    result = _evaluate(green_runs(expensive="missing"), plan=plan)
    assert _of(result, "HAZ-001", "validation").status == "incomplete"


def test_red_then_green_without_a_reason_does_not_cover() -> None:
    runs = [test_run("unit", {UNIT: "failed"}, {UNIT: "passed"}), *green_runs()[1:]]
    result = _evaluate(runs)
    assert _of(result, "REQ-001", "unit").status == "incomplete"
    assert "red, then green without a reason" in _with(result, "LM-MTX-042")[0].message
    explained = [test_run("unit", {UNIT: "failed"}, {UNIT: "passed"}, reasons={UNIT: "known"}), *green_runs()[1:]]
    assert _of(_evaluate(explained), "REQ-001", "unit").status == "passed"


def test_an_informational_category_is_shown_and_closes_nothing() -> None:
    text = MATRIX.replace("{of: hazard, categories: [integration, smoke]}", "{of: hazard, categories: [smoke]}").replace(
        "{of: risk-control, categories: [integration]}", "{of: risk-control, categories: [unit]}"
    )
    result = _evaluate(green_runs(integration="failed"), text=text)
    assert _of(result, "HAZ-001", "smoke").status == "failed"
    assert _statuses(result)["HAZ-001"] == "passed"
    assert _statuses(result)["HAZ-002"] == "failed"  # nothing but informational categories: the row says what they say
    assert _errors(result) == []
    assert {finding.severity for finding in _with(result, "LM-MTX-040")} == {Severity.INFO}


def test_a_subject_that_nothing_speaks_of_is_an_error() -> None:
    text = MATRIX.replace("  - {of: requirement, categories: [unit]}\n", "")
    result = _evaluate(text=text)
    assert _statuses(result)["REQ-001"] == "missing"
    assert _errors(result) == [("LM-MTX-044", "REQ-001")]


def test_summary_counts_pairs_of_subject_and_category() -> None:
    summary = _evaluate(green_runs(validation="failed", unit="missing")).evaluation.summary
    assert (summary.blocking.required, summary.blocking.missing) == (1, 1)
    assert (summary.waivable.required, summary.waivable.passed, summary.waivable.failed) == (5, 4, 1)
    assert (summary.informational.required, summary.informational.passed) == (2, 2)


def test_of_two_runs_of_one_layer_the_worse_result_holds() -> None:
    runs = [*green_runs(unit="failed"), *green_runs()]
    assert _statuses(_evaluate(runs))["REQ-001"] == "failed"
    unexplained = test_run("unit", {UNIT: "failed"}, {UNIT: "passed"})
    assert _statuses(_evaluate([*green_runs(), unexplained]))["REQ-001"] == "incomplete"
    assert _statuses(_evaluate([unexplained, *green_runs()]))["REQ-001"] == "incomplete"


# ---- plan


def _plan(**more) -> Plan:
    return plan_tests(matrix(), GRAPH, known(), changed_paths=["README.md"], **more)


def test_what_the_plan_left_out_leaves_nothing_incomplete() -> None:
    plan = _plan()
    result = _evaluate(green_runs(expensive="missing"), plan=plan)
    assert _errors(result) == []
    assert [test.id for test in _of(result, "HAZ-001", "validation").tests] == [VALIDATION]
    assert [entry.test for entry in result.evaluation.left_out] == [EXPENSIVE]
    assert result.evaluation.selected == plan.selected


def test_a_test_that_was_left_out_and_ran_all_the_same_counts() -> None:
    assert _of(_evaluate(green_runs(expensive="failed"), plan=_plan()), "HAZ-001", "validation").status == "failed"


def test_a_selected_test_of_a_layer_that_never_ran_is_missing() -> None:
    result = _evaluate(green_runs()[:2], plan=_plan())
    assert _of(result, "HAZ-001", "validation").status == "missing"
    assert [test.status for test in _of(result, "HAZ-001", "validation").tests] == ["missing"]


def test_a_selected_parameter_set_that_did_not_report_is_missing_beside_one_that_did() -> None:
    tests = (KnownTest(f"{UNIT}[a]", "unit"), KnownTest(f"{UNIT}[b]", "unit"))
    plan = plan_tests(matrix(), GRAPH, tests, changed_paths=None)
    runs = [test_run("unit", {f"{UNIT}[a]": "passed"}), *green_runs()[1:]]
    assert _of(_evaluate(runs, plan=plan), "REQ-001", "unit").status == "incomplete"


def test_a_selected_test_of_unknown_layer_that_never_reported_is_missing() -> None:
    tests = (KnownTest("odd.c::odd", None, ("REQ-001",)),)
    plan = plan_tests(matrix(), GRAPH, tests, changed_paths=None)
    assert _of(_evaluate(plan=plan), "REQ-001", "unit").status == "incomplete"
    reported = [test_run("unit", {UNIT: "passed", "odd.c::odd": "passed"}), *green_runs()[1:]]
    assert _of(_evaluate(reported, plan=plan), "REQ-001", "unit").status == "passed"


def test_a_selected_test_whose_layer_only_globs_tell_is_missing_in_that_layer() -> None:
    tests = (KnownTest("tests/validation/test_new.py::test_x", None, ("RC-001",)),)
    plan = plan_tests(matrix(), GRAPH, tests, changed_paths=None)
    result = _evaluate(plan=plan)
    assert _of(result, "HAZ-001", "validation").status == "incomplete"
    assert _of(result, "HAZ-001", "integration").status == "passed"


# ---- waivers


def test_a_waived_test_stays_visible_as_waived() -> None:
    result = _evaluate(green_runs(validation="failed"), waivers=_review(_waiver(tests=(VALIDATION,))))
    found = _of(result, "HAZ-001", "validation")
    assert found.status == "waived"
    assert [(test.id, test.status, test.waiver) for test in found.tests] == [(EXPENSIVE, "passed", None), (VALIDATION, "failed", "qpcr:WVR-0001")]
    assert _statuses(result)["HAZ-001"] == "waived"
    assert result.evaluation.summary.waivable.waived == 1
    assert _errors(result) == []
    assert [f.severity for f in _with(result, "LM-MTX-043")] == [Severity.WARNING]
    view = result.evaluation.waivers[0]
    assert (view.id, view.index, view.expires, view.residual_risk) == ("qpcr:WVR-0001", 11, "2026-12-20", "low")


def test_a_waiver_of_the_base_id_covers_its_parameter_sets() -> None:
    runs = [*green_runs()[:2], test_run("validation", {f"{VALIDATION}[p7]": "failed", EXPENSIVE: "passed"})]
    assert _of(_evaluate(runs, waivers=_review(_waiver(tests=(VALIDATION,)))), "HAZ-001", "validation").status == "waived"


@pytest.mark.attack("A10")
@pytest.mark.parametrize(
    "scope",
    [
        {"tests": (f"{VALIDATION}[other]",)},
        {"tests": ("tests/validation",)},
        {"tests": ("tests/validation/**",)},
        {"tests": (EXPENSIVE,)},
        {"hazards": ("HAZ-002",)},
        {"requirements": ("REQ-001",)},
        {"risk_controls": ("RC-001",)},
    ],
    ids=["other parameters", "a folder", "a glob", "another test", "another hazard", "a requirement below", "a control below"],
)
def test_a_waiver_is_not_stretched(scope: dict) -> None:
    result = _evaluate(green_runs(validation="failed"), waivers=_review(_waiver(**scope)))
    assert _of(result, "HAZ-001", "validation").status == "failed"


def test_a_waiver_of_a_hazard_covers_its_row_alone() -> None:
    result = _evaluate(green_runs(integration="failed"), waivers=_review(_waiver(hazards=("HAZ-001",))))
    assert _of(result, "HAZ-001", "integration").status == "waived"
    assert _of(result, "HAZ-002", "integration").status == "failed"
    assert _of(result, "RC-001", "integration").status == "failed"


def test_a_subject_without_any_test_can_be_waived_by_name() -> None:
    text = MATRIX.replace("{of: requirement, categories: [unit]}", "{of: requirement, categories: [validation]}")
    result = _evaluate(items=["REQ-003"], text=text, waivers=_review(_waiver(requirements=("REQ-003",))))
    assert _statuses(result)["REQ-003"] == "waived"
    assert _of(result, "REQ-003", "validation").tests == ()


def test_one_waived_and_one_not_is_failed() -> None:
    result = _evaluate(green_runs(validation="failed", expensive="failed"), waivers=_review(_waiver(tests=(VALIDATION,))))
    found = _of(result, "HAZ-001", "validation")
    assert found.status == "failed"
    assert [test.waiver for test in found.tests] == [None, "qpcr:WVR-0001"]


@pytest.mark.attack("O05")
def test_no_waiver_reaches_a_blocking_category_and_that_is_said() -> None:
    result = _evaluate(green_runs(unit="failed"), waivers=_review(_waiver(tests=(UNIT,)), _waiver(2, requirements=("REQ-001",))))
    assert _statuses(result)["REQ-001"] == "failed"
    assert [finding.subject for finding in _with(result, "LM-MTX-060")] == ["qpcr:WVR-0001", "qpcr:WVR-0002"]
    assert "REQ-001 in unit: the category is blocking" in _with(result, "LM-MTX-060")[0].message
    assert result.evaluation.waivers == ()
    assert _with(result, "LM-MTX-061") == []


def test_many_blocked_places_are_counted() -> None:
    text = MATRIX.replace("gating: waivable", "gating: blocking", 1)
    result = _evaluate(green_runs(integration="failed"), text=text, waivers=_review(_waiver(tests=(INTEGRATION,))))
    assert "and 1 more: the category is blocking" in _with(result, "LM-MTX-060")[0].message


def test_a_waiver_that_nobody_needs_is_named() -> None:
    result = _evaluate(waivers=_review(_waiver(tests=(VALIDATION,))))
    assert [finding.subject for finding in _with(result, "LM-MTX-061")] == ["qpcr:WVR-0001"]
    assert result.evaluation.waivers == ()


def test_a_waiver_of_a_test_that_no_row_asks_for_is_shown_if_the_test_was_red() -> None:
    stray = "tests/validation/test_stray.py::test_x"
    runs = [*green_runs()[:2], test_run("validation", {VALIDATION: "passed", EXPENSIVE: "passed", stray: "failed"})]
    result = _evaluate(runs, waivers=_review(_waiver(tests=(stray,))))
    assert [view.id for view in result.evaluation.waivers] == ["qpcr:WVR-0001"]


@pytest.mark.parametrize(("items", "used"), [(("REQ-003",), ["qpcr:WVR-0001"]), (("REQ-002",), []), ((), [])])
def test_a_waiver_of_an_item_that_no_row_asks_for_is_shown_if_its_only_test_was_red(items: tuple[str, ...], used: list[str]) -> None:
    stray = "tests/validation/test_stray.py::test_x"
    last = test_run("validation", {VALIDATION: "passed", EXPENSIVE: "passed", stray: "failed"}, verifies={stray: items})
    result = _evaluate([*green_runs()[:2], last], waivers=_review(_waiver(requirements=("REQ-003",))))
    assert [view.id for view in result.evaluation.waivers] == used


def test_a_waiver_that_names_strangers_is_named() -> None:
    result = _evaluate(waivers=_review(_waiver(tests=("tests/gone.py::test_x",), hazards=("HAZ-099",))))
    assert "names HAZ-099, tests/gone.py::test_x, which" in _with(result, "LM-MTX-062")[0].message


def test_findings_of_the_review_are_passed_on() -> None:
    review = WaiverReview((), (Finding("LM-MTX-055", "expired", Severity.WARNING),))
    assert _with(_evaluate(waivers=review), "LM-MTX-055")


# ---- nothing to judge


def test_without_a_test_run() -> None:
    with pytest.raises(NothingToJudgeError) as caught:
        _evaluate([])
    assert caught.value.code == "LM-MTX-012"


def test_where_every_risk_was_accepted_the_requirements_are_asked_for() -> None:
    kept = ("HAZ-003", "REQ-003")
    files = {path: data for path, data in quality_files().items() if any(name in path for name in kept)}
    assert list(_rows(_evaluate(items=(), of=graph({}, files)))) == ["REQ-003"]


def test_a_risk_accepted_without_control_alone_is_nothing_to_judge() -> None:
    files = {path: data for path, data in quality_files().items() if "HAZ-003" in path}
    with pytest.raises(NothingToJudgeError) as caught:
        _evaluate(of=graph({}, files))
    assert caught.value.code == "LM-MTX-013"


def test_without_anything_to_cover() -> None:
    with pytest.raises(NothingToJudgeError) as caught:
        _evaluate(of=graph({}, {}))
    assert caught.value.code == "LM-MTX-013"
    assert caught.value.exit_code is ExitCode.NOTHING_TO_JUDGE


def test_the_answer_depends_on_the_facts_alone() -> None:
    first, second = (msgspec.json.encode(_evaluate(runs).evaluation) for runs in (green_runs(), list(reversed(green_runs()))))
    assert first == second


def test_unit_tests_of_other_products_items_count_for_nothing() -> None:
    runs = [test_run("unit", {UNIT_OTHER: "passed"}, verifies={UNIT_OTHER: ["pump:REQ-003"]})]
    assert _statuses(_evaluate(runs, items=["REQ-003"], of=graph({})))["REQ-003"] == "missing"
