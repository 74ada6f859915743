"""The matrix over the results: for each hazard, risk control and changed requirement, what had to pass and what did.

Only a passing result covers. A category of a subject has passed if at least one test of it that counts for the subject
passed and none that had to run did anything else. A test counts for every item that it verifies and for all above.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lotmark.base.errors import NothingToJudgeError
from lotmark.base.findings import Finding, Severity
from lotmark.matrix._file import Category, Gating, Layer, MatrixFile
from lotmark.matrix._globs import matches_any
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._losses import Baseline, find_losses, judge_losses
from lotmark.matrix._lost_tests import Standing
from lotmark.matrix._subjects import Coverage, Subject, find_subjects
from lotmark.matrix._waived import WaiverDesk
from lotmark.matrix.models import (
    CategoryResult,
    CategoryView,
    CoverageLoss,
    CoveringTest,
    GatingSummary,
    MatrixEvaluation,
    MatrixResult,
    Plan,
    QuarantineView,
    Row,
    RowStatus,
    Summary,
    TestRun,
    TestStatus,
    WaiverReview,
)
from lotmark.trace.api import base_test_id
from lotmark.trace.models import TraceGraph

_WORST: Final[dict[RowStatus, int]] = {"passed": 0, "waived": 1, "incomplete": 2, "missing": 3, "failed": 4}
_BAD: Final[dict[TestStatus, int]] = {"passed": 0, "skipped": 1, "missing": 2, "failed": 3, "error": 4}
_CODES: Final[dict[RowStatus, str]] = {"failed": "040", "missing": "041", "incomplete": "042", "waived": "043"}
_HELP: Final = {
    "failed": "mend the product or the test",
    "missing": "write a test for it, let it name the item with a `verifies` marker, and let it run",
    "incomplete": "let every test that counts run and pass",
    "waived": "see to it before the waiver expires",
}


@dataclass(frozen=True, slots=True)
class _Result:
    """One test of one layer with the items that it verifies; `counts` is whether it passed with nothing left to explain."""

    id: str
    layer: Layer
    status: TestStatus
    counts: bool
    items: frozenset[str]
    quarantined: str = ""
    reused: str | None = None
    environment: str = ""


def evaluate_matrix(
    matrix: MatrixFile,
    graph: TraceGraph,
    test_runs: Sequence[TestRun],
    *,
    run: str,
    waivers: WaiverReview | None = None,
    changed_items: Collection[str] = (),
    plan: Plan | None = None,
    baseline: Baseline | None = None,
    first_release: bool = False,
    safety_class: str = "C",
) -> MatrixResult:
    """The evaluation and every finding; an error among them closes the gate.

    Args:
        matrix: The parsed `quality/matrix.yaml`.
        graph: The product's trace graph.
        test_runs: The test runs of this run, one of each layer; of two of one layer the worse result of a test holds.
        run: Canonical run id.
        waivers: From `find_active_waivers` for this product, version and moment.
        changed_items: Requirements (and other items) that changed, or that the commits since the last release reference.
        plan: What had to run; known tests that it selected and that did not report are missing. None: what the results say.
        baseline: The last release; what it covered and this one does not is a finding that a person signs for.
        first_release: Every requirement is a row.
        safety_class: Of the product; holds where an item does not name its own.

    Raises:
        NothingToJudgeError: LM-MTX-012 without a test run, LM-MTX-013 if the graph holds nothing that tests could cover.
        UsageError: LM-MTX-030 or LM-MTX-031 if the matrix contradicts itself.
    """
    index = MatrixIndex(matrix)
    if not test_runs:
        raise NothingToJudgeError("LM-MTX-012", "there is no test run to evaluate", solution="run the test stages first")
    subjects = find_subjects(index, graph, changed_items, first_release=first_release, safety_class=safety_class)
    if not any(subject.in_scope and subject.needs_tests for subject in subjects):
        raise NothingToJudgeError(
            "LM-MTX-013",
            f"{graph.product} has no hazard, risk control or requirement that tests could cover",
            solution="write quality/requirements/ and quality/risks/, or give their place with --config",
        )
    coverage = Coverage(graph)
    results = _gather(index, coverage, test_runs, plan)
    desk = WaiverDesk(waivers or WaiverReview())
    evaluator = _Evaluator(index, results, desk, _left_out(plan, results))
    rows = tuple(evaluator.row(subject) for subject in subjects if subject.in_scope and subject.needs_tests)
    quarantined = tuple(_in_quarantine(matrix, results, rows))
    lost, told = _lost(baseline, index, graph, subjects, Standing(index, _standing(results, plan, coverage)), desk) if baseline else ([], [])
    desk.note_runs(index, test_runs)
    findings = [*evaluator.findings, *told, *_accepted_risks(subjects), *desk.findings(graph, {result.id for result in results})]
    evaluation = MatrixEvaluation(
        run=run,
        product=graph.product,
        categories=tuple(_view(category) for category in matrix.categories),
        rows=rows,
        selected=plan.selected if plan else (),
        left_out=plan.left_out if plan else (),
        waivers=desk.used(),
        summary=_summary(rows),
        quarantined=quarantined,
        losses=tuple(lost),
    )
    return MatrixResult(evaluation, tuple(findings))


def _gather(index: MatrixIndex, coverage: Coverage, test_runs: Sequence[TestRun], plan: Plan | None) -> tuple[_Result, ...]:
    """Every test with a result, and every selected one without, by layer and id; the worse of two results holds."""
    found: dict[tuple[Layer, str], _Result] = {}
    for run in test_runs:
        for test in run.tests:
            counts = test.status == "passed" and (not test.red_then_green or bool(test.reason))
            origin = test.reused.run if test.reused else None
            items = coverage.verified(test.id, test.verifies)
            result = _Result(test.id, run.layer, test.status, counts and not test.quarantined, items, test.quarantined, origin, test.environment)
            other = found.get((run.layer, test.id))
            if other is not None:
                worse = max(result, other, key=lambda r: (_BAD[r.status], not r.counts))
                result = replace(worse, counts=result.counts and other.counts, items=result.items | other.items)
            found[run.layer, test.id] = result
    if plan is not None:
        reported = {(layer, name) for layer, test in found for name in (test, base_test_id(test))}
        selected = plan.selected_ids()
        for known in plan.tests:
            if known.id not in selected:
                continue
            layers = {known.layer} if known.layer else {category.layer for category in index.categories_of(known.id, None)}
            for layer in layers or {category.layer for category in index.matrix.categories}:
                if (layer, known.id) not in reported and not (known.layer is None and any(test == known.id for _, test in reported)):
                    found[layer, known.id] = _Result(known.id, layer, "missing", counts=False, items=coverage.verified(known.id, known.verifies))
    return tuple(found[key] for key in sorted(found))


def _left_out(plan: Plan | None, results: Iterable[_Result]) -> frozenset[str]:
    """Tests that the plan left out and that indeed did not run."""
    if plan is None:
        return frozenset()
    ran = {name for result in results if result.status != "missing" for name in (result.id, base_test_id(result.id))}
    return frozenset(entry.test for entry in plan.left_out) - ran


def _standing(results: Iterable[_Result], plan: Plan | None, coverage: Coverage) -> Iterable[tuple[str, Layer | None, frozenset[str]]]:
    """Every test that reported or is known, with its layer and what it verifies."""
    yield from ((result.id, result.layer, result.items) for result in results if result.status != "missing")
    yield from ((known.id, known.layer, coverage.verified(known.id, known.verifies)) for known in (plan.tests if plan else ()))


def _lost(
    baseline: Baseline, index: MatrixIndex, graph: TraceGraph, subjects: Sequence[Subject], standing: Standing, desk: WaiverDesk
) -> tuple[list[CoverageLoss], list[Finding]]:
    return judge_losses(baseline.version, find_losses(baseline, index, graph, subjects, standing), desk.accepts)


class _Evaluator:
    """Judges one subject after the other."""

    def __init__(self, index: MatrixIndex, results: Sequence[_Result], desk: WaiverDesk, left_out: frozenset[str]) -> None:
        self.findings: list[Finding] = []
        self._desk = desk
        self._members: dict[str, list[_Result]] = {category.id: [] for category in index.matrix.categories}
        for result in results:
            if result.id not in left_out and base_test_id(result.id) not in left_out:
                for category in index.categories_of(result.id, result.layer):
                    self._members[category.id].append(result)

    def row(self, subject: Subject) -> Row:
        required = tuple(self._category(subject, category) for category in subject.needs)
        if not required:
            self._say(
                "044",
                f"nothing says which tests {subject.kind} {subject.id} needs, so nothing covers it",
                subject.id,
                "add a line for it under `requires` or `overrides` in quality/matrix.yaml",
                Severity.ERROR,
            )
        weighing = [result.status for result in required if result.gating != "informational"] or [result.status for result in required] or ["missing"]
        status: RowStatus = max(weighing, key=lambda s: _WORST[s])
        return Row(subject=subject.id, kind=subject.kind, title=subject.title, changed=subject.changed, required=required, status=status)

    def _category(self, subject: Subject, category: Category) -> CategoryResult:
        members = [result for result in self._members[category.id] if not result.items.isdisjoint(subject.items)]
        # What is in quarantine is shown and counts for nothing, whatever it says.
        results = [result for result in members if not result.quarantined]
        waivers = [None if result.counts else self._desk.waiver_for(result.id, subject, category) for result in results]
        status = _status(results)
        if status != "passed":
            by_subject = self._desk.waiver_for(None, subject, category) if not results else None
            if by_subject or (results and all(waiver or result.counts for waiver, result in zip(waivers, results, strict=True))):
                status = "waived"
            self._report(subject, category, status, results, [by_subject, *waivers])
        idle = [result for result in members if result.quarantined]
        if idle and category.gating == "blocking" and not any(result.counts for result in results):
            self._say(
                "069",
                f"{idle[0].id} may not be in quarantine: no other test covers {subject.kind} {subject.id} in {category.id}, which is blocking",
                subject.id,
                "take it out of quarantine and mend it, or let another test cover the item first",
                Severity.ERROR,
            )
        covering = [*zip(results, waivers, strict=True), *((result, None) for result in idle)]
        tests = tuple(
            CoveringTest(
                id=result.id,
                status=result.status,
                layer=result.layer,
                waiver=waiver,
                quarantined=bool(result.quarantined),
                reused=result.reused,
                environment=result.environment,
            )
            for result, waiver in covering
        )
        return CategoryResult(category=category.id, gating=category.gating, status=status, tests=tests)

    def _report(self, subject: Subject, category: Category, status: RowStatus, results: Sequence[_Result], waivers: Sequence[str | None]) -> None:
        bad = [result for result in results if not result.counts]
        if status == "waived":
            names = ", ".join(sorted({waiver for waiver in waivers if waiver}))
            what = f"waived by {names}"
        elif not results:
            what = "no test of the category verifies it"
        else:
            first = ", ".join(f"{result.id} ({'red, then green without a reason' if result.status == 'passed' else result.status})" for result in bad[:3])
            what = f"{len(bad)} of {len(results)} tests did not pass: {first}{' ...' if len(bad) > 3 else ''}"
        informational = category.gating == "informational"
        severity = Severity.INFO if informational else Severity.WARNING if status == "waived" else Severity.ERROR
        self._say(_CODES[status], f"{subject.kind} {subject.id} is {status} in {category.id} ({category.gating}): {what}", subject.id, _HELP[status], severity)

    def _say(self, number: str, message: str, subject: str, cure: str, severity: Severity) -> None:
        self.findings.append(Finding(f"LM-MTX-{number}", message, severity, None, subject, cure))


def _status(results: Sequence[_Result]) -> RowStatus:
    """What the tests of one category say of one subject, waivers aside."""
    if any(result.status in {"failed", "error"} for result in results):
        return "failed"
    if not results or all(result.status == "missing" for result in results):
        return "missing"
    return "passed" if all(result.counts for result in results) else "incomplete"


def _in_quarantine(matrix: MatrixFile, results: Iterable[_Result], rows: Sequence[Row]) -> Iterable[QuarantineView]:
    """Each test in quarantine, what it would have counted for, and what of that nothing else covers."""
    for result in results:
        if not result.quarantined:
            continue
        entry = next(entry for entry in matrix.quarantine if matches_any(result.id, entry.tests) and f"until {entry.expires})" in result.quarantined)
        places = [(row, required) for row in rows for required in row.required if any(test.id == result.id and test.quarantined for test in required.tests)]
        yield QuarantineView(
            test=result.id,
            reason=entry.reason,
            owner=entry.owner,
            expires=entry.expires,
            status=result.status,
            subjects=tuple(dict.fromkeys(row.subject for row, _ in places)),
            uncovered=tuple(dict.fromkeys(row.subject for row, required in places if required.status != "passed")),
        )


def _accepted_risks(subjects: Sequence[Subject]) -> Iterable[Finding]:
    for subject in subjects:
        if not subject.needs_tests:
            yield Finding(
                "LM-MTX-045",
                f"hazard {subject.id} is no row: its risk was accepted without control",
                Severity.INFO,
                None,
                subject.id,
                "nothing, if the rationale in the hazard still holds",
            )


def _view(category: Category) -> CategoryView:
    return CategoryView(
        id=category.id,
        title=category.title,
        owner=category.owner,
        environment=category.environment,
        layer=category.layer,
        gating=category.gating,
        retention=category.retention,
        tests=category.tests,
    )


def _summary(rows: Sequence[Row]) -> Summary:
    counts: dict[Gating, dict[str, int]] = {"blocking": {}, "waivable": {}, "informational": {}}
    for row in rows:
        for result in row.required:
            one = counts[result.gating]
            one["required"] = one.get("required", 0) + 1
            one[result.status] = one.get(result.status, 0) + 1
    return Summary(
        blocking=GatingSummary(**counts["blocking"]), waivable=GatingSummary(**counts["waivable"]), informational=GatingSummary(**counts["informational"])
    )
