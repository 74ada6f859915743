"""What the matrix says of a version: the plan, the waivers and the evaluation.

`Waiver`, `WaiverClosure` and `MatrixEvaluation` are the predicates of the kinds of evidence of the same names.
"""

from dataclasses import dataclass
from typing import Literal

from lotmark.base.findings import Finding
from lotmark.matrix._file import Gating, Layer, Occasion, Retention, SubjectKind
from lotmark.matrix._models_results import Record, TestStatus
from lotmark.product.models import DateText

RowStatus = Literal["passed", "failed", "missing", "incomplete", "waived"]

# ---- plan -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownTest:
    """A test that is known before it runs: from a list command, or from a marker in the sources (then the layer may be unknown)."""

    id: str
    layer: Layer | None = None
    verifies: tuple[str, ...] = ()


class Selected(Record, frozen=True, kw_only=True):
    """A test that is to run, and why."""

    test: str
    reasons: tuple[str, ...]


class LeftOut(Record, frozen=True, kw_only=True):
    """A test that need not run now, and why not."""

    test: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run for a change. `tests` are all known tests, selected or not."""

    occasion: Occasion
    tests: tuple[KnownTest, ...]
    selected: tuple[Selected, ...]
    left_out: tuple[LeftOut, ...]

    def selected_ids(self, layer: Layer | None = None) -> frozenset[str]:
        """Ids of the selected tests, with `layer` of that layer only: what the layer's results must mention."""
        layers = {test.id: test.layer for test in self.tests}
        return frozenset(s.test for s in self.selected if layer is None or layers.get(s.test) == layer)


# ---- waivers --------------------------------------------------------------------------------------------------------


class WaiverScope(Record, frozen=True, kw_only=True):
    """What a waiver covers: exactly these tests, requirements, hazards and risk controls, nothing that merely resembles them."""

    tests: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    risk_controls: tuple[str, ...] = ()

    @property
    def items(self) -> frozenset[str]:
        return frozenset((*self.requirements, *self.hazards, *self.risk_controls))


class WaiverSigner(Record, frozen=True, kw_only=True):
    """Who signed: person (as enrolled with the key), printed name, role."""

    person: str
    name: str
    role: str


class Waiver(Record, frozen=True, kw_only=True):
    """Predicate of ``waiver/v1``: a person takes a named exception on himself until a day."""

    waiver: str
    product: str
    scope: WaiverScope
    version: str | None
    """The one version that it holds for; null: any version until it expires."""
    reason: str
    residual_risk: str
    owner: str
    signer: WaiverSigner
    signed_at: str
    zone: str
    expires: DateText
    """The last day (UTC) on which it holds."""


class WaiverClosure(Record, frozen=True, kw_only=True):
    """Predicate of ``waiver-closure/v1``: the waiver holds no longer."""

    waiver: str
    reason: str
    signer: WaiverSigner
    closed_at: str


@dataclass(frozen=True, slots=True)
class WaiverReview:
    """Which waivers hold, and why the others do not. `active` pairs each waiver with its log index."""

    active: tuple[tuple[Waiver, int], ...] = ()
    findings: tuple[Finding, ...] = ()


# ---- evaluation -----------------------------------------------------------------------------------------------------


class CategoryView(Record, frozen=True, kw_only=True):
    """A category as the evaluation was made with it."""

    id: str
    title: str
    owner: str
    environment: str
    layer: Layer
    gating: Gating
    retention: Retention
    tests: tuple[str, ...] = ()
    """Globs over test ids; empty: every test of the layer."""


class CoveringTest(Record, frozen=True, kw_only=True):
    """A test that counts for a subject in a category."""

    id: str
    status: TestStatus
    layer: Layer
    waiver: str | None = None
    quarantined: bool = False
    """It is shown and does not count."""
    reused: str | None = None
    """The run whose result stands in."""
    environment: str = ""
    """The declared cause in the environment of a red result."""


class CategoryResult(Record, frozen=True, kw_only=True):
    """What one category says of one subject."""

    category: str
    gating: Gating
    status: RowStatus
    tests: tuple[CoveringTest, ...]


class Row(Record, frozen=True, kw_only=True):
    """One hazard, risk control or requirement."""

    subject: str
    kind: SubjectKind
    title: str
    changed: bool
    """Whether the item itself changed."""
    required: tuple[CategoryResult, ...]
    status: RowStatus


class WaiverView(Record, frozen=True, kw_only=True):
    """A waiver that took effect in this evaluation."""

    id: str
    scope: WaiverScope
    reason: str
    residual_risk: str
    owner: str
    expires: str
    index: int


class QuarantineView(Record, frozen=True, kw_only=True):
    """A test whose result did not count in this evaluation."""

    test: str
    reason: str
    owner: str
    expires: str
    status: TestStatus
    subjects: tuple[str, ...]
    """What it would have counted for."""
    uncovered: tuple[str, ...]
    """Those of them that no other test covers now, in a category that they need."""


class CoverageLoss(Record, frozen=True, kw_only=True):
    """Something that the last release covered, or asked to be covered, and this one does not."""

    subject: str
    what: str
    waiver: str | None
    """The waiver in which a person accepted it; null: nobody did."""
    declared: str = ""
    """Why `retired` in the matrix says that the tests are to count no longer, with the owner; empty: it says nothing."""


class GatingSummary(Record, frozen=True, kw_only=True):
    """How many subject-and-category pairs ended how."""

    required: int = 0
    passed: int = 0
    failed: int = 0
    missing: int = 0
    incomplete: int = 0
    waived: int = 0


class Summary(Record, frozen=True, kw_only=True):
    """One `GatingSummary` for each way of gating."""

    blocking: GatingSummary = GatingSummary()
    waivable: GatingSummary = GatingSummary()
    informational: GatingSummary = GatingSummary()


class MatrixEvaluation(Record, frozen=True, kw_only=True):
    """Predicate of ``matrix-evaluation/v1``."""

    run: str
    product: str
    categories: tuple[CategoryView, ...]
    rows: tuple[Row, ...]
    selected: tuple[Selected, ...]
    left_out: tuple[LeftOut, ...]
    waivers: tuple[WaiverView, ...]
    summary: Summary
    quarantined: tuple[QuarantineView, ...] = ()
    losses: tuple[CoverageLoss, ...] = ()
    """Against the last release."""


@dataclass(frozen=True, slots=True)
class MatrixResult:
    """The evaluation and what is wrong; any error closes the gate."""

    evaluation: MatrixEvaluation
    findings: tuple[Finding, ...] = ()
