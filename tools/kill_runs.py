"""Kill `lotmark run` at random moments and show that the next run resumes, finishes and records each evidence once.

``python -m tools.kill_runs --count 20 --example pump-firmware`` (or ``qpcr-caller``, or ``tiny``: the product of the tests).
Each trial starts from a fresh copy of the prepared product, kills the process (SIGKILL) at a moment drawn from the whole
length of an undisturbed run, approval included, lets new runs finish, and holds the ledger against the undisturbed one.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

_SET_SUBREAPER = 36
_GONE_SECONDS = 10.0
_AGAIN = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A prepared product: where `lotmark run` works, and how its people sign."""

    name: str
    folder: Path
    sign: Callable[[Path], None]
    """Signs the waiting decision of the product copied to that folder."""
    memory: Path = field(default_factory=lambda: Path(os.environ["XDG_CONFIG_HOME"]))
    """What its user has seen of the log so far."""

    @property
    def product(self) -> Path:
        return self.folder / "product"

    def copy(self, folder: Path) -> "Subject":
        """A copy with a user of its own: whoever has seen one go on would refuse the other as an older ledger put back."""
        shutil.copytree(self.folder, folder, symlinks=True)
        memory = folder.with_name(f"{folder.name}-user")
        shutil.copytree(self.memory, memory)
        os.environ["XDG_CONFIG_HOME"] = str(memory)
        return replace(self, folder=folder)


@dataclass(frozen=True, slots=True)
class Reference:
    """An undisturbed run: how long its two parts take and what it records."""

    first_seconds: float
    second_seconds: float
    kinds: Counter[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One kill and what came of it."""

    part: int
    """1: before the signatures, 2: after them."""
    at: float
    killed: bool
    """Whether the process still ran."""
    stages_before: int
    """Stages that were recorded when it died."""
    outcome: str
    problems: tuple[str, ...]


def prepare_example(folder: Path, example: str) -> Subject:
    """An example product with its ledger and people, before its run."""
    from lotmark.bootstrap._demo import DemoStage, play_approvals, play_waivers, prepare_demo
    from lotmark.pipeline.api import find_run

    stage = prepare_demo(folder / "prepared", example)
    play_waivers(stage)
    stage.workspace.close()

    def sign(copy: Path) -> None:
        root = copy / "product"
        from lotmark.bootstrap.api import Workspace

        workspace = Workspace(root, None, root / ".lotmark")
        run = find_run(workspace.settings(), None)
        assert run is not None  # noqa: S101
        play_approvals(DemoStage(copy, workspace, stage.play, stage.signers, copy / "trust.json"), run.run)
        workspace.close()

    return Subject(example, folder / "prepared", sign)


def prepare_tiny(folder: Path) -> Subject:
    """The small product of the tests."""
    from fakes.tiny_product import TinyProduct

    TinyProduct.make(folder / "prepared")
    return Subject("tiny", folder / "prepared", lambda copy: TinyProduct(copy).approve() and None)


def run_once(subject: Subject, *, kill_after: float | None = None) -> tuple[int, bool, float]:
    """Run `lotmark run` in a process of its own; exit code, whether it was killed, and how long it ran."""
    began = time.monotonic()
    command = [sys.executable, "-m", "lotmark.cli.main", "-C", str(subject.product), "--quiet", "run"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=_environment(subject), stdout=said, stderr=said)
        killed = False
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            killed = True
        code = process.wait()
        took = time.monotonic() - began
        if not killed and code not in {0, 8}:
            said.seek(0)
            sys.stderr.write(said.read().decode("utf-8", "replace"))
    return code, killed, took


def measure_reference(subject: Subject, folder: Path) -> Reference:
    """An undisturbed run of a copy."""
    copy = subject.copy(folder)
    code, _, first = run_once(copy)
    if code != 8:
        raise SystemExit(f"the undisturbed run ended with {code}, not 8")
    copy.sign(copy.folder)
    code, _, second = run_once(copy)
    if code != 0:
        raise SystemExit(f"the undisturbed run ended with {code}, not 0")
    return Reference(first, second, look(copy)[0])


def try_kill(subject: Subject, reference: Reference, at: float, folder: Path) -> Trial:
    """Kill at that second of the run, let it finish, and look at what stands in the ledger."""
    copy = subject.copy(folder)
    problems: list[str] = []
    part = 1 if at < reference.first_seconds else 2
    killed = False
    before = 0
    for now in (1, 2):
        if now == 2:
            copy.sign(copy.folder)
        if part == now:
            others = frozenset(_children())
            _, killed, _ = run_once(copy, kill_after=at if now == 1 else at - reference.first_seconds)
            problems += wait_for_orphans(others)
            before = count_stages(copy)
        code, _, _ = run_once(copy)
        wanted = 8 if now == 1 else 0
        if code != wanted:
            problems.append(f"part {now} ended with exit code {code}, not {wanted}")
            break
    kinds, more = look(copy)
    problems += more
    if kinds != reference.kinds:
        problems.append(f"recorded otherwise than undisturbed: {dict(kinds - reference.kinds)} more, {dict(reference.kinds - kinds)} less")
    shutil.rmtree(copy.folder, ignore_errors=True)
    return Trial(part, round(at, 3), killed, before, "finished" if not problems else "broken", tuple(problems))


def look(subject: Subject) -> tuple[Counter[str], list[str]]:
    """How many entries of each kind the ledger holds, and what is wrong with it."""
    from lotmark.bootstrap.api import Workspace
    from lotmark.ledger.api import fsck

    workspace = Workspace(subject.product, None, subject.product / ".lotmark")
    report = fsck(workspace.state, workspace.trust_policy, workspace.registry)
    problems = [f"fsck: {finding.message}" for finding in report.findings] if not report.is_sound else []
    entries = list(workspace.ledger.entries())
    slots = Counter(entry.header.slot for entry in entries if entry.header.slot)
    problems += [f"the slot {slot} is taken {count} times" for slot, count in slots.items() if count > 1]
    results = [entry.statement.predicate for entry in workspace.reader.entries(kind="stage-result")]
    stands = {entry.header.payload.hex for entry in entries}
    problems += [
        f"{result['stage']} names {each['kind']}, which is not recorded" for result in results for each in result["evidence"] if each["payload"] not in stands
    ]
    workspace.close()
    return Counter(entry.header.kind for entry in entries), problems


def count_stages(subject: Subject) -> int:
    """How many stage results the ledger holds."""
    from lotmark.bootstrap.api import Workspace

    workspace = Workspace(subject.product, None, subject.product / ".lotmark")
    count = sum(1 for _ in workspace.ledger.entries(kind="stage-result"))
    workspace.close()
    return count


@contextmanager
def adopt_orphans() -> Iterator[None]:
    """While inside, what a killed process leaves running becomes our own child, so that nothing can hide."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_SET_SUBREAPER, 0, 0, 0, 0)


def wait_for_orphans(others: frozenset[int]) -> list[str]:
    """Wait until nothing is left of a killed process; what still runs after that is told. The others were children before: servers of a test session."""
    end = time.monotonic() + _GONE_SECONDS
    while True:
        left = [child for child in _children() if child not in others and not _reap(child)]
        if not left or time.monotonic() > end:
            return [f"process {child} is left running: {_command(child)}" for child in left]
        time.sleep(0.02)


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _reap(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
    except OSError:
        return "?"


def _environment(subject: Subject) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(subject.folder.parent / "bytecode")}


def measure(subject: Subject, folder: Path, *, count: int, seed: int, note: Callable[[str], None] = lambda _: None) -> tuple[Reference, list[Trial]]:
    """`count` trials, their moments spread over the whole run: one drawn from each of `count` equal parts of it."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    with adopt_orphans():
        run_once(subject.copy(folder / "warm"))  # so that bytecode is there before anything is timed
        reference = measure_reference(subject, folder / "reference")
        whole = reference.first_seconds + reference.second_seconds
        note(f"undisturbed: {reference.first_seconds:.2f} s to the decision, {reference.second_seconds:.2f} s after the signatures")
        trials = []
        for number in range(count):
            at = (number + chance.random()) * whole / count
            trial = try_kill(subject, reference, at, folder / f"trial-{number}")
            for again in range(_AGAIN):
                if trial.killed or trial.problems:
                    break
                # On a machine that others use too it may end before its time; then an earlier moment of the same part is drawn.
                begin = 0.0 if trial.part == 1 else reference.first_seconds
                at = begin + (at - begin) * chance.random()
                trial = try_kill(subject, reference, at, folder / f"trial-{number}-{again}")
            trials.append(trial)
            state = f"killed with {trial.stages_before} stages recorded" if trial.killed else "had ended"
            note(f"{number + 1:3d}  at {at:6.2f} s of {whole:.2f}: {state}; {trial.outcome} {'; '.join(trial.problems)}".rstrip())
    return reference, trials


def main(arguments: list[str] | None = None) -> int:
    """Print each trial and the sum; exit 1 if one is broken."""
    parser = argparse.ArgumentParser(prog="python -m tools.kill_runs", description=__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--example", choices=["tiny", "pump-firmware", "qpcr-caller"], default="pump-firmware")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lotmark-kill-") as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
        if options.example == "tiny":
            sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
        subject = prepare_tiny(folder) if options.example == "tiny" else prepare_example(folder, options.example)
        reference, trials = measure(subject, folder, count=options.count, seed=options.seed, note=print)
    killed = [trial for trial in trials if trial.killed]
    broken = [trial for trial in trials if trial.problems]
    stages = statistics.median(trial.stages_before for trial in killed) if killed else 0
    print(
        f"{options.example}: {len(trials)} runs, {len(killed)} killed while they worked (median {stages:g} stages recorded), "
        f"{len(trials) - len(broken)} resumed and finished, {len(broken)} lost or doubled evidence or left something behind"
    )
    if options.json:
        undisturbed = {"firstSeconds": reference.first_seconds, "secondSeconds": reference.second_seconds, "kinds": dict(reference.kinds)}
        wire: dict[str, Any] = {"example": options.example, "seed": options.seed, "reference": undisturbed, "trials": [asdict(trial) for trial in trials]}
        options.json.write_text(json.dumps(wire, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
