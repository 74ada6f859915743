"""Flake statistics: what a trial is, and the interval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.matrix_product import UNIT, test_run
from lotmark.matrix.api import flake_statistics, wilson_interval
from lotmark.matrix.models import CollectContext, FileRef, TestRun

pytestmark = pytest.mark.verifies("REQ-426", "REQ-011", "RC-005")

OTHER = "tests/unit/test_lot.py::test_expired"


def run(*statuses: str, artifact: str = "a", test: str = UNIT) -> TestRun:
    """A run in which the test ended as named, attempt after attempt, on an artifact."""
    return test_run("unit", *({test: status} for status in statuses), context=CollectContext(artifacts=(FileRef(name="x", sha256=artifact * 64),)))


# Worked out by hand from the closed form with z = 1.959963985; with none of n the upper end is z²/(n + z²).
KNOWN = [
    (0, 10, 0.0, 0.2775328),
    (1, 10, 0.01787621, 0.4041500),
    (5, 10, 0.2365931, 0.7634069),
    (10, 10, 0.7224672, 1.0),
    (3, 100, 0.01025422, 0.08451937),
    (0, 1, 0.0, 0.7934507),
    (1, 1, 0.2065493, 1.0),
]


@pytest.mark.parametrize(("count", "of", "low", "high"), KNOWN)
def test_known_intervals(count: int, of: int, low: float, high: float) -> None:
    assert wilson_interval(count, of) == pytest.approx((low, high), abs=1e-6)


def test_nothing_seen_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("count", "of", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (1, 3, 0.0), (1, 3, 1.0), (1, 3, math.nan)])
def test_what_is_no_proportion(count: int, of: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson_interval(count, of, confidence=confidence)


@given(st.integers(0, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), st.floats(0.5, 0.99))
def test_the_interval_holds_the_share_and_mirrors(pair: tuple[int, int], confidence: float) -> None:
    count, of = pair
    low, high = wilson_interval(count, of, confidence=confidence)
    assert 0.0 <= low <= high <= 1.0
    if of:
        assert low <= count / of <= high
        other = wilson_interval(of - count, of, confidence=confidence)
        assert (1 - other[1], 1 - other[0]) == pytest.approx((low, high), abs=1e-12)


def test_more_trials_make_it_narrower_and_more_confidence_wider() -> None:
    def width(count: int, of: int, confidence: float = 0.95) -> float:
        low, high = wilson_interval(count, of, confidence=confidence)
        return high - low

    assert width(10, 100) < width(1, 10)
    assert width(1, 10, 0.99) > width(1, 10, 0.9)


def test_red_and_green_in_one_run_is_flaky() -> None:
    (found,) = flake_statistics([run("failed", "passed")])
    assert (found.trials, found.flaky, found.attempts, found.red, found.rate) == (1, 1, 2, 1, 1.0)
    assert (found.low, found.high) == (0.206549, 1.0)


@pytest.mark.attack("O02")
def test_red_in_one_run_and_green_in_the_next_of_the_same_artifact_is_flaky() -> None:
    (found,) = flake_statistics([run("failed"), run("passed")])
    assert (found.trials, found.flaky, found.attempts) == (1, 1, 2)


def test_red_on_one_artifact_and_green_on_another_is_a_mended_product() -> None:
    (found,) = flake_statistics([run("failed", artifact="a"), run("passed", artifact="b")])
    assert (found.trials, found.flaky, found.red) == (2, 0, 1)


def test_always_red_is_not_flaky() -> None:
    (found,) = flake_statistics([run("failed"), run("error", "failed")])
    assert (found.trials, found.flaky, found.red) == (1, 0, 3)


@pytest.mark.parametrize("status", ["skipped", "missing"])
def test_what_neither_passed_nor_failed_is_no_trial(status: str) -> None:
    statuses = {UNIT: status, OTHER: "passed"} if status == "skipped" else {OTHER: "passed"}
    made = test_run("unit", statuses, expected=[UNIT, OTHER])
    found = {each.test: each for each in flake_statistics([made])}
    assert (found[UNIT].trials, found[UNIT].low, found[UNIT].high) == (0, 0.0, 1.0)


def test_the_most_unstable_first() -> None:
    runs = [run("failed", "passed", artifact=name, test=UNIT) for name in "ab"] + [run("passed", artifact="c", test=UNIT)]
    runs += [run("failed", "passed", artifact="a", test=OTHER)] + [run("passed", artifact=name, test=OTHER) for name in "bcd"]
    assert [(each.test, each.flaky, each.trials) for each in flake_statistics(runs)] == [(UNIT, 2, 3), (OTHER, 1, 4)]


def test_without_artifacts_a_run_is_a_trial_of_its_own() -> None:
    (found,) = flake_statistics([test_run("unit", {UNIT: "failed"}, {UNIT: "passed"})])
    assert (found.trials, found.flaky) == (1, 1)


def test_no_runs() -> None:
    assert flake_statistics([]) == ()
