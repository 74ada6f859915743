"""The release manifest: everything that the artifact's evidence packet holds, frozen at the moment of approval."""

from collections.abc import Mapping, Sequence
from typing import Any

from lotmark.attest.models import Evidence, Subject, Verified
from lotmark.product.models import Product
from lotmark.releases._test_record import suite
from lotmark.releases.models import RunEvidence


def manifest_evidence(
    product: Product,
    evidence: RunEvidence,
    decision: Verified,
    approvals: Sequence[Verified],
    *,
    targets: Sequence[Mapping[str, Any]],
    anomalies: Sequence[Mapping[str, Any]],
    frozen_at: str,
) -> tuple[Evidence, Evidence]:
    """`release-manifest` and in-toto `release` about the candidate's artifact.

    `targets` are ``{name, environment, descriptorSha256}``, `anomalies` the open ones ``{id, title, severity, rationale}``.
    """
    candidate = evidence.last("release-candidate")
    content = candidate.statement.predicate
    opened = evidence.predicate("run-opened")
    rebuild = evidence.predicate("rebuild")
    matrix = evidence.predicate("matrix-evaluation")
    manifest: dict[str, Any] = {
        "run": content["run"],
        "product": product.id,
        "version": content["version"],
        "build": {**content["build"], "tools": rebuild["tools"]},
        "source": {key: opened["source"][key] for key in ("repository", "commit", "tree")},
        "artifact": content["artifact"],
        "sbom": _payload(evidence.last("sbom")),
        "provenance": _payload(evidence.last("provenance")),
        "rebuild": {"verdict": rebuild["verdict"], "claim": rebuild["claim"]},
        "tests": [suite(evidence.predicate("test-run", layer=layer), matrix) for layer in ("unit", "integration", "validation")],
        "trace": _payload(evidence.last("trace-snapshot")),
        "residualRisks": residual_risks(evidence),
        "waivers": [dict(waiver) for waiver in matrix["waivers"]],
        "leftOut": [dict(entry) for entry in matrix["leftOut"]],
        "anomalies": [dict(anomaly) for anomaly in anomalies],
        "decision": _payload(decision),
        "approvals": [_manifestation(approval) for approval in approvals],
        "targets": [dict(target) for target in targets],
        "udi": {"di": product.file.product.udi_di or None, "pi": {"version": content["version"], "lot": content["run"]}},
        "device": content["device"],
        "versions": content["versions"],
        "frozenAt": frozen_at,
    }
    subjects = (Subject(content["artifact"]["name"], {"sha256": content["artifact"]["sha256"]}),)
    release = {
        "purl": f"pkg:generic/{product.id}@{content['version']}?checksum=sha256:{content['artifact']['sha256']}",
        "releaseId": f"{product.id}@{content['version']}",
    }
    return Evidence("release-manifest", subjects, manifest), Evidence("release", subjects, release)


def residual_risks(evidence: RunEvidence) -> list[dict[str, Any]]:
    """What remains of each hazard after control, with the judgement and its reason."""
    hazards = evidence.predicate("risk-snapshot")["hazards"]
    return [
        {
            "hazard": hazard["id"],
            "title": hazard["title"],
            "after": hazard["after"],
            "acceptable": hazard["residualRisk"]["acceptable"],
            "rationale": hazard["residualRisk"]["rationale"],
        }
        for hazard in hazards
    ]


def _manifestation(approval: Verified) -> dict[str, Any]:
    """How a signature is shown (21 CFR 11.50): printed name, date and time, meaning."""
    content = approval.statement.predicate
    return {
        "person": content["signer"]["person"],
        "name": content["signer"]["name"],
        "role": content["role"],
        "meaning": content["meaning"],
        "signedAt": content["signedAt"],
        "payload": _payload(approval),
    }


def _payload(entry: Verified) -> str:
    return entry.envelope.payload_digest.hex
