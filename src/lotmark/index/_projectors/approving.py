"""Decisions with their criteria, and what people signed."""

from collections.abc import Iterator, Mapping
from typing import Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, words


def _decision(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, criteria, complete, tier = told["run"], told["criteria"], told["completeness"], told["tier"]
    met = sum(1 for criterion in criteria if criterion["verdict"] == "met")
    yield words(f"decision: {told['verdict']}, {met} of {len(criteria)} criteria met, risk tier {tier['name']}")
    yield (
        "decisions",
        {
            "run": run,
            "product": told["product"],
            "version": told["version"],
            "artifact": told["artifact"]["name"],
            "sha256": told["artifact"]["sha256"],
            "verdict": told["verdict"],
            "complete": int(complete["complete"]),
            "tier": tier["name"],
            "log_size": told["logSize"],
            "policy_sha256": told["policySha256"],
            "facts_sha256": told["factsSha256"],
            "evidence_root": told["evidenceRoot"],
            "evaluated_at": told["evaluatedAt"],
            "payload": entry.envelope.payload_digest.hex,
        },
    )
    for criterion in criteria:
        yield (
            "criteria",
            {
                "run": run,
                "criterion": criterion["id"],
                "title": criterion["title"],
                "clause": criterion["clause"],
                "verdict": criterion["verdict"],
                "messages": "; ".join(violation["message"] for violation in criterion["violations"]),
            },
        )
    for what, notes in (("missing", complete["missing"]), ("tier", tier["reasons"])):
        for note in notes:
            yield "decision_notes", {"run": run, "what": what, "note": note}
    for required in told["required"]:
        yield "required_signatures", {"run": run, "count": required["count"], "role": required["role"], "meaning": required["meaning"]}


def _approval(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    signer, behalf = told["signer"], told["onBehalfOf"] or {}
    yield words(f"{signer['name']} signs as {told['role']}: {told['meaning']}")
    yield (
        "approvals",
        {
            "run": told["run"],
            "product": told["product"],
            "version": told["version"],
            "person": signer["person"],
            "name": signer["name"],
            "email": signer["email"],
            "role": told["role"],
            "meaning": told["meaning"],
            "signed_at": told["signedAt"],
            "zone": told["zone"],
            "reason": told["reason"],
            "decision": told["record"]["payload"],
            "sha256": told["artifact"]["sha256"],
            "policy_sha256": told["policySha256"],
            "key_id": entry.key.key_id,
            "key_person": entry.key.person,
            "on_behalf_of": behalf.get("person"),
            "payload": entry.envelope.payload_digest.hex,
        },
    )


def _approval_withdrawal(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    signer = told["signer"]
    yield words(f"{signer['name']} withdraws a signature: {told['reason']}")
    yield (
        "withdrawals",
        {
            "run": told["run"],
            "approval": told["approval"],
            "person": signer["person"],
            "name": signer["name"],
            "reason": told["reason"],
            "withdrawn_at": told["withdrawnAt"],
        },
    )


def _delegation(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    yield words(f"{told['delegator']} delegates {told['role']} to {told['delegate']} until {told['until']}: {told['delegation']}")
    yield (
        "delegations",
        {
            "delegation": told["delegation"],
            "product": told["product"],
            "delegator": told["delegator"],
            "delegate": told["delegate"],
            "role": told["role"],
            "tier_limit": told["tierLimit"],
            "begins": told["from"],
            "ends": told["until"],
            "reason": told["reason"],
            "signed_at": told["signedAt"],
            "payload": entry.envelope.payload_digest.hex,
        },
    )


PROJECTORS: Final[Mapping[str, Projector]] = {
    "decision": _decision,
    "approval": _approval,
    "approval-withdrawal": _approval_withdrawal,
    "delegation": _delegation,
}
