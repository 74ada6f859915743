"""Stage 6, validation: the validation tests, then the risk-based matrix over all layers, and the trace as it stands."""

from collections.abc import Iterable
from typing import Final

from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.base.findings import Finding, has_errors
from lotmark.matrix.api import Baseline, build_matrix_evaluation, evaluate_matrix, parse_matrix_evaluation, parse_test_run
from lotmark.matrix.models import Layer, MatrixResult, TestRecord, TestRun
from lotmark.pipeline._context import StageContext, read_run
from lotmark.pipeline._layers import TestBench, add_layer, run_layer, summarise_layer
from lotmark.pipeline._trace_rules import judge_trace
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.trace.api import check_trace, mark_tests, roll_up
from lotmark.trace.predicates import build_risk_snapshot, build_trace_snapshot

LAYERS: Final[tuple[Layer, ...]] = ("unit", "integration", "validation")


def work(context: StageContext) -> StageResult:
    """For each hazard, risk control and changed requirement: what must have run, what did, and what that means."""
    builder = context.builder()
    bench = TestBench(context)
    evidence = context.evidence()
    change = evidence.predicate("change-summary")
    safety_class = context.product.file.product.safety_class
    runs = [parse_test_run(found.statement.predicate) for layer in LAYERS[:-1] if (found := evidence.find("test-run", layer=layer))]
    lent = {test.id: test for run in runs for test in run.tests if test.reused}
    findings: list[Finding] = []
    plan = None
    try:
        collected, plan, files, more = run_layer(bench, "validation", context.work_folder(), lent)
        add_layer(builder, context, collected, files)
        runs.append(collected.test_run)
        findings += [*more, *collected.findings]
        told = summarise_layer(collected)
    except (RefusedError, NothingToJudgeError) as error:
        findings.append(Finding(error.code, error.reason, subject=error.where, help=error.solution))
        told = error.reason
    tests = [(test, run.layer) for run in runs for test in run.tests]
    graph = mark_tests(bench.graph, [(test.id, layer) for test, layer in tests], complete=len(runs) == len(LAYERS))
    trace_findings = judge_trace(context, graph, check_trace(graph, safety_class=safety_class), safety_class=safety_class)
    coverage = roll_up(graph, _worst(test for test, _ in tests), {test.id: test.verifies for test, _ in tests})
    subjects = (context.source_subject,)
    builder.add(build_trace_snapshot(graph, coverage=coverage, run=context.run, changed=change["changedItems"], findings=trace_findings, subjects=subjects))
    builder.add(build_risk_snapshot(graph, run=context.run, subjects=subjects))
    result = evaluate_matrix(
        bench.matrix,
        graph,
        runs,
        run=context.run,
        waivers=bench.waivers,
        changed_items=bench.changed_items,
        plan=plan or bench.plan({}, lent),
        baseline=_baseline(context),
        first_release=change["base"] is None,
        safety_class=safety_class,
    )
    builder.add(build_matrix_evaluation(result.evaluation, subjects))
    findings += [*trace_findings, *result.findings]
    return builder.close(Outcome.REFUSED if has_errors(findings) else Outcome.ACCEPTED, f"{told}; {summarise_matrix(result, runs)}", findings)


def _baseline(context: StageContext) -> Baseline | None:
    """What the last release covered, from the evidence of its run."""
    if context.previous is None:
        return None
    released = read_run(context.settings.reader, context.previous.run)
    evaluation = released.find("matrix-evaluation")
    return Baseline(
        context.previous.version,
        released.predicate("trace-snapshot"),
        parse_matrix_evaluation(evaluation.statement.predicate) if evaluation else None,
    )


def _worst(tests: Iterable[TestRecord]) -> dict[str, str]:
    """Status of each test; one that runs in two layers has passed if it passed in both."""
    found: dict[str, str] = {}
    for test in tests:
        if found.get(test.id, "passed") == "passed":
            found[test.id] = "quarantined" if test.quarantined else test.status
    return found


def summarise_matrix(result: MatrixResult, runs: list[TestRun]) -> str:
    """The matrix in one line."""
    rows = result.evaluation.rows
    passed = sum(1 for row in rows if row.status == "passed")
    waived = sum(1 for row in rows if row.status == "waived")
    tests = sum(len(run.tests) for run in runs)
    return f"{passed} of {len(rows)} hazards, controls and requirements verified by {tests} tests" + (f", {waived} waived" if waived else "")
