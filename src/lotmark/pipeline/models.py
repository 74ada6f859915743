"""The values that stages exchange: who the run is, what a stage found, what it wants recorded."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lotmark.base.digest import Digest
from lotmark.base.findings import Finding


class Stage(StrEnum):
    """The ten stages, in the order in which a release record tells them."""

    SOURCE = "source"
    DEPENDENCIES = "dependencies"
    BUILD = "build"
    UNIT = "unit"
    INTEGRATION = "integration"
    VALIDATION = "validation"
    PACKAGE = "package"
    APPROVAL = "approval"
    DEPLOYMENT = "deployment"
    VERIFICATION = "verification"


class Outcome(StrEnum):
    """How a stage attempt ended. `PENDING` waits for people."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PENDING = "pending"


NEEDS: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.SOURCE: (),
    Stage.DEPENDENCIES: (Stage.SOURCE,),
    Stage.BUILD: (Stage.SOURCE,),
    Stage.UNIT: (Stage.BUILD,),
    Stage.INTEGRATION: (Stage.BUILD,),
    Stage.VALIDATION: (Stage.UNIT, Stage.INTEGRATION),
    Stage.PACKAGE: (Stage.BUILD, Stage.DEPENDENCIES, Stage.VALIDATION),
    Stage.APPROVAL: (Stage.PACKAGE,),
    Stage.DEPLOYMENT: (Stage.APPROVAL,),
    Stage.VERIFICATION: (Stage.DEPLOYMENT,),
}
"""What must have been recorded before a stage starts."""

MUST_ACCEPT: frozenset[Stage] = frozenset({Stage.SOURCE, Stage.BUILD, Stage.PACKAGE, Stage.APPROVAL, Stage.DEPLOYMENT})
"""Stages whose refusal ends what depends on them. The others are judged together by the gate, so that one run shows
every finding at once."""

EXPECTED: Mapping[Stage, tuple[str, ...]] = {
    Stage.SOURCE: ("change-summary",),
    Stage.DEPENDENCIES: ("dependencies", "sbom", "vulns"),
    Stage.BUILD: ("provenance", "rebuild"),
    Stage.UNIT: ("test-run", "test-result"),
    Stage.INTEGRATION: ("test-run", "test-result"),
    Stage.VALIDATION: ("test-run", "test-result", "trace-snapshot", "risk-snapshot", "matrix-evaluation"),
    Stage.PACKAGE: ("release-candidate", "artifact-signature"),
    Stage.APPROVAL: ("decision", "vsa", "release-manifest", "release"),
    Stage.DEPLOYMENT: ("deployment",),
    Stage.VERIFICATION: ("deployment-check",),
}
"""The evidence that each stage must leave for the run to be complete."""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """Which run of which product at which commit."""

    run: str
    """Canonical id, ``qpcr:RUN-0001``."""
    product: str
    version: str
    commit: str
    source_sha256: str
    configuration: tuple[tuple[str, str], ...]
    """(path, sha256 hex) of every configuration file, sorted."""

    @property
    def key(self) -> str:
        """Names the run in the engine: the number and what it stands on, so that a reused number never meets an old memory."""
        fingerprint = Digest.of("\n".join(f"{path} {sha}" for path, sha in self.configuration).encode())
        return f"{self.run}@{self.commit[:12]}-{fingerprint.hex[:8]}"


@dataclass(frozen=True, slots=True)
class PreviousRelease:
    """The last release of the product that the ledger knows."""

    version: str
    commit: str
    run: str
    artifact: str
    configuration: tuple[tuple[str, str], ...]
    index: int


@dataclass(frozen=True, slots=True)
class Payload:
    """One unsigned Statement, ready to be signed: its kind, its exact bytes and the blobs that it refers to."""

    kind: str
    name: str
    data: bytes
    blobs: tuple[Digest, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "data": base64.b64encode(self.data).decode(), "blobs": [blob.hex for blob in self.blobs]}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "Payload":
        return cls(wire["kind"], wire["name"], base64.b64decode(wire["data"]), tuple(Digest(blob) for blob in wire["blobs"]))


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one stage attempt found, before anything is signed. Goes through the engine as JSON."""

    stage: Stage
    attempt: int
    outcome: Outcome
    summary: str
    findings: tuple[Mapping[str, Any], ...] = ()
    payloads: tuple[Payload, ...] = ()
    scope: str = ""

    def to_wire(self) -> dict[str, Any]:
        return {
            "stage": self.stage.value,
            "attempt": self.attempt,
            "outcome": self.outcome.value,
            "summary": self.summary,
            "findings": [dict(finding) for finding in self.findings],
            "payloads": [payload.to_wire() for payload in self.payloads],
            "scope": self.scope,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> "StageResult":
        return cls(
            Stage(wire["stage"]),
            wire["attempt"],
            Outcome(wire["outcome"]),
            wire["summary"],
            tuple(wire["findings"]),
            tuple(Payload.from_wire(payload) for payload in wire["payloads"]),
            wire["scope"],
        )


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Where a stage stands, as the ledger tells it; `outcome` None where it has not ended."""

    stage: Stage
    attempts: int = 0
    outcome: Outcome | None = None
    summary: str = ""
    findings: tuple[Mapping[str, Any], ...] = ()
    index: int | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """What `lotmark run` hands to the person who started it."""

    run: str
    version: str
    commit: str
    outcome: str
    """``released``, ``refused``, ``pending`` or ``open``."""
    stages: tuple[StageStatus, ...]
    resumed: bool = False
    waiting_for: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
