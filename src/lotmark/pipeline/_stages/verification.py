"""Stage 10, verification: what really lies and runs at each target, read back, hashed and probed. Closes the run."""

from collections.abc import Sequence
from pathlib import Path

from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.builds.api import run_command
from lotmark.builds.models import Mount
from lotmark.deploy.api import check_evidence, check_target, open_driver
from lotmark.deploy.models import Probe, TargetCheck
from lotmark.pipeline._closing import closing_evidence
from lotmark.pipeline._context import Settings, StageContext
from lotmark.pipeline._runs import read_statuses
from lotmark.pipeline.models import Outcome, Stage, StageResult, StageStatus
from lotmark.product.models import DirectoryTarget

_MAX_OUTPUT = 4096
_PROBE_SECONDS = 60.0


def work(context: StageContext) -> StageResult:
    """Check every target; the run is closed as released only if each of them is verified."""
    builder = context.builder()
    settings = context.settings
    evidence = context.evidence()
    candidate = evidence.predicate("release-candidate")
    release = {"version": candidate["version"], "artifact": candidate["artifact"]["name"]}
    expected = Digest(candidate["artifact"]["sha256"])
    findings, told = [], []
    for target in context.product.file.deploy.targets:
        check = check_now(settings, target, expected, candidate["version"], context.work_folder())
        builder.add(check_evidence(context.run, context.product.id, release, check, format_instant(settings.clock.now())))
        told.append(f"{target.name}: {check.verdict}, {check.reason}")
        if check.verdict != "verified":
            findings.append(refused_target(target, check))
    if findings:
        return builder.close(Outcome.REFUSED, "; ".join(told), findings)
    statuses = read_statuses(evidence) | {Stage.VERIFICATION: StageStatus(Stage.VERIFICATION, context.attempt, Outcome.ACCEPTED)}
    builder.add(closing_evidence(context.identity, "released", statuses, format_instant(settings.clock.now())))
    return builder.close(Outcome.ACCEPTED, "; ".join(told))


def check_now(settings: Settings, target: DirectoryTarget, expected: Digest, version: str, work_folder: Path) -> TargetCheck:
    """Read a target back, hash it, run its probe in the sandbox."""

    def probe(command: Sequence[str], readable: Sequence[Path]) -> Probe:
        mounts = [Mount(folder, str(folder)) for folder in readable]
        report = run_command(None, "", command, settings.product.file.environment, work_folder, settings.clock, mounts=mounts, timeout=_PROBE_SECONDS)
        output = (report.stdout.data + report.stderr.data).decode("utf-8", "replace")
        return Probe(tuple(command), report.exit_code, output[:_MAX_OUTPUT])

    return check_target(target, open_driver(target, settings.product.root), expected, version, probe)


def refused_target(target: DirectoryTarget, check: TargetCheck) -> Finding:
    """What differs at a target."""
    return Finding(
        "LM-DEP-005", f"{target.name}: {check.reason}", subject=target.name, help="find out who changed the target; `lotmark deploy rollback` goes back"
    )
