"""`lotmark key role` and `lotmark key adopt`: roles, and the quality files that decide, under the signatures of root persons."""

from typing import Any, Literal

import click

from lotmark.base.errors import UsageError
from lotmark.cli._key_events import change_text, reason_option
from lotmark.cli._output import Output, table
from lotmark.cli._people import load_signer


def _signer_options(function: Any) -> Any:
    key = click.option("--key", default=None, help="The administrator's key: a file, or the URI of a key in a token or key service.")
    return key(click.option("--as", "administrator", required=True, help="Id of the administrator who signs.")(function))


@click.group(invoke_without_command=True)
@click.pass_context
def role(context: click.Context) -> None:
    """Show who holds which role by the ledger; `grant` and `withdraw` change it.

    While the ledger holds no role event, people.yaml alone says who holds which role. From the first one on a role counts only
    where the ledger gives it too. Nobody's own signature counts under a role for himself.
    """
    if context.invoked_subcommand is not None:
        return
    from lotmark.approvals.api import read_roles

    output: Output = context.obj
    workspace = output.workspace()
    size = workspace.ledger.size
    book = read_roles(workspace.reader.entries(kind="role-event"), workspace.reader.trust(), product=workspace.product.id)
    pairs = sorted({(event[2], event[3]) for event in book.events})
    held = [{"person": person, "role": name} for person, name in pairs if book.holds(person, name, size)]
    text = table([("person", "role"), *((item["person"], item["role"]) for item in held)]) if book.events else "roles are as people.yaml says"
    output.result("roles", {"kept": bool(book.events), "roles": held}, text)


@role.command()
@click.argument("person")
@click.argument("name", metavar="ROLE")
@reason_option()
@_signer_options
@click.pass_obj
def grant(output: Output, person: str, name: str, reason: str, administrator: str, key: str | None) -> int:
    """Give PERSON the ROLE from the next entry on."""
    return _change(output, "grant", person, name, reason, administrator, key)


@role.command()
@click.argument("person")
@click.argument("name", metavar="ROLE")
@reason_option()
@_signer_options
@click.pass_obj
def withdraw(output: Output, person: str, name: str, reason: str, administrator: str, key: str | None) -> int:
    """Take the ROLE from PERSON from the next entry on."""
    return _change(output, "withdraw", person, name, reason, administrator, key)


def _change(output: Output, act: Literal["grant", "withdraw"], person: str, name: str, reason: str, administrator: str, key: str | None) -> int:
    from lotmark.approvals.api import find_person, read_people, role_evidence
    from lotmark.bootstrap.api import sign_record

    workspace = output.workspace()
    if find_person(read_people(workspace.product.quality / "people.yaml", name="quality/people.yaml").value, person) is None:
        raise UsageError(
            "LM-CLI-012", f"{person!r} does not stand in people.yaml", where="quality/people.yaml", solution="add the person there, under change control"
        )
    record = role_evidence(act, product=workspace.product.id, person=person, role=name, reason=reason, at=workspace.clock.now())
    change = sign_record(workspace, record, load_signer(key, person=administrator))
    told = f"{person} {'holds' if act == 'grant' else 'no longer holds'} the role {name} from log index {change.index + 1} on\nentry {change.index}"
    return change_text(output, change, schema="role-change", value={"person": person, "role": name}, told=told)


@click.command()
@click.argument("path")
@reason_option("approved version")
@_signer_options
@click.pass_obj
def adopt(output: Output, path: str, reason: str, administrator: str, key: str | None) -> int:
    """Let the present version of PATH (quality/policy.yaml, approvals.yaml, people.yaml or matrix.yaml) decide releases, and no other.

    From then on a run with another version, older or newer, is refused at the gate until root persons adopt that one.
    """
    from lotmark.bootstrap.api import sign_record
    from lotmark.policy.api import ADOPTED_FILES, adoption_evidence

    workspace = output.workspace()
    place = workspace.product.config_root / path
    if path not in ADOPTED_FILES or not place.is_file():
        raise UsageError("LM-CLI-027", f"{path!r} is not among the files that decide", where=path, solution=f"name one of {', '.join(ADOPTED_FILES)}")
    record = adoption_evidence(product=workspace.product.id, path=path, content=place.read_bytes(), reason=reason, at=workspace.clock.now())
    change = sign_record(workspace, record, load_signer(key, person=administrator))
    sha256 = record.predicate["sha256"]
    told = f"{path} ({sha256[:12]}) decides from log index {change.index + 1} on, and no other version\nentry {change.index}"
    return change_text(output, change, schema="adoption", value={"path": path, "sha256": sha256}, told=told)
