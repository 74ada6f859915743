"""The twin build: stage once, build in two lanes, compare, and report what was measured and what was varied."""

import datetime as dt
import os
import shutil
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from lotmark.base.clock import Clock
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.builds._archives import stored_times
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._closer import Bench, find_conditions, keep_reports
from lotmark.builds._compare import compare_outputs, worst_verdict
from lotmark.builds._conditions import Conditions, claim_for, pinned, vary, wanted_dimensions
from lotmark.builds._facts import Measurement, measure
from lotmark.builds._judge import changed_finding, different_finding, isolation_findings, judge_run
from lotmark.builds._lane import PreparedLane, prepare_lane
from lotmark.builds._layout import Layout, make_layout
from lotmark.builds._outputs import collect
from lotmark.builds._sandbox import get_sandbox
from lotmark.builds._scratch import open_scratch, remove_tree
from lotmark.builds._source import changed_entries, list_source, stage_listed
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import (
    DEFAULT_QUOTA,
    BuildReport,
    Capabilities,
    Dimension,
    Lane,
    OutputComparison,
    OutputFile,
    Progress,
    Quota,
    SandboxResult,
    StagedSource,
    Verdict,
)
from lotmark.builds.ports import Sandbox
from lotmark.product.models import BuildSection, EnvironmentSection

_DOS_SECONDS = 2.0
"""The resolution of times in zip files; two builds within it can agree by chance."""
_MAX_LOOKED_INTO = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Twin:
    """What both lanes share."""

    sandbox: Sandbox
    capabilities: Capabilities
    layout: Layout
    staged: StagedSource
    config: BuildSection
    quota: Quota
    scratch: Path
    work: Path


def build_twice(
    repo: Path,
    commit: str,
    config: BuildSection,
    environment: EnvironmentSection,
    work: Path,
    clock: Clock,
    today: dt.date,
    *,
    quota: Quota = DEFAULT_QUOTA,
    dimensions: frozenset[Dimension] | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Build the commit in two lanes and compare; see `lotmark.builds.api.build_twice`."""
    say = progress or (lambda _: None)
    started_at = clock.now()
    sandbox, capabilities = get_sandbox(environment.backend, environment.image)
    layout = make_layout(environment, repo)
    for name in ("outputs", "twin", "logs", "diffoscope"):
        remove_tree(work / name)
    say("staging the source")
    listed = list_source(repo, commit)
    with open_scratch(work, needed=3 * listed.size) as scratch:
        staged = stage_listed(listed, scratch / "original")
        twin = Twin(sandbox, capabilities, layout, staged, config, quota, scratch, work)
        first = pinned()
        second, varied, missing = vary(first, wanted_dimensions(config.twin) if dimensions is None else dimensions, capabilities, layout.variables)
        one, two = prepare(twin, first, "A"), prepare(twin, second, "B")
        if Dimension.DIRECTORY_ORDER in varied and one.order == two.order:
            del varied[Dimension.DIRECTORY_ORDER]
            missing[Dimension.DIRECTORY_ORDER] = "the file system lists names in an order of its own"
        if not capabilities.relocates and Dimension.PATH not in varied:
            varied[Dimension.PATH] = (one.spec.working_directory, two.spec.working_directory)
            missing.pop(Dimension.PATH, None)
        values = _true_values(varied, one, two, capabilities)
        say("building in both lanes")
        lane_a, lane_b, measurement = _run_both(twin, one, two, values, repo)
        facts = explain_facts(twin, values, second, lane_a, lane_b)
        if lane_a.usable and lane_b.usable and _agree_by_chance(lane_a, lane_b, staged.committed_at):
            say("building lane B again: the outputs hold times of the build")
            lane_b = _run_again(twin, second, values, lane_a)
            facts = explain_facts(twin, values, second, lane_a, lane_b)
        say("comparing the outputs")
        return _report(twin, lane_a, lane_b, measurement, facts, missing, today, started_at, clock)


def prepare(twin: Twin, conditions: Conditions, name: str) -> PreparedLane:
    config = twin.config
    return prepare_lane(
        twin.scratch / f"lane-{name}",
        twin.staged,
        twin.layout,
        conditions,
        twin.capabilities,
        command=tuple(config.command),
        working_directory=config.working_directory,
        timeout=config.timeout,
        quota=twin.quota,
    )


def _true_values(
    varied: Mapping[Dimension, tuple[str, str]], one: PreparedLane, two: PreparedLane, capabilities: Capabilities
) -> dict[Dimension, tuple[str, str]]:
    """The values as the commands see them: without a sandbox, paths are the host's."""
    values = dict(varied)
    if not capabilities.relocates:
        values[Dimension.PATH] = (str(one.folder), str(two.folder))
        if Dimension.HOME in values:
            values[Dimension.HOME] = (one.spec.variables["HOME"], two.spec.variables["HOME"])
    return values


def _run_both(twin: Twin, one: PreparedLane, two: PreparedLane, values: Mapping[Dimension, tuple[str, str]], repo: Path) -> tuple[Lane, Lane, Measurement]:
    """Both lanes and the measurement, side by side where there are two processors.

    Each worker thread stays until its sandbox has ended: the sandbox dies with the thread that started it.
    """
    workers = 3 if len(os.sched_getaffinity(0)) >= 2 else 1
    cancel = threading.Event()
    one, two = (replace(lane, spec=replace(lane.spec, cancel=cancel)) for lane in (one, two))
    with ThreadPoolExecutor(workers, thread_name_prefix="lane") as pool:
        lane_a: Future[Lane] = pool.submit(run_lane, twin, one, "A", {dimension: pair[0] for dimension, pair in values.items()})
        lane_b = pool.submit(run_lane, twin, two, "B", {dimension: pair[1] for dimension, pair in values.items()})
        measurement = pool.submit(measure, twin.sandbox, twin.capabilities, twin.layout, twin.staged, repo)
        try:
            return lane_a.result(), lane_b.result(), measurement.result()
        except BaseException:
            # An interrupt, or a lane that cannot be judged: do not wait for the other one to end by itself.
            cancel.set()
            raise


def run_lane(twin: Twin, prepared: PreparedLane, name: str, varied: Mapping[Dimension, str]) -> Lane:
    before = _file_time(prepared.folder.parent)
    result = twin.sandbox.run(prepared.spec)
    after = _file_time(prepared.folder.parent)
    target = {"A": twin.work / "outputs", "B": twin.scratch / "twin"}.get(name, twin.scratch / f"twin-{name}")
    log = _keep_log((twin.scratch if name == "C" else twin.work) / "logs" / f"build-{name}.log", result)
    findings = list(judge_run(result, name, twin.config.timeout))
    read = prepared.read_sources()
    changed = prepared.changed_sources()
    if changed:
        findings.append(changed_finding("the build", changed))
    outputs: tuple[OutputFile, ...] = ()
    if result.succeeded:
        collected = collect(prepared.folder, twin.config.outputs, target)
        outputs = collected.files
        findings += collected.refused
        if not outputs and not collected.refused:
            findings.append(
                Finding(
                    "LM-BLD-013",
                    f"no file matches {', '.join(twin.config.outputs)}",
                    subject=name,
                    help="correct build.outputs in lotmark.yaml, or let the command write there",
                )
            )
    return Lane(name, varied, result, outputs, log, tuple(findings), (before, after), read)


def _keep_log(path: Path, result: SandboxResult) -> OutputFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = result.stdout.data
    path.write_bytes(data)
    return OutputFile(f"logs/{path.name}", path, len(data), Digest.of(data))


def _file_time(folder: Path) -> float:
    """The time that the file system gives to a file written now: what a build's own files carry."""
    mark = folder / ".time"
    mark.write_bytes(b"")
    return mark.stat().st_mtime


# ---------------------------------------------------------------- agreement by chance


def _agree_by_chance(one: Lane, two: Lane, committed_at: int) -> bool:
    """Whether an equal archive stores a time of the build itself.

    libfaketime leaves file times alone, so two lanes that run in the same two seconds can pack equal times of freshly
    written files. Lane B is then built again, later. The commit's own time is what a good build stores.
    """
    digests = {output.name: output.digest for output in two.outputs}
    for output in one.outputs:
        if digests.get(output.name) != output.digest or output.size > _MAX_LOOKED_INTO:
            continue
        for when in stored_times(output.path.read_bytes()):
            if one.window[0] - _DOS_SECONDS <= when <= one.window[1] + _DOS_SECONDS and abs(when - committed_at) >= _DOS_SECONDS:
                return True
    return False


def _run_again(twin: Twin, conditions: Conditions, values: Mapping[Dimension, tuple[str, str]], first: Lane) -> Lane:
    wait = first.window[1] + _DOS_SECONDS - _file_time(twin.scratch)
    time.sleep(min(max(wait, 0), _DOS_SECONDS))
    remove_tree(twin.scratch / "lane-B")
    remove_tree(twin.scratch / "twin")
    return run_lane(twin, prepare(twin, conditions, "B"), "B", {dimension: pair[1] for dimension, pair in values.items()})


def explain_facts(twin: Twin, values: Mapping[Dimension, tuple[str, str]], second: Conditions, one: Lane, two: Lane) -> ExplainFacts:
    times = TimeFacts(
        committed_at=twin.staged.committed_at,
        real_a=one.window,
        real_b=two.window,
        clock_shift=second.clock,
        mtime_shift=second.mtime_shift,
        zone_shifts=_zone_shifts(second.time_zone, one.window[0]),
    )
    return ExplainFacts(values, times, frozenset(entry.name for entry in twin.staged.entries))


def _zone_shifts(zone: str, at: float) -> tuple[int, ...]:
    """Seconds east of Greenwich of lane B's zone through the year that begins then: summer time and winter time."""
    import zoneinfo

    if zone == "UTC":
        return ()
    try:
        place = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return (45_900,)
    offsets = (dt.datetime.fromtimestamp(at + quarter * 91 * 86_400, place).utcoffset() for quarter in range(4))
    return tuple(sorted({int(offset.total_seconds()) for offset in offsets if offset}))


# ---------------------------------------------------------------- report


def _report(
    twin: Twin,
    one: Lane,
    two: Lane,
    measurement: Measurement,
    facts: ExplainFacts,
    missing: Mapping[Dimension, str],
    today: dt.date,
    started_at: dt.datetime,
    clock: Clock,
) -> BuildReport:
    comparisons: tuple[OutputComparison, ...] = ()
    findings = [*one.findings, *(finding for finding in two.findings if finding not in one.findings)]
    if not one.usable:
        verdict = Verdict.FAILED
    elif not two.usable:
        verdict = Verdict.NOT_COMPARABLE
        findings.append(
            Finding(
                "LM-BLD-017",
                "lane A built and lane B did not: the build depends on a condition that it does not declare",
                help="`lotmark build` shows lane B's log; its conditions are in the report",
            )
        )
    else:
        bench = Bench(twin.sandbox, twin.capabilities, twin.layout, twin.staged, twin.scratch)
        comparisons, more = compare_outputs(one.outputs, two.outputs, twin.config.comparators, facts, today, bench.run_comparator)
        findings += more
        comparisons = find_conditions(comparisons, frozenset(two.varied), lambda wanted: _rebuild(twin, wanted), twin.config.bisection)
        keep_reports(bench, comparisons, one.outputs, two.outputs, twin.work / "diffoscope")
        verdict = worst_verdict(comparisons)
        findings += [different_finding(comparison) for comparison in comparisons if comparison.verdict is Verdict.DIFFERENT]
        _keep_twin(twin.work / "twin", two, comparisons)
    if changed_entries(twin.staged.root, twin.staged.entries):
        findings.append(
            Finding("LM-BLD-022", "the staged original changed during the build", help="look for another process that writes to the scratch folder")
        )
    unchanged = not any(finding.code in ("LM-BLD-015", "LM-BLD-022") for finding in findings)
    isolation = replace(measurement.isolation, read_only_source=measurement.isolation.read_only_source and unchanged)
    findings += isolation_findings(measurement, isolation, twin.layout, missing)
    return BuildReport(
        verdict=verdict,
        claim=claim_for(frozenset(two.varied)),
        not_varied=dict(missing),
        commit=twin.staged.commit,
        source_digest=twin.staged.digest,
        command=tuple(twin.config.command),
        lanes=(one, two),
        outputs=one.outputs if verdict is not Verdict.FAILED else (),
        comparisons=comparisons,
        isolation=isolation,
        environment=measurement.environment,
        findings=tuple(findings),
        started_at=started_at,
        finished_at=clock.now(),
        tracked=len(twin.staged.entries),
    )


def _rebuild(twin: Twin, wanted: frozenset[Dimension]) -> dict[str, Digest] | None:
    """Once more, with these dimensions varied: the outputs' digests; None if it did not build or one could not be varied."""
    conditions, varied, missing = vary(pinned(), wanted, twin.capabilities, twin.layout.variables)
    if missing:
        return None
    for name in ("lane-C", "twin-C"):
        remove_tree(twin.scratch / name)
    lane = run_lane(twin, prepare(twin, conditions, "C"), "C", {dimension: pair[1] for dimension, pair in varied.items()})
    return {output.name: output.digest for output in lane.outputs} if lane.usable else None


def _keep_twin(target: Path, lane: Lane, comparisons: tuple[OutputComparison, ...]) -> None:
    """Keep lane B's files that differ, to look at."""
    differing = {comparison.name for comparison in comparisons if comparison.verdict is not Verdict.IDENTICAL}
    for output in lane.outputs:
        if output.name in differing:
            (target / output.name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(output.path, target / output.name)
