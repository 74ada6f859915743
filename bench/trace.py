"""Reading and checking 10,000 items, as a whole process, against a bare Python floor over the same files.

The floor opens every file and finds ids and links with one regular expression each; it checks nothing. Both sides run as
processes of their own, so interpreter start and imports count on both.
"""

# ruff: noqa: A005 -- the name of the room
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import Row
from lotmark.trace.api import check_trace, find_impact, load_trace, roll_up, scan_sources

ITEMS = 10_000
TESTS = 500
ROUNDS = 3

_OURS = """
import sys
from pathlib import Path
from lotmark.trace.api import check_trace, load_trace
graph = load_trace(Path(sys.argv[1]) / "quality", "qpcr")
print(len(graph.items), len(check_trace(graph)))
"""

_FLOOR = """
import os, re, sys
ID, LINK = re.compile(r"^id: *(\\S+)", re.M), re.compile(r"^(?:derives|refines|implements|mitigates|verifies): *\\[(.*?)\\]", re.M)
items = {}
for folder, _, names in os.walk(sys.argv[1] + "/quality"):
    for name in names:
        with open(folder + "/" + name, encoding="utf-8") as stream:
            text = stream.read()
        found = ID.search(text)
        items[found[1]] = [target.strip() for links in LINK.findall(text) for target in links.split(",")]
print(len(items), sum(target not in items for links in items.values() for target in links))
"""


def write_tree(root: Path, count: int) -> None:
    """A product of `count` items: a tenth each needs, hazards and controls, the rest requirements, and tests for them."""
    requirements, risks, tests = root / "quality/requirements", root / "quality/risks", root / "tests/unit"
    for folder in (requirements, risks, tests):
        folder.mkdir(parents=True)
    tenth = count // 10
    for n in range(tenth):
        _item(requirements, f"UN-{n:05d}", "user-need", f"Need {n}", (), f"The user needs to know thing {n} in time.")
        estimates = (
            f"hazardous-situation: The patient is treated by a wrong value of thing {n}",
            "harm: Delayed therapy",
            "before: {severity: critical, probability: occasional}",
            "after: {severity: critical, probability: improbable}",
            "residual-risk: {acceptable: true, rationale: The benefit outweighs it}",
        )
        _item(risks, f"HAZ-{n:05d}", "hazard", f"Hazard {n}", estimates, f"Thing {n} is reported wrongly.")
        _item(
            risks,
            f"RC-{n:05d}",
            "risk-control",
            f"Control {n}",
            ("kind: protective", f"mitigates: [HAZ-{n:05d}]"),
            f"The software shall refuse thing {n} out of range.",
        )
    for n in range(count - 3 * tenth):
        links = ("safety-class: C", f"derives: [UN-{n % tenth:05d}]", f"implements: [RC-{n % tenth:05d}]")
        body = f"The software shall report thing {n} within {n} ms,\nand shall say so.\n\n## Rationale\n\nThe user asked for it."
        _item(requirements, f"REQ-{n:05d}", "software-requirement", f"Report thing {n} in time", links, body)
    per_file = (count - 3 * tenth) // TESTS
    for n in range(TESTS):
        cases = (f'@pytest.mark.verifies("REQ-{n * per_file + k:05d}")\ndef test_{k}():\n    assert {k} + 1 == {k + 1}\n' for k in range(per_file))
        (tests / f"test_{n:03d}.py").write_text("import pytest\n\n" + "\n".join(cases))


def _item(folder: Path, item_id: str, kind: str, title: str, lines: tuple[str, ...], body: str) -> None:
    head = "\n".join(("---", f"id: {item_id}", f"type: {kind}", f"title: {title}", "status: approved", *lines, "---"))
    (folder / f"{item_id}.md").write_text(f"{head}\n{body}\n")


def process_seconds(script: str, root: Path) -> float:
    """CPU seconds (user and system) of a Python process that runs the script."""
    before = os.times()
    subprocess.run([sys.executable, "-c", script, str(root)], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cpu(action: Callable[[], object]) -> float:
    """CPU seconds of the action in this process."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def run() -> list[Row]:
    """Whole processes first, then the parts in this one; each the best of some rounds, in turn."""
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-") as name:
        root = Path(name)
        write_tree(root, ITEMS)
        pairs = [(process_seconds(_OURS, root), process_seconds(_FLOOR, root)) for _ in range(ROUNDS)]
        ours, floor = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
        quality = root / "quality"
        load = min(cpu(lambda: load_trace(quality, "qpcr")) for _ in range(ROUNDS))
        scan = min(cpu(lambda: scan_sources(root, ["tests/**/*.py"], "qpcr")) for _ in range(ROUNDS))
        graph = load_trace(quality, "qpcr", root=root, patterns=["tests/**/*.py"])
        check = min(cpu(lambda: check_trace(graph)) for _ in range(ROUNDS))
        results = {test.id: "passed" for test in graph.sources.tests}
        rolled = min(cpu(lambda: roll_up(graph, results)) for _ in range(ROUNDS))
        impact = min(cpu(lambda: find_impact(graph, ["HAZ-00007"])) for _ in range(ROUNDS))
    floor_text = "bare Python that opens the same files and finds ids and links"
    return [
        Row(f"read and check {ITEMS} items, whole process", ours, None, 1.0, "lower", "s CPU"),
        Row("the same beside the floor", ours, floor, None, "lower", "s CPU", floor_text),
        Row(f"read {ITEMS} items into a graph", load, None, None, "lower", "s CPU"),
        Row(f"check {ITEMS} items and {len(results)} tests", check, None, None, "lower", "s CPU"),
        Row(f"scan {TESTS} Python sources with {len(results)} tests", scan, None, None, "lower", "s CPU"),
        Row(f"roll up {len(results)} results", rolled, None, None, "lower", "s CPU"),
        Row("impact of one hazard", impact * 1000, None, None, "lower", "ms CPU"),
    ]
