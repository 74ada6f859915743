"""Audit events on their way into the log: a hash-linked spool in the state folder, taken in by the next writer.

Every event goes the same way: a line is appended and synced (so it is there whatever happens next), then whoever holds the
log's key takes the lines into the log and only then lets go of them. A file that is being taken is renamed first and no
longer changes, so that after a crash the same events give the same records, which the log records once.

A flood is bounded: equal events are counted in one record, and a spool that grows long is rewritten with equal lines
counted together; what differs only in its subject or words is told as `various`. Nothing is left uncounted.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from lotmark.attest.models import Evidence, Subject
from lotmark.records.predicates import AUDIT_EVENT, AuditEventBody

SPOOL: Final = "audit-spool.jsonl"
TAKING: Final = "audit-spool.taking"
BROKEN: Final = "audit-spool.broken"
MAX_LINES: Final = 512
"""A longer spool is rewritten with equal events counted together."""
_START: Final = "0" * 64
_LINK: Final = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT: Final = 500
_VARIOUS: Final = "various"


class SpooledEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the spool, as its event stands in evidence but for the link and the product, which the log knows."""

    tag: str
    outcome: str
    actor: str
    person: str
    subject: str
    code: str
    detail: str
    count: int
    first: str
    last: str

    def shortened(self) -> "SpooledEvent":
        """With texts of bounded length."""
        return msgspec.structs.replace(self, subject=self.subject[:_MAX_TEXT], detail=self.detail[:_MAX_TEXT])


@dataclass(frozen=True, slots=True)
class Spooled:
    """What a spool file holds: its events, the link after the last, and whether a line of it was changed."""

    events: tuple[SpooledEvent, ...]
    link: str
    broken: bool
    torn: int = 0
    """Bytes after the last whole line: a write that was cut off, and so was never acknowledged."""


class AuditSpool:
    """The spool of one state folder. Processes may share it; each of its operations holds its lock."""

    def __init__(self, folder: Path) -> None:
        """The spool in `folder`, made when a first event comes."""
        self._folder = folder

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits; asked before anything is opened."""
        return not any(path.is_file() and path.stat().st_size for path in (self._path, self._taking))

    def append(self, event: SpooledEvent) -> None:
        """Add an event; it is on the disk when this returns."""
        with self._lock():
            self._append(event.shortened())

    def take(self) -> Spooled | None:
        """What is to be recorded now, if anything; the same again until `taken` is called.

        Lines that were changed are left out and `broken` says so; `taken` then keeps the file as `audit-spool.broken-<link>`.
        """
        with self._lock():
            if not self._taking.is_file():
                if not self._path.is_file() or not self._path.stat().st_size:
                    return None
                self._path.rename(self._taking)
                self._sync_folder()
            return _read(self._taking)

    def taken(self, spooled: Spooled) -> None:
        """Let go of what `take` gave, once it is durably recorded."""
        with self._lock():
            if spooled.broken:
                self._taking.rename(self._folder / f"{BROKEN}-{spooled.link[:12]}")
            else:
                self._taking.unlink()
            self._sync_folder()

    @property
    def _path(self) -> Path:
        return self._folder / SPOOL

    @property
    def _taking(self) -> Path:
        return self._folder / TAKING

    def _append(self, event: SpooledEvent) -> None:
        held = _read(self._path) if self._path.is_file() else Spooled((), _START, broken=False)
        if len(held.events) >= MAX_LINES and not held.broken:
            self._rewrite(compact((*held.events, event)))
            return
        with self._path.open("ab") as file:
            if held.torn:
                file.truncate(file.tell() - held.torn)
            file.write(_line(held.link, event))
            file.flush()
            os.fsync(file.fileno())
        if not held.events:
            self._sync_folder()

    def _rewrite(self, events: Sequence[SpooledEvent]) -> None:
        temporary = self._path.with_suffix(".new")
        link = _START
        with temporary.open("wb") as file:
            for event in events:
                line = _line(link, event)
                link = _link_of(link, event)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._sync_folder()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        descriptor = os.open(self._folder / "audit-spool.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def compact(events: Sequence[SpooledEvent], most: int = MAX_LINES // 2) -> tuple[SpooledEvent, ...]:
    """The events with equal ones counted together; coarser as long as there are more than `most`."""
    grouped = _group(events, ("tag", "outcome", "actor", "person", "subject", "code", "detail"))
    for names in (("tag", "outcome", "actor", "person", "code"), ("tag", "outcome")):
        if len(grouped) > most:
            grouped = _group(grouped, names)
    return grouped


def audit_evidence(spooled: Spooled, product: str, now: str) -> list[Evidence]:
    """The records of what was taken by the log of the product, one for each group of equal events, in the order of their first.

    `now` bounds the times: the log takes no claim from later than itself, and an event of a clock that ran ahead must not be lost for it.
    """
    made = []
    for event in compact(spooled.events):
        body = AuditEventBody(
            tag=event.tag,
            product=product,
            outcome="done" if event.outcome == "done" else "refused",
            actor=event.actor,
            person=event.person,
            subject=event.subject,
            code=event.code,
            detail=event.detail,
            count=event.count,
            first_at=min(event.first, now),
            last_at=min(event.last, now),
            link=spooled.link,
        )
        made.append(Evidence(AUDIT_EVENT.name, (Subject(event.tag, {"sha256": spooled.link}),), msgspec.to_builtins(body), name=event.tag))
    return made


def _group(events: Sequence[SpooledEvent], names: Sequence[str]) -> tuple[SpooledEvent, ...]:
    groups: dict[tuple[str, ...], SpooledEvent] = {}
    for event in events:
        key = tuple(getattr(event, name) for name in names)
        known = groups.get(key)
        groups[key] = event if known is None else _together(known, event)
    return tuple(groups.values())


def _together(first: SpooledEvent, second: SpooledEvent) -> SpooledEvent:
    differing = {name: _VARIOUS for name in ("actor", "person", "subject", "code", "detail") if getattr(first, name) != getattr(second, name)}
    return msgspec.structs.replace(first, count=first.count + second.count, last=max(first.last, second.last), **differing)


def _read(path: Path) -> Spooled:
    """The events of a spool. A line that does not follow from the one before is left out and tells that the file was changed."""
    events: list[SpooledEvent] = []
    link, broken = _START, False
    *lines, torn = path.read_bytes().split(b"\n")
    for line in lines:
        try:
            wire: dict[str, Any] = json.loads(line)
            told = str(wire.pop("link"))
            event = msgspec.convert(wire, SpooledEvent, strict=True)
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.ValidationError):
            broken = True
            continue
        if told == _link_of(link, event):
            events.append(event)
        else:
            broken = True
        link = told if _LINK.fullmatch(told) else link
    return Spooled(tuple(events), link, broken, len(torn))


def _line(link: str, event: SpooledEvent) -> bytes:
    return json.dumps({**msgspec.structs.asdict(event), "link": _link_of(link, event)}, ensure_ascii=True, sort_keys=True).encode() + b"\n"


def _link_of(link: str, event: SpooledEvent) -> str:
    told = json.dumps(msgspec.structs.asdict(event), ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(bytes.fromhex(link) + told.encode()).hexdigest()
