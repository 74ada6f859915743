"""Scenarios: one change of a small product, judged by its matrix; the evaluations stand in ``matrix/out`` as JSON."""

from datetime import date

import pytest

from fakes.matrix_product import ALL, EXPENSIVE, INTEGRATION, MATRIX, RUN, UNIT, UNIT_OTHER, VALIDATION, attempt, graph, known, matrix
from fakes.scenario import SCENARIOS, as_json, compare_outputs
from lotmark.base.findings import has_errors
from lotmark.base.formats import format_findings
from lotmark.matrix.api import collect_results, evaluate_matrix, plan_tests
from lotmark.matrix.models import Waiver, WaiverReview, WaiverScope, WaiverSigner

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")

FOLDER = SCENARIOS / "matrix"
GREEN = dict.fromkeys(ALL, "passed")
LAYER = {UNIT: "unit", UNIT_OTHER: "unit", INTEGRATION: "integration", VALIDATION: "validation", EXPENSIVE: "validation"}


def waiver(tests=(), hazards=(), controls=()) -> WaiverReview:
    scope = WaiverScope(tests=tuple(tests), hazards=tuple(hazards), risk_controls=tuple(controls))
    signer = WaiverSigner(person="quinn", name="Quinn Example", role="quality-owner")
    made = Waiver(
        waiver="qpcr:WVR-0001",
        product="qpcr",
        scope=scope,
        version=None,
        reason="the bench is out of order",
        residual_risk="low",
        owner="clio",
        signer=signer,
        signed_at="2026-11-23T12:00:00.000Z",
        zone="UTC",
        expires=date(2026, 12, 23).isoformat(),
    )
    return WaiverReview(((made, 7),))


CASES: dict[str, dict] = {
    "all-green": {},
    "a-unit-test-fails": {"results": {UNIT: "failed"}, "items": ["REQ-001"]},
    "a-unit-test-fails-and-is-waived-in-vain": {"results": {UNIT_OTHER: "error"}, "items": ["REQ-002"], "waivers": waiver([UNIT_OTHER])},
    "integration-fails": {"results": {INTEGRATION: "failed"}},
    "integration-fails-and-is-waived": {"results": {INTEGRATION: "failed"}, "waivers": waiver([INTEGRATION])},
    "integration-fails-and-one-hazard-is-waived": {"results": {INTEGRATION: "failed"}, "waivers": waiver(hazards=["HAZ-002"])},
    "a-waiver-that-nobody-needs": {"waivers": waiver([INTEGRATION])},
    "a-waiver-of-a-stranger": {"waivers": waiver(["tests/gone.py::test_gone"])},
    "validation-is-skipped": {"results": {VALIDATION: "skipped"}},
    "validation-vanished": {"results": {VALIDATION: "missing", EXPENSIVE: "missing"}, "paths": ["src/caller/ct_fit.py"]},
    "the-expensive-test-is-left-out": {"results": {EXPENSIVE: "missing"}},
    "the-expensive-test-is-asked-for": {"results": {EXPENSIVE: "missing"}, "paths": ["src/caller/ct_fit.py"]},
    "the-expensive-test-ran-unasked-and-failed": {"results": {EXPENSIVE: "failed"}},
    "an-item-changed": {"items": ["REQ-003"]},
    "a-control-changed": {"items": ["RC-001"]},
    "first-release": {"first_release": True},
    "red-then-green": {"before": {UNIT: "failed"}, "items": ["REQ-001"]},
    "red-then-green-and-explained": {"before": {INTEGRATION: "failed"}},
    "nobody-can-say-what-changed": {"paths": None},
    "an-ordinary-change": {"occasion": "pull-request", "results": {VALIDATION: "missing", EXPENSIVE: "missing"}},
}


def judge(case: dict):
    """Plan, results and evaluation of one case, as the stages of a run make them."""
    declared = matrix(MATRIX)
    change = {"changed_items": case.get("items", ["REQ-001"])}
    first = case.get("first_release", False)
    plan = plan_tests(
        declared,
        graph(),
        known(),
        changed_paths=case.get("paths", ["README.md"]),
        first_release=first,
        occasion=case.get("occasion", "release-candidate"),
        **change,
    )
    statuses = {**GREEN, **case.get("results", {})}
    waivers = case.get("waivers")
    runs, findings = [], []
    for layer in ("unit", "integration", "validation"):
        reported = {test: word for test, word in statuses.items() if LAYER[test] == layer and word != "missing"}
        tries = [attempt({**reported, **{test: word for test, word in case.get("before", {}).items() if test in reported}})] if "before" in case else []
        tries.append(attempt(reported or {f"tests/{layer}/test_other.py::test_x": "passed"}))
        collected = collect_results(
            layer,
            tries,
            run=RUN,
            product="qpcr",
            expected=plan.selected_ids(layer),
            optional={entry.test for entry in plan.left_out},
            matrix=declared,
            waivers=waivers,
            verifies=lambda test: ALL.get(test, ()),
        )
        runs.append(collected.test_run)
        findings += collected.findings
    result = evaluate_matrix(declared, graph(), runs, run=RUN, plan=plan, first_release=first, waivers=waivers, **change)
    return plan, findings, result


def shown(case: dict) -> str:
    plan, stages, result = judge(case)
    wire = result.evaluation.to_wire()
    wire.pop("categories")
    wire["rows"] = {
        f"{row['kind']} {row['subject']}": {
            "status": row["status"],
            **{cell["category"]: [cell["status"], *(f"{t['id']} {t['status']}" for t in cell["tests"])] for cell in row["required"]},
        }
        for row in wire["rows"]
    }
    texts = {"stages": format_findings(stages, "text").splitlines(), "gate": format_findings(result.findings, "text").splitlines()}
    return as_json({**wire, "findings": texts, "open": not (has_errors(stages) or has_errors(result.findings)), "occasion": plan.occasion})


def test_the_evaluations_are_those_that_were_reviewed():
    compare_outputs(FOLDER, {f"{name}.json": shown(case) for name, case in CASES.items()})


OPEN = {
    "all-green",
    "integration-fails-and-is-waived",
    "a-waiver-that-nobody-needs",
    "a-waiver-of-a-stranger",
    "the-expensive-test-is-left-out",
    "red-then-green-and-explained",
    "nobody-can-say-what-changed",
    "a-control-changed",
}
"""The gate opens for these alone."""


@pytest.mark.parametrize("name", CASES)
def test_the_gate_opens_where_nothing_is_wrong(name):
    _, stages, result = judge(CASES[name])
    assert (not (has_errors(stages) or has_errors(result.findings))) == (name in OPEN)


@pytest.mark.parametrize("name", CASES)
def test_two_evaluations_of_one_change_are_equal(name):
    assert shown(CASES[name]) == shown(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_every_test_that_is_not_green_is_told_in_the_stage_where_it_ran(name):
    plan, stages, _ = judge(CASES[name])
    told = {finding.subject for finding in stages}
    for test, word in {**GREEN, **CASES[name].get("results", {})}.items():
        expected = word != "passed" and (word != "missing" or test in plan.selected_ids())
        assert (test in told) == (expected or test in CASES[name].get("before", {}))
