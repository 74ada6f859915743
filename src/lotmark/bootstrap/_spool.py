"""What the audit spool holds, taken into the log by whoever opens it for appending."""

from collections.abc import Callable, Iterator
from pathlib import Path

from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import Registry
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError
from lotmark.ledger.models import Submission
from lotmark.ledger.ports import Ledger
from lotmark.records.api import AuditSpool, Spooled, SpooledEvent, audit_evidence


def take_in(state: Path, ledger: Ledger, *, signer: Callable[[], Signer], registry: Callable[[], Registry], submitter: Callable[[], str], now: str) -> None:
    """Record what is spooled in `state`, before anything else is appended. Without the pipeline's key it waits."""
    spool = AuditSpool(state)
    if spool.is_empty:
        return
    try:
        key = signer()
    except EnvironmentLacksError:
        return
    scope = ledger.entry(0).header.scope
    for spooled in _waiting(spool):
        found = Spooled((*spooled.events, _break(ledger, spooled, submitter())), spooled.link, broken=True) if spooled.broken else spooled
        submissions = [
            Submission(
                sign_payload(build_payload(evidence, registry()), key),
                evidence.kind,
                scope,
                slot=f"audit/{spooled.link[:32]}/{number}",
                submitter=evidence.predicate["actor"],
            )
            for number, evidence in enumerate(audit_evidence(found, scope.removeprefix("product:"), now))
        ]
        ledger.append(submissions)
        spool.taken(spooled)


def _waiting(spool: AuditSpool) -> Iterator[Spooled]:
    """The file that an earlier writer left half-taken, then the present one."""
    for _ in range(2):
        spooled = spool.take()
        if spooled is None:
            return
        yield spooled


def _break(ledger: Ledger, spooled: Spooled, actor: str) -> SpooledEvent:
    at = spooled.events[-1].last if spooled.events else ledger.entry(ledger.size - 1).header.received_at
    return SpooledEvent(
        "audit:spool:broken",
        "refused",
        actor,
        "",
        f"after {len(spooled.events)} events",
        "LM-REC-020",
        "a line of the spool was changed; the file is kept beside the ledger",
        1,
        at,
        at,
    )
