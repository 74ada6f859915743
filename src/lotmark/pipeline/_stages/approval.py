"""Stage 8, approval: facts -> policy -> Decision; people sign it with their own keys; then the manifest is frozen.

The first attempt decides and, if the criteria are met, waits. A later one concludes once the signatures are complete,
somebody rejected, or the facts are no longer those that were decided on (a waiver ran out meanwhile); then it decides
anew, and signatures on the old decision are stale.
"""

from collections.abc import Mapping
from typing import Any

from lotmark import __version__
from lotmark.approvals.api import compute_tier, evaluate_approvals, read_approvals, read_people, required_approvals
from lotmark.approvals.models import ApprovalStatus
from lotmark.attest.models import Verified
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.base.findings import Finding
from lotmark.deploy.api import format_descriptor
from lotmark.deploy.models import Deployed
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.pipeline._witnessing import record_witnessing
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.policy.api import (
    build_decision,
    build_vsa,
    check_adopted,
    compute_facts,
    decide,
    evidence_root,
    find_adoptions,
    read_policy,
    still_holds,
)
from lotmark.policy.models import Decision
from lotmark.releases.api import manifest_evidence
from lotmark.releases.models import RunEvidence

_POLICY = "quality/policy.yaml"


def work(context: StageContext) -> StageResult:
    """Decide, or conclude what was decided."""
    builder = context.builder()
    evidence = context.evidence()
    decided = evidence.find("decision")
    if decided is None or not facts_hold(context, evidence, decided):
        return _decide(context, builder, evidence, again=decided is not None)
    status = approval_status(context, evidence)
    if status.rejected:
        findings = [
            Finding(
                "LM-PIP-021", f"{rejection.name} ({rejection.role}) rejected: {rejection.reason}", subject=rejection.person, help="mend what the reason names"
            )
            for rejection in status.rejections
        ]
        return builder.close(Outcome.REFUSED, f"rejected by {', '.join(rejection.name for rejection in status.rejections)}", findings)
    if not status.complete:
        return builder.close(Outcome.PENDING, "waiting for " + "; ".join(_missing(status)))
    return _conclude(context, builder, evidence, decided, status)


def ready_to_conclude(context: StageContext) -> bool:
    """Whether another attempt of a waiting approval would find something new."""
    evidence = context.evidence()
    decided = evidence.find("decision")
    if decided is None or not facts_hold(context, evidence, decided):
        return True
    try:
        status = approval_status(context, evidence)
    except RefusedError:
        return True  # the attempt records why
    return status.complete or status.rejected


def missing_approvals(context: StageContext) -> tuple[str, ...]:
    """Whose signatures a waiting run still wants, in words."""
    return _missing(approval_status(context, context.evidence()))


def approval_status(context: StageContext, evidence: RunEvidence) -> ApprovalStatus:
    """Where the signatures under the run's decision stand at this moment."""
    hold_adopted(context)
    people = read_people(context.pinned("quality/people.yaml"), name="quality/people.yaml")
    rules = read_approvals(context.pinned("quality/approvals.yaml"), people, name="quality/approvals.yaml")
    return evaluate_approvals(
        evidence.last("decision"),
        [*evidence, *context.product_entries("delegation", "approval-withdrawal", "role-event")],
        people.value,
        rules.value,
        context.settings.reader.trust(),
        context.settings.clock.now(),
    )


def evaluate_gate(context: StageContext, evidence: RunEvidence) -> tuple[Decision, Mapping[str, Any], list[Mapping[str, Any]]]:
    """Decision, tier and required signatures from the evidence as it stands; records nothing."""
    hold_adopted(context)
    policy = read_policy(context.pinned(_POLICY), name=_POLICY)
    rules = read_approvals(context.pinned("quality/approvals.yaml"), name="quality/approvals.yaml").value
    facts = compute_facts(_judged(context, evidence), context.settings.clock.now())
    decision = decide(facts, policy, Digest(dict(context.identity.configuration)[_POLICY]), context.settings.reader.ledger.size)
    tier = compute_tier(facts, rules)
    return decision, tier.to_wire(), [required.to_wire() for required in required_approvals(tier.name, rules)]


def hold_adopted(context: StageContext) -> None:
    """Hold that the run was opened with the versions of the quality files that root persons have adopted, if they have adopted any.

    Raises:
        RefusedError: LM-POL-015 an older version, LM-POL-016 one that was never adopted.
    """
    reader = context.settings.reader
    adoptions = find_adoptions(context.product_entries("policy-adoption"), reader.trust(), product=context.identity.product)
    for finding in check_adopted(adoptions, dict(context.identity.configuration), size=reader.ledger.size):
        raise RefusedError(finding.code, finding.message, where=finding.subject, solution=finding.help)


def facts_hold(context: StageContext, evidence: RunEvidence, decided: Verified) -> bool:
    """Whether the decision is still what would be decided now: nothing changed but the time of looking."""
    before: Mapping[str, Any] = decided.statement.predicate["facts"]
    now = compute_facts(_judged(context, evidence), context.settings.clock.now())
    if {**now, "evaluatedAt": before["evaluatedAt"]} == before:
        return True  # the same facts on the same day give the same decision under the pinned policy; it need not be made again
    return still_holds(decided.statement.predicate, now, read_policy(context.pinned(_POLICY), name=_POLICY))


def _judged(context: StageContext, evidence: RunEvidence) -> list[Verified]:
    return [*evidence, *context.product_entries("waiver", "waiver-closure")]


def _decide(context: StageContext, builder: ResultBuilder, evidence: RunEvidence, *, again: bool) -> StageResult:
    if record_witnessing(context):
        evidence = context.evidence()
    decision, tier, required = evaluate_gate(context, evidence)
    judged = _judged(context, evidence)
    configuration = context.store([], [context.product.config_root / path for path, _ in context.identity.configuration])
    builder.add(build_decision(decision, root=evidence_root(evidence.entries), tier=tier, required=required), configuration)
    builder.add(build_vsa(decision, verifier_version=__version__, inputs=judged))
    met = sum(1 for criterion in decision.criteria if criterion.verdict == "met")
    told = f"{met} of {len(decision.criteria)} criteria met"
    if not decision.accepted:
        findings = [
            Finding("LM-POL-001", f"{criterion.title}: {'; '.join(criterion.violations)}", subject=criterion.id, help=criterion.solution)
            for criterion in decision.criteria
            if criterion.closes
        ]
        findings += [
            Finding("LM-POL-002", f"evidence is missing: {missing}", subject=missing, help="run the stage that makes it")
            for missing in decision.completeness.missing
        ]
        return builder.close(Outcome.REFUSED, told, findings)
    wanted = ", ".join(f"{entry['count']} × {entry['role']} ({entry['meaning']})" for entry in required)
    prefix = "decided anew, since the facts changed: " if again else ""
    return builder.close(Outcome.PENDING, f"{prefix}{told}; risk tier {tier['name']}; to be signed by {wanted}")


def _conclude(context: StageContext, builder: ResultBuilder, evidence: RunEvidence, decided: Verified, status: ApprovalStatus) -> StageResult:
    accepted = {signature.payload for signature in status.accepted}
    approvals = [entry for entry in evidence.all("approval") if entry.envelope.payload_digest.hex in accepted]
    declared = evidence.predicate("trace-snapshot").get("anomalies") or []
    anomalies = [{key: anomaly[key] for key in ("id", "title", "severity", "rationale")} for anomaly in declared if anomaly["status"] == "open"]
    for item in manifest_evidence(
        context.product,
        evidence,
        decided,
        approvals,
        targets=_targets(context, evidence),
        anomalies=anomalies,
        frozen_at=format_instant(context.settings.clock.now()),
    ):
        builder.add(item)
    names = ", ".join(f"{signature.name} ({signature.role})" for signature in status.accepted)
    return builder.close(Outcome.ACCEPTED, f"approved by {names}")


def _targets(context: StageContext, evidence: RunEvidence) -> list[dict[str, str]]:
    artifact = evidence.predicate("release-candidate")["artifact"]
    release = Deployed(context.identity.version, Digest(artifact["sha256"]), artifact["name"])
    return [
        {
            "name": target.name,
            "environment": target.environment,
            "descriptorSha256": Digest.of(format_descriptor(release, target=target.name, environment=target.environment, run=context.run)).hex,
        }
        for target in context.product.file.deploy.targets
    ]


def _missing(status: ApprovalStatus) -> tuple[str, ...]:
    return tuple(f"{missing.role} ({missing.meaning}): {missing.have} of {missing.count}" for missing in status.missing) or status.problems
