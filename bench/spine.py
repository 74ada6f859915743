"""The pipeline against the same commands run bare, and the processor time of the commands that people wait for.

Bare means what a developer would type: the build made twice side by side, then the same test commands on the built
image, in folders of their own, without sandbox, evidence or ledger. What Lotmark adds to a stage is the stage's time
less that of its own commands; the second build is no overhead, it is what was asked for.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from bench import Row
from lotmark.bootstrap._demo import DemoStage, play_approvals, prepare_demo
from lotmark.bootstrap.api import Workspace
from lotmark.pipeline.api import run_pipeline
from lotmark.pipeline.models import Stage, StageStatus
from lotmark.pipeline.ports import Silence

EXAMPLE = "pump-firmware"
ROUNDS = 3
CALLS = 5
ADDED_MS = 150.0
LAYERS = ("unit", "integration", "validation")


def run() -> list[Row]:
    """The pipeline's rows, then those of the command line."""
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-") as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        environment = _environment(folder)
        stage = prepare_demo(folder / "prepared", EXAMPLE)
        stage.workspace.close()
        _run_process(_copy(stage, folder / "warm"), environment)
        rows = pipeline_rows(stage, folder, environment)
        return [*rows, *command_rows(stage, folder, environment)]


# ---------------------------------------------------------------- the pipeline


class _Times(Silence):
    """The seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[Stage, float] = {}

    def stage_ended(self, status: StageStatus, seconds: float) -> None:
        self.seconds[status.stage] = seconds


def pipeline_rows(stage: DemoStage, folder: Path, environment: Mapping[str, str]) -> list[Row]:
    """Wall to the decision in a process of its own, and what each stage adds, measured inside one process."""
    ours: list[float] = []
    bare: list[float] = []
    took: dict[Stage, list[float]] = {}
    own: dict[Stage, list[float]] = {}
    _run_inside(_copy(stage, folder / "inside-warm"))
    for turn in range(ROUNDS):
        ours.append(_run_process(_copy(stage, folder / f"process-{turn}"), environment))
        seconds, whole = run_bare(stage.workspace.root, folder / f"bare-{turn}")
        bare.append(whole)
        for each, value in seconds.items():
            own.setdefault(each, []).append(value)
        for each, value in _run_inside(_copy(stage, folder / f"inside-{turn}")).items():
            took.setdefault(each, []).append(value)
    # What else the machine does can only add to a time: the fastest of the rounds is nearest to what the work needs.
    per_stage = {each: 1000 * (min(values) - min(own.get(each, [0.0]))) for each, values in took.items()}
    longest = max(per_stage, key=lambda each: per_stage[each])
    stages = ", ".join(f"{each.value} {value:.0f}" for each, value in per_stage.items())
    return [
        Row(f"{EXAMPLE}: wall to the decision", min(ours), min(bare), None, "lower", "s", "build twice side by side and the tests, bare"),
        Row("added per stage, median", statistics.median(per_stage.values()), None, ADDED_MS, "lower", "ms", stages),
        Row(f"added by the slowest stage ({longest.value})", per_stage[longest], None, None, "lower", "ms"),
    ]  # fmt: skip


def run_bare(product: Path, folder: Path) -> tuple[dict[Stage, float], float]:
    """The product's own commands by hand, as far side by side as the pipeline runs them."""
    folder.mkdir()
    trees = {name: folder / name for name in ("A", "B", *LAYERS)}
    for name in ("A", "B"):
        _checkout(product, trees[name])
    seconds: dict[Stage, float] = {}
    begin = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: _make(trees[name]), ("A", "B")))
    seconds[Stage.BUILD] = time.perf_counter() - begin
    for layer in LAYERS:
        _checkout(product, trees[layer])
        (trees[layer] / "build").mkdir()
        shutil.copy2(trees["A"] / "build" / "firmware.bin", trees[layer] / "build")
    test = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        timed = dict(zip(LAYERS[:2], pool.map(lambda layer: _test(trees[layer], layer), LAYERS[:2]), strict=True))
    timed["validation"] = _test(trees["validation"], "validation")
    whole = seconds[Stage.BUILD] + time.perf_counter() - test
    return seconds | {Stage(layer): took for layer, took in timed.items()}, whole


def _test(tree: Path, layer: str) -> float:
    """The list of tests and the tests, each in a tree of its own, as the pipeline has them."""
    twin = tree.with_name(f"{tree.name}-list")
    shutil.copytree(tree, twin)
    begin = time.perf_counter()
    _make(twin, "--silent", f"list-{layer}")
    _make(tree, f"test-{layer}")
    return time.perf_counter() - begin


def _make(folder: Path, *targets: str) -> None:
    subprocess.run(["make", *targets], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _checkout(product: Path, folder: Path) -> None:
    folder.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=product, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)


def _copy(stage: DemoStage, folder: Path) -> DemoStage:
    shutil.copytree(stage.folder, folder, symlinks=True)
    root = folder / "product"
    return replace(stage, folder=folder, workspace=Workspace(root, None, root / ".lotmark"), trust=folder / "trust.json")


def _run_inside(stage: DemoStage) -> dict[Stage, float]:
    times = _Times()
    report = run_pipeline(stage.workspace.settings(), progress=times)
    stage.workspace.close()
    if report.outcome != "pending":
        raise RuntimeError(f"{EXAMPLE} ended as {report.outcome}")
    return times.seconds


def _run_process(stage: DemoStage, environment: Mapping[str, str]) -> float:
    begin = time.perf_counter()
    _lotmark(environment, stage.workspace.root, "--quiet", "run", codes=(8,))
    return time.perf_counter() - begin


# ---------------------------------------------------------------- the command line


def command_rows(stage: DemoStage, folder: Path, environment: Mapping[str, str]) -> list[Row]:
    """Processor time, user and system, of what people call often; bytecode is there, as after any installation."""
    floor = cpu(lambda: _call(environment, [sys.executable, "-c", "pass"]))
    against = f"bare python: {floor:.3f} s"
    root = stage.workspace.root
    rows = [Row("CPU of --help", cpu(lambda: _lotmark(environment, root, "--help")), None, 0.2, "lower", "s", against)]
    rows.append(Row("CPU of check", cpu(lambda: _lotmark(environment, root, "check")), None, 0.5, "lower", "s", against))
    released = _copy(stage, folder / "released")
    _run_process(released, environment)
    play_approvals(released, run_pipeline(released.workspace.settings()).run)
    report = run_pipeline(released.workspace.settings())
    released.workspace.close()
    root, bundle = released.workspace.root, released.folder / "bundle.zip"
    rows.append(Row("CPU of run, nothing to do", cpu(lambda: _lotmark(environment, root, "--quiet", "run")), None, 1.0, "lower", "s", against))
    rows.append(Row("CPU of show", cpu(lambda: _lotmark(environment, root, "show", report.version)), None, 0.3, "lower", "s", against))
    rows.append(Row("CPU of log fsck", cpu(lambda: _lotmark(environment, root, "log", "fsck")), None, None, "lower", "s", against))
    _lotmark(environment, root, "release", "bundle", report.version, "-o", str(bundle))
    trust = str(released.trust)
    rows.append(
        Row("CPU of verify, the bundle", cpu(lambda: _lotmark(environment, folder, "verify", str(bundle), "--trust", trust)), None, 0.5, "lower", "s", against)
    )
    return rows


def cpu(call: Callable[[], float]) -> float:
    """The median of a few calls, after one that does not count."""
    call()
    return statistics.median(call() for _ in range(CALLS))


def _lotmark(environment: Mapping[str, str], folder: Path, *words: str, codes: Sequence[int] = (0,)) -> float:
    return _call(environment, [sys.executable, "-m", "lotmark.cli.main", "-C", str(folder), *words], codes=codes)


def _call(environment: Mapping[str, str], command: Sequence[str], *, codes: Sequence[int] = (0,)) -> float:
    """Run it; processor seconds of the process and of what it waited for."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {said.read().decode('utf-8', 'replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
