"""What a page or table shows: rows that are ready to be printed, in the order in which they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What results say of an item; the word is what pages print."""

    VERIFIED = "verified"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    UNKNOWN = "no results"


SYMBOLS: Mapping[str, str] = {State.VERIFIED: "✓", State.FAILED: "✗", State.INCOMPLETE: "◐", State.UNKNOWN: "○"}
"""A symbol for each state: colour alone says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One item with what stands above and below it, its tests with their statuses, and why it is not verified."""

    id: str
    type: str
    kind: str
    """The type as people read it: ``software requirement``."""
    title: str
    status: str
    safety_class: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    tests: tuple[tuple[str, str], ...]
    state: State
    reasons: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One hazard before and after control, its controls with kind and state, and the judgement of what remains."""

    id: str
    title: str
    situation: str
    harm: str
    before: tuple[str, str, str]
    """Severity, probability, level; empty where unknown."""
    after: tuple[str, str, str]
    controls: tuple[tuple[str, str, str, State, State], ...]
    """Id, title, kind, state of its implementation, state of its effectiveness."""
    acceptable: str
    rationale: str
    state: State
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Hazards by severity (rows, gravest first) and probability (columns, rarest first)."""

    severities: tuple[str, ...]
    probabilities: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[tuple[str, ...], ...], ...]
    """The ids in each cell."""
    unplaced: tuple[str, ...]
    """Hazards whose estimate is not known."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """Coverage at one time: requirements, those with a test, those verified."""

    label: str
    requirements: int
    tested: int
    verified: int


@dataclass(frozen=True, slots=True)
class TraceView:
    """Everything that the page shows."""

    product: str
    name: str
    version: str
    source: str
    """What the state of the results is: ``results of 3 files``, ``no results were given``."""
    rows: tuple[Row, ...]
    risks: tuple[RiskRow, ...]
    before: HeatMap
    after: HeatMap
    trend: tuple[TrendPoint, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def open_hazards(self) -> tuple[RiskRow, ...]:
        """Hazards without effective verification."""
        return tuple(risk for risk in self.risks if risk.state is not State.VERIFIED)
