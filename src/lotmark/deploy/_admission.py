"""Admission: everything that allows a digest to go to a target, verified again at the moment of deployment."""

from collections.abc import Callable
from dataclasses import dataclass

from lotmark.attest.models import Verified
from lotmark.base.errors import LotmarkError
from lotmark.deploy.models import Admission, AdmissionCheck
from lotmark.releases.models import ArtifactFile, RunEvidence


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """What is to go where, with what the caller verified again just now.

    `evidence` holds entries whose signatures were verified afresh; `prove` raises unless the log includes that entry under
    its signed checkpoint; `approvals_complete` and `missing` come from evaluating the approvals again.
    """

    artifact: ArtifactFile
    target: str
    evidence: RunEvidence
    policy_sha256: str
    log_size: int
    approvals_complete: bool
    missing: tuple[str, ...]
    prove: Callable[[int], None]


def admit(request: AdmissionRequest, issued_at: str) -> Admission:
    """Check everything; the admission says for each thing whether it holds. Nothing is deployed here."""
    evidence = request.evidence
    digest = request.artifact.digest
    signature = evidence.find("artifact-signature")
    provenance = evidence.find("provenance")
    decision = evidence.find("decision")
    manifest = evidence.find("release-manifest")
    policy = decision.statement.predicate["policySha256"] if decision else None
    checks = (
        AdmissionCheck(
            "artifact-signature",
            _about(signature, digest.hex),
            f"sha256 {digest.short()} signed by key {signature.key.key_id[:12]}" if signature else "no signature of the artifact",
        ),
        AdmissionCheck("provenance", _about(provenance, digest.hex), "signed provenance names this digest" if provenance else "no provenance"),
        AdmissionCheck(
            "decision",
            decision is not None and decision.statement.predicate["verdict"] == "accepted" and _about(decision, digest.hex),
            f"verdict {decision.statement.predicate['verdict']}" if decision else "no decision",
        ),
        AdmissionCheck(
            "policy", policy == request.policy_sha256, "the policy that was decided under is the one in force" if policy else "no policy was decided under"
        ),
        AdmissionCheck(
            "approvals", request.approvals_complete, "complete" if request.approvals_complete else "missing: " + (", ".join(request.missing) or "all")
        ),
        AdmissionCheck("manifest", _about(manifest, digest.hex), "the frozen manifest names this digest" if manifest else "no release manifest"),
        _log_proof(request, [entry for entry in (signature, provenance, decision, manifest) if entry is not None]),
    )
    return Admission(digest, request.target, request.policy_sha256, request.log_size, checks, issued_at)


def _about(entry: Verified | None, sha256: str) -> bool:
    return entry is not None and any(subject.digest.get("sha256") == sha256 for subject in entry.statement.subject)


def _log_proof(request: AdmissionRequest, entries: list[Verified]) -> AdmissionCheck:
    for entry in entries:
        try:
            request.prove(entry.index)
        except LotmarkError as error:
            return AdmissionCheck("log-proof", holds=False, detail=f"entry {entry.index}: {error.reason}")
    return AdmissionCheck("log-proof", bool(entries), f"{len(entries)} entries included in the log of size {request.log_size}")
