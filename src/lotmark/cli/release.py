"""`lotmark release`: what there is, what it says, its bundle; and going on with a release only as it was planned."""

import json
from pathlib import Path
from typing import Any

import click

from lotmark.base.errors import NothingToJudgeError, UsageError
from lotmark.cli._output import Output, table

_MARK = {"released": ("✓", "green"), "refused": ("✗", "red"), "abandoned": ("-", "bright_black"), "open": ("…", "yellow")}


@click.group(name="release")
def command() -> None:
    """List releases, write notes and bundles, plan and apply."""


@command.command(name="list")
@click.pass_obj
def list_(output: Output) -> None:
    """Every run of the product with its state, oldest first."""
    workspace = output.workspace()
    runs = _runs(workspace)
    rows = [("", "run", "version", "state", "commit", "artifact", "closed")]
    for run in runs:
        mark, color = _MARK[run["outcome"]]
        artifact = run["artifact"]["sha256"][:12] if run["artifact"] else ""
        rows.append((click.style(mark, fg=color), run["run"], run["version"], run["outcome"], run["commit"][:12], artifact, run["closedAt"] or ""))
    output.result("release-list", {"product": workspace.product.id, "runs": runs}, table(rows) if runs else "no run yet; `lotmark run` opens one")


@command.command()
@click.argument("version", required=False)
@click.option("--run", "run_id", default=None, help="This run, released or not.")
@click.pass_obj
def notes(output: Output, version: str | None, run_id: str | None) -> None:
    """Print the release notes of VERSION (default: the newest release) as Markdown."""
    from lotmark.releases.api import format_notes
    from lotmark.releases.models import RunEvidence

    workspace = output.workspace()
    run = _choose(workspace, version, run_id)
    evidence = RunEvidence(tuple(workspace.reader.entries(scope=f"run:{run['run']}")))
    text = workspace.revealer.text(format_notes(evidence))
    output.result("release-notes", {"run": run["run"], "version": run["version"], "markdown": text}, text.rstrip("\n"))


@command.command()
@click.argument("version", required=False)
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write the bundle.")
@click.option("--dossier", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Also write the HTML dossier here.")
@click.option("--run", "run_id", default=None, help="This run, released or not.")
@click.pass_obj
def bundle(output: Output, version: str | None, path: Path, dossier: Path | None, run_id: str | None) -> None:
    """Write the evidence bundle of VERSION (default: the newest release); the same release gives the same bytes."""
    from lotmark.bootstrap.api import write_bundle

    workspace = output.workspace()
    run = _choose(workspace, version, run_id)
    summary = write_bundle(workspace, run["run"], path, dossier)
    lines = [
        f"{path}  {summary.size:,} bytes, sha256 {summary.sha256}",
        f"{summary.files} files: {summary.entries} records, {summary.blobs} blobs, the log at size {summary.log_size}",
        f"verify    lotmark verify {path} --trust {workspace.state / 'trust.json'}",
        summary.run,
    ]
    output.result("release-bundle", summary.to_wire(), "\n".join(lines))


@command.command()
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the plan to this file.")
@click.option("--run", "run_id", default=None, help="The run (default: the newest).")
@click.pass_obj
def plan(output: Output, path: Path | None, run_id: str | None) -> None:
    """Say what would be released if the run went on now, at this head of the log; changes nothing."""
    from lotmark.bootstrap.api import plan_release

    made = plan_release(output.workspace(), run_id)
    wire = made.to_wire()
    if path is not None:
        path.write_text(json.dumps(wire, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    artifact = f"{made.artifact.name}  sha256 {made.artifact.sha256}" if made.artifact else "none yet"
    rows = [
        ("run", made.run),
        ("version", f"{made.product} {made.version}, commit {made.commit[:12]}"),
        ("artifact", artifact),
        ("decision", f"{made.verdict}, {made.decision}" if made.decision else "none yet"),
        ("waits for", "; ".join(made.waiting_for) or "nobody"),
        ("to be done", ", ".join(made.next) or "nothing: the run has ended"),
        ("targets", ", ".join(made.targets)),
        ("log head", f"size {made.log.size}, root {made.log.root}"),
    ]
    lines = [table(rows)] + ([f"`lotmark release apply {path}` goes on, unless the log moves before"] if path else []) + [made.run]
    output.result("release-plan", {"plan": wire}, "\n".join(lines))


@command.command()
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def apply(output: Output, path: Path) -> int:
    """Go on with the planned run, as `lotmark run` does; refuses if the head of the log or the work tree moved."""
    from lotmark.bootstrap.api import check_plan
    from lotmark.cli.run import go_on

    workspace = output.workspace()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError("LM-DOS-071", f"cannot read {path}: {error.strerror}", where=str(path), solution="`lotmark release plan -o plan.json`") from error
    check_plan(workspace, data)
    return go_on(output, workspace)


def _runs(workspace: Any) -> list[dict[str, Any]]:
    """What the ledger tells of each run of the product."""
    reader = workspace.reader
    closed = {entry.statement.predicate["run"]: entry.statement.predicate for entry in reader.entries(kind="run-closed")}
    candidates = {entry.statement.predicate["run"]: entry.statement.predicate["artifact"] for entry in reader.entries(kind="release-candidate")}
    runs: list[dict[str, Any]] = []
    for entry in reader.entries(kind="run-opened"):
        content = entry.statement.predicate
        if content["product"]["id"] != workspace.product.id:
            continue
        run, artifact = content["run"], candidates.get(content["run"])
        runs.append(
            {
                "run": run,
                "version": content["product"]["version"],
                "commit": content["source"]["commit"],
                "outcome": closed[run]["outcome"] if run in closed else "open",
                "artifact": {"name": artifact["name"], "sha256": artifact["sha256"]} if artifact else None,
                "openedAt": content["openedAt"],
                "closedAt": closed[run]["closedAt"] if run in closed else None,
            }
        )
    return runs


def _choose(workspace: Any, version: str | None, run_id: str | None) -> dict[str, Any]:
    """The newest released run of that version (default: of any), or the run of that id.

    Raises:
        NothingToJudgeError: LM-DOS-072.
    """
    runs = _runs(workspace)
    for run in runs[::-1]:
        if run_id is not None:
            if run_id in {run["run"], run["run"].partition(":")[2]}:
                return run
        elif run["outcome"] == "released" and version in {None, run["version"]}:
            return run
    wanted = run_id or (f"release {version}" if version else "release")
    raise NothingToJudgeError(
        "LM-DOS-072", f"there is no {wanted} of {workspace.product.id}", where=str(workspace.state), solution="`lotmark release list` shows the runs"
    )
