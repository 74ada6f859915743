"""`lotmark key root`: the root persons, how many must sign, and signing where the root keys are, without a network or the ledger."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotmark.base.errors import UsageError
from lotmark.cli._key_events import administrator_options, apply_event, change_text, key_rows, reason_option, write_new
from lotmark.cli._output import Output, table
from lotmark.cli._people import load_signer

if TYPE_CHECKING:
    from lotmark.attest.models import Trust
    from lotmark.attest.predicates import KeyEvent

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(invoke_without_command=True)
@click.pass_context
def root(context: click.Context) -> None:
    """Show the root keys, how many persons must sign a change, and what waits for signatures."""
    if context.invoked_subcommand is not None:
        return
    output: Output = context.obj
    workspace = output.workspace()
    trust, size = workspace.reader.trust(), workspace.ledger.size
    keys = trust.valid_at(size, "root")
    persons = sorted({key.person for key in keys})
    waiting: list[dict[str, Any]] = [{"index": item.index, "payload": item.payload.hex, "signed": _persons(trust, item.signers)} for item in trust.proposals]
    lines = [table(key_rows(keys)), f"{trust.root_threshold} of {len(persons)} root persons sign a change of keys"]
    lines += [f"entry {item['index']} waits: signed by {', '.join(item['signed'])}" for item in waiting]
    if len(persons) <= trust.root_threshold:
        lines.append("! if one of them loses the key, nobody can change keys any more: enrol another root person")
    value = {"threshold": trust.root_threshold, "persons": persons, "keys": [key.key_id for key in keys], "waiting": waiting}
    output.result("roots", value, "\n".join(lines))


def _persons(trust: "Trust", signers: tuple[str, ...]) -> list[str]:
    return [key.person for key in map(trust.find, signers) if key is not None]


@root.command()
@click.argument("count", type=click.IntRange(min=1, max=9))
@reason_option("how many root persons sign")
@administrator_options
@click.pass_obj
def threshold(output: Output, /, count: int, reason: str, **signing: Any) -> int:
    """Let COUNT root persons sign each later change of keys; confirms every key that counts now."""
    from lotmark.bootstrap.api import set_threshold

    workspace = output.workspace()

    def told(index: int) -> str:
        return f"{count} root persons sign each change of keys after log index {index}\nentry {index}"

    return apply_event(output, workspace, set_threshold(workspace, count, reason), signing, schema="root-threshold", value={"threshold": count}, told=told)


@root.command()
@click.argument("event")
@click.option("--as", "person", default=None, help="Your id, to find your key in your lotmark configuration folder.")
@click.option("--key", default=None, help="Your root key: a file, or the URI of a key in a token or key service.")
@click.option("--output", "-o", "place", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Where the signature goes, if EVENT is a file.")
@click.pass_obj
def sign(output: Output, event: str, person: str | None, key: str | None, place: Path | None) -> int:
    """Sign EVENT with your root key: a file made with --propose (here or offline), or the number of an entry that waits.

    A file needs neither product nor ledger nor network: carry it to where the root key is, and the signature back.
    """
    if event.isascii() and event.isdigit() and not Path(event).exists():
        return _sign_entry(output, int(event), person, key)
    from lotmark.attest.api import sign_payload
    from lotmark.bootstrap.api import read_proposal

    source = Path(event)
    if not source.is_file():
        raise UsageError("LM-CLI-024", f"{event} is neither a file nor the number of an entry", solution="make the file with --propose FILE")
    payload = source.read_bytes()
    told = describe(read_proposal(payload))
    output.note(f"You sign: {told}")
    signer = load_signer(key, person=person)
    envelope = sign_payload(payload, signer)
    target = place or source.with_name(f"{source.name}.{signer.key_id[:12]}.sig")
    write_new(target, envelope.raw)
    value = {"event": told, "payload": envelope.payload_digest.hex, "keyId": signer.key_id, "signature": str(target)}
    output.result("root-signature", value, str(target))
    return 0


def _sign_entry(output: Output, index: int, person: str | None, key: str | None) -> int:
    from lotmark.bootstrap.api import countersign, read_proposal

    workspace = output.workspace()
    entry = workspace.ledger.entry(index)
    envelope = workspace.ledger.envelope(entry)
    told = describe(read_proposal(envelope.payload)) if entry.header.kind == "key-event" else describe_record(envelope.payload)
    output.note(f"You sign: {told}")
    change = countersign(workspace, index, load_signer(key, person=person))
    return change_text(output, change, schema="key-change", value={}, told=f"signed by {', '.join(change.signed)}; in effect\nentry {change.index}")


@root.command()
@click.argument("signatures", nargs=-1, required=True, type=_FILE)
@click.pass_obj
def combine(output: Output, signatures: tuple[Path, ...]) -> int:
    """Record the SIGNATURES that root persons made under one event; it takes effect once enough persons have signed."""
    from lotmark.bootstrap.api import append_signatures, read_signature

    change = append_signatures(output.workspace(), [read_signature(place.read_bytes()) for place in signatures])
    return change_text(output, change, schema="key-change", value={}, told=f"signed by {', '.join(change.signed)}; in effect\nentry {change.index}")


def describe(event: "KeyEvent") -> str:
    """A key event in one line, for who signs it."""
    from lotmark.attest.predicates import Compromise, Rotation, Threshold

    if isinstance(event, Threshold):
        return f"{event.threshold} root persons sign each change of keys; {len(event.keys)} keys count ({event.reason})"
    name = str(event.__struct_config__.tag)
    holder = f" of {event.person.name}" if event.person else ""
    text = f"{name} the {event.key.kind} key {event.key.id}{holder}"
    if isinstance(event, Rotation):
        text += f", followed by {event.successor.id}, both for {event.overlap} entries"
    if isinstance(event, Compromise):
        text += f", counting before log index {event.counts_before} only"
    return f"{text} ({event.reason})"


def describe_record(payload: bytes) -> str:
    """A role event or an adoption in one line, for who signs it."""
    from lotmark.attest.api import parse_json

    told = parse_json(payload)["predicate"]
    if "path" in told:
        return f"adopt {told['path']}, sha256 {told['sha256']} ({told['reason']})"
    return f"{told['event']} {told['person']} the role {told['role']} ({told['reason']})" if "role" in told else "a record that is no change of administration"
