"""The kinds of evidence that this room owns: sbom, dependencies, vulns."""

from typing import Any, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.supply.models import LicenceSource, LicenceVerdict, LockKind, Scope, SeverityWord


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Base of the parts of the predicate."""


class LockWire(_Wire, frozen=True):
    path: str
    kind: LockKind
    sha256: str
    components: int


class NoneWire(_Wire, frozen=True):
    reason: str
    owner: str


class ComponentWire(_Wire, frozen=True):
    purl: str
    name: str
    version: str
    licence: str
    licence_source: LicenceSource
    licence_verdict: LicenceVerdict
    scope: Scope
    hashes: dict[str, list[str]]
    """Algorithm -> the hex digests of every file that the lock accepts."""
    installed: str | None


class LicencePolicyWire(_Wire, frozen=True):
    allow: list[str]


class MatchWire(_Wire, frozen=True):
    id: str
    aliases: list[str]
    component: str
    summary: str
    severity: SeverityWord
    score: float | None
    vector: str
    fixed: list[str]
    state: Literal["affected", "not_affected"]
    justification: str
    reason: str
    owner: str
    expires: str


class VulnerabilitiesWire(_Wire, frozen=True):
    dump: str
    sha256: str
    retrieved: str
    records: int
    ecosystems: list[str]
    evaluated: bool
    matched: list[MatchWire]


class DistributionWire(_Wire, frozen=True):
    name: str
    version: str


class EnvironmentWire(_Wire, frozen=True):
    python: str
    version: str
    distributions: list[DistributionWire]


class LeftOutWire(_Wire, frozen=True):
    purl: str
    reason: str


class DependenciesWire(_Wire, frozen=True):
    """The predicate of ``dependencies``: what was locked, judged and installed, and against which dump."""

    run: str
    locks: list[LockWire]
    none: NoneWire | None
    components: list[ComponentWire]
    left_out: list[LeftOutWire]
    environment: EnvironmentWire | None
    licence_policy: LicencePolicyWire
    vulnerabilities: VulnerabilitiesWire
    sbom_sha256: str


_PIPELINE = frozenset({"pipeline"})

SBOM = PredicateKind(
    "sbom", "https://cyclonedx.org/bom", "FD&C Act 524B(b)(3); IEC 62304 8.1.2", "device-record", _PIPELINE, title="Software bill of materials (CycloneDX 1.6)"
)
DEPENDENCIES = PredicateKind(
    "dependencies",
    lotmark_uri("dependencies"),
    "IEC 62304 5.3.3, 8.1.2; FDA premarket cybersecurity guidance V.A.4",
    "device-record",
    _PIPELINE,
    schema="dependencies.v1.json",
    title="Locked dependencies, licences and known vulnerabilities",
    body=DependenciesWire,
)
VULNS = PredicateKind(
    "vulns",
    "https://in-toto.io/attestation/vulns/v0.2",
    "FD&C Act 524B(b)(1); IEC 62304 7.1.3",
    "device-record",
    _PIPELINE,
    title="Known vulnerabilities of the components",
)

KINDS: tuple[PredicateKind, ...] = (SBOM, DEPENDENCIES, VULNS)


def dependencies_schema() -> dict[str, Any]:
    """The JSON Schema of the ``dependencies`` predicate, as it stands in ``schemas/dependencies.v1.json``."""
    schema = msgspec.json.schema(DependenciesWire)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://lotmark.dev/schemas/dependencies.v1.json",
        "title": DEPENDENCIES.title,
        **schema,
    }
