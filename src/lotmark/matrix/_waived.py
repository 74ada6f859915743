"""The desk where the evaluation asks for waivers; it notes which took effect, which could not and which nobody needed."""

from collections.abc import Collection, Iterable, Sequence

from lotmark.base.findings import Finding, Severity
from lotmark.matrix._file import Category
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._subjects import Subject
from lotmark.matrix.models import TestRun, Waiver, WaiverReview, WaiverView
from lotmark.trace.api import base_test_id
from lotmark.trace.models import TraceGraph


class WaiverDesk:
    """Answers for one evaluation."""

    def __init__(self, review: WaiverReview) -> None:
        self._review = review
        self._used: set[str] = set()
        self._lost: set[str] = set()
        self._blocked: dict[str, list[str]] = {}

    def waiver_for(self, test: str | None, subject: Subject, category: Category) -> str | None:
        """The id of the waiver that covers a result which is not a pass (`test` None: the subject has no test); None if none does.

        A waiver of a test holds in every row, one of an item in that item's row alone.
        """
        for waiver, _ in self._review.active:
            names = {test, base_test_id(test)} if test else set()
            if names.isdisjoint(waiver.scope.tests) and subject.id not in waiver.scope.items:
                continue
            if category.gating == "blocking":
                self._blocked.setdefault(waiver.waiver, []).append(f"{subject.id} in {category.id}")
                continue
            self._used.add(waiver.waiver)
            return waiver.waiver
        return None

    def accepts(self, items: tuple[str, ...]) -> str | None:
        """The waiver in which a person accepted that one of these items is covered less than before; None if nobody did."""
        for waiver, _ in self._review.active:
            if not waiver.scope.items.isdisjoint(items):
                self._used.add(waiver.waiver)
                self._lost.update(items)
                return waiver.waiver
        return None

    def note_runs(self, index: MatrixIndex, test_runs: Sequence[TestRun]) -> None:
        """Note waivers of tests that no row asks for, and that were red all the same: they were tolerated at their stage."""
        for run in test_runs:
            for test in run.tests:
                if test.status == "passed" or index.is_blocking(test.id, run.layer):
                    continue
                names, items = {test.id, base_test_id(test.id)}, test.verifies
                for waiver, _ in self._review.active:
                    if names & set(waiver.scope.tests) or (items and waiver.scope.items.issuperset(items)):
                        self._used.add(waiver.waiver)

    def used(self) -> tuple[WaiverView, ...]:
        """The waivers that took effect, in log order."""
        return tuple(_view(waiver, index) for waiver, index in self._review.active if waiver.waiver in self._used)

    def findings(self, graph: TraceGraph, tests: Collection[str]) -> Iterable[Finding]:
        """Why waivers did not apply, what they name that does not exist, and which were not needed."""
        yield from self._review.findings
        known = {*tests, *(base_test_id(test) for test in tests), *graph.sources.verifies}
        for waiver, _ in self._review.active:
            name = waiver.waiver
            if name in self._blocked:
                places = self._blocked[name]
                more = f" and {len(places) - 3} more" if len(places) > 3 else ""
                yield _finding(
                    "060",
                    f"the waiver {name} does not apply to {', '.join(places[:3])}{more}: the category is blocking",
                    name,
                    "mend what fails; if waivers are to be possible, the category must be `gating: waivable`, a change under approval like any other",
                )
            strangers = sorted(
                {
                    *(test for test in waiver.scope.tests if test not in known),
                    *(item for item in waiver.scope.items if item not in graph.items and item not in self._lost),
                }
            )
            if strangers:
                yield _finding(
                    "062",
                    f"the waiver {name} names {', '.join(strangers[:5])}, which does not exist",
                    name,
                    "sign a new waiver that names the ids as they stand in the results and in quality/",
                )
            if name not in self._used and name not in self._blocked:
                yield _finding("061", f"the waiver {name} was not needed", name, "close it with `lotmark waive --close`", Severity.INFO)


def _view(waiver: Waiver, index: int) -> WaiverView:
    return WaiverView(
        id=waiver.waiver, scope=waiver.scope, reason=waiver.reason, residual_risk=waiver.residual_risk, owner=waiver.owner, expires=waiver.expires, index=index
    )


def _finding(number: str, message: str, subject: str, cure: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(f"LM-MTX-{number}", message, severity, None, subject, cure)
