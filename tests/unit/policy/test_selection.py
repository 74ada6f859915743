"""Which entries count, and what is missed."""

import random

import pytest

from fakes.release_run import NOON, PIPELINE, ReleaseRun, key, verified
from lotmark.policy._evidence import Rebuild, RiskSnapshot
from lotmark.policy._selection import DECIDED_STAGES, REQUIRED_KINDS, select
from lotmark.policy.api import compute_facts

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


@pytest.fixture
def run() -> ReleaseRun:
    return ReleaseRun()


def missing(entries) -> list[str]:
    return compute_facts(entries, NOON)["completeness"]["missing"]


def test_a_whole_run_misses_nothing(run):
    selection = select(run.entries())
    assert selection.missing == []
    assert selection.find("rebuild", Rebuild).verdict == "IDENTICAL"
    assert set(selection.results) == set(DECIDED_STAGES)


def test_the_order_in_which_entries_are_given_plays_no_part(run):
    entries = run.entries()
    shuffled = random.Random(3).sample(entries, len(entries))
    assert compute_facts(shuffled, NOON) == compute_facts(entries, NOON)


def test_no_entry_at_all_misses_the_opening():
    assert missing([]) == ["the opening of the run"]
    assert select([]).find("rebuild", Rebuild) is None


def test_two_openings_are_none(run):
    doubled = run.entries(lambda log: [*log, verified("run-opened", {**run.opened, "run": "qpcr:RUN-0002"}, 90)])
    assert missing(doubled) == ["the opening of the run", "one opening of the run (there are several)"]


@pytest.mark.parametrize("kind", REQUIRED_KINDS)
def test_evidence_that_was_claimed_and_is_gone_is_missed_by_name(run, kind):
    found = missing(run.entries(lambda log: [entry for entry in log if entry.kind != kind]))
    assert any(text.startswith(f"{kind} that stage ") for text in found)


@pytest.mark.parametrize("kind", REQUIRED_KINDS)
def test_evidence_that_was_never_made_is_missed(run, kind):
    run.drop(kind)
    run.opened["expected"] = [{"stage": stage, "kinds": []} for stage in DECIDED_STAGES]
    assert f"{kind} evidence" in missing(run.entries())


@pytest.mark.parametrize("layer", ["unit", "integration", "validation"])
def test_a_layer_without_its_tests_is_missed(run, layer):
    run.drop("test-run", layer)
    run.opened["expected"] = [{"stage": stage, "kinds": []} for stage in DECIDED_STAGES]
    assert missing(run.entries()) == [f"the test run of layer {layer}"]


def test_a_named_piece_of_evidence_is_missed_by_its_name(run):
    found = missing(run.entries(lambda log: [entry for entry in log if not (entry.kind == "test-run" and entry.statement.predicate["layer"] == "unit")]))
    assert any(text.startswith("test-run unit that stage unit made (payload ") for text in found)


def test_what_the_run_promised_is_demanded(run):
    run.opened["expected"][0]["kinds"].append("review")
    assert missing(run.entries()) == ["review of stage source"]


def test_kinds_that_no_stage_claims_may_be_promised(run):
    run.opened["expected"][0]["kinds"] += ["run-opened", "stage-result"]
    assert missing(run.entries()) == []


@pytest.mark.parametrize("stage", DECIDED_STAGES)
def test_a_stage_without_result_is_missed(run, stage):
    del run.outcomes[stage]
    assert f"the result of stage {stage}" in missing(run.entries())


@pytest.mark.parametrize("stage", DECIDED_STAGES)
def test_a_shortened_list_of_expectations_does_not_help(run, stage):
    run.opened["expected"] = [item for item in run.opened["expected"] if item["stage"] != stage]
    assert missing(run.entries()) == [f"stage {stage} among the stages that the run expects"]


def test_later_stages_play_no_part(run):
    run.opened["expected"].append({"stage": "deployment", "kinds": ["deployment"]})
    log = run.entries()
    log.append(verified("stage-result", {**log[2].statement.predicate, "stage": "approval", "outcome": "pending"}, 80))
    assert compute_facts(log, NOON) == compute_facts(run.entries(), NOON)


def test_an_entry_of_the_wrong_shape_is_absent_and_named(run):
    run.predicate("rebuild")["isolation"] = "sealed"
    facts = compute_facts(run.entries(), NOON)
    assert facts["build"]["present"] is False
    assert any(text.startswith("a readable rebuild (the entry at index ") for text in facts["completeness"]["missing"])


def test_an_entry_of_another_run_does_not_count(run):
    run.predicate("risk-snapshot")["run"] = "qpcr:RUN-0009"
    selection = select(run.entries())
    assert selection.find("risk-snapshot", RiskSnapshot) is None
    assert "risk-snapshot evidence" in selection.missing


@pytest.mark.parametrize("kind", ["person", "root", "log"])
def test_only_the_pipelines_word_counts(run, kind):
    def forge(log):
        forger = key("mallory", kind)
        return [verified(entry.kind, entry.statement.predicate, entry.index, by=forger) if entry.kind == "rebuild" else entry for entry in log]

    assert "rebuild evidence" in missing(run.entries(forge))


def test_an_unclaimed_entry_does_not_count(run):
    better = {**run.predicate("rebuild"), "claim": "R5"}
    facts = compute_facts(run.entries(lambda log: [*log, verified("rebuild", better, 95)]), NOON)
    assert facts["build"]["claim"] == "R3"


def _again(run: ReleaseRun, attempt: int, rebuild: dict, outcome: str = "accepted"):
    """A later attempt of the build stage with its own evidence."""

    def add(log):
        new = verified("rebuild", rebuild, 60 + 2 * attempt)
        provenance = next(entry for entry in log if entry.kind == "provenance")
        made = [("rebuild", "", new), ("provenance", "", provenance)]
        return [*log, new, verified("stage-result", run.result("build", attempt, made, outcome), 61 + 2 * attempt)]

    return add


def test_the_latest_attempt_counts(run):
    later = {**run.predicate("rebuild"), "verdict": "DIFFERENT"}
    facts = compute_facts(run.entries(_again(run, 2, later, "refused")), NOON)
    assert facts["build"]["verdict"] == "DIFFERENT"
    (stage,) = [stage for stage in facts["stages"] if stage["stage"] == "build"]
    assert stage == {"stage": "build", "present": True, "outcome": "refused", "attempts": 2, "refusedAttempts": 1, "errors": 0, "contradictions": []}


def test_an_earlier_refusal_is_shown_beside_the_later_success(run):
    run.outcomes["build"] = "refused"
    facts = compute_facts(run.entries(_again(run, 2, run.predicate("rebuild") | {"claim": "R2"})), NOON)
    (stage,) = [stage for stage in facts["stages"] if stage["stage"] == "build"]
    assert (stage["outcome"], stage["refusedAttempts"]) == ("accepted", 1)
    assert facts["completeness"]["complete"] is True


def test_an_attempt_that_is_left_out_is_missed(run):
    facts = compute_facts(run.entries(_again(run, 3, run.predicate("rebuild") | {"claim": "R2"})), NOON)
    assert facts["completeness"]["missing"] == ["the result of attempt 2 of stage build"]


def test_the_newest_of_two_claimed_entries_counts(run):
    run.stages["build"].append(("rebuild", "", {**run.predicate("rebuild"), "claim": "R1"}))
    assert compute_facts(run.entries(), NOON)["build"]["claim"] == "R1"


def test_entries_that_the_facts_do_not_read_are_let_alone(run):
    extra = verified("waiver", {"waiver": "qpcr:WVR-0001"}, 96, by=PIPELINE)
    assert compute_facts(run.entries(lambda log: [*log, extra]), NOON) == compute_facts(run.entries(), NOON)
