"""Test results: as a results file tells them, as one run of a layer left them, and as they are recorded.

`TestRun` and what it holds is the predicate of ``test-run/v1``; the rest lives only while the results are collected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from lotmark.base.findings import Finding
from lotmark.matrix._file import Layer
from lotmark.product.models import DateText

TestStatus = Literal["passed", "failed", "error", "skipped", "missing"]


class Record(msgspec.Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """Base of every wire type of this room."""

    def to_wire(self) -> dict[str, Any]:
        """The predicate: plain JSON values, keys in lowerCamelCase."""
        wire: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return wire


# ---- results files, as read ----------------------------------------------------------------------------------------

ResultFormat = Literal["junit", "nunit", "xunit", "trx", "ctrf", "robot", "rspec"]


class TestAttempt(Record, frozen=True, kw_only=True, gc=False):
    """One try of one test. `missing`: the attempt's results do not mention it."""

    __test__ = False

    status: TestStatus
    seconds: float = 0.0
    message: str = ""
    environment: str = ""
    """The declared cause in the environment that the message of a red attempt tells of; empty: the product's own, as far as anybody knows."""


class ResultCase(msgspec.Struct, frozen=True, gc=False):
    """One test of a results file (or an error of a whole suite), with its normalised id."""

    id: str
    name: str
    classname: str
    suite: str
    file: str
    status: TestStatus
    seconds: float
    message: str = ""
    tries: tuple[TestAttempt, ...] = ()
    """Where the producer re-ran the test by itself: every try in the order they happened; the last is the result."""
    verifies: tuple[str, ...] = ()
    """What it says that it verifies, not yet parsed as identifiers."""

    @property
    def attempts(self) -> tuple[TestAttempt, ...]:
        """Every try; the last is the result."""
        return self.tries or (TestAttempt(status=self.status, seconds=self.seconds, message=self.message),)


@dataclass(frozen=True, slots=True)
class DeclaredGap:
    """A suite that declares more tests than it lists."""

    suite: str
    declared: int
    listed: int
    line: int


@dataclass(frozen=True, slots=True)
class ResultReport:
    """A results file, read whole: at least one case (none here where they went elsewhere one by one)."""

    name: str
    cases: tuple[ResultCase, ...]
    suites: int
    gaps: tuple[DeclaredGap, ...]
    format: ResultFormat = "junit"


# ---- one layer, collected -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A results file as the layer's command left it."""

    name: str
    data: bytes
    modified_at: datetime
    shard: int = 0
    """Number of the worker that left it, from 1; 0 where there is one only."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of the layer's command."""

    files: tuple[ResultFile, ...]
    started_at: datetime
    finished_at: datetime
    exit_code: int


class FileRef(Record, frozen=True, kw_only=True):
    """A file by name and digest."""

    name: str
    sha256: str


class ReusedFrom(Record, frozen=True, kw_only=True):
    """The run whose result stands in: it tested the very same artifacts."""

    run: str
    test_run: str
    """SHA-256 of the `test-run` statement that holds the result."""
    finished_at: str
    expires: DateText
    """The last day (UTC) on which the matrix lets it stand in."""


class TestRecord(Record, frozen=True, kw_only=True):
    """One test: its result (that of the last attempt) and every attempt."""

    __test__ = False

    id: str
    name: str
    suite: str
    file: str
    status: TestStatus
    seconds: float
    attempts: tuple[TestAttempt, ...]
    verifies: tuple[str, ...] = ()
    red_then_green: bool = False
    reason: str = ""
    """Why a red attempt before the green one is accepted; empty: nobody has said."""
    quarantined: str = ""
    """Why its result counts for nothing, and until when; empty: it counts."""
    reused: ReusedFrom | None = None
    """Where the result comes from, if the test did not run this time."""
    waived: str = ""
    """The waiver that covered it at its stage, if it did not pass."""

    @property
    def environment(self) -> str:
        """The declared cause in the environment of a red result; empty where there is none."""
        return self.attempts[-1].environment if self.attempts and self.status in {"failed", "error"} else ""


class AttemptRecord(Record, frozen=True, kw_only=True):
    """One run of the layer's command, as evidence."""

    exit_code: int
    started_at: str
    finished_at: str
    results: tuple[FileRef, ...]


class Counts(Record, frozen=True, kw_only=True):
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    missing: int = 0


class ShardRecord(Record, frozen=True, kw_only=True):
    """One of the workers over which a layer was spread: what it had to run, and what it reported."""

    number: int
    """From 1."""
    expected: tuple[str, ...]
    received: int
    missing: tuple[str, ...]


class TestRun(Record, frozen=True, kw_only=True):
    """Predicate of ``test-run/v1``: one layer of tests, expected against received."""

    __test__ = False

    run: str
    layer: Layer
    command: tuple[str, ...]
    started_at: str
    finished_at: str
    exit_code: int
    environment: dict[str, Any]
    artifacts: tuple[FileRef, ...]
    results: tuple[FileRef, ...]
    tests: tuple[TestRecord, ...]
    expected: int
    received: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    counts: Counts
    attempts: tuple[AttemptRecord, ...]
    shards: tuple[ShardRecord, ...] = ()
    """Of the last attempt; none where one worker ran everything."""


@dataclass(frozen=True, slots=True)
class CollectedResults:
    """A layer's results and what is wrong with them."""

    test_run: TestRun
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CollectContext:
    """What is recorded beside the results and not judged."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    artifacts: tuple[FileRef, ...] = ()


class FlakeStatistic(Record, frozen=True, kw_only=True):
    """How often one test was red and green on the same artifacts."""

    test: str
    trials: int
    """Sets of artifacts on which it ended green or red."""
    flaky: int
    """Trials in which it was both."""
    attempts: int
    red: int
    environment: int
    """Red attempts with a declared cause in the environment."""
    rate: float
    low: float
    """Lower end of the interval of the rate."""
    high: float
    confidence: float
