"""Graph and results -> `TraceView`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from lotmark.trace.api import find_below, hazard_of, roll_up
from lotmark.trace.models import Coverage, Hazard, Item, Risk, RiskScale, TraceGraph
from lotmark.views.models import HeatMap, RiskRow, Row, State, TraceView, TrendPoint

_RED = frozenset({"failed", "error"})
_JUDGED = {True: "acceptable", False: "not acceptable", None: "not judged"}


def build_view(
    graph: TraceGraph,
    statuses: Mapping[str, str] | None,
    *,
    name: str = "",
    version: str = "",
    source: str = "",
    safety_class: str = "",
    verifies: Mapping[str, Collection[str]] | None = None,
    trend: Sequence[TrendPoint] = (),
    notes: Mapping[str, str] | None = None,
) -> TraceView:
    """The view of a graph.

    Args:
        graph: The items.
        statuses: Test id -> status of every result at hand; None where there are none, and nothing is judged.
        name: The product's printed name.
        version: Its version.
        source: Where the results are from, for the head of the page.
        safety_class: Of the product; holds where an item names none.
        verifies: What the results say that their tests verify, beside the markers.
        trend: Coverage at earlier times, oldest first.
        notes: Test id -> what is shown beside its status, such as that it was reused or waived.
    """
    coverage = roll_up(graph, statuses or {}, verifies)
    judged = statuses is not None
    hazards = [hazard_of(item, graph.scale) for item in graph.of_type("hazard")]
    risks = {hazard.id: _risk(graph, hazard, coverage, judged) for hazard in hazards}
    rows = [_row(graph, graph.items[item_id], found, judged, safety_class) for item_id, found in coverage.items()]
    # A hazard is only as verified as the effectiveness of its controls, which the roll-up of results does not ask for.
    if notes:
        rows = [replace(row, tests=tuple((test, _noted(status, notes.get(test))) for test, status in row.tests)) for row in rows]
    rows = [replace(row, state=risks[row.id].state, reasons=risks[row.id].reasons) if row.id in risks else row for row in rows]
    return TraceView(
        product=graph.product,
        name=name or graph.product,
        version=version,
        source=source or ("results at hand" if judged else "no results were given, so nothing is shown as verified"),
        rows=tuple(rows),
        risks=tuple(risks.values()),
        before=_heat(graph.scale, [(hazard.id, hazard.before) for hazard in hazards]),
        after=_heat(graph.scale, [(hazard.id, hazard.after) for hazard in hazards]),
        trend=tuple(trend),
        counts=dict(Counter(row.state.value for row in rows if row.type == "requirement")),
    )


def _noted(status: str, note: str | None) -> str:
    return f"{status} ({note})" if note else status


def _row(graph: TraceGraph, item: Item, found: Coverage, judged: bool, safety_class: str) -> Row:
    kind = graph.policy.types.get(item.type)
    title = f"{item.category} {kind.title if kind else item.type}".strip()
    state = _state(found, judged)
    return Row(
        id=item.id,
        type=item.type,
        kind=title,
        title=item.title,
        status=item.status,
        safety_class=item.safety_class or safety_class,
        above=graph.up.get(item.id, ()),
        below=found.below,
        tests=found.tests if judged else tuple((test, "no result") for test, _ in found.tests),
        state=state,
        reasons=found.reasons if judged else (),
        place=f"{item.path}:{item.line}",
    )


def _state(found: Coverage, judged: bool) -> State:
    if not judged:
        return State.UNKNOWN
    if found.covered:
        return State.VERIFIED
    return State.FAILED if any(status in _RED for _, status in found.tests) else State.INCOMPLETE


def _risk(graph: TraceGraph, hazard: Hazard, coverage: Mapping[str, Coverage], judged: bool) -> RiskRow:
    found = coverage[hazard.id]
    controls = tuple(_control(graph, control, found, coverage, judged) for control in graph.below(hazard.id, "risk-control"))
    idle = [f"the effectiveness of {control} is not verified" for control, *_, works in controls if works is not State.VERIFIED]
    state = _state(found, judged)
    return RiskRow(
        id=hazard.id,
        title=hazard.title,
        situation=hazard.hazardous_situation,
        harm=hazard.harm,
        before=_words(hazard.before),
        after=_words(hazard.after),
        controls=controls,
        acceptable=_JUDGED[hazard.acceptable],
        rationale=hazard.rationale,
        state=State.INCOMPLETE if state is State.VERIFIED and idle else state,
        reasons=(*found.reasons, *idle) if judged else (),
    )


def _control(graph: TraceGraph, control: Item, hazard: Coverage, coverage: Mapping[str, Coverage], judged: bool) -> tuple[str, str, str, State, State]:
    """Implementation and effectiveness of a control, verified apart (ISO 14971:2019, 7.2).

    Implementation: the requirements below it are verified. Effectiveness: tests that name the control itself, or the hazard
    that it is to prevent, passed.
    """
    requirements = [coverage[item_id] for item_id in find_below(graph, control.id) if item_id in coverage and graph.items[item_id].type == "requirement"]
    implemented = State.UNKNOWN if not judged else State.VERIFIED if requirements and all(one.covered for one in requirements) else State.INCOMPLETE
    own = (*coverage[control.id].tests, *hazard.tests)
    if not judged:
        effective = State.UNKNOWN
    elif any(status in _RED for _, status in own):
        effective = State.FAILED
    else:
        effective = State.VERIFIED if own and all(status == "passed" for _, status in own) else State.INCOMPLETE
    kind = control.attributes.get("kind", "")
    return control.id, control.title, kind if isinstance(kind, str) else "", implemented, effective


def _words(risk: Risk) -> tuple[str, str, str]:
    return risk.severity, risk.probability, risk.level


def _heat(scale: RiskScale, risks: Sequence[tuple[str, Risk]]) -> HeatMap:
    rows = tuple(reversed(range(len(scale.severities))))
    columns = range(len(scale.probabilities))
    placed: dict[tuple[str, str], list[str]] = {(severity, probability): [] for severity in scale.severities for probability in scale.probabilities}
    unplaced: list[str] = []
    for hazard, risk in risks:
        placed.get((risk.severity, risk.probability), unplaced).append(hazard)
    return HeatMap(
        severities=tuple(scale.severities[row] for row in rows),
        probabilities=scale.probabilities,
        levels=tuple(tuple(scale.levels[scale.matrix[row][column]] for column in columns) for row in rows),
        cells=tuple(tuple(tuple(placed[scale.severities[row], scale.probabilities[column]]) for column in columns) for row in rows),
        unplaced=tuple(unplaced),
    )
