"""How a run stands now: what its evidence decides, who must sign, which files it pinned. Nothing is recorded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lotmark.approvals.models import ApprovalStatus
from lotmark.pipeline._context import Settings, StageContext
from lotmark.pipeline._runs import find_previous
from lotmark.pipeline._stages.approval import approval_status, evaluate_gate
from lotmark.pipeline.models import RunIdentity, Stage
from lotmark.policy.models import Decision


def stage_context(settings: Settings, identity: RunIdentity, stage: Stage) -> StageContext:
    """A context for looking at a run; nothing is recorded through it."""
    return StageContext(settings, identity, stage, 0, find_previous(settings, identity.commit), lambda _: None)


def pinned_file(settings: Settings, identity: RunIdentity, name: str) -> Path:
    """A configuration file as the run pinned it, whatever lies in the work tree now.

    Raises:
        RefusedError: LM-PIP-003 if those bytes are nowhere any more.
    """
    return stage_context(settings, identity, Stage.APPROVAL).pinned(name)


def evaluate_run(settings: Settings, identity: RunIdentity) -> tuple[Decision, Mapping[str, Any], list[Mapping[str, Any]]]:
    """The decision that the run's evidence gives now, its risk tier, and who would have to sign; records nothing."""
    context = stage_context(settings, identity, Stage.APPROVAL)
    return evaluate_gate(context, context.evidence())


def run_approvals(settings: Settings, identity: RunIdentity) -> ApprovalStatus:
    """Where the signatures under the run's decision stand.

    Raises:
        NothingToJudgeError: LM-REL-001 if the run has no decision yet.
    """
    context = stage_context(settings, identity, Stage.APPROVAL)
    return approval_status(context, context.evidence())
