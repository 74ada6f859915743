"""What a release says of tests that did not simply run and pass."""

from typing import Any

import pytest

from lotmark.releases._test_record import environment_cause, suite

pytestmark = pytest.mark.verifies("REQ-440", "RC-005")

REUSED = {"run": "qpcr:RUN-0001", "testRun": "a" * 64, "finishedAt": "2026-11-20T12:00:00.000Z", "expires": "2026-12-04"}


def run(*tests: dict[str, Any]) -> dict[str, Any]:
    return {
        "layer": "unit",
        "results": [{"name": "b", "sha256": "2"}, {"name": "a", "sha256": "1"}],
        "counts": {},
        "expected": 1,
        "received": 1,
        "tests": [*tests],
    }


def one(**change: Any) -> dict[str, Any]:
    return {"id": "t", "status": "passed", "attempts": [{"environment": "network"}], **change}


def matrix(*tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rows": [{"required": [{"tests": [*tests]}]}], **more}


def test_tests_that_ran_and_passed_are_not_named() -> None:
    told = suite(run(one()), matrix({"id": "t", "layer": "unit", "waiver": None}))
    assert [told[name] for name in ("reused", "quarantined", "environmentFailures", "waived")] == [[], [], [], []]
    assert told["suite"] == ["1", "2"]


def test_a_reused_result_names_its_run_digest_time_and_last_day() -> None:
    assert suite(run(one(reused=REUSED)), matrix())["reused"] == [{"test": "t", **REUSED}]


@pytest.mark.parametrize(
    ("test", "row", "waiver"),
    [
        pytest.param({"status": "failed", "waived": "qpcr:WVR-0001"}, None, "qpcr:WVR-0001", id="at its stage, without a row"),
        pytest.param({"status": "failed"}, {"id": "t", "layer": "unit", "waiver": "qpcr:WVR-0002"}, "qpcr:WVR-0002", id="in a row"),
        pytest.param({"status": "failed"}, {"id": "t", "layer": "validation", "waiver": "qpcr:WVR-0002"}, None, id="in a row of another layer"),
    ],
)
def test_a_waived_test_is_named_with_its_waiver(test: dict[str, Any], row: dict[str, Any] | None, waiver: str | None) -> None:
    told = suite(run(one(**test)), matrix(*([row] if row else [])))
    assert told["waived"] == ([{"test": "t", "status": "failed", "waiver": waiver}] if waiver else [])


def test_a_test_in_quarantine_carries_owner_end_and_what_nothing_else_covers() -> None:
    held = {"test": "t", "status": "failed", "reason": "r", "owner": "dana", "expires": "2026-12-01", "subjects": ["HAZ-001"], "uncovered": ["HAZ-001"]}
    other = {**held, "test": "of another layer"}
    told = suite(run(one(quarantined="r")), matrix(quarantined=[held, other]))
    assert told["quarantined"] == [{name: held[name] for name in ("test", "status", "reason", "owner", "expires", "uncovered")}]


@pytest.mark.parametrize(
    ("test", "cause"),
    [
        ({"status": "failed"}, "network"),
        ({"status": "error"}, "network"),
        ({"status": "passed"}, ""),
        ({"status": "failed", "attempts": []}, ""),
        ({"status": "failed", "attempts": [{"environment": "network"}, {}]}, ""),
    ],
)
def test_only_a_red_last_attempt_has_a_cause_in_the_environment(test: dict[str, Any], cause: str) -> None:
    assert environment_cause(one(**test)) == cause
