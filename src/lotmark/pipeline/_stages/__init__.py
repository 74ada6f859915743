"""The work of each stage: a function from a StageContext to an unsigned StageResult."""

from collections.abc import Callable, Mapping

from lotmark.pipeline._context import StageContext
from lotmark.pipeline._stages import approval, build, dependencies, deployment, package, source, tests, validation, verification
from lotmark.pipeline.models import Stage, StageResult

WORK: Mapping[Stage, Callable[[StageContext], StageResult]] = {
    Stage.SOURCE: source.work,
    Stage.DEPENDENCIES: dependencies.work,
    Stage.BUILD: build.work,
    Stage.UNIT: tests.work,
    Stage.INTEGRATION: tests.work,
    Stage.VALIDATION: validation.work,
    Stage.PACKAGE: package.work,
    Stage.APPROVAL: approval.work,
    Stage.DEPLOYMENT: deployment.work,
    Stage.VERIFICATION: verification.work,
}
