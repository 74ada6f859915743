"""The reader of results files: bytes of any producer -> a report, or a refusal with code and line.

The format is told by the content, never by the file's name.
"""

import io
from collections.abc import Callable
from typing import BinaryIO, Final

from lotmark.base.errors import NothingToJudgeError
from lotmark.base.limits import Limits
from lotmark.matrix._dotnet import NUnit, Trx, XUnit
from lotmark.matrix._json_results import read_json_results
from lotmark.matrix._junit import JUnit
from lotmark.matrix._robot import Robot
from lotmark.matrix._xml import PIECE, XmlPass
from lotmark.matrix.models import ResultCase, ResultFormat, ResultReport

RESULT_LIMITS: Final = Limits(max_bytes=512 * 1024 * 1024, max_depth=64, max_items=2_000_000)

_Any = JUnit | NUnit | XUnit | Trx | Robot
_ROOTS: Final[dict[str, tuple[ResultFormat, type[_Any]]]] = {
    "testsuites": ("junit", JUnit),
    "testsuite": ("junit", JUnit),
    "test-run": ("nunit", NUnit),
    "test-results": ("nunit", NUnit),
    "assemblies": ("xunit", XUnit),
    "assembly": ("xunit", XUnit),
    "TestRun": ("trx", Trx),
    "robot": ("robot", Robot),
}
_KNOWN: Final = "JUnit XML (root <testsuites> or <testsuite>), NUnit, xUnit.net, TRX, Robot Framework's output.xml, CTRF or RSpec's JSON"


def read_results(data: bytes, name: str, *, limits: Limits = RESULT_LIMITS) -> ResultReport:
    """The report in `data`; `name` is how messages call the file.

    Raises:
        RefusedError: LM-MTX-001 empty, -002 output before the XML, -003 not well-formed, -004 truncated, -005 document type
            or entity, -006 over a limit, -007 no format that is read, -010 encoding.
        NothingToJudgeError: LM-MTX-008 if it holds no test case.
    """
    cases: list[ResultCase] = []
    report = scan_results(io.BytesIO(data), name, cases.append, limits=limits)
    return ResultReport(report.name, tuple(cases), report.suites, report.gaps, report.format)


def scan_results(stream: BinaryIO, name: str, take: Callable[[ResultCase], object], *, limits: Limits = RESULT_LIMITS) -> ResultReport:
    """As `read_results`, from a stream: each case goes to `take` when it is read, and the report holds none.

    For JUnit XML memory does not grow with the file. What `take` was given counts only if the call returns: a file is read
    whole or refused.
    """
    head = stream.read(PIECE)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}:
        report = read_json_results(head + stream.read(limits.max_bytes), name, take, limits)
        return _with_cases(report, name, 1, report.gaps[0].declared if report.gaps and not report.suites else 0)
    found: list[tuple[ResultFormat, _Any]] = []

    def choose(root: str) -> Callable[[XmlPass], _Any]:
        kind, dialect = _ROOTS[root]

        def make(reading: XmlPass) -> _Any:
            made = dialect(reading, take)
            found.append((kind, made))
            return made

        return make

    reading = XmlPass(name, limits, {root: choose(root) for root in _ROOTS}, _KNOWN)
    reading.read(head, stream)
    reading.settle()
    kind, dialect = found[0]
    report = ResultReport(name, (), dialect.suites, tuple(dialect.gaps), kind)
    return _with_cases(report, name, reading.root_line, dialect.declared, reading.cases)


def _with_cases(report: ResultReport, name: str, line: int, declared: int, cases: int | None = None) -> ResultReport:
    """The report, if it holds a case (None: as many as it has suites).

    Raises:
        NothingToJudgeError: LM-MTX-008 if it holds none.
    """
    if (report.suites if cases is None else cases) > 0:
        return report
    claims = f" although it declares {declared}" if declared else ""
    raise NothingToJudgeError(
        "LM-MTX-008",
        f"{name} holds no test case{claims}",
        where=f"{name}:{line}",
        solution="run at least one test; a results file without cases mostly means that the filter matched nothing or that the runner died",
    )
