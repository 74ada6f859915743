"""The values of the matrix room: test results, the plan, the evaluation and waivers.

Types derived from `Record` are wire types: their JSON form (lowerCamelCase) is the predicate of the evidence kind of the
same name. Identifiers in them are short local ids of the product, except run and waiver ids, which are canonical.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from lotmark.base.findings import Finding
from lotmark.matrix._file import (
    Category,
    CategoryId,
    EnvironmentFailure,
    Expensive,
    Gating,
    Layer,
    MatrixFile,
    Need,
    Occasion,
    Override,
    Quarantine,
    QuarantineLimits,
    Retention,
    Reuse,
    SafetyClass,
    SubjectKind,
    Trigger,
    Unstable,
    WaiverRules,
)
from lotmark.product.models import DateText

__all__ = [
    "Attempt",
    "AttemptRecord",
    "Category",
    "CategoryId",
    "CategoryResult",
    "CategoryView",
    "CollectedResults",
    "Counts",
    "CoverageLoss",
    "CoveringTest",
    "DeclaredGap",
    "EnvironmentFailure",
    "Expensive",
    "FileRef",
    "FlakeStatistic",
    "Gating",
    "GatingSummary",
    "KnownTest",
    "Layer",
    "LeftOut",
    "MatrixEvaluation",
    "MatrixFile",
    "MatrixResult",
    "Need",
    "Occasion",
    "Override",
    "Plan",
    "Quarantine",
    "QuarantineLimits",
    "QuarantineView",
    "Record",
    "ResultCase",
    "ResultFile",
    "ResultFormat",
    "ResultReport",
    "Retention",
    "Reuse",
    "ReusedFrom",
    "Row",
    "RowStatus",
    "SafetyClass",
    "Selected",
    "ShardRecord",
    "SubjectKind",
    "Summary",
    "TestAttempt",
    "TestRecord",
    "TestRun",
    "TestStatus",
    "Trigger",
    "Unstable",
    "Waiver",
    "WaiverClosure",
    "WaiverReview",
    "WaiverRules",
    "WaiverScope",
    "WaiverSigner",
    "WaiverView",
]

TestStatus = Literal["passed", "failed", "error", "skipped", "missing"]
RowStatus = Literal["passed", "failed", "missing", "incomplete", "waived"]


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


# ---- plan ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownTest:
    """A test that is known before it runs: from a list command, or from a marker in the sources (then the layer may be unknown)."""

    id: str
    layer: Layer | None = None
    verifies: tuple[str, ...] = ()


class Selected(Record, frozen=True, kw_only=True):
    """A test that is to run, and why."""

    test: str
    reasons: tuple[str, ...]


class LeftOut(Record, frozen=True, kw_only=True):
    """A test that need not run now, and why not."""

    test: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run for a change. `tests` are all known tests, selected or not."""

    occasion: Occasion
    tests: tuple[KnownTest, ...]
    selected: tuple[Selected, ...]
    left_out: tuple[LeftOut, ...]

    def selected_ids(self, layer: Layer | None = None) -> frozenset[str]:
        """Ids of the selected tests, with `layer` of that layer only: what the layer's results must mention."""
        layers = {test.id: test.layer for test in self.tests}
        return frozenset(s.test for s in self.selected if layer is None or layers.get(s.test) == layer)


# ---- waivers ------------------------------------------------------------------------------------------------------


class WaiverScope(Record, frozen=True, kw_only=True):
    """What a waiver covers: exactly these tests, requirements, hazards and risk controls, nothing that merely resembles them."""

    tests: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    risk_controls: tuple[str, ...] = ()

    @property
    def items(self) -> frozenset[str]:
        return frozenset((*self.requirements, *self.hazards, *self.risk_controls))


class WaiverSigner(Record, frozen=True, kw_only=True):
    """Who signed: person (as enrolled with the key), printed name, role."""

    person: str
    name: str
    role: str


class Waiver(Record, frozen=True, kw_only=True):
    """Predicate of ``waiver/v1``: a person takes a named exception on himself until a day."""

    waiver: str
    product: str
    scope: WaiverScope
    version: str | None
    """The one version that it holds for; null: any version until it expires."""
    reason: str
    residual_risk: str
    owner: str
    signer: WaiverSigner
    signed_at: str
    zone: str
    expires: DateText
    """The last day (UTC) on which it holds."""


class WaiverClosure(Record, frozen=True, kw_only=True):
    """Predicate of ``waiver-closure/v1``: the waiver holds no longer."""

    waiver: str
    reason: str
    signer: WaiverSigner
    closed_at: str


@dataclass(frozen=True, slots=True)
class WaiverReview:
    """Which waivers hold, and why the others do not. `active` pairs each waiver with its log index."""

    active: tuple[tuple[Waiver, int], ...] = ()
    findings: tuple[Finding, ...] = ()


# ---- evaluation ---------------------------------------------------------------------------------------------------


class CategoryView(Record, frozen=True, kw_only=True):
    """A category as the evaluation was made with it."""

    id: str
    title: str
    owner: str
    environment: str
    layer: Layer
    gating: Gating
    retention: Retention
    tests: tuple[str, ...] = ()
    """Globs over test ids; empty: every test of the layer."""


class CoveringTest(Record, frozen=True, kw_only=True):
    """A test that counts for a subject in a category."""

    id: str
    status: TestStatus
    layer: Layer
    waiver: str | None = None
    quarantined: bool = False
    """It is shown and does not count."""
    reused: str | None = None
    """The run whose result stands in."""
    environment: str = ""
    """The declared cause in the environment of a red result."""


class CategoryResult(Record, frozen=True, kw_only=True):
    """What one category says of one subject."""

    category: str
    gating: Gating
    status: RowStatus
    tests: tuple[CoveringTest, ...]


class Row(Record, frozen=True, kw_only=True):
    """One hazard, risk control or requirement."""

    subject: str
    kind: SubjectKind
    title: str
    changed: bool
    """Whether the item itself changed."""
    required: tuple[CategoryResult, ...]
    status: RowStatus


class WaiverView(Record, frozen=True, kw_only=True):
    """A waiver that took effect in this evaluation."""

    id: str
    scope: WaiverScope
    reason: str
    residual_risk: str
    owner: str
    expires: str
    index: int


class QuarantineView(Record, frozen=True, kw_only=True):
    """A test whose result did not count in this evaluation."""

    test: str
    reason: str
    owner: str
    expires: str
    status: TestStatus
    subjects: tuple[str, ...]
    """What it would have counted for."""
    uncovered: tuple[str, ...]
    """Those of them that no other test covers now, in a category that they need."""


class CoverageLoss(Record, frozen=True, kw_only=True):
    """Something that the last release covered, or asked to be covered, and this one does not."""

    subject: str
    what: str
    waiver: str | None
    """The waiver in which a person accepted it; null: nobody did."""


class GatingSummary(Record, frozen=True, kw_only=True):
    """How many subject-and-category pairs ended how."""

    required: int = 0
    passed: int = 0
    failed: int = 0
    missing: int = 0
    incomplete: int = 0
    waived: int = 0


class Summary(Record, frozen=True, kw_only=True):
    """One `GatingSummary` for each way of gating."""

    blocking: GatingSummary = GatingSummary()
    waivable: GatingSummary = GatingSummary()
    informational: GatingSummary = GatingSummary()


class MatrixEvaluation(Record, frozen=True, kw_only=True):
    """Predicate of ``matrix-evaluation/v1``."""

    run: str
    product: str
    categories: tuple[CategoryView, ...]
    rows: tuple[Row, ...]
    selected: tuple[Selected, ...]
    left_out: tuple[LeftOut, ...]
    waivers: tuple[WaiverView, ...]
    summary: Summary
    quarantined: tuple[QuarantineView, ...] = ()
    losses: tuple[CoverageLoss, ...] = ()
    """Against the last release."""


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The evaluation and what is wrong; any error closes the gate."""

    evaluation: MatrixEvaluation
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectContext:
    """What is recorded beside the results and not judged."""

    command: tuple[str, ...] = ()
    environment: Mapping[str, Any] = field(default_factory=dict)
    artifacts: tuple[FileRef, ...] = ()
