"""decide, explain, replay: facts + policy + log size -> Decision. The same three give the same answer."""

from collections.abc import Callable, Mapping
from typing import Any

from lotmark.attest.api import format_json
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError, RefusedError
from lotmark.policy._cel_types import facts_read
from lotmark.policy._document import Checked, check_policy, default_policy, fill_message, parse_policy, variables_of
from lotmark.policy._sandbox import Evaluation, evaluate_all
from lotmark.policy.models import Completeness, CriterionResult, Decision, Explanation, PolicyDocument, PolicyFile, Relaxation, Replay, Verdict

Evaluator = Callable[[list[str], dict[str, Any]], tuple[Evaluation, ...]]


def decide(facts: dict[str, Any], policy: PolicyDocument, policy_digest: Digest, log_size: int, *, evaluator: Evaluator = evaluate_all) -> Decision:
    """Judge the facts by the policy.

    Accepted only if the facts are complete, no criterion fails to be decided and no strict criterion is violated.
    `policy_digest` is the digest of the file's bytes as the run pinned it.

    Raises:
        RefusedError: LM-POL-005 if the document is not the one that the run pinned.
        UsageError: the policy is not one (LM-POL-*).
        EnvironmentLacksError: LM-POL-010, no engine.
    """
    if policy_digest != policy.digest:
        raise RefusedError(
            "LM-POL-005",
            f"the policy ({policy.digest.short()}) is not the one that the run pinned ({policy_digest.short()})",
            where=policy.path,
            solution="start a new run, so that the change of the policy is part of what is approved",
        )
    return _judge(facts, policy, log_size, evaluator, relaxations(policy.value))


def _judge(facts: dict[str, Any], policy: PolicyDocument, log_size: int, evaluator: Evaluator, relaxed: tuple[Relaxation, ...] = ()) -> Decision:
    """The decision; who decides again leaves out `relaxed`, which plays no part in the verdict and costs reading the shipped policy."""
    checked = check_policy(policy)
    values = {**facts, "params": dict(policy.value.parameters)}
    evaluations = evaluator([item.criterion.violations for item in checked], values)
    criteria = tuple(_result(item, evaluation, values) for item, evaluation in zip(checked, evaluations, strict=True))
    missing = tuple(facts["completeness"]["missing"])
    completeness = Completeness(complete=facts["completeness"]["complete"] is True and not missing, missing=missing)
    verdict: Verdict = "refused" if not completeness.complete or any(result.closes for result in criteria) else "accepted"
    return Decision(
        verdict=verdict,
        completeness=completeness,
        criteria=criteria,
        relaxed=relaxed,
        facts=facts,
        facts_sha256=Digest.of(format_json(facts)).hex,
        policy_sha256=policy.digest.hex,
        log_size=log_size,
    )


def _result(item: Checked, evaluation: Evaluation, values: dict[str, Any]) -> CriterionResult:
    criterion = item.criterion
    messages: tuple[str, ...]
    if evaluation.value is None or isinstance(evaluation.value, bool) is not item.returns_bool:
        verdict, messages = "error", (evaluation.error or "the engine gave another type than the policy promises",)
    elif isinstance(evaluation.value, bool):
        messages = (fill_message(criterion.message, values),) if evaluation.value else ()
        verdict = "violated" if evaluation.value else "met"
    else:
        messages = evaluation.value
        verdict = "violated" if messages else "met"
    return CriterionResult(
        id=criterion.id,
        title=criterion.title,
        clause=criterion.clause,
        rationale=criterion.rationale,
        severity=criterion.severity,
        strict=criterion.strict,
        verdict=verdict,  # type: ignore[arg-type]  # the three words of CriterionVerdict
        violations=messages,
        solution=criterion.solution,
    )


def relaxations(policy: PolicyFile) -> tuple[Relaxation, ...]:
    """How this policy is weaker than, or differs from, the release criteria that are shipped; parameters as ``params.<name>``."""
    shipped = default_policy().value
    own = {criterion.id: criterion for criterion in policy.criteria}
    found: list[Relaxation] = []
    for criterion in shipped.criteria:
        mine = own.get(criterion.id)
        if mine is None:
            found.append(Relaxation(criterion.id, "absent"))
        elif not mine.strict:
            found.append(Relaxation(criterion.id, "not-strict"))
        elif mine.violations.split() != criterion.violations.split():
            found.append(Relaxation(criterion.id, "changed"))
    found.extend(
        Relaxation(criterion.id, "not-strict") for criterion in policy.criteria if not criterion.strict and criterion.id not in {c.id for c in shipped.criteria}
    )
    found.extend(
        Relaxation(f"params.{name}", "changed") for name, value in shipped.parameters.items() if name in policy.parameters and policy.parameters[name] != value
    )
    return tuple(found)


def explain(decision: Decision, policy: PolicyDocument) -> tuple[Explanation, ...]:
    """Every criterion with what it requires and the facts that it found."""
    variables = variables_of(policy.value)
    values = {**decision.facts, "params": dict(policy.value.parameters)}
    results = {result.id: result for result in decision.criteria}
    explanations: list[Explanation] = []
    for item in check_policy(policy):
        result = results[item.criterion.id]
        paths = sorted(set(facts_read(item.tree, variables)))
        explanations.append(
            Explanation(
                criterion=result.id,
                title=result.title,
                clause=result.clause,
                rule=" ".join(item.criterion.violations.split()),
                required=item.criterion.rationale,
                found={".".join(path): _at(values, path) for path in paths},
                verdict=result.verdict,
                messages=result.violations,
                solution=result.solution,
            )
        )
    return tuple(explanations)


def _at(values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = values
    for step in path:
        found = found[step]
    return found


def replay(
    predicate: Mapping[str, Any], policy_bytes: bytes, *, recomputed_facts: Mapping[str, Any] | None = None, evaluator: Evaluator = evaluate_all
) -> Replay:
    """Decide again from what a decision predicate holds, and say where the answer differs.

    `recomputed_facts` are the facts computed anew from the bundle's own entries; given, they must be the recorded ones.
    Never raises for a foreign predicate or policy: what cannot be replayed differs.

    Raises:
        EnvironmentLacksError: LM-POL-010, no engine.
    """
    differences: list[str] = []
    try:
        facts = predicate["facts"]
        if Digest.of(format_json(facts)).hex != predicate["factsSha256"]:
            differences.append("the facts do not have the recorded digest")
        if Digest.of(policy_bytes).hex != predicate["policySha256"]:
            differences.append("the policy does not have the recorded digest")
        if recomputed_facts is not None and format_json(recomputed_facts) != format_json(facts):
            differences.extend(_fact_differences(facts, recomputed_facts))
        policy = parse_policy(policy_bytes, name="policy.yaml")
        again = _judge(facts, policy, predicate["logSize"], evaluator)
        differences.extend(_decision_differences(predicate, again))
    except LotmarkError as error:
        if error.code == "LM-POL-010":
            raise
        return Replay("error", (*differences, f"the policy cannot be read: {error.reason}"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Replay("error", (*differences, f"the decision does not have its shape: {type(error).__name__}"))
    return Replay(again.verdict, tuple(differences))


def still_holds(predicate: Mapping[str, Any], facts: Mapping[str, Any], policy: PolicyDocument, *, evaluator: Evaluator = evaluate_all) -> bool:
    """Whether a recorded decision is still what would be decided on these later facts: nothing changed but the time of looking.

    The age of the vulnerability database moves by itself; it matters once it changes a criterion. A policy that changed
    since does not hold.
    """
    if policy.digest.hex != predicate["policySha256"] or _timeless(facts) != _timeless(predicate["facts"]):
        return False
    again = _judge(dict(facts), policy, predicate["logSize"], evaluator)
    recorded = [(criterion["id"], criterion["verdict"]) for criterion in predicate["criteria"]]
    return again.verdict == predicate["verdict"] and recorded == [(result.id, result.verdict) for result in again.criteria]


def _timeless(facts: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in facts.items() if name not in {"evaluatedAt", "evaluatedOn", "vulnerabilities"}}
    return {**rest, "vulnerabilities": {name: value for name, value in facts["vulnerabilities"].items() if name != "ageDays"}}


def _fact_differences(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    names = sorted({*recorded, *again})
    return [f"the fact {name} follows otherwise from the evidence" for name in names if recorded.get(name) != again.get(name)]


def _decision_differences(predicate: Mapping[str, Any], again: Decision) -> list[str]:
    differences: list[str] = []
    if predicate["verdict"] != again.verdict:
        differences.append(f"recorded as {predicate['verdict']}, decided again as {again.verdict}")
    if predicate["completeness"] != again.completeness.to_wire():
        differences.append("the completeness differs")
    theirs = {criterion["id"]: _comparable(criterion) for criterion in predicate["criteria"]}
    mine = {result.id: _comparable(result.to_wire()) for result in again.criteria}
    differences.extend(f"criterion {name} differs" for name in sorted({*theirs, *mine}) if theirs.get(name) != mine.get(name))
    return differences


def _comparable(criterion: Mapping[str, Any]) -> dict[str, Any]:
    """What must come out the same again: all but the engine's own words on why it could not decide."""
    return {name: value for name, value in criterion.items() if name != "violations" or criterion["verdict"] != "error"}
