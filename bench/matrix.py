"""Reading JUnit XML, in pieces, against expat alone over the same bytes; and what one more test costs in memory.

The reference is expat with handlers of starts, ends and text that do nothing but count: what any reader in Python that looks
at every element pays before it has kept anything. Both sides read the same file in the same pieces, in turn.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

from bench import Row
from lotmark.matrix.api import scan_results

PIECE = 256 * 1024
BYTES = 100 * 1024 * 1024
ROUNDS = 3

_MEMORY = """
import resource, sys
from collections import deque
from lotmark.matrix.api import scan_results
if len(sys.argv) > 1:
    with open(sys.argv[1], "rb") as stream:
        scan_results(stream, "results.xml", deque(maxlen=0).append)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def suites(seed: int, *, output: bool) -> Iterator[str]:
    """Suites of a hundred cases, without end: two fail, three are skipped, and (with `output`) ten wrote a log."""
    dice = random.Random(seed)
    log = "".join(f"INFO 2026-11-23 12:00:{n:02d} well A{n} was read, baseline 0.{n:03d}, threshold passed at cycle {n}\n" for n in range(60))
    trace = "".join(f"  File plate.py, line {n}, in read_well\n    value = self.wells[{n}].value\n" for n in range(30))
    number = 0
    while True:
        number += 1
        lines = [f'<testsuite name="suite {number}" tests="100" failures="2" errors="0" skipped="3" time="12.5" timestamp="2026-11-23T12:00:00">\n']
        for case in range(100):
            head = f'<testcase classname="tests.unit.area{number % 40}.test_module{number}.TestGroup{case // 15}" name="test_case_{case}[{dice.randrange(10**6)}]" time="{dice.random():.3f}"'
            if case % 50 == 7:
                lines.append(f'{head}><failure message="assert 1 == 2">{trace}</failure></testcase>\n')
            elif case % 33 == 5:
                lines.append(f'{head}><skipped type="pytest.skip" message="not here">the platform</skipped></testcase>\n')
            elif output and case % 3 == 1:
                lines.append(f"{head}><system-out>{log}</system-out></testcase>\n")
            else:
                lines.append(f"{head} />\n")
        lines.append("</testsuite>\n")
        yield "".join(lines)


def write_junit(path: Path, size: int, *, output: bool) -> int:
    """A file of about `size` bytes; how many cases it holds."""
    cases = written = 0
    with path.open("w", encoding="utf-8") as stream:
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n')
        for suite in suites(7, output=output):
            written += stream.write(suite)
            cases += 100
            if written >= size:
                break
        stream.write("</testsuites>\n")
    return cases


def read_bare(path: Path) -> int:
    """expat alone: it counts elements and characters."""
    count = 0
    size = 0

    def start(_tag: str, _attrs: dict[str, str]) -> None:
        nonlocal count
        count += 1

    def end(_tag: str) -> None:
        pass

    def text(data: str) -> None:
        nonlocal size
        size += len(data)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            parser.Parse(piece, False)
    parser.Parse(b"", True)
    return count


def read_needed(path: Path) -> int:
    """expat with the two handlers that a reader of cases needs, in the form that is cheapest, doing nothing but counting."""
    count = 0
    ends: list[str] = []

    def start(_tag: str, _attrs: list[str]) -> None:
        nonlocal count
        count += 1

    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = ends.append
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            parser.Parse(piece, False)
            ends.clear()
    parser.Parse(b"", True)
    return count


def read_ours(path: Path) -> None:
    """The reader of results; what it reads is not kept."""
    with path.open("rb") as stream:
        scan_results(stream, path.name, deque(maxlen=0).append)


def cpu(action: Callable[[], object]) -> float:
    """CPU seconds of the action in this process."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def peak(*arguments: str) -> float:
    """MiB at the peak of a process that reads the file, or of one that only imports the reader."""
    told = subprocess.run([sys.executable, "-c", _MEMORY, *arguments], check=True, capture_output=True, text=True)
    return int(told.stdout) / 1024


def run() -> list[Row]:
    """The best of some rounds of each side, in turn, over a file as runners write it that keep what the tests print."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-") as name:
        path = Path(name) / "results.xml"
        for output, size, aim in ((True, BYTES, 1.5), (False, BYTES // 4, None)):
            cases = write_junit(path, size, output=output)
            pairs = [(cpu(lambda: read_ours(path)), cpu(lambda: read_bare(path))) for _ in range(ROUNDS)]
            ours, bare = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
            what = "a third wrote a log" if output else "names and times only"
            rows.append(
                Row(f"read {size // 2**20} MiB of JUnit XML, {cases} tests, {what}", ours, bare, aim, "lower", "s CPU", "expat alone, handlers that count")
            )
            needed = min(cpu(lambda: read_needed(path)) for _ in range(ROUNDS))
            rows.append(Row(f"of these {size // 2**20} MiB: expat with the handlers needed, counting", needed, bare, None, "lower", "s CPU", "expat alone"))
            rows.append(Row(f"memory that reading these {size // 2**20} MiB adds", peak(str(path)) - peak(), None, 16.0, "lower", "MiB"))
    return rows
