"""Running one layer of tests: list what is expected, run the command in the sandbox on the built outputs, collect."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lotmark.attest.models import Subject
from lotmark.base.errors import RefusedError
from lotmark.base.findings import Finding, Severity
from lotmark.builds.api import run_command
from lotmark.builds.models import CommandReport
from lotmark.matrix.api import (
    build_test_result,
    build_test_run,
    collect_results,
    find_active_waivers,
    find_known_tests,
    parse_test_list,
    plan_tests,
    read_matrix,
)
from lotmark.matrix.models import Attempt, CollectContext, CollectedResults, FileRef, Layer, MatrixFile, Plan, ResultFile, WaiverReview
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.product.models import TestLayer
from lotmark.trace.api import load_product_trace, verifies_of
from lotmark.trace.models import TraceGraph


@dataclass
class TestBench:
    """What every layer of one run shares, read when first needed."""

    __test__ = False

    context: StageContext

    @cached_property
    def matrix(self) -> MatrixFile:
        return read_matrix(self.context.product.quality / "matrix.yaml", name="quality/matrix.yaml").value

    @cached_property
    def graph(self) -> TraceGraph:
        return load_product_trace(self.context.product)

    @cached_property
    def waivers(self) -> WaiverReview:
        context = self.context
        entries = context.product_entries("waiver", "waiver-closure")
        return find_active_waivers(
            entries,
            context.settings.clock.now(),
            product=context.product.id,
            version=context.product.version,
            rules=self.matrix.waivers,
            roles=context.roles(),
        )

    @cached_property
    def changed_items(self) -> tuple[str, ...]:
        change = self.context.evidence().predicate("change-summary")
        return tuple(sorted({*change["changedItems"], *change["referencedIds"]}))

    def plan(self, listed: Mapping[Layer, Mapping[str, Collection[str]]]) -> Plan:
        """What this run must run: a release candidate's plan over every known test."""
        change = self.context.evidence().predicate("change-summary")
        product = self.context.product
        tests = find_known_tests(self.matrix, self.graph, listed)
        return plan_tests(
            self.matrix,
            self.graph,
            tests,
            changed_paths=change["changedPaths"],
            changed_items=self.changed_items,
            first_release=change["base"] is None,
            safety_class=product.file.product.safety_class,
        )


def run_layer(bench: TestBench, layer: Layer, folder: Path) -> tuple[CollectedResults, Plan, Sequence[Path], list[Finding]]:
    """List, run (again while red, as often as declared) and collect one layer; results files lie below `folder`.

    Raises:
        RefusedError, NothingToJudgeError: if nothing usable was left; see `collect_results`.
    """
    context = bench.context
    declared: TestLayer = getattr(context.product.file.tests, layer)
    listed = _list_tests(context, declared, layer, folder / "list")
    plan = bench.plan({layer: listed} if listed else {})
    expected = sorted(set(listed) & plan.selected_ids(layer)) if listed else sorted(_only(plan, layer))
    attempts: list[Attempt] = []
    reports: list[CommandReport] = []
    for number in range(1, declared.attempts + 1):
        context.note(f"{len(expected)} expected test{'' if len(expected) == 1 else 's'}" + (f", attempt {number}" if number > 1 else ""))
        report = _run(context, declared, folder / f"attempt-{number}")
        reports.append(report)
        attempts.append(_attempt(report))
        if report.exit_code == 0:
            break
    collected = collect_results(
        layer,
        attempts,
        run=context.run,
        product=context.product.id,
        expected=expected,
        expected_complete=bool(listed),
        optional=[entry.test for entry in plan.left_out],
        verifies=verifies_of(bench.graph),
        matrix=bench.matrix,
        waivers=bench.waivers,
        context=_collect_context(context, declared, reports[-1]),
    )
    files = [result.path for report in reports for result in report.results]
    return collected, plan, files, _stopped(reports[-1], layer)


def add_layer(builder: ResultBuilder, context: StageContext, collected: CollectedResults, files: Sequence[Path]) -> None:
    """Record a layer as `test-run` and in-toto `test-result`, its JUnit files as blobs."""
    blobs = context.store([], files)
    subjects = tuple(Subject(name, {"sha256": digest.hex}) for name, digest in context.output_digests().items()) or (context.source_subject,)
    builder.add(build_test_run(collected.test_run, subjects), blobs)
    configuration = [FileRef(name=path, sha256=sha) for path, sha in context.identity.configuration if path in {"lotmark.yaml", "quality/matrix.yaml"}]
    builder.add(build_test_result(collected.test_run, subjects, configuration), blobs)


def summarise_layer(collected: CollectedResults) -> str:
    """Counts in words."""
    run = collected.test_run
    words = [f"{getattr(run.counts, name)} {name}" for name in ("passed", "failed", "error", "skipped", "missing") if getattr(run.counts, name)]
    counted = (
        f"{run.received} of {run.expected} expected test{'' if run.expected == 1 else 's'}" if run.expected else f"{run.received} tests, of an unknown number,"
    )
    return f"{counted} reported: " + (", ".join(words) or "nothing")


def _list_tests(context: StageContext, declared: TestLayer, layer: Layer, folder: Path) -> dict[str, tuple[str, ...]]:
    if not declared.list_command:
        return {}
    with context.outputs() as outputs:
        report = run_command(
            context.product.root,
            context.identity.commit,
            declared.list_command,
            context.product.file.environment,
            folder,
            context.settings.clock,
            results=[],
            extra_files=outputs,
            working_directory=declared.working_directory,
            timeout=declared.timeout,
        )
    if report.exit_code != 0 or report.stopped or report.stdout.omitted:
        raise RefusedError(
            "LM-PIP-015",
            f"the list command of the {layer} tests ended with {report.stopped or f'exit code {report.exit_code}'}",
            where=" ".join(declared.list_command),
            solution="make it print one test id per line (a tab and anything else may follow) and end with 0; its last words: " + report.stderr.last_lines(3),
        )
    return parse_test_list(report.stdout.data, " ".join(declared.list_command))


def _run(context: StageContext, declared: TestLayer, folder: Path) -> CommandReport:
    with context.outputs() as outputs:
        return run_command(
            context.product.root,
            context.identity.commit,
            declared.command,
            context.product.file.environment,
            folder,
            context.settings.clock,
            results=declared.results,
            extra_files=outputs,
            working_directory=declared.working_directory,
            timeout=declared.timeout,
            network=declared.network,
        )


def _attempt(report: CommandReport) -> Attempt:
    # A results file that is tracked in the source and was not written anew is shown with the time of the commit, so that it counts as stale.
    files = tuple(
        ResultFile(result.name, result.path.read_bytes(), datetime.fromtimestamp(0 if result.stale else result.modified_at, UTC)) for result in report.results
    )
    return Attempt(files, report.started_at, report.finished_at, report.exit_code)


def _collect_context(context: StageContext, declared: TestLayer, report: CommandReport) -> CollectContext:
    environment: dict[str, Any] = {
        "isolation": report.isolation.to_wire(),
        "tools": [{"name": tool.name, "version": tool.version} for tool in report.tools],
        "environmentSha256": report.environment.digest.hex,
    }
    artifacts = tuple(FileRef(name=name, sha256=digest.hex) for name, digest in context.output_digests().items())
    return CollectContext(tuple(declared.command), environment, artifacts)


def _stopped(report: CommandReport, layer: Layer) -> list[Finding]:
    findings = list(report.findings)
    if report.stopped:
        findings.append(
            Finding(
                "LM-PIP-013",
                f"the {layer} command was stopped: {report.stopped}",
                Severity.ERROR,
                subject=layer,
                help="raise `timeout` of the layer, or make the command end",
            )
        )
    return findings


def _only(plan: Plan, layer: Layer) -> set[str]:
    """The selected tests that are known to belong to this layer."""
    own = {test.id for test in plan.tests if test.layer == layer}
    return own & plan.selected_ids(layer)
