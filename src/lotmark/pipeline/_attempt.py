"""One stage attempt: the stage's work, between checks that what it looks at is still what the run was opened with."""

import shutil

from lotmark.base.errors import LotmarkError, NothingToJudgeError, RefusedError
from lotmark.base.findings import Finding
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._stages import work_of
from lotmark.pipeline.models import Outcome, Stage, StageResult

_LOOK_AT_THE_TREE = frozenset({Stage.DEPENDENCIES, Stage.UNIT, Stage.INTEGRATION, Stage.VALIDATION, Stage.PACKAGE})
"""Stages that read tracked files where they lie (locks, test sources, profiles); the others take them from git or read none."""


def carry_out(context: StageContext) -> StageResult:
    """The stage's result; what it cannot judge for want of something to judge is a refusal with a rule code.

    Raises:
        RefusedError: LM-PIP-002 or LM-PIP-003 if tree or configuration changed meanwhile; nothing is recorded then.
    """
    if context.stage is not Stage.SOURCE:
        context.check_configuration()
    builder = context.builder()
    try:
        result = work_of(context.stage)(context)
    except (RefusedError, NothingToJudgeError) as error:
        result = builder.close(Outcome.REFUSED, error.reason, [as_finding(error)])
    if context.stage in _LOOK_AT_THE_TREE:
        context.check_tree()
    return result


def as_finding(error: LotmarkError) -> Finding:
    """A refusal that was raised, as a finding."""
    return Finding(error.code, error.reason, subject=error.where, help=error.solution)


def remove_work_folder(context: StageContext) -> None:
    """Let go of the attempt's scratch: what counts lies in the blob store."""
    shutil.rmtree(context.work_place, ignore_errors=True)
