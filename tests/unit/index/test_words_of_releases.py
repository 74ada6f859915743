"""How tests, the matrix, risks, waivers, decisions, signatures and deployments are told and kept."""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.index._projectors import PROJECTORS

pytestmark = pytest.mark.verifies("REQ-023")

NOON = "2026-11-23T12:00:00.000Z"
RUN = "qpcr:RUN-0001"
PRODUCT = {"run": RUN, "product": "qpcr", "version": "1.4.0"}
ARTIFACT = {"name": "qpcr.whl", "mediaType": "application/zip", "size": 12345, "sha256": "aa" * 32}


def verified(kind: str, told: dict[str, Any], /, **key: Any) -> Any:
    signer = {"name": "Quinn Example", "key_id": "11" * 32, "person": "quinn", "kind": "person", **key}
    return SimpleNamespace(
        kind=kind,
        statement=SimpleNamespace(predicate=told, subject=(SimpleNamespace(name="dist/qpcr.whl", digest={"sha256": "aa" * 32}),)),
        key=SimpleNamespace(**signer),
        envelope=SimpleNamespace(payload_digest=SimpleNamespace(hex="dd" * 32)),
    )


def rows(kind: str, told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(PROJECTORS[kind](verified(kind, told)))


def line(kind: str, told: dict[str, Any]) -> str:
    return rows(kind, told)[0][1]["words"]


def of(kind: str, table: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for name, row in rows(kind, told) if name == table]


# ---- tests and the matrix


def layer_run(tests: tuple[dict[str, Any], ...] = (), **counts: int) -> dict[str, Any]:
    zero = dict.fromkeys(("passed", "failed", "error", "skipped", "missing"), 0)
    told = {"run": RUN, "layer": "unit", "expected": sum(counts.values()), "received": sum(counts.values()) - counts.get("missing", 0)}
    return {**told, "counts": {**zero, **counts}, "unexpected": ["u"], "exitCode": 1, "startedAt": NOON, "finishedAt": NOON, "tests": list(tests)}


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, "unit tests: 0 of 0 expected reported: none"),
        ({"passed": 1234}, "unit tests: 1,234 of 1,234 expected reported: 1234 passed"),
        ({"passed": 1, "missing": 2}, "unit tests: 1 of 3 expected reported: 1 passed, 2 missing"),
        (
            {"missing": 1, "skipped": 1, "error": 1, "failed": 1, "passed": 1},
            "unit tests: 4 of 5 expected reported: 1 passed, 1 failed, 1 error, 1 skipped, 1 missing",
        ),
    ],
    ids=["none", "many", "missing", "every"],
)
def test_a_run_of_tests_counts_in_one_order_and_leaves_out_what_is_none(counts, told):
    assert line("test-run", layer_run(**counts)) == told


def result(**fields: Any) -> dict[str, Any]:
    attempt = {"status": "failed", "seconds": 0.5, "message": "boom"}
    told = {"id": "a.py::t", "suite": "pytest", "status": "failed", "seconds": 0.5, "attempts": [attempt], "redThenGreen": False, "reason": "", "verifies": []}
    return {**told, **fields}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "boom"),
        ({"reason": "known timing"}, "known timing"),
        ({"attempts": [{"message": "first"}, {"message": "last"}]}, "last"),
        ({"attempts": []}, ""),
        ({"attempts": [], "reason": "why"}, "why"),
        ({"reason": None}, "boom"),
    ],
    ids=["attempt", "reason-first", "last-attempt", "no-attempt", "no-attempt-reason", "no-reason"],
)
def test_the_message_of_a_test_is_its_reason_or_that_of_the_last_attempt(fields, message):
    made = layer_run((result(**fields),), failed=1)
    (row,) = of("test-run", "tests", made)
    assert (row["message"], row["attempts"]) == (message, len(result(**fields)["attempts"]))


def test_what_a_test_verifies_is_kept_under_the_runs_product():
    made = layer_run((result(verifies=["REQ-001", "HAZ-001"], redThenGreen=True),), passed=1)
    assert [(row["product"], row["test"], row["item"]) for row in of("test-run", "test_items", made)] == [
        ("qpcr", "a.py::t", "REQ-001"),
        ("qpcr", "a.py::t", "HAZ-001"),
    ]
    assert of("test-run", "tests", made)[0]["red_then_green"] == 1
    assert of("test-run", "test_runs", made)[0]["unexpected"] == 1


def matrix(*statuses: str, waivers: int = 0) -> dict[str, Any]:
    sums = dict.fromkeys(("required", "passed", "failed", "missing", "incomplete", "waived"), 0)
    test = {"id": "a.py::t", "layer": "unit", "status": "passed", "waiver": None}
    need = {"category": "unit", "gating": "blocking", "status": "passed", "tests": [test]}
    told = [
        {"subject": f"REQ-{number}", "kind": "requirement", "title": "t", "changed": True, "required": [need], "status": status}
        for number, status in enumerate(statuses)
    ]
    used = [{"id": f"qpcr:WVR-{number}"} for number in range(waivers)]
    summary = {name: {**sums, "required": number} for number, name in enumerate(("waivable", "blocking", "informational"))}
    return {"run": RUN, "product": "qpcr", "rows": told, "summary": summary, "waivers": used, "leftOut": []}


@pytest.mark.parametrize(
    ("statuses", "waivers", "told"),
    [
        ((), 0, "the matrix: 0 of 0 rows verified, 0 waivers in use"),
        (("passed",), 0, "the matrix: 1 of 1 row verified, 0 waivers in use"),
        (("passed", "waived"), 1, "the matrix: 1 of 2 rows verified, 1 waiver in use"),
        (("failed", "missing", "incomplete", "waived"), 2, "the matrix: 0 of 4 rows verified, 2 waivers in use"),
    ],
)
def test_a_waived_row_is_not_verified(statuses, waivers, told):
    assert line("matrix-evaluation", matrix(*statuses, waivers=waivers)) == told


def test_the_sums_of_the_matrix_stand_in_one_order():
    assert [(row["gating"], row["required"]) for row in of("matrix-evaluation", "matrix_sums", matrix("passed"))] == [
        ("blocking", 1),
        ("informational", 2),
        ("waivable", 0),
    ]


def test_what_did_not_count_is_kept_beside_the_rows():
    held = {"test": "a.py::t", "status": "failed", "reason": "r", "owner": "dana", "expires": "2026-12-31", "uncovered": ["REQ-001", "REQ-002"]}
    made = {
        **matrix("passed"),
        "leftOut": [{"test": "b.py::t", "reason": "nothing near it changed"}],
        "quarantined": [held],
        "losses": [{"subject": "REQ-003", "what": "it is gone", "waiver": None}],
    }
    assert [(row["test"], row["reason"]) for row in of("matrix-evaluation", "left_out", made)] == [("b.py::t", "nothing near it changed")]
    assert [(row["test"], row["owner"], row["uncovered"]) for row in of("matrix-evaluation", "quarantines", made)] == [("a.py::t", "dana", "REQ-001, REQ-002")]
    assert [(row["item"], row["waiver"], row["declared"]) for row in of("matrix-evaluation", "coverage_losses", made)] == [("REQ-003", None, "")]


# ---- items and risks


def hazard(**fields: Any) -> dict[str, Any]:
    level = {"severity": "serious", "probability": "remote", "level": "medium"}
    told = {"id": "HAZ-001", "title": "Wrong result", "hazardousSituation": "s", "harm": "h", "before": level, "after": {**level, "level": "low"}}
    return {**told, "residualRisk": {"acceptable": True, "rationale": "r"}, **fields}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, ("medium", "low", 1, "r")),
        ({"before": None, "after": None}, (None, None, 1, "r")),
        ({"residualRisk": None}, ("medium", "low", None, None)),
        ({"residualRisk": {"acceptable": False}}, ("medium", "low", 0, None)),
        ({"residualRisk": {"acceptable": None, "rationale": "open"}}, ("medium", "low", None, "open")),
        ({"residualRisk": {"rationale": "open"}}, ("medium", "low", None, "open")),
        ({"after": {"severity": "serious"}}, ("medium", None, 1, "r")),
    ],
    ids=["whole", "no-levels", "no-residual-risk", "refused", "unjudged", "unsaid", "no-level"],
)
def test_a_risk_that_nobody_judged_is_not_told_as_acceptable(fields, wanted):
    (row,) = of("risk-snapshot", "hazards", {"run": RUN, "product": "qpcr", "hazards": [hazard(**fields)], "controls": []})
    assert (row["level_before"], row["level_after"], row["acceptable"], row["rationale"]) == wanted


@pytest.mark.parametrize(
    ("hazards", "controls", "told"),
    [(0, 0, "0 hazards, 0 risk controls"), (1, 1, "1 hazard, 1 risk control"), (2, 3, "2 hazards, 3 risk controls")],
)
def test_risks_are_counted(hazards, controls, told):
    control = {"id": "RC-001", "title": "t", "kind": "protective"}
    assert line("risk-snapshot", {"run": RUN, "product": "qpcr", "hazards": [hazard()] * hazards, "controls": [control] * controls}) == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"requirements": 1, "verified": 1}, "0 items; 1 of 1 requirement verified"),
        ({"requirements": 1200, "verified": 1100}, "0 items; 1,100 of 1,200 requirements verified"),
    ],
)
def test_a_trace_is_told_by_what_is_verified(fields, told):
    coverage = {"withRiskOrNeed": 0, "withTest": 0, **fields}
    made = {"run": RUN, "product": "qpcr", "items": [], "coverage": coverage, "findings": []}
    assert line("trace-snapshot", made) == told
    assert of("trace-snapshot", "anomalies", made) == []


# ---- waivers


@pytest.mark.parametrize(
    ("scope", "told", "targets"),
    [
        ({"tests": ["a.py::t"]}, "a.py::t", [("test", "a.py::t")]),
        ({"requirements": ["REQ-1", "REQ-2"]}, "REQ-1, REQ-2", [("requirement", "REQ-1"), ("requirement", "REQ-2")]),
        (
            {"riskControls": ["RC-1"], "hazards": ["HAZ-1"], "tests": ["t"], "requirements": ["REQ-1"]},
            "t, REQ-1, HAZ-1, RC-1",
            [("test", "t"), ("requirement", "REQ-1"), ("hazard", "HAZ-1"), ("risk-control", "RC-1")],
        ),
        ({}, "", []),
    ],
    ids=["test", "requirements", "every-kind", "nothing"],
)
def test_a_waiver_names_what_it_waives_kind_by_kind(scope, told, targets):
    signer = {"person": "quinn", "name": "Quinn Example", "role": "quality-owner"}
    made = {"waiver": "qpcr:WVR-0001", "product": "qpcr", "scope": scope, "version": None, "reason": "r", "residualRisk": "n", "owner": "quinn"}
    made = {**made, "signer": signer, "signedAt": NOON, "zone": "UTC", "expires": "2026-12-31"}
    assert line("waiver", made) == f"Quinn Example (quality-owner) waives {told} until 2026-12-31: qpcr:WVR-0001"
    assert [(row["kind"], row["target"]) for row in of("waiver", "waiver_scopes", made)] == targets


# ---- decisions and signatures


def decision(**fields: Any) -> dict[str, Any]:
    told = {**PRODUCT, "artifact": ARTIFACT, "verdict": "accepted", "criteria": [], "completeness": {"complete": True, "missing": []}}
    more = {"tier": {"name": "low", "reasons": []}, "logSize": 9, "policySha256": "p", "factsSha256": "f", "evidenceRoot": "e", "evaluatedAt": NOON}
    return {**told, **more, "required": [], **fields}


def criterion(verdict: str, *messages: str) -> dict[str, Any]:
    return {"id": "tests", "title": "All tests", "clause": "c", "verdict": verdict, "violations": [{"message": message} for message in messages]}


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ((), "decision: accepted, 0 of 0 criteria met, risk tier low"),
        (("met",), "decision: accepted, 1 of 1 criteria met, risk tier low"),
        (("met", "violated", "error"), "decision: accepted, 1 of 3 criteria met, risk tier low"),
        (("MET",), "decision: accepted, 0 of 1 criteria met, risk tier low"),
    ],
)
def test_only_the_word_met_counts(verdicts, told):
    assert line("decision", decision(criteria=[criterion(verdict) for verdict in verdicts])) == told


def test_what_is_violated_and_missing_and_why_the_tier_is_kept():
    made = decision(
        criteria=[criterion("violated", "1 test failed", "1 is missing"), criterion("met")],
        completeness={"complete": False, "missing": ["stage unit: test-run", "stage build: rebuild"]},
        tier={"name": "high", "reasons": ["hazard changed"]},
    )
    assert [row["messages"] for row in of("decision", "criteria", made)] == ["1 test failed; 1 is missing", ""]
    assert [(row["what"], row["note"]) for row in of("decision", "decision_notes", made)] == [
        ("missing", "stage unit: test-run"),
        ("missing", "stage build: rebuild"),
        ("tier", "hazard changed"),
    ]
    assert of("decision", "decisions", made)[0]["complete"] == 0


def approval(**fields: Any) -> dict[str, Any]:
    signer = {"person": "quinn", "name": "Quinn Example", "email": "q@x"}
    told = {**PRODUCT, "signer": signer, "role": "quality-owner", "meaning": "approval", "signedAt": NOON, "zone": "UTC", "reason": "r"}
    return {**told, "record": {"payload": "de" * 32}, "artifact": ARTIFACT, "policySha256": "p", "onBehalfOf": None, **fields}


@pytest.mark.parametrize(("behalf", "kept"), [(None, None), ({"person": "rene"}, "rene"), ({}, None)])
def test_an_approval_keeps_for_whom_it_was_given(behalf, kept):
    (row,) = of("approval", "approvals", approval(onBehalfOf=behalf))
    assert (row["on_behalf_of"], row["decision"], row["payload"]) == (kept, "de" * 32, "dd" * 32)


def test_an_approval_keeps_who_signed_and_whose_key_it_was():
    entry = verified("approval", approval(), person="mallory", key_id="66" * 32)
    (row,) = (row for name, row in PROJECTORS["approval"](entry) if name == "approvals")
    assert (row["person"], row["key_person"], row["key_id"]) == ("quinn", "mallory", "66" * 32)


@pytest.mark.parametrize("meaning", ["approval", "review", "rejection", "authorship"])
def test_the_meaning_of_a_signature_is_told(meaning):
    assert line("approval", approval(meaning=meaning)) == f"Quinn Example signs as quality-owner: {meaning}"


# ---- candidates and deployments


def candidate(device: Any = None, **build: Any) -> dict[str, Any]:
    return {**PRODUCT, "artifact": ARTIFACT, "build": {"commit": "c0" * 20, **build}, "device": device}


@pytest.mark.parametrize(
    ("device", "wanted"),
    [
        ({"models": ["LP-1"]}, ("LP-1", None, None)),
        ({"models": None, "firmwareChecksum": None, "calibrationProfile": None, "reportedVersion": "1"}, ("", None, None)),
        ({"models": [], "firmwareChecksum": {"algorithm": "crc32", "value": "44"}}, ("", "44", None)),
        ({"models": ["A", "B"], "calibrationProfile": {"path": "c.json", "sha256": "29"}}, ("A, B", None, "29")),
    ],
    ids=["models", "empty", "firmware", "calibration"],
)
def test_a_device_is_kept_with_what_there_is(device, wanted):
    (row,) = of("release-candidate", "devices", candidate(device))
    assert (row["models"], row["firmware_checksum"], row["calibration_sha256"]) == wanted


@pytest.mark.parametrize("device", [None, {}])
def test_a_product_that_is_no_device_has_no_row(device):
    assert of("release-candidate", "devices", candidate(device)) == []


def test_a_candidate_is_told_by_size_and_digest():
    made = candidate(builtAt=NOON, environmentSha256="e0")
    assert line("release-candidate", made) == "candidate 1.4.0: qpcr.whl, 12,345 bytes, sha256 aaaaaaaaaaaa"
    (row,) = of("release-candidate", "candidates", made)
    assert (row["built_at"], row["environment_sha256"], row["media_type"]) == (NOON, "e0", "application/zip")


@pytest.mark.parametrize(
    ("action", "previous", "told"),
    [
        ("deploy", None, "laboratory (production) is switched to 1.4.0"),
        ("deploy", {"version": "1.3.0"}, "laboratory (production) is switched to 1.4.0"),
        ("rollback", {"version": "1.5.0"}, "laboratory (production) goes back to 1.4.0"),
    ],
)
def test_a_switch_is_told_by_its_direction(action, previous, told):
    target = {"name": "laboratory", "environment": "production", "driver": "directory", "path": "/srv"}
    made = {**PRODUCT, "target": target, "previous": previous, "action": action, "artifact": ARTIFACT, "switchedAt": NOON}
    assert line("deployment", made) == told
    assert of("deployment", "deployments", made)[0]["previous_version"] == (previous or {}).get("version")


@pytest.mark.parametrize(
    ("fields", "told", "reported"),
    [
        ({"verdict": "verified", "reason": None}, "laboratory (production): verified", None),
        ({"verdict": "verified", "reason": "the digest was read"}, "laboratory (production): verified, the digest was read", None),
        ({"verdict": "mismatch", "reason": "", "probe": {"reportedVersion": "1.3.0"}}, "laboratory (production): mismatch", "1.3.0"),
        ({"verdict": "unverifiable", "probe": {}}, "laboratory (production): unverifiable", None),
    ],
    ids=["bare", "reason", "probe", "empty-probe"],
)
def test_a_check_is_told_by_its_verdict(fields, told, reported):
    target = {"name": "laboratory", "environment": "production"}
    made = {**PRODUCT, "target": target, "artifact": {"expected": "a", "found": None}, "probe": None, "checkedAt": NOON, **fields}
    assert line("deployment-check", made) == told
    assert of("deployment-check", "deployment_checks", made)[0]["reported_version"] == reported
