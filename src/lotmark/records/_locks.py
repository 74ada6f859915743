"""Locks of the storage follow retention: a blob is kept until the last date that is known for it, and under every hold.

The storage's lock is a second fence and no source: what it should be is computed from signed records each time, so that a
call that was cut short is finished by the same call again. A date only ever moves on; an open date locks nothing yet, and
one that is over locks nothing more: no storage takes it, and a hold alone still keeps the blob.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError
from lotmark.ledger.ports import BlobLocks, Ledger
from lotmark.records._expiry import RunRecords
from lotmark.records.models import RecordState, RetentionEnd

_AWAY = "LM-LED-004"


@dataclass(frozen=True, slots=True)
class BlobLock:
    """What the storage should do with one blob."""

    until: datetime | None = None
    """Keep it before that instant; None while no date is known."""
    held: bool = False


@dataclass(frozen=True, slots=True)
class LockReport:
    """What became of the locks: how many blobs are kept until a date, how many are held, and what could not be locked."""

    retained: int = 0
    held: int = 0
    faults: tuple[str, ...] = ()
    """One sentence for each blob that was refused; the first names the reason where the storage is away."""


def plan_locks(
    ledger: Ledger, state: RecordState, runs: Sequence[tuple[RunRecords, RetentionEnd]], *, scopes: Collection[str] | None = None
) -> dict[Digest, BlobLock]:
    """The lock of every blob that an entry needs which is kept; with `scopes`, of those alone that have an entry in one of them.

    Args:
        ledger: Whose blobs.
        state: Holds and expiries.
        runs: Every run of the log with the end of its retention.
        scopes: Of what an act speaks: ``run:...``, ``release:...`` or ``product:...``.
    """
    known = {f"run:{records.run}": (records.scopes, end.on) for records, end in runs}
    plan: dict[Digest, BlobLock] = {}
    touched: set[Digest] = set()
    for entry in ledger.entries():
        if entry.header.blobs is None or entry.index in state.expired:
            continue
        over, end = known.get(entry.header.scope, (_above(entry.header.scope), None))
        lock = BlobLock(None if end is None else _after(end), held=bool(state.holds_on(*over)))
        for blob in ledger.entry_blobs(entry):
            plan[blob] = _stronger(plan.get(blob, BlobLock()), lock)
            if scopes is None or not set(over).isdisjoint(scopes):
                touched.add(blob)
    return {blob: plan[blob] for blob in sorted(touched)}


def apply_locks(store: BlobLocks, plan: Mapping[Digest, BlobLock], now: datetime) -> LockReport:
    """Bring the storage's locks in line with the plan as of `now`; again is no change. What is refused is told and stops nothing else.

    When the storage cannot be reached, the rest is not tried: each attempt would wait.
    """
    retained = held = 0
    faults: list[str] = []
    for number, (blob, lock) in enumerate(plan.items()):
        try:
            if lock.until is not None and lock.until > now:
                store.retain(blob, lock.until)
                retained += 1
            store.hold(blob, on=lock.held)
            held += lock.held
        except LotmarkError as error:
            faults.append(f"the blob {blob}: {error.reason}")
            if error.code == _AWAY:
                faults[-1] += f"; {len(plan) - number} of {len(plan)} blobs were not locked"
                break
    return LockReport(retained, held, tuple(faults))


def _above(scope: str) -> tuple[str, ...]:
    """The scopes whose holds keep an entry that belongs to no run."""
    kind, _, name = scope.partition(":")
    return (scope, f"product:{name.partition('@')[0]}") if kind == "release" else (scope,)


def _after(day: date) -> datetime:
    """The first instant after the last day."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _stronger(one: BlobLock, other: BlobLock) -> BlobLock:
    dates = [lock.until for lock in (one, other) if lock.until is not None]
    return BlobLock(max(dates, default=None), held=one.held or other.held)
