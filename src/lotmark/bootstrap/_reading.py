"""What is read out of a ledger for people who were not there: the bundle of a run with its dossier, and what runs at a target."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lotmark.attest.models import Statement, Verified
from lotmark.base.errors import ExitCode
from lotmark.base.findings import Finding
from lotmark.bootstrap._auditing import record_event
from lotmark.bootstrap._deployments import check_deployments
from lotmark.bootstrap._workspace import Workspace
from lotmark.dossier.api import select_scope, verify_artifact
from lotmark.dossier.api import write_bundle as write_scope
from lotmark.dossier.models import BundleScope, BundleSummary, Step, VerificationReport
from lotmark.ledger.api import check_witnesses
from lotmark.records.api import conceal, kept_commitments
from lotmark.releases.models import RunEvidence


def write_bundle(workspace: Workspace, run: str, bundle_path: Path, dossier_path: Path | None) -> BundleSummary:
    """Write the bundle of a closed run with its dossier, and the HTML dossier beside it if a path is given; the export is recorded.

    Raises:
        NothingToJudgeError: LM-DOS-050 if the run is not closed.
        IntegrityError: if a record or blob does not hold.
    """
    scope = select_scope(workspace.reader, run)
    html, pdf = render_dossier(workspace, scope)
    # A name in a signature is kept as long as its record; so a bundle may carry it, unless the product keeps names in the house.
    shown = workspace.product.file.records.names_in_bundles
    summary = write_scope(
        workspace.reader,
        run,
        path=bundle_path,
        blobs=workspace.ledger.blobs,
        html=html,
        pdf=pdf,
        trust_policy=workspace.trust_policy,
        openings=workspace.vault.disclosures(kept_commitments(scope.verified)) if shown else (),
    )
    if dossier_path is not None:
        dossier_path.write_bytes(html)
    record_event(workspace, "export:bundle:written", subject=run, detail=f"{bundle_path.name}, sha256 {summary.sha256}")
    return summary


def render_dossier(workspace: Workspace, scope: BundleScope) -> tuple[bytes, bytes]:
    """The dossier as HTML and PDF, from the scope alone: what the log took in later, a revocation too, does not show."""
    from lotmark.dossier.api import build_view, log_facts, render_html, render_pdf

    blobs = workspace.ledger.blobs
    show = workspace.revealer.tree if workspace.product.file.records.names_in_bundles else conceal
    view = build_view(
        RunEvidence(tuple(_shown(entry, show) for entry in scope.run_entries)),
        tuple(_shown(entry, show) for entry in scope.product_entries),
        log=log_facts(scope.checkpoint, scope.entries, witnesses=len(check_witnesses(scope.checkpoint, workspace.trust_policy).times)),
        trust=workspace.reader.trust_at(scope.size),
        blob=lambda digest: blobs.get(digest) if blobs.has(digest) else None,
    )
    return render_html(view), render_pdf(view)


def _shown(entry: Verified, show: Callable[[Any], Any]) -> Verified:
    """The entry as a person reads it: what was signed stays as it is, in its envelope."""
    statement = entry.statement
    return replace(entry, statement=Statement(statement.subject, statement.predicate_type, show(statement.predicate)))


def verify_deployment(workspace: Workspace, target: str) -> VerificationReport:
    """What lies at a target, read back, hashed and probed; and whether that release holds as the ledger stands now.

    Raises:
        UsageError: LM-DEP-006 for an unknown target.
        NothingToJudgeError: LM-DEP-003 if nothing was deployed there.
    """
    (check,) = check_deployments(workspace, target, record=False)
    name = f"{target} runs what was deployed"
    if check.verdict == "verified":
        first = Step(1, name, "passed", check.reason)
    else:
        code = ExitCode.INTEGRITY if check.verdict == "mismatch" else ExitCode.REFUSED
        finding = Finding(
            "LM-DEP-005", f"{target}: {check.reason}", subject=target, help="find out who changed the target; `lotmark deploy rollback` goes back"
        )
        first = Step(1, name, "failed", f"{check.verdict}: {check.reason}", (finding,), code)
    with workspace.ledger.blobs.local_file(check.expected) as artifact:
        release = verify_artifact(
            artifact,
            reader=workspace.reader,
            policy=workspace.trust_policy,
            name=f"what was deployed to {target}",
        )
    steps = (first, *(replace(step, number=step.number + 1) for step in release.steps))
    return VerificationReport(steps, {"target": dict(check.target), **release.about})
