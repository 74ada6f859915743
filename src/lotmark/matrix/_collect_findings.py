"""What is wrong with the results of one layer: expected against received, the command's exit code, tests that are red."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lotmark.base.findings import Finding, Location, Severity
from lotmark.matrix._tests import Tolerance
from lotmark.matrix._tries import Try
from lotmark.matrix.models import Layer, TestRecord

WHOLE_LAYER: Final = "*"
"""Key of `reasons` for an attempt that broke as a whole (no results, unreadable results)."""
RED_GREEN_HELP: Final = "find the cause; until then say why under `unstable` in quality/matrix.yaml, with an owner and a last day"


@dataclass(frozen=True, slots=True)
class Received:
    """The results of one layer beside what was expected of it."""

    layer: Layer
    tries: Sequence[Try]
    expected: frozenset[str]
    complete: bool
    """Whether `expected` is the whole list."""
    unexpected: tuple[str, ...]
    bad_ids: Mapping[str, str]
    """What results say that they verify and is no identifier -> the message."""
    reasons: Mapping[str, str]
    tolerance: Tolerance

    @property
    def last(self) -> Try:
        """The attempt that is the result."""
        return self.tries[-1]

    def findings(self, tests: Sequence[TestRecord]) -> list[Finding]:
        found = [*self._refused_files(), *self._broken_attempts(), *self._gaps(), *self._duplicates(), *self._exit_code()]
        for test in tests:
            found += self._of_test(test)
        found += self._unexpected_tests()
        found += [_finding("028", message, self.layer, "name identifiers of the product, separated by commas") for message in self.bad_ids.values()]
        return found

    def _refused_files(self) -> Iterable[Finding]:
        for error in self.last.refusals:
            yield Finding(error.code, error.reason, Severity.ERROR, _location(error.where), error.where, error.solution)

    def _broken_attempts(self) -> Iterable[Finding]:
        """Earlier attempts that broke as a whole: their single tests are not known, so nobody can say what went red."""
        reason = self.reasons.get(WHOLE_LAYER, "")
        for number, found in enumerate(self.tries[:-1], 1):
            if found.cases and not found.refusals:
                continue
            what = "; ".join(error.reason for error in found.refusals) or f"it left no results (exit code {found.attempt.exit_code})"
            yield _finding(
                "023",
                f"attempt {number} of the {self.layer} tests broke and a later one did not: {what}{_because(reason)}",
                self.layer,
                RED_GREEN_HELP,
                Severity.WARNING if reason else Severity.ERROR,
            )

    def _gaps(self) -> Iterable[Finding]:
        # With a complete list of ids the declared counts add nothing; pytest's count sub-tests that it does not list.
        severity = Severity.WARNING if self.expected and self.complete else Severity.ERROR
        for report in self.last.reports:
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
        for identity, cases in sorted(self.last.cases.items()):
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
        code = self.last.attempt.exit_code
        red = sorted(i for i, cases in self.last.cases.items() if any(case.status in {"failed", "error"} for case in cases))
        if code == 0 and red:
            yield _finding(
                "024",
                f"the {self.layer} command ended with exit code 0 although {len(red)} tests failed, first {red[0]}",
                self.layer,
                "do not hide the exit code (`|| true`, a pipe, a wrapper script)",
            )
        elif code != 0 and not red:
            yield _finding(
                "025",
                f"the {self.layer} command ended with exit code {code} although no test in its results failed",
                self.layer,
                "look at the command's output: a crash at the end, a coverage limit, tests that never reported",
            )

    def _of_test(self, test: TestRecord) -> Iterable[Finding]:
        tolerance = self.tolerance.tolerated(test.id, test.verifies)
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
                f"nobody said which {self.layer} tests to expect, so a test that vanished would not be noticed",
                self.layer,
                "give the layer a `list-command` in lotmark.yaml",
                Severity.WARNING,
            )
        elif self.unexpected and self.complete:
            some = ", ".join(self.unexpected[:3]) + (" ..." if len(self.unexpected) > 3 else "")
            yield _finding(
                "021",
                f"{len(self.unexpected)} tests reported that nobody expected: {some}",
                self.layer,
                "the list command and the test command must select the same tests",
                Severity.WARNING,
            )


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
