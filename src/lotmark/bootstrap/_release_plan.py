"""Release plans: what would be released at one state of the log, and going on only if the log is still there."""

from typing import Annotated, Any, Final, Literal

import msgspec

from lotmark.attest.api import parse_json
from lotmark.base.errors import NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._workspace import Workspace
from lotmark.pipeline.api import find_run, identify_run, read_run, read_statuses, run_approvals
from lotmark.pipeline.models import Outcome, RunIdentity
from lotmark.tlog.api import parse_checkpoint, parse_note

_Text = Annotated[str, msgspec.Meta(min_length=1)]
FORMAT: Final = 1


class _Artifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    sha256: str


class _Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    origin: _Text
    size: int
    root: _Text


class ReleasePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What `lotmark release apply` would bring on its way, and the head of the log at which this was said."""

    lotmark_plan: Literal[1]
    product: _Text
    run: _Text
    version: _Text
    commit: _Text
    artifact: _Artifact | None
    decision: str | None
    """Payload digest (hex) of the decision; None while nothing is decided."""
    verdict: str | None
    log: _Log
    waiting_for: list[str]
    next: list[str]
    """Stages that are still to be done."""
    targets: list[str]

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = msgspec.to_builtins(self)
        return wire


def plan_release(workspace: Workspace, run: str | None) -> ReleasePlan:
    """What would be released if the run (default: the newest) went on now.

    Raises:
        NothingToJudgeError: LM-CLI-019 if there is no such run.
    """
    settings = workspace.settings()
    identity = find_run(settings, run)
    if identity is None:
        raise NothingToJudgeError("LM-CLI-019", f"there is no run {run or 'here'}", where=str(workspace.state), solution="`lotmark run` opens one")
    evidence = read_run(workspace.reader, identity.run)
    candidate = evidence.find("release-candidate")
    decision = evidence.find("decision")
    waiting: list[str] = []
    if decision is not None:
        status = run_approvals(settings, identity)
        waiting = [f"{missing.role} ({missing.meaning}): {missing.have} of {missing.count}" for missing in status.missing]
    return ReleasePlan(
        lotmark_plan=FORMAT,
        product=identity.product,
        run=identity.run,
        version=identity.version,
        commit=identity.commit,
        artifact=_Artifact(candidate.statement.predicate["artifact"]["name"], candidate.statement.predicate["artifact"]["sha256"]) if candidate else None,
        decision=decision.envelope.payload_digest.hex if decision else None,
        verdict=decision.statement.predicate["verdict"] if decision else None,
        log=_head(workspace),
        waiting_for=waiting,
        next=[stage.value for stage, status in read_statuses(evidence).items() if status.outcome in {None, Outcome.PENDING}],
        targets=[target.name for target in workspace.product.file.deploy.targets],
    )


def check_plan(workspace: Workspace, data: bytes) -> RunIdentity:
    """The run of a plan, once the log, the work tree and the run still are what the plan speaks of.

    Raises:
        UsageError: LM-DOS-071 if the bytes are no plan.
        RefusedError: LM-DOS-070 naming what is no longer so.
    """
    try:
        plan = msgspec.convert(parse_json(data, what="the plan", error=UsageError), ReleasePlan, strict=True)
    except msgspec.ValidationError as error:
        raise UsageError("LM-DOS-071", f"not a release plan: {error}", solution="`lotmark release plan -o plan.json` makes one") from error
    head = _head(workspace)
    if head != plan.log:
        raise _stale(f"the log stands at size {head.size} of {head.origin}, not at {plan.log.size} of {plan.log.origin} as planned")
    identity, standing = identify_run(workspace.settings())
    if identity.run != plan.run or standing != "open":
        raise _stale(f"the work tree leads to {identity.run} ({standing}), not to the open run {plan.run}")
    if (identity.version, identity.commit) != (plan.version, plan.commit):
        raise _stale(f"{plan.run} is of version {identity.version}, commit {identity.commit[:12]}")
    return identity


def _head(workspace: Workspace) -> _Log:
    note = parse_note(workspace.ledger.checkpoint()).text
    checkpoint = parse_checkpoint(note)
    return _Log(checkpoint.origin, checkpoint.size, checkpoint.root.hex())


def _stale(reason: str) -> RefusedError:
    return RefusedError("LM-DOS-070", f"the plan no longer fits: {reason}", solution="`lotmark release plan` makes a new one; look at it again")
