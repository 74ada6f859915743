"""Deciding, explaining and deciding again."""

import copy
import json

import pytest

from fakes.release_run import NOON, ReleaseRun
from lotmark.attest.api import parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, RefusedError
from lotmark.policy._document import DEFAULT_POLICY
from lotmark.policy._sandbox import Evaluation
from lotmark.policy.api import build_decision, compute_facts, decide, default_policy, evidence_root, explain, parse_policy, relaxations, replay, still_holds

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


POLICY = default_policy()
POLICY_BYTES = DEFAULT_POLICY.read_bytes()


@pytest.fixture
def run() -> ReleaseRun:
    return ReleaseRun()


def decision_of(run: ReleaseRun, policy=POLICY, at=NOON):
    return decide(compute_facts(run.entries(), at), policy, policy.digest, 40)


def violated(run: ReleaseRun) -> dict[str, tuple[str, ...]]:
    return {result.id: result.violations for result in decision_of(run).criteria if result.verdict == "violated"}


def policy_of(violations: str, *, strict: str = "true", message: str = ""):
    text = f"""policy: 1
title: T
criteria:
  - id: one
    title: One
    clause: none
    rationale: none
    violations: {json.dumps(violations)}
    {f"message: {json.dumps(message)}" if message else ""}
    solution: mend it
    strict: {strict}
"""
    return parse_policy(text.encode(), name="p")


def test_a_whole_run_is_accepted(run):
    decision = decision_of(run)
    assert decision.accepted
    assert decision.completeness.to_wire() == {"complete": True, "missing": []}
    assert {result.verdict for result in decision.criteria} == {"met"}
    assert decision.relaxed == ()
    assert decision.policy_sha256 == Digest.of(POLICY_BYTES).hex
    assert decision.log_size == 40


def test_no_evidence_is_refused_by_every_criterion():
    decision = decide(compute_facts([], NOON), POLICY, POLICY.digest, 0)
    assert decision.verdict == "refused"
    # Without witnesses in the trust file nobody is asked, unless the policy asks for a number of them.
    assert {result.id for result in decision.criteria if result.verdict != "violated"} == {"witnessed"}
    assert not decision.completeness.complete


def _matrix(run, row=0):
    return run.predicate("matrix-evaluation")["rows"][row]["required"][0]


def _hide_a_failure(run):
    run.predicate("test-run", "unit")["tests"][1]["status"] = "failed"


@pytest.mark.parametrize(
    ("criterion", "message", "spoil"),
    [
        ("evidence-complete", "review of stage source is missing", lambda run: run.opened["expected"][0]["kinds"].append("review")),
        ("stages-accepted", "stage unit is refused", lambda run: run.outcomes.update(unit="refused")),
        ("stages-accepted", "stage unit is pending", lambda run: run.outcomes.update(unit="pending")),
        ("stages-accepted", "stage unit is inconsistent: t_curve is failed", lambda run: run.record_test("unit", "t_curve", "failed")),
        ("stages-accepted", "stage unit is inconsistent: 2 tests are said to be passed, 1 are (and 2 more)", _hide_a_failure),
        ("stages-accepted", "stage validation is inconsistent: REQ-001, unit: t_ct is passed in", lambda run: run.record_test("unit", "t_ct", "skipped")),
        ("matrix-blocking", "REQ-001 (Correct the baseline): unit tests are failed", lambda run: _matrix(run).update(status="failed")),
        ("matrix-blocking", "REQ-001 (Correct the baseline): unit tests are inconsistent", lambda run: _matrix(run)["tests"][0].update(status="skipped")),
        ("matrix-blocking", "the test matrix requires nothing", lambda run: run.predicate("matrix-evaluation")["rows"].pop(0)),
        ("matrix-waivable", "HAZ-001 (Wrong result): panel tests are missing", lambda run: _matrix(run, 1).update(status="missing")),
        ("critical-tests", "t_ct for REQ-001 is error", lambda run: _matrix(run)["tests"][0].update(status="error")),
        ("critical-tests", "t_ct for REQ-001 is failed", lambda run: run.record_test("unit", "t_ct", "failed")),
        ("matrix-blocking", "REQ-001 (Correct the baseline): unit tests are inconsistent", lambda run: run.record_test("unit", "t_ct", "failed")),
        ("critical-tests", "t_ct for REQ-001 failed before it passed", lambda run: run.predicate("test-run", "unit")["tests"][0].update(redThenGreen=True)),
        ("critical-tests", "no critical test has run", lambda run: _matrix(run).update(gating="informational")),
        ("tests-received", "layer unit: no result of t_gone", lambda run: run.predicate("test-run", "unit").update(expected=3, missing=["t_gone"])),
        (
            "tests-received",
            "layer unit: no result of t_a and of 1 more",
            lambda run: run.predicate("test-run", "unit").update(expected=4, missing=["t_a", "t_b"]),
        ),
        ("tests-received", "layer unit: 5 tests expected, 2 received", lambda run: run.predicate("test-run", "unit").update(expected=5)),
        ("tests-received", "layer unit: no test gave a result", lambda run: run.predicate("test-run", "unit").update(expected=0, received=0)),
        ("tests-received", "layer unit has no results", lambda run: run.drop("test-run", "unit")),
        ("anomalies", "ANO-001 (Slow start) is open with severity 1", lambda run: run.predicate("trace-snapshot")["anomalies"][0].update(severity=1)),
        ("anomalies", "ANO-001 (Slow start) is open without a rationale", lambda run: run.predicate("trace-snapshot")["anomalies"][0].update(rationale="")),
        ("anomalies", "there is no list of known anomalies", lambda run: run.predicate("trace-snapshot").pop("anomalies")),
        ("rebuild", "the two builds are DIFFERENT", lambda run: run.predicate("rebuild").update(verdict="DIFFERENT")),
        ("rebuild", "the two builds are FAILED", lambda run: run.predicate("rebuild").update(verdict="FAILED")),
        ("rebuild", "the build was not hermetic (host)", lambda run: run.predicate("rebuild").update(isolation={"backend": "host", "hermetic": False})),
        ("rebuild", "there is no provenance of the build", lambda run: run.drop("provenance")),
        ("vulnerabilities", "vulnerabilities were not evaluated", lambda run: run.predicate("dependencies")["vulnerabilities"].update(evaluated=False)),
        ("vulnerabilities", "vulnerabilities were not evaluated", lambda run: run.predicate("dependencies")["vulnerabilities"].update(records=0)),
        (
            "vulnerabilities",
            "the vulnerability database is of 2026-10-23, older than 30 days",
            lambda run: run.predicate("dependencies")["vulnerabilities"].update(retrieved="2026-10-23"),
        ),
        (
            "vulnerabilities",
            "CVE-1 affects numpy (score 7.0)",
            lambda run: run.predicate("dependencies")["vulnerabilities"].update(
                matched=[{"id": "CVE-1", "component": "numpy", "state": "affected", "score": 7.0}]
            ),
        ),
        (
            "vulnerabilities",
            "CVE-1 affects numpy (score unknown)",
            lambda run: run.predicate("dependencies")["vulnerabilities"].update(matched=[{"id": "CVE-1", "component": "numpy", "state": "affected"}]),
        ),
        (
            "vulnerabilities",
            "the exception for CVE-1 in numpy ended on 2026-11-01",
            lambda run: run.predicate("dependencies")["vulnerabilities"].update(
                matched=[{"id": "CVE-1", "component": "numpy", "state": "not_affected", "score": 1.0, "expires": "2026-11-01"}]
            ),
        ),
        (
            "licences",
            "numpy@2.1.0: licence GPL-3.0 is refused",
            lambda run: run.predicate("dependencies")["components"][0].update(licence="GPL-3.0", licenceVerdict="refused"),
        ),
        (
            "licences",
            "numpy@2.1.0: licence unknown is missing",
            lambda run: run.predicate("dependencies")["components"][0].update(licence="", licenceVerdict="missing"),
        ),
        ("dependencies-pinned", "numpy@2.1.0 has no hash in the lock", lambda run: run.predicate("dependencies")["components"][0].update(hashes={})),
        ("dependencies-pinned", "there is no lock file, and nobody declares", lambda run: run.predicate("dependencies").update(locks=[])),
        ("trace-complete", "REQ-001 (Correct the baseline) lacks a link", lambda run: run.predicate("trace-snapshot")["items"][0].update(links=[])),
        ("trace-complete", "there is no requirement", lambda run: run.predicate("trace-snapshot")["coverage"].update(requirements=0)),
        (
            "trace-complete",
            "LM-TRC-001: broken",
            lambda run: run.predicate("trace-snapshot")["findings"].append({"code": "LM-TRC-001", "severity": "error", "message": "broken"}),
        ),
        (
            "residual-risks",
            "HAZ-001 (Wrong result): the residual risk is not accepted",
            lambda run: run.predicate("risk-snapshot")["hazards"][0]["residualRisk"].update(acceptable=False),
        ),
        (
            "residual-risks",
            "HAZ-001 (Wrong result): the acceptance states no reason",
            lambda run: run.predicate("risk-snapshot")["hazards"][0]["residualRisk"].update(rationale=""),
        ),
        ("residual-risks", "the risk analysis names no hazard", lambda run: run.predicate("risk-snapshot").update(hazards=[])),
        ("waivers", "qpcr:WVR-0001 ended on 2026-11-22", lambda run: run.predicate("matrix-evaluation")["waivers"][0].update(expires="2026-11-22")),
        ("waivers", "qpcr:WVR-0001 lacks scope", lambda run: run.predicate("matrix-evaluation")["waivers"][0].update(reason="")),
        (
            "waivers",
            "qpcr:WVR-0001 does not cover t_panel for HAZ-001",
            lambda run: run.predicate("matrix-evaluation")["waivers"][0].update(scope={"tests": ["t_x"]}),
        ),
        ("versions-equal", "no version is proposed", lambda run: run.predicate("release-candidate")["versions"].update(proposed=None)),
        (
            "versions-equal",
            "the run was opened for 1.4.0, proposed is 1.5.0",
            lambda run: run.predicate("release-candidate")["versions"].update(proposed="1.5.0"),
        ),
        ("versions-equal", "tested is '', proposed is '1.4.0'", lambda run: run.predicate("release-candidate")["versions"].update(tested=None)),
        ("versions-equal", "the SBOM is of '1.3.0'", lambda run: run.predicate("sbom")["metadata"]["component"].update(version="1.3.0")),
        ("versions-equal", "the artifact says '1.3.9'", lambda run: run.predicate("release-candidate")["versions"].update(artifact="1.3.9")),
        ("versions-equal", "the label says '1.3.9'", lambda run: run.predicate("release-candidate")["versions"].update(label="1.3.9")),
        ("same-artifact", "the artifact that was signed does not match", lambda run: run.predicate("artifact-signature")["artifact"].update(sha256="dd" * 32)),
        ("same-artifact", "there is no release candidate", lambda run: run.drop("release-candidate")),
        ("commits-signed-off", "is not signed off", lambda run: run.predicate("change-summary")["commits"][0].update(signedOff=False)),
        ("commits-reference", "references no identifier", lambda run: run.predicate("change-summary")["commits"][0].update(references=[])),
    ],
)
def test_each_release_criterion_closes_the_gate(run, criterion, message, spoil):
    spoil(run)
    decision = decision_of(run)
    assert decision.verdict == "refused"
    assert any(message in text for text in violated(run)[criterion]), violated(run)


@pytest.mark.parametrize(
    "spare",
    [
        lambda run: run.predicate("release-candidate")["versions"].update(label="1.4.0"),
        lambda run: run.predicate("rebuild").update(verdict="EQUIVALENT"),
        lambda run: run.predicate("dependencies").update(locks=[], none={"reason": "plain C", "owner": "quinn"}),
        lambda run: run.predicate("change-summary")["commits"][0].update(signedOff=False, references=[], exempt=True),
        lambda run: run.predicate("trace-snapshot").update(anomalies=[]),
        lambda run: (run.record_test("unit", "t_new", "passed"), run.predicate("test-run", "unit").update(unexpected=["t_new"])),
        lambda run: run.record_test("unit", "t_curve", "skipped"),
        lambda run: run.predicate("dependencies")["vulnerabilities"].update(matched=[{"id": "C", "component": "n", "state": "affected", "score": 6.9}]),
    ],
)
def test_what_the_criteria_allow_is_accepted(run, spare):
    spare(run)
    assert decision_of(run).accepted, violated(run)


def test_a_bool_is_violated_when_true(run):
    policy = policy_of("run.previousRelease.present", message="after {run.previousRelease.version}")
    (result,) = decision_of(run, policy).criteria
    assert (result.verdict, result.violations) == ("violated", ("after 1.3.0",))
    run.opened["previousRelease"] = None
    (result,) = decision_of(run, policy).criteria
    assert (result.verdict, result.violations) == ("met", ())


@pytest.mark.parametrize(("strict", "verdict"), [("true", "refused"), ("false", "accepted")])
def test_a_violation_refuses_if_the_criterion_is_strict(run, strict, verdict):
    decision = decision_of(run, policy_of("source.authors", strict=strict))
    assert decision.criteria[0].verdict == "violated"
    assert decision.verdict == verdict


@pytest.mark.parametrize("strict", ["true", "false"])
def test_an_error_refuses_even_where_a_violation_would_not(run, strict):
    decision = decision_of(run, policy_of("source.authors[7] == 'x'", message="m", strict=strict))
    assert decision.criteria[0].verdict == "error"
    assert decision.verdict == "refused"


def test_an_engine_that_breaks_its_promise_is_an_error(run):
    policy = policy_of("source.authors")
    decision = decide(compute_facts(run.entries(), NOON), policy, policy.digest, 1, evaluator=lambda expressions, values: (Evaluation(value=False),))
    assert decision.criteria[0].violations == ("the engine gave another type than the policy promises",)
    assert decision.verdict == "refused"


def test_incomplete_facts_refuse_whatever_the_criteria_say(run):
    run.drop("vulns")
    decision = decision_of(run, policy_of("[]"))
    assert [result.verdict for result in decision.criteria] == ["met"]
    assert decision.verdict == "refused"


@pytest.mark.parametrize("spoil", [lambda facts: facts["completeness"].update(complete=False), lambda facts: facts["completeness"].update(missing=["x"])])
def test_completeness_is_whole_or_none(run, spoil):
    facts = compute_facts(run.entries(), NOON)
    spoil(facts)
    policy = policy_of("[]")
    assert decide(facts, policy, policy.digest, 1).verdict == "refused"


def test_a_policy_that_the_run_did_not_pin_decides_nothing(run):
    with pytest.raises(RefusedError) as caught:
        decide(compute_facts(run.entries(), NOON), POLICY, Digest.of(b"another"), 1)
    assert caught.value.code == "LM-POL-005"


def test_a_weaker_policy_says_so():
    text = POLICY_BYTES.decode()
    weaker = text.replace("vulnerabilityThreshold: 7.0", "vulnerabilityThreshold: 9.9").replace("  - id: licences\n", "  - id: licences\n    strict: false\n")
    weaker = weaker.replace("id: residual-risks", "id: risks").replace(
        "waivers.items.filter(w, w.expired).map(w, w.id", "waivers.items.filter(w, false).map(w, w.id"
    )
    weaker += "  - {id: own, title: t, clause: c, rationale: r, violations: '[]', solution: s, strict: false}\n"
    found = {(item.criterion, item.how) for item in relaxations(parse_policy(weaker.encode(), name="p").value)}
    assert found == {
        ("licences", "not-strict"),
        ("residual-risks", "absent"),
        ("waivers", "changed"),
        ("own", "not-strict"),
        ("params.vulnerabilityThreshold", "changed"),
    }


def test_the_layout_of_an_expression_is_no_change():
    text = POLICY_BYTES.decode().replace(
        'violations: completeness.missing.map(m, m + " is missing")', 'violations: |\n      completeness.missing.map(m,\n        m + " is missing")'
    )
    assert relaxations(parse_policy(text.encode(), name="p").value) == ()


def test_an_explanation_names_rule_requirement_and_findings(run):
    run.predicate("rebuild").update(verdict="DIFFERENT")
    decision = decision_of(run)
    (found,) = [item for item in explain(decision, POLICY) if item.criterion == "rebuild"]
    assert found.verdict == "violated"
    assert found.found["build.verdict"] == "DIFFERENT"
    assert found.found["params.acceptableRebuild"] == ["IDENTICAL", "EQUIVALENT"]
    assert "\n" not in found.rule
    wire = found.to_wire()
    assert wire["messages"] == ["the two builds are DIFFERENT"]
    assert wire["required"].startswith("A build that cannot be repeated")


@pytest.fixture
def predicate(run):
    entries = run.entries()
    built = build_decision(decision_of(run), root=evidence_root(entries), tier={"name": "high", "reasons": ["r"]}, required=[])
    return parse_json(json.dumps(built.predicate).encode())


def test_a_recorded_decision_is_decided_again(run, predicate):
    again = replay(predicate, POLICY_BYTES, recomputed_facts=compute_facts(run.entries(), NOON))
    assert again.same
    assert again.verdict == "accepted"


def test_a_refusal_is_decided_again_too(run):
    run.predicate("rebuild").update(verdict="DIFFERENT")
    built = build_decision(decision_of(run), root="00" * 32, tier={"name": "high", "reasons": ["r"]}, required=[])
    assert replay(built.predicate, POLICY_BYTES).same


@pytest.mark.parametrize(
    ("spoil", "difference"),
    [
        (lambda p: p.update(verdict="refused"), "recorded as refused, decided again as accepted"),
        (lambda p: p.update(factsSha256="00" * 32), "the facts do not have the recorded digest"),
        (lambda p: p.update(policySha256="00" * 32), "the policy does not have the recorded digest"),
        (lambda p: p["facts"]["build"].update(verdict="DIFFERENT"), "criterion rebuild differs"),
        (lambda p: p["completeness"].update(missing=["x"]), "the completeness differs"),
        (lambda p: p["criteria"].pop(), "criterion witnessed differs"),
        (lambda p: p["criteria"][0].update(verdict="violated"), "criterion evidence-complete differs"),
        (lambda p: p["criteria"][0].update(title="Another"), "criterion evidence-complete differs"),
    ],
)
def test_a_decision_that_does_not_follow_is_named(predicate, spoil, difference):
    spoil(predicate)
    again = replay(predicate, POLICY_BYTES)
    assert not again.same
    assert difference in again.differences


def test_facts_that_do_not_follow_from_the_evidence_are_named(run, predicate):
    facts = compute_facts(run.entries(), NOON)
    facts["build"]["claim"] = "R1"
    again = replay(predicate, POLICY_BYTES, recomputed_facts=facts)
    assert again.differences == ("the fact build follows otherwise from the evidence",)


@pytest.mark.parametrize(
    "spoil",
    [lambda p: p.pop("facts"), lambda p: p.update(facts=5), lambda p: p.update(facts={}), lambda p: p.pop("criteria"), lambda p: p.update(criteria=[5])],
)
def test_a_decision_of_another_shape_differs(predicate, spoil):
    spoil(predicate)
    again = replay(predicate, POLICY_BYTES)
    assert again.verdict == "error"
    assert again.differences[-1].startswith("the decision does not have its shape")


def test_a_policy_that_is_none_differs(predicate):
    again = replay(predicate, b"policy: 1")
    assert again.verdict == "error"
    assert again.differences[-1].startswith("the policy cannot be read")


def test_without_an_engine_nothing_is_replayed(predicate):
    def lacking(expressions, values):
        raise EnvironmentLacksError("LM-POL-010", "no engine")

    with pytest.raises(EnvironmentLacksError):
        replay(predicate, POLICY_BYTES, evaluator=lacking)


def test_the_words_of_an_error_may_change_with_the_engine(run):
    policy = policy_of("source.authors[7] == 'x'", message="m")
    built = build_decision(decision_of(run, policy), root="00" * 32, tier={"name": "low", "reasons": []}, required=[])
    text = "source.authors[7] == 'x'"
    data = policy_of(text, message="m")
    assert data.digest == policy.digest
    recorded = copy.deepcopy(built.predicate)
    recorded["criteria"][0]["violations"] = [{"message": "other words"}]
    source = f"""policy: 1
title: T
criteria:
  - id: one
    title: One
    clause: none
    rationale: none
    violations: {json.dumps(text)}
    message: "m"
    solution: mend it
    strict: true
"""
    assert replay(recorded, source.encode()).same


def test_a_decision_holds_while_only_time_goes_by(run, predicate):
    later = compute_facts(run.entries(), NOON.replace(day=25))
    assert later["vulnerabilities"]["ageDays"] == 5
    assert still_holds(predicate, later, POLICY)


def test_a_decision_ends_when_the_database_is_too_old(run, predicate):
    assert not still_holds(predicate, compute_facts(run.entries(), NOON.replace(month=12, day=22)), POLICY)


def test_a_decision_ends_when_the_evidence_changes(run, predicate):
    run.predicate("rebuild").update(claim="R1")
    assert not still_holds(predicate, compute_facts(run.entries(), NOON), POLICY)


def test_a_decision_ends_when_the_policy_changes(run, predicate):
    other = parse_policy(POLICY_BYTES + b"\n", name="p")
    assert not still_holds(predicate, compute_facts(run.entries(), NOON), other)
