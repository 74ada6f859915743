"""Retention classes, holds, orders and what is known of a record: plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

Trigger = Literal["end-of-life", "last-device", "release-withdrawn"]
"""What sets a retention period running: the device's expected life is over; the last device was placed on the market; the
release was withdrawn before any device was placed, which counts as both."""

RecordEvent = Literal["trigger", "hold", "hold-release", "expiry", "erasure", "carried-out"]

NEEDS_TWO: Final[frozenset[str]] = frozenset({"hold-release", "expiry", "erasure"})
"""Acts that take effect only when two persons have signed them, each with a key of his own."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """How long, by which clause, from which event on. A class without `trigger` never ends."""

    name: str
    title: str
    clause: str
    basis: str
    """What the clause says, and whether it is the law's period or our own choice."""
    trigger: Literal["end-of-life", "last-device", "run-closed"] | None
    years: int = 0
    """After the trigger."""
    least_years: int = 0
    """After the release, whatever the trigger says."""


@dataclass(frozen=True, slots=True)
class RunDates:
    """The dates from which the periods of a run's records are derived; None for what has not happened."""

    released_on: date | None
    closed_on: date | None
    triggers: Mapping[str, date] = field(default_factory=dict)
    """`end-of-life` and `last-device`, as far as they are known for this version."""


@dataclass(frozen=True, slots=True)
class RetentionEnd:
    """When a record's retention ends: the latest end of the classes that apply, or open while any of them is."""

    on: date | None
    """The last day on which it must be kept; None while open, and for ever where the class has no end."""
    deciding: RetentionClass
    """The class that keeps it longest, or the first that is open."""
    waits_for: str = ""
    """The event that must be known before there is a date; empty if there is one, or never will be."""

    @property
    def words(self) -> str:
        """For a person."""
        if self.on is not None:
            return f"until {self.on.isoformat()} ({self.deciding.name})"
        return f"open: {self.waits_for} is not known ({self.deciding.name})" if self.waits_for else f"for ever ({self.deciding.name})"

    def has_passed(self, today: date) -> bool:
        """Whether the record need not be kept any more on that day."""
        return self.on is not None and today > self.on


@dataclass(frozen=True, slots=True)
class RecordApproval:
    """One person's signature under an act."""

    index: int
    person: str
    name: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Order:
    """An act with the signatures under it, in log order; the first signature of each person and key counts."""

    digest: str
    event: RecordEvent
    product: str
    act: Mapping[str, object]
    approvals: tuple[RecordApproval, ...]

    @property
    def is_effective(self) -> bool:
        """Whether enough persons have signed it."""
        return len(self.approvals) >= (2 if self.event in NEEDS_TWO else 1)

    @property
    def words(self) -> str:
        """Why, by whom and when, for a person: what an expired or erased value reads as."""
        names = " and ".join(approval.name for approval in self.approvals)
        return f"{self.approvals[0].reason}; approved by {names} on {self.approvals[-1].at[:10]}"


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold: nothing in its scope goes while it stands."""

    order: Order
    release: Order | None

    @property
    def scope(self) -> str:
        """``product:<id>``, ``run:<run>`` or ``release:<id>@<version>``."""
        return str(self.order.act["scope"])

    @property
    def stands(self) -> bool:
        """Whether it has not been released by two persons."""
        return self.release is None or not self.release.is_effective


@dataclass(frozen=True, slots=True)
class RecordState:
    """What the log's retention events say, all of them verified."""

    orders: tuple[Order, ...] = ()
    expired: Mapping[int, Order] = field(default_factory=dict)
    """Log index -> the effective order by which the record's body may be gone."""
    erased: Mapping[str, Order] = field(default_factory=dict)
    """Commitment -> the effective order by which its clear value is gone."""
    holds: tuple[Hold, ...] = ()

    def triggers(self, product: str, version: str) -> dict[str, date]:
        """The events known for that version of the product; of several the latest date counts, as it keeps longer."""
        known: dict[str, date] = {}
        for order in self.orders:
            act = order.act
            if order.event != "trigger" or order.product != product or act["version"] not in {"", version}:
                continue
            on = date.fromisoformat(str(act["on"]))
            names = ("end-of-life", "last-device") if act["trigger"] == "release-withdrawn" else (str(act["trigger"]),)
            for name in names:
                known[name] = max(on, known.get(name, on))
        return known

    def holds_on(self, *scopes: str) -> tuple[Hold, ...]:
        """The holds that stand over any of the scopes."""
        return tuple(hold for hold in self.holds if hold.stands and hold.scope in scopes)
