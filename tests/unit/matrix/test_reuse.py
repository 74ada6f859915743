"""Earlier results that stand in: only for the same artifacts, only where declared, only for a while, and always shown."""

from datetime import datetime, timedelta

import pytest

from fakes.matrix_product import EXPENSIVE, INTEGRATION, MATRIX, NOON, RUN, UNIT, VALIDATION, attempt, graph, green_runs, known, matrix, test_run
from lotmark.base.findings import Severity
from lotmark.matrix.api import PastRun, build_test_result, collect_results, evaluate_matrix, find_reusable, parse_test_run, plan_tests
from lotmark.matrix.models import CollectContext, FileRef, Plan, TestRecord

pytestmark = pytest.mark.verifies("REQ-422", "REQ-011", "RC-005", "HAZ-006")

A, B = "a" * 64, "b" * 64
RULES = """\
reuse:
  - {categories: [validation], max-days: 30, reason: a plate costs two days of the bench}
"""


def past(
    *attempts: dict[str, str],
    artifacts: tuple[str, ...] = (A,),
    changed: tuple[str, ...] | None = (),
    layer: str = "validation",
    run: str = "qpcr:RUN-0007",
    **more,
) -> PastRun:
    context = CollectContext(artifacts=tuple(FileRef(name=f"f{n}", sha256=sha) for n, sha in enumerate(artifacts)))
    made = collect_results(layer, [attempt(each) for each in attempts], run=run, product="qpcr", context=context, **more)
    return PastRun(made.test_run, "7" * 64, changed)


def reusable(*runs: PastRun, rules: str = RULES, artifacts: tuple[str, ...] = (A,), at: datetime = NOON + timedelta(days=3)) -> dict[str, TestRecord]:
    return find_reusable(matrix(MATRIX + rules), runs, artifacts=artifacts, at=at)


GREEN = {VALIDATION: "passed", EXPENSIVE: "passed"}


def test_a_pass_for_the_same_artifact_stands_in() -> None:
    found = reusable(past(GREEN))
    assert set(found) == {VALIDATION, EXPENSIVE}
    told = found[VALIDATION].reused
    assert told is not None
    assert (told.run, told.test_run, told.expires) == ("qpcr:RUN-0007", "7" * 64, "2026-12-23")


@pytest.mark.parametrize(
    ("run", "more"),
    [
        (past(GREEN, artifacts=(B,)), {}),
        (past(GREEN, artifacts=(A, B)), {}),
        (past(GREEN), {"artifacts": (A, B)}),
        (past(GREEN), {"artifacts": ()}),
        (past(GREEN, artifacts=()), {"artifacts": ()}),
        (past(GREEN, changed=None), {}),
        (past(GREEN, changed=("tests/validation/test_reference.py",)), {}),
        (past(GREEN, changed=("tests/validation/conftest.py",)), {}),
        (past(GREEN, changed=("quality/matrix.yaml",)), {}),
        (past(GREEN, changed=("lotmark.yaml",)), {}),
        (past(GREEN, changed=("src/ct.py",)), {}),
        (past(GREEN), {"at": NOON + timedelta(days=30, seconds=1)}),
        (past(GREEN), {"at": NOON - timedelta(seconds=1)}),
        (past(GREEN), {"rules": ""}),
        (past(GREEN), {"rules": RULES.replace("[validation]", "[unit]")}),
        (past({VALIDATION: "failed", EXPENSIVE: "skipped"}), {}),
        (past({VALIDATION: "failed", EXPENSIVE: "error"}, GREEN), {}),
    ],
    ids=[
        "another artifact",
        "more artifacts then",
        "more artifacts now",
        "nothing is known to be tested now",
        "no artifact at all",
        "nobody knows what changed",
        "the test changed",
        "what lies beside the test changed",
        "the matrix changed",
        "the declaration changed",
        "a trigger of the category was set off",
        "too old",
        "from the future",
        "no rule",
        "a rule for another category",
        "red",
        "red and then green",
    ],
)
def test_what_does_not_stand_in(run: PastRun, more: dict) -> None:
    assert reusable(run, **more) == {}


def test_a_change_elsewhere_does_not_matter() -> None:
    assert set(reusable(past(GREEN, changed=("README.md", "tests/unit/test_ct.py")))) == {VALIDATION, EXPENSIVE}


def test_the_last_moment() -> None:
    assert reusable(past(GREEN), at=NOON + timedelta(days=30))


def test_a_newer_red_result_of_the_same_artifact_ends_it() -> None:
    newer = past({VALIDATION: "failed", EXPENSIVE: "passed"}, run="qpcr:RUN-0008")
    assert set(reusable(past(GREEN), newer)) == {EXPENSIVE}


def test_a_newer_red_result_of_another_artifact_says_nothing() -> None:
    newer = past({VALIDATION: "failed", EXPENSIVE: "failed"}, run="qpcr:RUN-0008", artifacts=(B,))
    assert set(reusable(past(GREEN), newer)) == {VALIDATION, EXPENSIVE}


def test_the_newest_run_lends() -> None:
    found = reusable(past(GREEN), past(GREEN, run="qpcr:RUN-0008"))
    assert {record.reused.run for record in found.values() if record.reused} == {"qpcr:RUN-0008"}


def test_a_result_in_quarantine_does_not_stand_in() -> None:
    of = matrix(MATRIX + f'quarantine:\n  - {{tests: ["{VALIDATION}"], reason: x, owner: dana, expires: "2026-12-31"}}\n')
    assert set(reusable(past(GREEN, matrix=of))) == {EXPENSIVE}


def test_a_result_that_stood_in_never_does_again() -> None:
    first = reusable(past(GREEN))
    second = past({f"{VALIDATION}x": "passed"}, run="qpcr:RUN-0008", reused=list(first.values()))
    assert {test.id for test in second.test_run.tests} == {VALIDATION, EXPENSIVE, f"{VALIDATION}x"}
    assert set(reusable(second)) == {f"{VALIDATION}x"}


# ---- blocking categories

BLOCKING = MATRIX.replace(
    "  - {id: unit, title: Unit and contract tests, owner: dana, layer: unit}", "  - {id: unit, title: Unit, owner: dana, layer: unit, when: nightly}"
)


@pytest.mark.parametrize(
    ("rule", "days", "stands"),
    [
        ("max-days: 30", 1, False),
        ("max-days: 30, blocking-max-days: 0", 0, False),
        ("max-days: 30, blocking-max-days: 2", 2, True),
        ("max-days: 30, blocking-max-days: 2", 3, False),
        ("max-days: 1, blocking-max-days: 9", 5, True),
    ],
)
def test_in_a_blocking_category_only_within_the_rule_for_it(rule: str, days: int, stands: bool) -> None:
    of = matrix(BLOCKING + f"reuse:\n  - {{categories: [unit], reason: x, {rule}}}\n")
    found = find_reusable(of, [past({UNIT: "passed"}, layer="unit")], artifacts=(A,), at=NOON + timedelta(days=days))
    assert bool(found) is stands


def test_each_category_of_a_test_must_allow_it() -> None:
    # The integration test is smoke too, and of that nobody says so.
    rules = "reuse:\n  - {categories: [integration], max-days: 30, reason: x}\n"
    run = past({INTEGRATION: "passed"}, layer="integration")
    assert reusable(run, rules=rules) == {}
    assert set(reusable(run, rules=rules.replace("[integration]", "[integration, smoke]"))) == {INTEGRATION}


# ---- the plan


def planned(*, paths: tuple[str, ...] | None = ("README.md",), **more) -> Plan:
    of = matrix(MATRIX + RULES)
    return plan_tests(of, graph(), known(of), changed_paths=paths, reusable=reusable(past(GREEN)), **more)


def test_the_plan_leaves_out_what_an_earlier_result_stands_in_for() -> None:
    left = {each.test: each.reason for each in planned().left_out}
    assert set(left) == {VALIDATION, EXPENSIVE}
    assert left[VALIDATION] == "passed in qpcr:RUN-0007 on 2026-11-23 for the same artifacts, which stands in until 2026-12-23"


@pytest.mark.parametrize(
    "more",
    [{"paths": ("src/ct.py",)}, {"paths": ("tests/validation/test_reference.py",)}, {"changed_items": ("RC-001",)}, {"first_release": True}, {"paths": None}],
    ids=["a trigger", "the test itself", "what it verifies", "a first release", "nobody knows"],
)
def test_what_changed_runs_again_whatever_stood_before(more: dict) -> None:
    assert VALIDATION in planned(**more).selected_ids()


# ---- collected and evaluated


def test_it_is_shown_as_reused_everywhere() -> None:
    of = matrix(MATRIX + RULES)
    plan = planned()
    lent = list(reusable(past(GREEN, verifies=lambda _: ("HAZ-001",))).values())
    validation = collect_results("validation", [attempt({"tests/validation/test_other.py::test_x": "passed"})], run=RUN, product="qpcr", matrix=of, reused=lent)
    (told,) = [finding for finding in validation.findings if finding.code == "LM-MTX-067"]
    assert (told.severity, told.message) == (
        Severity.INFO,
        "2 validation tests did not run: the results of qpcr:RUN-0007, for the same artifacts, stand in",
    )
    assert parse_test_run(validation.test_run.to_wire()) == validation.test_run
    unit, integration, _ = green_runs()
    result = evaluate_matrix(of, graph(), [unit, integration, validation.test_run], run=RUN, plan=plan)
    row = next(row for row in result.evaluation.rows if row.subject == "HAZ-001")
    shown = {test.id: test.reused for required in row.required if required.category == "validation" for test in required.tests}
    assert shown == {VALIDATION: "qpcr:RUN-0007", EXPENSIVE: "qpcr:RUN-0007"}
    assert row.status == "passed"
    strangers = build_test_result(validation.test_run, (), ()).predicate
    assert (strangers["result"], strangers["warnedTests"]) == ("WARNED", [EXPENSIVE, VALIDATION])


def test_a_result_of_this_run_goes_before_an_earlier_one() -> None:
    lent = list(reusable(past(GREEN)).values())
    found = test_run("validation", {VALIDATION: "failed", f"{EXPENSIVE}[a]": "passed"}, reused=lent)
    assert {test.id: (test.status, test.reused) for test in found.tests} == {VALIDATION: ("failed", None), f"{EXPENSIVE}[a]": ("passed", None)}


@pytest.mark.attack("O03")
def test_an_expected_test_that_is_missing_is_not_replaced() -> None:
    lent = list(reusable(past(GREEN)).values())
    found = test_run("validation", {VALIDATION: "passed"}, expected=[VALIDATION, EXPENSIVE], reused=lent)
    assert found.missing == (EXPENSIVE,)
    assert {test.id: test.reused for test in found.tests} == {VALIDATION: None, EXPENSIVE: None}
