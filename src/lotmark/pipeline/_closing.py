"""The last record of a run."""

from collections.abc import Mapping

from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import Evidence, Subject
from lotmark.base.clock import format_instant
from lotmark.ledger.models import Submission
from lotmark.pipeline._context import Settings
from lotmark.pipeline.models import RunIdentity, Stage, StageStatus


def close_run(settings: Settings, identity: RunIdentity, outcome: str, statuses: Mapping[Stage, StageStatus]) -> None:
    """Append the run's last record; again is no change."""
    evidence = closing_evidence(identity, outcome, statuses, format_instant(settings.clock.now()))
    envelope = sign_payload(build_payload(evidence, settings.registry), settings.pipeline_signer())
    with settings.open_writer() as ledger:
        ledger.append([Submission(envelope, "run-closed", f"run:{identity.run}", slot=f"{identity.run}/closed", submitter=settings.submitter)])


def closing_evidence(identity: RunIdentity, outcome: str, statuses: Mapping[Stage, StageStatus], closed_at: str) -> Evidence:
    """`run-closed/v1`: how every stage ended."""
    stages = [
        {"stage": stage.value, "outcome": status.outcome.value if status.outcome else "not-run", "attempts": status.attempts}
        for stage, status in statuses.items()
    ]
    subject = Subject("source", {"sha256": identity.source_sha256, "gitCommit": identity.commit})
    return Evidence("run-closed", (subject,), {"run": identity.run, "outcome": outcome, "stages": stages, "closedAt": closed_at})
