"""Results of NUnit, xUnit.net, TRX, Robot Framework, CTRF and RSpec: only the literal pass of each is a pass."""

import json
from typing import Any

import pytest

from lotmark.base.errors import ExitCode, LotmarkError
from lotmark.base.limits import Limits
from lotmark.matrix._reports import read_results
from lotmark.matrix.models import ResultCase, ResultReport

pytestmark = pytest.mark.verifies("REQ-009", "RC-005")


def _read(text: str | bytes, **more: Any) -> ResultReport:
    return read_results(text.encode() if isinstance(text, str) else text, "r", **more)


def _refusal(text: str | bytes, **more: Any) -> LotmarkError:
    with pytest.raises(LotmarkError) as caught:
        _read(text, **more)
    assert caught.value.solution
    return caught.value


def _only(report: ResultReport) -> ResultCase:
    assert len(report.cases) == 1
    return report.cases[0]


# ---- NUnit


def nunit(case: str, attrs: str = "") -> str:
    return f'<test-run id="2" {attrs}><test-suite type="Assembly" name="Tests.dll"><test-suite name="PumpTests">{case}</test-suite></test-suite></test-run>'


@pytest.mark.parametrize(
    ("attrs", "status"),
    [
        ('result="Passed"', "passed"),
        ('result="Failed"', "failed"),
        ('result="Failed" label="Error"', "error"),
        ('result="Failed" label="Invalid"', "error"),
        ('result="Failed" label="Cancelled"', "error"),
        ('result="Passed" label="Error"', "passed"),
        ('result="Skipped"', "skipped"),
        ('result="Skipped" label="Ignored"', "skipped"),
        ('result="Inconclusive"', "skipped"),
        ('result="Warning"', "error"),
        ('result=""', "error"),
        ('result="Grand"', "error"),
        ("", "error"),
        ('executed="False"', "skipped"),
        ('executed="True" success="True"', "passed"),
        ('executed="True" success="False"', "failed"),
        ('executed="True" success="maybe"', "error"),
    ],
)
def test_nunit_statuses(attrs: str, status: str) -> None:
    case = _only(_read(nunit(f'<test-case fullname="A.B.T" name="T" classname="A.B" {attrs}/>')))
    assert case.status == status
    assert bool(case.message) is (status == "error" and "label" not in attrs)


@pytest.mark.parametrize(
    ("attrs", "identity"),
    [
        ('fullname="Pump.FlowTests.Stops(1.5)" name="Stops(1.5)" classname="Pump.FlowTests"', "Pump.FlowTests::Stops(1.5)"),
        ('name="Pump.FlowTests.Stops"', "Pump.FlowTests::Stops"),
        ('name="Pump.FlowTests.Stops(&quot;a.b&quot;)"', 'Pump.FlowTests::Stops("a.b")'),
        ('name="Stops"', "Stops"),
        ("", "(unnamed)"),
    ],
)
def test_nunit_ids(attrs: str, identity: str) -> None:
    assert _only(_read(nunit(f'<test-case result="Passed" {attrs}/>'))).id == identity


def test_nunit_says_why_how_long_and_what_it_verifies() -> None:
    inner = '<properties><property name="Verifies" value="REQ-001, REQ-002"/><property name="Category" value="x"/></properties><failure><message><![CDATA[ expected 1 ]]></message><stack-trace>at x</stack-trace></failure>'
    case = _only(_read(nunit(f'<test-case name="T" classname="C" result="Failed" duration="0.25">{inner}</test-case>')))
    assert (case.message, case.seconds, case.verifies, case.suite) == ("expected 1", 0.25, ("REQ-001", "REQ-002"), "PumpTests")


def test_nunit_gap() -> None:
    report = _read(nunit('<test-case name="T" classname="C" result="Passed"/>', 'testcasecount="3" name="Tests.dll"'))
    assert [(gap.suite, gap.declared, gap.listed, gap.line) for gap in report.gaps] == [("Tests.dll", 3, 1, 1)]
    assert report.suites == 2
    assert _read('<test-results total="1" not-run="1"><test-case name="A.T" success="True"/></test-results>').gaps[0].declared == 2
    assert not _read('<test-results total="many"><test-case name="A.T" success="True"/></test-results>').gaps


# ---- xUnit.net


def xunit(inner: str, attrs: str = "") -> str:
    return f'<assemblies><assembly name="Pump.dll" {attrs}><errors/><collection name="c">{inner}</collection></assembly></assemblies>'


@pytest.mark.parametrize(
    ("word", "status"), [("Pass", "passed"), ("Fail", "failed"), ("Skip", "skipped"), ("NotRun", "skipped"), ("Passed!", "error"), ("", "error")]
)
def test_xunit_statuses(word: str, status: str) -> None:
    assert _only(_read(xunit(f'<test name="N.C.M" type="N.C" method="M" result="{word}"/>'))).status == status


def test_xunit_case_in_full() -> None:
    inner = '<test name="N.C.M(x: 1)" type="N.C" method="M" result="Fail" time="1.5" source-file="M.cs"><failure exception-type="E"><message>expected</message></failure><traits><trait name="verifies" value="REQ-001"/><trait name="area" value="x"/></traits></test>'
    case = _only(_read(xunit(inner)))
    assert (case.id, case.message, case.seconds, case.verifies, case.file, case.suite) == ("N.C::M(x: 1)", "expected", 1.5, ("REQ-001",), "M.cs", "c")


def test_xunit_skip_reason() -> None:
    assert _only(_read(xunit('<test name="N.C.M" type="N.C" result="Skip"><reason>bench</reason></test>'))).message == "bench"


def test_an_xunit_assembly_that_broke_is_a_case() -> None:
    text = '<assemblies><assembly name="Pump.dll"><errors><error type="assembly-cleanup" name="fixture"><failure><message>disk full</message></failure></error></errors></assembly></assemblies>'
    case = _only(_read(text))
    assert (case.id, case.status, case.message) == ("Pump.dll::(suite)", "error", "disk full")


def test_xunit_gap() -> None:
    assert [(gap.declared, gap.listed) for gap in _read(xunit('<test name="M" result="Pass"/>', 'total="4"')).gaps] == [(4, 1)]


# ---- TRX


def trx(results: str, definitions: str = "", counters: str = "") -> str:
    return f'<TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>{results}</Results><TestDefinitions>{definitions}</TestDefinitions><ResultSummary>{counters}</ResultSummary></TestRun>'


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("Passed", "passed"),
        ("Failed", "failed"),
        ("NotExecuted", "skipped"),
        ("Inconclusive", "skipped"),
        ("Timeout", "error"),
        ("Aborted", "error"),
        ("PassedButRunAborted", "error"),
        ("Warning", "error"),
        ("Completed", "error"),
        ("InProgress", "error"),
        ("", "error"),
    ],
)
def test_trx_outcomes(outcome: str, status: str) -> None:
    assert _only(_read(trx(f'<UnitTestResult testId="1" testName="M" outcome="{outcome}"/>'))).status == status


def test_a_trx_result_without_an_outcome_is_no_pass() -> None:
    assert _only(_read(trx('<UnitTestResult testId="1" testName="M"/>'))).status == "error"


def test_trx_class_stands_behind_the_result() -> None:
    result = '<UnitTestResult testId="1" testName="M" outcome="Failed" duration="00:01:02.5"><Output><StdOut>x</StdOut><ErrorInfo><Message>expected</Message></ErrorInfo></Output></UnitTestResult>'
    definition = '<UnitTest id="1" name="M"><TestCategory><TestCategoryItem TestCategory="verifies:REQ-001"/><TestCategoryItem TestCategory="slow"/></TestCategory><TestMethod className="N.C, Pump, Version=1" name="M"/></UnitTest>'
    report = _read(trx(result, definition))
    case = _only(report)
    assert (case.id, case.message, case.seconds, case.verifies, report.suites) == ("N.C::M", "expected", 62.5, ("REQ-001",), 1)


def test_trx_gap_and_nonsense_durations() -> None:
    report = _read(trx('<UnitTestResult testId="1" testName="M" outcome="Passed" duration="soon"/>', counters='<Counters total="3" executed="1"/>'))
    assert [(gap.declared, gap.listed) for gap in report.gaps] == [(3, 1)]
    assert report.cases[0].seconds == 0.0


def test_trx_limit() -> None:
    assert _refusal(trx('<UnitTestResult testName="M" outcome="Passed"/>' * 3), limits=Limits(max_items=2)).code == "LM-MTX-006"


# ---- Robot Framework


def robot(test: str) -> str:
    return f'<robot generator="Robot 7.0"><suite name="Pump" source="/w/pump"><suite name="Flow" source="/w/pump/flow.robot">{test}<status status="FAIL"/></suite><status status="FAIL"/></suite></robot>'


@pytest.mark.parametrize(
    ("word", "status"), [("PASS", "passed"), ("FAIL", "failed"), ("SKIP", "skipped"), ("NOT RUN", "skipped"), ("pass", "error"), ("", "error")]
)
def test_robot_statuses(word: str, status: str) -> None:
    assert _only(_read(robot(f'<test name="Stops"><kw name="k"><status status="PASS"/></kw><status status="{word}"/></test>'))).status == status


def test_a_robot_test_without_a_status_is_no_pass() -> None:
    assert _only(_read(robot('<test name="Stops"><kw name="k"><status status="PASS"/></kw></test>'))).status == "error"


@pytest.mark.parametrize(
    ("attrs", "seconds"),
    [('elapsed="1.25"', 1.25), ('starttime="20261123 12:00:00.000" endtime="20261123 12:00:02.500"', 2.5), ('starttime="x" endtime="y"', 0.0), ("", 0.0)],
)
def test_robot_times(attrs: str, seconds: float) -> None:
    assert _only(_read(robot(f'<test name="Stops"><status status="PASS" {attrs}/></test>'))).seconds == seconds


@pytest.mark.parametrize("tags", ["<tag>verifies:REQ-001</tag><tag>slow</tag>", "<tags><tag>Verifies: REQ-001</tag></tags>"])
def test_robot_tags_and_ids(tags: str) -> None:
    case = _only(_read(robot(f'<test name="Stops at once">{tags}<status status="FAIL">too late</status></test>')))
    assert (case.id, case.verifies, case.message, case.file) == ("Pump.Flow::Stops at once", ("REQ-001",), "too late", "/w/pump/flow.robot")


# ---- CTRF


def ctrf(*tests: dict[str, Any], **summary: Any) -> str:
    return json.dumps({"reportFormat": "CTRF", "results": {"tool": {"name": "x"}, "summary": summary, "tests": list(tests)}})


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("passed", "passed"),
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("pending", "skipped"),
        ("other", "error"),
        ("Passed", "error"),
        (None, "error"),
        (1, "error"),
    ],
)
def test_ctrf_statuses(status: object, read: str) -> None:
    assert _only(_read(ctrf({"name": "t", "status": status}))).status == read


@pytest.mark.parametrize(
    ("fields", "identity"),
    [
        ({"suite": "Flow"}, "Flow::stops"),
        ({"suite": ["Pump", "Flow"]}, "Pump > Flow::stops"),
        ({"filePath": "flow.spec.ts"}, "flow.spec.ts::stops"),
        ({"extra": {"nodeid": "tests/a.py::test_a"}}, "tests/a.py::test_a"),
        ({}, "stops"),
        ({"suite": 7, "filePath": None}, "stops"),
    ],
)
def test_ctrf_ids(fields: dict[str, Any], identity: str) -> None:
    assert _only(_read(ctrf({"name": "stops", "status": "passed", **fields}))).id == identity


@pytest.mark.attack("O02")
@pytest.mark.parametrize(
    ("fields", "tries"),
    [
        ({}, ["passed"]),
        ({"retries": 0}, ["passed"]),
        ({"retries": 2}, ["failed", "failed", "passed"]),
        ({"flaky": True}, ["failed", "passed"]),
        ({"retries": True}, ["passed"]),
        ({"retries": 1, "retryAttempts": [{"status": "failed", "duration": 5, "message": "late"}]}, ["failed", "passed"]),
        ({"retryAttempts": [{"status": "odd"}, "nonsense"]}, ["error", "error", "passed"]),
        ({"retries": 3, "retryAttempts": [{"status": "failed"}]}, ["failed", "failed", "failed", "passed"]),
    ],
)
def test_a_pass_that_needed_retries_shows_its_red_attempts(fields: dict[str, Any], tries: list[str]) -> None:
    case = _only(_read(ctrf({"name": "t", "status": "passed", **fields})))
    assert [attempt.status for attempt in case.attempts] == tries


def test_ctrf_case_in_full() -> None:
    case = _only(_read(ctrf({"name": "t", "status": "failed", "duration": 1500, "trace": "at x", "extra": {"verifies": ["REQ-001, REQ-002", 7]}})))
    assert (case.seconds, case.message, case.verifies) == (1.5, "at x", ("REQ-001", "REQ-002"))


def test_ctrf_gap_and_suites() -> None:
    report = _read(ctrf({"name": "t", "status": "passed"}, tests=5))
    assert [(gap.declared, gap.listed) for gap in report.gaps] == [(5, 1)]
    assert report.format == "ctrf"


# ---- RSpec


def rspec(*examples: dict[str, Any], outside: int = 0, **more: Any) -> str:
    return json.dumps(
        {"version": "3.13", "examples": list(examples), "summary": {"example_count": len(examples), "errors_outside_of_examples_count": outside}, **more}
    )


@pytest.mark.parametrize(("word", "status"), [("passed", "passed"), ("failed", "failed"), ("pending", "skipped"), ("fine", "error"), (None, "error")])
def test_rspec_statuses(word: object, status: str) -> None:
    case = _only(_read(rspec({"file_path": "./spec/a_spec.rb", "full_description": "a is b", "status": word, "run_time": 0.5})))
    assert (case.status, case.id, case.seconds) == (status, "spec/a_spec.rb::a is b", 0.5)


def test_an_error_outside_of_the_examples_is_a_case() -> None:
    report = _read(rspec({"full_description": "a", "status": "passed"}, outside=3, messages=["cannot load such file", 7]))
    assert [case.status for case in report.cases] == ["passed", "error"]
    assert report.cases[1].message == "cannot load such file"


def test_only_errors_outside_is_not_nothing() -> None:
    assert _only(_read(rspec(outside=1))).status == "error"


# ---- what is refused


@pytest.mark.attack("O03")
@pytest.mark.parametrize(
    "text",
    [ctrf(), ctrf(tests=7), rspec(), trx(""), xunit(""), robot(""), nunit("")],
    ids=["ctrf", "ctrf that declares", "rspec", "trx", "xunit", "robot", "nunit"],
)
def test_no_case_in_any_format_is_nothing_to_judge(text: str) -> None:
    error = _refusal(text)
    assert (error.code, error.exit_code) == ("LM-MTX-008", ExitCode.NOTHING_TO_JUDGE)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("{", "LM-MTX-004"),
        ('{"results": {"tests": [{"name": "t"', "LM-MTX-004"),
        ('{"results": nonsense}', "LM-MTX-003"),
        ('{"results": {"tests": [7]}}', "LM-MTX-003"),
        ('{"examples": [], "examples": [{"status": "passed"}]}', "LM-MTX-003"),
        ('{"json": true}', "LM-MTX-007"),
        ("[1, 2]", "LM-MTX-007"),
        ('{"results": {"tests": "none"}}', "LM-MTX-007"),
        (b'{"results": "\xff"}', "LM-MTX-010"),
        (json.dumps({"results": {"tests": [{"name": "n" * 5000, "status": "passed"}]}}), "LM-MTX-006"),
        ("[" * 5000 + "]" * 5000, None),
    ],
)
def test_json_that_cannot_be_read(data: str | bytes, code: str | None) -> None:
    error = _refusal(data)
    assert error.code == code or (code is None and error.code.startswith("LM-MTX-"))
    assert error.where is not None
    assert error.where.startswith("r:")


def test_json_limit_of_cases() -> None:
    text = ctrf(*({"name": f"t{n}", "status": "passed"} for n in range(5)))
    assert _refusal(text, limits=Limits(max_items=4)).code == "LM-MTX-006"


@pytest.mark.parametrize("text", [nunit("<test-case/>" * 3), xunit("<test/>" * 3), robot("<test/>" * 3)], ids=["nunit", "xunit", "robot"])
def test_xml_limits_of_cases(text: str) -> None:
    assert _refusal(text, limits=Limits(max_items=2)).code == "LM-MTX-006"


@pytest.mark.attack("P07")
@pytest.mark.parametrize("root", ["test-run", "assemblies", "TestRun", "robot"])
def test_hostile_xml_in_other_formats(root: str) -> None:
    assert _refusal(f'<!DOCTYPE {root} [<!ENTITY a SYSTEM "file:///etc/passwd">]><{root}>&a;</{root}>').code == "LM-MTX-005"
    assert _refusal(f"<{root}>" + "<a>" * 100_000).code == "LM-MTX-006"
    assert _refusal(f"<{root}><test name='{'n' * 5000}'/></{root}>").code == "LM-MTX-006"
    assert _refusal(f"log\n<{root}></{root}>").code == "LM-MTX-002"
    assert _refusal(f"<{root}>").code == "LM-MTX-004"
