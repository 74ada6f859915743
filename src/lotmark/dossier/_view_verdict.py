"""The verdict in one sentence, why, and the figures at a glance."""

from typing import Final

from lotmark.dossier._view_basic import Mark, Status
from lotmark.dossier._view_model import ApprovalsView, DecisionView, Figure, StageView, Verdict, WaiverItem
from lotmark.dossier._view_model_build import RebuildView, SupplyView
from lotmark.dossier._view_model_tests import LayerView, MatrixView, RiskView
from lotmark.dossier._view_source import ViewSource
from lotmark.dossier._view_words import count, in_words, join, number

_REASONS: Final = 12
"""So many reasons stand beside the verdict; the sections below have all of them."""


def outcome_of_run(source: ViewSource) -> str:
    """``released``, ``refused``, ``abandoned``; of a run that is not closed ``pending`` (waits for people) or ``open``."""
    if source.closed is not None:
        return str(source.closed["outcome"])
    approval = source.stages.get("approval")
    return "pending" if approval is not None and approval["outcome"] == "pending" else "open"


def say_verdict(
    source: ViewSource,
    outcome: str,
    stages: tuple[StageView, ...],
    decision: DecisionView | None,
    approvals: ApprovalsView | None,
    waivers: tuple[WaiverItem, ...] | None,
    figures: tuple[Figure, ...],
) -> Verdict:
    """One sentence that a director understands, and the reasons that stand against a release."""
    product = source.opened["product"]
    name = f"{product['name']} {product['version']}"
    if outcome == "released" and (doubt := _contradiction(decision, approvals)):
        return Verdict(Status("bad", "Contradictory"), f"{name} is recorded as released, but {doubt}: do not rely on it.", (), figures)
    if outcome == "released":
        return Verdict(Status("ok", "Released"), f"{name} may be released: {_grounds(source, decision, approvals, waivers)}.", (), figures)
    if outcome == "pending":
        return Verdict(Status("wait", "Waiting for people"), *_pending(name, decision, approvals), figures)
    reasons = _refusals(stages, decision, approvals)
    if outcome == "abandoned":
        return Verdict(Status("none", "Abandoned"), f"{name} was not released: this run was abandoned, and a later one took its place.", reasons, figures)
    if outcome == "refused":
        return Verdict(Status("bad", "Not releasable"), f"{name} may not be released: {_refused(stages, decision, approvals)}.", reasons, figures)
    waiting = [stage.name for stage in stages if stage.status.word == "not run"]
    told = f"{number(len(waiting))} of {number(len(stages))} stages have not run" if waiting else "the run is not closed"
    return Verdict(Status("wait", "Not decided"), f"{name} may not be released yet: {told}.", reasons, figures)


def _contradiction(decision: DecisionView | None, approvals: ApprovalsView | None) -> str:
    """What in the records speaks against a run that was closed as released; a page for people must not gloss over it."""
    if decision is None or approvals is None:
        return "nothing was decided"
    if decision.status.mark != "ok":
        return "its decision is a refusal"
    if any(signature.status.word == "rejects" for signature in approvals.signatures):
        return "somebody rejected it"
    if approvals.problems or any(wanted.have is not None and wanted.have < wanted.count for wanted in approvals.required):
        return "the signatures that it needs do not all count"
    return ""


def _grounds(source: ViewSource, decision: DecisionView | None, approvals: ApprovalsView | None, waivers: tuple[WaiverItem, ...] | None) -> str:
    parts = [decision.summary] if decision else []
    if approvals and approvals.signed:
        parts.append(f"{in_words(approvals.signed)} {'person' if approvals.signed == 1 else 'people'} signed")
    return ", ".join((*parts, _waived(source, waivers)))


def _waived(source: ViewSource, waivers: tuple[WaiverItem, ...] | None) -> str:
    if not waivers:
        return "nothing is waived"
    matrix = source.find("matrix-evaluation") or {"rows": ()}
    tests = {test["id"] for row in matrix["rows"] for result in row["required"] for test in result["tests"] if test["waiver"]}
    number_waived, one = (len(tests), "test") if tests else (len(waivers), "requirement")
    until = min(waiver.expires for waiver in waivers)
    first = "" if len(waivers) == 1 else "the first of them "
    return f"{in_words(number_waived)} {one + ' is' if number_waived == 1 else one + 's are'} waived{', ' if first else ' '}{first}until {until}"


def _pending(name: str, decision: DecisionView | None, approvals: ApprovalsView | None) -> tuple[str, tuple[str, ...]]:
    lacking = [wanted for wanted in approvals.required if wanted.have is None or wanted.have < wanted.count] if approvals else []
    missing = sum(wanted.count - (wanted.have or 0) for wanted in lacking)
    summary = f"{decision.summary}, but " if decision else ""
    told = f"{in_words(missing)} {'signature is' if missing == 1 else 'signatures are'} missing" if missing else "the run waits to be concluded"
    reasons = tuple(f"{wanted.role}: {wanted.meaning}, {wanted.have or 0} of {wanted.count} signed" for wanted in lacking)
    return f"{name} may not be released yet: {summary}{told}.", reasons


def _refused(stages: tuple[StageView, ...], decision: DecisionView | None, approvals: ApprovalsView | None) -> str:
    rejecting = [signature for signature in approvals.signatures if signature.status.word == "rejects"] if approvals else []
    if rejecting:
        return f"{join(f'{signature.name} ({signature.role})' for signature in rejecting)} rejected it"
    failing = [criterion for criterion in decision.criteria if criterion.status.mark == "bad"] if decision else []
    if decision and failing:
        return f"{number(len(failing))} of {number(len(decision.criteria))} release criteria {'is' if len(failing) == 1 else 'are'} not met"
    if decision and decision.missing:
        return f"evidence is missing ({join(decision.missing[:3])})"
    refused = [stage.name for stage in stages if stage.status.mark == "bad"]
    told = f"the stage {refused[0]} was refused" if len(refused) == 1 else f"the stages {join(refused)} were refused"
    return f"{told}, so it was never decided on" if refused and decision is None else told if refused else "its run was refused"


def _refusals(stages: tuple[StageView, ...], decision: DecisionView | None, approvals: ApprovalsView | None) -> tuple[str, ...]:
    reasons: list[str] = []
    if approvals:
        reasons += [f"{signature.name} ({signature.role}): {signature.reason}" for signature in approvals.signatures if signature.status.word == "rejects"]
    if decision:
        for criterion in decision.criteria:
            if criterion.status.mark == "bad":
                reasons.append(f"{criterion.title}: {'; '.join(criterion.messages[:3])}")
    if not reasons:
        for stage in stages:
            if stage.status.mark == "bad":
                messages = [finding.message for finding in stage.findings if finding.severity == "error"] or [stage.summary]
                reasons += [f"{stage.name}: {message.strip().rstrip(':')}" for message in messages[:3]]
    more = len(reasons) - _REASONS
    return tuple(reasons[:_REASONS]) + ((f"and {number(more)} more, below",) if more > 0 else ())


def view_figures(
    decision: DecisionView | None,
    approvals: ApprovalsView | None,
    layers: tuple[LayerView, ...],
    matrix: MatrixView | None,
    risk: RiskView | None,
    rebuild: RebuildView | None,
    supply: SupplyView | None,
) -> tuple[Figure, ...]:
    """The numbers at a glance; what was not recorded says so."""
    return (
        _criteria(decision),
        _signatures(decision, approvals),
        _tests(layers),
        _hazards(risk, matrix),
        Figure("Rebuild", rebuild.status.word, count(len(rebuild.varied), "condition") + " varied", rebuild.status.mark, "rebuild")
        if rebuild
        else _none("Rebuild", "rebuild"),
        _vulnerabilities(supply),
    )


def _none(label: str, section: str) -> Figure:
    return Figure(label, "none", "not recorded", "none", section)


def _criteria(decision: DecisionView | None) -> Figure:
    if decision is None:
        return _none("Release criteria", "criteria")
    if not decision.criteria:
        return Figure("Release criteria", "none", "none was judged", "bad", "criteria")
    met = sum(criterion.status.mark == "ok" for criterion in decision.criteria)
    note = f"{count(len(decision.relaxations), 'relaxation')} of the policy" if decision.relaxations else "the policy as shipped"
    refusing = sum(criterion.status.mark == "bad" for criterion in decision.criteria)
    if refusing:
        return Figure("Release criteria", f"{number(met)} of {number(len(decision.criteria))}", f"{number(refusing)} not met", "bad", "criteria")
    return Figure("Release criteria", f"{number(met)} of {number(len(decision.criteria))}", note, "warn" if decision.relaxations else "ok", "criteria")


def _signatures(decision: DecisionView | None, approvals: ApprovalsView | None) -> Figure:
    if approvals is None:
        return _none("Signatures", "approvals")
    wanted = sum(required.count for required in approvals.required)
    if decision and decision.status.mark == "bad":
        return Figure("Signatures", f"{number(approvals.signed)} of {number(wanted)}", "not asked for: refused", "none", "approvals")
    mark: Mark = "ok" if approvals.signed >= wanted and not approvals.problems else "wait"
    if any(signature.status.word == "rejects" for signature in approvals.signatures):
        mark = "bad"
    return Figure("Signatures", f"{number(approvals.signed)} of {number(wanted)}", f"risk tier {approvals.tier}", mark, "approvals")


def _tests(layers: tuple[LayerView, ...]) -> Figure:
    if not layers:
        return _none("Tests", "layers")
    received, expected = sum(layer.received for layer in layers), sum(layer.expected for layer in layers)
    marks = {layer.status.mark for layer in layers}
    mark: Mark = "bad" if "bad" in marks else "warn" if "warn" in marks else "ok"
    note = {"bad": "some did not pass", "warn": "passed or waived"}.get(mark, "all passed")
    return Figure("Expected tests reported", f"{number(received)} of {number(expected)}", note, mark, "layers")


def _hazards(risk: RiskView | None, matrix: MatrixView | None) -> Figure:
    if risk is None:
        return _none("Hazards", "risk")
    if not risk.hazards:
        return Figure("Hazards controlled", "none", "none is recorded", "none", "risk")
    bad = sum(hazard.status.mark == "bad" for hazard in risk.hazards)
    untested = sum(row.status.mark == "bad" for row in matrix.hazards) if matrix else 0
    note = f"{number(bad)} not acceptable" if bad else f"{number(untested)} without passed tests" if untested else "residual risks acceptable"
    return Figure("Hazards controlled", f"{number(len(risk.hazards) - bad)} of {number(len(risk.hazards))}", note, "bad" if bad or untested else "ok", "risk")


def _vulnerabilities(supply: SupplyView | None) -> Figure:
    if supply is None:
        return _none("Vulnerabilities", "components")
    affected = sum(entry.status.mark == "bad" for entry in supply.vulnerabilities)
    unknown = supply.vulnerability_summary.startswith("Vulnerabilities were not")
    value = "unknown" if unknown else number(affected)
    return Figure("Known vulnerabilities", value, count(len(supply.components), "component"), "bad" if unknown else "warn" if affected else "ok", "components")
