"""Monotonicity: removing evidence never turns refused into accepted, and what nobody knows never passes."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.release_run import NOON, ReleaseRun, verified
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


@settings(max_examples=20, deadline=None)
@given(st.integers(0, len(SPOILERS) - 1), st.sets(st.integers(0, len(WHOLE) - 1), min_size=1))
def test_removing_evidence_never_turns_refused_into_accepted(choice, removed):
    entries = refused_run(choice).entries()
    kept = [entry for position, entry in enumerate(entries) if position not in removed]
    assert verdict(kept) == "refused"


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, len(WHOLE) - 1), min_size=1))
def test_a_whole_run_from_which_judged_evidence_is_missing_is_refused(removed):
    kept = [entry for position, entry in enumerate(WHOLE) if position not in removed]
    assert verdict(kept) == "refused"


def test_each_entry_alone_is_needed():
    assert {verdict(WHOLE[:n] + WHOLE[n + 1 :]) for n in range(len(WHOLE))} == {"refused"}


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=20, deadline=None)
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


def _paths(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield (*path, name)
            yield from _paths(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _paths(item, (*path, number))


@settings(max_examples=30, deadline=None)
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
