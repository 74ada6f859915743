"""A table of results files as producers write and break them: what is read of them, or the rule and line of the refusal."""

import pytest

from lotmark.base.errors import LotmarkError, NothingToJudgeError, RefusedError
from lotmark.base.limits import Limits
from lotmark.matrix._junit import MAX_NAME
from lotmark.matrix.api import read_results

pytestmark = pytest.mark.verifies("REQ-009", "RC-005", "HAZ-002")

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ONE = '<testsuite name="s"><testcase classname="C" name="t"/></testsuite>'


def suite(inner: str, attrs: str = 'name="s"') -> str:
    return f"<testsuite {attrs}>{inner}</testsuite>"


REFUSED = {
    "no bytes": (b"", "LM-MTX-001", "r.xml"),
    "blanks": (b" \n\t\n", "LM-MTX-001", "r.xml"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "LM-MTX-001", "r.xml"),
    "zeros of a crashed disk": (b"\0" * 512, "LM-MTX-001", "r.xml"),
    "a log line first": (f"collected 3 items\n{HEAD}{ONE}", "LM-MTX-002", "r.xml:2"),
    "two log lines first": (f"a\nb\n{ONE}", "LM-MTX-002", "r.xml:3"),
    "a blank line before the declaration": (f"\n{HEAD}{ONE}", "LM-MTX-002", "r.xml:2"),
    "two documents": (ONE + ONE, "LM-MTX-003", "r.xml:1:67"),
    "a log line after": (ONE + "\nDone.\n", "LM-MTX-003", "r.xml:2:1"),
    "a control character": (suite('<testcase name="a\x08"/>'), "LM-MTX-003", "r.xml:1:38"),
    "a bare ampersand": (suite('<testcase name="a & b"/>'), "LM-MTX-003", "r.xml:1:40"),
    "an attribute twice": (suite('<testcase name="a" name="b"/>'), "LM-MTX-003", "r.xml:1:40"),
    "tags crossed": ("<testsuite>\n<testcase name='t'>\n</testsuite>", "LM-MTX-003", "r.xml:3:3"),
    "an unknown entity": (suite("<testcase name='t'>&lol;</testcase>"), "LM-MTX-003", "r.xml:1:40"),
    "cut in a suite": (HEAD + '<testsuite name="s">\n<testcase name="t"/>\n', "LM-MTX-004", "r.xml:4:1"),
    "cut in a tag": (HEAD + '<testsuite name="s">\n<testcase na', "LM-MTX-004", "r.xml:3:1"),
    "cut in a CDATA section": ("<testsuite><testcase name='t'><failure><![CDATA[boom", "LM-MTX-004", "r.xml:1:53"),
    "cut in the root": ("<testsuite", "LM-MTX-003", "r.xml:1:1"),
    "a document type": (f'<!DOCTYPE testsuite SYSTEM "x.dtd">\n{ONE}', "LM-MTX-005", "r.xml:1:35"),
    "a billion laughs": ('<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>' + ONE, "LM-MTX-005", "r.xml:1:13"),
    "an external entity": (f'{HEAD}<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{ONE}', "LM-MTX-005", "r.xml:2:13"),
    "a page in HTML": ("<html><body/></html>", "LM-MTX-007", "r.xml:1:1"),
    "a coverage report": ('<coverage><test-case name="t" result="Passed"/></coverage>', "LM-MTX-007", "r.xml:1:1"),
    "a bare case": ('<testcase name="t"/>', "LM-MTX-007", "r.xml:1:1"),
    "the root in capitals": ("<TestSuite/>", "LM-MTX-007", "r.xml:1:1"),
    "no case": ("<testsuites/>", "LM-MTX-008", "r.xml:1"),
    "an empty suite after the declaration": (f"{HEAD}<testsuite name='s' tests='0'/>", "LM-MTX-008", "r.xml:2"),
    "tests declared and none listed": (f"{HEAD}\n<testsuite name='s' tests='7'/>", "LM-MTX-008", "r.xml:3"),
    "Latin-1 without saying so": (suite('<testcase name="µ"/>').encode("latin-1"), "LM-MTX-010", "r.xml:1"),
    "Latin-1 on the third line": (b"<testsuite>\n\n<testcase name='\xb5'/></testsuite>", "LM-MTX-010", "r.xml:3"),
    "UTF-16 declared, bytes of ASCII": ('<?xml version="1.0" encoding="UTF-16"?>' + ONE, "LM-MTX-010", "r.xml:1"),
    "an encoding that runs code": ('<?xml version="1.0" encoding="idna"?>' + ONE, "LM-MTX-010", "r.xml:1"),
    "a codec that inflates": ('<?xml version="1.0" encoding="zlib"?>' + ONE, "LM-MTX-010", "r.xml:1"),
    "UTF-7": ('<?xml version="1.0" encoding="UTF-7"?>' + ONE, "LM-MTX-010", "r.xml:1"),
    "ASCII declared, UTF-8 written": ('<?xml version="1.0" encoding="us-ascii"?>' + suite('<testcase name="µ"/>'), "LM-MTX-010", "r.xml:1"),
}


@pytest.mark.parametrize(("data", "code", "where"), REFUSED.values(), ids=REFUSED)
def test_a_broken_file_is_refused_by_rule_and_place(data, code, where):
    with pytest.raises(LotmarkError) as caught:
        read_results(data.encode() if isinstance(data, str) else data, "r.xml")
    assert (caught.value.code, caught.value.where) == (code, where)
    assert type(caught.value) is (NothingToJudgeError if code == "LM-MTX-008" else RefusedError)
    assert caught.value.solution


@pytest.mark.parametrize("at", range(1, len(HEAD + ONE), 3))
def test_a_file_that_ends_early_is_never_read(at):
    with pytest.raises(RefusedError):
        read_results((HEAD + ONE)[:at].encode(), "r.xml")


READ = {
    "a name alone": (suite('<testcase name="t"/>'), [("s::t", "passed", 0.0, "")]),
    "a suite without name": ("<testsuite><testcase name='t'/></testsuite>", [("t", "passed", 0.0, "")]),
    "no name at all": ("<testsuite><testcase/></testsuite>", [("(unnamed)", "passed", 0.0, "")]),
    "an empty name in a class": (suite('<testcase classname="C" name=""/>'), [("C::(unnamed)", "passed", 0.0, "")]),
    "seconds": (suite('<testcase name="t" time="1.25"/>'), [("s::t", "passed", 1.25, "")]),
    "thousands of seconds": (suite('<testcase name="t" time="1,234.5"/>'), [("s::t", "passed", 1234.5, "")]),
    "a duration of another name": (suite('<testcase name="t" duration="3"/>'), [("s::t", "passed", 3.0, "")]),
    "time before duration": (suite('<testcase name="t" time="2" duration="3"/>'), [("s::t", "passed", 2.0, "")]),
    "a negative time": (suite('<testcase name="t" time="-1"/>'), [("s::t", "passed", 0.0, "")]),
    "an infinite time": (suite('<testcase name="t" time="inf"/>'), [("s::t", "passed", 0.0, "")]),
    "no number": (suite('<testcase name="t" time="fast"/>'), [("s::t", "passed", 0.0, "")]),
    "a time below the microsecond": (suite('<testcase name="t" time="0.00000049"/>'), [("s::t", "passed", 0.0, "")]),
    "a message": (suite('<testcase name="t"><failure message="m">long</failure></testcase>'), [("s::t", "failed", 0.0, "m")]),
    "a text in place of a message": (suite('<testcase name="t"><failure> long </failure></testcase>'), [("s::t", "failed", 0.0, "long")]),
    "a type in place of both": (suite('<testcase name="t"><failure type="AssertionError"/></testcase>'), [("s::t", "failed", 0.0, "AssertionError")]),
    "CDATA": (suite("<testcase name='t'><error><![CDATA[<a> & b]]></error></testcase>"), [("s::t", "error", 0.0, "<a> & b")]),
    "output is no result": (suite("<testcase name='t'><system-out>failure</system-out><system-err/></testcase>"), [("s::t", "passed", 0.0, "")]),
    "a failure quoted in a text": (suite("<testcase name='t'><skipped>&lt;failure/&gt;</skipped></testcase>"), [("s::t", "skipped", 0.0, "<failure/>")]),
    "a failure inside a failure": (suite("<testcase name='t'><skipped><error/></skipped></testcase>"), [("s::t", "skipped", 0.0, "")]),
    "the worst of two": (suite("<testcase name='t'><failure message='f'/><error message='e'/></testcase>"), [("s::t", "error", 0.0, "e")]),
    "the worst of two turned": (suite("<testcase name='t'><error message='e'/><failure message='f'/></testcase>"), [("s::t", "error", 0.0, "e")]),
    "two of one kind": (suite("<testcase name='t'><failure message='1'/><failure message='2'/></testcase>"), [("s::t", "failed", 0.0, "2")]),
    "an error of the suite": (suite("<error message='setup'/><testcase name='t'/>"), [("s::(suite)", "error", 0.0, "setup"), ("s::t", "passed", 0.0, "")]),
    "a suite inside a suite": (
        suite('<testsuite name="in"><testcase name="a"/></testsuite><testcase name="b"/>'),
        [("in::a", "passed", 0.0, ""), ("s::b", "passed", 0.0, "")],
    ),
    "a node id": (
        suite('<testcase classname="C" name="t"><properties><property name="nodeid" value=" t/a.py::t[1] "/></properties></testcase>'),
        [("t/a.py::t[1]", "passed", 0.0, "")],
    ),
    "a node id as text": (
        suite('<testcase name="t"><properties><property name="nodeid">t/a.py::t</property></properties></testcase>'),
        [("t/a.py::t", "passed", 0.0, "")],
    ),
    "pytest's class name": (
        suite('<testcase classname="tests.unit.test_a.TestB" name="test_c[x]"/>'),
        [("tests/unit/test_a.py::TestB::test_c[x]", "passed", 0.0, "")],
    ),
    "pytest's file": (suite('<testcase classname="tests.check.B" name="c" file="tests/check.py"/>'), [("tests/check.py::B::c", "passed", 0.0, "")]),
    "a Java class": (suite('<testcase classname="org.acme.CtTest" name="plateau"/>'), [("org.acme.CtTest::plateau", "passed", 0.0, "")]),
    "a line feed in a name": (suite('<testcase name="a&#10;b"/>'), [("s::a\\nb", "passed", 0.0, "")]),
    "a namespace": ('<j:testsuite xmlns:j="urn:j" name="s"><j:testcase name="t"><j:error/></j:testcase></j:testsuite>', [("s::t", "error", 0.0, "")]),
    "a comment first": (f"<!-- by hand -->{ONE}", [("C::t", "passed", 0.0, "")]),
    "a byte order mark": ("\ufeff" + HEAD + ONE, [("C::t", "passed", 0.0, "")]),
}


@pytest.mark.parametrize(("data", "cases"), READ.values(), ids=READ)
def test_what_is_read_of_a_case(data, cases):
    report = read_results(data.encode(), "r.xml")
    assert [(case.id, case.status, case.seconds, case.message) for case in report.cases] == cases


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis", "gb18030", "koi8-r"])
def test_the_declared_encoding_holds(encoding):
    name = {"shift_jis": "試験", "gb18030": "试验", "koi8-r": "опыт"}.get(encoding, "prüfung")
    data = f'<?xml version="1.0" encoding="{encoding}"?><testsuite><testcase name="{name}"/></testsuite>'.encode(encoding)
    assert read_results(data, "r.xml").cases[0].id == name


TRIES = {
    "flaky": ('<flakyFailure message="1" time="2"/><flakyError message="2"/>', [("failed", "1"), ("error", "2"), ("passed", "")], "passed"),
    "rerun": ('<failure message="0"/><rerunFailure message="1"/><rerunError message="2"/>', [("failed", "0"), ("failed", "1"), ("error", "2")], "error"),
    "rerun with text": ("<failure message='0'/><rerunFailure> again </rerunFailure>", [("failed", "0"), ("failed", "again")], "failed"),
    "once": ("", [("passed", "")], "passed"),
}


@pytest.mark.parametrize(("inner", "attempts", "status"), TRIES.values(), ids=TRIES)
def test_tries_of_the_producer_are_kept_in_the_order_in_which_they_happened(inner, attempts, status):
    (case,) = read_results(suite(f'<testcase name="t">{inner}</testcase>').encode(), "r.xml").cases
    assert [(attempt.status, attempt.message) for attempt in case.attempts] == attempts
    assert case.status == status


GAPS = {
    "as many as declared": ('name="s" tests="2"', []),
    "one fewer": ('name="s" tests="3"', [("s", 3, 2, 1)]),
    "more than declared": ('name="s" tests="1"', []),
    "no number": ('name="s" tests="many"', []),
    "a negative number": ('name="s" tests="-3"', []),
    "nothing declared": ('name="s"', []),
    "blanks around": ('name="s" tests=" 4 "', [("s", 4, 2, 1)]),
}


@pytest.mark.parametrize(("attrs", "gaps"), GAPS.values(), ids=GAPS)
def test_a_suite_that_lists_fewer_tests_than_it_declares_has_a_gap(attrs, gaps):
    report = read_results(suite('<testcase name="a"/><testcase name="b"/>', attrs).encode(), "r.xml")
    assert [(gap.suite, gap.declared, gap.listed, gap.line) for gap in report.gaps] == gaps


def test_the_tries_of_a_test_count_for_the_declared_number():
    inner = "<testcase name='a'><failure/><rerunFailure/></testcase>"
    assert read_results(suite(inner, "tests='2'").encode(), "r.xml").gaps == ()
    assert [gap.listed for gap in read_results(suite(inner, "tests='3'").encode(), "r.xml").gaps] == [2]


def test_an_inner_suite_counts_for_the_outer_one():
    inner = '<testsuite name="in" tests="1"><testcase name="a"/></testsuite>'
    assert read_results(suite(inner, 'name="out" tests="1"').encode(), "r.xml").gaps == ()
    assert [gap.suite for gap in read_results(suite(inner, 'name="out" tests="2"').encode(), "r.xml").gaps] == ["out"]


# ---- limits, on both sides


@pytest.mark.parametrize(("slack", "refused"), [(0, False), (-1, True)])
def test_size(slack, refused):
    data = ONE.encode()
    limits = Limits(max_bytes=len(data) + slack, max_depth=64, max_items=10)
    assert _refused(data, limits) == refused


@pytest.mark.parametrize(("number", "refused"), [(2, False), (3, True)])
def test_number_of_cases(number, refused):
    assert _refused(suite("<testcase name='t'/>" * number).encode(), Limits(max_bytes=10_000, max_depth=64, max_items=2)) == refused


@pytest.mark.parametrize(("depth", "refused"), [(3, False), (4, True)])
def test_depth(depth, refused):
    data = "<testsuite>" * (depth - 1) + "<testcase name='t'/>" + "</testsuite>" * (depth - 1)
    assert _refused(data.encode(), Limits(max_bytes=10_000, max_depth=3, max_items=2)) == refused


@pytest.mark.parametrize("attribute", ["name", "classname", "class", "file", "filepath"])
@pytest.mark.parametrize(("length", "refused"), [(MAX_NAME, False), (MAX_NAME + 1, True)])
def test_length_of_names(attribute, length, refused):
    others = "" if attribute == "name" else 'name="t" '
    assert _refused(suite(f'<testcase {others}{attribute}="{"x" * length}"/>').encode()) == refused


@pytest.mark.parametrize(("length", "refused"), [(MAX_NAME, False), (MAX_NAME + 1, True)])
@pytest.mark.parametrize("form", ['value="{}"/>', ">{}</property>"])
def test_length_of_properties(form, length, refused):
    data = suite(f'<testcase name="t"><properties><property name="nodeid" {form.format("x" * length)}</properties></testcase>').replace('" >', '">')
    assert _refused(data.encode()) == refused


def _refused(data: bytes, limits: Limits | None = None) -> bool:
    try:
        read_results(data, "r.xml", **({"limits": limits} if limits else {}))
    except RefusedError as error:
        return error.code == "LM-MTX-006"
    return False
