"""`lotmark init`: first files for a repository that exists, and its ledger."""

import secrets

import click

from lotmark.cli._output import Output


@click.command(name="init")
@click.option("--id", "product_id", default=None, help="Namespace of the product's identifiers (default: from the folder's name).")
@click.option("--as", "administrator", default=None, help="Also open the ledger, with this person (id in people.yaml) as its administrator.")
@click.option("--key", "key_file", default=None, help="The administrator's key: a file, or the URI of a key in a token or key service.")
@click.pass_obj
def command(output: Output, product_id: str | None, administrator: str | None, key_file: str | None) -> None:
    """Write lotmark.yaml, quality/ and a CI file where they are missing; overwrites nothing, asks nothing.

    With --as, opens the ledger in .lotmark: its log key, the pipeline's key, and the administrator's root key.
    """
    from lotmark.bootstrap.api import write_first_files
    from lotmark.product.api import find_root

    root = find_root(output.product)
    written = write_first_files(output.config or root, root, product_id)
    for path in written:
        output.note(f"wrote {path}")
    opened = _open_ledger(output, administrator, key_file) if administrator else None
    if opened is None and not (output.workspace().state / "trust.json").is_file():
        output.note(
            "Next: fill in people.yaml, then `lotmark key generate --as YOU` and `lotmark init --as YOU` open the ledger. `lotmark check` says what is missing."
        )
    text = f"{len(written)} files written" + (f"; ledger {opened} opened" if opened else "")
    output.result("init", {"written": [str(path) for path in written], "origin": opened}, text)


def _open_ledger(output: Output, administrator: str, key_file: str | None) -> str:
    from lotmark.approvals.api import read_people
    from lotmark.attest.models import Person
    from lotmark.base.errors import UsageError
    from lotmark.bootstrap.api import create_state, remember_log
    from lotmark.cli._people import load_personal_key

    workspace = output.workspace()
    product = workspace.product
    people = read_people(product.quality / "people.yaml", name="quality/people.yaml").value.people
    person = next((known for known in people if known.id == administrator), None)
    if person is None:
        raise UsageError("LM-CLI-012", f"{administrator!r} does not stand in people.yaml", where="quality/people.yaml", solution="add the person there first")
    root = load_personal_key(administrator, key_file)
    origin = f"lotmark.local/{product.id}/{secrets.token_hex(8)}"
    policy = create_state(
        workspace.state, origin=origin, product=product.id, administrator=Person(person.id, person.name, person.email), root=root, clock=workspace.clock
    )
    remember_log(policy)
    output.note(f"ledger: {workspace.state}\ntrust:  {workspace.state / 'trust.json'} (give it to whoever must verify)")
    return origin
