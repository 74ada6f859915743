"""Which dimension do two different times come from? Pure; knows what each lane's clock, sources and zone were."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lotmark.builds.models import Dimension

_SLACK = 3.0
_MONTHS = {name: number for number, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}

_STAMP = re.compile(
    rb"(?P<iso>(?P<y>20\d\d)[-/.]?(?P<m>0[1-9]|1[0-2])[-/.]?(?P<d>0[1-9]|[12]\d|3[01])(?:[T _]?(?P<H>[01]\d|2[0-3]):?(?P<M>[0-5]\d)(?::?(?P<S>[0-5]\d))?(?:\.\d+)?)?(?!\d))"
    rb"|(?P<epoch>\b1[5-9]\d{8}(?:\.?\d{3,9})?\b)"
    rb"|(?P<ctime>(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:(?P<dd>[ 0-3]?\d) )?(?P<mon>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?: +(?P<day>[0-3]?\d)(?!\d),?)?"
    rb"(?: (?P<year1>20\d\d))?(?: (?P<hms>[0-2]\d:[0-5]\d:[0-5]\d))?(?: (?:AM|PM))?(?: [A-Z]{3,5})?(?: (?P<year2>20\d\d))?)"
    rb"|(?P<clock>\b[0-2]\d:[0-5]\d:[0-5]\d\b)"
)


@dataclass(frozen=True, slots=True)
class TimeFacts:
    """The times of both lanes in seconds: commit, real begin and end, shift of the clock, of the mtimes, of the zone."""

    committed_at: int
    real_a: tuple[float, float]
    real_b: tuple[float, float]
    clock_shift: int = 0
    mtime_shift: int = 0
    zone_shifts: tuple[int, ...] = ()
    """Seconds east of Greenwich of lane B's zone, in winter and in summer."""

    def classify(self, first: float, second: float) -> Dimension | None:
        """The dimension from which the times `first` of lane A and `second` of lane B come, if one fits."""
        at_commit = abs(first - self.committed_at) <= _SLACK
        for zone in (0, *self.zone_shifts):
            here = second - zone
            if at_commit and abs(here - self.committed_at) <= _SLACK:
                return Dimension.TIME_ZONE if zone else None
            if at_commit and self.mtime_shift and abs(here - self.committed_at - self.mtime_shift) <= _SLACK:
                return Dimension.MTIMES
            if _within(first, self.real_a) and (_within(here - self.clock_shift, self.real_b) or _within(here, self.real_b)):
                return Dimension.TIME_ZONE if zone and abs(here - first) <= _SLACK else Dimension.CLOCK
        return None


def _within(value: float, window: tuple[float, float]) -> bool:
    return window[0] - _SLACK <= value <= window[1] + _SLACK


def show_time(value: float) -> str:
    """A time as text for a person."""
    try:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(value)


def find_stamps(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Everything in the bytes that reads as a date or a time: begin, end, text."""
    for match in _STAMP.finditer(data):
        if match["ctime"] and not (match["day"] or match["dd"] or match["year1"]):
            continue
        yield match.start(), match.end(), match[0]


def blank_stamps(data: bytes) -> bytes:
    """The bytes with every date and time replaced by one word."""
    parts: list[bytes] = []
    last = 0
    for start, end, _ in find_stamps(data):
        parts += [data[last:start], b"<time>"]
        last = end
    return b"".join((*parts, data[last:]))


def parse_stamp(text: bytes) -> float | None:
    """The seconds that a date or time says, read as UTC; None if it has no date."""
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    groups: Mapping[str, bytes | None] = match.groupdict()
    if groups["epoch"]:
        return float(text[:10])
    try:
        if groups["iso"]:
            return datetime(
                _int(groups, "y"), _int(groups, "m"), _int(groups, "d"), _int(groups, "H"), _int(groups, "M"), _int(groups, "S"), tzinfo=UTC
            ).timestamp()
        year = groups["year1"] or groups["year2"]
        if groups["ctime"] and year:
            hours, minutes, seconds = (int(part) for part in (groups["hms"] or b"0:0:0").split(b":"))
            return datetime(
                int(year),
                _MONTHS[str(groups["mon"], "ascii")] if groups["mon"] else 1,
                int(groups["day"] or groups["dd"] or 1),
                hours,
                minutes,
                seconds,
                tzinfo=UTC,
            ).timestamp()
    except ValueError:
        return None
    return None


def _int(groups: Mapping[str, bytes | None], name: str) -> int:
    return int(groups[name] or 0)
