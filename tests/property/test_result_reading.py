"""Reading JUnit XML: cases read many at once are those read one by one, whatever the pieces in which the file comes."""

import io
from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.matrix import _reports, _xml
from lotmark.matrix.api import read_results, scan_results
from lotmark.matrix.models import ResultCase

pytestmark = pytest.mark.verifies("REQ-009", "RC-005")

NAMES = st.one_of(
    st.sampled_from(["test_a", "test_a[x]", "test_a[x", "test_a]", "testA", "runTest", "shouldStop", "", "test a", "test_ü", "test_[]", "a\tb", "x" * 300]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"]), max_size=8),
)
CLASSES = st.sampled_from(["tests.unit.test_m.TestA", "tests.test_m", "app.tests", "app.tests.Case", "org.pump.FlowTest", "a b", "", "test_m.A.B", "x.y_tests"])
TIMES = st.sampled_from(["0.1", "12", "1e3", "-1", "nan", "inf", "", "1,234.5", "0.123456789", "soon", "99999999", "1e99"])
CHILDREN = st.sampled_from(
    [
        "",
        "",
        "",
        "<system-out>x</system-out>",
        "<failure message='m'/>",
        "<skipped/>",
        "<properties><property name='verifies' value='REQ-001'/></properties>",
        "<wrapped><error/></wrapped>",
        "<system-out/><system-err>y</system-err>",
    ]
)


@st.composite
def suites(draw: st.DrawFn) -> tuple[str, str]:
    """A file, and the same file in which no case can be read together with others."""
    plain, slow = [], []
    for number in range(draw(st.integers(1, 3))):
        head = f"<testsuite name={quoteattr(draw(st.sampled_from(['s', 't', ''])) + str(number))}>"
        plain.append(head)
        slow.append(head)
        for _ in range(draw(st.integers(0, 12))):
            attrs = f"classname={quoteattr(draw(CLASSES))} name={quoteattr(draw(NAMES))}"
            if draw(st.booleans()):
                attrs += f' time="{draw(TIMES)}"'
            inner = draw(CHILDREN)
            plain.append(f"<testcase {attrs}>{inner}</testcase>")
            slow.append(f'<testcase {attrs} other="x">{inner}</testcase>')
        plain.append("</testsuite>")
        slow.append("</testsuite>")
    case = '<testsuite><testcase name="last"/></testsuite>'
    return f"<testsuites>{''.join(plain)}{case}</testsuites>", f"<testsuites>{''.join(slow)}{case}</testsuites>"


class Dripping(io.BytesIO):
    """A stream that gives no more than a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(self._step, size) if size and size > 0 else self._step)


@given(suites())
def test_together_or_one_by_one_is_the_same(files: tuple[str, str]) -> None:
    plain, slow = (read_results(text.encode(), "r.xml") for text in files)
    assert plain.cases == slow.cases
    assert plain.gaps == slow.gaps


@given(suites(), st.integers(1, 40))
def test_the_pieces_do_not_matter(files: tuple[str, str], step: int) -> None:
    whole = read_results(files[0].encode(), "r.xml")
    cases: list[ResultCase] = []
    # The first piece tells the encoding and the root, so it is not cut.
    head = files[0].encode()[:64]
    stream = _Joined(head, Dripping(files[0].encode()[64:], step))
    report = scan_results(stream, "r.xml", cases.append)  # type: ignore[arg-type]
    assert tuple(cases) == whole.cases
    assert report.suites == whole.suites


class _Joined:
    def __init__(self, head: bytes, rest: Dripping) -> None:
        self._parts: Iterator[bytes] = iter([head])
        self._rest = rest

    def read(self, size: int) -> bytes:
        return next(self._parts, None) or self._rest.read(size)


@given(suites())
def test_another_parser_sees_as_many_cases(files: tuple[str, str]) -> None:
    tree = ET.fromstring(files[0])
    report = read_results(files[0].encode(), "r.xml")
    cases = tree.findall(".//testcase")
    assert len(report.cases) == len(cases)
    assert [case.name for case in report.cases] == [case.get("name") for case in cases]
    bad = {"failure", "error"}
    red = [any(inner.tag in bad for inner in case.iter()) for case in cases]
    assert [case.status in {"failed", "error"} for case in report.cases] == red
    assert all(case.status != "passed" for case, is_red in zip(report.cases, red, strict=True) if is_red)


@pytest.mark.parametrize("count", [1, 255, 256, 257, 258, 600, 1025])
def test_however_many_cases_wait_none_is_lost(count: int) -> None:
    red = {0, 5, 254, 255, 256, 257, count - 1}
    inner = "".join(f'<testcase classname="org.pump.FlowTest" name="t{n}" time="0.5"' + ("><failure/></testcase>" if n in red else "/>") for n in range(count))
    report = read_results(f'<testsuite name="s" tests="{count}">{inner}</testsuite>'.encode(), "r.xml")
    assert [case.id for case in report.cases] == [f"org.pump.FlowTest::t{n}" for n in range(count)]
    assert [n for n, case in enumerate(report.cases) if case.status == "failed"] == sorted(n for n in red if n < count)
    assert report.gaps == ()


def test_cases_of_two_suites_keep_their_suite() -> None:
    text = '<testsuites><testsuite name="a"><testcase classname="C" name="t" time="1"/></testsuite><testsuite name="b" file="b.c"><testcase classname="C" name="t" time="1"/></testsuite></testsuites>'
    assert [(case.suite, case.file) for case in read_results(text.encode(), "r.xml").cases] == [("a", ""), ("b", "b.c")]


def test_a_case_within_a_case_is_its_own() -> None:
    text = '<testsuite><testcase name="outer"><testcase name="inner"><failure/></testcase></testcase><testcase name="next"/></testsuite>'
    assert [(case.name, case.status) for case in read_results(text.encode(), "r.xml").cases] == [("inner", "failed"), ("outer", "passed"), ("next", "passed")]


def test_an_error_behind_the_last_case_is_the_suites() -> None:
    text = '<testsuite name="s"><testcase classname="C" name="t" time="1"/><error message="tear-down"/></testsuite>'
    assert [(case.id, case.status) for case in read_results(text.encode(), "r.xml").cases] == [("C::t", "passed"), ("s::(suite)", "error")]


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_small_pieces_of_other_encodings(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_xml, "PIECE", size)
    text = '<?xml version="1.0" encoding="{}"?><testsuite>' + "".join(f'<testcase name="Prüfung {n}"/>' for n in range(50)) + "</testsuite>"
    for label, codec in (("utf-16", "utf-16"), ("ISO-8859-1", "latin-1"), ("utf-8", "utf-8-sig")):
        report = read_results(text.format(label).encode(codec), "r.xml")
        assert [case.name for case in report.cases] == [f"Prüfung {n}" for n in range(50)]


def test_a_wrong_byte_in_a_later_piece_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_xml, "PIECE", 256)
    monkeypatch.setattr(_reports, "PIECE", 256)
    good = "<testsuite>\n" + '<testcase name="t"/>\n' * 100
    for label, head in (("utf-8", ""), ("shift_jis", '<?xml version="1.0" encoding="shift_jis"?>\n')):
        data = (head + good).encode() + b'<testcase name="\xff\xff"/>\n</testsuite>'
        with pytest.raises(Exception, match=f"is not {label} at byte {len(head + good) + 16}") as caught:
            read_results(data, "r.xml")
        assert caught.value.where == f"r.xml:{102 + bool(head)}"  # type: ignore[attr-defined]
