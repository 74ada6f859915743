"""Small words that several parts of the page share."""

from collections.abc import Iterable
from typing import Final

from lotmark.index._layout import Page
from lotmark.index.models import Waiver

STATE_MARKS: Final = {
    "released": ("✓", "green"),
    "refused": ("✗", "red"),
    "pending": ("…", "yellow"),
    "abandoned": ("-", "dim"),
    "open": ("…", "yellow"),
}


def instant(text: str) -> str:
    """``2026-11-23T07:28:54.007Z`` -> ``2026-11-23 07:28:54 UTC``; any other text as it is."""
    return f"{text[:10]} {text[11:19]} UTC" if len(text) >= 20 and text.endswith("Z") else text


def both_times(signed_at: str, zone: str) -> str:
    """The instant in UTC and, where it is another, by the signer's own clock."""
    if zone in {"UTC", "Etc/UTC"}:
        return f"{instant(signed_at)} (signer's zone UTC)"
    from datetime import datetime
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        local = datetime.fromisoformat(signed_at).astimezone(ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return f"{instant(signed_at)} (signer's zone {zone})"
    return f"{instant(signed_at)} ({local:%Y-%m-%d %H:%M:%S} in {zone}, the signer's zone)"


def number_of(number: int, one: str, many: str = "") -> str:
    """``1 test``, ``2 tests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def joined(parts: Iterable[str]) -> str:
    """The parts, told apart by semicolons."""
    return "; ".join(parts)


def waiver_lines(page: Page, waiver: Waiver) -> None:
    """A waiver with everything that a reader must weigh: scope, end, reason, residual risk, owner, who signed."""
    good = waiver.standing == "holds"
    told = f"{waiver.waiver}, {waiver.standing_words}" + (f", for {waiver.version} alone" if waiver.version else "")
    page.field("waiver", told, mark="!" if good else "✗", color="yellow" if good else "red")
    for name in (*waiver.tests, *waiver.items):
        page.more("waives", name)
    page.more("reason", waiver.reason)
    page.more("residual risk", waiver.residual_risk)
    page.more("owner", waiver.owner)
    page.more("signed by", f"{waiver.name}, {waiver.role}")
    page.more("signed", f"{both_times(waiver.signed_at, waiver.zone)}, entry {waiver.index}")
