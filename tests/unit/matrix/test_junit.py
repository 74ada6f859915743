"""The reader of JUnit XML: what it reads, and that everything else is refused by name and line."""

import pytest

from lotmark.base.errors import ExitCode, LotmarkError
from lotmark.base.limits import Limits
from lotmark.matrix._junit import MAX_MESSAGE, MAX_NAME
from lotmark.matrix._reports import read_results
from lotmark.matrix._statuses import worst
from lotmark.matrix.models import ResultCase, ResultReport

pytestmark = pytest.mark.verifies("REQ-009", "RC-005")


def _read(text: str | bytes, **more) -> ResultReport:
    return read_results(text.encode() if isinstance(text, str) else text, "r.xml", **more)


def _case(inner: str = "", attrs: str = 'classname="C" name="t"') -> ResultCase:
    return _read(f"<testsuites><testsuite name='s'><testcase {attrs}>{inner}</testcase></testsuite></testsuites>").cases[0]


def _refusal(data: str | bytes, **more) -> LotmarkError:
    with pytest.raises(LotmarkError) as caught:
        _read(data, **more)
    assert caught.value.solution
    return caught.value


# ---- statuses


@pytest.mark.parametrize(
    ("inner", "attrs", "status"),
    [
        ("", "", "passed"),
        ("<failure/>", "", "failed"),
        ("<error/>", "", "error"),
        ("<skipped/>", "", "skipped"),
        ("<disabled/>", "", "skipped"),
        ("<ignored/>", "", "skipped"),
        ("<failure/><error/><skipped/>", "", "error"),
        ("<skipped/><failure/>", "", "failed"),
        ("<error/><failure/>", "", "error"),
        ("", 'status="run" result="completed"', "passed"),
        ("", 'status="notrun" result="suppressed"', "skipped"),
        ("", 'status="Failed"', "failed"),
        ("", 'status="errored"', "error"),
        ("", 'status="disabled"', "skipped"),
        ("<failure/>", 'status="passed"', "failed"),
        ("<x:failure xmlns:x='urn:x'/>", "", "failed"),
        ("<wrapped><failure/></wrapped>", "", "failed"),
    ],
)
def test_only_a_case_without_any_sign_of_trouble_passed(inner: str, attrs: str, status: str) -> None:
    assert _case(inner, f'name="t" {attrs}').status == status


def test_an_unknown_status_word_is_an_error_not_a_pass() -> None:
    case = _case("", 'name="t" status="grand"')
    assert case.status == "error"
    assert "'grand' is not known" in case.message


def test_worst_is_symmetric() -> None:
    assert worst("passed", "failed") == worst("failed", "passed") == "failed"


def test_reruns_of_surefire_are_attempts() -> None:
    flaky = _case('<flakyFailure message="first" time="0.1"/><flakyError/>')
    assert [a.status for a in flaky.attempts] == ["failed", "error", "passed"]
    assert flaky.status == "passed"
    assert flaky.attempts[0].message == "first"
    rerun = _case('<failure message="first"/><rerunFailure time="0.2">again</rerunFailure><rerunError/>')
    assert [a.status for a in rerun.attempts] == ["failed", "failed", "error"]
    assert rerun.status == "error"
    assert rerun.attempts[1].seconds == 0.2


def test_a_rerun_without_a_first_failure_still_failed() -> None:
    assert _case("<rerunFailure/>").status == "failed"


# ---- what is kept


def test_message_from_attribute_text_or_type() -> None:
    assert _case('<failure message="m">text</failure>').message == "m"
    assert _case("<failure>  text <![CDATA[& more]]> </failure>").message == "text & more"
    assert _case('<failure type="T"/>').message == "T"
    assert _case('<failure message="m"/><skipped message="s"/>').message == "m"
    assert _case('<failure message="m"/><failure/>').message == "m"


def test_messages_are_cut() -> None:
    assert len(_case(f"<failure>{'x' * 50_000}<b/>{'y' * 50_000}</failure>").message) == MAX_MESSAGE
    assert len(_case(f'<failure message="{"x" * 50_000}"/>').message) == MAX_MESSAGE


@pytest.mark.parametrize(("text", "seconds"), [("1.5", 1.5), ("1,234.5", 1234.5), ("-3", 0.0), ("nan", 0.0), ("inf", 0.0), ("fast", 0.0), ("", 0.0)])
def test_durations_that_are_nonsense_are_unknown(text: str, seconds: float) -> None:
    assert _case("", f'name="t" time="{text}"').seconds == seconds


def test_duration_attribute_of_other_producers() -> None:
    assert _case("", 'name="t" duration="2"').seconds == 2.0


def test_properties_verifies_and_nodeid() -> None:
    case = _case(
        '<properties><property name="nodeid" value="tests/a.py::t"/><property name="verifies" value="REQ-001, RC-002"/><property name="verifies">REQ-003;REQ-004</property><property name="other" value="x"/></properties>'
    )
    assert case.id == "tests/a.py::t"
    assert case.verifies == ("REQ-001", "RC-002", "REQ-003", "REQ-004")


def test_properties_of_a_suite_say_nothing_of_its_cases() -> None:
    report = _read('<testsuite name="s"><properties><property name="verifies" value="REQ-001"/></properties><testcase name="t"/></testsuite>')
    assert report.cases[0].verifies == ()


def test_suites_are_nested_and_counts_may_be_absent() -> None:
    report = _read(
        '<testsuites><testsuite name="a"><testsuite name="b" file="b.c"><testcase name="t"/></testsuite><testcase name="u"/></testsuite></testsuites>'
    )
    assert [(case.id, case.suite, case.file) for case in report.cases] == [("b::t", "b", "b.c"), ("a::u", "a", "")]
    assert report.suites == 2
    assert report.gaps == ()


def test_an_error_of_a_whole_suite_is_a_case() -> None:
    report = _read('<testsuite name="s" tests="1"><error message="set-up failed"/></testsuite>')
    assert report.cases[0].id == "s::(suite)"
    assert report.cases[0].status == "error"
    assert report.cases[0].message == "set-up failed"


def test_a_case_in_an_unknown_element_is_not_lost() -> None:
    assert _read("<testsuites><package><testcase name='t'/></package></testsuites>").cases[0].id == "t"


def test_declared_more_than_listed_is_kept_as_a_gap() -> None:
    report = _read('<testsuites tests="9"><testsuite name="s" tests="3"><testcase name="t"/></testsuite></testsuites>')
    assert [(gap.suite, gap.declared, gap.listed) for gap in report.gaps] == [("s", 3, 1), ("", 9, 1)]


@pytest.mark.parametrize("count", ["", "many", "-1", "1", "٣", "99999999999999999999"])
def test_counts_that_are_nonsense_or_right_are_no_gap(count: str) -> None:
    assert _read(f'<testsuite tests="{count}"><testcase name="t"/></testsuite>').gaps == ()


def test_console_output_inside_the_xml_is_passed_over() -> None:
    report = _read("<testsuite><testcase name='t'><system-out>FAILED <![CDATA[<failure/>]]></system-out></testcase><system-err>x</system-err></testsuite>")
    assert report.cases[0].status == "passed"


def test_elements_inside_a_failure_are_its_text() -> None:
    case = _case("<failure><stackTrace>at x</stackTrace><testcase name='fake'/></failure>")
    assert case.status == "failed"
    assert case.message == "at x"


# ---- encodings


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("Shift_JIS", "shift_jis"),
        ("GBK", "gbk"),
    ],
)
def test_declared_encodings_are_read(label: str, codec: str) -> None:
    name = "测试" if codec == "gbk" else "試験" if codec == "shift_jis" else "Prüfung"
    data = f'<?xml version="1.0" encoding="{label}"?><testsuite><testcase name="{name}"/></testsuite>'.encode(codec)
    assert _read(data).cases[0].name == name


def test_no_declaration_is_utf_8() -> None:
    assert _read("<testsuite><testcase name='Prüfung'/></testsuite>").cases[0].name == "Prüfung"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<testsuite><testcase name='Prüfung'/></testsuite>".encode("latin-1"), id="latin-1 without a declaration"),
        pytest.param('<?xml version="1.0" encoding="utf-7"?><testsuite><testcase name="t"/></testsuite>', id="a codec that is not read"),
        pytest.param('<?xml version="1.0" encoding="rot13"?><testsuite><testcase name="t"/></testsuite>', id="no text encoding"),
        pytest.param('<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="t"/></testsuite>', id="declares UTF-16 and is not"),
        pytest.param(b"\xff\xfe<", id="half a UTF-16 character"),
    ],
)
def test_wrong_encodings_are_refused(data: str | bytes) -> None:
    assert _refusal(data).code == "LM-MTX-010"


def test_the_line_of_a_byte_that_is_no_utf_8() -> None:
    assert _refusal(b"<testsuite>\n<testcase name='\xff'/></testsuite>").where == "r.xml:2"


# ---- refusals


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", b"\0\0\0\0"], ids=["nothing", "white space", "a byte order mark", "zeros"])
def test_empty(data: bytes) -> None:
    error = _refusal(data)
    assert error.code == "LM-MTX-001"
    assert error.exit_code is ExitCode.REFUSED


@pytest.mark.parametrize(
    ("before", "line"),
    [("Running tests...\nok\n", 3), ("\n\n", 3), ("warning: x ", 1)],
    ids=["console output", "blank lines", "same line"],
)
def test_output_before_the_xml_is_named(before: str, line: int) -> None:
    error = _refusal(f'{before}<?xml version="1.0"?><testsuite><testcase name="t"/></testsuite>')
    assert error.code == "LM-MTX-002"
    assert error.where == f"r.xml:{line}"


def test_output_before_xml_without_a_declaration_quotes_it() -> None:
    assert "'hello'" in _refusal("hello\n<testsuite><testcase name='t'/></testsuite>").reason


def test_a_comment_before_the_root_is_xml() -> None:
    assert len(_read("<!-- made by x --><testsuite><testcase name='t'/></testsuite>").cases) == 1


@pytest.mark.parametrize(
    "data",
    [
        "<testsuite><testcase></testsuite>",
        "<testsuite><testcase name='t'/></testsuite>Done.",
        "<testsuite><testcase name='t'/></testsuite><testsuite/>",
        "<testsuite><testcase name='a & b'/></testsuite>",
        "<testsuite><testcase name='t'>\x1b[31mred</testcase></testsuite>",
        "<testsuite name='a' name='b'/>",
        "plain text",
        "<testsuite><testcase name='&lol;'/></testsuite>",
    ],
)
def test_what_is_no_xml_is_refused_with_its_line(data: str) -> None:
    error = _refusal(data)
    assert error.code == "LM-MTX-003"
    assert error.where.startswith("r.xml:1:")


@pytest.mark.parametrize(
    "data",
    [
        "<testsuite>",
        "<testsuite><testcase name='t'/>",
        "<testsuite><testcase name='t'/><testcase na",
        "<testsuite><system-out><![CDATA[half",
        "<testsuite><testcase name='t'><failure>half",
    ],
)
def test_truncated(data: str) -> None:
    assert _refusal(data).code == "LM-MTX-004"


def test_truncated_says_how_many_were_read() -> None:
    assert "1 test cases were read before" in _refusal("<testsuite>\n<testcase name='t'/>\n<testcase").reason


@pytest.mark.attack("P07")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param('<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>', id="billion laughs"),
        pytest.param('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="t">&a;</testcase></testsuite>', id="external entity"),
        pytest.param('<?xml version="1.0"?>\n<!DOCTYPE testsuite SYSTEM "x.dtd"><testsuite><testcase name="t"/></testsuite>', id="external document type"),
        pytest.param("<!DOCTYPE html><html/>", id="an error page"),
        pytest.param("<!ENTITY % a SYSTEM 'x'>", id="an entity declaration alone"),
    ],
)
def test_document_types_and_entities_are_refused(data: str) -> None:
    assert _refusal(data).code == "LM-MTX-005"


@pytest.mark.attack("P07")
def test_deep_nesting_is_refused() -> None:
    error = _refusal("<testsuite>" + "<a>" * 100_000 + "</a>" * 100_000 + "</testsuite>")
    assert error.code == "LM-MTX-006"
    assert "deeper" in error.reason


def test_deep_nesting_inside_a_failure_is_refused_too() -> None:
    assert _refusal("<testsuite><testcase name='t'><failure>" + "<a>" * 100).code == "LM-MTX-006"


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        ("<testsuite><testcase name='t'/></testsuite>", Limits(max_bytes=10)),
        ("<testsuite><testcase name='t'/><testcase name='u'/></testsuite>", Limits(max_items=1)),
        (f"<testsuite><testcase name='{'n' * (MAX_NAME + 1)}'/></testsuite>", Limits()),
        (f"<testsuite name='{'n' * (MAX_NAME + 1)}'/>", Limits()),
        (
            f"<testsuite><testcase name='t'><properties><property name='verifies'>{'n' * (MAX_NAME + 1)}</property></properties></testcase></testsuite>",
            Limits(),
        ),
    ],
    ids=["bytes", "cases", "a name", "a suite's name", "a property"],
)
def test_limits(data: str, limits: Limits) -> None:
    assert _refusal(data, limits=limits).code == "LM-MTX-006"


@pytest.mark.parametrize("root", ["report", "coverage", "html"])
def test_other_xml_is_named_by_its_root(root: str) -> None:
    error = _refusal(f"<{root}><testcase name='t'/></{root}>")
    assert error.code == "LM-MTX-007"
    assert f"<{root}>" in error.reason


@pytest.mark.attack("O03")
@pytest.mark.parametrize("data", ["<testsuites/>", '<testsuite tests="0"/>', '<testsuites tests="6"><testsuite tests="6"/></testsuites>'])
def test_zero_cases_are_nothing_to_judge(data: str) -> None:
    error = _refusal(data)
    assert error.code == "LM-MTX-008"
    assert error.exit_code is ExitCode.NOTHING_TO_JUDGE
    assert ("declares 6" in error.reason) is ("6" in data)
