"""`lotmark key`: personal keys, and who may sign as whom."""

from pathlib import Path

import click

from lotmark.base.errors import UsageError
from lotmark.cli._output import Output, table
from lotmark.cli._people import key_path, load_personal_key, new_passphrase, person_option


@click.group(name="key")
def command() -> None:
    """Personal keys, and who may sign as whom."""


@command.command()
@person_option
@click.option("--file", "path", type=click.Path(path_type=Path), default=None, help="Where the key goes (default: your lotmark configuration folder).")
@click.pass_obj
def generate(output: Output, person: str, path: Path | None) -> None:
    """Make a personal key, protected by a passphrase that only its person knows."""
    from lotmark.attest.api import KeySigner, generate_key, public_pem, write_key

    place = path or key_path(person)
    if place.suffix == ".pub":
        raise UsageError("LM-CLI-011", f"{place} would hold the private and the public key", where=str(place), solution="name the private key's file otherwise")
    passphrase = new_passphrase(person)
    private = generate_key()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_key(place, private, passphrase)
    signer = KeySigner(private)
    public = place.with_suffix(".pub")
    public.write_bytes(public_pem(signer.public_key))
    output.note(f"private key: {place}\npublic key:  {public}\nAn administrator enrols it with `lotmark key enrol {person} --public {public}`.")
    output.result("key", {"person": person, "keyId": signer.key_id, "private": str(place), "public": str(public)}, signer.key_id)


@command.command()
@click.argument("person")
@click.option("--public", "public_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="The person's public key (PEM).")
@click.option("--as", "administrator", required=True, help="Id of the administrator who signs the enrolment.")
@click.option("--key", "key_file", type=click.Path(path_type=Path), default=None, help="The administrator's key file.")
@click.option("--reason", default="joins the product's team", show_default=True)
@click.option(
    "--root", "as_root", is_flag=True, help="As an administrator's key, which may itself enrol and revoke. Have two: a root key is revoked by another."
)
@click.pass_obj
def enrol(output: Output, person: str, public_file: Path, administrator: str, key_file: Path | None, reason: str, as_root: bool) -> None:
    """Let a person's key count from now on; signed by an administrator's root key."""
    from lotmark.approvals.api import read_people
    from lotmark.attest.api import parse_public_pem
    from lotmark.attest.models import Person
    from lotmark.bootstrap.api import enrol_key

    workspace = output.workspace()
    people = read_people(workspace.product.quality / "people.yaml", name="quality/people.yaml").value.people
    known = next((candidate for candidate in people if candidate.id == person), None)
    if known is None:
        raise UsageError(
            "LM-CLI-012",
            f"{person!r} does not stand in people.yaml",
            where="quality/people.yaml",
            solution="add the person there, under change control, then enrol the key",
        )
    root = load_personal_key(administrator, key_file)
    index = enrol_key(
        workspace,
        public_key=parse_public_pem(public_file.read_bytes()),
        kind="root" if as_root else "person",
        person=Person(known.id, known.name, known.email),
        reason=reason,
        root=root,
    )
    output.result("key-enrolled", {"person": person, "index": index}, f"{person} may sign from log index {index + 1} on\nentry {index}")


@command.command()
@click.argument("key_id")
@click.option("--as", "administrator", required=True, help="Id of the administrator who signs the revocation.")
@click.option("--key", "key_file", type=click.Path(path_type=Path), default=None, help="The administrator's key file.")
@click.option("--reason", required=True)
@click.pass_obj
def revoke(output: Output, key_id: str, administrator: str, key_file: Path | None, reason: str) -> None:
    """Let a key count no longer; what it signed before stays valid."""
    from lotmark.attest.models import Person
    from lotmark.bootstrap.api import revoke_key

    workspace = output.workspace()
    found = [key for key in workspace.reader.trust().keys if key.key_id.startswith(key_id)]
    if len(found) != 1:
        raise UsageError("LM-CLI-013", f"{len(found)} keys begin with {key_id!r}", solution="`lotmark key list` shows them")
    key = found[0]
    person = Person(key.person, key.name, key.email) if key.person else None
    index = revoke_key(workspace, public_key=key.public_key, kind=key.kind, person=person, reason=reason, root=load_personal_key(administrator, key_file))
    output.result("key-revoked", {"keyId": key.key_id, "index": index}, f"{key.key_id[:12]} counts no longer from log index {index} on\nentry {index}")


@command.command(name="list")
@click.pass_obj
def list_keys(output: Output) -> None:
    """Every key that was ever enrolled, with the log indices for which it counts."""
    workspace = output.workspace()
    keys = workspace.reader.trust().keys
    wire = [
        {"keyId": key.key_id, "kind": key.kind, "person": key.person, "name": key.name, "validFrom": key.valid_from, "validUntil": key.valid_until}
        for key in keys
    ]
    rows = [("key", "kind", "person", "counts from", "until")]
    rows += [
        (key.key_id[:12], key.kind, key.name if key.person else "", str(key.valid_from), "now" if key.valid_until is None else str(key.valid_until))
        for key in keys
    ]
    output.result("keys", {"keys": wire}, table(rows))
