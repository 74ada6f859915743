"""Quarantine: its tests count for nothing, green or red; it has an owner and an end; and nothing blocking hangs on it alone."""

from datetime import date

import pytest

from fakes.matrix_product import INTEGRATION, MATRIX, NOON, RUN, UNIT, UNIT_OTHER, VALIDATION, attempt, graph, green_runs, known, matrix, said, test_run
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.api import build_test_result, check_matrix, collect_results, evaluate_matrix, parse_matrix
from lotmark.matrix.models import CollectedResults, MatrixResult, Row

pytestmark = pytest.mark.verifies("REQ-421", "REQ-011", "RC-005", "HAZ-006")

DAY = date(2026, 11, 23)
SECOND = "tests/unit/test_ct.py::test_second"


def entry(test: str, *, expires: str = "2026-12-01", owner: str = "dana") -> str:
    return f'quarantine:\n  - {{tests: ["{test}"], reason: the clock of the bench jumps, owner: {owner}, expires: "{expires}"}}\n'


def text(test: str, **more: str) -> str:
    return MATRIX + entry(test, **more)


def collected(statuses: dict[str, str], *attempts: dict[str, str], of: str, layer: str = "unit") -> CollectedResults:
    tries = [attempt(each) for each in (statuses, *attempts)]
    return collect_results(layer, tries, run=RUN, product="qpcr", expected=[UNIT, UNIT_OTHER], matrix=matrix(of), verifies=said({UNIT: ("REQ-001",)}))


def of_code(findings: tuple[Finding, ...], code: str) -> list[Finding]:
    return [finding for finding in findings if finding.code == code]


# ---- collected


@pytest.mark.parametrize("status", ["failed", "error", "skipped"])
def test_a_result_in_quarantine_is_shown_and_closes_no_gate(status: str) -> None:
    found = collected({UNIT: status, UNIT_OTHER: "passed"}, of=text(UNIT))
    (finding,) = of_code(found.findings, "LM-MTX-064")
    assert finding.severity is Severity.WARNING
    assert "dana, until 2026-12-01" in finding.message
    assert f"it is {status}" in finding.message
    assert not [each for each in found.findings if each.severity is Severity.ERROR and each.subject == UNIT]
    record = next(test for test in found.test_run.tests if test.id == UNIT)
    assert (record.status, bool(record.quarantined)) == (status, True)


def test_a_missing_test_in_quarantine_is_shown() -> None:
    found = collected({UNIT_OTHER: "passed"}, of=text(UNIT))
    assert [each.subject for each in of_code(found.findings, "LM-MTX-064")] == [UNIT]
    assert not of_code(found.findings, "LM-MTX-020")
    assert found.test_run.missing == (UNIT,)


def test_a_green_test_in_quarantine_is_shown_as_such() -> None:
    found = collected({UNIT: "passed", UNIT_OTHER: "passed"}, of=text(UNIT))
    assert "it is passed" in of_code(found.findings, "LM-MTX-064")[0].message


def test_red_then_green_in_quarantine_needs_no_other_reason() -> None:
    found = collected({UNIT: "failed", UNIT_OTHER: "passed"}, {UNIT: "passed", UNIT_OTHER: "passed"}, of=text(UNIT))
    assert "was red and then green" in of_code(found.findings, "LM-MTX-064")[0].message
    assert not of_code(found.findings, "LM-MTX-023")


def test_after_its_last_day_the_test_counts_again() -> None:
    found = collected({UNIT: "failed", UNIT_OTHER: "passed"}, of=text(UNIT, expires="2026-11-22"))
    assert [each.severity for each in of_code(found.findings, "LM-MTX-026")] == [Severity.ERROR]
    assert not any(test.quarantined for test in found.test_run.tests)


def test_on_its_last_day_it_still_holds() -> None:
    found = collected({UNIT: "failed", UNIT_OTHER: "passed"}, of=text(UNIT, expires=NOON.date().isoformat()))
    assert of_code(found.findings, "LM-MTX-064")


def test_globs_and_parameter_sets() -> None:
    of = text("tests/unit/test_ct.py")
    found = collect_results("unit", [attempt({f"{UNIT}[a]": "failed", f"{UNIT}[b]": "passed"})], run=RUN, product="qpcr", expected=[UNIT], matrix=matrix(of))
    assert all(test.quarantined for test in found.test_run.tests)


def test_a_stranger_reads_a_green_one_as_warned_and_a_red_one_as_failed() -> None:
    green = collected({UNIT: "passed", UNIT_OTHER: "passed"}, of=text(UNIT)).test_run
    told = build_test_result(green, (), ()).predicate
    assert (told["result"], told["warnedTests"], told["passedTests"]) == ("WARNED", [UNIT], [UNIT_OTHER])
    red = collected({UNIT: "failed", UNIT_OTHER: "passed"}, of=text(UNIT)).test_run
    assert build_test_result(red, (), ()).predicate["failedTests"] == [UNIT]


# ---- evaluated


def evaluated(of: str, **change: str) -> MatrixResult:
    runs = green_runs(**change)
    found = []
    for run in runs:
        statuses = {test.id: test.status for test in run.tests}
        found.append(test_run(run.layer, statuses, matrix=matrix(of), verifies={test.id: test.verifies for test in run.tests}))
    return evaluate_matrix(matrix(of), graph(), found, run=RUN, first_release=True)


def row(result: MatrixResult, subject: str) -> Row:
    return next(each for each in result.evaluation.rows if each.subject == subject)


@pytest.mark.attack("O05")
@pytest.mark.parametrize("status", ["passed", "failed", "skipped"])
def test_a_test_that_alone_covers_something_blocking_may_not_be_in_quarantine(status: str) -> None:
    result = evaluated(text(UNIT), unit=status)
    (finding,) = of_code(result.findings, "LM-MTX-069")
    assert (finding.severity, finding.subject) == (Severity.ERROR, "REQ-001")
    assert row(result, "REQ-001").status == "missing"
    (view,) = result.evaluation.quarantined
    assert (view.test, view.owner, view.expires, view.status) == (UNIT, "dana", "2026-12-01", status)
    assert view.subjects == view.uncovered == ("REQ-001",)


def test_where_another_test_covers_it_the_row_holds_and_the_quarantine_is_shown() -> None:
    marked = {UNIT: ("REQ-001",), SECOND: ("REQ-001",)}
    of = matrix(text(UNIT))
    unit = test_run("unit", {UNIT: "failed", SECOND: "passed", UNIT_OTHER: "passed"}, matrix=of, verifies=marked)
    runs = [unit, *green_runs()[1:]]
    result = evaluate_matrix(of, graph(), runs, run=RUN, first_release=True)
    assert row(result, "REQ-001").status == "passed"
    shown = {test.id: test.quarantined for test in row(result, "REQ-001").required[0].tests}
    assert shown == {SECOND: False, UNIT: True}
    (view,) = result.evaluation.quarantined
    assert (view.subjects, view.uncovered) == (("REQ-001",), ())
    assert not of_code(result.findings, "LM-MTX-069")


def test_another_test_that_is_red_does_not_cover_it() -> None:
    marked = {UNIT: ("REQ-001",), SECOND: ("REQ-001",)}
    of = matrix(text(UNIT))
    unit = test_run("unit", {UNIT: "passed", SECOND: "failed", UNIT_OTHER: "passed"}, matrix=of, verifies=marked)
    result = evaluate_matrix(of, graph(), [unit, *green_runs()[1:]], run=RUN, first_release=True)
    assert of_code(result.findings, "LM-MTX-069")
    assert row(result, "REQ-001").status == "failed"


def test_in_a_waivable_category_the_row_is_missing_and_a_waiver_may_say_more() -> None:
    result = evaluated(text(INTEGRATION), integration="failed")
    assert not of_code(result.findings, "LM-MTX-069")
    assert row(result, "RC-001").status == "missing"
    assert result.evaluation.quarantined[0].uncovered == ("HAZ-001", "HAZ-002", "RC-001", "RC-002")


def test_the_hazards_left_uncovered_are_named() -> None:
    result = evaluated(text(VALIDATION))
    (view,) = result.evaluation.quarantined
    assert view.subjects == ("HAZ-001",)
    # The expensive test covers the hazard beside it.
    assert view.uncovered == ()


def test_a_category_green_in_quarantine_alone_is_no_pass() -> None:
    result = evaluated(text(UNIT))
    assert result.evaluation.summary.blocking.passed == 1
    assert result.evaluation.summary.blocking.missing == 2  # REQ-001, and REQ-003, which has no test at all


# ---- before anything runs


def checked(of: str) -> tuple[Finding, ...]:
    document = parse_matrix(of.encode())
    return check_matrix(document, graph(), tests=known(document.value), day=DAY)


@pytest.mark.attack("O05")
def test_check_refuses_it_before_anything_runs() -> None:
    (finding,) = of_code(checked(text(UNIT)), "LM-MTX-069")
    assert (finding.severity, finding.subject) == (Severity.ERROR, "REQ-001")
    assert finding.location is not None
    assert finding.location.path == "quality/matrix.yaml"
    assert MATRIX.count("\n") < (finding.location.line or 0)


def test_check_accepts_it_where_the_category_is_waivable() -> None:
    assert not of_code(checked(text(INTEGRATION)), "LM-MTX-069")


@pytest.mark.parametrize(
    ("expires", "code", "severity"),
    [("2026-11-22", "LM-MTX-068", Severity.WARNING), ("2026-12-24", "LM-MTX-070", Severity.ERROR), ("2030-01-01", "LM-MTX-070", Severity.ERROR)],
)
def test_an_end_that_has_passed_or_is_too_far(expires: str, code: str, severity: Severity) -> None:
    (finding,) = of_code(checked(text(INTEGRATION, expires=expires)), code)
    assert finding.severity is severity


@pytest.mark.parametrize("expires", ["2026-11-23", "2026-12-23"])
def test_ends_within_the_limits(expires: str) -> None:
    assert not [each for each in checked(text(INTEGRATION, expires=expires)) if each.code in {"LM-MTX-068", "LM-MTX-070"}]


@pytest.mark.parametrize(
    ("limits", "expires", "message", "cure"),
    [
        pytest.param(
            "",
            "2026-12-24",
            "the quarantine would last until 2026-12-24, more than 30 days from now",
            "name a day not after 2026-12-23, or raise `quarantine-limits` under approval",
            id="the limit that holds where none is written",
        ),
        pytest.param(
            "quarantine-limits: {max-tests: 10, max-days: 1}\n",
            "2026-11-25",
            "the quarantine would last until 2026-11-25, more than 1 days from now",
            "name a day not after 2026-11-24, or raise `quarantine-limits` under approval",
            id="one day",
        ),
        pytest.param(
            "quarantine-limits: {max-tests: 10, max-days: 8}\n",
            "2026-12-02",
            "the quarantine would last until 2026-12-02, more than 8 days from now",
            "name a day not after 2026-12-01, or raise `quarantine-limits` under approval",
            id="over the end of a month",
        ),
    ],
)
def test_an_end_too_far_names_the_last_day_that_is_accepted(limits: str, expires: str, message: str, cure: str) -> None:
    (finding,) = of_code(checked(text(INTEGRATION, expires=expires) + limits), "LM-MTX-070")
    assert (finding.message, finding.help) == (message, cure)
    last_day = cure.split()[5].rstrip(",")
    assert not of_code(checked(text(INTEGRATION, expires=last_day) + limits), "LM-MTX-070")


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        pytest.param(["INTEGRATION", "UNIT"], 1, id="the second entry names it"),
        pytest.param(["UNIT", "INTEGRATION"], 0, id="the first entry names it"),
        pytest.param(["INTEGRATION", "tests/unit/**"], 1, id="a glob of the second entry"),
        pytest.param(["UNIT", "UNIT"], 0, id="both do: the first is shown"),
    ],
)
def test_the_finding_stands_at_the_entry_that_holds_the_test(entries: list[str], line: int) -> None:
    names = {"INTEGRATION": INTEGRATION, "UNIT": UNIT}
    of = MATRIX + "quarantine:\n"
    of += "".join(f'  - {{tests: ["{names.get(each, each)}"], reason: slow, owner: dana, expires: "2026-12-01"}}\n' for each in entries)
    first = MATRIX.count("\n") + 2
    places = {each.location.line for each in of_code(checked(of), "LM-MTX-069") if each.location and each.subject == "REQ-001"}
    assert places == {first + line}


def test_the_finding_stands_at_the_glob_within_the_entry() -> None:
    of = MATRIX + "quarantine:\n  - tests:\n"
    of += f'      - {INTEGRATION}\n      - {UNIT}\n    reason: slow\n    owner: dana\n    expires: "2026-12-01"\n'
    (finding,) = [each for each in of_code(checked(of), "LM-MTX-069") if each.subject == "REQ-001"]
    assert finding.location is not None
    assert finding.location.line == MATRIX.count("\n") + 4


def test_too_many_tests() -> None:
    of = text("tests/**") + "quarantine-limits: {max-tests: 4, max-days: 30}\n"
    assert any("5 tests are in quarantine, more than 4" in each.message for each in of_code(checked(of), "LM-MTX-070"))
    assert not of_code(checked(of.replace("max-tests: 4", "max-tests: 5")), "LM-MTX-070")


def test_a_glob_that_matches_nothing_is_said() -> None:
    assert any("no known test matches" in each.message for each in of_code(checked(text("tests/unit/test_gone.py")), "LM-MTX-035"))


@pytest.mark.parametrize("missing", ["owner: dana, ", "reason: the clock of the bench jumps, ", ', expires: "2026-12-01"'])
def test_owner_reason_and_end_must_be_there(missing: str) -> None:
    with pytest.raises(Exception, match="LM-CFG") as caught:
        parse_matrix(text(UNIT).replace(missing, "").encode())
    assert caught.value.code.startswith("LM-CFG-")  # type: ignore[attr-defined]
