"""Clock: the port through which every room learns the time.

Time is a claim, never an order: the order of events is the log index.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

# `fromisoformat` reads much more than RFC 3339: basic formats, week dates, times without seconds, commas.
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z\Z")


class Clock(Protocol):
    """Tells the instant, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SteppingClock:
    """A clock that starts at an instant and moves on by `step` with every look; for tests and replays."""

    def __init__(self, start: datetime, step: timedelta = timedelta(0)) -> None:
        self._now = start
        self._step = step

    def now(self) -> datetime:
        current = self._now
        self._now += self._step
        return current

    def advance(self, by: timedelta) -> None:
        """Move the clock on."""
        self._now += by


def format_instant(instant: datetime) -> str:
    """Aware datetime -> RFC 3339 UTC with ``Z``, whole milliseconds (``2026-11-23T06:30:00.000Z``).

    Raises:
        ValueError: if the datetime is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """RFC 3339 UTC with ``Z`` -> aware datetime in UTC.

    Raises:
        ValueError: if the text is not of that form.
    """
    if not _INSTANT.match(text):
        raise ValueError(f"not RFC 3339 UTC with Z: {text[:80]!r}")
    return datetime.fromisoformat(text)
