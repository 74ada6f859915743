"""`lotmark log witness`: ask witnesses to cosign the log, or be one for the logs of others."""

import signal
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output, format_finding, table

_MARK = {"cosigned": ("✓", "green"), "recorded": ("✓", "green"), "fork": ("✗", "red"), "rollback": ("✗", "red"), "rolled-back": ("✗", "red")}
_LISTEN = "127.0.0.1:8380"


@click.command()
@click.option("--git", "repository", metavar="URL", default=None, help="Keep the checkpoint in a branch of this git repository instead, as a further witness.")
@click.option("--branch", default="checkpoints", show_default=True, help="The branch for --git.")
@click.option("--serve", is_flag=True, help="Be a witness for the logs of others (C2SP tlog-witness), until it is stopped.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), default=None, help="Where the witness keeps its key and what it cosigned (with --serve)."
)
@click.option("--name", default=None, help="The witness's name, such as witness.example/w1 (with --serve).")
@click.option("--log", "logs", multiple=True, metavar="VKEY", help="Verifier key of a log to watch; kept from then on (with --serve, may be repeated).")
@click.option("--listen", metavar="HOST:PORT", default=_LISTEN, show_default=True, help="Where the witness listens (with --serve).")
@click.option(
    "--published", type=click.Path(path_type=Path, file_okay=False), default=None, help="Where the witness publishes, best on another disk (with --serve)."
)
@click.pass_obj
def witness(
    output: Output,
    repository: str | None,
    branch: str,
    serve: bool,
    folder: Path | None,
    name: str | None,
    logs: tuple[str, ...],
    listen: str,
    published: Path | None,
) -> int:
    """Ask the witnesses of the trust policy to cosign the newest checkpoint; or be a witness (--serve).

    Exits 0 when the quorum that trust.json asks for has cosigned, 4 when it has not, 6 when a witness knows a longer log or
    another history: both checkpoints are then kept in the state folder.
    """
    if serve:
        if folder is None or name is None:
            raise click.UsageError("a witness needs --folder and --name")
        return _serve(output, folder, name, logs, listen, published)
    if folder or name or logs or published:
        raise click.UsageError("--folder, --name, --log and --published belong to --serve")
    return _record(output, repository, branch) if repository else _ask(output)


def _ask(output: Output) -> int:
    from lotmark.bootstrap.api import ask_for_cosignatures, check_independence
    from lotmark.ledger.api import NOT_WITNESSED, describe_witnesses

    workspace = output.workspace()
    report = ask_for_cosignatures(workspace)
    found = report.witnessing
    notes = check_independence(workspace.trust_policy)
    wire = {
        "origin": workspace.ledger.origin,
        "size": report.size,
        "quorum": found.is_quorum,
        "quorumTime": _instant(found.quorum_time),
        "answers": [
            {"witness": answer.name, "key": answer.key_name, "outcome": answer.outcome, "detail": answer.detail, "time": _instant(answer.time)}
            for answer in report.answers
        ],
        "findings": [finding.to_wire() for finding in notes],
    }
    rows = [(_marked(answer.outcome), answer.key_name, answer.detail) for answer in report.answers]
    lines = [table(rows), *(format_finding(finding.to_wire()) for finding in notes)]
    worth = describe_witnesses(found) if found.is_quorum else f"NOT_WITNESSED: the quorum of trust.json has not cosigned size {report.size}. {NOT_WITNESSED}"
    state = click.style("✓ witnessed", fg="green") if found.is_quorum and found.times else click.style("✗ not witnessed", fg="red")
    lines.append(f"{state}: {workspace.ledger.origin} at size {report.size}. {worth}")
    output.result("log-witness", wire, "\n".join(lines))
    if report.is_broken:
        return int(ExitCode.INTEGRITY)
    return int(ExitCode.ACCEPTED if found.is_quorum and found.times else ExitCode.ENVIRONMENT)


def _record(output: Output, repository: str, branch: str) -> int:
    from lotmark.bootstrap.api import record_in_git

    workspace = output.workspace()
    size = record_in_git(workspace, repository, branch)
    wire = {"origin": workspace.ledger.origin, "size": size, "repository": repository, "branch": branch}
    output.result("log-witness-git", wire, f"{_marked('recorded')} {workspace.ledger.origin} at size {size} lies in {repository}, branch {branch}")
    return int(ExitCode.ACCEPTED)


def _serve(output: Output, folder: Path, name: str, logs: tuple[str, ...], listen: str, published: Path | None) -> int:
    from lotmark.base.clock import SystemClock
    from lotmark.bootstrap.api import make_server, open_witness
    from lotmark.tlog.errors import KeyTextError

    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise UsageError("LM-WIT-003", f"not an address: {listen!r}", solution="write HOST:PORT, for instance 127.0.0.1:8380")
    try:
        with (
            open_witness(folder, name=name, logs=logs, published=published, clock=SystemClock()) as served,
            make_server(served, host.strip("[]"), int(port)) as server,
        ):
            output.result("witness", {"vkey": served.vkey, "url": server.url}, f"witness {served.vkey}\nlistens on {server.url}; stop it with Ctrl-C")
            # From a thread of its own: `shutdown` waits for the loop that the signal interrupts.
            signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
            with suppress(KeyboardInterrupt):
                server.serve_forever(poll_interval=0.2)
    except KeyTextError as error:
        raise UsageError(
            "LM-WIT-002", f"not a witness's name: {error}", solution="take a name such as witness.example/w1, without spaces and plus signs"
        ) from error
    return int(ExitCode.ACCEPTED)


def _marked(outcome: str) -> str:
    mark, color = _MARK.get(outcome, ("!", "yellow"))
    return click.style(f"{mark} {outcome}", fg=color)


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
