"""Monotonicity: removing evidence never turns refused into accepted, and what nobody knows never passes.

And the two directions of each claim: a test that did not pass is never accepted as passed, and what an honest run says of its
tests is never called a contradiction.
"""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.matrix_product import ALL, EXPENSIVE, INTEGRATION, UNIT, UNIT_OTHER, VALIDATION, attempt, graph, known, matrix
from fakes.release_run import NOON, RUN, ReleaseRun, verified
from lotmark.base.findings import has_errors
from lotmark.matrix.api import collect_results, evaluate_matrix, plan_tests
from lotmark.matrix.models import Waiver, WaiverReview, WaiverScope, WaiverSigner
from lotmark.policy.api import compute_facts, decide, default_policy

pytestmark = pytest.mark.verifies("REQ-015", "RC-008")


POLICY = default_policy()
WHOLE = ReleaseRun().entries()


def verdict(entries) -> str:
    return decide(compute_facts(entries, NOON), POLICY, POLICY.digest, 40).verdict


def _spoilers():
    def matrix(run, row=0):
        return run.predicate("matrix-evaluation")["rows"][row]["required"][0]

    return [
        lambda run: run.predicate("rebuild").update(verdict="DIFFERENT"),
        lambda run: run.outcomes.update(unit="refused"),
        lambda run: matrix(run).update(status="failed"),
        lambda run: matrix(run, 1).update(status="failed"),
        lambda run: run.predicate("test-run", "validation").update(missing=["t_gone"], expected=2),
        lambda run: run.predicate("trace-snapshot")["anomalies"][0].update(severity=1),
        lambda run: run.predicate("risk-snapshot")["hazards"][0]["residualRisk"].update(acceptable=None),
        lambda run: run.predicate("matrix-evaluation")["waivers"][0].update(expires="2020-01-01"),
        lambda run: run.predicate("dependencies")["vulnerabilities"].update(matched=[{"id": "C", "component": "n", "state": "affected"}]),
        lambda run: run.predicate("artifact-signature").update(version="0"),
    ]


SPOILERS = _spoilers()


def refused_run(choice: int) -> ReleaseRun:
    run = ReleaseRun()
    SPOILERS[choice](run)
    return run


def test_every_spoiler_refuses():
    assert {verdict(refused_run(choice).entries()) for choice in range(len(SPOILERS))} == {"refused"}
    assert verdict(WHOLE) == "accepted"


@settings(max_examples=20)
@given(st.integers(0, len(SPOILERS) - 1), st.sets(st.integers(0, len(WHOLE) - 1), min_size=1))
def test_removing_evidence_never_turns_refused_into_accepted(choice, removed):
    entries = refused_run(choice).entries()
    kept = [entry for position, entry in enumerate(entries) if position not in removed]
    assert verdict(kept) == "refused"


@settings(max_examples=25)
@given(st.sets(st.integers(0, len(WHOLE) - 1), min_size=1))
def test_a_whole_run_from_which_judged_evidence_is_missing_is_refused(removed):
    kept = [entry for position, entry in enumerate(WHOLE) if position not in removed]
    assert verdict(kept) == "refused"


def test_each_entry_alone_is_needed():
    assert {verdict(WHOLE[:n] + WHOLE[n + 1 :]) for n in range(len(WHOLE))} == {"refused"}


@settings(max_examples=25)
@given(st.sets(st.integers(0, 3), max_size=4))
def test_removing_a_later_attempt_piece_by_piece_never_helps(removed):
    """A stage that failed on the second try: its evidence and result cannot be dropped one by one to get back to the first."""
    run = ReleaseRun()
    bad = verified("rebuild", {**run.predicate("rebuild"), "verdict": "DIFFERENT"}, 70)
    provenance = verified("provenance", {"buildDefinition": {"n": 2}, "runDetails": {}}, 71)
    made = [("rebuild", "", bad), ("provenance", "", provenance)]
    second = verified("stage-result", run.result("build", 2, made, "refused"), 72)
    third = verified("stage-result", run.result("build", 3, made, "refused"), 73)
    later = [entry for position, entry in enumerate([bad, provenance, second, third]) if position not in removed]
    if second not in later and third not in later:
        # Nothing within the run can tell that both results are gone; the log can (`verify --complete`).
        return
    assert verdict([*WHOLE, *later]) == "refused"


_TEXT = st.sampled_from(["", "passed?", "unknown", "PASSED", "Accepted", "identical", "maybe"])


@settings(max_examples=20)
@given(_TEXT, st.sampled_from(["rebuild", "outcome", "matrix", "test", "licence"]))
def test_an_unknown_word_never_passes(word, where):
    run = ReleaseRun()
    if where == "rebuild":
        run.predicate("rebuild").update(verdict=word)
    elif where == "outcome":
        run.outcomes["integration"] = word
    elif where == "matrix":
        run.predicate("matrix-evaluation")["rows"][0]["required"][0].update(status=word)
    elif where == "test":
        run.predicate("matrix-evaluation")["rows"][0]["required"][0]["tests"][0].update(status=word)
    else:
        run.predicate("dependencies")["components"][0].update(licenceVerdict=word)
    assert verdict(run.entries()) == "refused"


# ---- tests against what is claimed of them

TESTS = [("unit", "t_ct"), ("unit", "t_curve"), ("integration", "t_flow"), ("validation", "t_reference"), ("validation", "t_panel"), ("validation", "t_trend")]
NOT_PASSED = st.sampled_from(["failed", "error", "skipped", "missing", "", "PASSED", "quarantined"])


def green_run() -> ReleaseRun:
    """A good run in which the waivable and the informational test passed too, and a waiver lies ready."""
    run = ReleaseRun()
    for layer, test in TESTS:
        run.record_test(layer, test, "passed")
    required = run.predicate("matrix-evaluation")["rows"][1]["required"][0]
    required.update(status="passed", tests=[{"id": "t_panel", "status": "passed", "layer": "validation", "waiver": None}])
    return run


def excused(test: str, status: str) -> bool:
    """No row counts the test, and it was skipped or is informational."""
    return test not in {"t_ct", "t_panel"} and (status == "skipped" or (test == "t_trend" and status in {"failed", "error"}))


def test_the_run_of_the_following_properties_is_good():
    assert verdict(green_run().entries()) == "accepted"


@settings(max_examples=40)
@given(st.sampled_from(TESTS), NOT_PASSED)
def test_a_status_that_changed_under_its_sums_is_refused(chosen, status):
    run = green_run()
    (record,) = [record for record in run.predicate("test-run", chosen[0])["tests"] if record["id"] == chosen[1]]
    record["status"] = status
    assert verdict(run.entries()) == "refused"


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(TESTS), NOT_PASSED, min_size=1))
def test_a_test_that_did_not_pass_is_never_accepted_as_passed(changes):
    """The test run is whole in itself; matrix and stages go on to say that all is well."""
    run = green_run()
    for (layer, test), status in changes.items():
        run.record_test(layer, test, status)
    expected = "accepted" if all(excused(test, status) for (_, test), status in changes.items()) else "refused"
    assert verdict(run.entries()) == expected


@settings(max_examples=30)
@given(NOT_PASSED, st.booleans())
def test_a_waiver_covers_the_one_test_that_it_names(status, told):
    run = green_run()
    run.record_test("validation", "t_panel", status)
    required = run.predicate("matrix-evaluation")["rows"][1]["required"][0]
    required.update(status="waived", tests=[{"id": "t_panel", "status": status if told else "passed", "layer": "validation", "waiver": "qpcr:WVR-0001"}])
    possible = told and status in {"failed", "error", "skipped", "missing"}
    assert verdict(run.entries()) == ("accepted" if possible else "refused")
    run.record_test("validation", "t_reference", "failed")
    assert verdict(run.entries()) == "refused"


GRAPH, MATRIX = graph(), matrix()
LAYERS = {"unit": (UNIT, UNIT_OTHER), "integration": (INTEGRATION,), "validation": (VALIDATION, EXPENSIVE)}
_RESULTS = st.fixed_dictionaries(dict.fromkeys(ALL, st.sampled_from(["passed", "passed", "passed", "failed", "error", "skipped", "missing"])))
_SCOPES = st.sampled_from(
    [
        None,
        WaiverScope(tests=(INTEGRATION,)),
        WaiverScope(tests=(VALIDATION, EXPENSIVE, UNIT)),
        WaiverScope(hazards=("HAZ-001",)),
        WaiverScope(requirements=("REQ-001", "REQ-002"), risk_controls=("RC-001",)),
    ]
)


def _review(scope: WaiverScope | None) -> WaiverReview:
    if scope is None:
        return WaiverReview()
    signer = WaiverSigner(person="quinn", name="Quinn Example", role="quality-owner")
    waiver = Waiver(
        waiver="qpcr:WVR-0001",
        product="qpcr",
        scope=scope,
        version=None,
        reason="The panel is on order",
        residual_risk="Low",
        owner="quinn",
        signer=signer,
        signed_at="2026-11-20T12:00:00.000Z",
        zone="UTC",
        expires="2026-12-31",
    )
    return WaiverReview(((waiver, 4),))


@settings(max_examples=80)
@given(attempts=st.lists(_RESULTS, min_size=1, max_size=2), scope=_SCOPES, planned=st.booleans(), items=st.sets(st.sampled_from(["REQ-001", "REQ-002"])))
def test_what_an_honest_run_says_of_its_tests_is_no_contradiction(attempts, scope, planned, items):
    """Whatever the tests do: the rooms that collect and evaluate them, and stages that go by their findings, are believed."""
    review = _review(scope)
    plan = plan_tests(MATRIX, GRAPH, known(), changed_paths=["src/ct.py"], changed_items=items) if planned else None
    run, collected = ReleaseRun(), {}
    for layer, tests in LAYERS.items():
        tries = [attempt({t: s[t] for t in tests if s[t] != "missing"} or {f"tests/{layer}/test_other.py::test_x": "passed"}) for s in attempts]
        expected = [test for test in tests if plan is None or test in plan.selected_ids()]
        collected[layer] = collect_results(
            layer, tries, run=RUN, product="qpcr", expected=expected, verifies=lambda test: ALL.get(test, ()), matrix=MATRIX, waivers=review
        )
    runs = [found.test_run for found in collected.values()]
    evaluated = evaluate_matrix(MATRIX, GRAPH, runs, run=RUN, waivers=review, changed_items=items, plan=plan)
    for layer, found in collected.items():
        run.predicate("test-run", layer).update(found.test_run.to_wire())
        findings = [*found.findings, *(evaluated.findings if layer == "validation" else ())]
        run.outcomes[layer] = "refused" if has_errors(findings) else "accepted"
        run.findings[layer] = [finding.to_wire() for finding in findings]
    run.predicate("matrix-evaluation").update(evaluated.evaluation.to_wire())
    facts = compute_facts(run.entries(), NOON)
    assert {stage["stage"]: stage["contradictions"] for stage in facts["stages"] if stage["contradictions"]} == {}
    assert [item for item in facts["matrix"]["unsatisfied"] if item["status"] == "inconsistent"] == []


def _paths(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))


@settings(max_examples=30)
@given(st.data())
def test_any_value_of_any_evidence_may_be_anything_without_an_exception(data):
    """Whatever the pipeline wrote, deciding ends in a verdict."""
    position = data.draw(st.integers(0, len(WHOLE) - 1))
    entry = WHOLE[position]
    predicate = copy.deepcopy(entry.statement.predicate)
    path = data.draw(st.sampled_from(list(_paths(predicate))))
    junk = data.draw(st.sampled_from([None, 5, -1, 7.5, "", "x", [], {}, True]))
    target = predicate
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = junk
    changed = verified(entry.kind, predicate, entry.index)
    assert verdict([changed if n == position else other for n, other in enumerate(WHOLE)]) in {"accepted", "refused"}
