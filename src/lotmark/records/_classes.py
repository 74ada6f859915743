"""The one table of retention classes, and the date that follows from it.

A kind of evidence is either `permanent` or a `device-record`. For a device record the classes of the markets that the
product declares apply all together, and the latest end counts; a product that declares none is kept as long as the
strictest market asks for, because a record that went too early cannot be had back.
"""

from collections.abc import Iterable
from datetime import date
from types import MappingProxyType
from typing import Final

from lotmark.product.models import Market
from lotmark.records.models import RetentionClass, RetentionEnd, RunDates

PERMANENT: Final = RetentionClass(
    "permanent",
    "Keys, authority, and what was done to records",
    "21 CFR 11.10(c), 11.10(e), 11.70, 11.100(a)",
    "Our choice: without them no signature of any age can be attributed, so they stay as long as the ledger does.",
    None,
)
DEVICE_LIFE: Final = RetentionClass(
    "device-life",
    "Records of a released device, everywhere",
    "ISO 13485:2016, 4.2.5 by 21 CFR 820.10; before 2026-02-02 21 CFR 820.180(b)",
    "At least the lifetime of the device as its maker defines it, and not less than two years from its release.",
    "end-of-life",
    least_years=2,
)
MDR_10: Final = RetentionClass(
    "mdr-10y",
    "Technical documentation of a device in the EU",
    "Regulation (EU) 2017/745, article 10(8), Annex IX 7",
    "Ten years after the last device covered by the declaration of conformity was placed on the market.",
    "last-device",
    10,
)
MDR_15: Final = RetentionClass(
    "mdr-15y",
    "Technical documentation of an implantable device in the EU",
    "Regulation (EU) 2017/745, article 10(8), Annex IX 7",
    "Fifteen years after the last implantable device was placed on the market.",
    "last-device",
    15,
)
IVDR_10: Final = RetentionClass(
    "ivdr-10y",
    "Technical documentation of an in vitro diagnostic device in the EU",
    "Regulation (EU) 2017/746, article 10(7), Annex IX 6",
    "Ten years after the last device covered by the declaration of conformity was placed on the market.",
    "last-device",
    10,
)
UNRELEASED: Final = RetentionClass(
    "unreleased",
    "Records of a run that ended without a release",
    "ISO 13485:2016, 4.2.5; 21 CFR 11.10(c)",
    "Our choice: nothing was placed on the market, so the least period of the standard counts from the end of the run.",
    "run-closed",
    2,
)
CLASSES: Final[tuple[RetentionClass, ...]] = (PERMANENT, DEVICE_LIFE, MDR_10, MDR_15, IVDR_10, UNRELEASED)

KIND_CLASSES: Final = frozenset({"permanent", "device-record"})
"""What a kind of evidence may name."""

_MARKETS: Final = MappingProxyType({"us": DEVICE_LIFE, "eu-mdr": MDR_10, "eu-mdr-implantable": MDR_15, "eu-ivdr": IVDR_10})


def classes_of(kind_class: str, markets: Iterable[Market], *, released: bool) -> tuple[RetentionClass, ...]:
    """The classes that apply to a record: by the kind's class, the product's markets, and whether its run released.

    Raises:
        ValueError: for a class that the table does not hold.
    """
    if kind_class not in KIND_CLASSES:
        raise ValueError(f"no retention class of a kind: {kind_class!r}")
    if kind_class == "permanent":
        return (PERMANENT,)
    if not released:
        return (UNRELEASED,)
    chosen = {_MARKETS[market].name for market in markets} or {known.name for known in _MARKETS.values()}
    return tuple(known for known in CLASSES if known.name in {DEVICE_LIFE.name, *chosen})


def retention_end(classes: Iterable[RetentionClass], dates: RunDates) -> RetentionEnd:
    """The latest end of the classes, or the first that is open."""
    ends: list[RetentionEnd] = []
    for known in classes:
        end = _end(known, dates)
        if end.on is None:
            return end
        ends.append(end)
    return max(ends, key=lambda end: end.on or date.min)


def _end(known: RetentionClass, dates: RunDates) -> RetentionEnd:
    if known.trigger is None:
        return RetentionEnd(None, known)
    begin = dates.closed_on if known.trigger == "run-closed" else dates.triggers.get(known.trigger)
    if begin is None:
        return RetentionEnd(None, known, known.trigger)
    end = add_years(begin, known.years)
    if known.least_years and dates.released_on is not None:
        end = max(end, add_years(dates.released_on, known.least_years))
    return RetentionEnd(end, known)


def add_years(day: date, years: int) -> date:
    """The same day so many years later; of a 29 February in a common year the 1 March, so that no day is lost."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
