"""Everything about the dependencies as one report, and the report as evidence."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lotmark.attest.models import Evidence, Subject
from lotmark.base.findings import Finding
from lotmark.product.models import DependencySection
from lotmark.supply._changes import compare_components
from lotmark.supply._check import somewhere
from lotmark.supply._environment import read_environment
from lotmark.supply._evidence import dependencies_predicate, sbom_predicate, vulns_predicate
from lotmark.supply._files import FolderFiles
from lotmark.supply._installed import compare_installed, summarise_left_out
from lotmark.supply._licences import Licence, LicenceJudge
from lotmark.supply._locks import LockSet, merge_pins
from lotmark.supply._markers import Markers
from lotmark.supply._minimum import check_minimum, tell_drift
from lotmark.supply._names import format_purl
from lotmark.supply._sbom import format_sbom
from lotmark.supply._sbom_spdx import format_spdx
from lotmark.supply._soup import NAME, check_soup
from lotmark.supply._vulnerabilities import Evaluation
from lotmark.supply.models import Baseline, Component, Distribution, Environment, InputFile, LeftOut, Lock, Pin, RootComponent, SoupItem, SupplyReport
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
    soup: bytes | None = None,
    safety_class: str = "C",
    baseline: Baseline | None = None,
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
        soup: the bytes of ``quality/soup.yaml``; None where the product has none.
        safety_class: the product's, A, B or C.
        baseline: the last release, to tell what changed since; None where there is none.
    """
    config_root = config_root or product_root
    where = where or somewhere
    locked = _read_locked(python, lambda markers: LockSet(product_root, config_root, declared, files or FolderFiles(product_root), markers, where), where)
    judge = LicenceJudge(declared.licences, today, where)
    components = _judge_components(locked.pins, locked.environment, judge)
    evaluation = Evaluation(declared.vulnerabilities, lambda name: _find_input(name, config_root, product_root), components, product, today, where)
    evaluation.run()
    items, about = check_soup(soup, components, safety_class=safety_class, today=today)
    components = _with_suppliers(components, items)
    changes = None if baseline is None else compare_components(baseline.components, components)
    since = baseline.version if baseline else ""
    findings = [*locked.findings, *judge.findings, *evaluation.findings, *about, *check_minimum(components, product), *tell_drift(changes or (), since)]
    inputs = [*evaluation.inputs, *([(NAME, soup)] if soup is not None else [])]
    return SupplyReport(
        product=product,
        committed_at=committed_at,
        findings=tuple(findings),
        locks=locked.locks,
        none=declared.none,
        components=tuple(components),
        left_out=locked.left_out,
        environment=locked.environment,
        allowed_licences=judge.allowed,
        vulnerabilities=tuple(evaluation.vulnerabilities),
        dump=evaluation.reading,
        sbom=format_sbom(product, components, committed_at),
        today=today,
        spdx=format_spdx(product, components, committed_at),
        soup=items,
        soup_declared=soup is not None,
        since=since,
        changes=changes,
        inputs=tuple(InputFile(name, hashlib.sha256(data).hexdigest(), data) for name, data in inputs),
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


@dataclass(frozen=True, slots=True)
class _Locked:
    """What the lock files pin, held against what is installed: `pins` are those that are part of the product here."""

    locks: tuple[Lock, ...]
    environment: Environment | None
    pins: tuple[Pin, ...]
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]


def _read_locked(python: Path | None, open_locks: Callable[[Markers], LockSet], where: Places) -> _Locked:
    """Read the environment, then the locks under the markers of its interpreter, and compare both."""
    environment, unread = (None, []) if python is None else read_environment(python)
    locks = open_locks(Markers(environment.version if environment else None))
    locks.read()
    kept, not_here, differences = compare_installed(merge_pins(locks.reading.pins), environment, where(("locks",)))
    if python is not None and environment is None:
        differences = []  # that the environment cannot be read was said already
    left_out = [*locks.reading.left_out, *not_here]
    findings = (*locks.reading.findings, *unread, *differences, *summarise_left_out(left_out))
    return _Locked(tuple(locks.locks), environment, tuple(kept), tuple(sorted(left_out, key=lambda each: each.purl)), findings)


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
        supplier=pin.supplier or (distribution.author if distribution else ""),
    )


def _with_suppliers(components: Sequence[Component], items: Sequence[SoupItem]) -> list[Component]:
    """The components with the manufacturer of the SOUP list, where a person has named one."""
    makers = {item.purl: item.manufacturer for item in items}
    return [replace(each, supplier=makers.get(each.purl, each.supplier)) for each in components]


def _find_input(name: str, config_root: Path, product_root: Path) -> Path:
    """A pinned input (dump, catalogue, VEX) beside the declaration, or else in the product; an absolute path is taken as it is."""
    beside = config_root / name
    return beside if beside.exists() else product_root / name
