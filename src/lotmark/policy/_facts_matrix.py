"""The facts of the test matrix, its waivers and the trace graph."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from lotmark.policy import _facts_model as model
from lotmark.policy._claims import Claims
from lotmark.policy._evidence import MatrixEvaluation, RequiredShape, Row, TestRun, TraceItem, TraceSnapshot, WaiverShape
from lotmark.policy._selection import REQUIRED_LAYERS, Selection
from lotmark.policy._waivers import covers, covers_test, has_ended, is_whole

_NO_COUNTS = model.Counts(required=0, passed=0, failed=0, missing=0, incomplete=0, waived=0)


def matrix_fact(selection: Selection, claims: Claims) -> model.Matrix:
    """The matrix as evaluated, each claim held against the run's own tests."""
    found = selection.find("matrix-evaluation", MatrixEvaluation)
    if found is None:
        return model.Matrix(present=False, rows=0, blocking=_NO_COUNTS, waivable=_NO_COUNTS, informational=_NO_COUNTS, unsatisfied=[], critical=[])
    unstable = _unstable(selection)
    judged = [(row, required, claims.row_status(row, required)) for row in found.rows for required in row.required]
    return model.Matrix(
        present=True,
        rows=len(found.rows),
        blocking=_counts(judged, "blocking"),
        waivable=_counts(judged, "waivable"),
        informational=_counts(judged, "informational"),
        unsatisfied=[_required(row, required, status) for row, required, status in judged if status != "passed"],
        critical=[
            model.CriticalTest(
                id=test.id,
                subject=row.subject,
                category=required.category,
                layer=test.layer,
                status=claims.status_of(test),
                unstable=test.id in unstable,
            )
            for row, required, _ in judged
            if required.gating == "blocking"
            for test in required.tests
            # What is in quarantine is asked for nothing; whether the row holds without it, its status says.
            if not test.quarantined
        ],
    )


def _unstable(selection: Selection) -> set[str]:
    names: set[str] = set()
    for layer in REQUIRED_LAYERS:
        latest = selection.find_layer(layer)
        if latest is not None:
            names |= unstable_tests(latest, selection.test_runs)
    return names


def unstable_tests(latest: TestRun, runs: list[TestRun]) -> set[str]:
    """Tests that passed at last and had failed before, in this attempt or an earlier one of the run, and nobody said why."""
    failed = {test.id for run in runs if run is not latest and run.layer == latest.layer for test in run.tests if test.status in {"failed", "error"}}
    return {test.id for test in latest.tests if test.status == "passed" and not test.reason and (test.red_then_green or test.id in failed)}


def _required(row: Row, required: RequiredShape, status: str) -> model.RequiredFact:
    return model.RequiredFact(
        subject=row.subject, kind=row.kind, title=row.title, changed=row.changed, category=required.category, gating=required.gating, status=status
    )


def _counts(judged: Sequence[tuple[Row, RequiredShape, str]], gating: str) -> model.Counts:
    """Counted anew: the sums that the evaluation states are one more claim."""
    found = Counter(status for _, required, status in judged if required.gating == gating)
    return model.Counts(
        required=found.total(),
        passed=found["passed"],
        failed=found["failed"],
        missing=found["missing"],
        incomplete=found["incomplete"],
        waived=found["waived"],
    )


def waivers_fact(selection: Selection, today: date) -> model.Waivers:
    """The waivers that the matrix used: each whole, in its time, and inside its scope."""
    found = selection.find("matrix-evaluation", MatrixEvaluation)
    if found is None:
        return model.Waivers(present=False, items=[], uses=[])
    product = selection.run.product.id if selection.run else ""
    listed = {waiver.id: waiver for waiver in found.waivers}
    return model.Waivers(
        present=True,
        items=[_waiver(waiver, product, today) for waiver in found.waivers],
        uses=[
            model.WaiverUse(waiver=test.waiver, test=test.id, subject=row.subject, covered=covers(listed.get(test.waiver), test.id, row.subject))
            for row in found.rows
            for required in row.required
            for test in required.tests
            if test.waiver
        ],
    )


def _waiver(waiver: WaiverShape, product: str, today: date) -> model.WaiverFact:
    return model.WaiverFact(
        id=waiver.id,
        reason=waiver.reason,
        residual_risk=waiver.residual_risk,
        owner=waiver.owner,
        expires=waiver.expires,
        expired=has_ended(waiver, today),
        well_formed=is_whole(waiver, product),
    )


def excused_tests(selection: Selection, claims: Claims, missing: list[str]) -> set[str]:
    """Those of the missing tests that may be: left out by the matrix with a reason, or under a waiver in force."""
    found = selection.find("matrix-evaluation", MatrixEvaluation)
    if found is None:
        return set()
    sound = {waiver.id: waiver for waiver in claims.sound}
    tests = [(test, row.subject) for row in found.rows for required in row.required for test in required.tests]
    used = {test.id for test, subject in tests if covers(sound.get(test.waiver or ""), test.id, subject)}
    left_out = {left.test for left in found.left_out if left.reason.strip()}
    return {test for test in missing if test in used | left_out or any(covers_test(waiver, test) for waiver in claims.sound)}


def trace_fact(selection: Selection) -> model.Trace:
    """The trace graph: what it says against itself, and what the changed requirements lack."""
    found = selection.find("trace-snapshot", TraceSnapshot)
    if found is None:
        return model.Trace(
            present=False, items=0, requirements=0, with_risk_or_need=0, with_test=0, verified=0, changed=[], changed_classes=[], errors=[], gaps=[]
        )
    items = {item.id: item for item in found.items}
    changed = [items[name] for name in found.changed if name in items]
    product_class = selection.run.product.safety_class if selection.run else ""
    return model.Trace(
        present=True,
        items=len(items),
        requirements=found.coverage.requirements,
        with_risk_or_need=found.coverage.with_risk_or_need,
        with_test=found.coverage.with_test,
        verified=found.coverage.verified,
        changed=found.changed,
        changed_classes=sorted({item.safety_class or product_class for item in changed}),
        errors=[model.TraceFinding(code=f.code, message=f.message, subject=f.subject or "") for f in found.findings if f.severity == "error"],
        gaps=_gaps(changed, selection.find("matrix-evaluation", MatrixEvaluation)),
    )


def _gaps(changed: list[TraceItem], matrix: MatrixEvaluation | None) -> list[model.Gap]:
    tested = {row.subject for row in matrix.rows if any(required.tests or required.status == "waived" for required in row.required)} if matrix else set()
    gaps: list[model.Gap] = []
    for item in changed:
        if not item.type.endswith("requirement") or item.status == "obsolete":
            continue
        if not item.links:
            gaps.append(model.Gap(id=item.id, title=item.title, lacks="a link to a need, a risk control or a higher requirement"))
        if item.id not in tested:
            gaps.append(model.Gap(id=item.id, title=item.title, lacks="a required test"))
    return gaps
