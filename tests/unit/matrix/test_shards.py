"""Tests over workers: the split is the same for everybody, loses nothing, and a lost worker is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.matrix_product import NOON, RUN, junit, test_run
from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.matrix.api import collect_results, durations, split_tests
from lotmark.matrix.models import Attempt, CollectedResults, ResultFile

pytestmark = pytest.mark.verifies("REQ-424", "REQ-011", "RC-005")

TESTS = [f"tests/unit/test_m.py::test_{n}" for n in range(6)]
NAMES = st.lists(st.text("abc[]:/", min_size=1, max_size=6), unique=True, max_size=30)


@given(NAMES, st.integers(1, 8), st.randoms())
def test_nothing_is_lost_or_doubled_and_order_does_not_matter(tests: list[str], shards: int, dice) -> None:
    split = split_tests(tests, shards)
    assert len(split) == shards
    assert sorted(test for each in split for test in each) == sorted(tests)
    shuffled = list(tests)
    dice.shuffle(shuffled)
    assert split_tests(shuffled, shards) == split


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), st.floats(0.001, 100), min_size=1, max_size=30), st.integers(1, 6))
def test_no_worker_has_more_than_four_thirds_of_the_best(seconds: dict[str, float], shards: int) -> None:
    loads = [sum(seconds[test] for test in each) for each in split_tests(seconds, shards, seconds)]
    # No schedule beats the mean, the longest test, or the two of the longest that must share a worker.
    longest = sorted(seconds.values(), reverse=True)
    shared = longest[shards - 1] + longest[shards] if len(longest) > shards else 0.0
    best = max(sum(longest) / shards, longest[0], shared)
    assert max(loads) <= best * 4 / 3 + 1e-6


def test_the_longest_stands_alone() -> None:
    assert split_tests(["a", "b", "c"], 2, {"a": 10.0, "b": 4.0, "c": 5.0}) == (("a",), ("b", "c"))


def test_parameter_sets_count_for_their_base() -> None:
    seconds = {"t.py::a[1]": 6.0, "t.py::a[2]": 6.0, "t.py::b": 5.0, "t.py::c": 5.0}
    assert split_tests(["t.py::a", "t.py::b", "t.py::c"], 2, seconds) == (("t.py::a",), ("t.py::b", "t.py::c"))


def test_a_new_test_lasts_as_long_as_the_average() -> None:
    assert split_tests(["a", "b", "new"], 2, {"a": 9.0, "b": 3.0}) == (("a",), ("b", "new"))


def test_more_workers_than_tests_leaves_some_idle() -> None:
    assert split_tests(["a"], 3) == (("a",), (), ())


def test_tests_of_no_length_spread_too() -> None:
    assert [len(each) for each in split_tests(["a", "b", "c", "d"], 2, dict.fromkeys("abcd", 0.0))] == [2, 2]


@pytest.mark.parametrize("shards", [0, -1, 1025])
def test_no_such_number_of_workers(shards: int) -> None:
    with pytest.raises(UsageError) as caught:
        split_tests(["a"], shards)
    assert caught.value.code == "LM-MTX-074"


def test_durations_are_those_of_the_newest_run() -> None:
    old, new = (test_run("unit", {TESTS[0]: "passed", TESTS[1]: "skipped"}) for _ in range(2))
    assert durations([old, new]) == {TESTS[0]: 0.0}


# ---- collected


def collect(per_worker: list[dict[str, str] | None], shards: list[list[str]], code: int = 0) -> CollectedResults:
    files = tuple(ResultFile(f"results-{number}.xml", junit(statuses), NOON, number) for number, statuses in enumerate(per_worker, 1) if statuses is not None)
    return collect_results("unit", [Attempt(files, NOON, NOON, code)], run=RUN, product="qpcr", expected=TESTS, shards=shards)


SHARDS = [TESTS[:2], TESTS[2:4], TESTS[4:]]


def test_each_workers_tests_are_recorded() -> None:
    found = collect([dict.fromkeys(ids, "passed") for ids in SHARDS], SHARDS)
    assert [(shard.number, shard.expected, shard.received, shard.missing) for shard in found.test_run.shards] == [
        (number, tuple(ids), 2, ()) for number, ids in enumerate(SHARDS, 1)
    ]
    assert not [finding for finding in found.findings if finding.severity is Severity.ERROR]


def test_a_lost_worker_is_missing_tests_and_no_silence() -> None:
    found = collect([dict.fromkeys(SHARDS[0], "passed"), None, dict.fromkeys(SHARDS[2], "passed")], SHARDS)
    (lost,) = [finding for finding in found.findings if finding.code == "LM-MTX-066"]
    assert "worker 2 of 3 of the unit tests reported none of its 2 tests" in lost.message
    assert lost.severity is Severity.ERROR
    assert found.test_run.missing == tuple(SHARDS[1])
    assert [finding.subject for finding in found.findings if finding.code == "LM-MTX-020"] == SHARDS[1]
    assert found.test_run.shards[1].missing == tuple(SHARDS[1])


def test_a_worker_that_lost_one_test_is_not_lost() -> None:
    found = collect([dict.fromkeys(ids[:1], "passed") for ids in SHARDS], SHARDS)
    assert [shard.received for shard in found.test_run.shards] == [1, 1, 1]
    assert not [finding for finding in found.findings if finding.code == "LM-MTX-066"]
    assert len(found.test_run.missing) == 3


def test_an_idle_worker_is_not_lost() -> None:
    found = collect([dict.fromkeys(TESTS, "passed"), None], [list(TESTS), []])
    assert not [finding for finding in found.findings if finding.code == "LM-MTX-066"]


def test_a_test_that_two_workers_ran_shows_its_worse_result() -> None:
    found = collect([dict.fromkeys(TESTS, "passed"), {TESTS[0]: "failed"}], [list(TESTS), [TESTS[0]]], code=1)
    assert next(test for test in found.test_run.tests if test.id == TESTS[0]).status == "failed"
    assert any(finding.code == "LM-MTX-022" and finding.severity is Severity.ERROR for finding in found.findings)


def test_parameter_sets_of_an_expected_base_are_received() -> None:
    found = collect([{f"{TESTS[0]}[a]": "passed", **dict.fromkeys(TESTS[1:], "passed")}], [list(TESTS)])
    assert found.test_run.shards[0].missing == ()


def test_one_worker_leaves_no_record() -> None:
    assert collect([dict.fromkeys(TESTS, "passed")], []).test_run.shards == ()
