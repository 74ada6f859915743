"""The door of the pipeline: run it, ask how a run stands, close it.

The workflow engine is imported where it is opened (`open_embedded_engine`), so that reading a run's state stays cheap.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lotmark.approvals.models import ApprovalStatus
from lotmark.pipeline._context import Settings, StageContext, read_run
from lotmark.pipeline._run import run_pipeline
from lotmark.pipeline._runs import closed_outcome, find_previous, find_run, identify_run, identity_of, read_statuses
from lotmark.pipeline._stages.approval import approval_status, evaluate_gate
from lotmark.pipeline._stages.deployment import admit_to, release_artifact
from lotmark.pipeline._stages.verification import check_now
from lotmark.pipeline.models import RunIdentity, Stage
from lotmark.pipeline.ports import Engine
from lotmark.policy.models import Decision

__all__ = [
    "Settings",
    "StageContext",
    "admit_to",
    "check_now",
    "closed_outcome",
    "evaluate_run",
    "find_previous",
    "find_run",
    "identify_run",
    "identity_of",
    "open_direct_engine",
    "open_embedded_engine",
    "pinned_file",
    "read_run",
    "read_statuses",
    "release_artifact",
    "run_approvals",
    "run_pipeline",
    "stage_context",
]


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


def open_direct_engine(database: Path) -> Engine:
    """The engine of a single stage, without memory; `database` is that of the durable one, which it shuts out.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if a `lotmark run` works here.
    """
    from lotmark.pipeline._direct_engine import DirectEngine

    return DirectEngine(database)


def open_embedded_engine(database: Path) -> Engine:
    """The durable engine of one machine.

    Raises:
        EnvironmentLacksError: LM-PIP-001 if another process holds it.
    """
    from lotmark.pipeline._dbos_engine import DbosEngine

    return DbosEngine(database)
