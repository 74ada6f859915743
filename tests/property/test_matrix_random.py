"""Laws of plan and evaluation over any matrix, any product, any results; the statuses are held against a second, plain reckoning."""

from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fakes.matrix_product import RUN, quality_files, test_run
from lotmark.base.errors import NothingToJudgeError
from lotmark.base.findings import Severity
from lotmark.matrix.api import evaluate_matrix, plan_tests
from lotmark.matrix.models import Category, Expensive, KnownTest, MatrixFile, Need, Override, Trigger, Waiver, WaiverReview, WaiverScope, WaiverSigner
from lotmark.trace.api import parse_trace

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")

GRAPH = parse_trace(quality_files(), "qpcr")
BELOW = {
    "HAZ-001": {"HAZ-001", "RC-001", "REQ-001"},
    "HAZ-002": {"HAZ-002", "RC-002", "REQ-002"},
    "HAZ-003": {"HAZ-003"},
    "RC-001": {"RC-001", "REQ-001"},
    "RC-002": {"RC-002", "REQ-002"},
    "REQ-001": {"REQ-001"},
    "REQ-002": {"REQ-002"},
    "REQ-003": {"REQ-003"},
}
"""By hand: what counts for each item of the product."""
KIND = {"HAZ": "hazard", "RC": "risk-control", "REQ": "requirement"}
SEVERITY = {
    "HAZ-001": {"critical"},
    "RC-001": {"critical"},
    "REQ-001": {"critical"},
    "HAZ-002": {"minor"},
    "RC-002": {"minor"},
    "REQ-002": {"minor"},
    "HAZ-003": {"negligible"},
    "REQ-003": set(),
}
LAYERS = ("unit", "integration", "validation")
NAMES = ("one", "two", "three")
BAD = {"passed": 0, "waived": 1, "incomplete": 2, "missing": 3, "failed": 4}
SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None, max_examples=25)

categories = st.lists(
    st.builds(
        Category,
        id=st.sampled_from(NAMES),
        title=st.just("t"),
        owner=st.just("dana"),
        layer=st.sampled_from(LAYERS),
        gating=st.sampled_from(["blocking", "waivable", "informational"]),
        when=st.sampled_from(["pull-request", "release-candidate", "nightly"]),
        tests=st.sampled_from([(), (), ("t/a*",), ("t/*1*",)]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda category: category.id,
)


@st.composite
def matrices(draw) -> MatrixFile:
    found = tuple(draw(categories))
    ids = st.lists(st.sampled_from([category.id for category in found]), min_size=1, unique=True).map(tuple)
    needs = [
        draw(
            st.builds(
                Need, of=st.just(kind), categories=ids, severity=st.sampled_from([(), (), ("critical",)]), safety_class=st.sampled_from([(), ("C",), ("A",)])
            )
        )
        for kind in ("hazard", "risk-control", "requirement")
    ]
    overrides = draw(st.lists(st.builds(Override, items=st.just(("REQ-002",)), categories=ids, reason=st.just("r")), max_size=1))
    triggers = draw(st.lists(st.builds(Trigger, categories=ids, reason=st.just("r"), paths=st.just(("src/*.c",)), items=st.just(("RC-",))), max_size=1))
    expensive = draw(st.lists(st.builds(Expensive, tests=st.sampled_from([("t/a1.py",), ("t/*2*",), ("t",)]), reason=st.just("r")), max_size=1))
    return MatrixFile(matrix=1, categories=found, requires=tuple(needs), overrides=tuple(overrides), triggers=tuple(triggers), expensive=tuple(expensive))


tests_known = st.lists(
    st.builds(
        KnownTest,
        id=st.sampled_from([f"t/{letter}{number}.py::test_{number}" for letter in "ab" for number in range(3)]),
        layer=st.sampled_from(LAYERS),
        verifies=st.lists(st.sampled_from(sorted(BELOW)), unique=True, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda test: test.id,
)
paths = st.lists(st.sampled_from(["src/x.c", "README.md", "t/a1.py"]), unique=True)
items = st.lists(st.sampled_from(sorted(BELOW)), unique=True)


def plan(matrix, tests, **more):
    return plan_tests(matrix, GRAPH, tests, **{"changed_paths": [], **more})


def holds(category: Category, test: KnownTest) -> bool:
    """Whether the test belongs to the category, told without the code under test."""
    globs = {(): True, ("t/a*",): test.id.startswith("t/a"), ("t/*1*",): "1" in test.id.split("::")[0]}
    return category.layer == test.layer and globs[category.tests]


def needed(matrix: MatrixFile, subject: str) -> list[str]:
    """The categories of a subject, told without the code under test; the items of the product are of class C."""
    for override in matrix.overrides:
        if subject in override.items:
            return [category.id for category in matrix.categories if category.id in override.categories]
    kind = KIND[subject.partition("-")[0]]
    found = set()
    for need in matrix.requires:
        by_severity = not need.severity or bool(SEVERITY[subject] & set(need.severity))
        if need.of == kind and by_severity and (not need.safety_class or "C" in need.safety_class):
            found |= set(need.categories)
    return [category.id for category in matrix.categories if category.id in found]


def in_scope(changed) -> set[str]:
    found = {subject for subject, below in BELOW.items() if not subject.startswith("REQ") or below & set(changed)}
    return found - {"HAZ-003"}  # accepted at the lowest level: no row while no test verifies it


@SLOW
@given(matrix=matrices(), tests=tests_known, paths=paths, items=items, occasion=st.sampled_from(["pull-request", "nightly", "release-candidate"]))
def test_each_test_is_selected_or_left_out_once_and_told_why(matrix, tests, paths, items, occasion):
    found = plan(matrix, tests, changed_paths=paths, changed_items=items, occasion=occasion)
    names = [*(entry.test for entry in found.selected), *(entry.test for entry in found.left_out)]
    assert sorted(names) == sorted(test.id for test in tests)
    assert all(entry.reasons and all(entry.reasons) for entry in found.selected)
    assert all(entry.reason for entry in found.left_out)
    assert [entry.test for entry in found.selected] == sorted(entry.test for entry in found.selected)


@SLOW
@given(matrix=matrices(), tests=tests_known, paths=paths, items=items)
def test_a_release_candidate_leaves_no_required_category_without_a_test(matrix, tests, paths, items):
    selected = plan(matrix, tests, changed_paths=paths, changed_items=items).selected_ids()
    for subject in in_scope(items):
        for name in needed(matrix, subject):
            category = next(category for category in matrix.categories if category.id == name)
            covering = {test.id for test in tests if holds(category, test) and set(test.verifies) & BELOW[subject]}
            assert not covering or covering & selected, (subject, name)


@SLOW
@given(
    matrix=matrices(), tests=tests_known, paths=paths, items=items, more_paths=paths, more_items=items, occasion=st.sampled_from(["pull-request", "nightly"])
)
def test_more_changes_never_select_fewer_tests(matrix, tests, paths, items, more_paths, more_items, occasion):
    less = plan(matrix, tests, changed_paths=paths, changed_items=items, occasion=occasion).selected_ids()
    more = plan(matrix, tests, changed_paths=[*paths, *more_paths], changed_items=[*items, *more_items], occasion=occasion).selected_ids()
    assert less <= more


@SLOW
@given(matrix=matrices(), tests=tests_known, occasion=st.sampled_from(["pull-request", "nightly", "release-candidate"]), first=st.booleans())
def test_what_is_not_known_and_a_first_release_run_everything(matrix, tests, occasion, first):
    found = plan(matrix, tests, changed_paths=[] if first else None, first_release=first, occasion=occasion)
    assert found.selected_ids() == {test.id for test in tests}
    assert found.left_out == ()


@SLOW
@given(matrix=matrices(), tests=tests_known, items=items)
def test_a_test_of_a_changed_item_runs_whatever_it_costs(matrix, tests, items):
    selected = plan(matrix, tests, changed_items=items, occasion="pull-request").selected_ids()
    for test in tests:
        touched = {item for item, below in BELOW.items() if below & set(test.verifies)}
        if touched & set(items):
            assert test.id in selected


@SLOW
@given(matrix=matrices(), tests=tests_known, occasion=st.sampled_from(["pull-request", "nightly", "release-candidate"]))
def test_a_test_that_is_cheap_and_due_runs_without_any_change(matrix, tests, occasion):
    found = plan(matrix, tests, occasion=occasion)
    for test in tests:
        member = [category for category in matrix.categories if holds(category, test)]
        globs = {pattern for entry in matrix.expensive for pattern in entry.tests}
        cheap = not ("t" in globs or ("t/a1.py" in globs and test.id.startswith("t/a1.py")) or ("t/*2*" in globs and "2" in test.id.split("::")[0]))
        due = not member or any(category.when in {"pull-request", occasion} for category in member)
        if occasion != "release-candidate":
            assert (test.id in found.selected_ids()) == (cheap and due)
        elif cheap and due:
            assert test.id in found.selected_ids()


# ---- evaluation

STATUS = st.sampled_from(["passed", "passed", "failed", "error", "skipped", "missing"])


def runs_of(tests, statuses):
    """One test run of each layer in which these tests were expected."""
    verifies = {test.id: test.verifies for test in tests}
    return [
        test_run(
            layer,
            {test.id: statuses[test.id] for test in tests if test.layer == layer and statuses[test.id] != "missing"} or {"x::y": "passed"},
            expected=[test.id for test in tests if test.layer == layer],
            verifies=verifies,
        )
        for layer in LAYERS
    ]


def waiver(tests=(), items=()) -> WaiverReview:
    scope = WaiverScope(
        tests=tuple(tests),
        requirements=tuple(i for i in items if i.startswith("REQ")),
        hazards=tuple(i for i in items if i.startswith("HAZ")),
        risk_controls=tuple(i for i in items if i.startswith("RC")),
    )
    signer = WaiverSigner(person="quinn", name="Quinn", role="quality-owner")
    record = Waiver(waiver="qpcr:WVR-0001", product="qpcr", scope=scope, version=None, reason="r", residual_risk="r", owner="quinn", signer=signer, signed_at="2026-11-23T12:00:00.000Z", zone="UTC", expires="2026-12-01")  # fmt: skip
    return WaiverReview(((record, 7),))


def expected_status(matrix, tests, statuses, subject, name, waived_tests=(), waived_items=()) -> str:
    """The status of one cell, from the words of the reference page."""
    category = next(category for category in matrix.categories if category.id == name)
    counted = [test for test in tests if holds(category, test) and set(test.verifies) & BELOW[subject]]
    found = [statuses[test.id] for test in counted]
    red = [test for test in counted if statuses[test.id] != "passed"]
    waivable = category.gating != "blocking"
    if counted and not red:
        return "passed"
    if waivable and (subject in waived_items or (counted and all(test.id in waived_tests for test in red))):
        return "waived"
    if "failed" in found or "error" in found:
        return "failed"
    return "missing" if all(status == "missing" for status in found) else "incomplete"


def evaluate(matrix, tests, statuses, changed, waivers=None):
    try:
        return evaluate_matrix(matrix, GRAPH, runs_of(tests, statuses), run=RUN, changed_items=changed, waivers=waivers)
    except NothingToJudgeError:
        assume(False)
        raise


def statuses_of(tests, data):
    return {test.id: data.draw(STATUS) for test in tests}


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, waived_tests=st.booleans(), waived_items=items, data=st.data())
def test_every_cell_has_the_status_of_the_plain_reckoning(matrix, tests, changed, waived_tests, waived_items, data):
    statuses = statuses_of(tests, data)
    names = [test.id for test in tests if data.draw(st.booleans())] if waived_tests else []
    result = evaluate(matrix, tests, statuses, changed, waiver(names, waived_items))
    rows = {row.subject: row for row in result.evaluation.rows}
    assert set(rows) == in_scope(changed)
    for subject, row in rows.items():
        assert [cell.category for cell in row.required] == needed(matrix, subject)
        for cell in row.required:
            assert cell.status == expected_status(matrix, tests, statuses, subject, cell.category, names, waived_items), (subject, cell)
        weighing = [cell.status for cell in row.required if cell.gating != "informational"] or [cell.status for cell in row.required] or ["missing"]
        assert row.status == max(weighing, key=BAD.__getitem__)


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, data=st.data())
def test_each_open_cell_has_one_finding_that_weighs_by_its_gating(matrix, tests, changed, data):
    result = evaluate(matrix, tests, statuses_of(tests, data), changed)
    codes = {"failed": "LM-MTX-040", "missing": "LM-MTX-041", "incomplete": "LM-MTX-042"}
    expected = Counter(
        (codes[cell.status], row.subject, Severity.INFO if cell.gating == "informational" else Severity.ERROR)
        for row in result.evaluation.rows
        for cell in row.required
        if cell.status != "passed"
    )
    expected.update(("LM-MTX-044", row.subject, Severity.ERROR) for row in result.evaluation.rows if not row.required)
    assert Counter((f.code, f.subject, f.severity) for f in result.findings if f.code != "LM-MTX-045") == expected


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, data=st.data())
def test_the_summary_is_the_count_of_the_cells(matrix, tests, changed, data):
    evaluation = evaluate(matrix, tests, statuses_of(tests, data), changed).evaluation
    cells = [cell for row in evaluation.rows for cell in row.required]
    for gating in ("blocking", "waivable", "informational"):
        counted = Counter(cell.status for cell in cells if cell.gating == gating)
        summary = getattr(evaluation.summary, gating)
        assert summary.required == sum(counted.values())
        assert {word: getattr(summary, word) for word in BAD} == {word: counted[word] for word in BAD}


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, status=st.sampled_from(["failed", "error", "skipped", "missing"]), data=st.data())
def test_no_row_passes_because_a_test_got_worse(matrix, tests, changed, status, data):
    statuses = statuses_of(tests, data)
    victim = data.draw(st.sampled_from([test.id for test in tests]))
    before = {row.subject: row.status for row in evaluate(matrix, tests, {**statuses, victim: "passed"}, changed).evaluation.rows}
    after = {row.subject: row.status for row in evaluate(matrix, tests, {**statuses, victim: status}, changed).evaluation.rows}
    assert all(after[subject] != "passed" for subject, word in before.items() if word != "passed")


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, scope=items, data=st.data())
def test_no_waiver_changes_a_blocking_cell_or_makes_a_pass(matrix, tests, changed, scope, data):
    statuses = statuses_of(tests, data)
    plain = evaluate(matrix, tests, statuses, changed).evaluation
    waived = evaluate(matrix, tests, statuses, changed, waiver([test.id for test in tests], scope)).evaluation
    for before, after in zip(plain.rows, waived.rows, strict=True):
        for one, other in zip(before.required, after.required, strict=True):
            if one.gating == "blocking":
                assert other.status == one.status
            assert (other.status == "passed") == (one.status == "passed")


@SLOW
@given(matrix=matrices(), tests=tests_known, changed=items, data=st.data())
def test_the_order_of_runs_and_tests_does_not_matter(matrix, tests, changed, data):
    runs = runs_of(tests, statuses_of(tests, data))
    turned = [turned_run(run) for run in reversed(runs)]
    try:
        assert evaluate_matrix(matrix, GRAPH, runs, run=RUN, changed_items=changed) == evaluate_matrix(matrix, GRAPH, turned, run=RUN, changed_items=changed)
    except NothingToJudgeError:
        assume(False)


def turned_run(run):

    return msgspec.structs.replace(run, tests=tuple(reversed(run.tests)))
