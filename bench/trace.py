"""`lotmark check` over synthetic products with planted faults, against a bare floor and, where they are installed, other tools.

Every side is a process of its own, so interpreter start and imports count; rounds of both sides alternate, and each side
shows its best. A run first holds that ours and the floor find exactly what was planted: a fast check that misses something
is no result.
"""

# ruff: noqa: A005 -- the name of the room
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench import Row
from bench._corpus import Corpus, make_corpus, write_corpus
from bench._rivals import HOME, RIVALS
from lotmark.trace.api import find_impact, load_trace, roll_up

ROUNDS = 3
LIMIT = 600
"""Seconds that another tool has."""
FLOOR = Path(__file__).with_name("_floor.py")
_FLOOR_TEXT = "bare Python that does the same checks over the same bytes"


def run() -> list[Row]:
    """Sizes, memory, the second call, growth, impact, other tools."""
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-") as name:
        products = {count: _product(Path(name) / str(count), count) for count in (1_000, 5_000, 10_000, 50_000)}
        rows = _sizes(products)
        rows += _again(products[10_000][0])
        rows += _parts(products[10_000][0], products[50_000][0])
        return rows + _others(Path(name), products[10_000][0])


def _product(root: Path, count: int) -> tuple[Path, Corpus]:
    corpus = make_corpus(count)
    root.mkdir()
    write_corpus(corpus, root)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    found = Counter((finding["code"], finding.get("subject", "")) for finding in json.loads(_check(root, "--no-cache"))["findings"])
    _same("lotmark check", found, corpus)
    subprocess.run([sys.executable, str(FLOOR), str(root), str(root / ".floor.json")], check=True, stdout=subprocess.DEVNULL)
    _same("the floor", Counter(map(tuple, json.loads((root / ".floor.json").read_text()))), corpus)
    (root / ".floor.json").unlink()
    return root, corpus


def _same(who: str, found: Counter[tuple[str, str]], corpus: Corpus) -> None:
    planted = Counter(corpus.truth)
    if found != planted:
        raise SystemExit(f"{who} missed {list((planted - found).items())[:5]} and invented {list((found - planted).items())[:5]}")


def _sizes(products: dict[int, tuple[Path, Corpus]]) -> list[Row]:
    rows = []
    costs = {}
    aims = {1_000: (None, 0.35, None), 5_000: (None, None, None), 10_000: (3.0, 1.5, 150.0), 50_000: (2.5, None, 600.0)}
    for count, (root, _) in products.items():
        pairs = [(_measure(_command(root, "--no-cache"), root), _measure([sys.executable, str(FLOOR), str(root)], root)) for _ in range(ROUNDS)]
        ours, floor = min(pair[0][0] for pair in pairs), min(pair[1][0] for pair in pairs)
        costs[count] = ours
        ratio, seconds, memory = aims[count]
        if ratio:
            rows.append(Row(f"cold check of {count} items, CPU", ours, floor, ratio, "lower", "s CPU", _FLOOR_TEXT))
        if seconds:
            rows.append(Row(f"cold check of {count} items, wall", min(pair[0][1] for pair in pairs), None, seconds, "lower", "s"))
        if memory:
            rows.append(Row(f"cold check of {count} items, memory", max(pair[0][2] for pair in pairs), None, memory, "lower", "MiB"))
    rows.append(Row("growth: CPU of 50000 items to CPU of 5000", costs[50_000] / costs[5_000], None, 10.0, "lower", "times"))
    return rows


def _again(root: Path) -> list[Row]:
    shutil.rmtree(root / ".lotmark", ignore_errors=True)
    cold = _check(root, "--no-cache")
    if _check(root) != cold or _check(root) != cold:
        raise SystemExit("a remembered report is not the same bytes")
    pairs = [(_measure(_command(root), root)[0], _measure(_command(root, "--no-cache"), root)[0]) for _ in range(ROUNDS)]
    return [
        Row(
            "nothing changed, 10000 items", min(pair[0] for pair in pairs), min(pair[1] for pair in pairs), 0.35, "lower", "s CPU", "the cold check; same bytes"
        )
    ]


def _parts(ten: Path, fifty: Path) -> list[Row]:
    graph = load_trace(ten / "quality", "bench", root=ten, patterns=["tests/**/*.py", "tests/**/*.c"])
    results = {test.id: "passed" for test in graph.sources.tests}
    rolled = min(_cpu(lambda: roll_up(graph, results)) for _ in range(ROUNDS))
    large = load_trace(fifty / "quality", "bench", root=fifty, patterns=["tests/**/*.py", "tests/**/*.c"])
    chosen = [item_id for item_id in list(large.items)[:: len(large.items) // 200] if not large.items[item_id].obsolete]
    impacts = sorted(min(_cpu(lambda one=one: find_impact(large, [one])) for _ in range(ROUNDS)) for one in chosen)
    return [
        Row(f"roll up {len(results)} results over 10000 items", rolled, None, None, "lower", "s CPU"),
        Row("impact of one item among 50000, the slowest of 200", impacts[-1] * 1000, None, 5.0, "lower", "ms CPU"),
    ]


def _others(folder: Path, product: Path) -> list[Row]:
    """Each of the others once, and ours right after it: what else the machine does at the time slows both."""
    rows = []
    sound = make_corpus(10_000, faults=False)
    for rival in RIVALS:
        if not rival.present:
            print(f"left out: {rival.name}; {rival.program} is not in {HOME / 'bin'} (`make rivals` installs it)", file=sys.stderr)
            continue
        root = folder / rival.program / rival.name.replace(" ", "-")
        root.mkdir(parents=True)
        rival.write(sound, root)
        cost = sum(_measure(_limited(command), root, strict=False)[0] for command in rival.command)
        ours = min(_measure(_command(product, "--no-cache"), product)[0] for _ in range(ROUNDS))
        told = f"its {cost:.1f} s CPU to our {ours:.2f}"
        rows.append(Row(f"{rival.name}: its CPU on 10000 items to ours", cost / ours, None, rival.times, "higher", "times", told))
    return rows


def _limited(command: Sequence[str]) -> list[str]:
    """The command of the other tool. At LIMIT it is ended: its time until then is the least that it takes."""
    return ["timeout", str(LIMIT), *(word.replace("{bin}", str(HOME / "bin")) for word in command)]


def _command(root: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "lotmark.cli.main", "-C", str(root), "--format", "json", "check", *more]


def _check(root: Path, *more: str) -> bytes:
    return subprocess.run(_command(root, *more), check=False, capture_output=True).stdout


def _measure(command: Sequence[str], folder: Path, *, strict: bool = True) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and MiB at most of a process and its children; exit codes 0 and 1 are answers."""
    begin = time.perf_counter()
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        process = subprocess.Popen(command, cwd=folder, stdout=nowhere, stderr=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if strict and process.returncode not in {0, 1}:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begin, usage.ru_maxrss / 1024


def _cpu(action: object) -> float:
    begin = time.process_time()
    action()  # type: ignore[operator]
    return time.process_time() - begin
