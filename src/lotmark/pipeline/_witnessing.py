"""Before a decision the log's witnesses are asked; what they say is recorded first, so that the decision can be made from it.

The checkpoint that they cosign covers all evidence of the run. It is recorded between two stages, in a slot of the attempt.
"""

from lotmark.attest.api import build_payload, sign_payload, witness_policy
from lotmark.attest.models import Evidence
from lotmark.base.clock import format_instant
from lotmark.ledger.models import Submission, WitnessReport
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._recorder import slot
from lotmark.tlog.api import format_policy

_KIND = "witnessing"


def record_witnessing(context: StageContext) -> bool:
    """Ask the witnesses and record what they say; whether there are any.

    Raises:
        IntegrityError: LM-LED-115 or -116 if one shows that the log was put back or rewritten; nothing is recorded then.
        EnvironmentLacksError: if the record cannot be made.
    """
    settings = context.settings
    at = format_instant(settings.clock.now())
    report = settings.ask_witnesses()
    if report is None:
        return False
    evidence = Evidence(_KIND, (context.source_subject,), _predicate(context, report, at))
    envelope = sign_payload(build_payload(evidence, settings.registry), settings.pipeline_signer())
    submission = Submission(envelope, _KIND, f"run:{context.run}", slot=slot(context.run, context.stage, context.attempt, _KIND), submitter=settings.submitter)
    with settings.open_writer() as ledger:
        ledger.append([submission])
    return True


def _predicate(context: StageContext, report: WitnessReport, at: str) -> dict[str, object]:
    policy = format_policy(witness_policy(context.settings.trust_policy)).decode("utf-8", "surrogateescape")
    return {
        "run": context.run,
        "checkpoint": report.note.decode(),
        "policy": policy.splitlines(),
        "logSize": context.settings.reader.ledger.size,
        "askedAt": at,
        "answers": [{"witness": answer.name, "key": answer.key_name, "outcome": answer.outcome, "detail": answer.detail} for answer in report.answers],
    }
