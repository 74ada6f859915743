"""One command in the sandbox: test layers, their listings, deployment probes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lotmark.base.clock import Clock
from lotmark.base.findings import Severity
from lotmark.builds._conditions import pinned
from lotmark.builds._facts import measure
from lotmark.builds._judge import changed_finding, isolation_findings
from lotmark.builds._lane import prepare_lane
from lotmark.builds._layout import make_layout
from lotmark.builds._outputs import collect
from lotmark.builds._sandbox import get_sandbox
from lotmark.builds._scratch import open_scratch, remove_tree
from lotmark.builds._source import list_source, stage_listed
from lotmark.builds.models import DEFAULT_QUOTA, CommandReport, Mount, OutputFile, Progress, Quota, ResultFile, StagedSource
from lotmark.product.models import EnvironmentSection


def run_command(
    repo: Path | None,
    commit: str,
    command: Sequence[str],
    environment: EnvironmentSection,
    work: Path,
    clock: Clock,
    *,
    results: Sequence[str] = (),
    extra_files: Mapping[str, Path] | None = None,
    mounts: Sequence[Mount] = (),
    working_directory: str = ".",
    timeout: float = 1800.0,
    network: bool = False,
    quota: Quota = DEFAULT_QUOTA,
    source: StagedSource | None = None,
    progress: Progress | None = None,
) -> CommandReport:
    """Run one command on a private copy of the commit; see `lotmark.builds.api.run_command`."""
    started_at = clock.now()
    sandbox, capabilities = get_sandbox(environment.backend, environment.image)
    layout = make_layout(environment, repo, network=network, extra=tuple(mounts))
    remove_tree(work / "results")
    listed = list_source(repo, commit) if source is None and repo is not None else None
    with open_scratch(work, needed=2 * listed.size if listed else 0) as scratch:
        staged = stage_listed(listed, scratch / "original") if listed else source
        lane = prepare_lane(
            scratch / "lane",
            staged,
            layout,
            pinned(),
            capabilities,
            command=tuple(command),
            working_directory=working_directory,
            timeout=timeout,
            network=network,
            quota=quota,
            merge_output=False,
            extra_files=extra_files,
        )
        measurement = measure(sandbox, capabilities, layout, staged, repo, network=network)
        if progress is not None:
            progress(f"running {' '.join(command)}")
        result = sandbox.run(lane.spec)
        collected = collect(lane.folder, results, work / "results")
        changed = lane.changed_sources()
        findings = list(collected.refused)
        if changed:
            findings.append(changed_finding("the command", changed, Severity.WARNING))
        findings += isolation_findings(measurement, measurement.isolation, layout, {}) if not network else ()
        tracked = {entry.name: entry.digest for entry in staged.entries} if staged else {}
        return CommandReport(
            command=tuple(command),
            exit_code=result.exit_code,
            stopped=result.stopped,
            seconds=result.seconds,
            stdout=result.stdout,
            stderr=result.stderr,
            results=tuple(_result(output, tracked.get(output.name) == output.digest) for output in collected.files),
            isolation=replace(measurement.isolation, read_only_source=measurement.isolation.read_only_source and not changed),
            environment=measurement.environment,
            source_digest=staged.digest if staged else None,
            findings=tuple(findings),
            started_at=started_at,
            finished_at=clock.now(),
        )


def _result(output: OutputFile, stale: bool) -> ResultFile:
    return ResultFile(output.name, output.path, output.size, output.digest, output.path.stat().st_mtime, stale)
