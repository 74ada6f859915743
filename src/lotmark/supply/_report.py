"""Everything about the dependencies as one report, and the report as evidence."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lotmark.attest.models import Evidence, Subject
from lotmark.base.findings import Finding
from lotmark.product.models import DependencySection
from lotmark.supply._check import somewhere
from lotmark.supply._environment import read_environment
from lotmark.supply._evidence import dependencies_predicate, sbom_predicate, vulns_predicate
from lotmark.supply._files import FolderFiles
from lotmark.supply._installed import compare_installed, summarise_left_out
from lotmark.supply._licences import Licence, LicenceJudge
from lotmark.supply._locks import LockSet, merge_pins
from lotmark.supply._markers import Markers
from lotmark.supply._names import format_purl
from lotmark.supply._sbom import format_sbom
from lotmark.supply._vulnerabilities import Evaluation
from lotmark.supply.models import Component, Distribution, Environment, Pin, RootComponent, SupplyReport
from lotmark.supply.ports import Places, SourceFiles


def examine(
    product_root: Path,
    declared: DependencySection,
    *,
    product: RootComponent,
    python: Path | None,
    today: date,
    committed_at: str,
    config_root: Path | None = None,
    files: SourceFiles | None = None,
    where: Places | None = None,
) -> SupplyReport:
    """Everything there is to know about the product's dependencies, offline, as one report.

    Whatever is wrong with the product, its locks, its environment or the dump is a finding; no input raises.

    Args:
        product_root: the product's work tree.
        declared: the section ``dependencies`` of `lotmark.yaml`.
        product: the SBOM's subject.
        python: the interpreter whose environment builds and tests the product; None where it uses no Python.
        today: the day on which expiry and age are judged.
        committed_at: RFC 3339 time of the commit, the SBOM's timestamp.
        config_root: the folder of `lotmark.yaml` if it lies elsewhere; lock files that the product lacks and the dump are sought there.
        files: the product's files; by default those below `product_root`.
        where: `Document.where` below ``dependencies``, for the places of findings.
    """
    config_root = config_root or product_root
    where = where or somewhere
    environment, findings = _read_environment(python)
    markers = Markers(environment.version if environment else None)
    locks = LockSet(product_root, config_root, declared, files or FolderFiles(product_root), markers, where)
    locks.read()
    findings = [*locks.reading.findings, *findings]
    pins = merge_pins(locks.reading.pins)
    kept, left_out, differences = compare_installed(pins, environment, where(("locks",)))
    if python is None or environment is not None:
        # An environment that cannot be read has said so already.
        findings += differences
    left_out = [*locks.reading.left_out, *left_out]
    findings += summarise_left_out(left_out)
    judge = LicenceJudge(declared.licences, today, where)
    components = _judge_components(kept, environment, judge)
    findings += judge.findings
    evaluation = Evaluation(declared.vulnerabilities, _find_dump(declared.vulnerabilities.dump, config_root, product_root), components, today, where)
    evaluation.run()
    findings += evaluation.findings
    return SupplyReport(
        product=product,
        committed_at=committed_at,
        findings=tuple(findings),
        locks=tuple(locks.locks),
        none=declared.none,
        components=tuple(components),
        left_out=tuple(sorted(left_out, key=lambda each: each.purl)),
        environment=environment,
        allowed_licences=judge.allowed,
        vulnerabilities=tuple(evaluation.vulnerabilities),
        dump=evaluation.reading,
        sbom=format_sbom(product, components, committed_at),
        today=today,
    )


def build_evidence(report: SupplyReport, *, run: str, subjects: Sequence[Subject], scanned_at: str) -> tuple[Evidence, ...]:
    """The report as unsigned evidence: ``sbom``, ``dependencies`` and, only if the dump was evaluated, ``vulns``.

    An empty vulnerability list would otherwise read as "none found".
    """
    about = tuple(subjects)
    evidence = [Evidence("sbom", about, sbom_predicate(report)), Evidence("dependencies", about, dependencies_predicate(report, run))]
    if report.dump.evaluated:
        evidence.append(Evidence("vulns", about, vulns_predicate(report, scanned_at)))
    return tuple(evidence)


def _read_environment(python: Path | None) -> tuple[Environment | None, list[Finding]]:
    return (None, []) if python is None else read_environment(python)


def _judge_components(pins: Sequence[Pin], environment: Environment | None, judge: LicenceJudge) -> list[Component]:
    installed = {each.name: each for each in environment.distributions} if environment else {}
    components = []
    for pin in pins:
        distribution = installed.get(pin.name) if pin.ecosystem == "PyPI" else None
        components.append(_component(pin, distribution, judge.judge(pin, distribution)))
    judge.finish()
    return components


def _component(pin: Pin, distribution: Distribution | None, licence: Licence) -> Component:
    return Component(
        purl=format_purl(pin.ecosystem, pin.name, pin.version),
        ecosystem=pin.ecosystem,
        name=pin.name,
        version=pin.version,
        scope=pin.scope,
        hashes=pin.hashes,
        location=pin.location,
        licence=licence.expression,
        licence_source=licence.source,
        licence_verdict=licence.verdict,
        installed=distribution.version if distribution else None,
        direct=pin.direct,
        requires=tuple(format_purl(pin.ecosystem, name, version) for name, version in pin.requires),
    )


def _find_dump(dump: str, config_root: Path, product_root: Path) -> Path:
    """The dump beside the declaration, or else in the product; an absolute path is taken as it is."""
    beside = config_root / dump
    return beside if beside.exists() else product_root / dump
