"""`lotmark rebuild`: a past release from its capsule alone, compared with what was released."""

import tempfile
from datetime import timedelta
from pathlib import Path

import click

from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output, table

_DAYS = 365.25


@click.command(name="rebuild")
@click.argument("release")
@click.option("--capsule", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder that `lotmark build --capsule` wrote.")
@click.option("--years", type=click.IntRange(0, 100), default=0, show_default=True, help="Set the build's clock so many years ahead: a drill.")
@click.option("-o", "--output", "destination", type=click.Path(path_type=Path, file_okay=False), default=None, help="Folder for the rebuilt outputs.")
@click.pass_obj
def command(output: Output, release: str, capsule: Path, years: int, destination: Path | None) -> int:
    """Rebuild RELEASE from its capsule, offline, and say whether the bytes are the same; exits 1 unless they are."""
    import shutil

    from lotmark.builds.api import rebuild_capsule
    from lotmark.builds.models import Verdict

    with tempfile.TemporaryDirectory(prefix="lotmark-rebuild-") as work:
        output.note("checking the capsule, and rebuilding from it")
        found = rebuild_capsule(capsule, release, Path(work), shift=timedelta(days=round(years * _DAYS)))
        if destination is not None and (Path(work) / "outputs").is_dir():
            shutil.copytree(Path(work) / "outputs", destination, dirs_exist_ok=True)
    wire = {
        "release": release,
        "buildKey": found.key.hex,
        "verdict": found.verdict.value,
        "claim": "R5" if found.verdict is Verdict.IDENTICAL else None,
        "claimText": found.claim_text(),
        "outputs": [{"name": name, "expected": old.hex, "rebuilt": new.hex if new else None} for name, old, new in found.outputs],
    }
    lines = [table([("output", "released", "rebuilt"), *((name, old.short(), new.short() if new else "-") for name, old, new in found.outputs)])]
    lines += [found.result.stdout.last_lines()] if found.verdict is Verdict.FAILED else []
    lines.append(f"{found.verdict.value}. {found.claim_text()}. build key {found.key.hex}")
    output.result("rebuild", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if found.verdict is Verdict.IDENTICAL else ExitCode.REFUSED)
