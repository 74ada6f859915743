"""`lotmark waive`: a signed exception; never silent, never without an end."""

from datetime import date

import click

from lotmark.base.errors import UsageError
from lotmark.cli._output import Output
from lotmark.cli._people import key_option, load_personal_key, person_option


@click.command(name="waive")
@person_option
@key_option
@click.option("--role", required=True, help="The role in which you sign.")
@click.option("--test", "tests", multiple=True, help="A test id that is excepted (may be repeated).")
@click.option("--requirement", "requirements", multiple=True)
@click.option("--hazard", "hazards", multiple=True)
@click.option("--risk-control", "risk_controls", multiple=True)
@click.option("--reason", default="", help="Why the exception is needed.")
@click.option("--residual-risk", default="", help="What remains at risk while it holds.")
@click.option("--owner", default=None, help="Who mends it (default: you).")
@click.option("--expires", default=None, metavar="YYYY-MM-DD", help="Last day on which it holds; there is no waiver without one.")
@click.option("--any-version", is_flag=True, help="Hold for every version until it expires, not only for the present one.")
@click.option("--close", "closed", default=None, metavar="WVR-0001", help="Instead: end this waiver now.")
@click.pass_obj
def command(
    output: Output,
    person: str,
    key_file: str | None,
    role: str,
    tests: tuple[str, ...],
    requirements: tuple[str, ...],
    hazards: tuple[str, ...],
    risk_controls: tuple[str, ...],
    reason: str,
    residual_risk: str,
    owner: str | None,
    expires: str | None,
    any_version: bool,
    closed: str | None,
) -> None:
    """Sign an exception for named tests, requirements, hazards or risk controls."""
    from lotmark.bootstrap.api import close_waiver, sign_waiver
    from lotmark.matrix.models import WaiverScope

    workspace = output.workspace()
    if closed:
        index = close_waiver(workspace, closed, person=person, signer=load_personal_key(person, key_file), role=role, reason=reason)
        output.result("waiver-closure", {"waiver": closed, "index": index}, f"{closed} holds no longer\nentry {index}")
        return
    if expires is None:
        raise UsageError("LM-MTX-063", "a waiver without an end would become the rule", solution="give --expires YYYY-MM-DD")
    try:
        last_day = date.fromisoformat(expires)
    except ValueError as error:
        raise UsageError("LM-MTX-063", f"{expires!r} is no day", solution="give --expires as YYYY-MM-DD") from error
    waiver, index = sign_waiver(
        workspace,
        person=person,
        signer=load_personal_key(person, key_file),
        role=role,
        scope=WaiverScope(tests=tests, requirements=requirements, hazards=hazards, risk_controls=risk_controls),
        version=None if any_version else workspace.product.version,
        reason=reason,
        residual_risk=residual_risk,
        owner=owner or person,
        expires=last_day,
    )
    output.result("waiver", {"waiver": waiver, "index": index}, f"{waiver} holds until {expires}\nentry {index}")
