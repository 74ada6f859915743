"""`lotmark stage NAME`: one stage, inside somebody else's CI."""

import dataclasses

import click

from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output
from lotmark.cli._progress import open_progress
from lotmark.cli.run import format_report, report_wire

_STAGES = ("source", "dependencies", "build", "unit", "integration", "validation", "package", "approval", "deployment", "verification")
_EXIT = {"accepted": ExitCode.ACCEPTED, "pending": ExitCode.PENDING, "refused": ExitCode.REFUSED}


@click.command(name="stage")
@click.argument("name", type=click.Choice(_STAGES))
@click.pass_obj
def command(output: Output, name: str) -> int:
    """Run one stage of the open run, without the workflow engine: the calling CI is one.

    What the stage needs must be recorded already; exits 5 where it is not.
    """
    from lotmark.base.errors import NothingToJudgeError
    from lotmark.bootstrap.api import ENGINE
    from lotmark.pipeline.api import open_direct_engine, run_pipeline
    from lotmark.pipeline.models import Stage

    workspace = output.workspace()
    settings = dataclasses.replace(workspace.settings(), open_engine=lambda: open_direct_engine(workspace.state / ENGINE))
    with open_progress(quiet=output.quiet or output.json) as progress:
        report = run_pipeline(settings, progress=progress, only=Stage(name))
    status = next(status for status in report.stages if status.stage.value == name)
    if status.outcome is None:
        raise NothingToJudgeError(
            "LM-PIP-014",
            f"the stage {name} cannot start: what it needs is not recorded",
            where=report.run,
            solution="run the stages before it; `lotmark run` knows their order",
        )
    output.result("run", report_wire(report), format_report(report))
    return int(_EXIT[status.outcome.value])
