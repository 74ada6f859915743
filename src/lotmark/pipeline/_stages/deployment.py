"""Stage 9, deployment: everything verified again, then an atomic switch at each target."""

from collections.abc import Iterator
from contextlib import contextmanager

from lotmark.attest.models import TrustPolicy
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.base.findings import Finding
from lotmark.deploy.api import AdmissionRequest, admit, deployment_evidence, format_descriptor, open_driver
from lotmark.deploy.models import Admission, Deployed
from lotmark.index.api import VerifiedReader
from lotmark.ledger.api import verify_by_log_keys
from lotmark.pipeline._context import Settings, StageContext, read_run
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.pipeline._stages.approval import approval_status
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.product.models import DirectoryTarget
from lotmark.releases.models import ArtifactFile, RunEvidence
from lotmark.tlog.api import verify_inclusion
from lotmark.tlog.errors import TlogError


def work(context: StageContext) -> StageResult:
    """Deploy the artifact to every declared target; the first refused admission ends the stage."""
    builder = context.builder()
    evidence = read_run(context.settings.fresh_reader(), context.run)
    with release_artifact(context.settings, evidence) as artifact:
        return _deploy(context, builder, evidence, artifact)


def _deploy(context: StageContext, builder: ResultBuilder, evidence: RunEvidence, artifact: ArtifactFile) -> StageResult:
    done = []
    for target in context.product.file.deploy.targets:
        admission = admit_to(context, target, evidence, artifact)
        if not admission.granted:
            findings = [refused_check(target, check.name, check.detail) for check in admission.checks if not check.holds]
            return builder.close(Outcome.REFUSED, f"{target.name}: admission refused", findings)
        release = Deployed(context.identity.version, artifact.digest, artifact.name)
        driver = open_driver(target, context.product.root)
        previous = _before(context, target, driver.current(), release)
        driver.install(release, artifact.path, format_descriptor(release, target=target.name, environment=target.environment, run=context.run))
        driver.switch(release)
        switched_at = format_instant(context.settings.clock.now())
        builder.add(
            deployment_evidence(
                run=context.run,
                product=context.product.id,
                target=target,
                release=release,
                admission=admission,
                action="deploy",
                previous=previous,
                switched_at=switched_at,
            ),
            [artifact.digest],
        )
        done.append(f"{target.name} runs {release.version}" + (f" (before: {previous.version})" if previous else ""))
        context.note(done[-1])
    return builder.close(Outcome.ACCEPTED, "; ".join(done))


def _before(context: StageContext, target: DirectoryTarget, current: Deployed | None, release: Deployed) -> Deployed | None:
    """What the target ran before this release: what lies there, or what the ledger last saw there if a crash came after the switch."""
    if current is not None and current != release:
        return current
    for entry in reversed(list(context.settings.reader.entries(kind="deployment"))):
        content = entry.statement.predicate
        same = (content["product"], content["target"]["name"]) == (context.product.id, target.name)
        if same and content["artifact"]["sha256"] != release.digest.hex:
            return Deployed(content["version"], Digest(content["artifact"]["sha256"]), content["artifact"]["name"]) if current else None
    return None


@contextmanager
def release_artifact(settings: Settings, evidence: RunEvidence) -> Iterator[ArtifactFile]:
    """The candidate's artifact as a file with the bytes of the blob store, checked; until the context ends.

    Raises:
        IntegrityError: if the blob is missing or changed.
    """
    named = evidence.predicate("release-candidate")["artifact"]
    digest = Digest(named["sha256"])
    blobs = settings.reader.ledger.blobs
    with blobs.local_file(digest) as path:
        yield ArtifactFile(named["name"], path, path.stat().st_size, digest)


def admit_to(context: StageContext, target: DirectoryTarget, evidence: RunEvidence, artifact: ArtifactFile) -> Admission:
    """The admission of an artifact to a target, from evidence that was verified afresh."""
    settings = context.settings
    status = approval_status(context, evidence)
    request = AdmissionRequest(
        artifact=artifact,
        target=target.name,
        evidence=evidence,
        policy_sha256=dict(context.identity.configuration)["quality/policy.yaml"],
        log_size=settings.reader.ledger.size,
        approvals_complete=status.complete,
        missing=tuple(f"{missing.role} ({missing.have} of {missing.count})" for missing in status.missing),
        prove=lambda index: prove_inclusion(settings.reader, settings.trust_policy, index),
    )
    return admit(request, format_instant(settings.clock.now()))


def prove_inclusion(reader: VerifiedReader, policy: TrustPolicy, index: int) -> None:
    """Hold that the log's signed checkpoint covers the entry.

    Raises:
        IntegrityError: LM-PIP-020 if it does not, LM-LED-111 if no log key that counts signed the checkpoint.
    """
    ledger = reader.ledger
    checkpoint = verify_by_log_keys(ledger.checkpoint(), policy, reader.trust())
    try:
        verify_inclusion(ledger.entry(index).leaf_hash, index, checkpoint.size, ledger.inclusion_proof(index, checkpoint.size), checkpoint.root)
    except TlogError as error:
        raise IntegrityError("LM-PIP-020", f"the log does not prove entry {index}: {error}", solution="`lotmark log fsck` names the broken record") from error


def refused_check(target: DirectoryTarget, name: str, detail: str) -> Finding:
    """A check of the admission that does not hold."""
    return Finding("LM-DEP-001", f"{target.name}: {name}: {detail}", subject=target.name, help="`lotmark gate --explain` shows each criterion and signature")
