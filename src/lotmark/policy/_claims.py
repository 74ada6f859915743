"""Claims held against the tests themselves: what the matrix says of its rows, what a stage accepted.

The matrix and the outcomes of the stages are summaries that the pipeline wrote; the `test-run` of each layer is what they
summarise. Where the two differ, the claim counts for nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from lotmark.base.globs import matches_any
from lotmark.policy._evidence import CategoryShape, MatrixEvaluation, MatrixTest, RequiredShape, Row, StageResult, TestRun, TestShape, WaiverShape
from lotmark.policy._selection import REQUIRED_LAYERS, Selection
from lotmark.policy._waivers import covers, covers_items, covers_test, has_ended, is_whole

INCONSISTENT = "inconsistent"
_STATUSES = ("passed", "failed", "error", "skipped", "missing")


class Claims:
    """The claims of one run, and the tests that they are about."""

    def __init__(self, selection: Selection, today: date) -> None:
        self._selection = selection
        self._matrix = selection.find("matrix-evaluation", MatrixEvaluation)
        waivers = self._matrix.waivers if self._matrix else []
        product = selection.run.product.id if selection.run else ""
        self._listed = {waiver.id: waiver for waiver in waivers}
        self._left_out = {left.test for left in self._matrix.left_out} if self._matrix else set()
        self.sound: list[WaiverShape] = [waiver for waiver in waivers if is_whole(waiver, product) and not has_ended(waiver, today)]
        """The waivers that are whole and in force."""
        self._tests = {layer: _by_id(selection.find_layer(layer)) for layer in REQUIRED_LAYERS}

    def status_of(self, test: MatrixTest) -> str:
        """The status of a test of the matrix: where that claims a pass, what the test run of its layer says."""
        return test.status if test.status != "passed" else self._recorded(test)

    # ---- the matrix

    def row_status(self, row: Row, required: RequiredShape) -> str:
        """The status of a required category as evaluated, or ``inconsistent``."""
        return INCONSISTENT if any(self._row(row, required)) else required.status

    def _rows(self) -> Iterator[str]:
        for row in self._matrix.rows if self._matrix else ():
            for required in row.required:
                for why in self._row(row, required):
                    yield f"{row.subject}, {required.category}: {why}"

    def _row(self, row: Row, required: RequiredShape) -> Iterator[str]:
        """Everything that contradicts what the matrix says of one category of one row."""
        categories = [category for category in self._categories() if category.id == required.category]
        if len(categories) != 1:
            yield "the category is not listed, or more than once"
            return
        (category,) = categories
        if category.gating != required.gating:
            yield f"the category is {category.gating} in the list and {required.gating} in the row"
        for test in required.tests:
            if not _holds(category, test.id, test.layer):
                yield f"{test.id} ({test.layer}) does not belong to the category"
            elif self._recorded(test) != test.status:
                yield f"{test.id} is {test.status} in the matrix and {self._recorded(test)} in the {test.layer} tests"
            elif test.quarantined != bool(self._quarantine(test)):
                yield f"{test.id} is {'' if test.quarantined else 'not '}in quarantine in the matrix, and the {test.layer} tests say otherwise"
            elif not test.quarantined and not self._bears(row, required, test):
                yield f"the category is {required.status} although {test.id} {self._said(test)}"
        if required.status == "passed" and all(test.quarantined for test in required.tests):
            yield "the category is passed without a test"
        if required.status == "waived" and not self._waived(row, required):
            yield "the category is waived and no waiver covers it"
        yield from self._forgotten(row, required, category)

    def _bears(self, row: Row, required: RequiredShape, test: MatrixTest) -> bool:
        """Whether the test bears the status out that its category has; one that satisfies nobody needs no bearing out."""
        record = self._tests.get(test.layer, {}).get(test.id)
        counts = record is not None and record.counts
        if required.status == "waived":
            return counts or self._covered(row, test)
        return counts or required.status != "passed"

    def _waived(self, row: Row, required: RequiredShape) -> bool:
        if not all(test.quarantined for test in required.tests):
            return any(self._covered(row, test) for test in required.tests)
        return any(covers_items(waiver, (row.subject,)) for waiver in self._listed.values())

    def _covered(self, row: Row, test: MatrixTest) -> bool:
        return covers(self._listed.get(test.waiver or ""), test.id, row.subject)

    def _forgotten(self, row: Row, required: RequiredShape, category: CategoryShape) -> Iterator[str]:
        """Tests of the category that verify the subject and were not counted."""
        counted = {test.id for test in required.tests}
        for record in self._tests.get(category.layer, {}).values():
            # What the plan left out and what then did not run need not be counted.
            left_out = record.status == "missing" and record.id in self._left_out
            if row.subject in record.verifies and record.id not in counted and not left_out and _holds(category, record.id, category.layer):
                yield f"{record.id} verifies it and does not stand in the row"

    def _recorded(self, test: MatrixTest) -> str:
        record = self._tests.get(test.layer, {}).get(test.id)
        return record.status if record is not None else "missing"

    def _quarantine(self, test: MatrixTest) -> str:
        record = self._tests.get(test.layer, {}).get(test.id)
        return record.quarantined if record is not None else ""

    def _said(self, test: MatrixTest) -> str:
        return f"is {test.status}" if test.status != "passed" else "was red and then green, and nobody says why"

    # ---- the stages

    def stage(self, result: StageResult) -> list[str]:
        """Everything that contradicts the outcome ``accepted`` of a stage; nothing for other outcomes, which satisfy nobody."""
        if result.outcome != "accepted":
            return []
        found: list[str] = []
        if result.stage != "build":
            # What the build finds of differences is for the policy to judge, whatever they weigh.
            found += [f"{finding.code}: {finding.message}" for finding in result.findings if finding.severity == "error"]
        runs = self._selection.layer_runs(result.stage)
        if len(runs) > 1:
            found.append(f"there are {len(runs)} test runs")
        for run in runs[-1:]:
            found += [*_miscounted(run), *self._failing(run)]
        if result.stage == "validation":
            found += self._rows()
        return found

    def _failing(self, run: TestRun) -> Iterator[str]:
        """Tests with which no stage may be accepted. One that was skipped covers nothing; that is for the matrix to judge."""
        for test in run.tests:
            unknown = test.status not in _STATUSES
            if test.quarantined and not unknown:
                # It counts for nothing: whether the rows hold without it is asked of the matrix.
                continue
            if unknown or (test.status not in {"passed", "skipped"} and not self._tolerated(test, run.layer)):
                yield f"{test.id} is {test.status}"
            elif test.status == "passed" and not test.counts:
                yield f"{test.id} was red and then green, and nobody says why"
        if run.exit_code != 0 and not any(test.status in {"failed", "error"} for test in run.tests):
            yield f"the command ended with {run.exit_code} although no test failed"

    def _tolerated(self, test: TestShape, layer: str) -> bool:
        """Whether the test may be red: informational, or under a waiver in force where no blocking category holds it."""
        gatings = {category.gating for category in self._categories() if _holds(category, test.id, layer)}
        if gatings == {"informational"}:
            return True
        if not gatings or not gatings <= {"waivable", "informational"}:
            return False
        return any(covers_test(waiver, test.id) or covers_items(waiver, test.verifies) for waiver in self.sound)

    def _categories(self) -> list[CategoryShape]:
        return self._matrix.categories if self._matrix else []


def _by_id(run: TestRun | None) -> Mapping[str, TestShape]:
    """The tests of a layer; of several of one id one that does not count."""
    found: dict[str, TestShape] = {}
    for test in run.tests if run else ():
        if test.id not in found or not test.counts:
            found[test.id] = test
    return found


def _holds(category: CategoryShape, test: str, layer: str) -> bool:
    return category.layer == layer and (not category.tests or matches_any(test, category.tests))


def _miscounted(run: TestRun) -> Iterator[str]:
    """Where the summary of a test run differs from its tests."""
    counted = Counter(test.status for test in run.tests)
    for status in _STATUSES:
        claimed = getattr(run.counts, status)
        if claimed != counted[status]:
            yield f"{claimed} tests are said to be {status}, {counted[status]} are"
    received = len(run.tests) - counted["missing"]
    if run.received != received:
        yield f"{run.received} tests are said to have given a result, {received} did"
    missing = {test.id for test in run.tests if test.status == "missing"}
    yield from (f"{test} is {'not ' if test in missing else ''}said to be missing" for test in sorted(missing ^ set(run.missing)))
    yield from (f"{test} stands {times} times" for test, times in Counter(test.id for test in run.tests).items() if times > 1)
