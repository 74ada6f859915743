"""The reader of JUnit XML: bytes of any producer -> a report, or a refusal with code and line.

There is no standard; this reads what Ant, Surefire, pytest, unittest-xml, jest-junit, mocha, googletest, CTest, xUnit,
PHPUnit, TestNG and others write: elements are known by name wherever they stand, counts are optional and never believed
over the cases. The scanner of `intake` does the parsing and refuses what is hostile; its refusals come out under this room's codes.

Only the absence of any sign of trouble in a named case is a pass: an unknown ``status`` word counts as an error.
"""

import codecs
import re
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError, NothingToJudgeError, RefusedError
from lotmark.base.limits import Limits
from lotmark.intake.api import XmlScanner
from lotmark.matrix._identity import SUITE, normalise_id
from lotmark.matrix.models import DeclaredGap, JUnitCase, JUnitReport, TestAttempt, TestStatus

JUNIT_LIMITS: Final = Limits(max_bytes=64 * 1024 * 1024, max_depth=64, max_items=1_000_000)
MAX_NAME: Final = 4096
"""Longest name, class name, file or property; longer ones are no identifiers but an attack or an accident."""
MAX_MESSAGE: Final = 2000
"""What is kept of a failure's text; the whole text stays in the results file, which is evidence too."""

_WORST: Final[dict[TestStatus, int]] = {"passed": 0, "skipped": 1, "missing": 2, "failed": 3, "error": 4}
_RESULTS: Final[dict[str, TestStatus]] = {"failure": "failed", "error": "error", "skipped": "skipped", "disabled": "skipped", "ignored": "skipped"}
_RERUN: Final[dict[str, TestStatus]] = {"rerunFailure": "failed", "rerunError": "error"}
_FLAKY: Final[dict[str, TestStatus]] = {"flakyFailure": "failed", "flakyError": "error"}
_TEXT: Final = frozenset({*_RESULTS, *_RERUN, *_FLAKY})
_STATUS_WORDS: Final[dict[str, TestStatus]] = {
    **dict.fromkeys(
        ("", "run", "ran", "pass", "passed", "ok", "success", "succeeded", "successful", "completed", "complete", "finished", "executed"), "passed"
    ),
    **dict.fromkeys(("fail", "failed", "failure", "ko"), "failed"),
    **dict.fromkeys(("error", "errored", "broken", "crashed", "timeout", "timedout", "aborted", "undefined"), "error"),
    **dict.fromkeys(
        ("skip", "skipped", "notrun", "not run", "not_run", "disabled", "ignored", "suppressed", "pending", "untested", "inconclusive", "todo", "filtered"),
        "skipped",
    ),
}
_START: Final = re.compile(rb"<\?xml|<testsuites?[\s>/]")


def worst(first: TestStatus, second: TestStatus) -> TestStatus:
    """The worse of two statuses; error is the worst, passed the best."""
    return first if _WORST[first] >= _WORST[second] else second


def read_junit(data: bytes, name: str, *, limits: Limits = JUNIT_LIMITS) -> JUnitReport:
    """The report in `data`; `name` is how messages call the file.

    Raises:
        RefusedError: LM-MTX-001 empty, -002 output before the XML, -003 not well-formed, -004 truncated, -005 document type
            or entity, -006 over a limit, -007 other XML, -010 encoding.
        NothingToJudgeError: LM-MTX-008 if it holds no test case.
    """
    if len(data) > limits.max_bytes:
        raise _refused(
            "006",
            f"{name} has {len(data)} bytes, more than {limits.max_bytes}",
            name,
            "split the results into several files, or keep console output out of them",
        )
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise _refused(
            "001", f"{name} is empty", name, "the runner died before it wrote its results, or wrote them elsewhere: look at its output and exit code"
        )
    reader = _Reader(name, limits)
    reader.parse(data)
    if not reader.cases:
        declared = reader.declared
        claims = f" although it declares {declared}" if declared else ""
        raise NothingToJudgeError(
            "LM-MTX-008",
            f"{name} holds no test case{claims}",
            where=f"{name}:{reader.root_line}",
            solution="run at least one test; a results file without cases mostly means that the filter matched nothing or that the runner died",
        )
    return JUnitReport(name, Digest.of(data), tuple(reader.cases), reader.suites, tuple(reader.gaps))


def _refused(number: str, reason: str, where: str, solution: str) -> RefusedError:
    return RefusedError(f"LM-MTX-{number}", reason, where=where, solution=solution)


_OURS: Final = {
    "LM-INT-004": ("010", "write the file in the encoding that its first line declares; without one it is UTF-8"),
    "LM-INT-005": ("006", "this is no plausible test result; if it is, split the file"),
    "LM-INT-008": ("003", "mend the producer; a results file is read whole or not at all"),
    "LM-INT-009": ("005", "write the results without <!DOCTYPE> and <!ENTITY>: no test runner needs them, attacks do"),
    "LM-INT-010": ("004", "the runner was killed or the disk was full while it wrote: run the tests again"),
}
"""The scanner's refusals under this room's codes, with the cure for results files."""


def _refuse_noise(data: bytes, name: str) -> None:
    """Refuse a file in which other text stands before the XML."""
    body = data.removeprefix(codecs.BOM_UTF8)
    start = _START.search(body)
    if start is None or start.start() == 0:
        return
    before = body[: start.start()]
    if before.lstrip().startswith(b"<"):
        return  # a comment, a document type: XML, and expat's business
    line = before.count(b"\n") + 1
    sample = before.strip().split(b"\n", 1)[0][:60].decode("utf-8", "replace")
    what = f"console output ({sample!r})" if sample else "white space"
    raise _refused(
        "002", f"{what} stands in {name} before the XML begins", f"{name}:{line}", "let the runner write its XML to a file of its own, not to standard output"
    )


@dataclass(slots=True)
class _Suite:
    """A suite (or the root) while it is open."""

    name: str
    file: str
    declared: int
    line: int
    listed: int = 0


@dataclass(slots=True)
class _Case:
    """A test case while it is open."""

    attrs: dict[str, str]
    suite: str
    line: int
    status: TestStatus
    message: str = ""
    before: list[TestAttempt] = field(default_factory=list)
    after: list[TestAttempt] = field(default_factory=list)
    nodeid: str = ""
    verifies: list[str] = field(default_factory=list)


class _Reader:
    """One pass over one file; collects cases in document order."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.cases: list[JUnitCase] = []
        self.gaps: list[DeclaredGap] = []
        self.suites = 0
        self.declared = 0
        self.root_line = 1
        self._name = name
        self._limits = limits
        # Elements need no bound of their own: nothing is kept of those that are no test case.
        self._scan = XmlScanner(self, what=name, error=RefusedError, limits=Limits(limits.max_bytes, limits.max_depth, limits.max_bytes))
        self._open: list[_Suite] = []
        self._case: list[_Case] = []
        self._text: list[str] | None = None
        self._text_size = 0
        self._text_depth = 0
        self._attrs: dict[str, str] = {}

    def parse(self, data: bytes) -> None:
        try:
            self._scan.scan(data, look=lambda text: _refuse_noise(text, self._name))
        except LotmarkError as error:
            if error.code not in _OURS:
                raise
            number, cure = _OURS[error.code]
            read = f"; {len(self.cases)} test cases were read before" if number == "004" else ""
            raise _refused(number, f"{error.reason}{read}", error.where or self._name, cure) from error

    def _where(self) -> str:
        return f"{self._name}:{self._scan.line}:{self._scan.column}"

    def _limit(self, what: str) -> LotmarkError:
        return _refused("006", f"{self._name}: {what}", self._where(), "this is no plausible test result; if it is, split the file")

    # ---- elements

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        """See `XmlHandler`."""
        tag = tag.rpartition(":")[2]
        if self._scan.depth == 1:
            self._root(tag)
        if self._text is not None:
            return
        if tag in {"testsuites", "testsuite"}:
            self._open_suite(tag, attrs)
        elif tag == "testcase":
            self._open_case(attrs)
        elif tag == "property":
            self._open_property(attrs)
        elif tag in _TEXT:
            self._attrs = attrs
            self._open_text()

    def end(self, tag: str) -> None:
        """See `XmlHandler`."""
        tag = tag.rpartition(":")[2]
        if self._text is not None:
            if self._scan.depth == self._text_depth:
                self._close_text(tag)
            return
        if tag == "testcase":
            self._close_case(self._case.pop())
        elif tag in {"testsuites", "testsuite"}:
            self._close_suite(self._open.pop())

    def _root(self, tag: str) -> None:
        self.root_line = self._scan.line
        if tag not in {"testsuites", "testsuite"}:
            raise _refused(
                "007",
                f"{self._name} is XML but not JUnit: its root element is <{tag[:40]}>",
                self._where(),
                "let the runner write JUnit XML (root <testsuites> or <testsuite>), or convert it",
            )

    def _attribute(self, attrs: dict[str, str], *names: str) -> str:
        """The first of these attributes that is there."""
        value = next((attrs[name] for name in names if attrs.get(name)), "")
        if len(value) > MAX_NAME:
            raise self._limit(f"the attribute {names[0]!r} has {len(value)} characters, more than {MAX_NAME}")
        return value

    def _open_suite(self, tag: str, attrs: dict[str, str]) -> None:
        self.suites += tag == "testsuite"
        count = attrs.get("tests", "").strip()
        declared = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
        self.declared = max(self.declared, declared)
        self._open.append(_Suite(self._attribute(attrs, "name"), self._attribute(attrs, "file", "filepath"), declared, self._scan.line))

    def _close_suite(self, suite: _Suite) -> None:
        if suite.declared > suite.listed:
            self.gaps.append(DeclaredGap(suite.name, suite.declared, suite.listed, suite.line))
        if self._open:
            self._open[-1].listed += suite.listed

    def _open_case(self, attrs: dict[str, str]) -> None:
        if len(self.cases) >= self._limits.max_items:
            raise self._limit(f"more than {self._limits.max_items} test cases")
        words = {attrs.get(key, "").strip().lower() for key in ("status", "result")}
        status: TestStatus = "passed"
        message = ""
        for word in sorted(words):
            known = _STATUS_WORDS.get(word)
            if known is None:
                message = f"the status {word[:40]!r} is not known and so does not count as passed"
            status = worst(status, known or "error")
        self._case.append(_Case(attrs, self._open[-1].name, self._scan.line, status, message))

    def _close_case(self, case: _Case) -> None:
        attrs = case.attrs
        suite = self._open[-1]
        name, classname = self._attribute(attrs, "name"), self._attribute(attrs, "classname", "class")
        own_file = self._attribute(attrs, "file", "filepath")
        seconds = _seconds(attrs.get("time") or attrs.get("duration", ""))
        result = TestAttempt(status=case.status, seconds=seconds, message=case.message)
        identity = normalise_id(nodeid=case.nodeid, classname=classname, name=name, file=own_file, suite=case.suite)
        self._add(
            JUnitCase(
                identity,
                name,
                classname,
                case.suite,
                own_file or suite.file,
                case.after[-1].status if case.after else case.status,
                seconds,
                case.message,
                case.line,
                (*case.before, result, *case.after),
                tuple(case.verifies),
            )
        )

    def _add(self, case: JUnitCase) -> None:
        self.cases.append(case)
        self._open[-1].listed += len(case.attempts)  # Surefire counts each try of a test

    # ---- what stands inside a case or a suite

    def _open_property(self, attrs: dict[str, str]) -> None:
        self._attrs = attrs
        if not self._case:
            return
        key = attrs.get("name", "")
        if key in {"nodeid", "verifies"} and "value" not in attrs:
            self._open_text()  # the value stands as text
        elif key in {"nodeid", "verifies"}:
            self._take_property(key, self._attribute(attrs, "value"))

    def _take_property(self, key: str, value: str) -> None:
        if key == "nodeid":
            self._case[-1].nodeid = value.strip()
        else:
            self._case[-1].verifies.extend(word for word in re.split(r"[\s,;]+", value) if word)

    def _open_text(self) -> None:
        self._text = []
        self._text_size = 0
        self._text_depth = self._scan.depth - 1
        self._scan.listen(True)

    def text(self, text: str) -> None:
        """See `XmlHandler`."""
        if self._text is not None and self._text_size < 2 * MAX_NAME:
            self._text.append(text[: 2 * MAX_NAME])
            self._text_size += len(text)

    def _close_text(self, tag: str) -> None:
        text = "".join(self._text or ()).strip()
        self._text = None
        self._scan.listen(False)
        if tag == "property":
            if len(text) > MAX_NAME:
                raise self._limit(f"a property has more than {MAX_NAME} characters")
            self._take_property(self._attrs["name"], text)
            return
        message = (self._attrs.get("message") or text or self._attrs.get("type", ""))[:MAX_MESSAGE]
        self._take_result(tag, message)

    def _take_result(self, tag: str, message: str) -> None:
        if not self._case:
            suite = self._open[-1]
            status = _RESULTS.get(tag, "error")
            attempt = TestAttempt(status=status, message=message)
            identity = normalise_id(nodeid="", classname="", name=SUITE, file="", suite=suite.name)
            self._add(JUnitCase(identity, SUITE, "", suite.name, suite.file, status, 0.0, message, self._scan.line, (attempt,), ()))
            return
        case = self._case[-1]
        if tag in _FLAKY:
            case.before.append(TestAttempt(status=_FLAKY[tag], seconds=_seconds(self._attrs.get("time", "")), message=message))
        elif tag in _RERUN:
            case.after.append(TestAttempt(status=_RERUN[tag], seconds=_seconds(self._attrs.get("time", "")), message=message))
        else:
            status = _RESULTS[tag]
            if worst(case.status, status) == status:
                case.message = message or case.message
            case.status = worst(case.status, status)


def _seconds(text: str) -> float:
    """A duration; 0 where the producer wrote none or nonsense (negative, not a number)."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return 0.0
    return round(value, 6) if isfinite(value) and 0 <= value < 1e9 else 0.0
