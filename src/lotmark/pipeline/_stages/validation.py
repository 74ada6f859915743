"""Stage 6, validation: the validation tests, then the risk-based matrix over all layers, and the trace as it stands."""

from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.base.findings import Finding, has_errors
from lotmark.matrix.api import build_matrix_evaluation, evaluate_matrix, parse_test_run
from lotmark.matrix.models import MatrixResult, TestRun
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._layers import TestBench, add_layer, run_layer, summarise_layer
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.trace.api import check_trace, roll_up
from lotmark.trace.predicates import build_risk_snapshot, build_trace_snapshot


def work(context: StageContext) -> StageResult:
    """For each hazard, risk control and changed requirement: what must have run, what did, and what that means."""
    builder = context.builder()
    bench = TestBench(context)
    evidence = context.evidence()
    change = evidence.predicate("change-summary")
    safety_class = context.product.file.product.safety_class
    runs = [parse_test_run(found.statement.predicate) for layer in ("unit", "integration") if (found := evidence.find("test-run", layer=layer))]
    findings: list[Finding] = []
    plan = None
    try:
        collected, plan, files, more = run_layer(bench, "validation", context.work_folder())
        add_layer(builder, context, collected, files)
        runs.append(collected.test_run)
        findings += [*more, *collected.findings]
        told = summarise_layer(collected)
    except (RefusedError, NothingToJudgeError) as error:
        findings.append(Finding(error.code, error.reason, subject=error.where, help=error.solution))
        told = error.reason
    trace_findings = check_trace(bench.graph, safety_class=safety_class)
    statuses = {test.id: test.status for run in runs for test in run.tests}
    coverage = roll_up(bench.graph, statuses)
    subjects = (context.source_subject,)
    builder.add(
        build_trace_snapshot(bench.graph, coverage=coverage, run=context.run, changed=change["changedItems"], findings=trace_findings, subjects=subjects)
    )
    builder.add(build_risk_snapshot(bench.graph, run=context.run, subjects=subjects))
    result = evaluate_matrix(
        bench.matrix,
        bench.graph,
        runs,
        run=context.run,
        waivers=bench.waivers,
        changed_items=bench.changed_items,
        plan=plan or bench.plan({}),
        first_release=change["base"] is None,
        safety_class=safety_class,
    )
    builder.add(build_matrix_evaluation(result.evaluation, subjects))
    findings += [*trace_findings, *result.findings]
    return builder.close(Outcome.REFUSED if has_errors(findings) else Outcome.ACCEPTED, f"{told}; {summarise_matrix(result, runs)}", findings)


def summarise_matrix(result: MatrixResult, runs: list[TestRun]) -> str:
    """The matrix in one line."""
    rows = result.evaluation.rows
    passed = sum(1 for row in rows if row.status == "passed")
    waived = sum(1 for row in rows if row.status == "waived")
    tests = sum(len(run.tests) for run in runs)
    return f"{passed} of {len(rows)} hazards, controls and requirements verified by {tests} tests" + (f", {waived} waived" if waived else "")
