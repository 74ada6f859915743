"""What the facts read of each kind of evidence. A predicate that does not have this shape counts as absent.

Only what is judged is named here; the owning rooms publish the whole shapes.
"""

from typing import Any, Literal

import msgspec


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """Base of every reading; unknown keys belong to others."""


class ProductOpened(Shape, frozen=True):
    id: str
    version: str
    safety_class: str


class SourceOpened(Shape, frozen=True):
    commit: str


class ExpectedStage(Shape, frozen=True):
    stage: str
    kinds: list[str]


class Previous(Shape, frozen=True):
    version: str
    commit: str


class RunOpened(Shape, frozen=True):
    run: str
    product: ProductOpened
    source: SourceOpened
    expected: list[ExpectedStage]
    previous_release: Previous | None
    operator: str


class EvidenceRef(Shape, frozen=True):
    kind: str
    payload: str
    name: str = ""


class FindingShape(Shape, frozen=True):
    code: str
    severity: str
    message: str
    subject: str | None = None


class StageResult(Shape, frozen=True):
    run: str
    stage: str
    attempt: int
    outcome: str
    findings: list[FindingShape]
    evidence: list[EvidenceRef]


class Author(Shape, frozen=True):
    email: str


class CommitShape(Shape, frozen=True):
    sha: str
    subject: str
    author: Author
    signed_off: bool
    references: list[str]
    exempt: bool = False
    """Older than the baseline from which on the rules for commits hold."""


class ChangeSummary(Shape, frozen=True):
    run: str
    source: SourceOpened
    commits: list[CommitShape]
    authors: list[str]
    committers: list[str]
    last_pusher: str
    changed_paths: list[str]
    referenced_ids: list[str]
    changed_items: list[str]
    dependencies_changed: bool
    policy_changed: bool


class Lock(Shape, frozen=True):
    path: str
    sha256: str


class NoneDeclared(Shape, frozen=True):
    reason: str
    owner: str


class Component(Shape, frozen=True):
    name: str
    version: str
    licence_verdict: str
    hashes: dict[str, list[str] | str]
    licence: str | None = None


class Match(Shape, frozen=True):
    id: str
    component: str
    state: Literal["affected", "not_affected"]
    severity: str | float | None = None
    score: float | None = None
    fixed: list[str] = []
    justification: str | None = None
    owner: str | None = None
    expires: str | None = None


class VulnerabilityShape(Shape, frozen=True):
    retrieved: str
    records: int
    evaluated: bool
    matched: list[Match]


class DependenciesShape(Shape, frozen=True):
    run: str
    locks: list[Lock]
    none: NoneDeclared | None
    components: list[Component]
    vulnerabilities: VulnerabilityShape


class SbomMain(Shape, frozen=True):
    version: str = ""


class SbomMetadata(Shape, frozen=True):
    component: SbomMain


class SbomShape(Shape, frozen=True):
    metadata: SbomMetadata
    components: list[dict[str, Any]] = []


class Output(Shape, frozen=True):
    name: str
    sha256_a: str | None
    verdict: str


class Isolation(Shape, frozen=True):
    backend: str
    hermetic: bool


class Rebuild(Shape, frozen=True):
    run: str
    verdict: str
    claim: str
    outputs: list[Output]
    isolation: Isolation


class ArtifactRef(Shape, frozen=True):
    name: str
    sha256: str


class TestShape(Shape, frozen=True):
    id: str
    status: str
    red_then_green: bool = False
    reason: str = ""
    verifies: list[str] = []
    quarantined: str = ""
    """Why its result counts for nothing; empty: it counts."""

    @property
    def counts(self) -> bool:
        """Whether it passed with nothing left to explain."""
        return self.status == "passed" and not self.quarantined and (not self.red_then_green or bool(self.reason))


class TestCounts(Shape, frozen=True):
    passed: int
    failed: int
    error: int
    skipped: int
    missing: int


class TestRun(Shape, frozen=True):
    run: str
    layer: str
    exit_code: int
    artifacts: list[ArtifactRef]
    tests: list[TestShape]
    expected: int
    received: int
    missing: list[str]
    unexpected: list[str]
    counts: TestCounts


class CategoryShape(Shape, frozen=True):
    id: str
    layer: str
    gating: str
    tests: list[str] = []
    """Globs over test ids; none: every test of the layer."""


class MatrixTest(Shape, frozen=True):
    id: str
    status: str
    layer: str = ""
    waiver: str | None = None
    quarantined: bool = False


class RequiredShape(Shape, frozen=True):
    category: str
    gating: str
    status: str
    tests: list[MatrixTest]


class Row(Shape, frozen=True):
    subject: str
    kind: str
    title: str
    changed: bool
    required: list[RequiredShape]


class Scope(Shape, frozen=True):
    tests: list[str] = []
    requirements: list[str] = []
    hazards: list[str] = []
    risk_controls: list[str] = []


class WaiverShape(Shape, frozen=True):
    id: str
    scope: Scope
    reason: str
    residual_risk: str
    owner: str
    expires: str


class LeftOut(Shape, frozen=True):
    test: str
    reason: str


class MatrixEvaluation(Shape, frozen=True):
    run: str
    categories: list[CategoryShape]
    rows: list[Row]
    waivers: list[WaiverShape]
    left_out: list[LeftOut] = []


class TraceLink(Shape, frozen=True):
    type: str
    target: str


class TraceItem(Shape, frozen=True):
    id: str
    type: str
    title: str
    status: str
    safety_class: str | None
    links: list[TraceLink]


class Coverage(Shape, frozen=True):
    requirements: int
    with_risk_or_need: int
    with_test: int
    verified: int


class AnomalyShape(Shape, frozen=True):
    id: str
    title: str
    severity: int
    status: str
    rationale: str = ""


class TraceSnapshot(Shape, frozen=True):
    run: str
    items: list[TraceItem]
    coverage: Coverage
    changed: list[str]
    findings: list[FindingShape]
    anomalies: list[AnomalyShape] | None = None


class AfterControl(Shape, frozen=True):
    level: str


class Residual(Shape, frozen=True):
    acceptable: bool | None
    """None where nobody has judged it."""
    rationale: str


class HazardShape(Shape, frozen=True):
    id: str
    title: str
    after: AfterControl
    controls: list[str]
    residual_risk: Residual


class RiskSnapshot(Shape, frozen=True):
    run: str
    hazards: list[HazardShape]


class CandidateArtifact(Shape, frozen=True):
    name: str
    sha256: str
    size: int


class CandidateBuild(Shape, frozen=True):
    commit: str
    run: str


class CandidateVersions(Shape, frozen=True):
    proposed: str | None = None
    tested: str | None = None
    sbom: str | None = None
    artifact: str | None = None
    label: str | None = None


class ReleaseCandidate(Shape, frozen=True):
    run: str
    version: str
    artifact: CandidateArtifact
    build: CandidateBuild
    versions: CandidateVersions


class ArtifactSignature(Shape, frozen=True):
    artifact: ArtifactRef
    product: str
    version: str


class Provenance(Shape, frozen=True):
    build_definition: dict[str, Any]
    run_details: dict[str, Any]


class WitnessAnswerShape(Shape, frozen=True):
    witness: str
    outcome: str
    detail: str


class WitnessingShape(Shape, frozen=True):
    run: str
    checkpoint: str
    policy: list[str]
    log_size: int
    asked_at: str
    answers: list[WitnessAnswerShape]


SHAPES: dict[str, type[Shape]] = {
    "run-opened": RunOpened,
    "stage-result": StageResult,
    "change-summary": ChangeSummary,
    "dependencies": DependenciesShape,
    "sbom": SbomShape,
    "provenance": Provenance,
    "rebuild": Rebuild,
    "test-run": TestRun,
    "matrix-evaluation": MatrixEvaluation,
    "trace-snapshot": TraceSnapshot,
    "risk-snapshot": RiskSnapshot,
    "release-candidate": ReleaseCandidate,
    "artifact-signature": ArtifactSignature,
    "witnessing": WitnessingShape,
}
"""The kinds that the facts are computed from, each with its reading."""
