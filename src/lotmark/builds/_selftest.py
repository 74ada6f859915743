"""The self-test: a deliberately leaky project, built once as it is and once per dimension with that alone varied.

Each leak stands in a file of its own, so a dimension is caught if its file differs, and sharp if no other does.
"""

import datetime as dt
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lotmark.base.clock import Clock
from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.findings import Finding
from lotmark.builds._build import Twin, explain_facts, prepare, run_lane
from lotmark.builds._compare import compare_outputs
from lotmark.builds._conditions import pinned, vary
from lotmark.builds._layout import make_layout
from lotmark.builds._sandbox import get_sandbox
from lotmark.builds._scratch import open_scratch, remove_tree
from lotmark.builds._source import git_variables, stage_source
from lotmark.builds.models import DEFAULT_QUOTA, Dimension, Lane, SelfTestResult, Verdict
from lotmark.product.models import BuildSection, EnvironmentSection

_NEVER = dt.date.min
"""No comparator is declared, so no day matters."""

_LEAKS = {
    Dimension.CLOCK: "date +%Y-%m-%d",
    Dimension.HOSTNAME: "uname -n",
    Dimension.USER: "id -un; id -u",
    Dimension.HOME: 'echo "$HOME"',
    Dimension.ENVIRONMENT: 'echo "${LOTMARK_TWIN:-}"',
    Dimension.LOCALE: 'echo "$LC_ALL"',
    Dimension.CPUS: "nproc",
    Dimension.DIRECTORY_ORDER: "ls -U names",
    Dimension.MTIMES: "stat -c %Y names/b",
    Dimension.HASH_SEED: 'echo "$PYTHONHASHSEED"',
    Dimension.PATH: "pwd",
    Dimension.TIME_ZONE: "date -d @0 +%z",
    Dimension.UMASK: "touch made; stat -c %a made",
}
_SCRIPT = "set -e\nmkdir out\n" + "".join(f"{{ {leak}; }} > out/{dimension.value}.txt\n" for dimension, leak in _LEAKS.items())


def self_test(work: Path, clock: Clock) -> tuple[SelfTestResult, ...]:
    """Build the leaky project with each dimension varied on its own; see `lotmark.builds.api.self_test`."""
    del clock
    environment = EnvironmentSection(python="none")
    sandbox, capabilities = get_sandbox(environment.backend, environment.image)
    config = BuildSection(command=["/bin/sh", "leak.sh"], outputs=["out/*.txt"], timeout=60)
    with open_scratch(work) as scratch:
        repo = scratch / "project"
        _make_project(repo)
        staged = stage_source(repo, "HEAD", scratch / "original")
        twin = Twin(sandbox, capabilities, make_layout(environment, None), staged, config, DEFAULT_QUOTA, scratch, scratch / "work")
        base = pinned()
        one = prepare(twin, base, "A")
        first = run_lane(twin, one, "A", {})
        return tuple(_test_dimension(twin, first, one.order, dimension) for dimension in Dimension)


def check_self_test(results: Sequence[SelfTestResult]) -> tuple[Finding, ...]:
    """A finding for each dimension that was varied and not caught; see `lotmark.builds.api.check_self_test`."""
    return tuple(
        Finding(
            "LM-BLD-030",
            f"the self-test varied {result.dimension.value} and did not catch it: {result.text}",
            subject=result.dimension.value,
            help="report it; until it is caught, the rebuild claim of this machine does not hold",
        )
        for result in results
        if result.varied and not result.caught
    )


def _make_project(repo: Path) -> None:
    (repo / "names").mkdir(parents=True)
    for name in "abcdef":
        (repo / "names" / name).write_text(name)
    (repo / "leak.sh").write_text(_SCRIPT)
    variables = git_variables() | {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Lotmark"), ("EMAIL", "self-test@lotmark.invalid"), ("DATE", "1700000000 +0000"))
    }
    for arguments in (("init", "-q"), ("add", "."), ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "leaks")):
        try:
            subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL, env=variables)
        except FileNotFoundError as error:
            raise EnvironmentLacksError("LM-BLD-009", "git is not installed", solution="sudo apt-get install git") from error


def _test_dimension(twin: Twin, first: Lane, order: tuple[tuple[str, ...], ...], dimension: Dimension) -> SelfTestResult:
    second, varied, missing = vary(pinned(), frozenset({dimension}), twin.capabilities, {})
    if dimension in missing:
        return SelfTestResult(dimension, varied=False, caught=False, explained=False, text=missing[dimension])
    for name in ("lane-B", "twin"):
        remove_tree(twin.scratch / name)
    prepared = prepare(twin, second, "B")
    if dimension is Dimension.DIRECTORY_ORDER and _same_order(prepared.order, order):
        return SelfTestResult(dimension, varied=False, caught=False, explained=False, text="the file system lists names in an order of its own")
    lane = run_lane(twin, prepared, "B", {key: pair[1] for key, pair in varied.items()})
    comparisons, _ = compare_outputs(first.outputs, lane.outputs, [], explain_facts(twin, varied, second, first, lane), _NEVER)
    differing = [comparison for comparison in comparisons if comparison.verdict is Verdict.DIFFERENT]
    mine = [comparison for comparison in differing if comparison.name == f"out/{dimension.value}.txt"]
    causes = [cause for comparison in mine for cause in comparison.causes]
    return SelfTestResult(
        dimension,
        varied=True,
        caught=bool(mine) and len(differing) == 1,
        explained=any(cause.dimension is dimension for cause in causes),
        text="; ".join(cause.text for cause in causes) or ", ".join(comparison.name for comparison in differing) or lane.result.stdout.last_lines(2),
    )


def _same_order(one: tuple[tuple[str, ...], ...], two: tuple[tuple[str, ...], ...]) -> bool:
    return one == two
