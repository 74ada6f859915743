"""Checks of hazards: estimates within the scale, a control, and a judged residual risk (ISO 14971:2019, 7.1 to 7.4)."""

from lotmark.base.findings import Finding, Severity
from lotmark.trace._risk import ACCEPTABLE, estimated_risks, hazard_of
from lotmark.trace.models import Hazard, Item, Risk, RiskScale, TraceGraph

_ESTIMATE = ("severity", "probability")
_RESIDUAL = ("acceptable", "rationale")


def check_risks(graph: TraceGraph) -> list[Finding]:
    """What is wrong with the hazards and hazardous situations that are not obsolete, and with the estimates of threats."""
    findings: list[Finding] = []
    for item in graph.of_type("threat"):
        threat = hazard_of(item, graph.scale)
        for key, risk in (("before", threat.before), ("after", threat.after)):
            findings.extend(_estimate(item, key, risk, graph.scale))
        findings.extend(_residual(item, threat, graph.scale))
    for item in estimated_risks(graph):
        kind = graph.policy.types.get(item.type)
        if kind is not None and kind.detailed_by:
            missing = sorted(key for key in kind.required if key not in item.places)
            cure = f"write '{{}}: ...' into the front matter, or a {kind.detailed_by} with a link to it"
            findings += [_say(item, "LM-TRC-006", f"the {kind.title} has no {key!r}", "id", cure.replace("{}", key)) for key in missing]
        hazard = hazard_of(item, graph.scale)
        for key, risk in (("before", hazard.before), ("after", hazard.after)):
            findings.extend(_estimate(item, key, risk, graph.scale))
        findings.extend(_residual(item, hazard, graph.scale))
        if not graph.below(item.id, "risk-control"):
            if hazard.needs_control:
                findings.append(
                    _say(
                        item, "LM-TRC-032", f"no risk control mitigates the {_title(graph, item)}", "id", f"write 'mitigates: [{item.id}]' into a risk control"
                    )
                )
            else:
                findings.append(
                    _say(
                        item,
                        "LM-TRC-032",
                        f"no risk control mitigates the {_title(graph, item)}; it was accepted at the level '{hazard.before.level}'",
                        "residual-risk",
                        "nothing, if that judgement still holds",
                        Severity.WARNING,
                    )
                )
    return findings


def _title(graph: TraceGraph, item: Item) -> str:
    return graph.policy.types[item.type].title if item.type in graph.policy.types else item.type


def _estimate(item: Item, key: str, risk: Risk, scale: RiskScale) -> list[Finding]:
    value = item.attributes.get(key)
    if value is None:
        return []
    if isinstance(value, str | tuple):
        return [
            _say(
                item, "LM-TRC-006", f"{key} must be a mapping", key, f"write {key}: {{severity: {scale.severities[-1]}, probability: {scale.probabilities[0]}}}"
            )
        ]
    findings = [
        _say(item, "LM-TRC-005", f"unknown key {name!r} in {key}", key, f"the keys are {' and '.join(_ESTIMATE)}") for name in value if name not in _ESTIMATE
    ]
    for name, word, words in (("severity", risk.severity, scale.severities), ("probability", risk.probability, scale.probabilities)):
        if word not in words:
            reason = f"{key} has no {name}" if not word else f"unknown {name} {word!r} in {key}"
            findings.append(_say(item, "LM-TRC-006", reason, key, f"one of: {', '.join(words)}"))
    return findings


def _residual(item: Item, hazard: Hazard, scale: RiskScale) -> list[Finding]:
    value = item.attributes.get("residual-risk")
    if value is None:
        return []
    findings: list[Finding] = []
    if not isinstance(value, str | tuple):
        findings += [
            _say(item, "LM-TRC-005", f"unknown key {name!r} in residual-risk", "residual-risk", f"the keys are {' and '.join(_RESIDUAL)}")
            for name in value
            if name not in _RESIDUAL
        ]
    if hazard.acceptable is None:
        findings.append(_say(item, "LM-TRC-037", "nobody has judged the residual risk", "residual-risk", f"acceptable: one of {', '.join(ACCEPTABLE)}"))
    elif not hazard.acceptable:
        findings.append(
            _say(
                item,
                "LM-TRC-038",
                "the residual risk is judged not acceptable",
                "residual-risk",
                "add risk controls, or show that the benefit outweighs the risk (ISO 14971:2019, 7.4)",
            )
        )
    elif not hazard.rationale:
        findings.append(
            _say(
                item,
                "LM-TRC-037",
                "the residual risk is accepted without a rationale",
                "residual-risk",
                "write 'rationale: ...' beside 'acceptable', or a section '## Rationale'",
            )
        )
    elif hazard.after.level == scale.levels[-1]:
        findings.append(
            _say(
                item,
                "LM-TRC-038",
                f"the residual risk is accepted at the level '{hazard.after.level}'",
                "residual-risk",
                "the rationale must show that the benefit outweighs it (ISO 14971:2019, 7.4)",
                Severity.WARNING,
            )
        )
    if hazard.before.level and hazard.after.level and scale.levels.index(hazard.after.level) > scale.levels.index(hazard.before.level):
        findings.append(
            _say(
                item, "LM-TRC-038", f"the risk is '{hazard.before.level}' before control and '{hazard.after.level}' after it", "after", "correct the estimates"
            )
        )
    return findings


def _say(item: Item, code: str, message: str, key: str, cure: str, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(code, f"{item.id}: {message}", severity, item.where(key), item.id, cure)
