"""The audit trail, searched: who did what, when and why, over every entry of the log (21 CFR 11.10(e))."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from lotmark.base.errors import UsageError
from lotmark.base.formats import mark_formula
from lotmark.index._index import Index

SortKey = Literal["index", "time", "who", "kind", "scope"]
COLUMNS: Final = ("index", "receivedAt", "kind", "scope", "who", "what", "why", "submitter", "payload")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?")
_ORDER: Final = {"index": "idx", "time": "received_at, idx", "who": "signer, idx", "kind": "kind, idx", "scope": "scope, idx"}


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; an empty text narrows nothing. Several narrow together."""

    person: str = ""
    """Part of a signer's name, id or key, of the submitter, or of a name that the entry speaks of."""
    kind: str = ""
    scope: str = ""
    """The whole scope, or ``run:`` and the like for all of that sort."""
    text: str = ""
    """Part of what the entry says, or why."""
    begin: str = ""
    """Received at or after this RFC 3339 instant, or day."""
    end: str = ""
    """Received before this instant, or up to and with this day."""
    start: int = 0
    """From this log index on."""
    sort: SortKey = "index"
    newest_first: bool = False
    limit: int | None = None


def search_log(index: Index, search: Search) -> list[dict[str, Any]]:
    """The entries that fit, in the order asked for, each with the columns of `COLUMNS`.

    Raises:
        UsageError: LM-IDX-007 for a time that is no day or instant.
    """
    for value in (search.begin, search.end):
        if value and not _TIME.fullmatch(value):
            raise UsageError("LM-IDX-007", f"{value!r} is no day or instant", solution="write 2026-11-23 or 2026-11-23T06:30:00Z")
    # Names are compared as they are shown, so that a sealed name is found by its clear text while the vault has it.
    order = _ORDER[search.sort]
    rows = index.rows(
        f"""
        SELECT idx, received_at, kind, scope, signer, person, key_id, submitter, words, why, payload FROM entries
        WHERE idx >= ?1 AND (?2 = '' OR kind = ?2) AND (?3 = '' OR scope = ?3 OR (substr(?3, -1) = ':' AND substr(scope, 1, length(?3)) = ?3))
            AND (?4 = '' OR received_at >= ?4) AND (?5 = '' OR substr(received_at, 1, length(?5)) <= ?5 AND (length(?5) = 10 OR received_at < ?5))
        ORDER BY {order}
        """,  # noqa: S608 - an order of this module
        search.start,
        search.kind,
        search.scope,
        search.begin,
        search.end,
    )
    person, text = search.person.casefold(), search.text.casefold()
    found = [_wire(row) for row in rows if _speaks(row, person, ("signer", "person", "key_id", "submitter", "words")) and _speaks(row, text, ("words", "why"))]
    if search.newest_first:
        found.reverse()
    return found if search.limit is None else found[: search.limit]


def format_csv(entries: Sequence[dict[str, Any]]) -> str:
    """The entries as CSV (RFC 4180) with a header line; no cell is taken for a formula by a spreadsheet."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(entry[name]) for name in COLUMNS] for entry in entries)
    return target.getvalue()


def _cell(value: object) -> str:
    return mark_formula("" if value is None else str(value))


def _speaks(row: dict[str, Any], wanted: str, names: Sequence[str]) -> bool:
    return not wanted or any(wanted in str(row[name]).casefold() for name in names if row[name])


def _wire(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": row["idx"],
        "receivedAt": row["received_at"],
        "kind": row["kind"],
        "scope": row["scope"],
        "who": row["signer"] or "not verified",
        "what": row["words"],
        "why": row["why"],
        "submitter": row["submitter"],
        "payload": row["payload"],
    }
