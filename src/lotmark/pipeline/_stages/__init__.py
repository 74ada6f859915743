"""The work of each stage: a function from a StageContext to an unsigned StageResult, loaded when the stage is carried out."""

import importlib
from collections.abc import Callable, Mapping
from typing import Final, cast

from lotmark.pipeline._context import StageContext
from lotmark.pipeline.models import Stage, StageResult

_MODULES: Final[Mapping[Stage, str]] = {
    Stage.SOURCE: "source",
    Stage.DEPENDENCIES: "dependencies",
    Stage.BUILD: "build",
    Stage.UNIT: "tests",
    Stage.INTEGRATION: "tests",
    Stage.VALIDATION: "validation",
    Stage.PACKAGE: "package",
    Stage.APPROVAL: "approval",
    Stage.DEPLOYMENT: "deployment",
    Stage.VERIFICATION: "verification",
}


def work_of(stage: Stage) -> Callable[[StageContext], StageResult]:
    """What the stage does. A command that only looks at a run loads no stage for it."""
    module = importlib.import_module(f"{__name__}.{_MODULES[stage]}")
    return cast("Callable[[StageContext], StageResult]", module.work)
