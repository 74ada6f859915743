"""One layer's results, held against what was expected.

The last attempt is the result: a test that it does not mention is missing, whatever an earlier attempt said. Every
attempt stays visible. The worst of several results for one id in one attempt holds.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError
from lotmark.base.limits import Limits
from lotmark.ids.api import parse_id
from lotmark.matrix._collect_findings import Received
from lotmark.matrix._identity import pytest_names
from lotmark.matrix._reports import RESULT_LIMITS
from lotmark.matrix._reuse import stand_in, told_reuse
from lotmark.matrix._shards import lost_shards, shard_records
from lotmark.matrix._tests import Tolerance
from lotmark.matrix._tries import Try, attempts_of, read_attempt, refuse_nothing
from lotmark.matrix.models import (
    Attempt,
    AttemptRecord,
    CollectContext,
    CollectedResults,
    Counts,
    FileRef,
    Layer,
    MatrixFile,
    ShardRecord,
    TestAttempt,
    TestRecord,
    TestRun,
    WaiverReview,
)
from lotmark.trace.api import base_test_id


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
    tries = [read_attempt(attempt, limits, names) for attempt in attempts]
    refuse_nothing(layer, tries)
    tolerance = Tolerance(matrix, waivers or WaiverReview(), layer, attempts[-1].finished_at)
    judge = _Judge(tries, product, expected, frozenset(optional), verifies or _nothing, reasons or {}, tolerance)
    tests = judge.tests()
    received = Received(layer, tries, judge.expected, expected_complete, judge.unexpected, judge.bad_ids, reasons or {}, tolerance)
    spread = shard_records(tries[-1].cases, shards)
    findings = [*received.findings(tests), *lost_shards(layer, spread), *told_reuse(layer, standing_in := stand_in(tests, reused))]
    tests = tuple(sorted((*(test for test in tests if test.id not in standing_in), *standing_in.values()), key=lambda test: test.id))
    return CollectedResults(_test_run(run, layer, tries, tests, judge, context or CollectContext(), spread), tuple(findings))


def _nothing(_: str) -> tuple[str, ...]:
    return ()


class _Judge:
    """Every test of one layer: its result, every attempt, and what it verifies."""

    def __init__(
        self,
        tries: Sequence[Try],
        product: str,
        expected: Collection[str],
        optional: frozenset[str],
        verifies: Callable[[str], Collection[str]],
        reasons: Mapping[str, str],
        tolerance: Tolerance,
    ) -> None:
        self._tries = tries
        self._last = tries[-1]
        self._product = product
        self._verifies = verifies
        self._reasons = reasons
        self._tolerance = tolerance
        self.bad_ids: dict[str, str] = {}
        self.expected = frozenset(expected)
        seen = dict.fromkeys(identity for found in tries for identity in found.cases)
        bases = {base_test_id(identity) for identity in seen}
        absent = sorted(e for e in self.expected if e not in seen and e not in bases)
        self.ids = sorted((*seen, *absent))
        self.missing = tuple(identity for identity in self.ids if identity not in self._last.cases)
        known = self.expected | optional
        self.unexpected = tuple(sorted(i for i in self._last.cases if i not in known and base_test_id(i) not in known)) if self.expected else ()

    def tests(self) -> tuple[TestRecord, ...]:
        return tuple(self._test(identity) for identity in self.ids)

    def _test(self, identity: str) -> TestRecord:
        attempts = tuple(self._placed(attempt) for found in self._tries for attempt in attempts_of(found.cases.get(identity)))
        shown = next((found.cases[identity][0] for found in reversed(self._tries) if identity in found.cases), None)
        green = attempts[-1].status == "passed"
        red_then_green = green and any(attempt.status in {"failed", "error", "missing"} for attempt in attempts[:-1])
        verified = self._verified(identity)
        waiver = None if green else self._tolerance.waiver_of(identity, verified)
        return TestRecord(
            id=identity,
            name=shown.name if shown else identity.rpartition("::")[2],
            suite=shown.suite if shown else "",
            file=shown.file if shown else "",
            status=attempts[-1].status,
            seconds=attempts[-1].seconds,
            attempts=attempts,
            verifies=verified,
            red_then_green=red_then_green,
            reason=(_look_up(self._reasons, identity) or self._tolerance.explained(identity) or self._rerun(attempts[:-1])) if red_then_green else "",
            quarantined=self._tolerance.quarantined(identity),
            waived=waiver.waiver if waiver else "",
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
                self.bad_ids.setdefault(word, f"the test {identity} says that it verifies {word[:80]!r}: {error.reason}")
            else:
                found[item.short if item.product == self._product else item.canonical] = None
        return tuple(found)


def _look_up(table: Mapping[str, str], identity: str) -> str:
    return table.get(identity) or table.get(base_test_id(identity), "")


def _test_run(
    run: str, layer: Layer, tries: Sequence[Try], tests: tuple[TestRecord, ...], judge: _Judge, context: CollectContext, shards: tuple[ShardRecord, ...]
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
