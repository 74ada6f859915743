"""Earlier results that may stand in for tests which do not run again: for the very same artifacts, and not for long.

A result stands in only if the matrix says so for each category of the test, it passed at the first try, it is no older than
the rule, nothing newer says otherwise, and nothing that changed since touches the test, what lies beside it, the product's
own files or a trigger. It is shown as reused wherever it is shown, and is never reused a second time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from lotmark.base.clock import parse_instant
from lotmark.base.findings import Finding, Severity
from lotmark.matrix._globs import matches_any
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix.models import Layer, MatrixFile, ReusedFrom, TestRecord, TestRun
from lotmark.trace.api import base_test_id

_OWN = ("lotmark.yaml", "quality/matrix.yaml")


@dataclass(frozen=True, slots=True)
class PastRun:
    """A layer's results of an earlier run. `changed_paths` is what changed between its commit and the present one; None: unknown."""

    test_run: TestRun
    sha256: str
    changed_paths: tuple[str, ...] | None


def find_reusable(matrix: MatrixFile, past: Sequence[PastRun], *, artifacts: Collection[str], at: datetime) -> dict[str, TestRecord]:
    """Test id -> the result that may stand in, marked with where it comes from.

    Args:
        matrix: The parsed `quality/matrix.yaml`.
        past: Earlier runs of one layer, oldest first.
        artifacts: SHA-256 of each artifact that is tested now; without any nothing is reused.
        at: The moment of judging.
    """
    index = MatrixIndex(matrix)
    found: dict[str, TestRecord] = {}
    decided: set[str] = set()
    for run in reversed(past):
        # What a run says of other artifacts says nothing of these, good or bad.
        if not artifacts or {file.sha256 for file in run.test_run.artifacts} != set(artifacts):
            continue
        for test in run.test_run.tests:
            if test.reused is not None or test.id in decided:
                continue
            decided.add(test.id)
            until = _until(index, run, test, at)
            if until is not None:
                told = ReusedFrom(run=run.test_run.run, test_run=run.sha256, finished_at=run.test_run.finished_at, expires=until.date().isoformat())
                found[test.id] = msgspec.structs.replace(test, reused=told)
    return found


def _until(index: MatrixIndex, run: PastRun, test: TestRecord, at: datetime) -> datetime | None:
    """To when the result may stand in; None if it may not."""
    if test.status != "passed" or test.red_then_green or test.quarantined:
        return None
    days = index.reuse_days(test.id, run.test_run.layer)
    finished = parse_instant(run.test_run.finished_at)
    until = finished + timedelta(days=days)
    if not days or not finished <= at <= until:
        return None
    if run.changed_paths is None or _touched(index, test.id, run.test_run.layer, run.changed_paths):
        return None
    return until


def _touched(index: MatrixIndex, test: str, layer: Layer, paths: Sequence[str]) -> bool:
    """Whether a change may have altered what the test does, though not what it tested."""
    folder = test.partition("::")[0].rpartition("/")[0]
    categories = {category.id for category in index.categories_of(test, layer)}
    globs = [glob for trigger in index.matrix.triggers if categories.intersection(trigger.categories) for glob in trigger.paths]
    return any(path in _OWN or (not folder or path.startswith(f"{folder}/")) or matches_any(path, globs) for path in paths)


def stand_in(tests: Sequence[TestRecord], reused: Sequence[TestRecord]) -> dict[str, TestRecord]:
    """The earlier results of tests of which this run has none at all."""
    here = {name for test in tests for name in (test.id, base_test_id(test.id))}
    return {test.id: test for test in reused if test.id not in here and base_test_id(test.id) not in here}


def told_reuse(layer: Layer, standing_in: Mapping[str, TestRecord]) -> Iterable[Finding]:
    """That results stand in, said once for each run that they come from."""
    runs = Counter(test.reused.run for test in standing_in.values() if test.reused)
    for run, count in sorted(runs.items()):
        message = f"{count} {layer} test{'' if count == 1 else 's'} did not run: the results of {run}, for the same artifacts, stand in"
        yield Finding("LM-MTX-067", message, Severity.INFO, None, layer, "nothing, while `reuse` in quality/matrix.yaml holds")
