"""`lotmark run`: the pipeline, with live progress on the terminal."""

from typing import TYPE_CHECKING, Any

import click

from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output, fold_findings, format_finding, table
from lotmark.cli._progress import open_progress

if TYPE_CHECKING:
    from lotmark.bootstrap.api import Workspace

EXIT = {"released": ExitCode.ACCEPTED, "pending": ExitCode.PENDING, "refused": ExitCode.REFUSED, "open": ExitCode.ACCEPTED}
_MARK = {"accepted": ("✓", "green"), "refused": ("✗", "red"), "pending": ("…", "yellow"), "not run": ("-", "bright_black")}


@click.command(name="run")
@click.option("--stage", "until", default=None, help="Stop once this stage (and what it needs) is recorded.")
@click.option("--new", is_flag=True, help="Close an open run of this commit as abandoned and open another.")
@click.pass_obj
def command(output: Output, until: str | None, new: bool) -> int:
    """Bring the run of the commit at HEAD as far as it goes; resumes what is open.

    Exits 0 when released, 1 when refused, 8 while it waits for people.
    """
    return go_on(output, output.workspace(), until=until, new=new)


def go_on(output: Output, workspace: "Workspace", *, until: str | None = None, new: bool = False) -> int:
    """Run the open run, or a new one, as far as it comes, tell what came of it, and at its end have it stamped, locked and cosigned."""
    from dataclasses import replace

    from lotmark.bootstrap.api import stamp_after_run
    from lotmark.pipeline.api import run_pipeline
    from lotmark.pipeline.models import RunReport, Stage

    settings = replace(workspace.settings(), after_run=lambda released: stamp_after_run(workspace, released))
    goal = click.Choice([stage.value for stage in Stage]).convert(until, None, None) if until else None
    with open_progress(quiet=output.quiet or output.json) as progress:
        report: RunReport = run_pipeline(settings, progress=progress, until=Stage(goal) if goal else None, new=new)
    output.result("run", report_wire(report), format_report(report))
    if report.outcome in {"released", "refused"}:
        lock_end(output, workspace, report.run)
    if report.outcome in {"released", "refused"} and not cosign_end(output, workspace):
        return int(ExitCode.INTEGRITY)
    if goal:
        outcome = next(status.outcome for status in report.stages if status.stage.value == goal)
        return int({"accepted": ExitCode.ACCEPTED, "pending": ExitCode.PENDING}.get(outcome.value if outcome else "", ExitCode.REFUSED))
    return int(EXIT.get(report.outcome, ExitCode.REFUSED))


def cosign_end(output: Output, workspace: "Workspace") -> bool:
    """Ask the witnesses that the trust file names to cosign the log with the run's end in it, for the bundle of the run.

    What the run came to is recorded and does not change by it; False only if a witness shows that the log was put back or
    rewritten meanwhile.
    """
    if not workspace.witnesses.named:
        return True
    report = workspace.witnesses.ask()
    for answer in report.answers:
        if answer.outcome != "cosigned":
            output.note(f"witness {answer.key_name}: {answer.outcome}, {answer.detail}")
    if report.breach is None and not report.witnessing.is_quorum:
        output.note("The end of the run is not witnessed yet; `lotmark log witness` asks again.")
    return report.breach is None


def lock_end(output: Output, workspace: "Workspace", run: str) -> None:
    """Let the bucket lock what the run left for as long as its retention asks for; that it did not is told and changes no outcome."""
    from lotmark.bootstrap.api import lock_records
    from lotmark.cli.records import tell_unlocked

    report = lock_records(workspace, f"run:{run}")
    if report is not None and report.faults:
        tell_unlocked(output, report)


def report_wire(report: Any) -> dict[str, Any]:
    """A RunReport as JSON."""
    return {
        "run": report.run,
        "version": report.version,
        "commit": report.commit,
        "outcome": report.outcome,
        "resumed": report.resumed,
        "waitingFor": list(report.waiting_for),
        "stages": [
            {
                "stage": status.stage.value,
                "outcome": status.outcome.value if status.outcome else "not-run",
                "attempts": status.attempts,
                "summary": status.summary,
                "findings": [dict(finding) for finding in status.findings],
                "index": status.index,
            }
            for status in report.stages
        ],
    }


def format_report(report: Any) -> str:
    """A RunReport for a person: every stage with symbol and word, what is wrong, what comes next."""
    rows = []
    for status in report.stages:
        word = status.outcome.value if status.outcome else "not run"
        mark, color = _MARK[word]
        rows.append((click.style(mark, fg=color), status.stage.value, click.style(word, fg=color), status.summary))
    lines = [table(rows)]
    shown, hidden = fold_findings([finding for status in report.stages for finding in status.findings])
    lines += [format_finding(finding) for finding in shown]
    lines += [f"  and {count} more {code}" for code, count in hidden.items()]
    product = report.run.split(":")[0]
    if report.outcome == "released":
        lines.append(f"{product} {report.version} is released. `lotmark show {report.version}` gives the five answers.")
    elif report.outcome == "pending":
        lines += ["Waiting for people:", *(f"  {missing}" for missing in report.waiting_for)]
        lines.append("`lotmark approve request` shows what is to be signed; `lotmark run` goes on once it is.")
    elif report.outcome == "refused":
        lines.append(f"{product} {report.version} is refused. `lotmark gate --explain` tells each criterion.")
    lines.append(report.run)
    return "\n".join(lines)
