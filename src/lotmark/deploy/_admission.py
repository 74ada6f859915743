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
            _told(signature, digest.hex, f"key {signature.key.key_id[:12]} signed" if signature else "", "no signature of the artifact"),
        ),
        AdmissionCheck("provenance", _about(provenance, digest.hex), _told(provenance, digest.hex, "signed provenance names", "no provenance")),
        _decision(decision, digest.hex),
        AdmissionCheck(
            "policy",
            policy == request.policy_sha256,
            f"decided under {policy[:12]}, in force is {request.policy_sha256[:12]}" if policy else "no policy was decided under",
        ),
        AdmissionCheck(
            "approvals", request.approvals_complete, "complete" if request.approvals_complete else "missing: " + (", ".join(request.missing) or "all")
        ),
        _manifest(manifest, decision, digest.hex, request.target),
        _log_proof(request, [entry for entry in (signature, provenance, decision, manifest) if entry is not None]),
    )
    return Admission(digest, request.target, request.policy_sha256, request.log_size, checks, issued_at)


def _decision(decision: Verified | None, sha256: str) -> AdmissionCheck:
    if decision is None:
        return AdmissionCheck("decision", holds=False, detail="no decision")
    predicate = decision.statement.predicate
    holds = predicate["verdict"] == "accepted" and predicate["completeness"]["complete"] is True and _about(decision, sha256)
    return AdmissionCheck("decision", holds, f"verdict {predicate['verdict']}" if _about(decision, sha256) else "the decision is about another digest")


def _manifest(manifest: Verified | None, decision: Verified | None, sha256: str, target: str) -> AdmissionCheck:
    """The frozen manifest names the digest, the decision that holds and the target: nothing else was approved."""
    if manifest is None:
        return AdmissionCheck("manifest", holds=False, detail="no release manifest")
    predicate = manifest.statement.predicate
    wrong = [
        what
        for what, right in (
            ("another digest", _about(manifest, sha256) and predicate["artifact"]["sha256"] == sha256),
            ("another decision", decision is not None and predicate["decision"] == decision.envelope.payload_digest.hex),
            (f"no target {target}", any(named["name"] == target for named in predicate["targets"])),
        )
        if not right
    ]
    return AdmissionCheck("manifest", not wrong, "the frozen manifest names " + (" and ".join(wrong) or "this digest, this decision and this target"))


def _about(entry: Verified | None, sha256: str) -> bool:
    return entry is not None and any(subject.digest.get("sha256") == sha256 for subject in entry.statement.subject)


def _log_proof(request: AdmissionRequest, entries: list[Verified]) -> AdmissionCheck:
    for entry in entries:
        try:
            request.prove(entry.index)
        except LotmarkError as error:
            return AdmissionCheck("log-proof", holds=False, detail=f"entry {entry.index}: {error.reason}")
    return AdmissionCheck("log-proof", bool(entries), f"{len(entries)} entries included in the log of size {request.log_size}")


def _told(entry: Verified | None, sha256: str, what: str, otherwise: str) -> str:
    if entry is None:
        return otherwise
    return f"{what} this digest, {sha256[:12]}" if _about(entry, sha256) else f"{what} another digest"
