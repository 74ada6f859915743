"""Scenario: what the shipped release criteria decide on a table of changed runs; see ``release-decisions/README.md``."""

import json
import os
import re
from pathlib import Path

import pytest

from fakes.release_run import NOON, ReleaseRun, witnessing
from lotmark.policy.api import compute_facts, decide, default_policy
from lotmark.policy.models import Decision

pytestmark = pytest.mark.verifies("REQ-015", "REQ-025", "RC-008")

FOLDER = Path(__file__).parent / "release-decisions"
CASES = json.loads((FOLDER / "in" / "cases.json").read_text(encoding="utf-8"))


def decision_of(case: dict) -> Decision:
    run = ReleaseRun()
    for kind, *path, last, value in case["change"]:
        place = run.predicate(*kind.split(":"))
        for step in path:
            place = place[step]
        place[last] = value
    run.outcomes.update(case.get("outcomes", {}))
    if "witnessing" in case:
        run.witnessing = witnessing(*case["witnessing"]["cosigned"], hours=case["witnessing"].get("hours", 0))
    if "drop" in case:
        run.drop(*case["drop"])
    policy = default_policy()
    return decide(compute_facts(run.entries(), NOON), policy, policy.digest, 60)


def shown(case: dict, decision: Decision) -> str:
    lines = [f"{case['name']}: {decision.verdict}"]
    for result in decision.criteria:
        lines += [f"  {result.id}: {message}" for message in result.violations]
    return re.sub(r" \(payload [0-9a-f]{12}\)", "", "\n".join(lines)) + "\n"


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    return [decision_of(case) for case in CASES]


def test_each_case_is_decided_as_it_stands_in_the_file(decisions: list[Decision]) -> None:
    found = "\n".join(shown(case, decision) for case, decision in zip(CASES, decisions, strict=True))
    expected = FOLDER / "out" / "decisions.txt"
    if os.environ.get("LOTMARK_REGENERATE"):
        expected.write_text(found, encoding="utf-8")
    assert found.split("\n\n") == expected.read_text(encoding="utf-8").split("\n\n")


def test_a_refusal_says_why_and_what_to_do(decisions: list[Decision]) -> None:
    for case, decision in zip(CASES, decisions, strict=True):
        violated = [result for result in decision.criteria if result.verdict != "met"]
        assert (decision.verdict == "refused") == bool(violated), case["name"]
        assert all(result.solution and result.violations and result.clause for result in violated), case["name"]


def test_every_criterion_is_violated_by_some_case(decisions: list[Decision]) -> None:
    hit = {result.id for decision in decisions for result in decision.criteria if result.verdict == "violated"}
    assert hit == {criterion.id for criterion in default_policy().value.criteria}


def test_names_of_cases_are_given_once() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names)
