"""The kinds of evidence that this room owns."""

from typing import Annotated, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.releases.predicates import Count, Hex, Instant, ProductId, Run, Text


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class TargetBody(Body, frozen=True):
    """A declared target."""

    name: Text
    driver: Literal["directory"]
    environment: str
    path: Text


class DeployedArtifactBody(Body, frozen=True):
    """The artifact that was deployed."""

    name: Text
    sha256: Hex


class AdmittedDigestBody(Body, frozen=True):
    """The digest that was admitted."""

    sha256: Hex


class AdmissionCheckBody(Body, frozen=True):
    """One thing that was verified again before the switch."""

    name: Text
    verdict: Literal["passed", "failed"]
    detail: str


class AdmissionBody(Body, frozen=True):
    """The permission for one digest to go to one target, under one policy, at one size of the log."""

    digest: AdmittedDigestBody
    target: Text
    policy_sha256: Hex
    log_size: Count
    checks: Annotated[list[AdmissionCheckBody], msgspec.Meta(min_length=1)]
    issued_at: Instant


class PreviousBody(Body, frozen=True):
    """What the target ran before, as its descriptor said."""

    version: str
    sha256: Hex


class DeploymentBody(Body, frozen=True):
    """The predicate of ``deployment/v1``."""

    run: Run
    product: ProductId
    version: Text
    target: TargetBody
    artifact: DeployedArtifactBody
    admission: AdmissionBody
    action: Literal["deploy", "rollback"]
    previous: PreviousBody | None
    switched_at: Instant


class FoundBody(Body, frozen=True):
    """The digest that should lie at the target, and what was read back; null where nothing was."""

    expected: Hex
    found: Hex | None
    size: Count | None


class ProbeBody(Body, frozen=True):
    """What the deployed product said when it was run."""

    command: Annotated[list[str], msgspec.Meta(min_length=1)]
    exit_code: int
    output: str
    reported_version: str | None


class DeploymentCheckBody(Body, frozen=True):
    """The predicate of ``deployment-check/v1``."""

    run: Run
    product: ProductId
    version: Text
    target: TargetBody
    artifact: FoundBody
    probe: ProbeBody | None
    verdict: Literal["verified", "mismatch", "unreachable"]
    reason: Text
    checked_at: Instant


KINDS = (
    PredicateKind(
        "deployment",
        lotmark_uri("deployment"),
        clause="21 CFR 820.160; ISO 13485:2016 7.5.1",
        retention="device-record",
        signers=frozenset({"pipeline", "person"}),
        schema="deployment.v1.json",
        title="Deployment of a release to a target",
        body=DeploymentBody,
    ),
    PredicateKind(
        "deployment-check",
        lotmark_uri("deployment-check"),
        clause="ISO 13485:2016 7.5.6; 21 CFR 820.170",
        retention="device-record",
        signers=frozenset({"pipeline"}),
        schema="deployment-check.v1.json",
        title="What lies and runs at a target, read back",
        body=DeploymentCheckBody,
    ),
)
