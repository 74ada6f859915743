"""Expected against received: what a layer's results say, and every way in which they contradict what was asked."""

from datetime import timedelta

import pytest

from fakes.matrix_product import INTEGRATION, NOON, RUN, UNIT, VALIDATION, attempt, junit, matrix, said
from lotmark.base.errors import ExitCode, LotmarkError
from lotmark.base.findings import Severity
from lotmark.matrix.api import collect_results
from lotmark.matrix.models import Attempt, CollectContext, CollectedResults, FileRef, ResultFile, Waiver, WaiverReview, WaiverScope, WaiverSigner

pytestmark = pytest.mark.verifies("REQ-010", "RC-005", "HAZ-002")


A, B = "tests/unit/test_a.py::test_a", "tests/unit/test_a.py::test_b"


def _collect(*attempts: Attempt, layer: str = "unit", verifies=None, **more) -> CollectedResults:
    more |= {} if verifies is None else {"verifies": said(verifies)}
    return collect_results(layer, attempts, run=RUN, product="qpcr", **more)


def _codes(collected: CollectedResults, *severities: Severity) -> list[str]:
    return [finding.code for finding in collected.findings if not severities or finding.severity in severities]


def _errors(collected: CollectedResults) -> list[str]:
    return _codes(collected, Severity.ERROR)


def _status(collected: CollectedResults) -> dict[str, str]:
    return {test.id: test.status for test in collected.test_run.tests}


def _waiver(**scope) -> WaiverReview:
    waiver = Waiver(
        waiver="qpcr:WVR-0001",
        product="qpcr",
        scope=WaiverScope(**scope),
        version=None,
        reason="r",
        residual_risk="rr",
        owner="quinn",
        signer=WaiverSigner(person="quinn", name="Quinn", role="quality-owner"),
        signed_at="2026-11-20T12:00:00.000Z",
        zone="UTC",
        expires="2026-12-20",
    )
    return WaiverReview(((waiver, 7),))


# ---- the good case


def test_all_expected_passed() -> None:
    context = CollectContext(command=("pytest",), environment={"network": False}, artifacts=(FileRef(name="q.whl", sha256="0" * 64),))
    collected = _collect(attempt({A: "passed", B: "passed"}), expected={A, B}, verifies={A: ("REQ-001",)}, context=context)
    run = collected.test_run
    assert collected.findings == ()
    assert (run.run, run.layer, run.command, run.exit_code, run.expected, run.received) == (RUN, "unit", ("pytest",), 0, 2, 2)
    assert run.missing == run.unexpected == ()
    assert run.counts.passed == 2
    assert [test.verifies for test in run.tests] == [("REQ-001",), ()]
    assert [reference.name for reference in run.results] == ["results.xml"]
    assert run.artifacts[0].name == "q.whl"
    assert run.environment == {"network": False}
    assert run.attempts[0].results == run.results


def test_results_of_several_files_are_one_run() -> None:
    files = (ResultFile("a.xml", junit({A: "passed"}), NOON), ResultFile("b.xml", junit({B: "passed"}), NOON))
    collected = _collect(Attempt(files, NOON, NOON, 0), expected={A, B})
    assert collected.findings == ()
    assert len(collected.test_run.results) == 2


# ---- missing and unexpected


def test_a_missing_test_is_a_finding_and_stands_in_the_run() -> None:
    collected = _collect(attempt({A: "passed"}), expected={A, B}, verifies={B: ["REQ-002"]})
    assert _errors(collected) == ["LM-MTX-020"]
    assert _status(collected) == {A: "passed", B: "missing"}
    assert collected.test_run.missing == (B,)
    assert collected.test_run.counts.missing == 1
    assert collected.test_run.received == 1
    missing = collected.test_run.tests[1]
    assert (missing.name, missing.verifies, missing.attempts[0].status) == ("test_b", ("REQ-002",), "missing")


def test_an_id_without_parameters_stands_for_all_its_parameter_sets() -> None:
    collected = _collect(attempt({f"{A}[x]": "passed", f"{A}[y::z]": "passed"}), expected={A}, verifies={A: ["REQ-001"]})
    assert collected.findings == ()
    assert {test.verifies for test in collected.test_run.tests} == {("REQ-001",)}


def test_a_parameter_set_that_was_expected_by_name_is_missed() -> None:
    assert _collect(attempt({f"{A}[x]": "passed"}), expected={f"{A}[x]", f"{A}[y]"}).test_run.missing == (f"{A}[y]",)


def test_unexpected_tests_are_named_once() -> None:
    many = {f"{A}_{n}": "passed" for n in range(5)}
    collected = _collect(attempt({A: "passed", **many}), expected={A})
    assert _codes(collected) == ["LM-MTX-021"]
    assert "5 tests" in collected.findings[0].message
    assert collected.findings[0].message.endswith("...")
    assert len(collected.test_run.unexpected) == 5


def test_a_test_that_the_plan_left_out_may_report_all_the_same() -> None:
    collected = _collect(attempt({A: "passed", f"{B}[x]": "failed"}), expected={A}, optional={B})
    assert collected.test_run.unexpected == ()
    assert _codes(collected) == ["LM-MTX-026"]
    assert _collect(attempt({A: "passed"}), expected={A}, optional={B}).findings == ()


def test_beside_an_incomplete_list_other_tests_are_no_surprise() -> None:
    collected = _collect(attempt({A: "passed", B: "passed"}), expected={A}, expected_complete=False)
    assert collected.findings == ()
    assert collected.test_run.unexpected == (B,)


def test_without_any_list_a_vanished_test_would_go_unnoticed_and_that_is_said() -> None:
    collected = _collect(attempt({A: "passed"}))
    assert _codes(collected, Severity.WARNING) == ["LM-MTX-021"]
    assert _errors(collected) == []


# ---- statuses


@pytest.mark.attack("O03")
@pytest.mark.parametrize(("status", "code"), [("failed", "LM-MTX-026"), ("error", "LM-MTX-026")])
def test_a_red_test_is_a_finding(status: str, code: str) -> None:
    collected = _collect(attempt({A: status, B: "passed"}), expected={A, B})
    assert _errors(collected) == [code]
    assert ("expected 1, got 2" in collected.findings[0].message) is (status == "failed")


def test_a_skipped_test_covers_nothing() -> None:
    collected = _collect(attempt({A: "skipped"}), expected={A})
    assert _codes(collected, Severity.WARNING) == ["LM-MTX-029"]
    assert _status(collected) == {A: "skipped"}


def test_one_id_twice_with_one_status_is_a_warning() -> None:
    files = (ResultFile("a.xml", junit({A: "passed"}), NOON), ResultFile("b.xml", junit({A: "passed"}), NOON))
    collected = _collect(Attempt(files, NOON, NOON, 0), expected={A})
    assert _codes(collected, Severity.WARNING) == ["LM-MTX-022"]
    assert len(collected.test_run.tests) == 1


def test_one_id_twice_with_two_statuses_is_the_worst_and_an_error() -> None:
    files = (ResultFile("a.xml", junit({A: "failed"}), NOON), ResultFile("b.xml", junit({A: "passed"}), NOON))
    collected = _collect(Attempt(files, NOON, NOON, 1), expected={A})
    assert _errors(collected) == ["LM-MTX-022", "LM-MTX-026"]
    assert _status(collected) == {A: "failed"}
    assert [a.status for a in collected.test_run.tests[0].attempts] == ["failed"]


# ---- attempts


@pytest.mark.attack("O02")
def test_red_then_green_needs_a_reason() -> None:
    collected = _collect(attempt({A: "failed", B: "passed"}), attempt({A: "passed", B: "passed"}), expected={A, B})
    test = collected.test_run.tests[0]
    assert _errors(collected) == ["LM-MTX-023"]
    assert test.red_then_green
    assert test.reason == ""
    assert [a.status for a in test.attempts] == ["failed", "passed"]
    assert [record.exit_code for record in collected.test_run.attempts] == [1, 0]
    assert collected.test_run.exit_code == 0


def test_red_then_green_with_a_reason_warns() -> None:
    collected = _collect(attempt({A: "failed"}), attempt({A: "passed"}), expected={A}, reasons={A: "known timing"})
    assert _errors(collected) == []
    assert collected.test_run.tests[0].reason == "known timing"
    assert "known timing" in collected.findings[0].message


def test_the_matrix_explains_unstable_tests_until_a_day() -> None:
    tries = (attempt({INTEGRATION: "error"}), attempt({INTEGRATION: "passed"}))
    explained = _collect(*tries, layer="integration", expected={INTEGRATION}, matrix=matrix())
    assert explained.test_run.tests[0].reason == "the simulator starts slowly (dana, until 2026-12-31)"
    late = NOON + timedelta(days=40)
    later = [Attempt(tuple(ResultFile(f.name, f.data, late) for f in a.files), late, late, a.exit_code) for a in tries]
    assert _errors(_collect(*later, layer="integration", expected={INTEGRATION}, matrix=matrix())) == ["LM-MTX-023"]


def test_green_then_red_is_red() -> None:
    collected = _collect(attempt({A: "passed"}), attempt({A: "failed"}), expected={A})
    assert _status(collected) == {A: "failed"}
    assert not collected.test_run.tests[0].red_then_green


def test_a_test_that_the_last_attempt_does_not_mention_is_missing() -> None:
    collected = _collect(attempt({A: "passed", B: "failed"}), attempt({B: "passed"}), expected={A, B}, reasons={B: "x"})
    assert _status(collected) == {A: "missing", B: "passed"}
    assert _errors(collected) == ["LM-MTX-020"]
    assert [a.status for a in collected.test_run.tests[0].attempts] == ["passed", "missing"]


def test_missing_then_green_needs_a_reason_too() -> None:
    collected = _collect(attempt({B: "passed"}, exit_code=1), attempt({A: "passed", B: "passed"}), expected={A, B})
    assert _errors(collected) == ["LM-MTX-023"]


def test_an_attempt_that_broke_as_a_whole_needs_a_reason() -> None:
    crashed = attempt(None, exit_code=139)
    good = attempt({A: "passed"})
    assert _errors(_collect(crashed, good, expected={A})) == ["LM-MTX-023", "LM-MTX-023"]
    explained = _collect(crashed, good, expected={A}, reasons={"*": "the bench lost power", A: "the bench lost power"})
    assert _errors(explained) == []
    broken = Attempt((ResultFile("r.xml", b"", NOON),), NOON, NOON, 1)
    assert "r.xml is empty" in _collect(broken, good, expected={A}).findings[0].message


def test_the_producers_own_reruns_count_as_attempts() -> None:
    data = b'<testsuite><testcase classname="C" name="t"><flakyFailure message="once"/></testcase></testsuite>'
    collected = _collect(Attempt((ResultFile("r.xml", data, NOON),), NOON, NOON, 0), expected={"C::t"})
    assert _errors(collected) == ["LM-MTX-023"]
    assert len(collected.test_run.tests[0].attempts) == 2


# ---- exit codes, declared counts


def test_exit_code_0_with_failures() -> None:
    assert _errors(_collect(attempt({A: "failed"}, exit_code=0), expected={A})) == ["LM-MTX-024", "LM-MTX-026"]


def test_exit_code_not_0_with_nothing_red() -> None:
    assert _errors(_collect(attempt({A: "passed"}, exit_code=2), expected={A})) == ["LM-MTX-025"]


@pytest.mark.parametrize(
    ("more", "severity"),
    [({}, Severity.ERROR), ({"expected": {A}, "expected_complete": False}, Severity.ERROR), ({"expected": {A}}, Severity.WARNING)],
    ids=["no list", "incomplete list", "complete list"],
)
def test_declared_more_than_listed(more: dict, severity: Severity) -> None:
    data = junit({A: "passed"}).replace(b'tests="1"', b'tests="156"')
    collected = _collect(Attempt((ResultFile("r.xml", data, NOON),), NOON, NOON, 0), **more)
    finding = next(f for f in collected.findings if f.code == "LM-MTX-027")
    assert finding.severity is severity
    assert "declares 156 tests and lists 1" in finding.message
    assert str(finding.location) == "r.xml:1"


def test_results_of_functions_that_only_the_project_calls_tests_are_known_by_the_list() -> None:
    data = (
        junit({"x": "passed"})
        .replace(b'<properties><property name="nodeid" value="x"/></properties>', b"")
        .replace(b'name="x"', b'classname="checks.lot.Lots" name="it_expires[a.b]"')
    )
    expected = "checks/lot.py::Lots::it_expires[a.b]"
    collected = _collect(Attempt((ResultFile("r.xml", data, NOON),), NOON, NOON, 0), expected={expected}, verifies={expected: ["REQ-001"]})
    assert [(test.id, test.status) for test in collected.test_run.tests] == [(expected, "passed")]
    assert _errors(collected) == []
    unlisted = _collect(Attempt((ResultFile("r.xml", data, NOON),), NOON, NOON, 0))
    assert [test.id for test in unlisted.test_run.tests] == ["checks.lot.Lots::it_expires[a.b]"]


# ---- verifies


def test_verifies_from_results_and_markers_are_one_list() -> None:
    data = junit({A: "passed"}).replace(b"<properties>", b'<properties><property name="verifies" value="REQ-001,qpcr:REQ-002 pump:REQ-003"/>')
    collected = _collect(Attempt((ResultFile("r.xml", data, NOON),), NOON, NOON, 0), expected={A}, verifies={A: ["REQ-004", "qpcr:REQ-001"]})
    assert collected.test_run.tests[0].verifies == ("REQ-001", "REQ-002", "pump:REQ-003", "REQ-004")


def test_what_is_no_identifier_is_said_once() -> None:
    collected = _collect(attempt({A: "passed", B: "passed"}), expected={A, B}, verifies={A: ["req 1"], B: ["req 1"]})
    assert _errors(collected) == ["LM-MTX-028"]


# ---- what is tolerated at the stage


def test_an_informational_test_may_be_red_at_its_stage() -> None:
    only_smoke = matrix("""\
matrix: 1
categories: [{id: smoke, title: S, owner: dana, layer: unit, gating: informational}]
requires: [{of: hazard, categories: [smoke]}]
""")
    collected = _collect(attempt({A: "failed"}), expected={A, B}, matrix=only_smoke)
    assert _errors(collected) == []
    assert "informational: smoke" in collected.findings[0].message
    assert _status(collected) == {A: "failed", B: "missing"}


def test_a_waived_test_may_be_red_at_its_stage() -> None:
    collected = _collect(attempt({VALIDATION: "failed"}), layer="validation", expected={VALIDATION}, matrix=matrix(), waivers=_waiver(tests=(VALIDATION,)))
    assert _errors(collected) == []
    assert "waived by qpcr:WVR-0001 until 2026-12-20" in collected.findings[0].message
    assert _status(collected) == {VALIDATION: "failed"}


def test_a_waiver_of_items_covers_a_test_that_verifies_nothing_else() -> None:
    more = {"layer": "validation", "expected": {VALIDATION}, "matrix": matrix(), "waivers": _waiver(requirements=("REQ-001",))}
    assert _errors(_collect(attempt({VALIDATION: "failed"}), verifies={VALIDATION: ["REQ-001"]}, **more)) == []
    assert _errors(_collect(attempt({VALIDATION: "failed"}), verifies={VALIDATION: ["REQ-001", "RC-001"]}, **more)) == ["LM-MTX-026"]
    assert _errors(_collect(attempt({VALIDATION: "failed"}), **more)) == ["LM-MTX-026"]


def test_no_waiver_reaches_a_blocking_test() -> None:
    assert _errors(_collect(attempt({UNIT: "failed"}), expected={UNIT}, matrix=matrix(), waivers=_waiver(tests=(UNIT,)))) == ["LM-MTX-026"]


def test_a_test_of_no_category_is_not_tolerated() -> None:
    stray = "tests/other/test_x.py::test_x"
    assert _errors(_collect(attempt({stray: "failed"}), layer="validation", expected={stray}, matrix=matrix(), waivers=_waiver(tests=(stray,)))) == [
        "LM-MTX-026"
    ]


# ---- nothing, or nothing readable


def _refused(*attempts: Attempt) -> LotmarkError:
    with pytest.raises(LotmarkError) as caught:
        _collect(*attempts, expected={A})
    return caught.value


def test_no_attempt_and_no_file_are_nothing_to_judge() -> None:
    assert _refused().code == "LM-MTX-011"
    error = _refused(attempt(None, exit_code=139))
    assert error.code == "LM-MTX-011"
    assert error.exit_code is ExitCode.NOTHING_TO_JUDGE
    assert "exit code: 139" in error.reason


def test_zero_cases_are_nothing_to_judge() -> None:
    error = _refused(Attempt((ResultFile("r.xml", b"<testsuites/>", NOON),), NOON, NOON, 5))
    assert error.code == "LM-MTX-008"
    assert error.exit_code is ExitCode.NOTHING_TO_JUDGE


def test_when_every_file_is_refused_the_first_refusal_says_why() -> None:
    error = _refused(Attempt((ResultFile("z.xml", b"<testsuites/>", NOON), ResultFile("r.xml", b"<testsuite>", NOON)), NOON, NOON, 1))
    assert error.code == "LM-MTX-004"
    assert error.exit_code is ExitCode.REFUSED
    assert "1 more" in error.reason


def test_one_refused_file_among_good_ones_is_an_error_and_the_good_ones_count() -> None:
    files = (ResultFile("a.xml", junit({A: "passed"}), NOON), ResultFile("b:c.xml", b"<testsuite><x", NOON))
    collected = _collect(Attempt(files, NOON, NOON, 0), expected={A})
    assert _errors(collected) == ["LM-MTX-004"]
    location = collected.findings[0].location
    assert (location.path, location.line) == ("b:c.xml", 1)
    assert _status(collected) == {A: "passed"}


def test_a_stale_file_is_refused() -> None:
    old = Attempt((ResultFile("r.xml", junit({A: "passed"}), NOON - timedelta(seconds=1)),), NOON, NOON, 0)
    error = _refused(old)
    assert error.code == "LM-MTX-009"
    assert "2026-11-23T11:59:59.000Z" in error.reason


def test_a_stale_file_beside_a_fresh_one_has_no_line() -> None:
    files = (ResultFile("a.xml", junit({A: "passed"}), NOON), ResultFile("old.xml", junit({B: "passed"}), NOON - timedelta(days=1)))
    collected = _collect(Attempt(files, NOON, NOON, 0), expected={A})
    assert _errors(collected) == ["LM-MTX-009"]
    assert str(collected.findings[0].location) == "old.xml"
    assert _status(collected) == {A: "passed"}


def test_the_kernels_coarse_clock_makes_no_file_stale() -> None:
    fresh = Attempt((ResultFile("r.xml", junit({A: "passed"}), NOON - timedelta(milliseconds=9)),), NOON, NOON, 0)
    assert _collect(fresh, expected={A}).findings == ()


def test_the_command_that_leaves_a_good_result_in_attempt_1_and_none_in_2_has_missing_tests() -> None:
    collected = _collect(attempt({A: "failed"}), attempt(None, exit_code=139), expected={A})
    assert _status(collected) == {A: "missing"}
    assert set(_errors(collected)) == {"LM-MTX-020", "LM-MTX-025"}
