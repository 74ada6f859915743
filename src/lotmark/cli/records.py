"""`lotmark records`: how long records are kept, what holds them, and how they end."""

import functools
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.cli._output import Output, table
from lotmark.cli._people import key_option, load_personal_key, person_option

if TYPE_CHECKING:
    from lotmark.bootstrap.api import Acted, Workspace
    from lotmark.records.api import LockReport

_By: TypeAlias = Callable[[], dict[str, Any]]
"""Who signs, with which key, and why: what each act takes by name."""


_SHOWN = 10


@click.group(name="records")
def command() -> None:
    """How long records are kept, what holds them, and how they end."""


@command.command()
@click.pass_obj
def classes(output: Output) -> None:
    """The retention classes: how long, by which clause, from which event on."""
    from lotmark.records.api import CLASSES

    wire = [
        {"name": each.name, "title": each.title, "clause": each.clause, "basis": each.basis, "trigger": each.trigger, "years": each.years} for each in CLASSES
    ]
    rows = [("class", "kept", "by"), *((each.name, _period(each), each.clause) for each in CLASSES)]
    output.result("retention-classes", {"classes": wire}, table(rows))


@command.command()
@click.pass_obj
def status(output: Output) -> None:
    """Every run with its retention date, the holds, and acts that wait for a second signature."""
    from lotmark.base.formats import show_text
    from lotmark.bootstrap.api import list_retention

    workspace = output.workspace()
    runs, state = list_retention(workspace), workspace.reader.records()
    waiting = [order for order in state.orders if not order.is_effective]
    wire: dict[str, Any] = {
        "markets": list(workspace.product.file.records.markets),
        "runs": [
            {
                "run": each.records.run,
                "version": each.records.version,
                "until": each.end.on.isoformat() if each.end.on else None,
                "class": each.end.deciding.name,
                "clause": each.end.deciding.clause,
                "waitsFor": each.end.waits_for or None,
                "holds": [hold.digest for hold in each.holds],
                "expired": each.expired,
            }
            for each in runs
        ],
        "holds": [_hold_wire(hold) for hold in state.holds],
        "waiting": [{"order": order.digest, "event": order.event, "by": [each.person for each in order.approvals], "words": order.words} for order in waiting],
    }
    rows = [("run", "version", "kept", "hold", "expired")]
    rows += [
        (
            each.records.run,
            each.records.version or "unknown",
            each.end.words,
            ", ".join(hold.digest[:12] for hold in each.holds) or "none",
            f"{each.expired} records" if each.expired else "",
        )
        for each in runs
    ]
    told = [f"hold {hold.order.digest[:12]} over {hold.scope}: {hold.order.words}" + ("" if hold.stands else "; released") for hold in state.holds]
    told += [f"{order.event} {order.digest[:12]} waits for a second person: {order.words}" for order in waiting]
    output.result("records-status", wire, "\n".join((table(rows) if runs else "no run yet", *map(show_text, told))))


def _act(function: Callable[..., "tuple[Acted, str]"]) -> Callable[..., int]:
    """A command that a person signs: it is given `by`, which loads the key and tells who signs and why, and says what was done."""

    @person_option
    @key_option
    @click.option("--reason", required=True, help="Why; it stands in the record.")
    @click.pass_obj
    @functools.wraps(function)
    def act(output: Output, /, *, person: str, key_file: str | None, reason: str, **words: Any) -> int:
        def by() -> dict[str, Any]:
            return {"person": person, "signer": load_personal_key(person, key_file), "reason": reason}

        return _tell(output, *function(output, output.workspace(), by, **words))

    return act


def _day(context: click.Context, option: click.Parameter, text: str) -> date:
    del context, option
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("LM-REC-003", f"{text!r} is no day", solution="give --on as YYYY-MM-DD") from error


@command.command()
@click.argument("event", type=click.Choice(["end-of-life", "last-device", "release-withdrawn"]))
@click.option("--on", "day", required=True, callback=_day, metavar="YYYY-MM-DD", help="The day on which it happened.")
@click.option("--version", default="", show_default=False, help="Of this version alone (default: of the whole product).")
@_act
def trigger(_: Output, workspace: "Workspace", by: _By, event: Any, day: date, version: str) -> "tuple[Acted, str]":
    """Record that an EVENT has happened from which retention counts."""
    from lotmark.bootstrap.api import record_trigger

    return record_trigger(workspace, event, day, version=version, **by()), f"{event} on {day}" + (f" of {version}" if version else "")


@command.command()
@click.argument("scope")
@_act
def hold(_: Output, workspace: "Workspace", by: _By, scope: str) -> "tuple[Acted, str]":
    """Keep everything in SCOPE (product:ID, run:RUN, release:ID@VERSION) until two persons release it."""
    from lotmark.bootstrap.api import set_hold

    acted = set_hold(workspace, scope, **by())
    return acted, f"{acted.order.act['scope']} is under hold {acted.order.digest[:12]}"


@command.command()
@click.argument("hold")
@_act
def release(_: Output, workspace: "Workspace", by: _By, hold: str) -> "tuple[Acted, str]":
    """Release HOLD; two persons sign."""
    from lotmark.bootstrap.api import release_hold

    return release_hold(workspace, hold, **by()), f"hold {hold} is released"


@command.command()
@click.argument("run")
@_act
def expire(_: Output, workspace: "Workspace", by: _By, run: str) -> "tuple[Acted, str]":
    """Remove the bodies and blobs of RUN after its retention has ended; two persons sign. Headers and proofs stay."""
    from lotmark.bootstrap.api import expire_run

    return expire_run(workspace, run, **by()), f"{run} has expired"


@command.command()
@click.argument("values", nargs=-1, required=True)
@_act
def erase(_: Output, workspace: "Workspace", by: _By, values: tuple[str, ...]) -> "tuple[Acted, str]":
    """Erase names or addresses from the vault; two persons sign. Every proof still holds."""
    from lotmark.bootstrap.api import erase_values

    return erase_values(workspace, values, **by()), "1 value is erased" if len(values) == 1 else f"{len(values)} values are erased"


@command.command()
@click.argument("order")
@_act
def approve(output: Output, workspace: "Workspace", by: _By, order: str) -> "tuple[Acted, str]":
    """Sign an ORDER that another person has signed: it is checked again, then carried out."""
    from lotmark.base.formats import show_text
    from lotmark.bootstrap.api import approve_order, find_order

    known = find_order(workspace, order)
    output.note(show_text(f"You sign: {known.event} of {known.product}: {_describe(known.act)}"))
    output.note(show_text(f"Signed before: {known.words}"))
    acted = approve_order(workspace, order, **by())
    return acted, f"{acted.order.event} {acted.order.digest[:12]} is signed"


def _tell(output: Output, acted: "Acted", done: str) -> int:
    """The result of a signature: done, or waiting for a second person."""
    order, removed = acted.order, acted.removed
    wire: dict[str, Any] = {
        "order": order.digest,
        "event": order.event,
        "effective": order.is_effective,
        "signedBy": [each.person for each in order.approvals],
        "index": acted.index,
        "removed": {"bodies": removed.bodies, "blobs": removed.blobs, "values": removed.values} if removed else None,
        "remainsInBlobs": list(acted.remains),
    }
    if order.is_effective:
        lines = [done]
        if removed:
            lines.append(f"removed: {removed.bodies} bodies, {removed.blobs} blobs, {removed.values} clear values; every header and proof stays")
        lines += [f"still in clear in the blob {digest}: a pinned file or a report, kept until its run expires" for digest in acted.remains]
    else:
        lines = [f"waits for a second person: `lotmark records approve {order.digest[:12]} --as PERSON --reason ...`"]
    if acted.locks is not None:
        wire["locks"] = _locks_wire(acted.locks)
        lines.append(_locks_text(acted.locks))
    output.result("records-act", wire, "\n".join([*lines, f"order {order.digest[:12]} (entry {acted.index})"]))
    if acted.locks is not None and acted.locks.faults:
        return _not_locked(output, acted.locks)
    return int(ExitCode.ACCEPTED if order.is_effective else ExitCode.PENDING)


@command.command()
@click.pass_obj
def lock(output: Output) -> int:
    """Bring the locks of the bucket in line with retention dates and holds. Acts and runs do so themselves; again is no change."""
    from lotmark.base.errors import NothingToJudgeError
    from lotmark.bootstrap.api import lock_records

    report = lock_records(output.workspace())
    if report is None:
        raise NothingToJudgeError(
            "LM-REC-025",
            "the blobs lie where nothing locks",
            where="LOTMARK_BLOBS",
            solution="a bucket with `lock=` in its setting: docs/how-to/keep-blobs-on-s3.md",
        )
    output.result("records-lock", _locks_wire(report), _locks_text(report))
    return _not_locked(output, report) if report.faults else int(ExitCode.ACCEPTED)


def _locks_wire(report: "LockReport") -> dict[str, Any]:
    return {"retained": report.retained, "held": report.held, "faults": list(report.faults)}


def _locks_text(report: "LockReport") -> str:
    return f"locked in the storage: {report.retained} blobs until a date, {report.held} under hold"


def _not_locked(output: Output, report: "LockReport") -> int:
    """What was signed stands; that the storage did not follow is told, and never passes for done."""
    tell_unlocked(output, report)
    return int(ExitCode.ENVIRONMENT)


def tell_unlocked(output: Output, report: "LockReport") -> None:
    """Tell what the storage did not lock, and how that is mended."""
    for fault in report.faults[:_SHOWN]:
        output.note(f"LM-REC-025: not locked: {fault}")
    if len(report.faults) > _SHOWN:
        output.note(f"and {len(report.faults) - _SHOWN} more")
    output.note("help: the record stands; `lotmark records lock` tries again")


def _describe(act: Any) -> str:
    shown = {name: value for name, value in act.items() if value}
    return ", ".join(f"{name.replace('_', ' ')} {len(value) if isinstance(value, list) else value}" for name, value in shown.items())


def _hold_wire(hold: Any) -> dict[str, Any]:
    return {"order": hold.order.digest, "scope": hold.scope, "stands": hold.stands, "words": hold.order.words}


def _period(known: Any) -> str:
    if known.trigger is None:
        return "for ever"
    after = f"{known.years} years after {known.trigger}" if known.years else f"until {known.trigger}"
    return after + (f", at least {known.least_years} years" if known.least_years else "")
