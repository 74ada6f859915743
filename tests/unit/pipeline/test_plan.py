"""The plan of the stages and what goes through the engine: nothing runs too early, and nothing is lost on the way."""

import json

import pytest

from lotmark.base.digest import Digest
from lotmark.pipeline.models import EXPECTED, MUST_ACCEPT, Outcome, Payload, RunIdentity, Stage, StageResult

pytestmark = pytest.mark.verifies("REQ-019")

IDENTITY = {
    "run": "qpcr:RUN-0001",
    "product": "qpcr",
    "version": "1.0.0",
    "commit": "c" * 40,
    "source_sha256": "s" * 64,
    "configuration": (("lotmark.yaml", "1" * 64), ("quality/policy.yaml", "2" * 64)),
}


def test_the_key_of_a_run_names_number_commit_and_configuration() -> None:
    fingerprint = Digest.of(f"lotmark.yaml {'1' * 64}\nquality/policy.yaml {'2' * 64}".encode()).hex[:8]
    assert RunIdentity(**IDENTITY).key == f"qpcr:RUN-0001@{'c' * 12}-{fingerprint}"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value", "same"),
    [
        ("run", "qpcr:RUN-0002", False),
        ("commit", "d" * 40, False),
        ("configuration", (), False),
        ("configuration", (("lotmark.yaml", "1" * 64),), False),
        ("configuration", (("lotmark.yaml", "1" * 64), ("quality/policy.yaml", "3" * 64)), False),
        ("configuration", (("lotmark.yaml", "1" * 64), ("quality/people.yaml", "2" * 64)), False),
        ("commit", "c" * 12 + "d" * 28, True),
        ("version", "1.0.1", True),
        ("source_sha256", "t" * 64, True),
    ],
    ids=["number", "commit", "no configuration", "a file less", "a file changed", "a file renamed", "commit beyond twelve digits", "version", "source"],
)
def test_a_reused_number_never_meets_an_old_memory(field: str, value: object, same: bool) -> None:
    assert (RunIdentity(**IDENTITY).key == RunIdentity(**{**IDENTITY, field: value}).key) is same  # type: ignore[arg-type]


PAYLOADS = [
    Payload("decision", "decision.json", b"{}"),
    Payload("test-run", "n\u00fc.json", b'{"a": "\xc3\xbc"}', (Digest.of(b"log"), Digest.of(b"junit"))),
    Payload("sbom", "", b""),
    Payload("sbom", "s", bytes(range(256))),
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=["plain", "with blobs", "empty", "every byte"])
def test_a_payload_keeps_its_exact_bytes_through_json(payload: Payload) -> None:
    assert Payload.from_wire(json.loads(json.dumps(payload.to_wire()))) == payload


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("stage", list(Stage))
def test_a_result_keeps_everything_through_json(stage: Stage, outcome: Outcome) -> None:
    findings = ({"code": "LM-PIP-010", "message": "m", "severity": "error"},)
    result = StageResult(stage, 3, outcome, "a summary", findings, tuple(PAYLOADS), "bench")
    assert StageResult.from_wire(json.loads(json.dumps(result.to_wire()))) == result


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("stage", KeyError),
        ("attempt", KeyError),
        ("outcome", KeyError),
        ("summary", KeyError),
        ("findings", KeyError),
        ("payloads", KeyError),
        ("scope", KeyError),
    ],
)
def test_a_memory_that_lacks_a_part_is_not_read_as_less(key: str, error: type[Exception]) -> None:
    wire = StageResult(Stage.BUILD, 1, Outcome.ACCEPTED, "s").to_wire()
    del wire[key]
    with pytest.raises(error, match=key):
        StageResult.from_wire(wire)


@pytest.mark.parametrize(("key", "value"), [("stage", "cooking"), ("outcome", "perfect"), ("outcome", "")])
def test_a_memory_with_an_unknown_word_is_refused(key: str, value: str) -> None:
    wire = {**StageResult(Stage.BUILD, 1, Outcome.ACCEPTED, "s").to_wire(), key: value}
    with pytest.raises(ValueError, match="is not a valid"):
        StageResult.from_wire(wire)


@pytest.mark.parametrize(
    ("stage", "kinds"),
    [
        (Stage.SOURCE, {"change-summary"}),
        (Stage.DEPENDENCIES, {"dependencies", "sbom", "vulns"}),
        (Stage.BUILD, {"provenance", "rebuild"}),
        (Stage.UNIT, {"test-run", "test-result"}),
        (Stage.INTEGRATION, {"test-run", "test-result"}),
        (Stage.VALIDATION, {"test-run", "test-result", "trace-snapshot", "risk-snapshot", "matrix-evaluation"}),
        (Stage.PACKAGE, {"release-candidate", "artifact-signature"}),
        (Stage.APPROVAL, {"decision", "vsa", "release-manifest", "release"}),
        (Stage.DEPLOYMENT, {"deployment"}),
        (Stage.VERIFICATION, {"deployment-check"}),
    ],
)
def test_what_each_stage_must_leave(stage: Stage, kinds: set[str]) -> None:
    assert set(EXPECTED[stage]) == kinds
    assert len(EXPECTED[stage]) == len(kinds)


def test_every_stage_must_leave_something() -> None:
    assert set(EXPECTED) == set(Stage)


def test_only_findings_that_the_gate_judges_together_let_a_run_go_on() -> None:
    assert set(Stage) - MUST_ACCEPT == {Stage.DEPENDENCIES, Stage.UNIT, Stage.INTEGRATION, Stage.VALIDATION, Stage.VERIFICATION}
