"""What a projector is, and small helpers that every theme needs."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from lotmark.attest.models import Verified

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[str, dict[str, Value]]
"""Table and values by column, without `idx`; `position` is numbered by whoever writes the rows."""
Projector: TypeAlias = Callable[[Verified], Iterator[Row]]
"""Gives first the words of the entry (`words`), then its rows."""


def words(text: str) -> Row:
    """The entry in one line, for timelines."""
    return "entries", {"words": text}


def product_of(run: str) -> str:
    """The product in a canonical run id."""
    return run.partition(":")[0]


def plural(number: int, one: str, many: str = "") -> str:
    """``1 test``, ``2 tests``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def finding_rows(run: str, stage: str, findings: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Findings as they stand in evidence."""
    for finding in findings:
        yield (
            "findings",
            {
                "run": run,
                "stage": stage,
                "code": finding["code"],
                "severity": finding["severity"],
                "message": finding["message"],
                "location": finding.get("location"),
                "subject": finding.get("subject"),
                "help": finding.get("help"),
            },
        )
