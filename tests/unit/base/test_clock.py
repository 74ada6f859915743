"""Instants: RFC 3339 UTC with Z, and nothing that merely looks like it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lotmark.base.clock import SteppingClock, SystemClock, format_instant, parse_instant

pytestmark = pytest.mark.verifies("REQ-025")


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_the_machine_tells_utc():
    assert SystemClock().now().tzinfo is UTC


def test_a_stepping_clock_moves_with_every_look():
    clock = SteppingClock(NOON, timedelta(seconds=2))
    assert [clock.now(), clock.now()] == [NOON, NOON + timedelta(seconds=2)]
    clock.advance(timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1, seconds=4)


def test_a_stepping_clock_stands_still_by_itself():
    clock = SteppingClock(NOON)
    assert clock.now() == clock.now() == NOON


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (NOON, "2026-11-23T12:00:00.000Z"),
        (NOON.astimezone(timezone(timedelta(hours=-5, minutes=-30))), "2026-11-23T12:00:00.000Z"),
        (NOON.replace(microsecond=999_999), "2026-11-23T12:00:00.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
    ids=["utc", "another zone is the same instant", "cut, not rounded, to milliseconds", "four digits of year"],
)
def test_an_instant_is_written_in_one_form(instant, text):
    assert format_instant(instant) == text


def test_a_naive_time_is_no_instant():
    with pytest.raises(ValueError, match="naive"):
        format_instant(datetime(2026, 11, 23))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2026-11-23T12:00:00.000001Z", NOON.replace(microsecond=1)),
    ],
)
def test_an_instant_is_read_back(text, instant):
    assert parse_instant(text) == instant
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2026-11-23",
        "2026-11-23Z",
        "2026-11-23T12:00:00",
        "2026-11-23T12:00:00+00:00",
        "2026-11-23T12:00:00+00:00Z",
        "2026-11-23 12:00:00Z",
        "2026-11-23t12:00:00z",
        "2026-11-23T12:00Z",
        "20261123T120000Z",
        "2026-W48-1T12:00:00Z",
        "2026-11-23T12:00:00,5Z",
        "2026-11-23T12:00:00.Z",
        "2026-11-23T12:00:00.1234567Z",
        "2026-11-23T12:00:00Z\n",
        "2026-02-30T12:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T12:00:60Z",
        "２026-11-23T12:00:00Z",
    ],
)
def test_what_only_looks_like_an_instant_is_refused(text):
    with pytest.raises(ValueError):
        parse_instant(text)
