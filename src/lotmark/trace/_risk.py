"""Risk estimates (ISO 14971:2019, 5.5 and 7.3): the hazard view of an item against the product's scale."""

from lotmark.trace.models import Hazard, Item, Risk, RiskScale, TraceGraph, Value

ACCEPTABLE = {"acceptable": True, "true": True, "yes": True, "not-acceptable": False, "false": False, "no": False}


def find_level(scale: RiskScale, severity: str, probability: str) -> str:
    """The level of the pair; empty where a word is not of the scale."""
    if severity not in scale.severities or probability not in scale.probabilities:
        return ""
    return scale.levels[scale.matrix[scale.severities.index(severity)][scale.probabilities.index(probability)]]


RISK_TYPES = ("hazard", "hazardous-situation", "threat")
"""What risk controls mitigate."""


def estimated_risks(graph: TraceGraph) -> tuple[Item, ...]:
    """The items that hold an estimate of risk: hazards, or in place of a hazard the hazardous situations that arise from it."""
    return tuple(item for item in graph.of_type("hazard", "hazardous-situation") if not is_detailed(graph, item))


def is_detailed(graph: TraceGraph, item: Item) -> bool:
    """Whether items below it hold what the item itself would have to."""
    kind = graph.policy.types.get(item.type)
    return kind is not None and kind.detailed_by != "" and bool(graph.below(item.id, kind.detailed_by))


def hazard_of(item: Item, scale: RiskScale) -> Hazard:
    """The risk view of a hazard or hazardous situation; what the item does not say stays empty and never reads as accepted."""
    before, after = (_estimate(item.attributes.get(key, ""), scale) for key in ("before", "after"))
    residual = item.attributes.get("residual-risk", "")
    if isinstance(residual, str):
        word, rationale = residual, ""
    elif isinstance(residual, tuple):
        word, rationale = "", ""
    else:
        word, rationale = residual.get("acceptable", ""), residual.get("rationale", "")
    rationale = rationale.strip() or item.sections.get("rationale", "")
    acceptable = ACCEPTABLE.get(word)
    return Hazard(
        id=item.id,
        title=item.title,
        hazardous_situation=_text(item.attributes.get("hazardous-situation", "")) or (item.title if item.type == "hazardous-situation" else ""),
        harm=_text(item.attributes.get("harm", "")),
        before=before,
        after=after,
        acceptable=acceptable,
        rationale=rationale,
        needs_control=not (before.level == scale.levels[0] and acceptable is True and rationale),
    )


def _estimate(value: Value, scale: RiskScale) -> Risk:
    if isinstance(value, str | tuple):
        return Risk()
    severity, probability = _word(value.get("severity", ""), scale.severities), _word(value.get("probability", ""), scale.probabilities)
    return Risk(severity, probability, find_level(scale, severity, probability))


def _word(value: str, words: tuple[str, ...]) -> str:
    """A word of the scale as it is; a rank from 1 (weakest) as the word of that rank."""
    if value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= len(words):
        return words[int(value[:6]) - 1]
    return value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
