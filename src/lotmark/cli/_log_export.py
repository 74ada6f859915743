"""`lotmark log export`, and the check of an export or mirror that `lotmark log fsck --tiles` makes."""

from datetime import timedelta
from pathlib import Path

import click

from lotmark.base.clock import SystemClock
from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output, format_finding


@click.command()
@click.argument("place")
@click.pass_obj
def export(output: Output, place: str) -> None:
    """Write the log as C2SP tlog-tiles to PLACE, a folder or s3://bucket/prefix; again brings it up to date.

    Tiles and entry bundles never change once they are there; the checkpoint goes out with its cosignatures. An entry is a header:
    digests and names, no evidence. A place that holds another log or history is left as it is.
    """
    from lotmark.bootstrap.api import export_log

    summary = export_log(output.workspace(), place)
    wire = {"origin": summary.origin, "size": summary.size, "root": summary.root.hex(), "tiles": summary.tiles, "bundles": summary.bundles, "place": place}
    told = f"{summary.tiles} tiles and {summary.bundles} entry bundles are new" if summary.tiles else "nothing is new but perhaps cosignatures"
    output.result("log-export", wire, f"{summary.origin} at size {summary.size} lies in {place}: {told}")


def check_place(output: Output, place: str, trust: Path | None, seen: tuple[Path, ...], max_age: float | None) -> int:
    """Check an export tile by tile; the result on stdout, the exit code."""
    from lotmark.bootstrap.api import check_mirror, read_trust
    from lotmark.ledger.api import describe_witnesses

    if trust is not None:
        policy, verify = read_trust(trust), None
    else:
        workspace = output.workspace()
        policy, verify = workspace.trust_policy, workspace.verify_checkpoint
    age = timedelta(hours=max_age) if max_age is not None else None
    report = check_mirror(place, policy, verify, clock=SystemClock(), seen=[path.read_bytes() for path in seen], max_age=age)
    tiles = report.tiles
    wire = {
        "origin": policy.origin,
        "size": tiles.size,
        "root": tiles.root.hex(),
        "tiles": tiles.tiles,
        "bundles": tiles.bundles,
        "seen": tiles.seen,
        "witnesses": sorted(report.witnessing.times),
        "sound": tiles.is_sound,
        "findings": [finding.to_wire() for finding in tiles.findings],
    }
    if output.format not in {"text", "json"}:
        output.findings(tiles.findings)
    else:
        lines = [format_finding(finding.to_wire()) for finding in tiles.findings]
        state = click.style("✓ sound", fg="green") if tiles.is_sound else click.style("✗ broken", fg="red")
        lines.append(f"{state}: {policy.origin} at size {tiles.size}, {tiles.tiles} tiles, {tiles.bundles} entry bundles, root {tiles.root.hex()[:16]}")
        lines.append(describe_witnesses(report.witnessing))
        output.result("log-tiles", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if tiles.is_sound else ExitCode.INTEGRITY)
