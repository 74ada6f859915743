"""Times: found in bytes, read, and traced to the dimension from which they come."""

import datetime as dt

import pytest

from lotmark.builds._times import TimeFacts, blank_stamps, find_stamps, parse_stamp, show_time
from lotmark.builds.models import Dimension

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


COMMIT, NOW, DAY, ZONE, SHIFT = 1_760_000_000, 1_795_415_400.0, 86_400, 45_900, 398 * 86_400
FACTS = TimeFacts(COMMIT, (NOW, NOW + 5), (NOW + 1, NOW + 7), clock_shift=SHIFT, mtime_shift=-3 * DAY, zone_shifts=(42_300, ZONE))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (NOW + 2, NOW + 2 + SHIFT, Dimension.CLOCK),
        (NOW + 1, NOW + 6, Dimension.CLOCK),
        (NOW + 2, NOW + 2 + SHIFT + ZONE, Dimension.CLOCK),
        (COMMIT, COMMIT - 3 * DAY, Dimension.MTIMES),
        (COMMIT, COMMIT - 3 * DAY + ZONE, Dimension.MTIMES),
        (COMMIT, COMMIT + ZONE, Dimension.TIME_ZONE),
        (NOW + 1, NOW + 1 + ZONE, Dimension.TIME_ZONE),
        (COMMIT, COMMIT, None),
        (COMMIT, COMMIT + 17 * DAY, None),
        (0, 1, None),
    ],
    ids=[
        "faked clock",
        "real clock later",
        "clock and zone",
        "mtimes",
        "mtimes and zone",
        "zone on the commit",
        "zone on now",
        "equal",
        "unknown from commit",
        "unknown",
    ],
)
def test_two_times_tell_their_dimension(first: float, second: float, expected: Dimension | None) -> None:
    assert FACTS.classify(first, second) is expected


def test_without_shifts_nothing_is_guessed() -> None:
    facts = TimeFacts(COMMIT, (NOW, NOW), (NOW, NOW))
    assert facts.classify(COMMIT, COMMIT - 3 * DAY) is None
    assert facts.classify(COMMIT, COMMIT + ZONE) is None


@pytest.mark.parametrize(
    "text",
    [
        b"2026-11-23",
        b"2026-11-23T06:30:00",
        b"2026-11-23 06:30:00.123",
        b"2026/11/23",
        b"20261123",
        b"20261123063000",
        b"Nov 23 2026",
        b"Mon Nov 23 06:30:00 2026",
        b"Mon Nov 23 06:30:00 UTC 2026",
        b"Mon, 23 Nov 2026 06:30:00 GMT",
        b"1795415400",
        b"1795415400123",
        b"06:30:00",
    ],
    ids=lambda text: text.decode(),
)
def test_dates_and_times_are_found_whole(text: bytes) -> None:
    data = b"built <" + text + b"> by make"
    assert blank_stamps(data) == b"built <<time>> by make"


@pytest.mark.parametrize("text", [b"version 1.2.3", b"Marching", b"in May", b"12345", b"2026", b"2026-13-45", b"99:99:99", b"lib-20.so"])
def test_what_is_no_time_stays(text: bytes) -> None:
    assert blank_stamps(text) == text
    assert list(find_stamps(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"2026-11-23", "2026-11-23 00:00:00"),
        (b"2026-11-23T06:30:15", "2026-11-23 06:30:15"),
        (b"Nov 23 2026", "2026-11-23 00:00:00"),
        (b"Mon Nov 23 06:30:15 2026", "2026-11-23 06:30:15"),
        (b"Mon, 23 Nov 2026 06:30:15 GMT", "2026-11-23 06:30:15"),
        (b"1795415400", "2026-11-23 06:30:00"),
        (b"1795415400123", "2026-11-23 06:30:00"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_dates_are_read_as_utc(text: bytes, expected: str) -> None:
    value = parse_stamp(text)
    assert value is not None
    assert show_time(value) == expected


@pytest.mark.parametrize("text", [b"06:30:00", b"no time", b"2026-02-31", b"Nov 23", b"Nov 31 2026"])
def test_what_has_no_date_is_none(text: bytes) -> None:
    assert parse_stamp(text) is None


@pytest.mark.parametrize("value", [1e20, float("inf"), float("nan")])
def test_a_time_beyond_the_calendar_is_shown_as_its_number(value: float) -> None:
    assert show_time(value) == str(value)
    assert show_time(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()) == "2026-01-01 00:00:00"
