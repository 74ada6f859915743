"""One layer's results, held against what was expected.

The last attempt is the result: a test that it does not mention is missing, whatever an earlier attempt said. Every
attempt stays visible. The worst of several results for one id in one attempt holds.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import msgspec

from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError, NothingToJudgeError, RefusedError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.limits import Limits
from lotmark.ids.api import parse_id
from lotmark.matrix._identity import pytest_names
from lotmark.matrix._reports import RESULT_LIMITS, read_results
from lotmark.matrix._reuse import stand_in, told_reuse
from lotmark.matrix._shards import lost_shards, shard_records
from lotmark.matrix._statuses import worst
from lotmark.matrix._tests import Tolerance
from lotmark.matrix.models import (
    Attempt,
    AttemptRecord,
    CollectContext,
    CollectedResults,
    Counts,
    FileRef,
    Layer,
    MatrixFile,
    ResultCase,
    ResultReport,
    ShardRecord,
    TestAttempt,
    TestRecord,
    TestRun,
    WaiverReview,
)
from lotmark.trace.api import base_test_id

STALE_TOLERANCE: Final = timedelta(milliseconds=20)
"""File times come from the kernel's coarse clock, which lags up to a tick behind the instant that the caller noted."""
WHOLE_LAYER: Final = "*"
"""Key of `reasons` for an attempt that broke as a whole (no results, unreadable results)."""


@dataclass(slots=True)
class _Try:
    """One attempt, read: its cases by id, what could not be read, suites that list fewer tests than they declare."""

    attempt: Attempt
    cases: dict[str, list[ResultCase]] = field(default_factory=dict)
    reports: list[ResultReport] = field(default_factory=list)
    refusals: list[LotmarkError] = field(default_factory=list)


def collect_results(
    layer: Layer,
    attempts: Sequence[Attempt],
    *,
    run: str,
    product: str,
    expected: Collection[str] = (),
    expected_complete: bool = True,
    optional: Collection[str] = (),
    verifies: Callable[[str], Collection[str]] | None = None,
    reasons: Mapping[str, str] | None = None,
    shards: Sequence[Collection[str]] = (),
    reused: Sequence[TestRecord] = (),
    matrix: MatrixFile | None = None,
    waivers: WaiverReview | None = None,
    context: CollectContext | None = None,
    limits: Limits = RESULT_LIMITS,
) -> CollectedResults:
    """The test run of one layer and every finding about it.

    Args:
        layer: Which layer ran.
        attempts: Each run of the layer's command, oldest first, with the results files that it left.
        run: Canonical run id.
        product: The product, whose namespace short ids belong to.
        expected: Ids of the tests that must report; an id without parameters stands for all its parameter sets.
        expected_complete: Whether `expected` is the whole list (a list command) or only what is known of it (markers).
        optional: Ids of tests that may report and need not, such as those that the plan left out.
        verifies: Test id -> ids that it verifies, beside what the results say themselves; see `trace.api.verifies_of`.
        reasons: Test id, base id or ``"*"`` (the layer as a whole) -> why red before green is accepted, beside the matrix.
        shards: What each worker had to run, in the order of their numbers, where the layer was spread over several.
        reused: Results of an earlier run that stand in for tests which did not run, see `find_reusable`.
        matrix: Says which tests are informational or waivable and which unstable ones are explained; without it every red test is an error.
        waivers: Those that hold now; a test that one covers may be red here, and stays red in the matrix.
        context: What is recorded beside the results.
        limits: Bounds for each file.

    Raises:
        RefusedError: no case was read because every file was refused; the code is that of the first refusal.
        NothingToJudgeError: LM-MTX-008 or LM-MTX-011 if nothing ran at all.
    """
    names = pytest_names((*expected, *optional))
    tries = [_read_attempt(attempt, limits, names) for attempt in attempts]
    _refuse_nothing(layer, tries)
    tolerance = Tolerance(matrix, waivers or WaiverReview(), layer, attempts[-1].finished_at)
    judge = _Judge(layer, tries, product, expected, expected_complete, frozenset(optional), verifies or _nothing, reasons or {}, tolerance)
    tests = judge.tests()
    spread = shard_records(tries[-1].cases, shards)
    findings = [*judge.findings(tests), *lost_shards(layer, spread), *told_reuse(layer, standing_in := stand_in(tests, reused))]
    tests = tuple(sorted((*(test for test in tests if test.id not in standing_in), *standing_in.values()), key=lambda test: test.id))
    return CollectedResults(_test_run(run, layer, tries, tests, judge, context or CollectContext(), spread), tuple(findings))


def _nothing(_: str) -> tuple[str, ...]:
    return ()


def _read_attempt(attempt: Attempt, limits: Limits, names: Mapping[str, str]) -> _Try:
    found = _Try(attempt)
    for file in attempt.files:
        try:
            if file.modified_at < attempt.started_at - STALE_TOLERANCE:
                raise RefusedError(
                    "LM-MTX-009",
                    f"{file.name} is stale: written {format_instant(file.modified_at)}, before this run started at {format_instant(attempt.started_at)}",
                    where=file.name,
                    solution="delete old results before the run, and check that the command writes to the files named in `results`",
                )
            report = read_results(file.data, file.name, limits=limits)
        except LotmarkError as error:
            found.refusals.append(error)
            continue
        found.reports.append(report)
        for case in report.cases:
            base = base_test_id(case.id)
            identity = names.get(base, base) + case.id[len(base) :]
            found.cases.setdefault(identity, []).append(case)
    return found


def _refuse_nothing(layer: Layer, tries: Sequence[_Try]) -> None:
    """Nothing was read in any attempt: there is no test run to record."""
    if any(found.cases for found in tries):
        return
    refusals = [error for found in tries for error in found.refusals]
    hard = next((error for error in refusals if not isinstance(error, NothingToJudgeError)), None)
    first = hard or next(iter(refusals), None)
    exits = ", ".join(str(found.attempt.exit_code) for found in tries) or "never"
    if first is None:
        raise NothingToJudgeError(
            "LM-MTX-011",
            f"the {layer} tests left no results file (exit code: {exits})",
            where=layer,
            solution="look at the command's output; `tests." + layer + ".results` in lotmark.yaml must name the files that it writes",
        )
    more = f"; {len(refusals) - 1} more of the layer's results files could not be used either" if len(refusals) > 1 else ""
    raise type(first)(first.code, f"{first.reason}{more} ({layer} tests, exit code: {exits})", where=first.where, solution=first.solution)


class _Judge:
    """Holds expected against received for one layer."""

    def __init__(
        self,
        layer: Layer,
        tries: Sequence[_Try],
        product: str,
        expected: Collection[str],
        complete: bool,
        optional: frozenset[str],
        verifies: Callable[[str], Collection[str]],
        reasons: Mapping[str, str],
        tolerance: Tolerance,
    ) -> None:
        self._layer = layer
        self._tries = tries
        self._last = tries[-1]
        self._product = product
        self._complete = complete
        self._verifies = verifies
        self._reasons = reasons
        self._tolerance = tolerance
        self._bad_ids: dict[str, str] = {}
        self.expected = frozenset(expected)
        seen = dict.fromkeys(identity for found in tries for identity in found.cases)
        bases = {base_test_id(identity) for identity in seen}
        absent = sorted(e for e in self.expected if e not in seen and e not in bases)
        self.ids = sorted((*seen, *absent))
        self.missing = tuple(identity for identity in self.ids if identity not in self._last.cases)
        known = self.expected | optional
        self.unexpected = tuple(sorted(i for i in self._last.cases if i not in known and base_test_id(i) not in known)) if self.expected else ()

    # ---- tests

    def tests(self) -> tuple[TestRecord, ...]:
        return tuple(self._test(identity) for identity in self.ids)

    def _test(self, identity: str) -> TestRecord:
        attempts = tuple(self._placed(attempt) for found in self._tries for attempt in _attempts(found.cases.get(identity)))
        shown = next((found.cases[identity][0] for found in reversed(self._tries) if identity in found.cases), None)
        green = attempts[-1].status == "passed"
        red_then_green = green and any(attempt.status in {"failed", "error", "missing"} for attempt in attempts[:-1])
        return TestRecord(
            id=identity,
            name=shown.name if shown else identity.rpartition("::")[2],
            suite=shown.suite if shown else "",
            file=shown.file if shown else "",
            status=attempts[-1].status,
            seconds=attempts[-1].seconds,
            attempts=attempts,
            verifies=self._verified(identity),
            red_then_green=red_then_green,
            reason=(_look_up(self._reasons, identity) or self._tolerance.explained(identity) or self._rerun(attempts[:-1])) if red_then_green else "",
            quarantined=self._tolerance.quarantined(identity),
        )

    def _placed(self, attempt: TestAttempt) -> TestAttempt:
        """The attempt with the cause in the environment that its message tells of, if it is red and one is declared."""
        found = self._tolerance.environment(attempt.message) if attempt.status in {"failed", "error"} else None
        return msgspec.structs.replace(attempt, environment=found.cause) if found else attempt

    def _rerun(self, red: Sequence[TestAttempt]) -> str:
        """Why red attempts may come before a green one: all have a cause in the environment that is declared to explain it."""
        causes: dict[str, None] = {}
        for attempt in red:
            if attempt.status in {"failed", "error", "missing"}:
                found = self._tolerance.environment(attempt.message)
                if found is None or not found.rerun:
                    return ""
                causes[f"{found.cause} ({found.owner})"] = None
        return f"environment failure: {', '.join(causes)}"

    def _verified(self, identity: str) -> tuple[str, ...]:
        words = [word for found in self._tries for case in found.cases.get(identity, ()) for word in case.verifies]
        words += self._verifies(identity)
        found: dict[str, None] = {}
        for word in words:
            try:
                item = parse_id(word, self._product)
            except LotmarkError as error:
                self._bad_ids.setdefault(word, f"the test {identity} says that it verifies {word[:80]!r}: {error.reason}")
            else:
                found[item.short if item.product == self._product else item.canonical] = None
        return tuple(found)

    # ---- findings

    def findings(self, tests: Sequence[TestRecord]) -> list[Finding]:
        found = [*self._refused_files(), *self._broken_attempts(), *self._gaps(), *self._duplicates(), *self._exit_code()]
        for test in tests:
            found += self._of_test(test)
        found += self._unexpected_tests()
        found += [_finding("028", message, self._layer, "name identifiers of the product, separated by commas") for message in self._bad_ids.values()]
        return found

    def _refused_files(self) -> Iterable[Finding]:
        for error in self._last.refusals:
            yield Finding(error.code, error.reason, Severity.ERROR, _location(error.where), error.where, error.solution)

    def _broken_attempts(self) -> Iterable[Finding]:
        """Earlier attempts that broke as a whole: their single tests are not known, so nobody can say what went red."""
        reason = self._reasons.get(WHOLE_LAYER, "")
        for number, found in enumerate(self._tries[:-1], 1):
            if found.cases and not found.refusals:
                continue
            what = "; ".join(error.reason for error in found.refusals) or f"it left no results (exit code {found.attempt.exit_code})"
            yield _finding(
                "023",
                f"attempt {number} of the {self._layer} tests broke and a later one did not: {what}{_because(reason)}",
                self._layer,
                RED_GREEN_HELP,
                Severity.WARNING if reason else Severity.ERROR,
            )

    def _gaps(self) -> Iterable[Finding]:
        # With a complete list of ids the declared counts add nothing; pytest's count sub-tests that it does not list.
        severity = Severity.WARNING if self.expected and self._complete else Severity.ERROR
        for report in self._last.reports:
            for gap in report.gaps:
                yield Finding(
                    "LM-MTX-027",
                    f"the suite {gap.suite!r} declares {gap.declared} tests and lists {gap.listed}",
                    severity,
                    Location(report.name, gap.line),
                    report.name,
                    "find out which tests are not in the file; with `list-command` in lotmark.yaml every test is expected by its id",
                )

    def _duplicates(self) -> Iterable[Finding]:
        for identity, cases in sorted(self._last.cases.items()):
            if len(cases) > 1:
                statuses = sorted({case.status for case in cases})
                suites = sorted({case.suite for case in cases})
                differ = len(statuses) > 1
                yield _finding(
                    "022",
                    f"{identity} stands {len(cases)} times in one attempt ({', '.join(statuses)}; suites: {', '.join(map(repr, suites))}); the worst result holds",
                    identity,
                    "give each test a name of its own",
                    Severity.ERROR if differ else Severity.WARNING,
                )

    def _exit_code(self) -> Iterable[Finding]:
        code = self._last.attempt.exit_code
        red = sorted(i for i, cases in self._last.cases.items() if any(case.status in {"failed", "error"} for case in cases))
        if code == 0 and red:
            yield _finding(
                "024",
                f"the {self._layer} command ended with exit code 0 although {len(red)} tests failed, first {red[0]}",
                self._layer,
                "do not hide the exit code (`|| true`, a pipe, a wrapper script)",
            )
        elif code != 0 and not red:
            yield _finding(
                "025",
                f"the {self._layer} command ended with exit code {code} although no test in its results failed",
                self._layer,
                "look at the command's output: a crash at the end, a coverage limit, tests that never reported",
            )

    def _of_test(self, test: TestRecord) -> Iterable[Finding]:
        tolerance = self._tolerance.tolerated(test.id, test.verifies)
        severity = Severity.WARNING if tolerance else Severity.ERROR
        if test.quarantined:
            said = "was red and then green" if test.red_then_green else f"is {test.status}"
            yield _finding(
                "064",
                f"{test.id} is in quarantine and counts for nothing; it {said} ({test.quarantined})",
                test.id,
                "mend the test or the product, and take it out of `quarantine` in quality/matrix.yaml",
                Severity.WARNING,
            )
        elif test.environment:
            first = test.attempts[-1].message.split("\n", 1)[0][:200]
            yield _finding(
                "065",
                f"{test.id} could not be run: {test.environment} ({first}){_because(tolerance)}",
                test.id,
                "mend the environment and run the tests again; nothing is known of the product by this",
                severity,
            )
        elif test.status == "missing":
            yield _finding(
                "020",
                f"{test.id} was expected and did not report{_because(tolerance)}",
                test.id,
                "find out why it did not run: a crash, a filter, a renamed test; if it is gone for good, remove it from what is expected",
                severity,
            )
        elif test.status in {"failed", "error"}:
            first = test.attempts[-1].message.split("\n", 1)[0][:200]
            yield _finding(
                "026",
                f"{test.id} {'failed' if test.status == 'failed' else 'ended with an error'}{': ' + first if first else ''}{_because(tolerance)}",
                test.id,
                "mend the product or the test; where the category allows it, a person can sign a waiver",
                severity,
            )
        elif test.status == "skipped":
            yield _finding(
                "029",
                f"{test.id} was skipped and covers nothing{_because(tolerance)}",
                test.id,
                "let it run, or accept that what it verifies stays uncovered",
                Severity.WARNING,
            )
        elif test.red_then_green:
            yield _finding(
                "023", f"{test.id} was red and then green{_because(test.reason)}", test.id, RED_GREEN_HELP, Severity.WARNING if test.reason else Severity.ERROR
            )

    def _unexpected_tests(self) -> Iterable[Finding]:
        if not self.expected:
            yield _finding(
                "021",
                f"nobody said which {self._layer} tests to expect, so a test that vanished would not be noticed",
                self._layer,
                "give the layer a `list-command` in lotmark.yaml",
                Severity.WARNING,
            )
        elif self.unexpected and self._complete:
            some = ", ".join(self.unexpected[:3]) + (" ..." if len(self.unexpected) > 3 else "")
            yield _finding(
                "021",
                f"{len(self.unexpected)} tests reported that nobody expected: {some}",
                self._layer,
                "the list command and the test command must select the same tests",
                Severity.WARNING,
            )


RED_GREEN_HELP: Final = "find the cause; until then say why under `unstable` in quality/matrix.yaml, with an owner and a last day"


def _attempts(cases: Sequence[ResultCase] | None) -> tuple[TestAttempt, ...]:
    """The tries of one test within one attempt of the layer; of several results for one id the worst holds."""
    if not cases:
        return (TestAttempt(status="missing"),)
    if len(cases) == 1:
        return cases[0].attempts
    status = cases[0].status
    for case in cases[1:]:
        status = worst(status, case.status)
    message = next((case.message for case in cases if case.status == status), "")
    earlier = tuple(attempt for case in cases for attempt in case.attempts[:-1])
    return (*earlier, TestAttempt(status=status, seconds=round(sum(case.seconds for case in cases), 6), message=message))


def _look_up(table: Mapping[str, str], identity: str) -> str:
    return table.get(identity) or table.get(base_test_id(identity), "")


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _finding(number: str, message: str, subject: str, cure: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(f"LM-MTX-{number}", message, severity, None, subject, cure)


def _location(where: str | None) -> Location:
    """``name:line:column`` as a Location; a name may hold colons itself."""
    parts = (where or "").rsplit(":", 2)
    numbers: list[int] = []
    while len(parts) > 1 and parts[-1].isdigit():
        numbers.insert(0, int(parts.pop()))
    return Location(":".join(parts), *numbers)


def _test_run(
    run: str, layer: Layer, tries: Sequence[_Try], tests: tuple[TestRecord, ...], judge: _Judge, context: CollectContext, shards: tuple[ShardRecord, ...]
) -> TestRun:
    counts = Counter(test.status for test in tests)
    files = [tuple(FileRef(name=file.name, sha256=Digest.of(file.data).hex) for file in found.attempt.files) for found in tries]
    records = tuple(
        AttemptRecord(
            exit_code=found.attempt.exit_code,
            started_at=format_instant(found.attempt.started_at),
            finished_at=format_instant(found.attempt.finished_at),
            results=results,
        )
        for found, results in zip(tries, files, strict=True)
    )
    return TestRun(
        run=run,
        layer=layer,
        command=context.command,
        started_at=records[0].started_at,
        finished_at=records[-1].finished_at,
        exit_code=records[-1].exit_code,
        environment=dict(context.environment),
        artifacts=context.artifacts,
        results=tuple(reference for results in files for reference in results),
        tests=tests,
        expected=len(judge.expected),
        received=len(tests) - counts["missing"],
        missing=judge.missing,
        unexpected=judge.unexpected,
        counts=Counts(passed=counts["passed"], failed=counts["failed"], error=counts["error"], skipped=counts["skipped"], missing=counts["missing"]),
        attempts=records,
        shards=shards,
    )
