"""Words and marks of the dossier: how instants, sizes, numbers and statuses read, the same in HTML and PDF."""

from collections.abc import Iterable, Mapping
from typing import Final

from lotmark.dossier._view_basic import Mark, Status

_SMALL: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_MARKS: Final[Mapping[str, Mark]] = {
    "accepted": "ok",
    "refused": "bad",
    "pending": "wait",
    "not-run": "none",
    "passed": "ok",
    "failed": "bad",
    "error": "bad",
    "missing": "bad",
    "incomplete": "bad",
    "skipped": "warn",
    "waived": "warn",
    "met": "ok",
    "violated": "bad",
    "verified": "ok",
    "mismatch": "bad",
    "unreachable": "bad",
    "allowed": "ok",
    "excepted": "warn",
    "affected": "bad",
    "not_affected": "ok",
    "open": "warn",
    "closed": "ok",
    "IDENTICAL": "ok",
    "EQUIVALENT": "warn",
    "DIFFERENT": "bad",
    "NOT_COMPARABLE": "bad",
    "FAILED": "bad",
}
_WORDS: Final[Mapping[str, str]] = {
    "not-run": "not run",
    "violated": "not met",
    "error": "error",
    "not_affected": "not affected",
    "NOT_COMPARABLE": "not comparable",
}


def status_of(value: str) -> Status:
    """The status of a word of the evidence; one that is not known is shown as it is and reads as bad, never as good."""
    return Status(_MARKS.get(value, "bad"), _WORDS.get(value, value.lower() if value.isupper() else value) or "unknown")


def instant(text: str) -> str:
    """``2026-11-23T07:30:26.266Z`` -> ``2026-11-23 07:30:26 UTC``; anything else as it is."""
    date, mark, rest = text.partition("T")
    if not mark or not rest.endswith("Z"):
        return text
    return f"{date} {rest[:-1].partition('.')[0]} UTC"


def number(value: int) -> str:
    """``19205`` -> ``19,205``."""
    return f"{value:,}"


def in_words(value: int) -> str:
    """``3`` -> ``three``; figures from thirteen on."""
    return _SMALL[value] if 0 <= value < len(_SMALL) else number(value)


def count(value: int, one: str, many: str = "") -> str:
    """``1 test``, ``2 tests``."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def size(value: int) -> str:
    """A size in bytes, exact."""
    return count(value, "byte")


def join(parts: Iterable[str], last: str = "and") -> str:
    """``a, b and c``."""
    items = [part for part in parts if part]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def tally(counts: Mapping[str, int]) -> str:
    """``18 passed, 1 skipped``; what does not occur is left out."""
    return ", ".join(f"{number(value)} {name}" for name, value in counts.items() if value)


def worst(marks: Iterable[Mark]) -> Mark:
    """The mark that a summary of these must bear; ``none`` for nothing."""
    order: tuple[Mark, ...] = ("bad", "wait", "warn", "ok", "none")
    found = set(marks)
    return next((mark for mark in order if mark in found), "none")


_HIDDEN: Final = dict.fromkeys(
    (
        *(code for code in range(0x20) if code not in {0x09, 0x0A}),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xD800, 0xE000),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
    ),
    "\ufffd",
)


def visible(text: str) -> str:
    """The text with control characters, and those that are invisible or turn the direction of writing, shown as a mark.

    Whoever wrote a title must not be able to make it read otherwise than it is.
    """
    return text.translate(_HIDDEN)
