"""`lotmark deploy` and `lotmark gate`: every verdict in words, in JSON and as an exit code."""

from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.deploy.api as deploy
import lotmark.pipeline.api as pipeline
import lotmark.policy.api as policy
from fakes.cli_desk import Desk
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.deploy.models import Admission, AdmissionCheck, Deployed, TargetCheck
from lotmark.policy.models import Completeness, Explanation

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

AA, BB = Digest.of(b"a"), Digest.of(b"b")


def check(verdict: str = "verified", target: str = "site", reason: str = "read back", found: Digest | None = AA) -> TargetCheck:
    return TargetCheck({"name": target, "environment": "production"}, AA, found, 12, None, None, verdict, reason)  # type: ignore[arg-type]


def columns(line: str) -> list[str]:
    return [part.strip() for part in line.split("  ") if part.strip()]


VERDICTS = [
    ((check(),), 0, ["✓ | site | verified | read back"]),
    ((check("mismatch", found=BB),), 6, ["✗ | site | mismatch | read back"]),
    ((check("unreachable", found=None),), 1, ["? | site | unreachable | read back"]),
    ((check(), check("unreachable", "clinic")), 1, ["✓ | site | verified | read back", "? | clinic | unreachable | read back"]),
    ((check("unreachable"), check("mismatch", "clinic")), 6, ["? | site | unreachable | read back", "✗ | clinic | mismatch | read back"]),
    ((check("mismatch"), check("unreachable", "clinic")), 6, ["✗ | site | mismatch | read back", "? | clinic | unreachable | read back"]),
]
COMMANDS = {
    "apply": (("apply",), "redeploy"),
    "rollback": (("rollback", "--target", "site"), "roll_back"),
    "verify": (("verify",), "check_deployments"),
}


@pytest.mark.parametrize(("checks", "code", "lines"), VERDICTS, ids=["verified", "mismatch", "unreachable", "one-away", "gravest", "gravest-first"])
@pytest.mark.parametrize("command", COMMANDS)
def test_the_gravest_verdict_is_the_exit_code(desk: Desk, command: str, checks: Any, code: int, lines: list[str]):
    words, function = COMMANDS[command]
    desk.answers(function, list(checks))
    called = desk("deploy", *words)
    assert called.code == code
    assert [" | ".join(columns(line)) for line in called.out.splitlines()] == lines
    assert desk("deploy", *words, form="json").code == code


def test_the_json_of_a_check(desk: Desk):
    desk.answers("check_deployments", [check(), check("unreachable", "clinic", "nobody answers", None)])
    assert desk("deploy", "verify", form="json").wire == {
        "schema": "https://lotmark.dev/output/deploy-check/v1",
        "checks": [
            {"target": {"name": "site", "environment": "production"}, "expected": AA.hex, "found": AA.hex, "verdict": "verified", "reason": "read back"},
            {
                "target": {"name": "clinic", "environment": "production"},
                "expected": AA.hex,
                "found": None,
                "verdict": "unreachable",
                "reason": "nobody answers",
            },
        ],
    }


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (("apply",), ("redeploy", (None, None), {})),
        (("apply", "1.4.0"), ("redeploy", ("1.4.0", None), {})),
        (("apply", "1.4.0", "--target", "site"), ("redeploy", ("1.4.0", "site"), {})),
        (("rollback", "--target", "site"), ("roll_back", ("site",), {})),
        (("verify",), ("check_deployments", (None,), {"record": False})),
        (("verify", "--target", "site", "--record"), ("check_deployments", ("site",), {"record": True})),
        (("plan",), ("plan_deployment", (None,), {})),
        (("plan", "1.4.0"), ("plan_deployment", ("1.4.0",), {})),
    ],
    ids=lambda value: " ".join(value) if isinstance(value[0], str) and value[0] in {"apply", "rollback", "verify", "plan"} else "",
)
def test_what_was_typed_is_what_is_asked(desk: Desk, words: tuple[str, ...], asked: Any):
    for function in ("redeploy", "roll_back", "check_deployments"):
        desk.answers(function, [check()])
    desk.answers("plan_deployment", [admission(True)])
    desk("deploy", *words)
    assert desk.asked == [asked]


@pytest.mark.parametrize(
    ("error", "code", "kept"),
    [
        (RefusedError("LM-DEP-001", "the digest differs", where="site", solution="mend it"), 1, True),
        (NothingToJudgeError("LM-DEP-003", "nothing there"), 5, False),
    ],
    ids=["refused", "nothing"],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_refusal_names_the_target_and_is_kept(desk: Desk, command: str, error: Any, code: int, kept: bool):
    words, function = COMMANDS[command]
    desk.answers(function, error)
    called = desk("deploy", *words)
    assert (called.code, called.out) == (code, "")
    assert called.err.startswith(f"error[{error.code}]: {error.reason}\n")
    assert [told["tag"] for told in desk.told] == ([f"deploy:{command}:refused"] if kept else [])


def test_a_target_to_go_back_on_is_never_assumed(desk: Desk):
    assert (desk("deploy", "rollback").code, desk.asked) == (2, [])


# ---- plan


def admission(*holds: bool, target: str = "site") -> Admission:
    checks = tuple(AdmissionCheck(f"check {number}", each, f"detail {number}") for number, each in enumerate(holds))
    return Admission(AA, target, "90" * 32, 30, checks, "2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    ("admissions", "code", "lines"),
    [
        ([admission(True)], 0, ["target | check", "site | check 0 | ✓ holds | detail 0", "admitted"]),
        ([admission(True, False)], 1, ["target | check", "site | check 0 | ✓ holds | detail 0", "site | check 1 | ✗ does not hold | detail 1", "refused"]),
        ([admission()], 1, ["target | check", "refused"]),
        (
            [admission(True), admission(False, target="clinic")],
            1,
            ["target | check", "site | check 0 | ✓ holds | detail 0", "clinic | check 0 | ✗ does not hold | detail 0", "refused"],
        ),
    ],
    ids=["admitted", "refused", "no-check", "one-of-two-targets"],
)
def test_a_plan_is_granted_by_every_check_of_every_target(desk: Desk, admissions: Any, code: int, lines: list[str]):
    desk.answers("plan_deployment", admissions)
    called = desk("deploy", "plan")
    assert called.code == code
    assert [" | ".join(columns(line)) for line in called.out.splitlines()] == lines
    assert desk("deploy", "plan", form="json").wire == {
        "schema": "https://lotmark.dev/output/deploy-plan/v1",
        "admissions": [each.to_wire() for each in admissions],
    }


# ---- status


class Driver:
    def __init__(self, current: Deployed | None, *others: Deployed) -> None:
        self._current, self._others = current, others

    def current(self) -> Deployed | None:
        return self._current

    def installed(self) -> tuple[Deployed, ...]:
        return (*self._others, *([self._current] if self._current else []))


@pytest.mark.parametrize(
    ("driver", "line", "wire"),
    [
        (Driver(None), "site | pilot | nothing", {"current": None, "installed": []}),
        (Driver(Deployed("1.4.0", AA, "a")), f"site | pilot | 1.4.0 | {AA.short()}", {"current": {"version": "1.4.0", "sha256": AA.hex}, "installed": []}),
        (
            Driver(Deployed("1.4.0", AA, "a"), Deployed("1.3.0", BB, "a"), Deployed("1.2.0", BB, "a")),
            f"site | pilot | 1.4.0 | {AA.short()} | 1.3.0, 1.2.0",
            {"current": {"version": "1.4.0", "sha256": AA.hex}, "installed": ["1.3.0", "1.2.0"]},
        ),
        (Driver(None, Deployed("1.3.0", BB, "a")), "site | pilot | nothing | 1.3.0", {"current": None, "installed": ["1.3.0"]}),
    ],
    ids=["empty", "one", "with-earlier", "switched-off"],
)
def test_each_target_says_what_it_runs(desk: Desk, driver: Driver, line: str, wire: dict[str, Any]):
    target = SimpleNamespace(name="site", environment="pilot")
    desk.workspace.product = SimpleNamespace(root="/r", file=SimpleNamespace(deploy=SimpleNamespace(targets=[target])))
    desk.answers("open_driver", driver, door=deploy)
    head, row = desk("deploy", "status").out.splitlines()
    assert columns(head) == ["target", "environment", "runs", "sha256", "also there"]
    assert " | ".join(columns(row)) == line
    assert desk("deploy", "status", form="json").wire["targets"] == [{"target": "site", "environment": "pilot", **wire}]


# ---- gate


def explanation(verdict: str = "met", *messages: str, title: str = "All tests passed") -> Explanation:
    return Explanation("tests", title, "IEC 62304 5.8", "failed == 0", "no red test", {"failed": 1, "layers": ["unit"]}, verdict, messages, "mend the test")  # type: ignore[arg-type]


@pytest.fixture
def gate(desk: Desk) -> Desk:
    desk.workspace.settings = lambda: "settings"
    desk.answers("find_run", SimpleNamespace(run="qpcr:RUN-0001"), door=pipeline)
    desk.answers("pinned_file", b"", door=pipeline)
    desk.answers("read_policy", "policy", door=policy)
    return judged(desk, [explanation()])


def judged(desk: Desk, explanations: list[Explanation], *missing: str, accepted: bool = True) -> Desk:
    decision = SimpleNamespace(
        verdict="accepted" if accepted else "refused",
        accepted=accepted,
        completeness=Completeness(not missing, missing),
        policy_sha256="90" * 32,
        facts_sha256="fa" * 32,
        log_size=18,
    )
    required = ({"count": 1, "role": "quality-owner", "meaning": "approval"},)
    desk.answers("evaluate_run", (decision, {"name": "high", "reasons": ["first release"]}, required), door=pipeline)
    desk.answers("explain", explanations, door=policy)
    return desk


@pytest.mark.parametrize(
    ("explanations", "missing", "accepted", "code", "lines"),
    [
        ([explanation()], (), True, 0, ["✓ | met | All tests passed", "The gate is open: every criterion is met. Risk tier high (first release)."]),
        (
            [explanation(), explanation("violated", "1 test failed", "1 is missing")],
            (),
            False,
            1,
            [
                "✓ | met | All tests passed",
                "✗ | violated | All tests passed | 1 test failed; 1 is missing",
                "The gate is closed: 1 of 2 criteria are not met, 0 pieces of evidence missing. Risk tier high (first release).",
            ],
        ),
        (
            [explanation("error", "the fact is absent")],
            ("stage unit: test-run",),
            False,
            1,
            [
                "? | error | All tests passed | the fact is absent",
                "✗ missing: stage unit: test-run",
                "The gate is closed: 1 of 1 criteria are not met, 1 pieces of evidence missing. Risk tier high (first release).",
            ],
        ),
        (
            [explanation()],
            ("a", "b"),
            False,
            1,
            [
                "✓ | met | All tests passed",
                "✗ missing: a",
                "✗ missing: b",
                "The gate is closed: 0 of 1 criteria are not met, 2 pieces of evidence missing. Risk tier high (first release).",
            ],
        ),
    ],
    ids=["open", "violated", "error", "incomplete"],
)
def test_the_gate_in_words(gate: Desk, explanations: Any, missing: tuple[str, ...], accepted: bool, code: int, lines: list[str]):
    called = judged(gate, explanations, *missing, accepted=accepted)("gate")
    assert called.code == code
    assert [" | ".join(columns(line)) for line in called.out.splitlines()] == [*lines, "qpcr:RUN-0001"]


@pytest.mark.parametrize(("verdict", "cure"), [("met", []), ("violated", ["  help:  mend the test"]), ("error", ["  help:  mend the test"])])
def test_an_explained_rule_says_why_what_and_what_was_found(gate: Desk, verdict: str, cure: list[str]):
    told = judged(gate, [explanation(verdict)], accepted=verdict == "met")("gate", "--explain").out.splitlines()
    assert told[1:-3] == [
        "tests  All tests passed  [IEC 62304 5.8]",
        "  why:   no red test",
        "  rule:  failed == 0",
        "  found:",
        "    failed = 1",
        "    layers = ['unit']",
        *cure,
    ]


def test_the_json_of_the_gate(gate: Desk):
    wire = judged(gate, [explanation("violated", "m")], "x", accepted=False)("gate", form="json").wire
    assert wire == {
        "schema": "https://lotmark.dev/output/gate/v1",
        "run": "qpcr:RUN-0001",
        "verdict": "refused",
        "completeness": {"complete": False, "missing": ["x"]},
        "criteria": [explanation("violated", "m").to_wire()],
        "tier": {"name": "high", "reasons": ["first release"]},
        "required": [{"count": 1, "role": "quality-owner", "meaning": "approval"}],
        "policySha256": "90" * 32,
        "factsSha256": "fa" * 32,
        "logSize": 18,
    }


@pytest.mark.parametrize(("words", "told"), [((), "there is no run to judge"), (("--run", "RUN-0009"), "there is no run RUN-0009")], ids=["newest", "named"])
def test_a_gate_without_a_run_is_no_open_gate(gate: Desk, words: tuple[str, ...], told: str):
    gate.answers("find_run", None, door=pipeline)
    called = gate("gate", *words)
    assert (called.code, called.out, called.err.splitlines()[0]) == (5, "", f"error[LM-CLI-019]: {told}")


def test_a_closed_gate_is_kept_as_an_attempt(gate: Desk):
    judged(gate, [explanation("violated")], accepted=False)("gate")
    assert [(told["tag"], told["detail"]) for told in gate.told] == [("gate:run:refused", "the gate is closed")]
    gate.told.clear()
    judged(gate, [explanation()])("gate")
    assert gate.told == []
