"""A closer look at outputs that differ: declared commands in the sandbox, building again to find the condition, diffoscope last.

All of it within budgets, and none of it can turn a difference into an agreement but a declared comparator.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.builds._bisect import Bisected, bisect
from lotmark.builds._causes import MEANING
from lotmark.builds._comparators import ComparatorError
from lotmark.builds._conditions import pinned
from lotmark.builds._lane import PreparedLane, prepare_lane
from lotmark.builds._layout import Layout
from lotmark.builds._scratch import remove_tree
from lotmark.builds.models import Capabilities, Cause, Dimension, Mount, OutputComparison, OutputFile, Quota, StagedSource, Verdict
from lotmark.builds.ports import Sandbox
from lotmark.product.models import Comparator

_MAX_BUILDS = 8
_MAX_BISECTED = 5
_DIFFOSCOPE_SECONDS = 120
_DIFFOSCOPE_BYTES = 10 * 2**20
_PLACE = "/build/compared"
Rebuild = Callable[[frozenset[Dimension]], Mapping[str, Digest] | None]
"""Build with these dimensions varied: the digest of each output, or None if it did not build."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where two files are looked at: the sandbox with the sources of the commit, and room for copies."""

    sandbox: Sandbox
    capabilities: Capabilities
    layout: Layout
    staged: StagedSource
    scratch: Path

    def run_comparator(self, comparator: Comparator, name: str, first: bytes, second: bytes) -> bool:
        """What the declared command says about the output of both lanes.

        Raises:
            ComparatorError: if it says neither 0 nor 1, crashes, or does not end in time.
        """
        if not comparator.command:
            raise ComparatorError("build.comparators declares no command")
        code, said = self._run(tuple(comparator.command), comparator.timeout, name, first, second)
        if code in (0, 1):
            return code == 0
        raise ComparatorError(said)

    def diffoscope(self, name: str, first: bytes, second: bytes) -> bytes:
        """Diffoscope's report as text, if it is installed and the files are small enough; else nothing."""
        if max(len(first), len(second)) > _DIFFOSCOPE_BYTES:
            return b""
        command = ("/bin/sh", "-c", 'command -v diffoscope >/dev/null || exit 0; exec diffoscope --text - --max-report-size 1048576 "$@"', "sh")
        lane = self._prepare(command, _DIFFOSCOPE_SECONDS, name, first, second)
        result = self.sandbox.run(replace(lane.spec, merge_output=False))
        return result.stdout.data if result.exit_code == 1 else b""

    def _run(self, command: tuple[str, ...], timeout: float, name: str, first: bytes, second: bytes) -> tuple[int, str]:
        lane = self._prepare(command, timeout, name, first, second)
        result = self.sandbox.run(lane.spec)
        if result.stopped:
            return -1, f"it was ended ({result.stopped}, after {timeout:g} s)"
        return result.exit_code, f"it ended with {result.exit_code}: {result.stdout.last_lines(1)}"

    def _prepare(self, command: tuple[str, ...], timeout: float, name: str, first: bytes, second: bytes) -> PreparedLane:
        place = self.scratch / "compared"
        remove_tree(place)
        paths, mounts = [], []
        for lane, data in (("a", first), ("b", second)):
            path = place / lane / Path(name).name
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
            inside = f"{_PLACE}/{lane}/{path.name}" if self.capabilities.relocates else str(path)
            paths.append(inside)
            mounts.append(Mount(path, inside))
        layout = replace(self.layout, mounts=(*self.layout.mounts, *mounts))
        quota = Quota(disk=2**28)
        return prepare_lane(place / "lane", self.staged, layout, pinned(), self.capabilities, command=(*command, *paths), timeout=timeout, quota=quota)


def find_conditions(
    comparisons: Sequence[OutputComparison], varied: frozenset[Dimension], rebuild: Rebuild, budget: float, clock: Callable[[], float] = time.monotonic
) -> tuple[OutputComparison, ...]:
    """The comparisons, with a cause more for each different output that its bytes do not explain; at most `budget` seconds."""
    wanted = [each for each in comparisons if _unexplained(each)][:_MAX_BISECTED]
    if not wanted or budget <= 0:
        return tuple(comparisons)
    deadline = clock() + budget
    built: dict[frozenset[Dimension], Mapping[str, Digest] | None] = {}

    def outputs_of(dimensions: frozenset[Dimension]) -> Mapping[str, Digest] | None:
        if dimensions not in built:
            if len(built) >= _MAX_BUILDS or clock() >= deadline:
                return None
            built[dimensions] = rebuild(dimensions)
        return built[dimensions]

    def asked_about(each: OutputComparison) -> Bisected:
        def differs(dimensions: frozenset[Dimension]) -> bool | None:
            outputs = outputs_of(dimensions)
            return None if outputs is None else outputs.get(each.name) != each.digest_a

        return bisect(differs, varied)

    found = {each.name: Cause(each.name, *_tell(asked_about(each))) for each in wanted}
    return tuple(replace(each, causes=(*each.causes, found[each.name])) if each.name in found else each for each in comparisons)


def _unexplained(comparison: OutputComparison) -> bool:
    return comparison.verdict is Verdict.DIFFERENT and any(cause.dimension is None for cause in comparison.causes)


def _tell(found: Bisected) -> tuple[str, None, Dimension | None]:
    """The cause's text, no range, and the dimension if one alone is to blame."""
    if found.chance:
        return "built again under the same conditions it differs too: the time, chance, threads or addresses", None, None
    names = [MEANING.get(each, each.value) for each in sorted(found.dimensions, key=list(Dimension).index)]
    if not found.complete:
        return f"not found within the budget which condition makes it differ; left: {', '.join(names)}", None, None
    if len(names) == 1:
        return f"built again with that alone varied it differs: {names[0]}", None, next(iter(found.dimensions))
    return f"it differs only if these are varied together: {', '.join(names)}", None, None


def keep_reports(bench: Bench, comparisons: Sequence[OutputComparison], first: Sequence[OutputFile], second: Sequence[OutputFile], target: Path) -> None:
    """Put diffoscope's reports of outputs that nothing explains below `target`, aside: no verdict depends on them."""
    left, right = ({output.name: output for output in outputs} for outputs in (first, second))
    for each in comparisons:
        if _unexplained(each) and each.name in left and each.name in right and max(left[each.name].size, right[each.name].size) <= _DIFFOSCOPE_BYTES:
            report = bench.diffoscope(each.name, left[each.name].path.read_bytes(), right[each.name].path.read_bytes())
            if report:
                path = target / f"{each.name}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(report)
