"""The shape of the facts, version 1: what criteria may read. The published schema is generated from these types.

Every key always stands. What no evidence speaks of has ``present: false`` and values that satisfy nothing; there is
no null, so a criterion cannot stumble over one.
"""

from typing import Any, Literal

import msgspec


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Base of every fact."""


class PreviousRelease(Fact, frozen=True):
    present: bool
    version: str
    commit: str


class Run(Fact, frozen=True):
    present: bool
    id: str
    product: str
    version: str
    safety_class: str
    commit: str
    operator: str
    previous_release: PreviousRelease


class CompletenessFact(Fact, frozen=True):
    complete: bool
    missing: list[str]


class Stage(Fact, frozen=True):
    stage: str
    present: bool
    outcome: str
    """As recorded, ``absent``, or ``inconsistent`` where it says accepted and what it holds does not bear that out."""
    attempts: int
    refused_attempts: int
    errors: int
    """Findings of severity error in the latest attempt."""
    contradictions: list[str]
    """What of the evidence contradicts the outcome ``accepted``."""


class CommitFact(Fact, frozen=True):
    sha: str
    subject: str
    author: str
    signed_off: bool
    references: list[str]
    exempt: bool
    """Whether the commit is older than the product's baseline for these rules."""


class Source(Fact, frozen=True):
    present: bool
    commits: list[CommitFact]
    authors: list[str]
    committers: list[str]
    last_pusher: str
    changed_paths: list[str]
    referenced_ids: list[str]
    changed_items: list[str]
    dependencies_changed: bool
    policy_changed: bool


class LicenceFact(Fact, frozen=True):
    component: str
    licence: str
    verdict: str


class Dependencies(Fact, frozen=True):
    present: bool
    locks: list[str]
    none_declared: bool
    """Whether a person answers for the statement that there are no dependencies."""
    components: int
    licences_refused: list[LicenceFact]
    """Components whose licence is neither allowed nor excepted."""
    unhashed: list[str]
    """Components without a hash in the lock."""


class Sbom(Fact, frozen=True):
    present: bool
    version: str
    components: int


class VulnerabilityFact(Fact, frozen=True):
    id: str
    component: str
    severity: str
    score: float
    """CVSS base score; 10.0 where the record gives none."""
    score_text: str
    fixed: bool
    """Whether a version without it exists."""


class VexFact(Fact, frozen=True):
    id: str
    component: str
    justification: str
    owner: str
    expires: str
    expired: bool


class Vulnerabilities(Fact, frozen=True):
    present: bool
    evaluated: bool
    records: int
    retrieved: str
    age_days: int
    """Days from the retrieval of the dump to the decision; 1000000 where unknown."""
    affected: list[VulnerabilityFact]
    """An expired exception counts as affected."""
    exceptions: list[VexFact]


class OutputFact(Fact, frozen=True):
    name: str
    verdict: str


class Build(Fact, frozen=True):
    present: bool
    provenance: bool
    verdict: str
    claim: str
    hermetic: bool
    backend: str
    differing: list[OutputFact]
    """Outputs that were not identical in the two builds."""


class Layer(Fact, frozen=True):
    layer: str
    present: bool
    expected: int
    received: int
    passed: int
    failed: int
    skipped: int
    missing: list[str]
    unexcused: list[str]
    """Missing tests that neither a valid waiver nor the matrix's own selection explains."""
    unexpected: list[str]
    failing: list[str]
    """Tests with any status but ``passed``, missing ones too."""
    unstable: list[str]
    """Tests that failed before they passed, in this attempt or in an earlier one of the run, with nobody saying why."""


class Tests(Fact, frozen=True):
    layers: list[Layer]


class Counts(Fact, frozen=True):
    """Counted over the rows; an ``inconsistent`` one is required and nothing else."""

    required: int
    passed: int
    failed: int
    missing: int
    incomplete: int
    waived: int


class RequiredFact(Fact, frozen=True):
    """One required category of one row."""

    subject: str
    kind: str
    title: str
    changed: bool
    category: str
    gating: str
    status: str
    """As evaluated, or ``inconsistent`` where the run's own tests, the categories or the waivers say otherwise."""


class CriticalTest(Fact, frozen=True):
    """A test that a blocking category requires."""

    id: str
    subject: str
    category: str
    layer: str
    status: str
    """As evaluated; where that is ``passed``, as the test run of the layer says it (``missing``: it does not mention the test)."""
    unstable: bool


class Matrix(Fact, frozen=True):
    present: bool
    rows: int
    blocking: Counts
    waivable: Counts
    informational: Counts
    unsatisfied: list[RequiredFact]
    """Required categories of any gating that did not pass (waived ones too)."""
    critical: list[CriticalTest]


class WaiverFact(Fact, frozen=True):
    id: str
    reason: str
    residual_risk: str
    owner: str
    expires: str
    expired: bool
    well_formed: bool
    """Id of this product, scope, reason, residual risk, owner and expiry all given."""


class WaiverUse(Fact, frozen=True):
    waiver: str
    test: str
    subject: str
    covered: bool
    """Whether the waiver is listed and its scope names the test or the subject."""


class Waivers(Fact, frozen=True):
    present: bool
    items: list[WaiverFact]
    uses: list[WaiverUse]


class TraceFinding(Fact, frozen=True):
    code: str
    message: str
    subject: str


class Gap(Fact, frozen=True):
    id: str
    title: str
    lacks: str


class Trace(Fact, frozen=True):
    present: bool
    items: int
    requirements: int
    with_risk_or_need: int
    with_test: int
    verified: int
    changed: list[str]
    changed_classes: list[str]
    """Safety classes of the changed items, without doubles; an item without one has the product's."""
    errors: list[TraceFinding]
    gaps: list[Gap]
    """Changed requirements without a link up or without a required test."""


class HazardFact(Fact, frozen=True):
    id: str
    title: str
    level: str
    """Risk level after control."""
    acceptable: bool
    rationale: bool
    """Whether the acceptance states why."""
    controls: int


class Risks(Fact, frozen=True):
    present: bool
    hazards: list[HazardFact]


class AnomalyFact(Fact, frozen=True):
    id: str
    title: str
    severity: int
    rationale: bool


class Anomalies(Fact, frozen=True):
    present: bool
    open: list[AnomalyFact]


class Artifact(Fact, frozen=True):
    present: bool
    name: str
    sha256: str
    size: int


class Versions(Fact, frozen=True):
    """Empty where nothing was said."""

    proposed: str
    tested: str
    sbom: str
    artifact: str
    label: str
    opened: str
    """As the run was opened."""


class Binding(Fact, frozen=True):
    """Two pieces of evidence that must speak of the same thing."""

    what: str
    expected: str
    found: str
    same: bool


class Witness(Fact, frozen=True):
    """What the log's witnesses said of it just before the decision, as far as their signatures bear it out."""

    present: bool
    """Whether any witness was named and asked."""
    named: int
    cosigned: list[str]
    quorum: bool
    size: int
    """Of the checkpoint that they cosigned."""
    log_size: int
    """Of the log when they were asked."""
    age_minutes: int
    """From the cosigning of the quorum to the asking; 0 where no quorum is asked for."""
    problems: list[str]
    """Of each witness that did not cosign when it was asked: what it said."""


class Facts(Fact, frozen=True):
    """Everything that a decision knows."""

    facts_version: Literal[1]
    evaluated_at: str
    evaluated_on: str
    run: Run
    completeness: CompletenessFact
    stages: list[Stage]
    source: Source
    dependencies: Dependencies
    sbom: Sbom
    vulnerabilities: Vulnerabilities
    build: Build
    tests: Tests
    matrix: Matrix
    waivers: Waivers
    trace: Trace
    risks: Risks
    anomalies: Anomalies
    artifact: Artifact
    versions: Versions
    bindings: list[Binding]
    witness: Witness


def facts_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the facts."""
    schema = msgspec.json.schema(Facts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://lotmark.dev/schemas/facts.v1.json",
        "title": "Facts of a release decision, version 1",
        **schema,
    }
