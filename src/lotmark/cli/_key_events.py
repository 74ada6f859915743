"""What every command that changes keys shares: who signs, the proposal that is signed elsewhere, and what became of it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output
from lotmark.cli._people import load_signer

if TYPE_CHECKING:
    from lotmark.attest.models import Evidence, KeyRecord
    from lotmark.bootstrap.api import KeyChange, Workspace


def administrator_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--as PERSON --key KEY`` for who signs here, or ``--propose FILE`` for who signs elsewhere."""
    for option in (
        click.option(
            "--propose", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Sign nothing: write the event for `lotmark key root sign`."
        ),
        click.option("--key", default=None, help="The administrator's key: a file, or the URI of a key in a token or key service."),
        click.option("--as", "administrator", default=None, help="Id of the administrator who signs."),
    ):
        function = option(function)
    return function


def reason_option(default: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--reason TEXT``, asked for where there is no usual one."""
    # A default that is None would count as given.
    asked: dict[str, Any] = {"required": True} if default is None else {"default": default, "show_default": True}
    return click.option("--reason", help="Why; it stands in the ledger.", **asked)


def overlap_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--overlap N``."""
    return click.option(
        "--overlap", type=click.IntRange(min=0, max=2**32), default=0, show_default=True, help="For how many further entries the old key counts too."
    )(function)


def apply_event(
    output: Output, workspace: "Workspace", event: "Evidence", signing: dict[str, Any], *, schema: str, value: dict[str, Any], told: Callable[[int], str]
) -> int:
    """Propose the event, or sign and append it; `told` says what it means once it took effect. Gives the exit code."""
    from lotmark.bootstrap.api import change_keys, propose

    place, administrator = signing["propose"], signing["administrator"]
    if (place is None) == (administrator is None):
        raise UsageError("LM-CLI-024", "say who signs: --as ADMINISTRATOR here, or --propose FILE elsewhere", solution="give one of the two")
    if place is not None:
        write_new(place, propose(workspace, event))
        output.note("Each root person signs it with `lotmark key root sign`, where his key is; `lotmark key root combine` records the signatures.")
        output.result("key-proposed", {"proposal": str(place), **value}, str(place))
        return int(ExitCode.ACCEPTED)
    signer = load_signer(signing["key"], person=administrator)
    change = change_keys(workspace, event, signer)
    return change_text(output, change, schema=schema, value=value, told=told(change.index))


def change_text(output: Output, change: "KeyChange", *, schema: str, value: dict[str, Any], told: str) -> int:
    """Print what became of an event; exit 8 while root persons are missing."""
    value = {**value, "index": change.index, "effective": change.effective, "signed": list(change.signed), "needed": change.needed}
    if change.effective:
        output.result(schema, value, told)
        if change.advice:
            output.note(change.advice)
        return int(ExitCode.ACCEPTED)
    output.result(
        schema,
        value,
        f"KEY_CHANGE_UNAPPROVED (LM-CLI-026): {len(change.signed)} of {change.needed} root persons have signed ({', '.join(change.signed)}); nothing changed yet\n"
        f"entry {change.index}",
    )
    output.note(f"help: another root person runs `lotmark key root sign {change.index} --as PERSON`")
    return int(ExitCode.PENDING)


def write_new(place: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        UsageError: LM-CLI-011 if it is.
    """
    try:
        with place.open("xb") as stream:
            stream.write(data)
    except FileExistsError as error:
        raise UsageError("LM-CLI-011", f"{place} exists and is never overwritten", where=str(place), solution="choose another path") from error


def key_rows(keys: "Iterable[KeyRecord]") -> list[tuple[str, ...]]:
    """A table of keys: id, kind, holder, and the interval of log indices in which each counts."""
    rows: list[tuple[str, ...]] = [("key", "kind", "person", "counts from", "until", "")]
    for key in keys:
        end = key.ended_by
        if key.disowned is not None:
            end += f", disowned from {key.disowned[0]} to {key.disowned[1]}"
        until = "now" if key.valid_until is None else str(key.valid_until)
        rows.append((key.key_id[:12], key.kind, key.name if key.person else "", str(key.valid_from), until, end))
    return rows
