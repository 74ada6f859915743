"""The view of one run: plain values, ready to be shown, from which HTML and PDF are made.

Every text here is untrusted: it was written by the people and tools whose evidence is shown. A view holds text, never
markup; the renderers escape it. Nothing here depends on the clock: all instants come from records and the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lotmark.dossier._view_basic import Fact, FindingView, Mark, Status
from lotmark.dossier._view_model_build import AnomaliesView, ChangesView, DeploymentView, RebuildView, SupplyView
from lotmark.dossier._view_model_tests import LayerView, MatrixView, RiskView, TraceView


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at a glance, with the section that tells the rest."""

    label: str
    value: str
    note: str
    mark: Mark
    section: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "may it ship?", in one sentence; `reasons` say why not, or what is still wanted."""

    status: Status
    sentence: str
    reasons: tuple[str, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the five questions of a release, answered; `section` tells more."""

    question: str
    summary: str
    facts: tuple[Fact, ...]
    section: str


@dataclass(frozen=True, slots=True)
class StageView:
    """Where a stage of the run stands."""

    name: str
    status: Status
    attempts: int
    summary: str
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One release criterion: the rule, what it asks, what was found. `rule` is empty where the policy's bytes are not at hand."""

    id: str
    title: str
    clause: str
    required: str
    rule: str
    found: str
    messages: tuple[str, ...]
    status: Status
    severity: str
    strict: bool
    solution: str


@dataclass(frozen=True, slots=True)
class DecisionView:
    """The decision with its criteria, and how the policy differs from the one that is shipped."""

    status: Status
    summary: str
    facts: tuple[Fact, ...]
    missing: tuple[str, ...]
    criteria: tuple[CriterionView, ...]
    relaxations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequiredView:
    """Signatures that the risk tier asks for; `have` is None where they were not counted."""

    role: str
    meaning: str
    count: int
    have: int | None
    status: Status


@dataclass(frozen=True, slots=True)
class SignatureView:
    """An electronic signature as 21 CFR 11.50 wants it shown: printed name, date and time, meaning."""

    name: str
    person: str
    email: str
    role: str
    meaning: str
    signed_at: str
    zone: str
    reason: str
    key_id: str
    components: str
    on_behalf_of: str
    index: int
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class ApprovalsView:
    """Who must sign, and who did."""

    tier: str
    reasons: tuple[str, ...]
    required: tuple[RequiredView, ...]
    signatures: tuple[SignatureView, ...]
    problems: tuple[str, ...]
    signed: int
    """Persons whose signatures count."""


@dataclass(frozen=True, slots=True)
class WaiverItem:
    """A waiver that took effect."""

    id: str
    covers: tuple[str, ...]
    reason: str
    residual_risk: str
    owner: str
    signer: str
    signed_at: str
    zone: str
    expires: str
    index: int


@dataclass(frozen=True, slots=True)
class Event:
    """One record in the log."""

    index: int
    at: str
    kind: str
    what: str
    who: str


@dataclass(frozen=True, slots=True)
class LogFacts:
    """The place in the log that a view speaks of: the checkpoint, and when the log took each entry (index -> RFC 3339)."""

    origin: str
    size: int
    root: str
    checkpoint: str
    witnesses: int = 0
    received: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a reader can run, and what it shows."""

    text: str
    shows: str


@dataclass(frozen=True, slots=True)
class DossierView:
    """One run for a person. A section is None where its evidence does not exist; `absent` says why, by section."""

    product: str
    name: str
    version: str
    safety_class: str
    run: str
    outcome: str
    """``released``, ``refused``, ``abandoned``, ``pending`` or ``open``."""
    at: str
    """When the run was closed, or the log took its last record; RFC 3339."""
    artifact: Fact | None
    verdict: Verdict
    answers: tuple[Answer, ...]
    stages: tuple[StageView, ...]
    decision: DecisionView | None
    approvals: ApprovalsView | None
    waivers: tuple[WaiverItem, ...] | None
    risk: RiskView | None
    trace: TraceView | None
    matrix: MatrixView | None
    layers: tuple[LayerView, ...]
    rebuild: RebuildView | None
    supply: SupplyView | None
    changes: ChangesView | None
    device: tuple[Fact, ...]
    deployments: tuple[DeploymentView, ...]
    anomalies: AnomaliesView | None
    timeline: tuple[Event, ...]
    log: LogFacts
    commands: tuple[Command, ...]
    digests: tuple[Fact, ...]
    absent: Mapping[str, str]
    lotmark: str
