"""The door of the pipeline: run it, ask how a run stands, close it.

What a command does not ask for is not loaded: neither the stages nor the workflow engine to read a run's state (PEP 562).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.pipeline.ports import Engine

if TYPE_CHECKING:
    from lotmark.pipeline._context import Settings, StageContext, read_run
    from lotmark.pipeline._looking import evaluate_run, pinned_file, run_approvals, stage_context
    from lotmark.pipeline._run import run_pipeline
    from lotmark.pipeline._runs import closed_outcome, find_previous, find_run, identify_run, identity_of, read_statuses
    from lotmark.pipeline._stages.deployment import admit_to, release_artifact
    from lotmark.pipeline._stages.verification import check_now

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

_LATE = {
    "Settings": "_context",
    "StageContext": "_context",
    "read_run": "_context",
    "evaluate_run": "_looking",
    "pinned_file": "_looking",
    "run_approvals": "_looking",
    "stage_context": "_looking",
    "run_pipeline": "_run",
    "closed_outcome": "_runs",
    "find_previous": "_runs",
    "find_run": "_runs",
    "identify_run": "_runs",
    "identity_of": "_runs",
    "read_statuses": "_runs",
    "admit_to": "_stages.deployment",
    "release_artifact": "_stages.deployment",
    "check_now": "_stages.verification",
}


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


__getattr__ = open_late(__name__, _LATE)
