"""`lotmark deploy`: where releases run, and whether they still are what was released."""

from typing import Any

import click

from lotmark.base.errors import ExitCode
from lotmark.cli._output import Output, table

_MARK = {"verified": ("✓", "green"), "mismatch": ("✗", "red"), "unreachable": ("?", "red")}


@click.group(name="deploy")
def command() -> None:
    """Plan, apply, verify, roll back; admission is verified again each time."""


@command.command()
@click.pass_obj
def status(output: Output) -> None:
    """What each target says it runs, and what it could go back to."""
    from lotmark.deploy.api import open_driver

    workspace = output.workspace()
    rows, wire = [("target", "environment", "runs", "sha256", "also there")], []
    for target in workspace.product.file.deploy.targets:
        driver = open_driver(target, workspace.product.root)
        current = driver.current()
        others = [release.version for release in driver.installed() if release != current]
        wire.append({"target": target.name, "environment": target.environment, "current": current.to_wire() if current else None, "installed": others})
        rows.append((target.name, target.environment, current.version if current else "nothing", current.digest.short() if current else "", ", ".join(others)))
    output.result("deploy-status", {"targets": wire}, table(rows))


@command.command()
@click.argument("version", required=False)
@click.pass_obj
def plan(output: Output, version: str | None) -> int:
    """Check whether a released version would be admitted to each target; changes nothing."""
    from lotmark.bootstrap.api import plan_deployment

    workspace = output.workspace()
    admissions = plan_deployment(workspace, version)
    wire = [admission.to_wire() for admission in admissions]
    rows = [("target", "check", "", "")]
    for admission in admissions:
        rows += [(admission.target, check.name, "✓ holds" if check.holds else "✗ does not hold", check.detail) for check in admission.checks]
    granted = all(admission.granted for admission in admissions)
    output.result("deploy-plan", {"admissions": wire}, table(rows) + ("\nadmitted" if granted else "\nrefused"))
    return int(ExitCode.ACCEPTED if granted else ExitCode.REFUSED)


@command.command()
@click.argument("version", required=False)
@click.option("--target", default=None, help="Only this target.")
@click.pass_obj
def apply(output: Output, version: str | None, target: str | None) -> int:
    """Deploy a released version (default: the newest) again, then read it back."""
    from lotmark.bootstrap.api import redeploy

    return _report(output, redeploy(output.workspace(), version, target))


@command.command()
@click.option("--target", required=True)
@click.pass_obj
def rollback(output: Output, target: str) -> int:
    """Switch a target to the release that it ran before; admission is checked for that one too."""
    from lotmark.bootstrap.api import roll_back

    return _report(output, roll_back(output.workspace(), target))


@command.command()
@click.option("--target", default=None, help="Only this target.")
@click.option("--record", is_flag=True, help="Also append what was found to the ledger.")
@click.pass_obj
def verify(output: Output, target: str | None, record: bool) -> int:
    """Read back, hash and probe what lies at each target, against the newest deployment in the ledger; exits 6 on a mismatch."""
    from lotmark.bootstrap.api import check_deployments

    return _report(output, check_deployments(output.workspace(), target, record=record))


def _report(output: Output, checks: Any) -> int:
    wire = [
        {
            "target": dict(check.target),
            "expected": check.expected.hex,
            "found": check.found.hex if check.found else None,
            "verdict": check.verdict,
            "reason": check.reason,
        }
        for check in checks
    ]
    rows = []
    for check in checks:
        mark, color = _MARK[check.verdict]
        rows.append((click.style(mark, fg=color), check.target["name"], click.style(check.verdict, fg=color), check.reason))
    output.result("deploy-check", {"checks": wire}, table(rows))
    verdicts = {check.verdict for check in checks}
    if "mismatch" in verdicts:
        return int(ExitCode.INTEGRITY)
    return int(ExitCode.REFUSED if "unreachable" in verdicts else ExitCode.ACCEPTED)
