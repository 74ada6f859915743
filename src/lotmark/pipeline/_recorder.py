"""The recorder: from a stage's unsigned result to signed entries of the ledger, the whole batch or nothing.

The pipeline key is loaded here, after the product's commands have ended, and let go of again: the process that runs
commands holds no key while they run.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager

from lotmark.attest.api import build_payload, sign_payload
from lotmark.attest.models import Evidence, Registry, Subject
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, format_instant
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.ledger.models import Receipt, Submission
from lotmark.ledger.ports import Ledger
from lotmark.pipeline.models import Outcome, Payload, Stage, StageResult


class ResultBuilder:
    """Collects what one stage attempt found and closes it into a StageResult.

    The stage's own record (`stage-result`) names every payload by digest, so nothing can be left out of the batch unseen.
    """

    def __init__(self, *, run: str, stage: Stage, attempt: int, subject: Subject, registry: Registry, clock: Clock) -> None:
        self._run = run
        self._stage = stage
        self._attempt = attempt
        self._subject = subject
        self._registry = registry
        self._clock = clock
        self._started_at = clock.now()
        self._payloads: list[Payload] = []

    def add(self, evidence: Evidence, blobs: Iterable[Digest] = ()) -> Payload:
        """Take evidence into the batch; `blobs` are the big things it refers to, already in the blob store."""
        payload = Payload(evidence.kind, evidence.name, build_payload(evidence, self._registry), tuple(blobs))
        self._payloads.append(payload)
        return payload

    def close(self, outcome: Outcome, summary: str, findings: Sequence[Finding] = ()) -> StageResult:
        """The result, with the stage's own record as the last payload."""
        wire = tuple(finding.to_wire() for finding in findings)
        record = Evidence(
            "stage-result",
            (self._subject,),
            {
                "run": self._run,
                "stage": self._stage.value,
                "attempt": self._attempt,
                "outcome": outcome.value,
                "summary": summary,
                "startedAt": format_instant(self._started_at),
                "finishedAt": format_instant(self._clock.now()),
                "findings": [dict(finding) for finding in wire],
                "evidence": [{"kind": payload.kind, "name": payload.name, "payload": Digest.of(payload.data).hex} for payload in self._payloads],
            },
        )
        own = Payload(record.kind, "", build_payload(record, self._registry))
        return StageResult(self._stage, self._attempt, outcome, summary, wire, (*self._payloads, own), f"run:{self._run}")


def slot(run: str, stage: Stage, attempt: int, kind: str, name: str = "") -> str:
    """The one place in the ledger of a stage attempt's evidence; a repeat after a crash meets it taken."""
    return f"{run}/{stage.value}/{attempt}#{kind}" + (f":{name}" if name else "")


def record_result(
    result: StageResult, run: str, *, writer: Callable[[], AbstractContextManager[Ledger]], signer: Callable[[], Signer], submitter: str
) -> tuple[Receipt, ...]:
    """Sign each payload and append the batch; again is no change.

    Raises:
        EnvironmentLacksError: if the key, the disk or the ledger's lock is not to be had; then nothing is recorded.
    """
    key = signer()
    submissions = [
        Submission(
            sign_payload(payload.data, key),
            payload.kind,
            result.scope,
            slot=slot(run, result.stage, result.attempt, payload.kind, payload.name),
            submitter=submitter,
            blobs=payload.blobs,
        )
        for payload in result.payloads
    ]
    with writer() as ledger:
        return ledger.append(submissions)
