"""The parts of a view that show the rebuild, components, changes, deployments and anomalies."""

from dataclasses import dataclass

from lotmark.dossier._view_basic import Fact, Ref, Status


@dataclass(frozen=True, slots=True)
class Dimension:
    """One condition that the two builds had or did not have in common."""

    name: str
    first: str
    second: str
    reveals: str


@dataclass(frozen=True, slots=True)
class OutputView:
    """One output in both builds."""

    name: str
    size: str
    first: str
    second: str
    status: Status
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RebuildView:
    """The rebuild, explained to a quality engineer."""

    status: Status
    sentence: str
    claim: str
    varied: tuple[Dimension, ...]
    not_varied: tuple[Fact, ...]
    outputs: tuple[OutputView, ...]
    isolation: tuple[Status, ...]
    """What was measured inside the sandbox, each in words."""
    tools: tuple[Fact, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ComponentView:
    """A third-party component."""

    name: str
    version: str
    licence: str
    licence_source: str
    licence_status: Status
    scope: str
    purl: str


@dataclass(frozen=True, slots=True)
class VulnerabilityView:
    """A known vulnerability of a component, and how it was judged."""

    id: str
    component: str
    severity: str
    summary: str
    fixed: str
    status: Status
    judgement: str


@dataclass(frozen=True, slots=True)
class SoupView:
    """A SOUP item: what IEC 62304 asks for, as the product declared it."""

    title: str
    manufacturer: str
    version: str
    requirements: str
    anomalies: str
    support: str


@dataclass(frozen=True, slots=True)
class SupplyView:
    """Components, licences, vulnerabilities."""

    summary: str
    vulnerability_summary: str
    locks: tuple[Fact, ...]
    components: tuple[ComponentView, ...]
    vulnerabilities: tuple[VulnerabilityView, ...]
    left_out: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    soup: tuple[SoupView, ...] = ()
    changes: str = ""


@dataclass(frozen=True, slots=True)
class CommitView:
    """A commit since the last release."""

    sha: str
    subject: str
    author: str
    committed_at: str
    signed_off: Status
    references: str


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What changed in the source, and by whom."""

    summary: str
    facts: tuple[Fact, ...]
    commits: tuple[CommitView, ...]
    items: tuple[Ref, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A switch of a target, with the admission before it and the check after it."""

    target: str
    environment: str
    action: str
    switched_at: str
    previous: str
    admission: tuple[Fact, ...]
    admitted: Status
    check: Status
    check_facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class AnomalyItem:
    """A known anomaly."""

    id: str
    title: str
    severity: int
    status: Status
    rationale: str
    affects: str


@dataclass(frozen=True, slots=True)
class AnomaliesView:
    """The list of known anomalies; `declared` False where the product has none."""

    declared: bool
    summary: str
    items: tuple[AnomalyItem, ...]
