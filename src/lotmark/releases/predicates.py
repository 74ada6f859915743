"""The kinds of evidence that this room owns."""

from typing import Annotated, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.builds.predicates import ToolBody
from lotmark.matrix.models import Counts, WaiverView
from lotmark.trace.predicates import EstimateBody

# `$` alone would let a line feed through at the end: Python's `$` matches before it, ECMA's does not.
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
GitId = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Instant = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$(?!\n)")]
ProductId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
Run = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}:RUN-[0-9]{1,9}$(?!\n)")]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class ArtifactBody(Body, frozen=True):
    """The one canonical artifact."""

    name: Text
    media_type: Text
    size: Count
    sha256: Hex


class SignedArtifactBody(Body, frozen=True):
    """The artifact by name, digest and size."""

    name: Text
    sha256: Hex
    size: Count


class FileBody(Body, frozen=True):
    """A file of the product by path and digest."""

    path: Text
    sha256: Hex


class BuildBody(Body, frozen=True):
    """The build metadata; `builtAt` is the time that the build saw, the commit's."""

    commit: GitId
    built_at: Instant
    locks: list[FileBody]
    run: Run
    environment_sha256: Hex


class BuildWithToolsBody(BuildBody, frozen=True):
    """The build metadata with the compilers and runtimes."""

    tools: list[ToolBody]


class EvidenceBody(Body, frozen=True):
    """A record of the run by the digest of its signed bytes."""

    kind: Text
    payload: Hex


class VersionsBody(Body, frozen=True):
    """The version as each source tells it; null where it tells none."""

    proposed: Text
    tested: str | None
    sbom: str | None
    artifact: str | None
    label: str | None
    """null where no labelling is declared."""


class ChecksumBody(Body, frozen=True):
    """The firmware checksum over the bytes [start, end) of the artifact, as the device checks it."""

    algorithm: Literal["crc32", "sha256"]
    value: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{8}|[0-9a-f]{64})$(?!\n)")]
    range: Annotated[list[Count], msgspec.Meta(min_length=2, max_length=2)]


class DeviceBody(Body, frozen=True):
    """What a product with hardware states about its firmware."""

    models: Annotated[list[Text], msgspec.Meta(min_length=1)]
    reported_version: str | None
    calibration_profile: FileBody | None
    firmware_checksum: ChecksumBody | None


class ReleaseCandidateBody(Body, frozen=True):
    """The predicate of ``release-candidate/v1``."""

    run: Run
    product: ProductId
    version: Text
    artifact: ArtifactBody
    build: BuildBody
    evidence: list[EvidenceBody]
    versions: VersionsBody
    device: DeviceBody | None


class ArtifactSignatureBody(Body, frozen=True):
    """The predicate of ``artifact-signature/v1``: these bytes are this version of this product."""

    artifact: SignedArtifactBody
    product: ProductId
    version: Text


class SourceBody(Body, frozen=True):
    """Where the sources come from."""

    repository: Text
    commit: GitId
    tree: GitId


class RebuildClaimBody(Body, frozen=True):
    """What came of building twice."""

    verdict: Literal["IDENTICAL", "EQUIVALENT", "DIFFERENT", "NOT_COMPARABLE", "FAILED"]
    claim: Literal["R1", "R2", "R3"]


class ReusedBody(Body, frozen=True):
    """A result of an earlier run: which, by the digest of its test run, when it was made, and the last day on which it may stand in."""

    test: Text
    run: Run
    test_run: Hex
    finished_at: Instant
    expires: Text


class QuarantinedBody(Body, frozen=True):
    """A test in quarantine; `uncovered` are hazards, controls and requirements that nothing else covers meanwhile."""

    test: Text
    status: Text
    reason: Text
    owner: Text
    expires: Text
    uncovered: list[Text]


class EnvironmentFailureBody(Body, frozen=True):
    """A red test and what in the environment made it so."""

    test: Text
    status: Text
    cause: Text


class WaivedBody(Body, frozen=True):
    """A test that did not pass, and the waiver that covers it."""

    test: Text
    status: Text
    waiver: Text


class LeftOutBody(Body, frozen=True):
    """A test that was not run, and why not."""

    test: Text
    reason: Text


class SuiteBody(Body, frozen=True):
    """One layer of tests; `suite` are the digests of its result files."""

    layer: Literal["unit", "integration", "validation"]
    suite: list[Hex]
    counts: Counts
    expected: Count
    received: Count
    reused: list[ReusedBody] = []
    """Tests that did not run, whose results of an earlier run stand in."""
    quarantined: list[QuarantinedBody] = []
    """Tests whose results count for nothing, with who answers for that and until when."""
    environment_failures: list[EnvironmentFailureBody] = []
    """Red tests with a declared cause in the environment."""
    waived: list[WaivedBody] = []
    """Tests that did not pass and that a waiver covers."""


class ResidualRiskBody(Body, frozen=True):
    """What remains of a hazard after control; `acceptable` null where nobody judged it."""

    hazard: Text
    title: str
    after: EstimateBody
    acceptable: bool | None
    rationale: str


class OpenAnomalyBody(Body, frozen=True):
    """A known anomaly that the release ships with; severity 1 is the gravest."""

    id: Text
    title: str
    severity: Annotated[int, msgspec.Meta(ge=1, le=4)]
    rationale: str


class ManifestationBody(Body, frozen=True):
    """A signature as it is shown (21 CFR 11.50)."""

    person: Text
    name: Text
    role: Text
    meaning: Text
    signed_at: Instant
    payload: Hex


class ReleaseTargetBody(Body, frozen=True):
    """Where the release goes; the artifact is the same everywhere, the descriptor is not."""

    name: Text
    environment: str
    descriptor_sha256: Hex


class ProductionIdentifierBody(Body, frozen=True):
    """The production identifier: version and lot, which for software is the run."""

    version: Text
    lot: Run


class UdiBody(Body, frozen=True):
    """Unique Device Identification; `di` null where the product has none."""

    di: str | None
    pi: ProductionIdentifierBody


class ReleaseManifestBody(Body, frozen=True, kw_only=True):
    """The predicate of ``release-manifest/v1``: everything that the artifact's evidence packet holds."""

    run: Run
    product: ProductId
    version: Text
    build: BuildWithToolsBody
    source: SourceBody
    artifact: ArtifactBody
    sbom: Hex
    provenance: Hex
    rebuild: RebuildClaimBody
    tests: Annotated[list[SuiteBody], msgspec.Meta(min_length=3, max_length=3)]
    trace: Hex
    residual_risks: list[ResidualRiskBody]
    waivers: list[WaiverView]
    left_out: list[LeftOutBody] = []
    """Tests that the plan left out, those with a reused result among them."""
    anomalies: list[OpenAnomalyBody]
    decision: Hex
    approvals: list[ManifestationBody]
    targets: Annotated[list[ReleaseTargetBody], msgspec.Meta(min_length=1)]
    udi: UdiBody
    device: DeviceBody | None
    versions: VersionsBody
    frozen_at: Instant


_PIPELINE = frozenset({"pipeline"})

KINDS = (
    PredicateKind(
        "release-candidate",
        lotmark_uri("release-candidate"),
        clause="21 CFR 820.30(h); IEC 62304:2006+A1:2015 5.8.4",
        retention="device-record",
        signers=_PIPELINE,
        schema="release-candidate.v1.json",
        title="Release candidate: the one artifact and the evidence behind it",
        body=ReleaseCandidateBody,
    ),
    PredicateKind(
        "artifact-signature",
        lotmark_uri("artifact-signature"),
        clause="IEC 62304:2006+A1:2015 5.8.6; 21 CFR 820.70(i)",
        retention="device-record",
        signers=_PIPELINE,
        schema="artifact-signature.v1.json",
        title="Signature of the artifact, separate from its provenance",
        body=ArtifactSignatureBody,
    ),
    PredicateKind(
        "scai",
        "https://in-toto.io/attestation/scai/v0.3",
        clause="21 CFR 820.181; IEC 62304:2006+A1:2015 8.1.1",
        retention="device-record",
        signers=_PIPELINE,
        title="Device attributes: firmware checksum, models, calibration profile",
    ),
    PredicateKind(
        "release-manifest",
        lotmark_uri("release-manifest"),
        clause="21 CFR 820.184; IEC 62304:2006+A1:2015 5.8.4",
        retention="device-record",
        signers=_PIPELINE,
        schema="release-manifest.v1.json",
        title="Release manifest, frozen",
        body=ReleaseManifestBody,
    ),
    PredicateKind(
        "release",
        "https://in-toto.io/attestation/release/v0.1",
        clause="IEC 62304:2006+A1:2015 5.8.4",
        retention="device-record",
        signers=_PIPELINE,
        title="Release of an artifact under a version",
    ),
)
