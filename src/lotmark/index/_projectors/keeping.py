"""Records: what sets, holds or ends their retention, who tried what, copies that were made and put back."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, plural, words


def _retention_event(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    act, approver = told["act"], told["approver"] or {"person": "", "name": "the pipeline"}
    yield words(f"{approver['name']} {_said(told['event'], act)}: {told['reason']}")
    yield (
        "retention",
        {
            "event": told["event"],
            "product": told["product"],
            "order_sha256": told["order"],
            "scope": act["scope"] or None,
            "person": approver["person"],
            "name": approver["name"],
            "reason": told["reason"],
            "at": told["signedAt"],
        },
    )


def _said(event: str, act: Mapping[str, Any]) -> str:
    of = f" of {act['version']}" if act["version"] else ""
    said = {
        "trigger": f"records {act['trigger']}{of} on {act['on']}",
        "hold": f"puts {act['scope']} under legal hold",
        "hold-release": f"signs the release of hold {act['of'][:12]}",
        "expiry": f"signs the expiry of {plural(len(act['entries']), 'record')} of {act['scope'].removeprefix('run:')}",
        "erasure": f"signs the erasure of {plural(len(act['commitments']), 'clear value')}",
        "carried-out": f"carried out {act['of'][:12]}",
    }
    return said[event]


def _audit_event(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    times = f" ({told['count']} times until {told['lastAt']})" if told["count"] > 1 else ""
    who = told["person"] or told["actor"]
    said = " ".join(part for part in (told["code"], told["detail"]) if part)
    why = f": {said}" if said else ""
    yield words(f"{told['outcome']}: {told['tag']} by {who}{' on ' + told['subject'] if told['subject'] else ''}{times}{why}")
    columns = ("tag", "product", "outcome", "actor", "person", "subject", "code", "detail", "count")
    yield "audit", {**{name: told[name] for name in columns}, "first_at": told["firstAt"], "last_at": told["lastAt"]}


def _backup(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    keys = " with the machine's keys" if told["withKeys"] else ""
    yield words(f"a copy of {plural(told['size'], 'entry', 'entries')} was made{keys}: {plural(told['files'], 'file')}, {told['bytes']:,} bytes")


def _restore(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    yield words(
        f"a copy of {plural(told['size'], 'entry', 'entries')} was put back and is {told['verdict']}: {plural(told['entries'], 'entry', 'entries')} checked"
    )


def _log_epoch(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    yield words(f"epoch {told['epoch']} goes on after {told['previousOrigin']} at {told['seenSize']} entries, {told['lost']} of them lost: {told['reason']}")


PROJECTORS: Final[Mapping[str, Projector]] = {
    "retention-event": _retention_event,
    "audit-event": _audit_event,
    "backup": _backup,
    "restore": _restore,
    "log-epoch": _log_epoch,
}
