"""Stages 4 and 5: unit and contract tests, integration tests. JUnit XML in, expected against received."""

from lotmark.base.findings import has_errors
from lotmark.matrix.models import Layer
from lotmark.pipeline._context import StageContext
from lotmark.pipeline._layers import TestBench, add_layer, run_layer, summarise_layer
from lotmark.pipeline.models import Outcome, Stage, StageResult

_LAYERS: dict[Stage, Layer] = {Stage.UNIT: "unit", Stage.INTEGRATION: "integration"}


def work(context: StageContext) -> StageResult:
    """Run the stage's layer; a red, missing or unexpected test is a finding.

    Raises:
        RefusedError, NothingToJudgeError: if nothing usable was left.
    """
    builder = context.builder()
    collected, _, files, more = run_layer(TestBench(context), _LAYERS[context.stage], context.work_folder())
    add_layer(builder, context, collected, files)
    findings = [*more, *collected.findings]
    return builder.close(Outcome.REFUSED if has_errors(findings) else Outcome.ACCEPTED, summarise_layer(collected), findings)
