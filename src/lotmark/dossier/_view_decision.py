"""The decision and its criteria: the rule, what it asks, what was found."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError
from lotmark.dossier._view_basic import Fact, Status
from lotmark.dossier._view_model import CriterionView, DecisionView
from lotmark.dossier._view_source import Predicate, ViewSource
from lotmark.dossier._view_words import count, instant, join, number, status_of
from lotmark.policy.api import default_policy, explain, parse_policy
from lotmark.policy.models import Completeness, CriterionResult, Decision, Explanation, PolicyDocument, Relaxation

_HOW: Final[Mapping[str, str]] = {
    "absent": "is not asked for by this product's policy",
    "not-strict": "is reported, but does not refuse a release",
    "changed": "is asked for in another form",
}
_LABELS: Final[Mapping[str, str]] = {
    "anomalies.open": "open anomalies",
    "bindings": "records that must speak of the same thing",
    "build.backend": "sandbox",
    "build.differing": "differing outputs",
    "build.hermetic": "hermetic",
    "build.provenance": "provenance",
    "build.verdict": "rebuild",
    "completeness.missing": "missing evidence",
    "dependencies.licencesRefused": "refused licences",
    "dependencies.locks": "lock files",
    "dependencies.noneDeclared": "declared to have no dependencies",
    "dependencies.unhashed": "components without a hash",
    "matrix.blocking.required": "blocking requirements of the test matrix",
    "matrix.critical": "critical tests",
    "matrix.unsatisfied": "rows that did not pass",
    "params.acceptableRebuild": "accepted rebuild verdicts",
    "params.anomalySeverity": "refusing severity of an anomaly",
    "params.maximumDumpAgeDays": "allowed age in days",
    "params.minimumWitnesses": "witnesses asked for at the least",
    "params.vulnerabilityThreshold": "refusing CVSS score",
    "params.witnessGraceMinutes": "allowed age of the cosignatures in minutes",
    "risks.hazards": "hazards",
    "source.commits": "commits",
    "stages": "stages",
    "tests.layers": "test layers",
    "trace.errors": "errors of the trace",
    "trace.gaps": "changed requirements with a gap",
    "trace.requirements": "requirements",
    "versions.artifact": "version in the artifact",
    "versions.label": "version on the label",
    "versions.opened": "version of the run",
    "versions.proposed": "proposed version",
    "versions.sbom": "version in the SBOM",
    "versions.tested": "tested version",
    "vulnerabilities.affected": "vulnerabilities that affect it",
    "vulnerabilities.ageDays": "age of the database in days",
    "vulnerabilities.evaluated": "evaluated",
    "vulnerabilities.exceptions": "exceptions",
    "vulnerabilities.records": "records in the database",
    "vulnerabilities.retrieved": "database of",
    "waivers.items": "waivers",
    "waivers.uses": "uses of a waiver",
    "witness.ageMinutes": "age of the cosignatures in minutes",
    "witness.cosigned": "witnesses that cosigned",
    "witness.logSize": "size of the log",
    "witness.present": "witnesses are named",
    "witness.problems": "witnesses that did not cosign",
    "witness.quorum": "quorum",
    "witness.size": "size that was cosigned",
}
_STATUS_KEYS: Final = ("status", "outcome", "verdict")
_YES: Final[Mapping[str, str]] = {"same": "all the same", "acceptable": "all acceptable", "covered": "all covered"}
_NO: Final[Mapping[str, str]] = {"expired": "none expired"}


def view_decision(source: ViewSource) -> DecisionView | None:
    """The last decision of the run, if there is one."""
    content = source.find("decision")
    if content is None:
        return None
    policy = _policy(source, content)
    explanations = _explain(policy, content)
    criteria = tuple(_criterion(criterion, explanations.get(criterion["id"])) for criterion in content["criteria"])
    met = sum(criterion.status.mark == "ok" for criterion in criteria)
    titles = {criterion.id: criterion.title for criterion in criteria}
    limits = policy.value.parameters if policy else {}
    return DecisionView(
        status=status_of(content["verdict"]),
        summary=f"{number(met)} of {number(len(criteria))} release criteria are met",
        facts=(
            Fact("Decided", instant(content["evaluatedAt"])),
            Fact("Log size at the decision", number(content["logSize"])),
            Fact("Evidence decided on (Merkle root)", content["evidenceRoot"], "digest"),
            Fact("Facts", content["factsSha256"], "digest"),
            Fact("Policy", content["policySha256"], "digest"),
        ),
        missing=tuple(content["completeness"]["missing"]),
        criteria=criteria,
        relaxations=tuple(_relaxation(entry, titles, limits) for entry in content["relaxed"]),
    )


def _policy(source: ViewSource, content: Predicate) -> PolicyDocument | None:
    """The policy that the decision names; None where its bytes are not at hand, or this version cannot read them."""
    data = source.blob(Digest(content["policySha256"]))
    try:
        return None if data is None else parse_policy(data, name="quality/policy.yaml")
    except LotmarkError:
        return None


def _explain(policy: PolicyDocument | None, content: Predicate) -> dict[str, Explanation]:
    """What each criterion asks in the policy's own words."""
    if policy is None or [criterion.id for criterion in policy.value.criteria] != [criterion["id"] for criterion in content["criteria"]]:
        return {}
    return {explanation.criterion: explanation for explanation in explain(_decision(content), policy)}


def _decision(content: Predicate) -> Decision:
    criteria = tuple(
        CriterionResult(
            id=criterion["id"],
            title=criterion["title"],
            clause=criterion["clause"],
            rationale=criterion["rationale"],
            severity=criterion["severity"],
            strict=criterion["strict"],
            verdict=criterion["verdict"],
            violations=tuple(violation["message"] for violation in criterion["violations"]),
            solution=criterion["solution"],
        )
        for criterion in content["criteria"]
    )
    return Decision(
        verdict=content["verdict"],
        completeness=Completeness(complete=content["completeness"]["complete"], missing=tuple(content["completeness"]["missing"])),
        criteria=criteria,
        relaxed=tuple(Relaxation(entry["criterion"], entry["how"]) for entry in content["relaxed"]),
        facts=dict(content["facts"]),
        facts_sha256=content["factsSha256"],
        policy_sha256=content["policySha256"],
        log_size=content["logSize"],
    )


def _criterion(criterion: Predicate, explanation: Explanation | None) -> CriterionView:
    verdict = criterion["verdict"]
    status = status_of(verdict)
    if verdict == "violated" and not criterion["strict"]:
        status = Status("warn", "not met, relaxed")
    return CriterionView(
        id=criterion["id"],
        title=criterion["title"],
        clause=criterion["clause"],
        required=criterion["rationale"],
        rule=explanation.rule if explanation else "",
        found=describe_found(explanation.found) if explanation else ("Nothing contradicts it." if verdict == "met" else ""),
        messages=tuple(violation["message"] for violation in criterion["violations"]),
        status=status,
        severity=criterion["severity"],
        strict=criterion["strict"],
        solution=criterion["solution"],
    )


def _relaxation(entry: Predicate, titles: Mapping[str, str], limits: Mapping[str, Any]) -> str:
    name = entry["criterion"]
    shipped = default_policy().value
    if not name.startswith("params."):
        known = {criterion.id: criterion.title for criterion in shipped.criteria}
        return f"“{titles.get(name) or known.get(name, name)}” {_HOW.get(entry['how'], entry['how'])}."
    name = name.removeprefix("params.")
    own = f"is {_value(limits[name])}" if name in limits else "differs"
    told = f"; Lotmark ships {_value(shipped.parameters[name])}" if name in shipped.parameters else ""
    return f"The limit “{_LABELS.get(f'params.{name}', name)}” {own}{told}."


def describe_found(found: Mapping[str, Any]) -> str:
    """The facts that a rule read, in a sentence: ``stages: 9, all accepted; missing evidence: none``."""
    read = [(path, value) for path, value in found.items() if not (path.endswith(".present") and value is True)]
    # What was found before what was asked for.
    read.sort(key=lambda item: item[0].startswith("params."))
    parts = [f"{_LABELS.get(path, path)}: {_value(value)}" for path, value in read]
    return "; ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value)
    if isinstance(value, Mapping):
        return join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    return str(value) or "not told"


def _list(values: Sequence[Any]) -> str:
    """A list by its number, and by what its entries have in common."""
    if not values:
        return "none"
    if not isinstance(values[0], Mapping):
        shown = [str(value) for value in values[:4]]
        return join(shown) if len(values) <= 4 else f"{', '.join(shown)} and {number(len(values) - 4)} more"
    first = values[0]
    if {"layer", "expected", "received"} <= first.keys():
        return join(f"{layer['layer']} {number(layer['received'])} of {number(layer['expected'])}" for layer in values)
    if {"sha", "signedOff", "references"} <= first.keys():
        return f"{number(len(values))}: {number(sum(commit['signedOff'] for commit in values))} signed off, {number(sum(bool(commit['references']) for commit in values))} with a reference"
    if "severity" in first and "rationale" in first:
        return f"{number(len(values))}, of severity {join(sorted({str(anomaly['severity']) for anomaly in values}))}"
    key = next((key for key in _STATUS_KEYS if key in first), None)
    if key is not None:
        counts = Counter(str(value[key]) for value in values)
        return f"{number(len(values))}, all {next(iter(counts))}" if len(counts) == 1 else join(f"{number(n)} {name}" for name, n in counts.items())
    for words, wanted in ((_YES, True), (_NO, False)):
        for name, told in words.items():
            if name in first:
                other = sum(value[name] is not wanted for value in values)
                return f"{number(len(values))}, {told}" if not other else f"{number(len(values))}, {number(other)} otherwise"
    return count(len(values), "entry", "entries")
