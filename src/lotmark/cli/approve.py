"""`lotmark approve`: people decide, each with a key of their own."""

from datetime import timedelta
from typing import Any

import click

from lotmark.base.errors import ExitCode, NothingToJudgeError
from lotmark.cli._output import Output, table
from lotmark.cli._people import key_option, load_personal_key, person_option

_MEANINGS = ("review", "approval", "responsibility", "risk-acceptance", "authorship")


@click.group(name="approve")
def command() -> None:
    """Request, sign, reject, delegate, withdraw. Nothing is ever deleted."""


@command.command()
@click.option("--run", "run_id", default=None, help="The run (default: the newest).")
@click.pass_obj
def request(output: Output, run_id: str | None) -> int:
    """Show what is to be signed, by whom, and who has; exits 8 while signatures are missing, 1 if there is nothing to approve."""
    from lotmark.bootstrap.api import waiting_decision
    from lotmark.pipeline.api import run_approvals

    workspace = output.workspace()
    identity = _identity(output, workspace, run_id)
    decision, _ = waiting_decision(workspace, identity)
    status = run_approvals(workspace.settings(), identity)
    wire = {"run": identity.run, "decision": decision.envelope.payload_digest.hex, **status.to_wire()}
    output.result("approvals", wire, _describe(decision, status))
    if status.rejected or decision.statement.predicate["verdict"] != "accepted":
        return int(ExitCode.REFUSED)
    return int(ExitCode.ACCEPTED if status.complete else ExitCode.PENDING)


@command.command()
@person_option
@key_option
@click.option("--role", required=True, help="The role in which you sign.")
@click.option("--meaning", type=click.Choice(_MEANINGS), default="approval", show_default=True)
@click.option("--reason", required=True, help="Why; becomes part of the signed bytes.")
@click.option("--delegation", default=None, help="Sign on somebody's behalf, by this delegation (DLG-0001).")
@click.option("--run", "run_id", default=None, help="The run (default: the newest).")
@click.pass_obj
def sign(output: Output, person: str, key_file: str | None, role: str, meaning: Any, reason: str, delegation: str | None, run_id: str | None) -> None:
    """Sign the decision that a run waits on, with your passphrase-protected key."""
    _sign(output, person, key_file, role=role, meaning=meaning, reason=reason, delegation=delegation, run_id=run_id)


@command.command()
@person_option
@key_option
@click.option("--role", required=True, help="The role in which you reject.")
@click.option("--reason", required=True, help="Why; becomes part of the signed bytes.")
@click.option("--run", "run_id", default=None, help="The run (default: the newest).")
@click.pass_obj
def reject(output: Output, person: str, key_file: str | None, role: str, reason: str, run_id: str | None) -> None:
    """Reject the release; the next `lotmark run` closes the run as refused."""
    _sign(output, person, key_file, role=role, meaning="rejection", reason=reason, delegation=None, run_id=run_id)


@command.command()
@person_option
@key_option
@click.option("--to", "delegate", required=True, help="Id of the person who may act for you.")
@click.option("--role", required=True, help="The role that you delegate.")
@click.option("--tier", "tier_limit", type=click.Choice(["low", "medium", "high"]), required=True, help="Up to this risk tier.")
@click.option("--days", type=click.IntRange(1, 366), required=True, help="For so many days from now.")
@click.option("--reason", required=True)
@click.pass_obj
def delegate(output: Output, person: str, key_file: str | None, delegate: str, role: str, tier_limit: str, days: int, reason: str) -> None:
    """Let somebody sign on your behalf, as themselves, for a time and up to a risk tier."""
    from lotmark.bootstrap.api import sign_delegation

    workspace = output.workspace()
    signer = load_personal_key(person, key_file)
    until = workspace.clock.now() + timedelta(days=days)
    name, index = sign_delegation(workspace, person=person, signer=signer, delegate=delegate, role=role, tier_limit=tier_limit, until=until, reason=reason)
    output.result(
        "delegation",
        {"delegation": name, "index": index},
        f"{delegate} may sign as {role} on behalf of {person} up to tier {tier_limit}, {days} days\n{name} (entry {index})",
    )


@command.command()
@person_option
@key_option
@click.argument("index", type=click.IntRange(min=0))
@click.option("--reason", required=True)
@click.pass_obj
def withdraw(output: Output, person: str, key_file: str | None, index: int, reason: str) -> None:
    """Withdraw your approval or delegation at log entry INDEX; the withdrawn record stays."""
    from lotmark.bootstrap.api import sign_withdrawal

    workspace = output.workspace()
    made = sign_withdrawal(workspace, index, person=person, signer=load_personal_key(person, key_file), reason=reason)
    output.result("withdrawal", {"withdrawn": index, "index": made}, f"entry {index} is withdrawn\nentry {made}")


def _sign(output: Output, person: str, key_file: str | None, *, role: str, meaning: Any, reason: str, delegation: str | None, run_id: str | None) -> None:
    from lotmark.bootstrap.api import sign_approval, waiting_decision
    from lotmark.pipeline.api import run_approvals

    workspace = output.workspace()
    identity = _identity(output, workspace, run_id)
    decision, _ = waiting_decision(workspace, identity)
    output.note(_describe(decision, run_approvals(workspace.settings(), identity)))
    output.note(f"You sign as {role}, meaning {meaning}: {reason}")
    signer = load_personal_key(person, key_file)
    index = sign_approval(workspace, identity, person=person, signer=signer, role=role, meaning=meaning, reason=reason, delegation=delegation)
    status = run_approvals(workspace.settings(), identity)
    still = "; ".join(f"{missing.role} ({missing.meaning})" for missing in status.missing)
    after = f"still missing: {still}" if still else "`lotmark run` goes on now"
    output.result("signature", {"run": identity.run, "index": index, **status.to_wire()}, f"signed by {person} as {role}: {meaning}; {after}\nentry {index}")


def _identity(output: Output, workspace: Any, run_id: str | None) -> Any:
    from lotmark.pipeline.api import find_run

    del output
    identity = find_run(workspace.settings(), run_id)
    if identity is None:
        raise NothingToJudgeError("LM-CLI-019", "there is no such run", where=str(workspace.state), solution="`lotmark run` opens one")
    return identity


def _describe(decision: Any, status: Any) -> str:
    """Exactly what a signature is for: verdict, artifact, digests, tier, residual risks; then who signed and who is missing."""
    from lotmark.base.formats import show_text

    content = decision.statement.predicate
    rows = [
        ("run", content["run"]),
        ("version", f"{content['product']} {content['version']}"),
        ("artifact", f"{content['artifact']['name']}  sha256 {content['artifact']['sha256']}"),
        ("verdict", f"{content['verdict']}, {sum(1 for c in content['criteria'] if c['verdict'] == 'met')} of {len(content['criteria'])} criteria met"),
        ("risk tier", f"{content['tier']['name']} ({'; '.join(content['tier']['reasons'])})"),
        ("evidence", f"root {content['evidenceRoot'][:16]}, policy {content['policySha256'][:16]}, log size {content['logSize']}"),
        ("decision", decision.envelope.payload_digest.hex),
    ]
    rows += [("relaxed", f"{entry['criterion']}: {entry['how']}") for entry in content["relaxed"]]
    told = [f"✓ {each.name}, {each.role}: {each.meaning} at {each.signed_at} ({each.zone})" for each in status.accepted]
    told += [f"✗ {each.person} (entry {each.index}) does not count, {each.code}: {each.reason}" for each in status.ignored]
    told += [f"✗ {each.name}, {each.role}, rejected: {each.reason}" for each in status.rejections]
    told += [f"… {each.role}: {each.meaning}, {each.have} of {each.count}" for each in status.missing]
    told += [f"✗ {problem}" for problem in status.problems]
    return "\n".join((table(rows), *map(show_text, told)))  # a line feed in a reason makes no line of its own
