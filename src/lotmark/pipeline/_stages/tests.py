"""Stages 4 and 5: unit and contract tests, integration tests. JUnit XML in, expected against received."""

from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.base.findings import Finding, has_errors
from lotmark.matrix.models import Layer
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._layers import TestBench, add_layer, run_layer, summarise_layer
from lotmark.pipeline.models import Outcome, Stage, StageResult

_LAYERS: dict[Stage, Layer] = {Stage.UNIT: "unit", Stage.INTEGRATION: "integration"}


def work(context: StageContext) -> StageResult:
    """Run the stage's layer; a red, missing or unexpected test is a finding, and no result at all a refusal."""
    builder = context.builder()
    try:
        collected, _, files, more = run_layer(TestBench(context), _LAYERS[context.stage], context.work_folder())
    except (RefusedError, NothingToJudgeError) as error:
        return builder.close(Outcome.REFUSED, error.reason, [Finding(error.code, error.reason, subject=error.where, help=error.solution)])
    add_layer(builder, context, collected, files)
    findings = [*more, *collected.findings]
    return builder.close(Outcome.REFUSED if has_errors(findings) else Outcome.ACCEPTED, summarise_layer(collected), findings)
