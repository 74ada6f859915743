"""`lotmark log`: read the ledger, prove it, check every byte of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._log_export import check_place, export
from lotmark.cli._log_prove import checkpoint, prove
from lotmark.cli._log_timestamp import timestamp
from lotmark.cli._log_witness import witness
from lotmark.cli._output import Output, table


@click.group(name="log")
def command() -> None:
    """Read the ledger, prove it, check every byte of it."""


@command.command()
@click.option("--person", default="", help="Who: part of a name, id or key, of the signer or of somebody the record speaks of.")
@click.option("--kind", default="", help="Only this kind of evidence.")
@click.option("--scope", default="", help="Only this scope, for instance run:qpcr:RUN-0001; `run:` for every run.")
@click.option("--text", default="", help="Part of what a record says, or why.")
@click.option("--from", "begin", default="", metavar="TIME", help="Received at or after this day or RFC 3339 instant.")
@click.option("--until", "end", default="", metavar="TIME", help="Received up to this day, or before this instant.")
@click.option("--since", type=click.IntRange(min=0), default=0, help="From this log index on.")
@click.option("--sort", type=click.Choice(["index", "time", "who", "kind", "scope"]), default="index", show_default=True)
@click.option("--newest-first", is_flag=True, help="Turn the order round.")
@click.option("--limit", type=click.IntRange(min=1), default=None, help="No more than so many.")
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Export into this file; the export is recorded.")
@click.pass_obj
def search(output: Output, /, path: Path | None, begin: str, end: str, since: int, **wanted: Any) -> None:
    """Who did what, when and why: the audit trail, as text, JSON or CSV (`lotmark --format csv log search`)."""
    from lotmark.bootstrap.api import open_index, record_event
    from lotmark.index.api import Search, format_csv, search_log

    workspace = output.workspace()
    if wanted["kind"] and not any(True for _ in workspace.ledger.entries(kind=wanted["kind"])):
        workspace.registry.kind(wanted["kind"])  # a typing mistake is refused; a kind that only the log knows was found above
    with open_index(workspace) as index:
        entries = search_log(index, Search(begin=begin, end=end, start=since, **wanted))
    if output.format not in {"text", "json", "csv"}:
        raise UsageError("LM-CLI-005", f"this command has no form {output.format!r}", solution="use text, json or csv")
    result = {"size": workspace.ledger.size, "entries": entries}
    if output.format == "csv":
        text = format_csv(entries)
    elif output.json:
        text = output.format_json("log-search", result) + "\n"
    else:
        rows = [("index", "received", "who", "kind", "scope", "what", "why")]
        rows += [(str(e["index"]), e["receivedAt"], e["who"], e["kind"], e["scope"], e["what"], e["why"] or "") for e in entries]
        text = (table(rows) if entries else "no such entry") + "\n"
    if path is None:
        output.print(text, newline=False)
        return
    path.write_text(text, encoding="utf-8", newline="")
    asked = ", ".join(f"{name} {value}" for name, value in {**wanted, "from": begin, "until": end, "since": since}.items() if value)
    record_event(workspace, "export:search:written", subject=path.name, detail=f"{len(entries)} entries: {asked}")
    output.note(f"{len(entries)} entries in {path}; the export is recorded")


@command.command()
@click.option(
    "--seen",
    "seen",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A signed checkpoint that was kept elsewhere (may be repeated).",
)
@click.option("--tiles", "place", metavar="PLACE", default=None, help="Check an export of a log instead, tile by tile: a folder or URL.")
@click.option("--trust", type=click.Path(path_type=Path), default=None, help="Your trust file of the log, for --tiles (default: that of the ledger here).")
@click.option("--max-age", metavar="HOURS", type=click.FloatRange(min=0), default=None, help="How old the witnesses' quorum may be, for --tiles.")
@click.pass_obj
def fsck(output: Output, seen: tuple[Path, ...], place: str | None, trust: Path | None, max_age: float | None) -> int:
    """Check every entry, envelope, blob, proof, signature and the index; exits 6 and names what is broken.

    Only a checkpoint kept elsewhere (--seen), or a witness, can show that the log was rolled back or rewritten by who holds its key.
    """
    from lotmark.bootstrap.api import configured_verifier, expired_entries, find_drift, witnessed
    from lotmark.ledger.api import NOT_WITNESSED, describe_witnesses
    from lotmark.ledger.api import fsck as check

    if place is not None:
        return check_place(output, place, trust, seen, max_age)
    if trust is not None or max_age is not None:
        raise click.UsageError("--trust and --max-age belong to --tiles")
    workspace = output.workspace()
    # How far an earlier epoch is behind what was seen stands in the log that goes on after it.
    kept = workspace.witness_memory.notes() if workspace.is_earlier_epoch else workspace.known_checkpoints()
    report = check(
        workspace.place,
        workspace.trust_policy,
        workspace.registry,
        seen=[*(path.read_bytes() for path in seen), *kept],
        expired=expired_entries(workspace),
        blobs=workspace.blobs,
        timestamps=configured_verifier(workspace.trust_policy),
    )
    drift = find_drift(workspace) if report.is_sound else None
    if drift is not None:
        report = replace(report, findings=(*report.findings, drift))
    # Of a log that is broken no witness can speak: its proofs may not hold.
    found = witnessed(workspace) if report.is_sound else None
    policy = workspace.trust_policy
    second = report.is_sound and bool(policy.second_log_key) and report.size >= policy.second_log_key_from
    wire = {
        "size": report.size,
        "entries": report.entries,
        "blobs": report.blobs,
        "expired": report.expired,
        "root": report.root.hex(),
        "sound": report.is_sound,
        "witnessedSize": found.size if found else 0,
        "secondSignature": second,
        "findings": [finding.to_wire() for finding in report.findings],
    }
    if output.format not in {"text", "json"}:
        output.findings(report.findings)
    else:
        from lotmark.cli._output import format_finding

        lines = [format_finding(finding.to_wire()) for finding in report.findings]
        state = click.style("✓ sound", fg="green") if report.is_sound else click.style("✗ broken", fg="red")
        gone = f", {report.expired} expired" if report.expired else ""
        lines.append(f"{state}: {report.entries} entries, {report.blobs} blobs{gone}, root {report.root.hex()[:16]}")
        if found and found.size:
            lines.append(f"Witnessed up to size {found.size}. {describe_witnesses(found.witnessing)}")
        else:
            lines.append(NOT_WITNESSED)
        if second:
            lines.append("The log signed its checkpoint with ML-DSA-44 too.")
        output.result("log-fsck", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if report.is_sound else ExitCode.INTEGRITY)


command.add_command(timestamp)
command.add_command(prove)
command.add_command(checkpoint)
command.add_command(export)
command.add_command(witness)


@command.command()
@click.pass_obj
def sequence(output: Output) -> int:
    """Take what others submit to a ledger in PostgreSQL; runs where the log's key is, until it is stopped.

    Exits 0 when it is asked to stop (SIGINT, SIGTERM), 4 when the database goes away: let a service manager start it again.
    """
    import signal
    import threading

    workspace = output.workspace()
    policy, stop = workspace.trust_policy, threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with workspace.open_sequencer() as ledger:
        output.note(f"sequencing {policy.origin} from entry {ledger.size} on")
        ledger.serve(stop)
        output.note(f"stopped at {ledger.size} entries")
    return int(ExitCode.ACCEPTED)
