"""`lotmark build`: the sealed build made twice and compared, without recording anything."""

import tempfile
from pathlib import Path

import click

from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output, format_finding, table


@click.command(name="build")
@click.option("-o", "--output", "destination", type=click.Path(path_type=Path, file_okay=False), default=None, help="Folder for the outputs of lane A.")
@click.option("--capsule", type=click.Path(path_type=Path, file_okay=False), default=None, help="Also put the build into the capsule in this folder.")
@click.pass_obj
def command(output: Output, destination: Path | None, capsule: Path | None) -> int:
    """Build the commit at HEAD twice under different conditions and say what differs; exits 1 unless equal."""
    import shutil

    from lotmark.base.clock import SystemClock
    from lotmark.builds.api import build_twice, make_capsule
    from lotmark.builds.models import Verdict
    from lotmark.product.api import find_root, load_product, resolve_commit

    root = find_root(output.product)
    product = load_product(root, output.config)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="lotmark-build-") as work:
        report = build_twice(
            root, resolve_commit(root, "HEAD"), product.file.build, product.file.environment, Path(work), clock, clock.now().date(), progress=output.note
        )
        if destination is not None:
            for made in report.outputs:
                place = destination / made.name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(made.path, place)
        again = None
        if capsule is not None:
            output.note("writing the capsule, and rebuilding from it")
            again = make_capsule(capsule, product.version, root, report, product.file.build, product.file.environment, Path(work))
        log = "" if report.lanes and report.lanes[0].result.succeeded else report.lanes[0].result.stdout.last_lines() if report.lanes else ""
    wire: dict[str, object] = {
        "verdict": report.verdict.value,
        "claim": report.claim.value,
        "claimText": report.claim_text(),
        "hermetic": report.isolation.hermetic,
        "outputs": [{"name": made.name, "size": made.size, "sha256": made.digest.hex} for made in report.outputs],
        "findings": [finding.to_wire() for finding in report.findings],
    }
    rows = [
        (each.name, each.verdict.value, each.digest_a.short() if each.digest_a else "-", each.digest_b.short() if each.digest_b else "-")
        for each in report.comparisons
    ]
    lines = [table([("output", "verdict", "lane A", "lane B"), *rows])]
    lines += [f"  {cause.file}: {cause.text}" for each in report.comparisons for cause in each.causes]
    lines += [format_finding(finding.to_wire()) for finding in report.findings]
    lines += [log] if log else []
    lines.append(f"{report.verdict.value}. {report.claim_text()}. {'Sealed' if report.isolation.hermetic else 'NOT sealed'} ({report.isolation.backend}).")
    accepted = report.verdict in {Verdict.IDENTICAL, Verdict.EQUIVALENT}
    if again is not None:
        wire |= {"capsule": {"name": again.name, "buildKey": again.key.hex, "verdict": again.verdict.value}}
        lines.append(f"capsule {capsule} of {again.name}: {again.verdict.value}. {again.claim_text()}. build key {again.key.hex}")
        lines += [again.result.stdout.last_lines()] if again.verdict is Verdict.FAILED else []
        accepted = accepted and again.verdict is Verdict.IDENTICAL
    output.result("build", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if accepted else ExitCode.REFUSED)
