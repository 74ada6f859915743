"""The door of the builds room: build twice, run a command sealed off, name a source, look whether this machine can.

Every function here is synchronous and leaves no process behind. `work` is a folder of the caller's that the function
fills (``outputs/``, ``twin/``, ``logs/``, ``results/``); scratch copies are made elsewhere and removed.

Implements the build, test and probe steps of ``docs/reference/builds.md``.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from lotmark.base.clock import Clock
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.builds import _build, _command, _doctor, _make_capsule, _rebuild, _selftest, _source
from lotmark.builds.models import DEFAULT_QUOTA, BuildReport, Capabilities, CapsuleVerdict, CommandReport, Mount, Progress, Quota, SelfTestResult, StagedSource
from lotmark.product.models import BuildSection, EnvironmentSection

__all__ = [
    "build_twice",
    "check_environment",
    "check_self_test",
    "make_capsule",
    "probe",
    "rebuild_capsule",
    "run_command",
    "self_test",
    "source_digest",
    "stage_source",
]


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
    progress: Progress | None = None,
) -> BuildReport:
    """Build the commit in two lanes under different conditions and compare the outputs.

    A build that fails or differs is a verdict in the report, with findings; `today` decides which comparators still
    hold. Running it again with the same `work` replaces what it left there.

    Raises:
        EnvironmentLacksError: LM-BLD-001 no sandbox, LM-BLD-009 no git.
        UsageError: LM-BLD-002 commit, -005 mount, -006 interpreter, -007 variable, -008 working directory, -014 pattern.
        RefusedError: LM-BLD-003 submodule, LM-BLD-004 unsafe path in the tree.
    """
    return _build.build_twice(repo, commit, config, environment, work, clock, today, quota=quota, progress=progress)


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
    """Run `command` in the sandbox on a private writable copy of the commit.

    `extra_files` are put into the copy first, by their relative name (built outputs under test); `results` are globs of
    files to take back. With `repo` None there is no source: the command starts in an empty folder and sees `mounts`
    (for instance a deployed folder). `source` saves staging when the caller has staged the commit already.
    The exit code is a value; judging it is the caller's.

    Raises:
        As `build_twice`, and UsageError LM-BLD-031 for the name of an extra file.
    """
    return _command.run_command(
        repo,
        commit,
        command,
        environment,
        work,
        clock,
        results=results,
        extra_files=extra_files,
        mounts=mounts,
        working_directory=working_directory,
        timeout=timeout,
        network=network,
        quota=quota,
        source=source,
        progress=progress,
    )


def make_capsule(folder: Path, name: str, repo: Path, report: BuildReport, config: BuildSection, environment: EnvironmentSection, work: Path) -> CapsuleVerdict:
    """Add a release to the capsule in `folder`, and rebuild it once from there; if that is not IDENTICAL it is taken out again.

    Raises:
        RefusedError: LM-BLD-043 if the report's build was not identical and sealed.
        UsageError: LM-BLD-041 package not installed, LM-BLD-043 name.
        EnvironmentLacksError: LM-BLD-042 dpkg's lists, LM-BLD-035 disk full.
    """
    return _make_capsule.make_capsule(folder, name, repo, report, config, environment, work)


def rebuild_capsule(capsule: Path, name: str, work: Path, *, shift: dt.timedelta = dt.timedelta(0)) -> CapsuleVerdict:
    """Rebuild the release `name` from its capsule alone, offline, the clock `shift` ahead; its outputs lie in ``work/outputs``.

    Raises:
        NothingToJudgeError: LM-BLD-044 no capsule, or none of that name.
        IntegrityError: LM-BLD-045 if a part of it is not the one that was written.
        EnvironmentLacksError: LM-BLD-001 no bubblewrap, LM-BLD-024 no libfaketime, LM-BLD-035 disk full.
    """
    return _rebuild.rebuild_capsule(capsule, name, work, shift=shift)


def source_digest(repo: Path, commit: str) -> Digest:
    """The digest of the commit's tracked files: SHA-256 over ``<mode> <sha256 of content> <path> NUL``, sorted by path.

    Raises:
        UsageError: LM-BLD-002 if git does not know the commit.
        RefusedError: LM-BLD-003 submodule, LM-BLD-004 unsafe path.
    """
    return _source.source_digest(repo, commit)


def stage_source(repo: Path, commit: str, folder: Path) -> StagedSource:
    """Write the commit's tracked files into the new `folder`: sorted, read-only, every mtime at the commit's time.

    Raises:
        As `source_digest`.
    """
    return _source.stage_source(repo, commit, folder)


def probe(backend: str = "bwrap", image: str = "") -> Capabilities:
    """What the backend can do on this machine; never raises for a missing tool."""
    return _doctor.probe(backend, image)


def check_environment() -> tuple[Finding, ...]:
    """What this machine lacks for sealed and varied builds, each with the exact cure; empty if nothing."""
    return _doctor.check_environment()


def self_test(work: Path, clock: Clock) -> tuple[SelfTestResult, ...]:
    """Build a deliberately leaky project with each dimension varied on its own; each must be caught.

    Raises:
        EnvironmentLacksError: LM-BLD-001 no sandbox, LM-BLD-009 no git.
    """
    return _selftest.self_test(work, clock)


def check_self_test(results: Sequence[SelfTestResult]) -> tuple[Finding, ...]:
    """A finding for each dimension that `self_test` varied and did not catch; empty if the machine's claim holds."""
    return _selftest.check_self_test(results)
