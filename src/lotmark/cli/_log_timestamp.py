"""`lotmark log timestamp`: an RFC 3161 stamp over a checkpoint, kept beside it."""

import click

from lotmark.base.clock import format_instant
from lotmark.cli._output import Output


@click.command()
@click.option("--size", type=click.IntRange(min=0), default=None, help="The checkpoint of this size (default: the newest).")
@click.option("--daily", is_flag=True, help="Only if the last one is a day old; for a timer.")
@click.pass_obj
def timestamp(output: Output, size: int | None, daily: bool) -> None:
    """Have a checkpoint stamped by the time stamping authority that LOTMARK_TSA names (RFC 3161).

    The stamp is verified by the CA certificates in LOTMARK_TSA_CA or the trust file, then kept; bundles carry it, `verify` and
    `log fsck` verify it offline. `lotmark run` asks for one after each release and once a day.
    """
    from lotmark.bootstrap.api import stamp_is_due, stamp_now

    workspace = output.workspace()
    if daily and not stamp_is_due(workspace):
        output.result("log-timestamp", {"stamped": False}, "not due: the last stamp is less than a day old")
        return
    stamp = stamp_now(workspace, size)
    at = format_instant(stamp.time)
    wire = {"stamped": True, "size": workspace.ledger.size if size is None else size, "time": at, "authority": stamp.authority, "serial": stamp.serial}
    output.result("log-timestamp", wire, f"{click.style('✓ stamped', fg='green')}: the log of {wire['size']} entries existed at {at}, says {stamp.authority}")
