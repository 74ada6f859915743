"""The facts, section by section: what stands in them for good, absent and odd evidence."""

import json
from datetime import datetime, timedelta, timezone
from importlib.resources import files

import msgspec
import pytest

from fakes.release_run import COMMIT, NOON, RUN, VERSION, WHEEL, ReleaseRun, verified
from lotmark.policy._facts import UNKNOWN_AGE
from lotmark.policy._facts_model import Facts
from lotmark.policy.api import compute_facts

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


@pytest.fixture
def run() -> ReleaseRun:
    return ReleaseRun()


def facts(run: ReleaseRun, at: datetime = NOON) -> dict:
    return compute_facts(run.entries(), at)


def _no_null(value) -> bool:
    if isinstance(value, dict):
        return all(_no_null(item) for item in value.values())
    if isinstance(value, list):
        return all(_no_null(item) for item in value)
    return value is not None


@pytest.mark.parametrize("entries", [[], ReleaseRun().entries()], ids=["no evidence", "a whole run"])
def test_facts_have_their_published_shape_and_no_null(entries):
    found = compute_facts(entries, NOON)
    assert msgspec.to_builtins(msgspec.convert(found, Facts, strict=True)) == found
    assert _no_null(found)


@pytest.mark.parametrize("entries", [[], ReleaseRun().entries()], ids=["no evidence", "a whole run"])
def test_facts_satisfy_the_published_json_schema(entries):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(files("lotmark.policy").joinpath("schemas/facts.v1.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    found = compute_facts(entries, NOON)
    assert list(validator.iter_errors(found)) == []
    assert list(validator.iter_errors({**found, "more": 1})) != []
    assert list(validator.iter_errors({name: value for name, value in found.items() if name != "run"})) != []


def test_absent_evidence_is_said_to_be_absent():
    found = compute_facts([], NOON)
    sections = ["run", "source", "dependencies", "sbom", "vulnerabilities", "build", "matrix", "waivers", "trace", "risks", "anomalies", "artifact"]
    assert [name for name in sections if found[name]["present"]] == []
    assert [layer["present"] for layer in found["tests"]["layers"]] == [False] * 3
    assert [stage["outcome"] for stage in found["stages"]] == ["absent"] * 7
    assert found["source"]["policyChanged"] is True
    assert found["source"]["dependenciesChanged"] is True
    assert [binding["same"] for binding in found["bindings"]] == [False] * 9


def test_the_run_is_as_it_was_opened(run):
    assert facts(run)["run"] == {
        "present": True,
        "id": RUN,
        "product": "qpcr",
        "version": VERSION,
        "safetyClass": "B",
        "commit": COMMIT,
        "operator": "ci",
        "previousRelease": {"present": True, "version": "1.3.0", "commit": "b" * 40},
    }


def test_a_first_release_has_none_before_it(run):
    run.opened["previousRelease"] = None
    assert facts(run)["run"]["previousRelease"] == {"present": False, "version": "", "commit": ""}


def test_the_time_of_looking_is_utc(run):
    found = facts(run, datetime(2026, 11, 24, 0, 30, tzinfo=timezone(timedelta(hours=2))))
    assert found["evaluatedAt"] == "2026-11-23T22:30:00.000Z"
    assert found["evaluatedOn"] == "2026-11-23"


def test_findings_of_a_stage_are_counted(run):
    run.findings["unit"] = [{"code": "X", "severity": "error", "message": "m", "subject": "s"}, {"code": "Y", "severity": "warning", "message": "m"}]
    (stage,) = [stage for stage in facts(run)["stages"] if stage["stage"] == "unit"]
    assert stage["errors"] == 1


def test_the_commits_stand_with_sign_off_and_references(run):
    run.predicate("change-summary")["commits"][0]["exempt"] = True
    assert facts(run)["source"]["commits"] == [
        {"sha": COMMIT, "subject": "Correct the baseline", "author": "dana@example.org", "signedOff": True, "references": ["REQ-001"], "exempt": True}
    ]


@pytest.mark.parametrize(
    ("component", "key", "expected"),
    [
        ({"licenceVerdict": "refused"}, "licencesRefused", [{"component": "numpy@2.1.0", "licence": "BSD-3-Clause", "verdict": "refused"}]),
        ({"licenceVerdict": "missing", "licence": None}, "licencesRefused", [{"component": "numpy@2.1.0", "licence": "", "verdict": "missing"}]),
        ({"licenceVerdict": "excepted"}, "licencesRefused", []),
        ({"hashes": {}}, "unhashed", ["numpy@2.1.0"]),
        ({"hashes": {"sha256": []}}, "unhashed", ["numpy@2.1.0"]),
        ({"hashes": {"sha512": "ab"}}, "unhashed", []),
    ],
)
def test_components_are_judged_one_by_one(run, component, key, expected):
    run.predicate("dependencies")["components"][0].update(component)
    assert facts(run)["dependencies"][key] == expected


@pytest.mark.parametrize(
    ("none", "declared"),
    [(None, False), ({"reason": "plain C", "owner": "quinn"}, True), ({"reason": " ", "owner": "quinn"}, False), ({"reason": "x", "owner": ""}, False)],
)
def test_no_dependencies_needs_somebody_who_says_so(run, none, declared):
    run.predicate("dependencies")["none"] = none
    assert facts(run)["dependencies"]["noneDeclared"] is declared


def match(**values) -> dict:
    return {"id": "CVE-1", "component": "numpy@2.1.0", "state": "affected", "severity": "high", "score": 9.8, "fixed": ["2.2"], **values}


def test_a_vulnerability_stands_with_its_score(run):
    run.predicate("dependencies")["vulnerabilities"]["matched"] = [match()]
    assert facts(run)["vulnerabilities"]["affected"] == [
        {"id": "CVE-1", "component": "numpy@2.1.0", "severity": "high", "score": 9.8, "scoreText": "9.8", "fixed": True}
    ]


@pytest.mark.parametrize(("values", "score", "text"), [({"score": None, "severity": None}, 10.0, "unknown"), ({"score": 7}, 7.0, "7.0")])
def test_a_vulnerability_without_score_counts_as_the_worst(run, values, score, text):
    run.predicate("dependencies")["vulnerabilities"]["matched"] = [match(**values)]
    (found,) = facts(run)["vulnerabilities"]["affected"]
    assert (found["score"], found["scoreText"]) == (score, text)
    assert isinstance(found["score"], float)


@pytest.mark.parametrize(("expires", "expired"), [("2026-11-23", False), ("2026-11-22", True), ("2027-01-01", False), ("", True), (None, True), ("soon", True)])
def test_an_exception_for_a_vulnerability_ends(run, expires, expired):
    exception = match(state="not_affected", justification="component_not_present", owner="quinn", expires=expires)
    run.predicate("dependencies")["vulnerabilities"]["matched"] = [exception]
    found = facts(run)["vulnerabilities"]
    assert found["exceptions"][0]["expired"] is expired
    assert len(found["affected"]) == int(expired)


def test_an_exception_may_lack_what_nobody_wrote(run):
    run.predicate("dependencies")["vulnerabilities"]["matched"] = [match(state="not_affected")]
    assert facts(run)["vulnerabilities"]["exceptions"] == [
        {"id": "CVE-1", "component": "numpy@2.1.0", "justification": "", "owner": "", "expires": "", "expired": True}
    ]


@pytest.mark.parametrize(
    ("retrieved", "days"),
    [
        ("2026-11-23", 0),
        ("2026-11-20", 3),
        ("2026-11-24", 0),
        ("2026-11-25", UNKNOWN_AGE),
        ("2026-10-24T10:00:00Z", 30),
        ("", UNKNOWN_AGE),
        ("yesterday", UNKNOWN_AGE),
    ],
)
def test_the_age_of_the_database_is_in_days(run, retrieved, days):
    run.predicate("dependencies")["vulnerabilities"]["retrieved"] = retrieved
    assert facts(run)["vulnerabilities"]["ageDays"] == days


def test_outputs_that_differ_are_named(run):
    run.predicate("rebuild")["outputs"].append({"name": "b", "sha256A": None, "sha256B": "cc" * 32, "verdict": "DIFFERENT"})
    assert facts(run)["build"]["differing"] == [{"name": "b", "verdict": "DIFFERENT"}]


def test_a_layer_is_counted(run):
    unit = run.predicate("test-run", "unit")
    unit.update(expected=4, received=3, missing=["t_gone"], unexpected=["t_new"])
    unit["tests"] += [{"id": "t_err", "status": "error"}, {"id": "t_skip", "status": "skipped"}, {"id": "t_gone", "status": "missing"}]
    unit["counts"] = {"passed": 2, "failed": 1, "error": 2, "skipped": 1, "missing": 1}
    assert facts(run)["tests"]["layers"][0] == {
        "layer": "unit",
        "present": True,
        "expected": 4,
        "received": 3,
        "passed": 2,
        "failed": 3,
        "skipped": 1,
        "missing": ["t_gone"],
        "unexcused": ["t_gone"],
        "unexpected": ["t_new"],
        "failing": ["t_err", "t_skip", "t_gone"],
        "unstable": [],
    }


def test_a_test_that_was_red_and_then_green_is_unstable(run):
    run.predicate("test-run", "unit")["tests"][0]["redThenGreen"] = True
    found = facts(run)
    assert found["tests"]["layers"][0]["unstable"] == ["t_ct"]
    assert [test["unstable"] for test in found["matrix"]["critical"]] == [True]


def test_a_reason_makes_it_stable(run):
    run.predicate("test-run", "unit")["tests"][0].update(redThenGreen=True, reason="the machine was restarted")
    assert facts(run)["tests"]["layers"][0]["unstable"] == []


@pytest.mark.parametrize(("status", "unstable"), [("failed", ["t_ct"]), ("error", ["t_ct"]), ("skipped", []), ("passed", [])])
def test_a_failure_in_an_earlier_attempt_of_the_stage_counts(run, status, unstable):
    """Re-running until green does not hide the red."""

    def rerun(log):
        old = next(entry for entry in log if entry.kind == "test-run")
        bad = dict(old.statement.predicate)
        bad["tests"] = [{"id": "t_ct", "status": status}, {"id": "t_curve", "status": "passed"}]
        first = verified("test-run", bad, 1)
        other_layer = verified("test-run", {**bad, "layer": "integration"}, 2)
        return [first, other_layer, *log]

    assert compute_facts(run.entries(rerun), NOON)["tests"]["layers"][0]["unstable"] == unstable


def test_hazards_stand_with_their_judgement(run):
    run.predicate("risk-snapshot")["hazards"].append(
        {"id": "HAZ-002", "title": "Delay", "after": {"level": ""}, "controls": [], "residualRisk": {"acceptable": None, "rationale": " "}}
    )
    first, second = facts(run)["risks"]["hazards"]
    assert first == {"id": "HAZ-001", "title": "Wrong result", "level": "low", "acceptable": True, "rationale": True, "controls": 1}
    assert second == {"id": "HAZ-002", "title": "Delay", "level": "", "acceptable": False, "rationale": False, "controls": 0}


def test_closed_anomalies_are_not_open(run):
    anomalies = run.predicate("trace-snapshot")["anomalies"]
    anomalies[0]["status"] = "closed"
    assert facts(run)["anomalies"] == {"present": True, "open": []}
    anomalies[0].update(status="postponed", rationale="")
    assert facts(run)["anomalies"]["open"] == [{"id": "ANO-001", "title": "Slow start", "severity": 3, "rationale": False}]


@pytest.mark.parametrize("spoil", [lambda snapshot: snapshot.pop("anomalies"), lambda snapshot: snapshot.update(anomalies=None)])
def test_a_list_of_anomalies_that_does_not_exist_is_absent(run, spoil):
    spoil(run.predicate("trace-snapshot"))
    assert facts(run)["anomalies"] == {"present": False, "open": []}


def test_versions_are_each_their_own_witness(run):
    run.predicate("release-candidate")["versions"].update(sbom="9.9", label="1.4")
    assert facts(run)["versions"] == {"proposed": VERSION, "tested": VERSION, "sbom": VERSION, "artifact": VERSION, "label": "1.4", "opened": VERSION}
    run.predicate("release-candidate")["versions"].update(dict.fromkeys(["proposed", "tested", "artifact"]))
    run.predicate("sbom")["metadata"]["component"].pop("version")
    assert facts(run)["versions"] == {"proposed": "", "tested": "", "sbom": "", "artifact": "", "label": "1.4", "opened": VERSION}


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("commit of the change summary", lambda run: run.predicate("change-summary")["source"].update(commit="d" * 40)),
        ("commit of the release candidate", lambda run: run.predicate("release-candidate")["build"].update(commit="d" * 40)),
        ("artifact among the build's outputs", lambda run: run.predicate("rebuild")["outputs"][0].update(sha256A="dd" * 32)),
        ("artifact among the build's outputs", lambda run: run.predicate("rebuild")["outputs"][0].update(sha256A=None)),
        ("artifact that was signed", lambda run: run.predicate("artifact-signature")["artifact"].update(sha256="dd" * 32)),
        ("version of the artifact's signature", lambda run: run.predicate("artifact-signature").update(version="1.5.0")),
        ("artifact in the tests of layer unit", lambda run: run.predicate("test-run", "unit")["artifacts"].clear()),
        ("artifact in the tests of layer validation", lambda run: run.predicate("test-run", "validation")["artifacts"][0].update(sha256="dd" * 32)),
    ],
)
def test_evidence_of_something_else_is_seen(run, what, spoil):
    spoil(run)
    assert [binding["what"] for binding in facts(run)["bindings"] if not binding["same"]] == [what]


def test_provenance_of_another_artifact_is_seen(run):
    from lotmark.attest.models import Subject

    other = (Subject("other.whl", {"sha256": "dd" * 32}), Subject("no.whl", {"gitCommit": COMMIT}))

    def swap(log):
        return [verified(entry.kind, entry.statement.predicate, entry.index, subjects=other) if entry.kind == "provenance" else entry for entry in log]

    found = compute_facts(run.entries(swap), NOON)
    assert {binding["what"]: binding["found"] for binding in found["bindings"] if not binding["same"]}["artifact among the subjects of the provenance"] == ""
    assert "provenance evidence" in found["completeness"]["missing"]


def test_the_bindings_of_a_whole_run_agree(run):
    assert {binding["expected"] for binding in facts(run)["bindings"]} == {COMMIT, WHEEL, VERSION}
    assert all(binding["same"] for binding in facts(run)["bindings"])
