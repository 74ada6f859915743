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
    supplier: str = ""


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
    exploited: str = ""
    """The day since which CISA lists it as exploited."""
    vex: str = ""
    """The VEX document that says so."""


class AssessedWire(_Wire, frozen=True):
    component: str
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
    assessed: list[AssessedWire] = []
    """Components that no dump covers, looked up elsewhere by a person."""


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


class SoupWire(_Wire, frozen=True):
    purl: str
    title: str
    manufacturer: str
    version: str
    requirements: list[str]
    needs: list[str]
    anomalies_source: str
    anomalies_evaluated: str
    anomalies: list[str]
    support: str
    end_of_support: str


class ChangeWire(_Wire, frozen=True):
    kind: Literal["added", "removed", "upgraded", "downgraded", "drifted"]
    ecosystem: str
    name: str
    before: str
    after: str


class ChangesWire(_Wire, frozen=True):
    since: str
    """The version of the last release."""
    changed: list[ChangeWire]


class InputWire(_Wire, frozen=True):
    path: str
    sha256: str


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
    spdx_sha256: str = ""
    soup: list[SoupWire] = []
    soup_declared: bool = False
    changes: ChangesWire | None = None
    """None where there is no earlier release."""
    inputs: list[InputWire] = []
    """Further files that were judged by: VEX, the catalogue of exploited vulnerabilities, the SOUP list."""


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
