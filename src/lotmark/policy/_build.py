"""Decision -> evidence: our own decision/v1, and SLSA's verification summary for everybody else's tools."""

from collections.abc import Mapping, Sequence
from typing import Any

from lotmark.attest.models import Evidence, Subject, Verified
from lotmark.policy._selection import LATER_STAGES
from lotmark.policy.models import Decision
from lotmark.tlog.api import leaf_hash, tree_root

AFTER_DECISION = frozenset(
    {
        "decision",
        "vsa",
        "approval",
        "approval-withdrawal",
        "delegation",
        "release-manifest",
        "release",
        "deployment",
        "deployment-check",
        "run-closed",
        "waiver",
        "waiver-closure",
        "key-event",
        "witnessing",
    }
)
"""Kinds that are no evidence of the run for its decision: they follow it, or belong to the product or the log."""


def evidence_root(entries: Sequence[Verified]) -> str:
    """The RFC 6962 root (hex) over the payload digests of the run's evidence, in the order of the log.

    The decision, what follows it, and the results of the stages from the approval on play no part: the root is the
    same before and after people have signed.
    """
    evidence = sorted((entry for entry in entries if _is_evidence(entry)), key=lambda entry: entry.index)
    return tree_root([leaf_hash(entry.envelope.payload_digest.raw) for entry in evidence]).hex()


def _is_evidence(entry: Verified) -> bool:
    if entry.kind in AFTER_DECISION:
        return False
    return not (entry.kind == "stage-result" and entry.statement.predicate.get("stage") in LATER_STAGES)


def build_decision(decision: Decision, *, root: str, tier: Mapping[str, Any], required: Sequence[Mapping[str, Any]]) -> Evidence:
    """The decision as evidence about the artifact; about the facts where there is no artifact to speak of.

    `root` is the `evidence_root` of the entries that the facts were computed from; `tier` (``{name, reasons}``) and
    `required` (``[{role, count, meaning}]``) say who has to approve.
    """
    facts = decision.facts
    return Evidence(
        kind="decision",
        subjects=(_subject(decision),),
        predicate={
            "run": facts["run"]["id"],
            "product": facts["run"]["product"],
            "version": _version(facts),
            "artifact": {"name": facts["artifact"]["name"], "sha256": facts["artifact"]["sha256"]},
            "facts": facts,
            "factsSha256": decision.facts_sha256,
            "policySha256": decision.policy_sha256,
            "logSize": decision.log_size,
            "evidenceRoot": root,
            "verdict": decision.verdict,
            "completeness": decision.completeness.to_wire(),
            "criteria": [result.to_wire() for result in decision.criteria],
            "tier": dict(tier),
            "required": [dict(item) for item in required],
            "relaxed": [relaxation.to_wire() for relaxation in decision.relaxed],
            "evaluatedAt": facts["evaluatedAt"],
        },
    )


def build_vsa(decision: Decision, *, verifier_version: str, inputs: Sequence[Verified] = ()) -> Evidence:
    """The decision as a SLSA verification summary (https://slsa.dev/spec/v1.1/verification_summary).

    The levels are our own words: a policy of a medical device says more, and another thing, than a SLSA level.
    """
    facts = decision.facts
    levels = ["LOTMARK_RELEASE_POLICY_MET"] if decision.accepted else ["FAILED"]
    return Evidence(
        kind="vsa",
        subjects=(_subject(decision),),
        predicate={
            "verifier": {"id": "https://lotmark.dev/verifier", "version": {"lotmark": verifier_version}},
            "timeVerified": facts["evaluatedAt"],
            "resourceUri": f"pkg:generic/{facts['run']['product']}@{_version(facts)}",
            "policy": {"uri": "quality/policy.yaml", "digest": {"sha256": decision.policy_sha256}},
            "inputAttestations": [{"uri": f"urn:lotmark:{entry.kind}:{entry.index}", "digest": entry.envelope.payload_digest.digest_set} for entry in inputs],
            "verificationResult": "PASSED" if decision.accepted else "FAILED",
            "verifiedLevels": levels,
            "slsaVersion": "1.1",
        },
    )


def _version(facts: Mapping[str, Any]) -> str:
    version: str = facts["versions"]["proposed"] or facts["run"]["version"]
    return version


def _subject(decision: Decision) -> Subject:
    facts = decision.facts
    artifact = facts["artifact"]
    if artifact["present"]:
        return Subject(name=artifact["name"], digest={"sha256": artifact["sha256"]})
    # A refused decision may have no artifact: it is about the facts themselves, named by their run.
    return Subject(name=f"facts of {facts['run']['id'] or 'an unopened run'}", digest={"sha256": decision.facts_sha256})
