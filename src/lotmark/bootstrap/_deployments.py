"""Deployment outside a run: plan, deploy a release again, roll back, check what lies at the targets."""

import shutil
from collections.abc import Sequence

from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import Evidence, Verified
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._workspace import Workspace
from lotmark.deploy.api import check_evidence, deployment_evidence, format_descriptor, open_driver
from lotmark.deploy.models import Admission, Deployed, TargetCheck
from lotmark.ledger.models import Submission
from lotmark.pipeline.api import admit_to, check_now, identity_of, read_run, release_artifact, stage_context
from lotmark.pipeline.models import Stage
from lotmark.product.models import DirectoryTarget
from lotmark.releases.models import RunEvidence


def plan_deployment(workspace: Workspace, version: str | None) -> list[Admission]:
    """The admission of a released version to each target, as it would be now; nothing is changed."""
    evidence = _released(workspace, version)
    return [_admit(workspace, target, evidence) for target in workspace.product.file.deploy.targets]


def redeploy(workspace: Workspace, version: str | None, target: str | None) -> list[TargetCheck]:
    """Deploy a released version again and read it back; both are recorded.

    Raises:
        RefusedError: LM-DEP-001 if an admission check does not hold; nothing is switched then.
    """
    evidence = _released(workspace, version)
    return [_switch(workspace, chosen, evidence, "deploy") for chosen in _targets(workspace, target)]


def roll_back(workspace: Workspace, target: str) -> list[TargetCheck]:
    """Switch a target to the release that it ran before the present one, admitted anew, and read it back.

    Raises:
        RefusedError: LM-DEP-003 if the ledger knows no earlier deployment there, LM-DEP-001 if it is not admitted.
    """
    (chosen,) = _targets(workspace, target)
    current = open_driver(chosen, workspace.product.root).current()
    for entry in reversed(_deployments(workspace, target)):
        content = entry.statement.predicate
        if current is None or content["artifact"]["sha256"] != current.digest.hex:
            return [_switch(workspace, chosen, read_run(workspace.settings().fresh_reader(), content["run"]), "rollback")]
    raise RefusedError(
        "LM-DEP-003", f"{target} ran no other release before", where=target, solution="`lotmark deploy apply VERSION` deploys any released version"
    )


def check_deployments(workspace: Workspace, target: str | None, *, record: bool) -> list[TargetCheck]:
    """What lies and answers at each target, against its newest deployment in the ledger.

    Raises:
        NothingToJudgeError: LM-DEP-003 if nothing was deployed to a target.
    """
    checks = []
    for chosen in _targets(workspace, target):
        deployments = _deployments(workspace, chosen.name)
        if not deployments:
            raise NothingToJudgeError(
                "LM-DEP-003", f"nothing was deployed to {chosen.name}", where=chosen.name, solution="`lotmark run` deploys an approved release"
            )
        content = deployments[-1].statement.predicate
        checks.append(_check(workspace, chosen, content["artifact"], content["version"]))
        if record:
            _append(workspace, [_checked(workspace, content["run"], content["artifact"], content["version"], checks[-1])])
    return checks


def _switch(workspace: Workspace, target: DirectoryTarget, evidence: RunEvidence, action: str) -> TargetCheck:
    admission = _admit(workspace, target, evidence)
    failed = [check for check in admission.checks if not check.holds]
    if not admission.granted:
        told = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        raise RefusedError("LM-DEP-001", f"{target.name}: {told}", where=target.name, solution="mend what the check names; nothing was switched")
    manifest = evidence.predicate("release-manifest")
    driver = open_driver(target, workspace.product.root)
    previous = driver.current()
    with release_artifact(workspace.settings(), evidence) as artifact:
        release = Deployed(manifest["version"], artifact.digest, artifact.name)
        driver.install(release, artifact.path, format_descriptor(release, target=target.name, environment=target.environment, run=manifest["run"]))
    driver.switch(release)
    deployed = deployment_evidence(
        run=manifest["run"],
        product=manifest["product"],
        target=target,
        release=release,
        admission=admission,
        action=action,
        previous=previous,
        switched_at=format_instant(workspace.clock.now()),
    )
    check = _check(workspace, target, manifest["artifact"], manifest["version"])
    _append(workspace, [deployed, _checked(workspace, manifest["run"], manifest["artifact"], manifest["version"], check)])
    return check


def _admit(workspace: Workspace, target: DirectoryTarget, evidence: RunEvidence) -> Admission:
    settings = workspace.settings()
    context = stage_context(settings, identity_of(evidence.last("run-opened")), Stage.DEPLOYMENT)
    with release_artifact(settings, evidence) as artifact:
        return admit_to(context, target, evidence, artifact)


def _check(workspace: Workspace, target: DirectoryTarget, artifact: dict[str, str], version: str) -> TargetCheck:
    work = workspace.state / "work" / "deployment-check"
    work.mkdir(parents=True, exist_ok=True)
    try:
        return check_now(workspace.settings(), target, Digest(artifact["sha256"]), version, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _checked(workspace: Workspace, run: str, artifact: dict[str, str], version: str, check: TargetCheck) -> Evidence:
    return check_evidence(run, workspace.product.id, {"version": version, "artifact": artifact["name"]}, check, format_instant(workspace.clock.now()))


def _append(workspace: Workspace, evidence: Sequence[Evidence]) -> None:
    """Record under the product's scope: the run itself is closed and its bundle fixed."""
    signer = workspace.pipeline_signer()
    scope = f"product:{workspace.product.id}"
    submissions = [
        Submission(sign_payload(build_payload(item, workspace.registry), signer), item.kind, scope, submitter=workspace.submitter()) for item in evidence
    ]
    with workspace.writer() as ledger:
        ledger.append(submissions)


def _released(workspace: Workspace, version: str | None) -> RunEvidence:
    manifests = [
        entry
        for entry in workspace.reader.entries(kind="release-manifest")
        if entry.statement.predicate["product"] == workspace.product.id and version in {None, entry.statement.predicate["version"]}
    ]
    if not manifests:
        raise NothingToJudgeError(
            "LM-REL-004",
            f"there is no release {version or ''} of {workspace.product.id}".replace("  ", " "),
            solution="`lotmark release list` shows what there is",
        )
    return read_run(workspace.settings().fresh_reader(), manifests[-1].statement.predicate["run"])


def _targets(workspace: Workspace, name: str | None) -> list[DirectoryTarget]:
    targets = workspace.product.file.deploy.targets
    chosen = [target for target in targets if name in {None, target.name}]
    if not chosen:
        raise UsageError(
            "LM-DEP-006", f"there is no target {name!r}", where="lotmark.yaml", solution=f"use one of: {', '.join(target.name for target in targets)}"
        )
    return chosen


def _deployments(workspace: Workspace, target: str) -> list[Verified]:
    """The product's deployments to a target, in log order; the ledger may hold other products with a target of that name."""
    product = workspace.product.id
    return [
        entry
        for entry in workspace.reader.entries(kind="deployment")
        if (entry.statement.predicate["product"], entry.statement.predicate["target"]["name"]) == (product, target)
    ]
