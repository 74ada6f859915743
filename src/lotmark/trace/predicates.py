"""The kinds of evidence of this room: ``trace-snapshot/v1`` and ``risk-snapshot/v1``, their shapes and their builders.

A snapshot is the whole graph as it was judged, so that a reader in ten years needs neither the repository nor this code.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from lotmark.attest.models import Evidence, PredicateKind, Subject, lotmark_uri
from lotmark.base.findings import Finding
from lotmark.trace._risk import estimated_risks, hazard_of
from lotmark.trace._rollup import summarise_coverage
from lotmark.trace.models import Anomaly, Coverage, Hazard, Item, Risk, TraceGraph

Run = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}:RUN-[0-9]{1,9}$(?!\n)")]
Count = Annotated[int, msgspec.Meta(ge=0)]


class _Wire(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Base of the wire types; subclasses repeat ``frozen, kw_only``."""


class LinkBody(_Wire, frozen=True, kw_only=True):
    """A link up."""

    type: str
    target: str


class ItemBody(_Wire, frozen=True, kw_only=True):
    """An item with its fingerprint and the place where it stood."""

    id: str
    type: str
    category: str
    title: str
    status: str
    safety_class: str
    """Its own, empty where the product's holds."""
    fingerprint: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
    path: str
    line: Count
    links: list[LinkBody]


class CoverageBody(_Wire, frozen=True, kw_only=True):
    """The requirements in numbers, obsolete ones left out."""

    requirements: Count
    with_risk_or_need: Count
    with_test: Count
    verified: Count


class FindingBody(_Wire, frozen=True, kw_only=True):
    """A finding, as `Finding.to_wire` writes it."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    location: str | None = None
    subject: str | None = None
    help: str | None = None


class AnomalyBody(_Wire, frozen=True, kw_only=True):
    """A known anomaly; severity 1 is the gravest."""

    id: str
    title: str
    severity: Annotated[int, msgspec.Meta(ge=1, le=4)]
    status: Literal["open", "closed"]
    rationale: str
    affects: list[str]


class TraceSnapshot(_Wire, frozen=True, kw_only=True):
    """The predicate of ``trace-snapshot/v1``."""

    run: Run
    product: str
    items: list[ItemBody]
    coverage: CoverageBody
    changed: list[str]
    findings: list[FindingBody]
    anomalies: list[AnomalyBody] | None = None
    """None where the product has no list of anomalies."""


class EstimateBody(_Wire, frozen=True, kw_only=True):
    """Words of the scale; empty where they are unknown."""

    severity: str
    probability: str
    level: str


class ResidualBody(_Wire, frozen=True, kw_only=True):
    """The judgement of the residual risk; `acceptable` None where nobody has judged it."""

    acceptable: bool | None
    rationale: str


class HazardBody(_Wire, frozen=True, kw_only=True):
    """A hazard with its controls."""

    id: str
    title: str
    hazardous_situation: str
    harm: str
    before: EstimateBody
    after: EstimateBody
    controls: list[str]
    residual_risk: ResidualBody


class ControlBody(_Wire, frozen=True, kw_only=True):
    """A risk control, what it mitigates and what implements it."""

    id: str
    title: str
    kind: str
    hazards: list[str]
    requirements: list[str]


class ScaleBody(_Wire, frozen=True, kw_only=True):
    """The words, weakest first; `matrix` has a row per severity and in it a level per probability."""

    severities: list[str]
    probabilities: list[str]
    levels: list[str]
    matrix: list[list[str]]


class RiskSnapshot(_Wire, frozen=True, kw_only=True):
    """The predicate of ``risk-snapshot/v1``."""

    run: Run
    product: str
    hazards: list[HazardBody]
    controls: list[ControlBody]
    scale: ScaleBody


_PIPELINE: Final = frozenset({"pipeline"})

KINDS: Final = (
    PredicateKind(
        "trace-snapshot",
        lotmark_uri("trace-snapshot"),
        "IEC 62304:2006+A1:2015, 5.1.1 c), 5.2.6, 7.3.3; 21 CFR 820.30(c), (d), (j)",
        "device-record",
        _PIPELINE,
        schema="trace-snapshot.v1.json",
        title="Trace snapshot: every item with its links, what was wrong with them, and the known anomalies",
        body=TraceSnapshot,
    ),
    PredicateKind(
        "risk-snapshot",
        lotmark_uri("risk-snapshot"),
        "ISO 14971:2019, 4.5, 7.2 to 7.6; IEC 62304:2006+A1:2015, 7.1 to 7.3",
        "device-record",
        _PIPELINE,
        schema="risk-snapshot.v1.json",
        title="Risk snapshot: hazards before and after control, their controls and the judged residual risks",
        body=RiskSnapshot,
    ),
)


def build_trace_snapshot(
    graph: TraceGraph,
    *,
    run: str,
    subjects: tuple[Subject, ...],
    changed: Iterable[str],
    findings: Iterable[Finding],
    coverage: Mapping[str, Coverage] | None = None,
) -> Evidence:
    """The graph as evidence. `findings` are those of `check_trace`, `coverage` is that of `roll_up` with the run's results."""
    summary = summarise_coverage(graph, coverage)
    snapshot = TraceSnapshot(
        run=run,
        product=graph.product,
        items=[_item(item) for item in graph.items.values()],
        coverage=CoverageBody(
            requirements=summary.requirements, with_risk_or_need=summary.with_risk_or_need, with_test=summary.with_test, verified=summary.verified
        ),
        changed=sorted(changed),
        findings=[msgspec.convert(finding.to_wire(), FindingBody) for finding in findings],
        anomalies=[_anomaly(anomaly) for anomaly in graph.anomalies] if graph.anomalies_declared else None,
    )
    wire: dict[str, Any] = msgspec.to_builtins(snapshot)
    for finding in wire["findings"]:
        for key in ("location", "subject", "help"):
            if finding[key] is None:
                del finding[key]
    return Evidence("trace-snapshot", subjects, wire)


def build_risk_snapshot(graph: TraceGraph, *, run: str, subjects: tuple[Subject, ...]) -> Evidence:
    """The risk management view of the graph as evidence; obsolete hazards and controls are left out."""
    scale = graph.scale
    snapshot = RiskSnapshot(
        run=run,
        product=graph.product,
        hazards=[_hazard(graph, hazard_of(item, scale)) for item in estimated_risks(graph)],
        controls=[_control(graph, item) for item in graph.of_type("risk-control")],
        scale=ScaleBody(
            severities=list(scale.severities),
            probabilities=list(scale.probabilities),
            levels=list(scale.levels),
            matrix=[[scale.levels[level] for level in row] for row in scale.matrix],
        ),
    )
    return Evidence("risk-snapshot", subjects, msgspec.to_builtins(snapshot))


def _item(item: Item) -> ItemBody:
    links = [LinkBody(type=link.type, target=link.target) for link in item.links]
    return ItemBody(
        id=item.id,
        type=item.type,
        category=item.category,
        title=item.title,
        status=item.status,
        safety_class=item.safety_class,
        fingerprint=item.fingerprint,
        path=item.path,
        line=item.line,
        links=links,
    )


def _anomaly(anomaly: Anomaly) -> AnomalyBody:
    status: Literal["open", "closed"] = "closed" if anomaly.status == "closed" else "open"
    return AnomalyBody(id=anomaly.id, title=anomaly.title, severity=anomaly.severity, status=status, rationale=anomaly.rationale, affects=list(anomaly.affects))


def _hazard(graph: TraceGraph, hazard: Hazard) -> HazardBody:
    return HazardBody(
        id=hazard.id,
        title=hazard.title,
        hazardous_situation=hazard.hazardous_situation,
        harm=hazard.harm,
        before=_estimate(hazard.before),
        after=_estimate(hazard.after),
        controls=[control.id for control in graph.below(hazard.id, "risk-control")],
        residual_risk=ResidualBody(acceptable=hazard.acceptable, rationale=hazard.rationale),
    )


def _estimate(risk: Risk) -> EstimateBody:
    return EstimateBody(severity=risk.severity, probability=risk.probability, level=risk.level)


def _control(graph: TraceGraph, item: Item) -> ControlBody:
    kind = item.attributes.get("kind", "")
    hazards = [target for target in item.targets("mitigates") if target in graph.items and not graph.items[target].obsolete]
    requirements = [requirement.id for requirement in graph.below(item.id, "requirement")]
    return ControlBody(id=item.id, title=item.title, kind=kind if isinstance(kind, str) else "", hazards=hazards, requirements=requirements)
