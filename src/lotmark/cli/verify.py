"""`lotmark verify`: a bundle, an artifact, a deployment; every step named, nothing taken on trust from what is verified."""

from datetime import timedelta
from pathlib import Path

import click

from lotmark.attest.models import TrustPolicy
from lotmark.base.clock import SystemClock
from lotmark.cli._output import Output, format_finding
from lotmark.dossier.models import Freshness, VerificationReport
from lotmark.ledger.ports import TimestampVerifier

_MARK = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not-checked": ("-", "bright_black")}
_WORDS = {
    "accepted": ("✓ accepted", "green"),
    "refused": ("✗ refused", "red"),
    "broken": ("✗ broken: do not rely on it", "red"),
    "not-checked": ("- not checked to the end", "yellow"),
}


@click.command(name="verify")
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option("--trust", type=click.Path(path_type=Path), default=None, help="Your trust file of the log (default: the logs that you made are known).")
@click.option("--artifact", type=click.Path(path_type=Path), default=None, help="The file that you hold; with a bundle or against the ledger here.")
@click.option("--deployment", metavar="TARGET", default=None, help="What lies at a target, against the ledger here.")
@click.option(
    "--tsa-ca",
    type=click.Path(path_type=Path),
    envvar=["LOTMARK_VERIFY_TSA_CA", "LOTMARK_TSA_CA"],
    default=None,
    help="PEM file of the CA certificates by which you trust time stamps, beside those of the trust file.",
)
@click.option("--allow-incomplete", is_flag=True, help="Accept a bundle that leaves records of its run out; never key events.")
@click.option(
    "--max-age",
    metavar="HOURS",
    type=click.FloatRange(min=0),
    default=None,
    help="How old the cosignatures of a bundle may be, if you want the log as it is now.",
)
@click.pass_obj
def command(
    output: Output,
    bundle: Path | None,
    trust: Path | None,
    artifact: Path | None,
    deployment: str | None,
    tsa_ca: Path | None,
    allow_incomplete: bool,
    max_age: float | None,
) -> int:
    """Verify a BUNDLE offline; or, without one, an artifact or a deployment against the ledger here.

    Exits 0 when every step is passed, 1 when it was judged and refused, 4 when no trust is known, 6 when a byte, a
    signature or the log does not hold.
    """
    if bundle is not None and deployment is None:
        report = _verify_bundle(bundle, trust, artifact, tsa_ca, complete=not allow_incomplete, max_age=max_age)
    elif bundle is None and artifact is not None and deployment is None:
        report = _verify_artifact(output, artifact)
    elif bundle is None and artifact is None and deployment is not None:
        from lotmark.bootstrap.api import verify_deployment

        report = verify_deployment(output.workspace(), deployment)
    else:
        raise click.UsageError("name one thing to verify: a bundle, --artifact FILE or --deployment TARGET")
    if output.format in {"text", "json"}:
        output.result("verification", report.to_wire(), format_report(report))
    else:
        output.findings(report.findings)
    return int(report.exit_code)


def _verify_bundle(
    bundle: Path, trust: Path | None, artifact: Path | None, tsa_ca: Path | None, *, complete: bool, max_age: float | None
) -> VerificationReport:
    from lotmark.bootstrap.api import find_log, read_trust, registry
    from lotmark.dossier.api import verify_bundle

    policy = read_trust(trust) if trust is not None else None
    fresh = None if max_age is None else Freshness(SystemClock().now(), timedelta(hours=max_age))
    if tsa_ca is not None:
        _stamps(None, tsa_ca)  # a file that cannot be read is refused, whatever the bundle holds
    return verify_bundle(
        bundle,
        trust=policy or find_log,
        registry=registry(),
        complete=complete,
        artifact=artifact,
        fresh=fresh,
        stamps=lambda known: _stamps(known, tsa_ca),
    )


def _stamps(policy: TrustPolicy | None, tsa_ca: Path | None) -> TimestampVerifier | None:
    from lotmark.bootstrap.api import timestamp_verifier  # brings readers of certificates: a tenth of a second that a bundle without stamps is spared

    return timestamp_verifier(policy, tsa_ca)


def _verify_artifact(output: Output, artifact: Path) -> VerificationReport:
    from lotmark.dossier.api import verify_artifact

    workspace = output.workspace()
    return verify_artifact(artifact, reader=workspace.reader, policy=workspace.trust_policy)


def format_report(report: VerificationReport) -> str:
    """The numbered steps, each with mark and word, what was found, and what it amounts to."""
    lines = []
    for step in report.steps:
        mark, color = _MARK[step.verdict]
        lines.append(f"{step.number} {click.style(f'{mark} {step.verdict:<11}', fg=color)} {step.name}")
        lines.append(f"    {step.detail}")
        lines += [f"    {line}" for finding in step.findings for line in format_finding(finding.to_wire()).splitlines()]
    words, color = _WORDS[report.verdict]
    about = report.about
    named = f"{about['product']} {about['version']}, {about['run']}: " if "run" in about else ""
    lines.append(f"{named}{click.style(words, fg=color, bold=True)}")
    return "\n".join(lines)
