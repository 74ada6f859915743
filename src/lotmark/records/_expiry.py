"""Expiry: which bodies and blobs of a run may go, and their going. The header stays, so every proof still verifies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lotmark.attest.models import Registry
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError, RefusedError
from lotmark.ledger.models import Entry
from lotmark.ledger.ports import Ledger
from lotmark.product.models import Market
from lotmark.records._classes import classes_of, retention_end
from lotmark.records.models import Order, RecordState, RetentionEnd, RunDates
from lotmark.records.predicates import ActBody

_DEVICE_RECORD = "device-record"


@dataclass(frozen=True, slots=True)
class RunRecords:
    """A run as retention sees it."""

    run: str
    product: str
    version: str
    dates: RunDates

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes whose holds keep its records."""
        return (f"run:{self.run}", f"release:{self.product}@{self.version}", f"product:{self.product}")


@dataclass(frozen=True, slots=True)
class Removed:
    """What an order took away."""

    bodies: int
    blobs: int
    values: int = 0


def run_retention(records: RunRecords, markets: Sequence[Market]) -> RetentionEnd:
    """Until when the records of a run must be kept."""
    return retention_end(classes_of(_DEVICE_RECORD, markets, released=records.dates.released_on is not None), records.dates)


def plan_expiry(ledger: Ledger, registry: Registry, state: RecordState, records: RunRecords, markets: Sequence[Market], today: date) -> ActBody:
    """The act by which everything of a run goes whose retention has ended; to be signed by two persons.

    Raises:
        RefusedError: LM-REC-002 under a hold, LM-REC-001 before the end, or while it is open.
        NothingToJudgeError: LM-REC-005 if nothing of the run can expire.
    """
    check_holds(state, records.scopes, f"the records of {records.run}")
    end = run_retention(records, markets)
    if not end.has_passed(today):
        raise RefusedError(
            "LM-REC-001",
            f"RETENTION: the records of {records.run} ({records.version}) are kept {end.words}, by {end.deciding.clause}",
            where=records.run,
            solution=f"`lotmark records trigger {end.waits_for}` records that it has happened" if end.waits_for in {"end-of-life", "last-device"} else "wait",
        )
    going = [entry for entry in ledger.entries(scope=f"run:{records.run}") if _may_expire(entry, registry) and entry.index not in state.expired]
    if not going:
        raise NothingToJudgeError("LM-REC-005", f"nothing of {records.run} is left to expire", where=records.run, solution="`lotmark records status`")
    return ActBody(
        scope=f"run:{records.run}",
        version=records.version,
        on=(end.on or today).isoformat(),
        retention_class=end.deciding.name,
        entries=[entry.index for entry in going],
        blobs=[blob.hex for blob in _freed(ledger, state, going)],
    )


def check_holds(state: RecordState, scopes: Sequence[str], what: str) -> None:
    """Return if no legal hold stands over any of the scopes.

    Raises:
        RefusedError: LM-REC-002.
    """
    holds = state.holds_on(*scopes)
    if holds:
        raise RefusedError(
            "LM-REC-002",
            f"HOLD: {what} are under legal hold {holds[0].order.digest[:12]}: {holds[0].order.words}",
            where=holds[0].scope,
            solution=f"two persons release it: `lotmark records release {holds[0].order.digest[:12]}`",
        )


def carry_out_expiry(ledger: Ledger, order: Order) -> Removed:
    """Delete what an effective expiry names; again is no error. `ledger` is open for appending.

    Raises:
        RefusedError: LM-REC-004 if the order is not effective.
    """
    require_effective(order)
    act = order.act
    bodies = ledger.remove_bodies([index for index in _ints(act["entries"]) if index < order.approvals[0].index])
    blobs = sum(ledger.blobs.remove(Digest(blob)) for blob in _texts(act["blobs"]))
    return Removed(bodies, blobs)


def require_effective(order: Order) -> None:
    """Return if enough persons have signed the order.

    Raises:
        RefusedError: LM-REC-004.
    """
    if not order.is_effective:
        raise RefusedError(
            "LM-REC-004",
            f"the {order.event} {order.digest[:12]} was signed by {order.approvals[0].name} alone",
            where=f"entry {order.approvals[0].index}",
            solution=f"another person signs it: `lotmark records approve {order.digest[:12]}`",
        )


def _may_expire(entry: Entry, registry: Registry) -> bool:
    """A kind that this version does not know has no class, so it is kept."""
    known = registry.find(entry.header.kind)
    return known is not None and known.retention == _DEVICE_RECORD


def _freed(ledger: Ledger, state: RecordState, going: Sequence[Entry]) -> list[Digest]:
    """The blobs that no entry that stays needs."""
    leaving = {entry.index for entry in going} | state.expired.keys()
    freed = {blob for entry in going for blob in ledger.entry_blobs(entry)}
    for entry in ledger.entries():
        if entry.index not in leaving and entry.header.blobs is not None:
            freed -= set(ledger.entry_blobs(entry))
    return sorted(freed)


def _ints(value: object) -> list[int]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else []
