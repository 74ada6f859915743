"""`lotmark supply`: what the product is made from, looked at without recording anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output, format_finding

if TYPE_CHECKING:
    from lotmark.supply.models import SupplyReport


@click.group(name="supply")
def command() -> None:
    """Components, licences, vulnerabilities and SOUP of the work tree, as the stage `dependencies` judges them; records nothing."""


@command.command(name="examine")
@click.pass_obj
def examine_command(output: Output) -> int:
    """Judge what the lock files pin; exits 1 where the stage would refuse."""
    report = _examine(output)
    wire = {
        "accepted": report.accepted,
        "components": [{"purl": each.purl, "scope": each.scope, "licence": each.licence, "supplier": each.supplier} for each in report.components],
        "vulnerabilities": [{"id": each.id, "component": each.component, "severity": each.severity, "state": each.state} for each in report.vulnerabilities],
        "evaluated": report.dump.evaluated,
        "soup": [item.purl for item in report.soup],
        "findings": [finding.to_wire() for finding in report.findings],
    }
    lines = [format_finding(finding.to_wire()) for finding in report.findings]
    evaluated = "vulnerabilities evaluated" if report.dump.evaluated else "vulnerabilities NOT evaluated"
    lines.append(f"{len(report.components)} components in {len(report.locks)} lock files, {len(report.soup)} SOUP items, {evaluated}")
    output.result("supply", wire, "\n".join(lines))
    return int(ExitCode.ACCEPTED if report.accepted else ExitCode.REFUSED)


@command.command(name="sbom")
@click.option("--form", type=click.Choice(["cyclonedx", "spdx"]), default="cyclonedx", show_default=True, help="CycloneDX 1.6 or SPDX 2.3, both JSON.")
@click.option("-o", "--output", "place", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.pass_obj
def sbom_command(output: Output, form: str, place: Path) -> int:
    """Write the bill of materials; exits 1, with the file written, where a finding says that it is not whole."""
    report = _examine(output)
    data = report.spdx if form == "spdx" else report.sbom
    place.write_bytes(data)
    for finding in report.findings:
        output.note(format_finding(finding.to_wire()))
    output.result("sbom", {"file": str(place), "form": form, "components": len(report.components)}, f"{place}: {len(report.components)} components")
    return int(ExitCode.ACCEPTED if report.accepted else ExitCode.REFUSED)


@command.command(name="soup")
@click.pass_obj
def soup_command(output: Output) -> int:
    """Print an entry of quality/soup.yaml for each component in the product that has none, to be filled in by a person.

    Exits 0 where every component has one and nothing else is refused: a lock that cannot be read has no components either.
    """
    from lotmark.supply.api import draft_soup

    report = _examine(output)
    text = draft_soup(report)
    for finding in report.findings if not report.accepted else ():
        output.note(format_finding(finding.to_wire()))
    told = "every component in the product has a SOUP item" if report.accepted else "no entry to draft, but what the product is made from is refused"
    output.result("soup", {"entries": text}, text.rstrip("\n") or told)
    return int(ExitCode.ACCEPTED if report.accepted and not text else ExitCode.REFUSED)


def _examine(output: Output) -> "SupplyReport":
    """Examine the work tree at its commit.

    Raises:
        UsageError: LM-CFG-* and LM-PRD-* for a declaration or repository that cannot be read.
    """
    from lotmark.base.clock import SystemClock
    from lotmark.product.api import find_root, load_product, read_source_state
    from lotmark.supply.api import examine
    from lotmark.supply.models import RootComponent

    if output.format not in {"text", "json"}:
        raise UsageError("LM-CLI-005", f"`lotmark supply` has no form {output.format!r}", solution="use text or json")
    root = find_root(output.product)
    product = load_product(root, output.config, pinned=False)
    section = product.file.product
    soup = product.config_root / "quality" / "soup.yaml"
    return examine(
        product.root,
        product.file.dependencies,
        product=RootComponent(product.id, section.name, product.version, section.manufacturer, "firmware" if product.file.package.device else "application"),
        python=product.file.environment.interpreter(product.root),
        today=SystemClock().now().date(),
        committed_at=read_source_state(root).committed_at,
        config_root=product.config_root,
        where=lambda path=(): product.document.where(("dependencies", *path)),
        soup=soup.read_bytes() if soup.is_file() else None,
        safety_class=section.safety_class,
    )
