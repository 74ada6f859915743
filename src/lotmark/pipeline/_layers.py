"""Running one layer of tests: list what is expected, run the command in the sandbox on the built outputs, collect."""

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from lotmark.attest.models import Subject
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError, UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.builds.api import run_command
from lotmark.builds.models import CommandReport
from lotmark.ids.api import parse_id
from lotmark.matrix.api import (
    PastRun,
    build_test_result,
    build_test_run,
    collect_results,
    durations,
    find_active_waivers,
    find_known_tests,
    find_reusable,
    parse_test_list,
    parse_test_run,
    plan_tests,
    read_matrix,
    split_tests,
)
from lotmark.matrix.models import Attempt, CollectContext, CollectedResults, FileRef, Layer, MatrixFile, Plan, ResultFile, TestRecord, TestRun, WaiverReview
from lotmark.pipeline._context import StageContext, read_run
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.product.api import changed_paths, is_ancestor
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

    def past_runs(self, layer: Layer) -> list[tuple[TestRun, str]]:
        """The layer's results of the product's earlier runs, oldest first, each with the digest of its statement."""
        found = []
        for entry in self.context.settings.reader.entries(kind="test-run"):
            told = entry.statement.predicate
            if told.get("layer") == layer and parse_id(told["run"], self.context.product.id).product == self.context.product.id:
                found.append((parse_test_run(told), Digest.of(entry.envelope.payload).hex))
        return found

    def reusable(self, layer: Layer) -> dict[str, TestRecord]:
        """Results of earlier runs that may stand in for tests of the layer."""
        if not self.matrix.reuse:
            return {}
        context = self.context
        past = [PastRun(run, sha256, self._changed_since(run.run)) for run, sha256 in self.past_runs(layer) if run.run != context.run]
        artifacts = [digest.hex for digest in context.output_digests().values()]
        return find_reusable(self.matrix, past, artifacts=artifacts, at=context.settings.clock.now())

    def _changed_since(self, run: str) -> tuple[str, ...] | None:
        """What changed since the commit of an earlier run; None where its history is not this one's."""
        opened = read_run(self.context.settings.reader, run).find("run-opened")
        if opened is None:
            return None
        commit, head = opened.statement.predicate["source"]["commit"], self.context.identity.commit
        root = self.context.product.root
        return changed_paths(root, commit, head) if is_ancestor(root, commit, head) else None

    def plan(self, listed: Mapping[Layer, Mapping[str, Collection[str]]], reusable: Mapping[str, TestRecord] | None = None) -> Plan:
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
            reusable=reusable,
        )


def run_layer(
    bench: TestBench, layer: Layer, folder: Path, lent: Mapping[str, TestRecord] | None = None
) -> tuple[CollectedResults, Plan, Sequence[Path], list[Finding]]:
    """List, run (again while red, as often as declared) and collect one layer; results files lie below `folder`.

    `lent` are results that stand in for tests of other layers, so that the plan says so of them.

    Raises:
        RefusedError, NothingToJudgeError: if nothing usable was left; see `collect_results`.
    """
    context = bench.context
    declared: TestLayer = getattr(context.product.file.tests, layer)
    if declared.shards > 1 and not (declared.selection and declared.list_command):
        raise UsageError(
            "LM-MTX-074",
            f"the {layer} tests cannot be spread over {declared.shards} workers: nobody lists them, or the command cannot be told which to run",
            where=f"lotmark.yaml: tests.{layer}",
            solution="give the layer a `list-command` and a `selection`, or remove `shards`",
        )
    listed = _list_tests(context, declared, layer, folder / "list")
    reusable = bench.reusable(layer)
    plan = bench.plan({layer: listed} if listed else {}, {**(lent or {}), **reusable})
    expected = sorted(set(listed) & plan.selected_ids(layer)) if listed else sorted(_only(plan, layer))
    shards = split_tests(expected, declared.shards, durations(run for run, _ in bench.past_runs(layer))) if declared.shards > 1 else (tuple(expected),)
    attempts: list[Attempt] = []
    reports: list[Sequence[CommandReport]] = []
    for number in range(1, declared.attempts + 1):
        over = f" over {len(shards)} workers" if len(shards) > 1 else ""
        context.note(f"{len(expected)} expected test{'' if len(expected) == 1 else 's'}{over}" + (f", attempt {number}" if number > 1 else ""))
        ran = _run_shards(context, declared, folder / f"attempt-{number}", shards)
        reports.append(ran)
        attempts.append(_attempt(ran))
        if attempts[-1].exit_code == 0:
            break
    left_out = [entry.test for entry in plan.left_out]
    collected = collect_results(
        layer,
        attempts,
        run=context.run,
        product=context.product.id,
        expected=expected,
        expected_complete=bool(listed),
        optional=left_out,
        verifies=verifies_of(bench.graph),
        shards=shards if len(shards) > 1 else (),
        reused=[reusable[test] for test in left_out if test in reusable],
        matrix=bench.matrix,
        waivers=bench.waivers,
        context=_collect_context(context, declared, reports[-1][0]),
    )
    files = [result.path for ran in reports for report in ran for result in report.results]
    return collected, plan, files, [finding for report in reports[-1] for finding in _stopped(report, layer)]


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
    marks = [
        f"{count} {what}"
        for what, count in (
            ("reused", sum(1 for test in run.tests if test.reused)),
            ("in quarantine", sum(1 for test in run.tests if test.quarantined)),
            ("red for the environment", sum(1 for test in run.tests if test.environment)),
        )
        if count
    ]
    return f"{counted} reported: " + (", ".join(words) or "nothing") + (f" ({', '.join(marks)})" if marks else "")


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


def _run_shards(context: StageContext, declared: TestLayer, folder: Path, shards: Sequence[Sequence[str]]) -> Sequence[CommandReport]:
    """Run the layer's command once for each worker, side by side where there are several."""
    if len(shards) == 1:
        return (_run(context, declared, folder, shards[0]),)
    with ThreadPoolExecutor(min(len(shards), os.cpu_count() or 1), thread_name_prefix="shard") as pool:
        running = [pool.submit(_run, context, declared, folder / f"shard-{number}", ids) for number, ids in enumerate(shards, 1) if ids]
        return [each.result() for each in running]


def _run(context: StageContext, declared: TestLayer, folder: Path, ids: Sequence[str]) -> CommandReport:
    selection = {}
    if declared.selection:
        listing = folder.with_name(f"{folder.name}.selection")
        listing.parent.mkdir(parents=True, exist_ok=True)
        listing.write_text("".join(f"{test}\n" for test in ids), encoding="utf-8")
        selection[declared.selection] = listing
    with context.outputs() as outputs:
        return run_command(
            context.product.root,
            context.identity.commit,
            declared.command,
            context.product.file.environment,
            folder,
            context.settings.clock,
            results=declared.results,
            extra_files={**outputs, **selection},
            working_directory=declared.working_directory,
            timeout=declared.timeout,
            network=declared.network,
        )


def _attempt(reports: Sequence[CommandReport]) -> Attempt:
    """What the workers left, as one attempt: it is red if one of them is."""
    # A results file that is tracked in the source and was not written anew is shown with the time of the commit, so that it counts as stale.
    files = tuple(
        ResultFile(result.name, result.path.read_bytes(), datetime.fromtimestamp(0 if result.stale else result.modified_at, UTC), number)
        for number, report in enumerate(reports, 1)
        for result in report.results
    )
    return Attempt(
        files,
        min(report.started_at for report in reports),
        max(report.finished_at for report in reports),
        next((report.exit_code for report in reports if report.exit_code), 0),
    )


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
