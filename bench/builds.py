"""Build and test stages against the same commands run bare on the same sources in the same run.

The bare side runs the command in two plain copies of the sources, one after the other, as a person would build twice.
Ours stages the commit, builds both copies in the sandbox under varied conditions, measures the isolation, compares.
"""

import datetime as dt
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import Row
from lotmark.base.clock import SystemClock
from lotmark.builds.api import build_twice, probe, run_command, self_test
from lotmark.product.models import BuildSection, EnvironmentSection

ROUNDS = 7
FILES = 60
ENVIRONMENT = EnvironmentSection(python="none")
SCRIPT = "mkdir out; for f in src/*.c; do cc -O0 -c $f -o out/$(basename $f).o; done; cat out/*.o > out/firmware.bin; rm out/*.o"
TODAY = dt.date(2026, 1, 1)


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def seconds(action: Callable[[], object]) -> float:
    """How long the action takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def make_project(folder: Path) -> Path:
    """A git repository of some C files and some data."""
    (folder / "src").mkdir(parents=True)
    (folder / "data").mkdir()
    for number in range(8):
        (folder / "src" / f"part{number}.c").write_text(f"int part{number}(int x) {{ return x + {number}; }}\n")
    for number in range(FILES - 8):
        (folder / "data" / f"table{number}.csv").write_text("1,2,3\n" * 200)
    identity = {f"GIT_{who}_{what}": "bench@example.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "project")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, env={**os.environ, **identity})
    return folder


def bare(project: Path, folder: Path, command: Sequence[str]) -> None:
    """Copy the sources and run the command in the copy."""
    copy = folder / "bare"
    subprocess.run(["cp", "-r", str(project), str(copy)], check=True)
    subprocess.run(command, cwd=copy, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["rm", "-r", str(copy)], check=True)


def run() -> list[Row]:
    """The build stage, a test command, and the self-test of the varied dimensions."""
    capabilities = probe()
    if not capabilities.available:
        raise SystemExit(f"no sandbox here: {capabilities.reason}")
    clock = SystemClock()
    config = BuildSection(command=["/bin/sh", "-euc", SCRIPT], outputs=["out/*"])
    twin: list[tuple[float, float]] = []
    single: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-", dir=".") as name:
        folder = Path(name).resolve()
        project = make_project(folder / "project")
        for number in range(ROUNDS + 1):
            work = folder / f"work{number}"
            ours = seconds(lambda: build_twice(project, "HEAD", config, ENVIRONMENT, work, clock, TODAY))  # noqa: B023
            theirs = sum(seconds(lambda: bare(project, folder, config.command)) for _ in range(2))
            twin.append((ours, theirs))
            ours = seconds(lambda: run_command(project, "HEAD", ["/bin/true"], ENVIRONMENT, work, clock))  # noqa: B023
            single.append((ours, seconds(lambda: bare(project, folder, ["/bin/true"]))))
        tested = seconds(lambda: self_test(folder, clock))
    # The first round also starts git, cc and the sandbox from a cold disk.
    twin, single = twin[1:], single[1:]
    return [
        Row("twin build, wall", median([a for a, _ in twin]), median([b for _, b in twin]), 1.5, "lower", "s", "the command twice, bare, one after the other"),
        Row("twin build, time added", 1000 * median([a - b for a, b in twin]), None, 150, "lower", "ms"),
        Row("one sandboxed command, time added", 1000 * median([a - b for a, b in single]), None, 150, "lower", "ms"),
        Row("self-test, 14 builds", tested, None, 3.0, "lower", "s"),
    ]
