"""Hazards before and after control, and where they lie on the map of severity and probability."""

from lotmark.dossier._view_basic import Status
from lotmark.dossier._view_model_tests import ControlView, Estimate, HazardView, HeatCell, HeatMap, HeatRow, RiskView
from lotmark.dossier._view_source import Predicate, ViewSource
from lotmark.dossier._view_words import count, in_words, join, number

_RANKS = 4


def view_risk(source: ViewSource) -> RiskView | None:
    """The risk view, if the run recorded one."""
    content = source.find("risk-snapshot")
    if content is None:
        return None
    scale = content["scale"]
    controls = {control["id"]: _control(control) for control in content["controls"]}
    hazards = tuple(_hazard(hazard, controls, scale) for hazard in content["hazards"])
    return RiskView(
        summary=_summary(hazards, len(controls)),
        hazards=hazards,
        controls=tuple(controls.values()),
        before=_map("Before control", content, "before"),
        after=_map("After control", content, "after"),
    )


def _summary(hazards: tuple[HazardView, ...], controls: int) -> str:
    if not hazards:
        return "No hazards are recorded."
    rejected = sum(hazard.status.mark == "bad" for hazard in hazards)
    text = f"{count(len(hazards), 'hazard')}, {count(controls, 'risk control')}. "
    if rejected:
        return text + f"The residual risk of {number(rejected)} is not judged acceptable."
    return text + "Every residual risk is judged acceptable, with its reason."


def rank_of(level: str, levels: list[str]) -> int:
    """The level on a scale from 0 to 4, whatever words and however many levels the product uses; -1 for none of them."""
    if level not in levels:
        return -1
    return round(levels.index(level) * _RANKS / max(len(levels) - 1, 1))


def _estimate(estimate: Predicate, scale: Predicate) -> Estimate:
    level = estimate["level"]
    return Estimate(estimate["severity"] or "not estimated", estimate["probability"] or "not estimated", level or "unknown", rank_of(level, scale["levels"]))


def _control(control: Predicate) -> ControlView:
    return ControlView(control["id"], control["title"], control["kind"], tuple(control["hazards"]), tuple(control["requirements"]))


def _hazard(hazard: Predicate, controls: dict[str, ControlView], scale: Predicate) -> HazardView:
    residual = hazard["residualRisk"]
    words = {True: Status("ok", "acceptable"), False: Status("bad", "not acceptable")}
    return HazardView(
        id=hazard["id"],
        title=hazard["title"],
        situation=hazard["hazardousSituation"],
        harm=hazard["harm"],
        before=_estimate(hazard["before"], scale),
        after=_estimate(hazard["after"], scale),
        controls=tuple(controls.get(name, ControlView(name, "", "", (), ())) for name in hazard["controls"]),
        status=words.get(residual["acceptable"], Status("bad", "not judged")),
        rationale=residual["rationale"],
    )


def _map(title: str, content: Predicate, when: str) -> HeatMap:
    scale = content["scale"]
    severities, probabilities, levels = scale["severities"], scale["probabilities"], scale["levels"]
    placed: dict[tuple[str, str], list[str]] = {}
    unplaced: list[str] = []
    for hazard in content["hazards"]:
        pair = (hazard[when]["severity"], hazard[when]["probability"])
        known = pair[0] in severities and pair[1] in probabilities
        (placed.setdefault(pair, []) if known else unplaced).append(hazard["id"])
    rows = tuple(
        HeatRow(
            severity,
            tuple(
                HeatCell(scale["matrix"][row][column], rank_of(scale["matrix"][row][column], levels), tuple(placed.get((severity, probability), ())))
                for column, probability in enumerate(probabilities)
            ),
        )
        for row, severity in reversed(list(enumerate(severities)))
    )
    counts = {level: sum(len(cell.hazards) for line in rows for cell in line.cells if cell.level == level) for level in reversed(levels)}
    told = join(f"{in_words(n)} at level {level}" for level, n in counts.items() if n) or "none"
    without = f"; {in_words(len(unplaced))} without an estimate" if unplaced else ""
    return HeatMap(title, tuple(probabilities), rows, tuple(unplaced), f"{title}: {told}{without}.")
