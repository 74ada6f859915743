"""The matrix, whatever comes in: no traceback, nothing lost, and nothing gets better by getting worse."""

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.matrix_product import ALL, EXPENSIVE, INTEGRATION, NOON, RUN, UNIT, UNIT_OTHER, VALIDATION, graph, junit, known, matrix, test_run
from lotmark.base.errors import LotmarkError
from lotmark.base.findings import has_errors
from lotmark.matrix._globs import compile_glob
from lotmark.matrix.api import collect_results, evaluate_matrix, normalise_id, plan_tests, read_results
from lotmark.matrix.models import Attempt, MatrixEvaluation, Plan, ResultFile

pytestmark = pytest.mark.verifies("REQ-011", "RC-005")


GRAPH = graph()
MATRIX = matrix()
KNOWN = known()
STATUSES = st.sampled_from(["passed", "failed", "error", "skipped"])
WORSE = {"passed": 0, "waived": 1, "incomplete": 2, "missing": 3, "failed": 4}
IDS = st.lists(st.sampled_from([f"tests/unit/test_{name}.py::test_{n}" for name in "ab" for n in range(4)]), min_size=1, unique=True)


def _outcome(data: bytes) -> str:
    """``read``, or the code of the refusal."""
    try:
        return "read" if read_results(data, "r.xml").cases else "silence"
    except LotmarkError as error:
        return error.code


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert _outcome(data).startswith(("read", "LM-MTX-"))


@given(
    st.lists(
        st.sampled_from(
            [
                "<testsuite>",
                "</testsuite>",
                "<testcase name='a'>",
                "</testcase>",
                "<testcase name='b'/>",
                "<failure>",
                "</failure>",
                "<skipped/>",
                "text",
                "<property name='nodeid'>",
                "</property>",
                "<error/>",
                "<testsuites>",
                "</testsuites>",
                "&#0;",
                "<!-- -->",
                "<![CDATA[",
                "]]>",
            ]
        ),
        max_size=12,
    )
)
def test_any_pile_of_elements_is_read_or_refused(pieces: list[str]) -> None:
    assert _outcome("".join(pieces).encode()).startswith(("read", "LM-MTX-"))


@given(st.dictionaries(st.text(string.ascii_letters + "[]:/. ", min_size=1, max_size=20).map(str.strip).filter(bool), STATUSES, min_size=1))
def test_every_case_comes_out_with_its_status(statuses: dict[str, str]) -> None:
    report = read_results(junit(statuses), "r.xml")
    assert {case.id: case.status for case in report.cases} == statuses
    assert report.gaps == ()


@given(st.data())
def test_a_changed_byte_never_loses_a_case_in_silence(data: st.DataObject) -> None:
    statuses = dict.fromkeys([UNIT, UNIT_OTHER, INTEGRATION], "passed")
    raw = bytearray(junit(statuses))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    attempt = Attempt((ResultFile("r.xml", bytes(raw), NOON),), NOON, NOON, 0)
    try:
        collected = collect_results("unit", [attempt], run=RUN, product="qpcr", expected=set(statuses))
    except LotmarkError:
        return  # refused as a whole
    if collected.test_run.counts.passed < 3:
        assert has_errors(collected.findings) or collected.test_run.counts.skipped


@given(nodeid=st.text(max_size=20), classname=st.text(max_size=20), name=st.text(max_size=20), file=st.text(max_size=20), suite=st.text(max_size=20))
def test_an_id_is_one_line_and_never_empty(**parts: str) -> None:
    found = normalise_id(**parts)
    assert found
    assert len(found.splitlines()) == 1


@given(st.text("ab*?/[]:.", max_size=8), st.text("ab/[]:.", max_size=12))
def test_a_glob_never_fails_and_names_itself(pattern: str, text: str) -> None:
    compile_glob(pattern).match(text)
    if not set(pattern) & {"*", "?"} and not pattern.endswith("/"):
        assert compile_glob(pattern).match(pattern)


# ---- expected against received


@given(expected=IDS, received=IDS, status=STATUSES)
def test_missing_and_unexpected_are_the_differences_of_sets(expected: list[str], received: list[str], status: str) -> None:
    run = test_run("unit", dict.fromkeys(received, status), expected=expected)
    assert set(run.missing) == set(expected) - set(received)
    assert set(run.unexpected) == set(received) - set(expected)
    counts = run.counts
    assert counts.passed + counts.failed + counts.error + counts.skipped + counts.missing == len(run.tests) == len(set(expected) | set(received))


@given(st.lists(st.dictionaries(st.sampled_from([UNIT, UNIT_OTHER, INTEGRATION]), STATUSES, min_size=1), min_size=1, max_size=4))
def test_the_last_attempt_is_the_result_and_every_attempt_is_kept(attempts: list[dict[str, str]]) -> None:
    run = test_run("unit", *attempts)
    for test in run.tests:
        assert [a.status for a in test.attempts] == [statuses.get(test.id, "missing") for statuses in attempts]
        assert test.status == attempts[-1].get(test.id, "missing")
        assert test.red_then_green == (test.status == "passed" and any(a.status not in {"passed", "skipped"} for a in test.attempts))


# ---- evaluation

LAYERS = {"unit": (UNIT, UNIT_OTHER), "integration": (INTEGRATION,), "validation": (VALIDATION, EXPENSIVE)}
RESULTS = st.fixed_dictionaries(dict.fromkeys(ALL, st.sampled_from(["passed", "failed", "error", "skipped", "missing"])))


def _evaluate(statuses: dict[str, str], plan: Plan | None = None, items=("REQ-001",)) -> MatrixEvaluation:
    runs = []
    for layer, tests in LAYERS.items():
        reported = {test: statuses[test] for test in tests if statuses[test] != "missing"}
        expected = [test for test in tests if plan is None or test in plan.selected_ids()]
        runs.append(test_run(layer, reported or {"other::t": "passed"}, expected=expected))
    return evaluate_matrix(MATRIX, GRAPH, runs, run=RUN, changed_items=items, plan=plan).evaluation


def _badness(evaluation: MatrixEvaluation) -> dict[str, int]:
    return {row.subject: WORSE[row.status] for row in evaluation.rows}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(statuses=RESULTS, test=st.sampled_from(sorted(ALL)), status=st.sampled_from(["failed", "error", "skipped", "missing"]))
def test_taking_a_pass_away_never_turns_an_open_row_into_a_passed_one(statuses: dict[str, str], test: str, status: str) -> None:
    before = _badness(_evaluate({**statuses, test: "passed"}))
    after = _badness(_evaluate({**statuses, test: status}))
    assert all(after[subject] > 0 for subject, bad in before.items() if bad > 0)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(statuses=RESULTS)
def test_a_row_passed_only_if_each_of_its_categories_has_a_pass_and_nothing_else(statuses: dict[str, str]) -> None:
    for row in _evaluate(statuses).rows:
        if row.status == "passed":
            for result in row.required:
                if result.gating != "informational":
                    assert result.tests
                    assert all(statuses[test.id] == "passed" for test in result.tests)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    tests=st.lists(st.sampled_from(KNOWN), unique=True),
    paths=st.lists(st.sampled_from(["src/ct.py", "README.md", "tests/validation/test_full.py"])),
    items=st.lists(st.sampled_from(["REQ-001", "REQ-002", "HAZ-001"]), unique=True),
)
def test_what_a_plan_leaves_out_never_leaves_a_row_open(tests: list, paths: list[str], items: list[str]) -> None:
    plan = plan_tests(MATRIX, GRAPH, tests, changed_paths=paths, changed_items=items)
    selected = plan.selected_ids()
    assert selected | {entry.test for entry in plan.left_out} == {test.id for test in tests}
    only_known = {test: "passed" if test in selected else "missing" for test in ALL}
    everything = {test: "passed" if any(known.id == test for known in tests) else "missing" for test in ALL}
    assert _badness(_evaluate(only_known, plan, items)) == _badness(_evaluate(everything, plan, items))
