"""The parts of a view that show risks, the trace matrix, the test matrix and the tests."""

from dataclasses import dataclass

from lotmark.dossier._view_basic import Fact, FindingView, Mark, Ref, Status


@dataclass(frozen=True, slots=True)
class Estimate:
    """A risk in the product's own words; `rank` is the level from 0 (weakest) to 4, -1 where the level is unknown."""

    severity: str
    probability: str
    level: str
    rank: int


@dataclass(frozen=True, slots=True)
class ControlView:
    """A risk control with what it mitigates and what implements it."""

    id: str
    title: str
    kind: str
    hazards: tuple[str, ...]
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HazardView:
    """A hazard before and after control, with the judgement of what remains."""

    id: str
    title: str
    situation: str
    harm: str
    before: Estimate
    after: Estimate
    controls: tuple[ControlView, ...]
    status: Status
    rationale: str


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One pair of severity and probability."""

    level: str
    rank: int
    hazards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One severity; a cell per probability."""

    severity: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Severity by probability, the gravest severity first; `summary` says the same in words."""

    title: str
    probabilities: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    unplaced: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class RiskView:
    """The risk management view."""

    summary: str
    hazards: tuple[HazardView, ...]
    controls: tuple[ControlView, ...]
    before: HeatMap
    after: HeatMap


@dataclass(frozen=True, slots=True)
class TestGroup:
    """Tests of one function in one file: a parametrised test stands once, with its number."""

    file: str
    name: str
    total: int
    outcome: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One requirement with everything above and below it."""

    id: str
    title: str
    category: str
    safety_class: str
    changed: bool
    above: tuple[Ref, ...]
    controls: tuple[Ref, ...]
    hazards: tuple[Ref, ...]
    tests: tuple[TestGroup, ...]
    total: int
    outcome: str
    status: Status


@dataclass(frozen=True, slots=True)
class TraceGroup:
    """The requirements that serve one user need (the first of several); `open` where somebody must look at it."""

    id: str
    title: str
    rows: tuple[TraceRow, ...]
    status: Status
    summary: str
    open: bool


@dataclass(frozen=True, slots=True)
class TraceView:
    """The trace matrix."""

    summary: str
    groups: tuple[TraceGroup, ...]
    findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What one layer says of one subject; `status` None where nothing is required and nothing ran."""

    layer: str
    required: bool
    status: Status | None
    outcome: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One subject of the test matrix."""

    id: str
    kind: str
    title: str
    changed: bool
    cells: tuple[MatrixCell, ...]
    status: Status


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category of tests with the rule that it follows."""

    title: str
    layer: str
    gating: str
    owner: str
    environment: str
    retention: str


@dataclass(frozen=True, slots=True)
class HeldTest:
    """A test in quarantine: its result counted for nothing."""

    id: str
    status: Status
    owner: str
    expires: str
    reason: str
    subjects: tuple[str, ...]
    uncovered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LossView:
    """What the release before covered and this one does not."""

    subject: str
    what: str
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class MatrixView:
    """The test matrix: what each hazard, control and requirement needed, and what passed."""

    summary: str
    layers: tuple[str, ...]
    hazards: tuple[MatrixRow, ...]
    others: tuple[MatrixRow, ...]
    categories: tuple[CategoryRow, ...]
    left_out: tuple[Fact, ...]
    quarantined: tuple[HeldTest, ...]
    losses: tuple[LossView, ...]


@dataclass(frozen=True, slots=True)
class NoteworthyTest:
    """A test that a reader must know of: not passed, not at once, not run this time, or not counted."""

    id: str
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One run of a layer's command."""

    number: int
    started_at: str
    finished_at: str
    exit_code: int
    results: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer of tests: expected against received."""

    layer: str
    status: Status
    expected: int
    received: int
    counts: tuple[Fact, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    attempts: tuple[AttemptView, ...]
    noteworthy: tuple[NoteworthyTest, ...]
    groups: tuple[TestGroup, ...]
    command: str
    artifacts: tuple[Fact, ...]
