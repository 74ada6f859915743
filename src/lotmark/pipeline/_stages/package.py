"""Stage 7, package: the one canonical artifact, its candidate manifest, its own signature, device attributes."""

from lotmark.base.digest import Digest
from lotmark.pipeline._context import StageContext
from lotmark.pipeline.models import Outcome, StageResult
from lotmark.releases.api import candidate_evidence, compare_versions, select_artifact


def work(context: StageContext) -> StageResult:
    """Choose the artifact among the build's outputs and state what it is.

    Raises:
        RefusedError: if not exactly one output is the artifact, or its declared attributes do not hold.
    """
    builder = context.builder()
    evidence = context.evidence()
    opened = evidence.predicate("run-opened")
    environment = evidence.predicate("rebuild")["environmentSha256"]
    with context.outputs() as outputs:
        artifact = select_artifact(outputs, context.product.file.package)
        made = candidate_evidence(
            context.product,
            evidence,
            artifact,
            run=context.run,
            commit=context.identity.commit,
            built_at=opened["source"]["committedAt"],
            environment_sha256=environment,
        )
        versions = compare_versions(context.product, evidence, artifact)
    for item in made:
        builder.add(item, [Digest(artifact.digest.hex)])
    agreed = "proposed = tested = SBOM = artifact" if versions.equal else "the versions differ: " + ", ".join(f"{k} {v}" for k, v in versions.to_wire().items())
    return builder.close(Outcome.ACCEPTED, f"{artifact.name}, {artifact.size:,} bytes, sha256 {artifact.digest.short()}; {agreed}")
