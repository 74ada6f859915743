"""`lotmark key`: keys of people and machines, and from which log index to which each may sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotmark.base.errors import UsageError
from lotmark.cli._key_events import administrator_options, apply_event, change_text, key_rows, overlap_option, reason_option
from lotmark.cli._output import Output, table
from lotmark.cli._people import key_path, load_signer, new_passphrase, person_option, read_public_key
from lotmark.cli.key_governance import adopt, role
from lotmark.cli.key_root import root

if TYPE_CHECKING:
    from lotmark.attest.models import KeyRecord
    from lotmark.bootstrap.api import Workspace

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(name="key")
def command() -> None:
    """Keys of people and machines, and from which log index to which each may sign."""


for _part in (root, role, adopt):
    command.add_command(_part)


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
@click.argument("key")
@click.option("--output", "-o", "place", type=click.Path(path_type=Path), default=None, help="Write the PEM to this file.")
@click.pass_obj
def public(output: Output, key: str, place: Path | None) -> None:
    """Print the public half of the key that KEY (a file or URI) names, as PEM; for enrolling a key in a token or key service."""
    from lotmark.attest.api import algorithm_of, public_pem

    signer = load_signer(key)
    pem = public_pem(signer.public_key)
    if place is not None:
        place.write_bytes(pem)
    value = {"keyId": signer.key_id, "algorithm": algorithm_of(signer.public_key), "pem": pem.decode("ascii")}
    output.result("public-key", value, signer.key_id if place else pem.decode("ascii").rstrip())


@command.command()
@click.argument("person", required=False)
@click.option("--public", "public_file", type=_FILE, required=True, help="The public key (PEM).")
@click.option("--kind", type=click.Choice(["person", "root", "pipeline", "log"]), default=None, help="What the key is for (default: a person's signatures).")
@reason_option("joins the product's team")
@click.option(
    "--root", "as_root", is_flag=True, help="As an administrator's key, which may itself enrol and revoke. Have two: a root key is revoked by another."
)
@administrator_options
@click.pass_obj
def enrol(output: Output, /, person: str | None, public_file: Path, kind: str | None, reason: str, as_root: bool, **signing: Any) -> int:
    """Let a key of PERSON, or of a machine, count from now on; signed by an administrator's root key."""
    from lotmark.attest.api import key_event
    from lotmark.bootstrap.api import seal_person

    workspace = output.workspace()
    chosen: Any = "root" if as_root else kind or "person"
    machine = chosen in {"pipeline", "log"}
    if machine == (person is not None):
        raise UsageError("LM-CLI-012", "a machine's key has no person, any other has one", solution="name the person, or --kind pipeline or log")
    holder = None if person is None else find_holder(workspace, person)
    event = key_event(
        "enrol", public_key=read_public_key(public_file), kind=chosen, person=seal_person(workspace, holder), reason=reason, at=workspace.clock.now()
    )

    def told(index: int) -> str:
        return f"{person or f'the {chosen} key'} may sign from log index {index + 1} on\nentry {index}"

    return apply_event(output, workspace, event, signing, schema="key-enrolled", value={"person": person or ""}, told=told)


def find_holder(workspace: "Workspace", person: str) -> Any:
    """The person as people.yaml knows him.

    Raises:
        UsageError: LM-CLI-012 if it does not.
    """
    from lotmark.approvals.api import read_people
    from lotmark.attest.models import Person

    people = read_people(workspace.product.quality / "people.yaml", name="quality/people.yaml").value.people
    known = next((candidate for candidate in people if candidate.id == person), None)
    if known is None:
        raise UsageError(
            "LM-CLI-012",
            f"{person!r} does not stand in people.yaml",
            where="quality/people.yaml",
            solution="add the person there, under change control, then enrol the key",
        )
    return Person(known.id, known.name, known.email)


@command.command()
@click.argument("key_id")
@click.option("--public", "public_file", type=_FILE, required=True, help="The public half of the key that follows (PEM).")
@overlap_option
@reason_option("regular change of the key")
@administrator_options
@click.pass_obj
def rotate(output: Output, /, key_id: str, public_file: Path, overlap: int, reason: str, **signing: Any) -> int:
    """Let another key of the same holder follow the key KEY_ID; for OVERLAP entries both count."""
    from lotmark.bootstrap.api import end_key

    workspace = output.workspace()
    key = get_key(workspace, key_id)
    event = end_key(workspace, key, event="rotate", successor=read_public_key(public_file), overlap=overlap, reason=reason)

    def told(index: int) -> str:
        return f"the new key counts from log index {index + 1} on, {key.key_id[:12]} until before {index + 1 + overlap}\nentry {index}"

    return apply_event(output, workspace, event, signing, schema="key-rotated", value={"keyId": key.key_id}, told=told)


@command.command()
@click.argument("key_id")
@reason_option()
@administrator_options
@click.pass_obj
def revoke(output: Output, /, key_id: str, reason: str, **signing: Any) -> int:
    """Let a key count no longer; what it signed before stays valid."""
    return _end(output, key_id, "revoke", 0, reason, signing)


@command.command()
@click.argument("key_id")
@click.option("--compromised-from", type=click.IntRange(min=0), default=None, help="Somebody else may have it: the log index from which nothing counts.")
@reason_option()
@administrator_options
@click.pass_obj
def lost(output: Output, /, key_id: str, compromised_from: int | None, reason: str, **signing: Any) -> int:
    """Report a key as lost: nobody can sign with it any more, what it signed stays.

    If somebody else may have it, say from which log index on nothing that it signed may count. Evidence and keys that rest on it
    fall with it: they are kept, and never counted again.
    """
    event = "lost" if compromised_from is None else "compromised"
    return _end(output, key_id, event, compromised_from or 0, reason, signing)


def _end(output: Output, key_id: str, event: str, counts_before: int, reason: str, signing: dict[str, Any]) -> int:
    from lotmark.bootstrap.api import end_key

    workspace = output.workspace()
    key = get_key(workspace, key_id)
    evidence = end_key(workspace, key, event=event, counts_before=counts_before, reason=reason)

    def told(index: int) -> str:
        return f"{key.key_id[:12]} counts no longer from log index {counts_before if event == 'compromised' else index} on\nentry {index}"

    return apply_event(output, workspace, evidence, signing, schema="key-revoked", value={"keyId": key.key_id, "event": event}, told=told)


def get_key(workspace: "Workspace", key_id: str) -> "KeyRecord":
    """The one key whose id begins so.

    Raises:
        UsageError: LM-CLI-013 if there is none, or several.
    """
    found = [key for key in workspace.reader.trust().keys if key.key_id.startswith(key_id)]
    if len(found) != 1:
        raise UsageError("LM-CLI-013", f"{len(found)} keys begin with {key_id!r}", solution="`lotmark key list` shows them")
    return found[0]


@command.command(name="list")
@click.pass_obj
def list_keys(output: Output) -> None:
    """Every key that was ever enrolled, with the log indices for which it counts."""
    workspace = output.workspace()
    _show(output, workspace.reader.trust().keys)


def _show(output: Output, keys: "tuple[KeyRecord, ...]", second: tuple[str, int] | None = None) -> None:
    wire = [
        {
            "keyId": key.key_id,
            "algorithm": key.algorithm,
            "kind": key.kind,
            "person": key.person,
            "name": key.name,
            "validFrom": key.valid_from,
            "validUntil": key.valid_until,
            "endedBy": key.ended_by or None,
            "disowned": list(key.disowned) if key.disowned else None,
        }
        for key in keys
    ]
    value: dict[str, Any] = {"keys": wire}
    text = table(key_rows(keys))
    if second is not None:
        value["second"] = {"vkey": second[0], "from": second[1]}
        name, digest, _ = second[0].split("+", 2)
        text += f"\nsecond key (ML-DSA-44) {name}+{digest}: on every checkpoint from size {second[1]} on"
    output.result("keys", value, text)


def _machine_group(kind: Any) -> click.Group:
    """``lotmark key log`` and ``lotmark key pipeline``: the keys of a machine, and the next one."""

    @click.group(name=kind, invoke_without_command=True, help=f"Show the {kind} keys; `rotate` makes the next one.")
    @click.pass_context
    def group(context: click.Context) -> None:
        if context.invoked_subcommand is None:
            output: Output = context.obj
            workspace = output.workspace()
            policy = workspace.trust_policy
            second = (policy.second_log_key, policy.second_log_key_from) if kind == "log" and policy.second_log_key else None
            _show(output, tuple(key for key in workspace.reader.trust().keys if key.kind == kind), second)

    @group.command(name="rotate", help=f"Let a fresh {kind} key of this machine follow the one that signs now.")
    @click.option("--signer", "uri", default=None, help="The URI of a key in a token or key service (default: a new file in the state folder).")
    @overlap_option
    @reason_option("regular change of the key")
    @administrator_options
    @click.pass_obj
    def rotate_machine(output: Output, /, uri: str | None, overlap: int, reason: str, **signing: Any) -> int:
        from lotmark.bootstrap.api import rotate_machine_key

        if signing["propose"] is not None:
            raise UsageError(
                "LM-CLI-024",
                f"the {kind} key is made here, so its rotation is signed here first",
                solution="run it with your root key; the others sign with `lotmark key root sign`",
            )
        workspace = output.workspace()
        signer = load_signer(signing["key"], person=signing["administrator"])
        change, made = rotate_machine_key(workspace, kind, uri=uri, overlap=overlap, reason=reason, root=signer)
        counts = f"the {kind} key {made.key_id[:12]} counts from log index {change.index + 1} on\nentry {change.index}"
        return change_text(output, change, schema="key-rotated", value={"keyId": made.key_id}, told=counts)

    return group


_GROUPS = {kind: _machine_group(kind) for kind in ("log", "pipeline")}
for _group in _GROUPS.values():
    command.add_command(_group)


@_GROUPS["log"].command()
@click.option("--replace", "again", is_flag=True, help="Make another key in the place of the one that the log has.")
@click.pass_obj
def second(output: Output, again: bool) -> None:
    """Let the log sign its checkpoints with ML-DSA-44 (FIPS 204) too, from the next entry on.

    The key lies beside the log key. Who trusts the log by the new trust.json refuses a checkpoint without it; who does not, sees one line more.
    """
    from lotmark.bootstrap.api import add_second_key, advise, record_event

    workspace = output.workspace()
    policy = add_second_key(workspace, again=again)
    name, digest, _ = policy.second_log_key.split("+", 2)
    record_event(workspace, "administration:second-log-key:made", subject=f"{name}+{digest}", detail="replaces an earlier one" if again else "")
    start = policy.second_log_key_from
    output.result("second-log-key", {"vkey": policy.second_log_key, "from": start}, f"second log key {name}+{digest}: on every checkpoint from size {start} on")
    output.note(advise(workspace, rotated=False))
