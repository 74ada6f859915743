"""A layer over several workers: which tests each runs, and what a lost worker leaves missing.

The split is a function of the ids and of recorded durations alone: whoever computes it, on whatever machine, gets the same.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Severity
from lotmark.matrix.models import Layer, ShardRecord, TestRun
from lotmark.trace.api import base_test_id

UNKNOWN_SECONDS: Final = 1.0
"""What a test is taken to last that has never run, where none has."""
MOST_SHARDS: Final = 1024


def split_tests(tests: Collection[str], shards: int, seconds: Mapping[str, float] | None = None) -> tuple[tuple[str, ...], ...]:
    """The tests of each of `shards` workers, so that they end at about the same time.

    The longest first, each to the worker with the least to do (LPT: R. L. Graham, Bounds on Multiprocessing Timing Anomalies,
    SIAM J. Appl. Math. 17, 1969: at most 4/3 of the best possible). Parameter sets that were recorded count for their base id.
    A test without a record lasts as long as the average one.

    Raises:
        UsageError: LM-MTX-074 if there is no such number of workers.
    """
    if not 1 <= shards <= MOST_SHARDS:
        raise UsageError("LM-MTX-074", f"tests cannot be spread over {shards} workers", solution=f"name a number from 1 to {MOST_SHARDS}")
    known: dict[str, float] = {}
    for test, lasted in (seconds or {}).items():
        known[test] = known.get(test, 0.0) + lasted
        base = base_test_id(test)
        if base != test:
            known[base] = known.get(base, 0.0) + lasted
    measured = [known[test] for test in tests if test in known]
    otherwise = sum(measured) / len(measured) if measured else UNKNOWN_SECONDS
    waiting = sorted(((known.get(test, otherwise), test) for test in set(tests)), key=lambda pair: (-pair[0], pair[1]))
    workers = [(0.0, 0, number) for number in range(shards)]
    found: list[list[str]] = [[] for _ in range(shards)]
    for lasts, test in waiting:
        load, count, number = heapq.heappop(workers)
        found[number].append(test)
        # Of workers that have as much to do the one with fewer tests is next, so that tests of no length spread too.
        heapq.heappush(workers, (load + lasts, count + 1, number))
    return tuple(tuple(sorted(each)) for each in found)


def durations(test_runs: Iterable[TestRun]) -> dict[str, float]:
    """Test id -> seconds of its last attempt in the newest of these runs (oldest first) that ran it."""
    found: dict[str, float] = {}
    for run in test_runs:
        found.update({test.id: test.seconds for test in run.tests if test.status in {"passed", "failed", "error"} and test.reused is None})
    return found


def shard_records(reported: Collection[str], shards: Sequence[Collection[str]]) -> tuple[ShardRecord, ...]:
    """What each worker had to run, and what of it nobody reported."""
    bases = {base_test_id(identity) for identity in reported}
    found = []
    for number, ids in enumerate(shards, 1):
        missing = tuple(sorted(identity for identity in ids if identity not in reported and identity not in bases))
        found.append(ShardRecord(number=number, expected=tuple(sorted(ids)), received=len(ids) - len(missing), missing=missing))
    return tuple(found)


def lost_shards(layer: Layer, shards: Sequence[ShardRecord]) -> Iterable[Finding]:
    """A finding for each worker of whose tests none reported."""
    for shard in shards:
        if shard.expected and not shard.received:
            more = " ..." if len(shard.missing) > 1 else ""
            yield Finding(
                "LM-MTX-066",
                f"worker {shard.number} of {len(shards)} of the {layer} tests reported none of its {len(shard.expected)} tests: {shard.missing[0]}{more}",
                Severity.ERROR,
                None,
                layer,
                "look at that worker's output; its tests are missing, whatever the others say",
            )
