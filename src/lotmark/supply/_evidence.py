"""The report as evidence: the predicates of ``sbom``, ``dependencies`` and ``vulns``."""

import hashlib
import json
from typing import Any

import msgspec

from lotmark import __version__
from lotmark.supply.models import Component, ComponentChange, Environment, SupplyReport, Vulnerability
from lotmark.supply.predicates import (
    AssessedWire,
    ChangesWire,
    ChangeWire,
    ComponentWire,
    DependenciesWire,
    DistributionWire,
    EnvironmentWire,
    InputWire,
    LeftOutWire,
    LicencePolicyWire,
    LockWire,
    MatchWire,
    NoneWire,
    SoupWire,
    VulnerabilitiesWire,
)


def sbom_predicate(report: SupplyReport) -> dict[str, Any]:
    """The CycloneDX document itself."""
    document: dict[str, Any] = json.loads(report.sbom)
    return document


def dependencies_predicate(report: SupplyReport, run: str) -> dict[str, Any]:
    """Own predicate ``dependencies/v1``."""
    body = DependenciesWire(
        run=run,
        locks=[LockWire(path=lock.path, kind=lock.kind, sha256=lock.sha256, components=lock.components) for lock in report.locks],
        none=NoneWire(reason=report.none.reason, owner=report.none.owner) if report.none else None,
        components=[_component(each) for each in report.components],
        left_out=[LeftOutWire(purl=each.purl, reason=each.reason) for each in report.left_out],
        environment=_environment(report.environment) if report.environment else None,
        licence_policy=LicencePolicyWire(allow=list(report.allowed_licences)),
        vulnerabilities=VulnerabilitiesWire(
            dump=report.dump.dump,
            sha256=report.dump.sha256,
            retrieved=report.dump.retrieved,
            records=report.dump.records,
            ecosystems=list(report.dump.ecosystems),
            evaluated=report.dump.evaluated,
            matched=[_match(each) for each in report.vulnerabilities],
            assessed=[msgspec.convert(each, AssessedWire, from_attributes=True) for each in report.dump.assessed],
        ),
        sbom_sha256=hashlib.sha256(report.sbom).hexdigest(),
        spdx_sha256=hashlib.sha256(report.spdx).hexdigest(),
        soup=[msgspec.convert(each, SoupWire, from_attributes=True) for each in report.soup],
        soup_declared=report.soup_declared,
        changes=None if report.changes is None else _changes(report.since, report.changes),
        inputs=[InputWire(path=each.path, sha256=each.sha256) for each in report.inputs],
    )
    predicate: dict[str, Any] = msgspec.to_builtins(body)
    return predicate


def vulns_predicate(report: SupplyReport, scanned_at: str) -> dict[str, Any]:
    """The in-toto vulnerability predicate v0.2; every match stands in it, the state as an annotation."""
    return {
        "scanner": {
            "uri": f"pkg:pypi/lotmark@{__version__}",
            "version": __version__,
            "db": {"uri": f"sha256:{report.dump.sha256}", "version": report.dump.retrieved, "lastUpdate": f"{report.dump.retrieved}T00:00:00Z"},
            "result": [_result(each) for each in report.vulnerabilities],
        },
        "metadata": {"scanStartedOn": scanned_at, "scanFinishedOn": scanned_at},
    }


def _changes(since: str, changes: tuple[ComponentChange, ...]) -> ChangesWire:
    return ChangesWire(since=since, changed=[msgspec.convert(each, ChangeWire, from_attributes=True) for each in changes])


def _component(component: Component) -> ComponentWire:
    hashes: dict[str, list[str]] = {}
    for algorithm, digits in component.hashes:
        hashes.setdefault(algorithm, []).append(digits)
    return ComponentWire(
        purl=component.purl,
        name=component.name,
        version=component.version,
        licence=component.licence,
        licence_source=component.licence_source,
        licence_verdict=component.licence_verdict,
        scope=component.scope,
        hashes=hashes,
        installed=component.installed,
        supplier=component.supplier,
    )


def _environment(environment: Environment) -> EnvironmentWire:
    return EnvironmentWire(
        python=environment.python,
        version=environment.version,
        distributions=[DistributionWire(name=each.name, version=each.version) for each in environment.distributions],
    )


def _match(found: Vulnerability) -> MatchWire:
    return MatchWire(
        id=found.id,
        aliases=list(found.aliases),
        component=found.component,
        summary=found.summary,
        severity=found.severity,
        score=found.score,
        vector=found.vector,
        fixed=list(found.fixed),
        state=found.state,
        justification=found.justification,
        reason=found.reason,
        owner=found.owner,
        expires=found.expires,
        exploited=found.exploited,
        vex=found.vex,
    )


def _result(found: Vulnerability) -> dict[str, Any]:
    severity = [{"method": "severity", "score": found.severity}]
    if found.score is not None:
        severity.insert(0, {"method": "cvss_v3_base_score", "score": str(found.score)})
    if found.vector:
        severity.append({"method": "vector", "score": found.vector})
    annotations = [{"component": found.component}, {"state": found.state}]
    if found.exploited:
        annotations.append({"exploited": found.exploited})
    if found.state == "not_affected":
        annotations += [{"justification": found.justification}, {"reason": found.reason}, {"owner": found.owner}, {"expires": found.expires}]
    return {"id": found.id, "severity": severity, "annotations": annotations}
